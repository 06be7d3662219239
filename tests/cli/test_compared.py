"""`snnviz visualize --compose`, `--compare` and `--match`."""

import hashlib
import json

import numpy as np
import pytest
import torch

import snnviz
from snnviz.cli import main


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Two encoders of one name; the second's channels are the first's, moved."""
    folder = tmp_path_factory.mktemp("checkpoints")
    net = snnviz.build_network(snnviz.NetworkConfig(T=4, channels=6))
    state = {name: value.clone() for name, value in net.state_dict().items()}
    order = [3, 1, 5, 0, 2, 4]
    moved = {
        name: value[order] if name.startswith("static_conv") and value.ndim else value
        for name, value in state.items()
    }
    paths = []
    for name, each in (("a", state), ("b", moved)):
        path = folder / name / "max.pth"
        path.parent.mkdir()
        torch.save({"net": each}, path)
        paths.append(path)
    return *paths, order


def visualize(out, *options):
    with pytest.raises(SystemExit) as ended:
        main(["visualize", "--dataset", "garments", "--n-images", "3", "-T", "4", "--no-predict",
              "--out-dir", str(out), *map(str, options)])  # fmt: skip
    return ended.value.code


def test_matched_channels_are_told_and_drawn(checkpoints, tmp_path, capsys):
    first, second, order = checkpoints
    out = tmp_path / "out"
    assert visualize(out, "--ckpt", first, "--compare", second, "--match", "--compose") == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["options"]["compare"] == "b/max.pth"
    # Another file of that name is another run, which is not gone on with.
    assert manifest["compared"]["sha256"] == hashlib.sha256(second.read_bytes()).hexdigest()
    counts = snnviz.load_encoder(first).encode(snnviz.garments(3).batch([0, 1, 2]), 4).count(3)
    lively = [k for k in range(6) if counts[:, k].std() > 0]
    partner = manifest["options"]["partner"]
    assert lively
    assert all(order[partner[k]] == k for k in lively)
    assert "channels matched by 3 images: 6 of 6" in capsys.readouterr().err
    names = {path.name for path in (out / "00000").iterdir()}
    assert {"composed.png", "comparison_t0.png", "comparison_t3.png"} <= names
    assert set(manifest["sets"][0]["files"]) == names


def test_one_image_is_called_so(checkpoints, tmp_path, capsys):
    first, second, _ = checkpoints
    assert not visualize(
        tmp_path, "--ckpt", first, "--compare", second, "--match", "--n-images", 1, "--at", 0
    )
    assert "channels matched by 1 image: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--match"], "--match pairs the channels of two encoders"),
        (["--compare", "nope.pth"], "nope.pth: does not exist"),
        (["--compare", "nope.pth", "--layer", "all"], "leave out --layer"),
    ],
)
def test_mistakes(options, message, checkpoints, tmp_path, capsys):
    assert visualize(tmp_path / "out", "--ckpt", checkpoints[0], *options) in (1, 2)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_figures_go_with_the_options_that_made_them(checkpoints, tmp_path):
    first, second, _ = checkpoints
    out = tmp_path / "out"
    assert visualize(out, "--ckpt", first, "--compare", second, "--compose") == 0
    assert visualize(out, "--ckpt", first, "--overwrite") == 0
    names = {path.name for path in (out / "00000").iterdir()}
    assert names == {"input.png", "counts_t0.png", "counts_t3.png"}


def test_an_encoder_of_other_sizes_is_refused(checkpoints, tmp_path, capsys):
    net = snnviz.build_network(snnviz.NetworkConfig(T=4, channels=6, in_channels=3))
    torch.save({"net": net.state_dict()}, tmp_path / "colour.pth")
    out = tmp_path / "out"
    assert visualize(out, "--ckpt", checkpoints[0], "--compare", tmp_path / "colour.pth") == 1
    assert "Traceback" not in capsys.readouterr().err
    assert not out.exists()


def test_an_encoder_of_fewer_channels_is_compared_as_far_as_it_goes(checkpoints, tmp_path):
    net = snnviz.build_network(snnviz.NetworkConfig(T=4, channels=4))
    torch.save({"net": net.state_dict()}, tmp_path / "few.pth")
    out = tmp_path / "out"
    assert visualize(out, "--ckpt", checkpoints[0], "--compare", tmp_path / "few.pth") == 0
    assert (out / "00000" / "comparison_t3.png").stat().st_size > 0
    assert np.all([path.stat().st_size for path in (out / "00000").iterdir()])
