"""What a checkpoint does not say of its neurons is said, and can be stated."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from spikingjelly.activation_based import functional, neuron

from snnviz.data import garments
from snnviz.tutorial.network import NetworkConfig, build_network


@pytest.fixture
def net(tmp_path, monkeypatch):
    """A state dict of a network with T = 5 in net.pth, with more behind the encoder in rest.pth."""
    monkeypatch.chdir(tmp_path)
    net = build_network(NetworkConfig(T=5, channels=3), seed=4).eval()
    with torch.no_grad():
        net.static_conv[1].running_var.fill_(0.05)
    torch.save({"net": net.state_dict(), "T": 5}, "net.pth")
    torch.save({"net": {**net.state_dict(), "fc.5.weight": torch.ones(2)}, "T": 5}, "rest.pth")
    return net


def counts(net, node):
    """Counts of the first garment, by the framework's neuron stepped from reset: [T, K, H, W]."""
    with torch.no_grad():
        drive = net.static_conv(torch.from_numpy(garments(1).images[:, None] / np.float32(255)))
        functional.reset_net(node)
        return torch.stack([node(drive)[0] for _ in range(net.T)]).cumsum(0).numpy()


STATED = {
    "threshold": (["--v-threshold", 0.5], neuron.IFNode(v_threshold=0.5)),
    "soft": (["--v-reset", "none"], neuron.IFNode(v_reset=None)),
    "reset": (["--v-reset", "-0.25"], neuron.IFNode(v_reset=-0.25)),
    "leaky": (["--neuron", "lif", "--tau", 2], neuron.LIFNode(tau=2.0)),
    "tau": (["--tau", 3, "--v-threshold", 0.25], neuron.LIFNode(tau=3.0, v_threshold=0.25)),
    "soft leaky": (["--tau", 2, "--v-reset", "None"], neuron.LIFNode(tau=2.0, v_reset=None)),
}
DRAW = ("--dataset", "garments", "--n-images", 1, "--format", "npz", "--no-predict")


@pytest.mark.parametrize("kind", STATED)
def test_stated_neurons_are_drawn(run, net, kind):
    options, node = STATED[kind]
    status, _, err = run("visualize", "--ckpt", "net.pth", *options, *DRAW, "--at", 2, "--at", 4)
    assert (status, err) == (0, "")
    with np.load("figures/00000/counts.npz") as file:
        found = file["counts"]
    expected = counts(net, node)
    np.testing.assert_array_equal(found, expected[[2, 4]])
    assert (found != counts(net, neuron.IFNode())[[2, 4]]).any()
    stated = json.loads(Path("figures/manifest.json").read_bytes())["checkpoint"]["neurons"]
    assert stated["from"] == "options"
    assert (stated["v_threshold"], stated["v_reset"]) == (node.v_threshold, node.v_reset)
    assert stated["tau"] == getattr(node, "tau", None)


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("command", ["visualize", "evaluate", "analyze"])
def test_assumed_neurons_are_said(run, command, quiet):
    options = {
        "visualize": DRAW,
        "evaluate": ("--dataset", "garments", "--n-images", 10, "--json", "out.json"),
        "analyze": ("--dataset", "garments", "--n-images", 10, "--train-images", 10, "--untrained",
                    0, "--network-images", 0, "--no-figures"),
    }  # fmt: skip
    quietly = ["-q"] if quiet else []
    status, _, err = run(command, "--ckpt", "net.pth", *options[command], *quietly)
    assert status == 0
    line = "snnviz: net.pth does not say which neurons its network has; taking integrate-and-fire "
    assert err.startswith(line) or quiet
    assert ("v_threshold 1 and a hard reset to 0, and max pooling; state others" in err) != quiet
    file = {"visualize": "figures/manifest.json", "evaluate": "out.json",
            "analyze": "analysis/analysis.json"}[command]  # fmt: skip
    assert json.loads(Path(file).read_bytes())["checkpoint"]["neurons"]["from"] == "assumed"


