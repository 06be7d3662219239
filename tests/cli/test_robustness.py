"""`snnviz robustness` as a user meets it."""

import json
import re
from functools import partial

import numpy as np
import pytest
import torch

from snnviz.adapters.models import build_model
from snnviz.data import garments
from snnviz.scoring.robustness import robustness
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.cli.test_models import CODE
from tests.commands import one_line
from tests.lively import lively

FEW = ("--dataset", "garments", "--n-images", 6)


@pytest.fixture
def run(run):
    """Run `snnviz robustness` in this process: (status, stdout, stderr)."""
    return partial(run, "robustness")


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=3, channels=4), seed=0))
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth")
    return tmp_path / "net.pth"


def test_a_checkpoint_with_everything(run, ckpt, tmp_path):
    status, out, err = run(
        "--ckpt", ckpt, *FEW, "--attack-images", 2, "--seed", 3, "--json", "x.json",
        "--figures", "drawn", "--format", "svg",
    )  # fmt: skip
    assert status == 0
    assert "an upper bound" in one_line(err)
    values = json.loads((tmp_path / "x.json").read_text())
    net = load_checkpoint(ckpt).build_network().eval()
    expected = robustness(net, garments(6, "test"), attacked=2, seed=3)
    for key in ("clean", "chance", "psnr_floor", "T", "images", "notes"):
        assert values[key] == json.loads(json.dumps(expected.as_dict()[key]))
    for ours, theirs in zip(values["outcomes"], expected.as_dict()["outcomes"], strict=True):
        same = json.loads(json.dumps(theirs))
        assert ours | {"untrained_kept": None} == same
    assert values["untrained"]["accuracy"] is not None
    assert values["images_from"] == {"dataset": "garments", "split": "test"}
    assert (values["version"], values["seed"]) == (1, 3)
    assert "upper bound" in values["attacks"]
    names = [f"{name}.svg" for name in ("attacks", "corruptions", "edited_spikes")]
    assert sorted(p.name for p in (tmp_path / "drawn").glob("*.svg")) == names
    outcome = expected.outcome("occlusion", 4)
    low, high = outcome.interval
    row = re.search(r"^occlusion +4 +0\.5 .*$", out, re.MULTILINE)[0]
    assert f"{outcome.accuracy:.4f} ({low:.4f} to {high:.4f})" in row
    assert f"{outcome.kept.value:.4f} ({outcome.kept.low:.4f} to" in row
    assert f"{outcome.paired.difference:+.4f}" in row
    assert re.search(r"^reversed +1 +1 ", out, re.MULTILINE)
    assert re.search(r"^T +2 +6 ", out, re.MULTILINE)
    assert out.endswith("wrote drawn/attacks.svg\n")


def test_the_bundled_encoder_without_answers(run, tmp_path):
    status, out, err = run(*FEW, "--figures", "drawn")
    assert status == 0
    assert "accuracy, other numbers of steps, edited spikes and attacks are left out" in one_line(
        err
    )
    assert out.startswith("the bundled encoder, T = 4, on garments (test), 6 images\nfirst spikes")
    assert "accuracy" not in out
    assert [p.name for p in (tmp_path / "drawn").glob("*.png")] == ["corruptions.png"]


def test_json_to_stdout_stands_alone_and_repeats(run, ckpt):
    arguments = ("--ckpt", ckpt, *FEW, "--attack-images", 0, "--json", "-", "-q")
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    assert json.loads(out)["zero_gradients"] is None
    assert run(*arguments) == (0, out, "")


def test_a_model_with_weights_is_compared_with_it_untrained(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(CODE)
    net = build_model("nets.py:Net", seed=5)
    torch.save(net.state_dict(), "w.pth")
    given = ("--model", "nets.py:Net", *FEW, "--attack-images", 1, "--json", "-")
    status, out, _ = run(*given, "--ckpt", "w.pth", "-q")
    assert status == 0
    values = json.loads(out)
    expected = robustness(
        net.eval(), garments(6, "test"), attacked=1, start=build_model("nets.py:Net", seed=0)
    )
    assert values["untrained"] == json.loads(json.dumps(expected.untrained.as_dict()))
    assert (
        values["outcomes"][0]["untrained_kept"]["value"] == expected.outcomes[0].untrained_kept[0]
    )
    status, out, _ = run(*given, "-q")
    assert json.loads(out)["untrained"] is None


def test_images_without_labels(run, ckpt, tmp_path):
    np.savez(tmp_path / "set.npz", images=garments(4).images)
    status, out, err = run("--ckpt", ckpt, "--dataset", "set.npz", "--json", "-")
    assert status == 0
    assert "has no labels: accuracy" in one_line(err)
    values = json.loads(out)
    assert values["images"] == 4  # fewer than are taken where nobody says how many
    assert values["clean"]["accuracy"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--ckpt", "none.pth"), "none.pth"),
        (("--mean", "0.5"), "--mean and --std are for a network of --model"),
        (("--attack-images", "-1"), "--attack-images"),
        (("--dataset", "nothing"), "nothing"),
        (("--dataset", "garments", "--n-images", "10**9"), "10**9"),
        (("--model", "nets.py:Net"), "no file nets.py"),
    ],
)
def test_a_mistake_is_one_line(arguments, words, run):
    status, out, err = run(*arguments)
    assert status != 0
    assert out == ""
    assert words in one_line(err)


def test_output_that_is_there_is_not_replaced_unasked(run, ckpt, tmp_path):
    (tmp_path / "x.json").write_text("mine")
    status, _, err = run("--ckpt", ckpt, *FEW, "--json", "x.json")
    assert status == 1
    assert "--overwrite" in one_line(err)
    assert (tmp_path / "x.json").read_text() == "mine"
