"""--model: commands on a network of the user's own, whose numbers its framework gives as well."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional

from snnviz.adapters.models import build_model
from snnviz.adapters.network import NetworkEncoder
from snnviz.adapters.probing import probe
from snnviz.adapters.recording import recorded
from snnviz.cli import subjects
from snnviz.data import garments
from tests.commands import one_line

CODE = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.late = neuron.LIFNode(tau=1.5)
        self.conv = nn.Conv2d(1, 6, 5, stride=2)
        self.early = neuron.IFNode(v_reset=None)
        self.fc = nn.Linear(6 * 144, 10)
        with torch.no_grad():
            self.conv.weight.mul_(4)
            self.fc.weight.mul_(20)
        self.T = 5
    def forward(self, x):
        total = 0
        for _ in range(self.T):
            spikes = self.early(torch.relu(self.conv(x)))
            total = total + self.late(self.fc(spikes.flatten(1)))
        return total / self.T
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(CODE)
    found = build_model("nets.py:Net", seed=5)
    torch.save({"net": found.state_dict()}, tmp_path / "w.pth")
    return found.eval()


GIVEN = ("--model", "nets.py:Net", "--ckpt", "w.pth", "--dataset", "garments")


def own_counts(net, layer, count, T=5):
    """Summed spikes of a layer for the first garments, from a hook of one's own."""
    steps = []
    handle = getattr(net, layer).register_forward_hook(lambda _, __, out: steps.append(out.clone()))
    functional.reset_net(net)
    with torch.no_grad():
        output = net(torch.from_numpy(garments(count, "test").batch(range(count))))
    handle.remove()
    functional.reset_net(net)
    assert len(steps) == T
    return torch.stack(steps).cumsum(0).numpy(), output.numpy()


def test_figure_sets_hold_what_the_network_itself_counts(net, run):
    code, out, err = run("visualize", *GIVEN, "--format", "npz", "--out-dir", "out")
    assert (code, err) == (0, "")
    assert "2 figure sets" in out
    counts, output = own_counts(net, "early", 2)
    for n in range(2):
        with np.load(f"out/{n:05d}/counts.npz") as stored:
            assert stored["t"].tolist() == [0, 4]
            assert np.array_equal(stored["counts"], counts[[0, 4], n])
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["model"]["model"] == "nets.py:Net"
    assert manifest["model"]["weights"]["file"] == "w.pth"
    assert [entry["predicted"] for entry in manifest["sets"]] == output.argmax(1).tolist()
    assert counts[-1].max() > 1


def test_layers_are_listed_in_the_order_in_which_they_are_called(net, run):  # noqa: ARG001
    code, out, err = run("visualize", *GIVEN, "--list-layers")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert rows[1] == ["early", "IFNode", "SpikingJelly", "864", "6", "x", "12", "x", "12"]
    assert rows[2] == ["late", "LIFNode", "SpikingJelly", "10", "10"]
    assert "T = 5; first: early" in out


def test_each_of_several_layers_has_a_folder(net, run):
    code, _, err = run("visualize", *GIVEN, "--layer", "all", "--format", "npz", "--out-dir", "o")
    assert (code, err) == (0, "")
    for layer in ("early", "late"):
        counts, _ = own_counts(net, layer, 2)
        with np.load(f"o/{layer}/00001/counts.npz") as stored:
            assert np.array_equal(stored["counts"].reshape(2, -1), counts[[0, 4], 1].reshape(2, -1))
        assert json.loads(Path(f"o/{layer}/manifest.json").read_text())["layer"] == layer


def test_kernels_and_kinds_of_a_network_of_ones_own(net, run):  # noqa: ARG001
    kinds = ("--kind", "kernels", "--kind", "spikes", "--kind", "first-spike")
    code, _, err = run("visualize", *GIVEN, *kinds, "--out-dir", "out")
    assert (code, err) == (0, "")
    code, _, err = run("visualize", *GIVEN, "--layer", "late", *kinds, "--out-dir", "out2")
    assert code == 1
    assert "2 layers of weights lie between the pixels and late" in one_line(err)


