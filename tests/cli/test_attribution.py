"""`snnviz attribution` as a user meets it."""

import json
import re
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from snnviz.cli import attribution as command
from snnviz.data import garments
from snnviz.metrics import SUBSTITUTES
from snnviz.scoring.attribution import SHOWN, attribution
from snnviz.scoring.explaining import METHODS
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.lively import lively

FEW = ("--dataset", "garments", "--n-images", 5)


@pytest.fixture
def run(run):
    """Run `snnviz attribution` in this process: (status, stdout, stderr)."""
    return partial(run, "attribution")


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=3, channels=4), seed=0))
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth")
    return tmp_path / "net.pth"


def test_choices_are_those_of_the_function():
    assert command._METHODS == METHODS
    assert command._SUBSTITUTES == SUBSTITUTES
    assert command._SHOWN == SHOWN


def test_the_numbers_are_those_of_the_function(run, ckpt, tmp_path):
    status, out, err = run(
        "--ckpt", ckpt, *FEW, "--shown", 2, "--substitute", "mean", "--json", "x.json",
        "--figures", "drawn",
    )  # fmt: skip
    assert status == 0
    assert "surrogate functions: they are no derivatives" in err.splitlines()[-1]
    values = json.loads((tmp_path / "x.json").read_text())
    expected = attribution(
        load_checkpoint(ckpt).build_network(), garments(5, "test"), shown=2, substitute="mean"
    )
    assert values["temperature"] == pytest.approx(expected.temperature)
    by_name = {(each["method"], each["untrained"]): each for each in values["outcomes"]}
    assert len(by_name) == 2 + 2 * len(METHODS)
    for outcome in expected.outcomes:
        theirs = by_name[outcome.method, False]
        for way in ("deletion", "insertion"):
            area = getattr(outcome, way)
            assert tuple(theirs[way].values()) == pytest.approx(area)
            assert theirs[f"{way}_curve"][3]["value"] == pytest.approx(
                getattr(outcome, f"{way}_curve")[3].value
            )
        assert re.search(rf"^{outcome.method} +{outcome.deletion.value:.3f} \(", out, re.MULTILINE)
    assert by_name["sam", False]["correlation_with"]["untrained"] is not None
    assert "better than the same map without training by" in out
    assert values["maps"]["sam, untrained"]["shape"] == [2, 28, 28]
    assert sorted(p.name for p in (tmp_path / "drawn").glob("*.png")) == [
        "deletion.png", "maps.png",
    ]  # fmt: skip
    with Image.open(tmp_path / "drawn" / "maps.png") as picture:
        assert picture.height > picture.width / 2


def test_an_encoder_alone_has_maps_and_no_curves(run, tmp_path):
    status, out, err = run(*FEW, "--shown", 0, "--figures", "drawn", "--json", "-")
    assert status == 0
    assert "an encoder gives no answers: deletion and insertion are left out" in err
    values = json.loads(out)
    assert values["maps"] == {}
    assert [each["deletion"] for each in values["outcomes"]] == [None] * 4
    assert not list((tmp_path / "drawn").glob("*.png"))


def test_what_changes_nothing_is_said_and_quiet_is_quiet(run, ckpt):
    arguments = ("--ckpt", ckpt, *FEW, "--method", "saliency", "--layer", "conv.0")
    status, _, err = run(*arguments)
    assert status == 0
    assert "--shown" not in err
    assert "--layer has no effect without --method sam or first-spike" in err
    status, out, err = run("--ckpt", ckpt, *FEW, "--method", "sam", "-q", "--json", "-")
    assert (status, err) == (0, "")
    assert run("--ckpt", ckpt, *FEW, "--method", "sam", "-q", "--json", "-") == (0, out, "")


def test_mistakes_are_one_line(run, ckpt, tmp_path):
    status, _, err = run("--ckpt", ckpt, *FEW, "-T", 1, "--method", "sam", "-q")
    assert status == 1
    assert "there is no sam: in T = 1 steps there is no interval between spikes" in one_line(err)
    status, _, err = run("--ckpt", ckpt, *FEW, "--layer", "third", "-q")
    assert status == 1
    assert "no layer 'third'; choose from" in one_line(err)
    status, _, err = run(*FEW, "--method", "saliency", "-q")
    assert status == 1
    assert "there is no saliency: an encoder gives no answers" in one_line(err)
    status, _, err = run(*FEW, "--layer", "conv.0", "-q")
    assert status == 1
    assert "an encoder is looked at in its own layer" in one_line(err)
    np.savez(tmp_path / "set.npz", images=np.zeros((2, 9, 9), np.uint8))
    status, _, err = run("--ckpt", ckpt, "--dataset", "set.npz", "-q")
    assert status == 1
    assert "the network takes one channel of (28, 28) pixels" in one_line(err).replace(
        "1 channel", "one channel"
    )
