"""What `analyze` takes beside the tutorial's checkpoints: networks of --model, and pickled ones."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.models import build_model
from snnviz.data import garments, to_input
from snnviz.scoring import ablation
from tests.adapters.test_reviving import module  # noqa: F401 - a fixture
from tests.cli.test_analyze import write
from tests.cli.test_models import GIVEN, net  # noqa: F401 - a fixture
from tests.commands import one_line

FEW = ("--n-images", "12", "--train-images", "12", "--untrained", "1", "--no-figures", "--dataset",
       "garments", "--out-dir", "an")  # fmt: skip


def found():
    return json.loads(Path("an/analysis.json").read_text())


def rows(name):
    table = csv.DictReader(Path("an/channels.csv").read_text().splitlines())
    return [row for row in table if row["encoder"] == name]


def answers(theirs, mute=None):
    """The classes that the network of `tests.cli.test_models` takes garments for, [12]."""
    images, total = torch.from_numpy(to_input(garments(12).images)), 0
    functional.reset_net(theirs)
    with torch.no_grad():
        for _ in range(5):
            spikes = theirs.early(torch.relu(theirs.conv(images)))
            if mute is not None:
                spikes[:, mute] = 0
            total = total + theirs.late(theirs.fc(spikes.flatten(1)))
    functional.reset_net(theirs)
    return total.argmax(1).numpy()


@pytest.mark.parametrize("images", [12, 7])
def test_what_a_layer_is_worth_to_the_network_of_the_user(net, run, images):  # noqa: F811
    code, out, err = run("analyze", *GIVEN[:4], *FEW, "--network-images", images)
    assert (code, one_line(err)) == (0, one_line(err))
    labels = garments(images).labels
    right = (answers(net)[:images] == labels).sum()
    network = found()["networks"]["w.pth"]
    assert network["cost"]["accuracy"] == right / images
    assert network["cost"]["energy"] is None
    without = [int((answers(net, k)[:images] == labels).sum()) for k in range(6)]
    assert network["importance"]["correct_without"] == without
    drops = [float(row["accuracy_drop"]) for row in rows("w.pth")]
    assert drops == pytest.approx((right - np.array(without)) / images)
    assert (
        f"In the network of w.pth ({images} images): accuracy {right / images:.4f}; without" in out
    )
    assert "untrained 0" not in found()["networks"]


def test_what_takes_too_long_is_left_out_by_name(net, run, monkeypatch):  # noqa: F811, ARG001
    monkeypatch.setattr(ablation, "MOST_WORK", 10**7)
    code, out, err = run("analyze", *GIVEN[:4], *FEW)
    assert code == 0
    assert err.splitlines()[1] == (
        "snnviz: runs without each of 6 channels take too long for 12 images: importance in the "
        "network of w.pth is left out"
    )
    assert found()["networks"]["w.pth"]["importance"] is None
    assert "accuracy_drop" not in Path("an/channels.csv").read_text()
    assert "In the network of w.pth (12 images): accuracy" in out


def test_of_how_many_images_importance_is_is_said(net, run, monkeypatch):  # noqa: F811, ARG001
    monkeypatch.setattr("snnviz.analysis.within.affordable", lambda *_: 5)
    code, out, _ = run("analyze", *GIVEN[:4], *FEW)
    assert code == 0
    assert " accuracy of the first 5 images falls by" in out
    assert found()["networks"]["w.pth"]["importance"]["total"] == 5
    assert found()["networks"]["w.pth"]["cost"]["total"] == 12


def test_a_network_that_answers_nothing_has_no_accuracy(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(
        "from torch import nn\nfrom spikingjelly.activation_based import neuron\n"
        "def make():\n"
        "    return nn.Sequential(nn.Conv2d(1, 3, 5), neuron.IFNode(v_threshold=0.3))\n"
    )
    code, _, err = run("analyze", "--model", "nets.py:make", *FEW)
    assert code == 0
    assert "accuracy and importance in the network of nets.py:make are left out" in err
    assert found()["networks"] == {"images": 0}


SEVERAL = """
from torch import nn
import sinabs.layers

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 5, stride=2)
        self.spike = sinabs.layers.IAF()
        self.fc = nn.Linear(3 * 144, 10)
        nn.init.uniform_(self.conv.weight, 0.2, 0.8)
    def forward(self, x):
        drive = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return self.fc(self.spike(drive).flatten(2))
"""


def test_neurons_that_fire_several_times_in_a_step(run, tmp_path, monkeypatch):
    pytest.importorskip("sinabs")
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(SEVERAL)
    sys.modules.pop("snnviz_model_nets", None)
    code, _, err = run("analyze", "--model", "nets.py:Net", "-T", 4, *FEW)
    assert code == 0
    assert "times in a step, so that saturated channels and rasters are left out" in err
    scores = found()["encoders"][0]["scores"]
    # The weights are drawn anew each time: those of the run are not known here.
    assert scores["firing_rate"] > 1
    assert scores["saturated"] is None
    activity = found()["encoders"][0]["activity"]
    assert activity["most"] > 1
    assert scores["spikes"] == pytest.approx(scores["firing_rate"] * 4 * 3 * 144)
    assert found()["networks"]["nets.py:Net"]["importance"]["total"] == 12


@pytest.fixture
def whole(module, tmp_path, monkeypatch):  # noqa: F811
    """A whole pickled network whose class is gone, and its first layers."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(2)
    first = (nn.Conv2d(1, 4, 5), neuron.IFNode(v_threshold=0.2))
    torch.save(module.Net(*first, nn.Flatten(), nn.Linear(4 * 576, 10)), "whole.pth")
    torch.save(module.Net(module.Odd(), *first), "odd.pth")
    torch.save(module.Net(*first).state_dict(), "weights.pth")
    sys.modules.pop("their_nets")
    return nn.Sequential(*first).eval()