def test_evaluate_reads_classes_from_the_mean_output(net, run):
    code, out, err = run("evaluate", *GIVEN, "--n-images", "40", "--json", "-")
    assert code == 0
    assert "mean output over time" in one_line(err)
    found = json.loads(out)
    counts, output = own_counts(net, "early", 40)
    labels = garments(40, "test").labels
    assert found["correct"] == int((output.argmax(1) == labels).sum())
    assert found["T"] == 5
    assert found["loss"] is None
    assert found["energy"] is None
    assert found["firing_rate"]["early"] == pytest.approx(counts[-1].mean() / 5)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, output.argmax(1)), 1)
    assert found["confusion"] == confusion.tolist()


def test_analyze_scores_a_layer_at_its_own_size(net, run):
    numbers = ("--n-images", "12", "--train-images", "12", "--untrained", "1")
    code, out, err = run("analyze", *GIVEN, *numbers, "--no-figures", "--out-dir", "an")
    assert code == 0, err
    assert "w.pth" in out
    counts, _ = own_counts(net, "early", 12)
    rate = counts[-1].mean(axis=(0, 2, 3)) / 5
    table = csv.DictReader(Path("an/channels.csv").read_text().splitlines())
    rows = [row for row in table if row["encoder"] == "w.pth"]
    assert [float(row["firing_rate"]) for row in rows] == pytest.approx(rate.tolist())


def test_neurons_of_no_map_are_channels_of_one_cell(net, run):
    numbers = ("--n-images", "12", "--train-images", "12", "--untrained", "0", "--no-figures")
    code, _, err = run("analyze", *GIVEN, "--layer", "late", *numbers, "--out-dir", "an")
    assert code == 0, err
    assert "neurons of shape (10,) lie in no map" in err
    counts, _ = own_counts(net, "late", 12)
    table = csv.DictReader(Path("an/channels.csv").read_text().splitlines())
    rows = [row for row in table if row["encoder"] == "w.pth"]
    rate = counts[-1].mean(axis=0) / 5
    assert [float(row["firing_rate"]) for row in rows] == pytest.approx(rate.tolist())


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("visualize", ("--tau", "2"), "neurons of its own; leave out --tau"),
        ("visualize", ("--layer", "conv9"), "no layer 'conv9'"),
        ("visualize", ("--layer", "all", "--layer", "early"), "names every layer"),
        ("visualize", ("--kind", "membrane", "--layer", "late"), "not for LIFNode of SpikingJelly"),
        ("visualize", ("--mean", "0.5,0.5"), "2 numbers for the mean of images of 1 channel"),
        ("visualize", ("-T", "0"), "0 is not in the range"),
        ("evaluate", ("--neuron", "if"), "leave out --neuron"),
        ("analyze", ("--v-threshold", "1"), "leave out --v-threshold"),
    ],
)
def test_what_does_not_suit_is_one_line_and_nothing_is_written(
    command,
    more,
    said,
    net,  # noqa: ARG001
    run,
    tmp_path,
):
    before = sorted(tmp_path.iterdir())
    code, out, err = run(command, *GIVEN, *more)
    assert code != 0
    assert out == ""
    assert said in one_line(err)
    assert sorted(tmp_path.iterdir()) == before


def test_mean_and_std_are_what_the_network_gets(net, run):
    code, _, err = run(
        "visualize", *GIVEN, "--mean", "0.5", "--std", "0.25", "--format", "npz", "--out-dir", "o"
    )
    assert (code, err) == (0, "")
    images = (torch.from_numpy(garments(2, "test").batch(range(2))) - 0.5) / 0.25
    functional.reset_net(net)
    with torch.no_grad():
        drive = torch.relu(net.conv(images))
        first = net.early(drive)
    with np.load("o/00000/counts.npz") as stored:
        assert np.array_equal(stored["counts"][0], first[0].numpy())


