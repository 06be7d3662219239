"""Damaged files of arrays, weights and pickled networks: one line, or what was in them."""

import io
import sys
import types
import warnings
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import layer, neuron
from torch import nn

from snnviz.adapters.models import load_weights
from snnviz.adapters.reviving import revive_encoder
from snnviz.data.frames import load_recordings
from snnviz.data.image_arrays import load_image_arrays
from snnviz.errors import CheckpointError, DataError
from tests.fuzz.damage import ANY, CUTS

EXAMPLES = 60
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 5, 6), np.uint8)
LABELS = np.array([2, 0, 1])
FRAMES = np.random.default_rng(1).poisson(0.5, (2, 3, 2, 5, 6)).astype(np.float32)


def made():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2), nn.BatchNorm2d(3), neuron.LIFNode(tau=1.5, v_threshold=0.3)
    )


def packed(save, **arrays):
    buffer = io.BytesIO()
    save(buffer, **arrays) if arrays else save(buffer)
    return buffer.getvalue()


def whole():
    """A pickled network of a class that is gone, with wrapped layers."""
    module = types.ModuleType("gone_nets")
    exec("from torch import nn\nclass Net(nn.Sequential):\n    pass\n", module.__dict__)
    module.Net.__module__ = "gone_nets"
    sys.modules["gone_nets"] = module
    torch.manual_seed(0)
    net = module.Net(layer.Conv2d(1, 3, 3), *made()[1:], nn.Flatten(), nn.Linear(27, 2))
    data = packed(lambda file: torch.save(net, file))
    del sys.modules["gone_nets"]
    return data


FILES = {
    "npy": packed(lambda file: np.save(file, IMAGES)),
    "npz": packed(np.savez, images=IMAGES, labels=LABELS),
    "compressed": packed(np.savez_compressed, images=IMAGES, labels=LABELS),
    "frames": packed(np.savez, frames=FRAMES),
    "weights": packed(lambda file: torch.save({"net": made().state_dict()}, file)),
    "whole": whole(),
}


@st.composite
def damaged(draw, *kinds):
    """One of those files, damaged: as a whole, or within a member whose checksum is made anew."""
    kind = draw(st.sampled_from(kinds))
    name = draw(st.sampled_from(sorted(ANY)))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    k = draw(st.integers(0, CUTS))
    data, other = FILES[kind], FILES[draw(st.sampled_from(kinds))]
    inside = data[:2] == b"PK" and draw(st.booleans())
    if not inside:
        return kind, False, ANY[name](rng, k, data, other)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    entry = draw(st.sampled_from(sorted(each for each in members if members[each])))
    members[entry] = ANY[name](rng, k, members[entry], other)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return kind, True, buffer.getvalue()


def refused(error):
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@often
@given(case=damaged("npy", "npz", "compressed", "frames"))
def test_arrays(case, tmp_path):
    kind, inside, data = case
    path = tmp_path / "file"
    path.write_bytes(data)
    for read in (load_image_arrays, load_recordings):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = read(path)
            except DataError as error:
                refused(error)
                continue
        if read is load_image_arrays:
            assert found.images.dtype == np.uint8
            assert found.images.ndim in (3, 4)
            assert len(found) > 0
            if kind in ("npz", "compressed") and not inside and len(found.images) == 3:
                # Checksums hold what they are of; a name can be lost.
                assert found.images.tobytes() in (IMAGES.tobytes(), FRAMES.tobytes())
        else:
            assert all(np.isfinite(each.frames).all() for each in found)
            assert all(each.picture().dtype == np.uint8 for each in found)


@often
@given(case=damaged("weights", "whole", "npz"))
def test_weights(case, tmp_path):
    """All are as the file has them, or none is touched."""
    _, inside, data = case
    path = tmp_path / "file"
    path.write_bytes(data)
    torch.manual_seed(5)
    net = made()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    try:
        load_weights(net, path)
    except CheckpointError as error:
        refused(error)
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    else:
        assert all(value.shape == before[name].shape for name, value in net.state_dict().items())
        if not inside:
            again = made()
            path.write_bytes(FILES["weights"])
            load_weights(again, path)
            assert all(
                torch.equal(value, again.state_dict()[name])
                for name, value in net.state_dict().items()
            )


@often
@given(case=damaged("whole", "weights"))
def test_pickled_networks(case, tmp_path):
    _, inside, data = case
    path = tmp_path / "file"
    path.write_bytes(data)
    try:
        net, sha256 = revive_encoder(path)
    except CheckpointError as error:
        refused(error)
        return
    assert len(sha256) == 64
    assert isinstance(net[-1], neuron.BaseNode)
    if not inside:
        path.write_bytes(FILES["whole"])
        want, _ = revive_encoder(path)
        assert all(map(torch.equal, net.state_dict().values(), want.state_dict().values()))
        assert (net[-1].tau, net[-1].v_threshold) == (1.5, 0.3)


@pytest.mark.parametrize("kind", ["weights", "whole"])
def test_files_as_made_open(kind, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FILES[kind])
    if kind == "weights":
        load_weights(made(), path)
    else:
        assert len(revive_encoder(path)[0]) == 3
