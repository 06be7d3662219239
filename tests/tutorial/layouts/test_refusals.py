"""Honest files that are not what snnviz can open."""

import math
import os
import pickle
import zipfile

import pytest
import torch

from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig
from tests.tutorial.layouts.networks import CHANNELS, CLASSES, SIDE, renamed, weights

NETWORK = NetworkConfig(channels=CHANNELS, num_classes=CLASSES, image_size=(SIDE, SIDE)).as_dict()


def refused(path, match):
    with pytest.raises(CheckpointError, match=match) as error:
        load_checkpoint(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()


def behind(path, match):
    """The encoder opens, and the network behind it is refused."""
    checkpoint = load_checkpoint(path)
    assert not checkpoint.holds_network
    assert checkpoint.holds_other_network
    assert all(key.startswith("static_conv.") for key in checkpoint.state)
    with pytest.raises(CheckpointError, match=match) as error:
        checkpoint.build_network()
    assert str(error.value).startswith(f"{path}: holds the tutorial's encoder with another network")
    assert str(error.value).isprintable()


HTML = b"\n<!-- a -->\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
TAR = b"checkpoint.pth" + bytes(243) + b"ustar\x0000" + bytes(200)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "is empty"),
        (b"text\n", "not a checkpoint that torch.save wrote"),
        (bytes(2000), "not a checkpoint that torch.save wrote"),
        (b"\x80", "not a checkpoint that torch.save wrote"),
        (b"PK\x03\x04", "not a checkpoint that torch.save wrote"),
        (pickle.dumps({"net": 1}, protocol=2), "not a checkpoint that torch.save wrote"),
        (HTML, "is a page of HTML.*download the file itself"),
        (LFS, "is a Git LFS pointer.*git lfs pull"),
        (b"/annex/objects/SHA256E-s5--ab.pth\n", "git-annex pointer.*git annex get"),
        (b"<?xml version='1.0'?><Error/>", "is an XML text"),
        (b'{"message": "Not Found"}', "is a JSON text"),
        (b"\x1f\x8b\x08" + bytes(99), "compressed by gzip; unpack it"),
        (b"BZh91AY" + bytes(99), "compressed by bzip2; unpack it"),
        (b"\xfd7zXZ\x00" + bytes(99), "compressed by xz; unpack it"),
        (TAR, "is a tar archive; unpack it"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "is an HDF5 file"),
        (b"\x93NUMPY\x01\x00", "one array of NumPy's"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
    ],
)
def test_files_of_other_kinds(tmp_path, data, match):
    path = tmp_path / "file.pth"  # whatever it is called
    path.write_bytes(data)
    refused(path, match)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["run/README.md", "run/checkpoint_max.pth"], "holds run/checkpoint_max.pth; unpack it"),
        (["net.ckpt"], "holds net.ckpt; unpack it"),
        (["weight.npy", "bias.npy"], "arrays of NumPy's"),
        (["config.json", "model.weights.h5"], "Keras model"),
        (["a.txt"], "without a network in it"),
    ],
)
def test_archives_of_other_things(tmp_path, names, match):
    path = tmp_path / "download.pth"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"1234")
    refused(path, match)


def test_newer_pickles_say_how_to_save(tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps({"net": 1}, protocol=4))
    refused(path, "protocol 4.*save it again with torch.save")


def test_places_without_a_file(tmp_path):
    refused(tmp_path / "nothing.pth", "does not exist")
    refused(tmp_path, "is a folder; name a checkpoint")
    best = tmp_path / "checkpoint_max.pth"
    best.write_bytes(b"")
    refused(tmp_path, f"did you mean {best}")
    refused(tmp_path / ("a" * 300), "cannot be read|does not exist")


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
def test_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", "not a regular file")
    refused("/dev/zero", "not a regular file")
    (tmp_path / "link.pth").symlink_to(tmp_path / "gone")
    refused(tmp_path / "link.pth", "not a regular file")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["static_conv.1.bias", "conv.2.weight", "fc.3.weight"])
def test_values_must_be_finite(save, key, value):
    state = weights()
    state[key].view(-1)[-1] = value
    check = refused if key.startswith("static_conv.") else behind
    check(save(state), f"{key} has values that are not finite")


def test_values_must_fit_float32(save):
    state = weights()
    state["fc.1.weight"] = state["fc.1.weight"].double() * 1e300
    behind(save(state), r"fc\.1\.weight has values that are not finite")


def test_variances_must_not_be_negative(save):
    state = weights()
    state["conv.3.running_var"][1] = -1e-6
    behind(save(state), r"conv\.3\.running_var has negative values")


@pytest.mark.parametrize("layout", ["ours", "csnn"])
def test_keys_must_be_complete(save, layout):
    state = renamed(weights(), layout)
    last = list(state)[-1]
    behind(save({**state, "extra.weight": torch.zeros(1)}), r"also has 'extra\.weight'")
    del state[last]
    behind(save({"net": state}), f"lacks '{last}'")
    first = list(state)[1]
    del state[first]
    refused(save({"net": state}), f"encoder that lacks '{first}'")


