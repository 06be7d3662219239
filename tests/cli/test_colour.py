"""`snnviz visualize` with an encoder that sees colours."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from snnviz.cli import main
from snnviz.tutorial.network import NetworkConfig, build_network


@pytest.fixture
def colours(tmp_path):
    """A network of three input channels, and two pictures that are not square."""
    net = build_network(NetworkConfig(T=3, channels=4, in_channels=3), seed=3).eval()
    norm = net.static_conv[1]
    assert isinstance(norm, nn.BatchNorm2d)
    norm.running_var.fill_(0.03)
    torch.save({"net": net.state_dict()}, tmp_path / "net.pth")
    rng = np.random.default_rng(4)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (5, 8, 3), np.uint8)).save(tmp_path / f"{name}.png")
    return net


def visualize(folder, *more):
    arguments = ["visualize", "--ckpt", folder / "net.pth", "-T", 3, "--out-dir", folder / "out"]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, (*arguments, *more))])
    return ended.value.code


def stepped(net, pixels, T):
    """Counts of integrate-and-fire neurons, threshold 1, reset to 0, up to each step."""
    with torch.no_grad():
        drive = net.static_conv(torch.from_numpy(pixels / np.float32(255))[None])[0]
    v, count, counts = torch.zeros_like(drive), torch.zeros_like(drive), []
    for _ in range(T):
        v = v + drive
        spike = (v >= 1).float()
        v, count = v * (1 - spike), count + spike
        counts.append(count)
    return torch.stack(counts).numpy()


def test_the_encoder_sees_the_colours(colours, tmp_path, capsys):
    forms = [word for form in ("npz", "png", "pdf") for word in ("--format", form)]
    pictures = ["--image", tmp_path / "a.png", "--image", tmp_path / "b.png"]
    assert visualize(tmp_path, *pictures, *forms, "--at", 0, "--at", 2) == 0, capsys.readouterr()
    for index, name in enumerate(("a", "b")):
        pixels = np.asarray(Image.open(tmp_path / f"{name}.png")).transpose(2, 0, 1)
        saved = np.load(tmp_path / "out" / f"{index:05d}" / "counts.npz")
        assert np.array_equal(saved["image"], pixels)
        expected = stepped(colours, pixels, 3)[saved["t"]]
        assert np.array_equal(saved["counts"], expected)
        assert 0 < expected[-1].mean() < 3, "neither silent nor saturated"
        with Image.open(tmp_path / "out" / f"{index:05d}" / "input.png") as drawn:
            shown = {tuple(colour) for _, colour in drawn.convert("RGB").getcolors(1 << 20)}
        assert {tuple(colour) for colour in pixels.reshape(3, -1).T.tolist()} <= shown
    manifest = (tmp_path / "out" / "manifest.json").read_bytes()
    grey = Image.open(tmp_path / "a.png").convert("L")  # of the same luma, in other colours
    grey.save(tmp_path / "a.png")
    assert visualize(tmp_path, *pictures, *forms, "--at", 0, "--at", 2, "--resume") == 1
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest


def test_kernels_of_colours_are_drawn_in_their_colours(colours, tmp_path):  # noqa: ARG001
    assert visualize(tmp_path, "--image", tmp_path / "a.png", "--kind", "kernels") == 0
    with Image.open(tmp_path / "out" / "kernels.png") as drawn:
        pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3).astype(int)
    assert (np.ptp(pixels, axis=1) > 60).mean() > 0.05  # not grey