def test_mean_needs_a_model(run):
    code, _, err = run("visualize", "--mean", "0.5", "--dataset", "garments")
    assert code == 2
    assert "--mean and --std are for a network of --model" in one_line(err)


def test_layers_of_a_checkpoint_of_the_tutorials_network(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("visualize", "--dataset", "garments", "--list-layers")
    assert (code, err) == (0, "")
    assert "neurons  IFNode  SpikingJelly  100,352  128 x 28 x 28" in out


def test_event_frames_go_through_step_by_step(net, run, rng):
    frames = rng.poisson(0.6, (5, 1, 28, 28)).astype(np.float32)
    np.save("events.npy", frames)
    Path("seq.py").write_text(
        CODE.replace("def forward(self, x):", "def forward(self, xs):").replace(
            "for _ in range(self.T):", "for x in xs:"
        )
    )
    code, _, err = run(
        "visualize", "--model", "seq.py:Net", "--ckpt", "w.pth", "--image", "events.npy",
        "--format", "npz", "--out-dir", "o",
    )  # fmt: skip
    assert (code, err) == (0, "")
    functional.reset_net(net)
    total = 0
    with torch.no_grad():
        for frame in torch.from_numpy(frames):
            total = total + net.early(torch.relu(net.conv(frame[None])))
    with np.load("o/00000/counts.npz") as stored:
        assert np.array_equal(stored["counts"][-1], total[0].numpy())


def test_one_run_serves_all_layers(net, run, monkeypatch):  # noqa: ARG001
    """What is written is what each layer alone would be, and no encoder is asked for it."""
    for layer in ("early", "late"):
        code, _, _ = run(
            "visualize", *GIVEN, "--layer", layer, "--format", "npz", "--out-dir", layer
        )
        assert code == 0
    calls, runs = [], []
    monkeypatch.setattr(NetworkEncoder, "encode", lambda *_, **__: calls.append(1))
    monkeypatch.setattr(subjects, "recorded", lambda *a: runs.append(1) or recorded(*a))
    code, _, err = run("visualize", *GIVEN, "--layer", "all", "--format", "npz", "--out-dir", "o")
    assert (code, err) == (0, "")
    assert (calls, runs) == ([], [1])
    for layer in ("early", "late"):
        for n in range(2):
            with (
                np.load(f"o/{layer}/{n:05d}/counts.npz") as all_of_them,
                np.load(f"{layer}/{n:05d}/counts.npz") as alone,
            ):
                assert np.array_equal(all_of_them["counts"], alone["counts"])
                assert alone["counts"].max() > 0


def test_no_layer_is_drawn_where_another_cannot_be(net, run):  # noqa: ARG001
    code, out, err = run(
        "visualize", *GIVEN, "--layer", "all", "--kind", "kernels", "--out-dir", "o"
    )
    assert (code, out) == (1, "")
    assert "2 layers of weights lie between the pixels and late" in one_line(err)
    assert not Path("o").exists()


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize("layers", [(), ("--layer", "all")])
def test_a_network_is_tried_once_however_often_it_is_asked(layers, run, monkeypatch):
    tried = []

    def counted(*asked, **named):
        tried.append(named["named"])
        return probe(*asked, **named)

    monkeypatch.setattr("snnviz.adapters.recorder.probe", counted)
    status, _, err = run("visualize", *GIVEN, *layers, "--n-images", 2, "--format", "npz")
    assert (status, err) == (0, "")
    # Layers that are named may be of a kind that is not known to spike: that is tried for itself.
    assert tried.count(False) == 1
    assert layers or tried == [False]
    manifests = [json.loads(path.read_bytes()) for path in Path().rglob("manifest.json")]
    assert len(manifests) == (2 if layers else 1)
    assert all("predicted" in image for found in manifests for image in found["sets"])