def test_what_a_checkpoint_says_is_not_said_otherwise(run, net):
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, "ours.pth")
    status, _, err = run("visualize", "--ckpt", "ours.pth", "--v-threshold", 0.5, *DRAW)
    assert status == 1
    assert "states v_threshold 1.0 for its neurons, got 0.5" in err
    assert run("visualize", "--ckpt", "ours.pth", "--v-threshold", 1, *DRAW, "-q") == (0, "", "")


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--neuron", "lif"], "need a tau above 1, got None"),
        (["--tau", 1], "need a tau above 1, got 1.0"),
        (["--neuron", "if", "--tau", 2], "do not leak"),
        (["--v-threshold", "nan"], "above v_reset"),
        (["--v-reset", 1], "above v_reset"),
        (["--v-reset", "soft"], "neither a number nor 'none'"),
        (["--neuron", "izhikevich"], "neither if nor lif"),
    ],
)
def test_neurons_that_there_are_not(run, options, match):
    status, out, err = run("visualize", "--ckpt", "net.pth", *options, *DRAW)
    assert status == 2
    assert match in err
    assert (out, err.count("\n")) == ("", 1)


def test_leaky_networks_are_evaluated_as_the_framework_steps_them(run, net):
    images = garments(12)
    functional.reset_net(net)
    for part, place in ((net.conv, 0), (net.conv, 4), (net.fc, 2), (net.fc, 4)):
        part[place] = neuron.LIFNode(tau=1.5, v_threshold=0.25)
    with torch.no_grad():
        rates = net(torch.from_numpy(images.images[:, None] / np.float32(255)))
    assert 0 < rates.mean() < 1
    correct = int((rates.argmax(1).numpy() == images.labels).sum())
    status, _, _ = run("evaluate", "--ckpt", "net.pth", "--dataset", "garments", "--n-images", 12,
                       "--tau", 1.5, "--v-threshold", 0.25, "--json", "out.json")  # fmt: skip
    found = json.loads(Path("out.json").read_bytes())
    assert (status, found["correct"]) == (0, correct)
    assert found["checkpoint"]["neurons"]["tau"] == 1.5


@pytest.mark.usefixtures("net")
def test_another_network_behind_the_encoder(run):
    """What needs the encoder alone works, what needs the rest says what it misses."""
    fault = "another network behind it (it also has 'fc.5.weight')"
    status, _, err = run("visualize", "--ckpt", "rest.pth", *DRAW[:-1])
    assert status == 0
    assert f"no predictions: rest.pth holds the tutorial's encoder with {fault}" in err
    assert "rest.pth does not say how its first convolution moves" in err
    manifest = json.loads(Path("figures/manifest.json").read_bytes())
    assert fault in manifest["checkpoint"]["no_network"]
    assert "predicted" not in manifest["sets"][0]
    status, _, err = run("evaluate", "--ckpt", "rest.pth", "--dataset", "garments")
    assert status == 1
    assert fault in err
    status, _, err = run("visualize", "--ckpt", "rest.pth", "--select", "wrong", *DRAW[:-1],
                         "--out-dir", "other")  # fmt: skip
    assert status != 0
    assert "whole network" in err.splitlines()[-1]


@pytest.mark.usefixtures("net")
def test_pictures_of_another_size_get_no_predictions_and_it_is_said(run):
    Image.fromarray(np.arange(40 * 60, dtype=np.uint8).reshape(40, 60)).save("photo.png")
    given = ("visualize", "--ckpt", "net.pth", "--image", "photo.png", "--overwrite")
    status, _, err = run(*given, "--out-dir", "figures")
    assert status == 0
    assert "no predictions: the network takes images of 28 x 28 pixels" in err
    status, _, err = run(*given, "--out-dir", "figures", "--no-predict")
    assert "predictions" not in err
