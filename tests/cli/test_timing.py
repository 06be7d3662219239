"""`snnviz timing` as a user meets it."""

import json
import re
from functools import partial

import numpy as np
import pytest
import torch

from snnviz.data import garments
from snnviz.scoring.timing import timing
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.lively import lively

FEW = ("--dataset", "garments", "--n-images", 8)


@pytest.fixture
def run(run):
    """Run `snnviz timing` in this process: (status, stdout, stderr)."""
    return partial(run, "timing")


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=3, channels=4), seed=0))
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth")
    return tmp_path / "net.pth"


def test_the_numbers_are_those_of_the_function(run, ckpt, tmp_path):
    status, out, err = run(
        "--ckpt", ckpt, *FEW, "--fisher-images", 2, "--json", "x.json", "--figures", "drawn"
    )
    assert (status, err) == (0, "")
    values = json.loads((tmp_path / "x.json").read_text())
    expected = timing(load_checkpoint(ckpt).build_network(), garments(8, "test"), fisher=2)
    theirs = json.loads(json.dumps(expected.as_dict()))
    assert values.pop("untrained_centroid") is not None
    assert {key: values[key] for key in theirs if key in values} == {
        key: value for key, value in theirs.items() if key != "untrained_centroid"
    }
    exit_at = expected.exits[4]
    assert re.search(
        rf"^0.9 +{exit_at.steps.value:.2f} \(.*{exit_at.accuracy:.4f} \(", out, re.MULTILINE
    )
    assert f"centroid {expected.centroid.value:.2f} (" in out
    assert "centroid without training" in out
    assert sorted(p.name for p in (tmp_path / "drawn").glob("*.png")) == [
        "early_exit.png", "fisher.png",
    ]  # fmt: skip


def test_without_fisher_information_and_with_another_T(run, ckpt):
    arguments = ("--ckpt", ckpt, *FEW, "--fisher-images", 0, "-T", 2, "--json", "-", "-q")
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert (values["T"], len(values["at"]), values["fisher"]) == (2, 2, [])
    assert run(*arguments) == (0, out, "")


def test_mistakes_are_one_line(run, ckpt, tmp_path):
    status, _, err = run()
    assert status == 2
    assert "no --ckpt: the bundled encoder is no whole network" in one_line(err)
    np.savez(tmp_path / "set.npz", images=garments(4).images)
    status, _, err = run("--ckpt", ckpt, "--dataset", "set.npz", "-q")
    assert status == 1
    assert "has no labels; name a labelled data set" in one_line(err)
    encoder = build_network(NetworkConfig(T=3, channels=4)).static_conv.state_dict()
    torch.save({f"static_conv.{name}": v for name, v in encoder.items()}, tmp_path / "e.pth")
    status, _, err = run("--ckpt", "e.pth", *FEW, "-q")
    assert status == 2
    assert "holds an encoder, which gives no answers" in one_line(err)
