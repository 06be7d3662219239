"""`snnviz analyze --league`: many checkpoints, one table, and a card for each."""

import csv
import importlib.util
import json

import pytest
import torch

from snnviz.cli import contestants
from snnviz.tutorial.layouts import encoder_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.lively import lively

SMALL = ("analyze", "--league", "--dataset", "garments", "--n-images", 12, "--train-images", 15,
         "--untrained", 1)  # fmt: skip


def write(path, *, alone=False, **config):
    """A checkpoint of a small network that spikes, or of its encoder alone."""
    net = lively(build_network(NetworkConfig(**{"T": 2, "channels": 4, **config}), seed=0))
    path.parent.mkdir(exist_ok=True)
    network = net.config.as_dict()
    if alone:
        content = encoder_checkpoint(net.state_dict(), network, epoch=None, max_test_acc=None)
    else:
        content = {"net": net.state_dict(), "network": network}
    save_checkpoint(content, path)
    return path


@pytest.fixture
def files(tmp_path):
    """A whole network; the same name elsewhere, trained with another T; an encoder alone."""
    return [
        write(tmp_path / "a" / "net.pth"),
        write(tmp_path / "b" / "net.pth", T=3, channels=5),
        write(tmp_path / "c" / "net.pth", alone=True),
    ]


def compare(paths):
    return [x for path in paths for x in ("--compare", path)]


@pytest.mark.slow
def test_a_table_and_a_card_for_each(run, files, tmp_path):
    status, out, err = run(*SMALL, "--ckpt", files[0], *compare(files[1:]), "--out-dir", "out")
    assert (status, err) == (0, "")
    names = ["net.pth", "b/net.pth", "c/net.pth"]
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == {
        "league.json", "league.md", "league.csv", "cards",
    }  # fmt: skip
    found = json.loads((folder / "league.json").read_text())
    assert found["first"] == "net.pth"
    assert found["sorted_by"] == {
        "score": "accuracy", "title": "accuracy of the network", "better": "higher",
    }  # fmt: skip
    assert found["images"] == {"dataset": "garments", "split": "test"}
    assert found["T"] == 2
    kinds = {each["name"]: each["kind"] for each in found["encoders"]}
    assert [kinds[name] for name in names] == ["encoder", "compared", "compared"]
    assert set(kinds) - set(names) == {
        "untrained 0", "Sobel bank", "Poisson coding", "latency coding", "pixels",
    }  # fmt: skip
    cards = {}
    for each in found["encoders"]:
        cards[each["name"]] = json.loads((folder / each["card"]).read_text())
    assert cards["net.pth"]["from"]["sha256"] != cards["b/net.pth"]["from"]["sha256"]
    assert cards["b/net.pth"]["from"]["recorded_T"] == 3
    assert cards["b/net.pth"]["T"] == 2
    assert (
        "it was trained with T = 3, and runs for T = 2 here, as all do"
        in (cards["b/net.pth"]["left_out"])
    )
    assert cards["c/net.pth"]["scores"]["accuracy"]["value"] is None
    assert (
        "holds an encoder alone: accuracy of the network is left out"
        in (cards["c/net.pth"]["left_out"])
    )
    assert cards["net.pth"]["scores"]["accuracy"]["low"] is not None
    assert cards["b/net.pth"]["tests"]["accuracy"]["test"] == "McNemar's test"
    assert "b/net.pth: it was trained with T = 3" in out
    assert out.startswith("By accuracy of the network: higher is better\n")
    rows = list(csv.DictReader((folder / "league.csv").read_text().splitlines()))
    assert rows[0]["rank"] == "1"
    assert rows[0]["sha256"] == cards[rows[0]["encoder"]]["from"]["sha256"]


@pytest.mark.slow
def test_one_checkpoint_is_open_at_a_time(run, files, monkeypatch, tmp_path):
    """Each is opened once to see that it can be read, and once more to be measured."""
    opened = []
    given = contestants.open_checkpoints

    def noted(paths, *arguments, **options):
        opened.append([path.parent.name for path in paths])
        return given(paths, *arguments, **options)

    monkeypatch.setattr(contestants, "open_checkpoints", noted)
    options = ("--sort-by", "firing_rate", "--network-images", 0, "-q")
    assert run(*SMALL, "--ckpt", files[0], *compare(files[1:]), *options) == (0, "", "")
    assert opened == [["a"], ["b"], ["c"]] * 2
    card = json.loads((tmp_path / "analysis" / "cards" / "net.json").read_text())
    assert card["scores"]["accuracy"]["value"] is None


@pytest.mark.slow
def test_networks_of_the_users(run, tmp_path):
    """Their own code, with the weights of each file."""
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom torch import nn\nfrom spikingjelly.activation_based import neuron\n\n"
        "def make():\n"
        "    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), neuron.IFNode(), nn.Flatten(),\n"
        "                         nn.Linear(3 * 784, 10), neuron.IFNode())\n"
    )
    spec = importlib.util.spec_from_file_location("mine", tmp_path / "mine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("x", "y"):
        torch.manual_seed(ord(name))
        torch.save(module.make().state_dict(), tmp_path / f"{name}.pth")
    status, _, err = run(*SMALL, "--model", "mine.py:make", "-T", 3, "--ckpt", "x.pth",
                         "--compare", "y.pth", "--out-dir", "out")  # fmt: skip
    assert status == 0, err
    assert "classes are read from the mean output over time" in one_line(err)
    found = json.loads((tmp_path / "out" / "league.json").read_text())
    assert [each["name"] for each in found["encoders"] if each["rank"]] in (
        ["x.pth", "y.pth"], ["y.pth", "x.pth"],
    )  # fmt: skip
    card = json.loads((tmp_path / "out" / "cards" / "y.json").read_text())
    assert card["T"] == 3
    assert len(card["from"]["sha256"]) == 64
    assert card["scores"]["accuracy"]["value"] is not None


BAD = [
    (["--compare", "missing.pth"], "missing.pth"),
    (["--compare", "garbage.pth"], "garbage.pth: is "),
    (["--compare", "colour.pth"], "colour.pth: takes images of 5 channels"),
    ([], "--league sorts several checkpoints; name more with --compare"),
    (["--compare", "good.pth", "--sort-by", "best"], "no score 'best'; choose from accuracy"),
    (["--compare", "good.pth", "--out-dir", "full"], "full is not empty"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_before_any_work(arguments, message, run, tmp_path, monkeypatch):
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    ckpt, _ = write(tmp_path / "first.pth"), write(tmp_path / "good.pth")
    write(tmp_path / "colour.pth", in_channels=5, alone=True)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(contestants.Contestants, "entrants", None)  # nothing may be measured
    status, out, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", *arguments)
    assert status in (1, 2)
    assert out == ""
    assert message in one_line(err)
    assert sorted(tmp_path.rglob("*")) == before


def test_options_that_change_nothing_are_said(run, files):
    options = ("--n-images", 5, "--train-images", 5, "--untrained", 0, "-T", 1)
    _, _, err = run(*SMALL, *options, "--ckpt", files[0], "--compare", files[0], "--format", "svg")
    assert "--format has no effect" in one_line(err)
