"""All families of measures on networks of other frameworks, and on images without labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from spikingjelly.activation_based import functional

from snnviz.adapters.models import build_model
from snnviz.data import garments, load_dataset
from snnviz.scoring.reading import one_half

NETS = """
import snntorch as snn
import torch
import torch.nn.functional as F
from spikingjelly.activation_based import neuron, surrogate
from spikingjelly.activation_based.model import spiking_resnet
from torch import nn


class CSNN(nn.Module):
    # As in the sixth tutorial of snnTorch, smaller, and with weights that let it spike.
    def __init__(self):
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 3, 5), snn.Leaky(beta=0.5)
        self.conv2, self.lif2 = nn.Conv2d(3, 4, 5), snn.Leaky(beta=0.5)
        self.fc1, self.lif3 = nn.Linear(4 * 4 * 4, 10), snn.Leaky(beta=0.5)
        with torch.no_grad():
            for layer in (self.conv1, self.conv2, self.fc1):
                layer.weight.mul_(5)

    def forward(self, x):
        mem1, mem2, mem3 = (lif.init_leaky() for lif in (self.lif1, self.lif2, self.lif3))
        spikes = []
        for _ in range(4):
            spk1, mem1 = self.lif1(F.max_pool2d(self.conv1(x), 2), mem1)
            spk2, mem2 = self.lif2(F.max_pool2d(self.conv2(spk1), 2), mem2)
            spk3, mem3 = self.lif3(self.fc1(spk2.flatten(1)), mem3)
            spikes.append(spk3)
        return torch.stack(spikes)


def resnet():
    # `spiking_resnet18` with one block instead of two at each width.
    net = spiking_resnet.SpikingResNet(
        spiking_resnet.BasicBlock, [1, 1, 1, 1], num_classes=10, spiking_neuron=neuron.IFNode,
        surrogate_function=surrogate.ATan(), detach_reset=True,
    )
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data.mul_(3)
    return net
"""
NAMES = ["CSNN", "resnet"]
# Images of another size, and the number of steps where the network says none.
GIVEN = {"CSNN": (), "resnet": ("--size", 16, "-T", 2)}
FAMILIES = {
    "energy": ("--n-images", 6, "--json", "x.json", "--overwrite", "--methods", "x.tex"),
    "robustness": ("--n-images", 6, "--attack-images", 1, "--json", "x.json", "--overwrite"),
    "timing": ("--n-images", 6, "--fisher-images", 1, "--cka-images", 4, "--json", "x.json",
               "--overwrite"),
    "attribution": ("--n-images", 2, "--shown", 1, "--json", "x.json", "--overwrite"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "pics").mkdir()
    for number, image in enumerate(garments(8).images):
        Image.fromarray(image).save(tmp_path / "pics" / f"{number}.png")
    for name in NAMES:
        with torch.random.fork_rng():
            torch.manual_seed(9)
            torch.save(build_model(f"nets.py:{name}").state_dict(), f"{name}.pt")
    return tmp_path


@pytest.fixture
def asked(run):
    """A command on one of the networks; the numbers of its JSON, and stderr."""

    def ask(family, name, dataset="garments"):
        options = (*FAMILIES[family], "--dataset", dataset, *GIVEN[name])
        status, _, err = run(family, "--model", f"nets.py:{name}", "--ckpt", f"{name}.pt", *options)
        assert status == 0, err
        return json.loads(Path("x.json").read_text()), err

    return ask


def stepped(name, images):
    """Spikes of the first layer and answers, by stepping the network in its own framework."""
    net = build_model(f"nets.py:{name}").eval()
    net.load_state_dict(torch.load(f"{name}.pt", weights_only=True))
    heard, x = [], torch.from_numpy(images[:, None] / np.float32(255))
    first = net.lif1 if name == "CSNN" else net.sn1
    first.register_forward_hook(
        lambda _m, _i, out: heard.append(out[0] if isinstance(out, tuple) else out)
    )
    with torch.no_grad():
        if name == "CSNN":
            scores = net(x)
        else:
            functional.reset_net(net)
            scores = torch.stack([net(x.expand(-1, 3, -1, -1)) for _ in range(2)])
    return torch.stack(heard), scores


def small(count, name):
    size = None if name == "CSNN" else (16, 16)
    return load_dataset("garments", "test", None, count=count, channels=1, size=size)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_a_plain_loop(asked, name):
    images = small(6, name)
    spikes, scores = stepped(name, images.images)
    energy, _ = asked("energy", name)
    first = energy["neurons"][0]
    assert spikes.sum() > 0
    assert first["spikes"] == pytest.approx(spikes.sum().item() / 6)
    right = (scores.mean(0).argmax(1).numpy() == images.labels).sum()
    robustness, _ = asked("robustness", name)
    assert robustness["clean"]["correct"] == right
    timing, _ = asked("timing", name)
    answered = ~one_half(6)
    for t, each in enumerate(timing["at"], start=1):
        assert each["steps"]["value"] == t
        given = scores[:t].mean(0).argmax(1).numpy()[answered]
        assert each["correct"] == (given == images.labels[answered]).sum()
    assert len(timing["at"]) == len(timing["fisher"]) == len(scores)
    assert timing["alignment"]["untrained"] is not None
    maps, _ = asked("attribution", name)
    methods = {each["method"] for each in maps["outcomes"]}
    assert methods >= {"sam", "first-spike", "random", "intensity"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_images_without_labels_skip_what_needs_them_and_say_so(asked, name, family):
    values, err = asked(family, name, "pics")
    assert "have no labels" in err
    if family == "timing":
        assert "accuracy, early answers and Fisher information are left out" in err
        assert "at" not in values
        assert values["alignment"]["layers"]
    elif family == "robustness":
        assert any("has no labels: accuracy" in each for each in values["notes"])
        assert values["clean"]["kept"] is not None
    elif family == "attribution":
        assert values["explained"] == "answer"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dataset", ["garments", "pics"])
def test_analyze_compares_networks_of_other_frameworks(run, name, dataset):
    torch.save(build_model(f"nets.py:{name}").state_dict(), "other.pt")
    options = ("--model", f"nets.py:{name}", "--ckpt", f"{name}.pt", "--compare", "other.pt",
               "--dataset", dataset, "--n-images", 8, "--train-images", 8, "--untrained", 2,
               "--network-images", 2, *GIVEN[name])  # fmt: skip
    status, _, err = run("analyze", *options, "--no-figures")
    assert status == 0, err
    found = json.loads(Path("analysis/analysis.json").read_text())
    kinds = [each["kind"] for each in found["encoders"]]
    assert kinds[:4] == ["encoder", "compared", "untrained", "untrained"]
    spikes, _ = stepped(name, small(8, name).images)
    rate = found["encoders"][0]["scores"]["firing_rate"]
    assert rate == pytest.approx(spikes.mean().item())
    status, _, err = run("analyze", *options, "--league", "--out-dir", "league")
    assert status == 0, err