def test_analyze_takes_the_first_neurons_of_a_pickled_network(whole, run):
    code, _, err = run("analyze", "--ckpt", "whole.pth", *FEW)
    assert code == 0
    assumed, steps, missing = err.splitlines()
    assert "prove it with --model" in assumed
    assert steps == "snnviz: whole.pth does not record T; taking T = 4, choose another with -T"
    assert missing == (
        "snnviz: without its code whole.pth runs only up to its first neurons: accuracy and "
        "importance in the network and untrained encoders of it are left out"
    )
    with torch.no_grad():
        images = torch.from_numpy(to_input(garments(12).images))
        rate = torch.stack([whole(images) for _ in range(4)]).mean((0, 1, 3, 4))
    assert 0 < rate.max() < 1
    written = [float(row["firing_rate"]) for row in rows("whole.pth")]
    assert written == pytest.approx(rate.tolist())
    assert [each["kind"] for each in found()["encoders"]] == [
        "encoder", "coding", "coding", "pixels",
    ]  # fmt: skip
    assert found()["networks"] == {"images": 0}
    assert missing[len("snnviz: ") :] in found()["left_out"]
    assert found()["checkpoint"]["form"] == "network of unknown classes"


@pytest.mark.parametrize("first", ["whole.pth", "net.pth"])
def test_pickled_networks_beside_checkpoints(whole, run, first):  # noqa: ARG001
    write(Path("net.pth"))
    others = ("--compare", "whole.pth", "--compare", "net.pth", "-T", "2")
    code, _, _ = run("analyze", "--ckpt", first, *others, *FEW, "--network-images", 4)
    assert code == 0
    encoders = {each["name"]: each for each in found()["encoders"]}
    same = [each for each in encoders if first in each]
    assert len(same) == 2
    assert encoders[same[0]]["scores"] == encoders[same[1]]["scores"]
    assert encoders[first]["kind"] == "encoder"
    # The tutorial's network answers, wherever it stands; the other one has no code.
    answering = set(found()["networks"]) - {"images"}
    assert answering == {name for name in encoders if "net.pth" in name}


@pytest.mark.parametrize("ckpt", ["whole.pth", "odd.pth", "weights.pth"])
def test_evaluate_needs_the_code_and_says_how(whole, run, ckpt):  # noqa: ARG001
    code, out, err = run("evaluate", "--ckpt", ckpt, "--dataset", "garments")
    assert (code, out) == (1, "")
    assert one_line(err) == (
        f"snnviz: {ckpt} holds another network than the tutorial's, and not the code that runs it; "
        "name what makes the network with --model file.py:factory\n"
    )


@pytest.mark.parametrize("command", ["analyze", "visualize"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ckpt", "odd.pth"), "--model file.py:factory"),
        (("--ckpt", "weights.pth"), "--model file.py:factory"),
        (("--ckpt", "missing.pth"), "missing.pth"),
        (("--ckpt", "whole.pth", "--tau", "2"), "says what its neurons are; leave out"),
    ],
)
def test_what_cannot_be_read_is_one_line(whole, run, command, arguments, said):  # noqa: ARG001
    code, out, err = run(command, *arguments, "--dataset", "garments", "--out-dir", "an")
    assert code != 0
    assert out == ""
    assert said in one_line(err)
    assert not Path("an").exists()


def test_rates_above_one_are_drawn_by_evaluate(run, tmp_path, monkeypatch):
    pytest.importorskip("sinabs")
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(SEVERAL)
    arguments = ("--n-images", 5, "--dataset", "garments", "--figures", "f", "--json", "e.json")
    code, _, _ = run("evaluate", "--model", "nets.py:Net", "-T", 4, *arguments)
    assert code == 0
    assert json.loads(Path("e.json").read_text())["firing_rate"]["spike"] > 1
    assert Path("f/firing_rate.png").exists()


SEEDED = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def same():
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(1, 3, 3), neuron.IFNode(), nn.Flatten(), nn.Linear(2028, 10))

def drawn():
    return nn.Sequential(nn.Conv2d(1, 3, 3), neuron.IFNode(), nn.Flatten(), nn.Linear(2028, 10))
"""


@pytest.mark.parametrize(
    ("name", "saved", "columns", "said"),
    [
        ("drawn", None, 2, ""),  # tests begin with seed 0, and so is one of the three under study
        ("same", None, 0, "makes the weights under study whatever the seed"),
        ("same", "drawn", 1, "makes the same weights whatever the seed"),
    ],
)
def test_copies_of_one_network_are_not_called_untrained(
    run, tmp_path, monkeypatch, name, saved, columns, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeded.py").write_text(SEEDED)
    weights = ()
    if saved:
        torch.save(build_model(f"seeded.py:{saved}").state_dict(), "saved.pt")
        weights = ("--ckpt", "saved.pt")
    status, _, err = run(
        "analyze", "--model", f"seeded.py:{name}", *weights, "--dataset", "garments", "--n-images",
        20, "--train-images", 20, "--network-images", 0, "--untrained", 3, "--no-figures",
    )  # fmt: skip
    assert status == 0
    assert said in err
    values = json.loads((tmp_path / "analysis" / "analysis.json").read_text())
    assert (
        sum(name.startswith("untrained") for name in [each["name"] for each in values["encoders"]])
        == columns
    )
    assert any(said in sentence for sentence in values["left_out"]) or not said
