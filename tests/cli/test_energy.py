"""`snnviz energy` as a user meets it."""

import json
import re
from functools import partial

import numpy as np
import pytest
import torch

import snnviz
from snnviz import __version__
from snnviz.scoring.energy import energy_report
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.lively import lively

IMAGES = ("--dataset", "garments", "--n-images", 12)
MODEL = """
import torch
from spikingjelly.activation_based import neuron

def factory():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 5, stride=3), neuron.IFNode(0.1), torch.nn.Conv2d(3, 2, 3))
"""


@pytest.fixture
def run(run):
    """Run `snnviz energy` in this process: (status, stdout, stderr)."""
    return partial(run, "energy")


@pytest.fixture
def network():
    return lively(build_network(NetworkConfig(T=3, channels=4), seed=0))


@pytest.fixture
def ckpt(tmp_path, network):
    path = tmp_path / "whole.pth"
    torch.save({"net": network.state_dict(), "network": network.config.as_dict()}, path)
    return path


def told(out):
    return json.loads(out)


def test_the_numbers_are_those_of_energy_report(run, ckpt, network, tmp_path):
    status, out, err = run("--ckpt", ckpt, *IMAGES, "--json", tmp_path / "new/x.json")
    assert (status, err) == (0, "")
    report = energy_report(network.eval(), snnviz.garments(12))
    values = told((tmp_path / "new/x.json").read_text())
    assert values["layers"] == json.loads(json.dumps(report.as_dict()))["layers"]
    assert values["models"] == json.loads(json.dumps(report.as_dict()))["models"]
    assert (values["version"], values["snnviz"]) == (1, __version__)
    assert values["images"] == {"dataset": "garments", "split": "test", "count": 12}
    assert not values["encoder_alone"]
    assert out.splitlines()[-1] == f"wrote {tmp_path / 'new/x.json'}"
    for layer in report.layers:
        (row,) = [line for line in out.splitlines() if line.startswith(f"{layer.name} ")]
        assert f" {layer.sees} " in row
        assert f" {layer.macs:,} " in row
        assert f" {layer.synops or 0:,.0f} " in row or " - " in row
    assert re.search(
        r"^arithmetic alone, float32 in 45 nm +[\d.]+ \w+ .* Horowitz 2014$", out, re.MULTILINE
    )
    assert "Yan et al. 2024 leaves out layers that see values" in out


def test_columns_are_aligned(run, ckpt):
    _, out, _ = run("--ckpt", ckpt, *IMAGES)
    lines = out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("synapses"))
    assert len({len(line) for line in lines[start : start + 5]}) == 1
    start = next(n for n, line in enumerate(lines) if line.startswith("neurons  "))
    assert len({len(line) for line in lines[start : start + 5]}) == 1
    assert max(map(len, lines)) <= 140


def test_the_bundled_encoder_loses_against_the_same_bits(run):
    status, out, err = run(*IMAGES, "-T", 8)
    assert status == 0
    assert "the bundled encoder holds an encoder alone: what is counted is that and" in one_line(
        err
    )
    assert out.startswith("the bundled encoder, T = 8, on 12 images of garments (test)\n")
    assert re.search(r"activations of 4 bits, ceil\(log2\(T \+ 1\)\), spikes lose", out)
    assert "would win below 4.5%" in out
    status, out, err = run(*IMAGES, "-T", 8, "--json", "-", "-q")
    assert (status, err) == (0, "")
    values = told(out)
    assert values["encoder_alone"]
    assert values["T"] == 8
    assert [layer["name"] for layer in values["layers"]] == ["static_conv.0", "conv.2"]
    # The spikes and the additions of the analysis, which computes them from first-spike times.
    record = snnviz.load_encoder().encode(torch.from_numpy(snnviz.garments(12).batch(range(12))), 8)
    from snnviz.metrics import Cost

    cost = Cost(8, (128, 28, 28), outputs=128)
    cost.update(record, snnviz.garments(12).images)
    assert values["layers"][1]["synops"] == pytest.approx(cost.result().synops)
    assert values["neurons"][0]["spikes"] == pytest.approx(record.count(7).sum() / 12)