def test_other_networks(save):
    refused(save({"layer1.0.weight": torch.zeros(2)}), r"no network that snnviz reads.*layer1")
    refused(save({"a": 5, "b": 1}), "keys are 'a', 'b'")
    refused(save({"net": {}}), "keys none")
    refused(save({"net": {5: torch.zeros(2)}}), "no state dict but a dict with the keys int")
    refused(save({"net": [1, 2]}), "holds a list under 'net', expected")
    refused(save(torch.zeros(3)), "holds a tensor, expected a network")
    refused(save({"net": {f"{'x' * 999}\n{i}": torch.zeros(1) for i in range(99)}}), "96 more")


SHAPES = {
    "static_conv.0.weight": [(CHANNELS, 1, 5, 5), (CHANNELS, 9), (0, 1, 3, 3), (4, 1, 3, 3)],
    "static_conv.1.weight": [(CHANNELS + 1,), (CHANNELS, 1), ()],
    "conv.2.weight": [(CHANNELS, 4, 3, 3), (CHANNELS, CHANNELS, 1, 1)],
    "conv.3.running_mean": [(4,)],
    "fc.1.weight": [(80, 44), (81, 45), (80,), (79, 45)],
    "fc.3.weight": [(3, 81), (3,), (0, 80)],
}


@pytest.mark.parametrize(("key", "shape"), [(k, s) for k in SHAPES for s in SHAPES[k]])
def test_shapes_must_agree(save, key, shape):
    value = torch.zeros(shape, dtype=weights()[key].dtype)
    check = refused if key.startswith("static_conv.") else behind
    words = r"expected (\[.*\]|\d dimensions|1 to)|square images"
    check(save({**weights(), key: value}), words)


def test_mis_shaped_weights_are_named(save):
    state = {**weights(), "conv.3.bias": torch.zeros(7)}
    behind(save(state), r"conv\.3\.bias is \[7\], expected \[5\]")


def test_images_that_are_not_square_have_to_be_stated(save):
    state = weights(sides=(8, 20))
    behind(save(state), r"fc\.1\.weight takes 50 numbers.*square images")
    stated = {**NETWORK, "image_size": [9, 21]}  # any size that pools to the same
    assert load_checkpoint(save({"net": state, "network": stated})).config.image_size == (9, 21)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("T", 0, "T 0, expected 1"),
        ("T", 10**30, "expected 1 to 65536"),
        ("T", 4.5, "T that is no integer"),
        ("T", True, "T that is no integer"),
        ("channels", 6, "states channels 6, its weights have 5"),
        ("in_channels", 3, "states in_channels 3, its weights have 1"),
        ("channels", "5", "no integer"),
        ("image_size", 12, "no pair"),
        ("image_size", [12], "no pair"),
        ("image_size", (12, "12"), "no integer"),
        ("image_size", (12, 10**9), "expected 1 to 4096"),
        ("image_size", (3, 12), "at least 4"),
        ("v_threshold", math.nan, "no sensible number"),
        ("v_threshold", 10**400, "no sensible number"),
        ("v_threshold", None, "no sensible number"),
        ("v_threshold", [1.0], "no sensible number"),
        ("v_threshold", 0.0, "above v_reset"),
        ("v_reset", 1.0, "above v_reset"),
        ("v_reset", "0", "no sensible number"),
        ("tau", 2.0, "do not leak"),
        ("tau", "2", "no sensible number"),
        ("neuron", "izhikevich", "neuron that this version does not know"),
        ("neuron", "lif", "need a tau"),
        ("decay_input", 1, "decay_input that is a number"),
        ("taus", 2.0, "does not know: 'taus'"),
        (7, 2.0, "does not know: int"),
    ],
)
def test_settings_must_make_sense(save, name, value, match):
    refused(save({"net": weights(), "network": {**NETWORK, name: value}}), match)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("num_classes", 10, "states num_classes 10, its weights have 3"),
        ("image_size", (28, 28), "fc.1.weight takes 45.*images of 28 x 28"),
    ],
)
def test_settings_that_only_the_network_behind_contradicts(save, name, value, match):
    behind(save({"net": weights(), "network": {**NETWORK, name: value}}), match)


def test_settings_of_earlier_builds_change_nothing_but_what_the_weights_show(save):
    """Dropout is for training alone; several output neurons a class make the weights others."""
    gone = {"dropout": 0.5, "votes": 1}
    checkpoint = load_checkpoint(save({"net": weights(), "network": {**NETWORK, **gone}}))
    assert checkpoint.config == load_checkpoint(save({"net": weights(), "network": NETWORK})).config
    checkpoint.build_network()
    stated = {**NETWORK, "votes": 3, "num_classes": 1}
    behind(save({"net": weights(), "network": stated}), "num_classes 1, its weights have 3")


def test_settings_must_be_a_dict(save):
    refused(save({"net": weights(), "network": [1]}), "no dict of settings")


@pytest.mark.parametrize("value", [-1, 250.5, math.nan, 10**400, True, [1], "1", {"a": 1}])
def test_odd_metadata_is_left_out_and_said(save, value):
    checkpoint = load_checkpoint(save({"net": weights(), "epoch": value, "max_test_acc": value}))
    assert checkpoint.epoch is None
    assert checkpoint.max_test_acc is None
    # Below 0 is what scripts begin with: no accuracy yet.
    assert checkpoint.notes == () if value == -1 else "max_test_acc" in checkpoint.notes[0]
