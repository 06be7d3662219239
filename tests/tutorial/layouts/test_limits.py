"""Files that ask for more than they hold; harmless ones."""

import struct

import pytest
import torch

from snnviz.checkpoint import reading
from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import load_checkpoint, load_training_state
from tests.tutorial.layouts.networks import weights
from tests.tutorial.layouts.pickles import zip_file

TRAINING = {"net": weights(), "optimizer": {}, "lr_scheduler": {}, "epoch": 1}


def refused(path, read=load_checkpoint):
    with pytest.raises(CheckpointError) as error:
        read(path)
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 400 + len(str(path))
    return message


@pytest.mark.parametrize("legacy", [True, False])
def test_storages_of_more_numbers_than_the_file_has_bytes(save, tmp_path, monkeypatch, legacy):
    # Of two tensors that share a storage, the storage counts once.
    shared = torch.zeros(5000)
    path = save({"net": weights(), "a": shared[:10], "b": shared[10:]}, legacy=legacy)
    assert load_checkpoint(path).config.channels == 5
    data = path.read_bytes()
    size = b"M" + struct.pack("<H", 5000)
    assert data.count(size) == 2
    bad = tmp_path / "bad.pth"
    changed = data.replace(size, b"M\xff\xff")
    if not legacy:
        pickled = changed[changed.index(b"\x80\x02") : changed.index(b"u.PK") + 2]
        changed = zip_file(pickled)
    bad.write_bytes(changed)

    def load(*_args, **_options):
        pytest.fail("torch was asked for the memory")

    monkeypatch.setattr(torch, "load", load)
    assert "claims more numbers than it has bytes" in refused(bad)


def test_files_that_are_larger_than_any_checkpoint_are_not_read(tmp_path, save, monkeypatch):
    path = save(weights())
    monkeypatch.setattr(reading, "_LARGEST_FILE", path.stat().st_size)
    load_checkpoint(path)
    monkeypatch.undo()
    holes = tmp_path / "holes.pth"
    with holes.open("wb") as file:
        file.truncate((4 << 30) + 1)
    assert "is larger than 4 GiB" in refused(holes)


def _cycle():
    endless = []
    endless.append(endless)
    return endless


def _deep(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


def _shared(levels):
    inner = [1]
    for _ in range(levels):
        inner = {"a": inner, "b": inner}
    return inner


@pytest.mark.parametrize("value", [_cycle(), _deep(60), _shared(30)])
@pytest.mark.parametrize("key", ["optimizer", "lr_scheduler", "training", "scaler"])
def test_states_that_nest_without_end(save, key, value):
    path = save({**TRAINING, key: {"state": value}})
    load_checkpoint(path)
    assert f"its {key!r} nests without end" in refused(path, load_training_state)


def test_states_may_nest_and_share_a_little(save):
    path = save({**TRAINING, "training": {"deep": _deep(20), "wide": [0] * 10_000}})
    assert load_training_state(path).settings["wide"] == [0] * 10_000


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**99])
@pytest.mark.parametrize("name", ["T", "channels", "v_threshold", "tau", "image_size"])
def test_settings_of_hundreds_of_digits(save, name, value):
    path = save({"net": weights(), "network": {name: (value, 1) if "size" in name else value}})
    assert "states a" in refused(path) or f"states {name}" in refused(path)


@pytest.mark.parametrize(
    ("odd", "honest", "beyond"),
    [
        (torch.zeros(7, 11), b"K\x07K\x0b", b"J\xff\xff\xff\x7fK\x0b"),
        # One number, and where it lies in its storage.
        (torch.zeros(400)[399], b"M\x8f\x01)", b"J\xff\xff\xff\x7f)"),
    ],
)
def test_shapes_that_reach_beyond_the_file(tmp_path, save, monkeypatch, odd, honest, beyond):
    data = save({"net": weights(), "odd": odd}, legacy=True).read_bytes()
    assert data.count(honest) == 1
    path = tmp_path / "bad.pth"
    path.write_bytes(data.replace(honest, beyond))

    def load(*_args, **_options):
        pytest.fail("torch was asked for the memory")

    monkeypatch.setattr(torch, "load", load)
    assert "claims more numbers than it has bytes" in refused(path)