@pytest.mark.slow
def test_the_bundled_encoder_fires_as_the_documentation_says(run, data_dir):
    _, out, _ = run("-T", 8, "--data-dir", data_dir, "--n-images", 256, "--json", "-")
    assert told(out)["firing_rate"] == pytest.approx(0.228, abs=0.002)


def test_any_network_is_counted_without_labels_or_classes(run, tmp_path):
    (tmp_path / "mine.py").write_text(MODEL)
    np.save(tmp_path / "images.npy", snnviz.garments(5).images)
    status, out, err = run(
        "--model", "mine.py:factory", "--dataset", tmp_path / "images.npy", "-T", 2
    )
    assert status == 0
    assert "the weights are those that mine.py:factory makes" in one_line(err)
    assert "T = 2, on 5 images" in out
    assert re.search(r"^0 +values +2 ", out, re.MULTILINE)


def test_the_paragraph_for_a_paper_cites_what_it_uses(run, ckpt, tmp_path):
    status, out, err = run("--ckpt", ckpt, *IMAGES, "--methods", "-")
    assert (status, err) == (0, "")
    paragraph, *_ = out.split("\n\n")
    cited = {key for keys in re.findall(r"\\cite\{(.*?)\}", paragraph) for key in keys.split(",")}
    assert cited == set(re.findall(r"^@\w+\{(\w+),$", out, re.MULTILINE)) == CITED
    assert "$T = 3$" in paragraph
    assert "on 12 images of garments (test)" in paragraph
    assert r"\texttt{static\_conv.0} sees analog values" in paragraph
    assert "no measurements of hardware" in paragraph
    assert not re.search(r"(?<!\\)[_%&#]", re.sub(r"\\log_2", "", paragraph))
    assert run("--ckpt", ckpt, *IMAGES, "--methods", "m.tex", "-q") == (0, "", "")
    assert (tmp_path / "m.tex").read_text() == out


CITED = {"horowitz2014", "lemaire2022", "yan2024"}


@pytest.mark.parametrize(
    ("arguments", "status", "fact"),
    [
        (("--json", "x", "--methods", "x"), 2, "--json and --methods both write to x; choose"),
        (("--json", "-", "--methods", "-"), 2, "both write to -"),
        (("--json", "there.txt"), 1, "pass --overwrite"),
        (("--methods", "there.txt"), 1, "pass --overwrite"),
        (("--ckpt", "missing.pth"), 1, "missing.pth"),
        (("--n-images", "0"), 2, "neither a number from 1 nor 'all'"),
        (("--n-images", "60001"), 1, "60001"),
        (("--mean", "0.5"), 2, "--mean and --std are for a network of --model"),
        (("--model", "mine.py:factory", "--tau", "2"), 2, "leave out --tau"),
        (("--model", "nothing.py:factory"), 1, "nothing.py"),
        (("-T", "0"), 2, "-T"),
        (("--dataset", "nowhere"), 2, "nowhere"),
    ],
)
def test_a_mistake_is_one_line(arguments, status, fact, run, tmp_path):
    (tmp_path / "there.txt").write_text("mine")
    (tmp_path / "mine.py").write_text(MODEL)
    found, out, err = run(*IMAGES[:2], *arguments)
    assert (found, out) == (status, "")
    assert fact in one_line(err)
    assert (tmp_path / "there.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "there.txt"]


def test_what_is_assumed_is_said(run, tmp_path):
    (tmp_path / "mine.py").write_text(
        """
import torch
from spikingjelly.activation_based import neuron

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.one, self.two = torch.nn.Linear(28, 8), neuron.IFNode(), neuron.IFNode()
        self.behind = torch.nn.Linear(8, 3)
        torch.nn.init.constant_(self.first.bias, 9.0)

    def forward(self, x):
        drive = self.first(x.squeeze(1))
        spikes = self.one(drive) + self.two(drive)
        return self.behind(spikes) @ torch.ones(3, 2)
"""
    )
    status, _, err = run("--model", "mine.py:Net", *IMAGES, "-T", 2)
    assert status == 0
    _, several, elsewhere = err.splitlines()
    assert "whole numbers above 1 enter behind: each is taken as so many spikes" in several
    assert f"{2 * 28 * 3 * 2:,} products an image are made outside" in elsewhere


def test_options_without_effect_are_told(run):
    _, _, err = run(*IMAGES, "--data-dir", "x")
    assert "--data-dir has no effect with garments" in err
