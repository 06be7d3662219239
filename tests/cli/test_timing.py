"""`snnviz timing` as a user meets it."""

import json
import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch

from snnviz.data import garments
from snnviz.scoring.alignment import layer_alignment
from snnviz.scoring.timing import timing
from snnviz.tutorial.encoder import load_encoder
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
    assert status == 0
    values = json.loads((tmp_path / "x.json").read_text())
    expected = timing(load_checkpoint(ckpt).build_network(), garments(8, "test"), fisher=2)
    theirs = json.loads(json.dumps(expected.as_dict()))
    # Eight images, of which four are answered, and weights that learned nothing.
    assert [note[:53] for note in theirs.pop("notes")] == [
        "the network's answers do not tell the classes apart: "
    ]
    assert [f"snnviz: {note}" for note in values["notes"]] == err.splitlines()
    assert values["notes"][-1].startswith("without training fc.4 emits the same for all images")
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
        "cka_layers.png", "cka_steps.png", "cka_steps_untrained.png", "early_exit.png",
        "fisher.png",
    ]  # fmt: skip
    aligned = layer_alignment(load_checkpoint(ckpt).build_network(), garments(8, "test"))
    theirs = values["alignment"]
    assert (theirs["layers"], theirs["images"]) == (list(aligned.layers), 8)
    for key in ("steps", "layers"):
        given = np.array(theirs["cka"][key], float)
        np.testing.assert_allclose(given, getattr(aligned.cka, key), atol=1e-6)
        other = np.array(theirs["untrained"][key], float)
        assert other.shape == given.shape
        assert not np.allclose(other, given, equal_nan=True)
    row = next(line for line in out.splitlines() if line.startswith(aligned.layers[0]))
    assert f"{aligned.cka.layers[0, 1]:.3f}" in row.split()


def test_without_fisher_information_and_with_another_T(run, ckpt):
    arguments = ("--ckpt", ckpt, *FEW, "--fisher-images", 0, "--cka-images", 0, "-T", 2,
                 "--json", "-", "-q")  # fmt: skip
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert (values["T"], len(values["at"]), values["fisher"]) == (2, 2, [])
    assert values["alignment"] is None
    assert run(*arguments) == (0, out, "")


def test_an_encoder_alone_has_cka_of_its_steps(run, tmp_path):
    # Without labels, which CKA does not need.
    np.savez(tmp_path / "set.npz", images=garments(9).images)
    arguments = ("--dataset", "set.npz", "-T", 3, "--cka-images", 6, "--json", "x.json")
    status, out, err = run(*arguments, "--figures", "drawn")
    assert status == 0
    assert "an encoder gives no answers" in one_line(err)
    values = json.loads((tmp_path / "x.json").read_text())
    expected = layer_alignment(load_encoder(), garments(9).head(6), T=3)
    assert (values["T"], values["alignment"]["images"]) == (3, 6)
    found = np.array(values["alignment"]["cka"]["steps"], float)
    np.testing.assert_allclose(found, expected.cka.steps, atol=1e-6)
    assert "at" not in values
    assert sorted(p.name for p in (tmp_path / "drawn").glob("*.png")) == [
        "cka_steps.png", "cka_steps_untrained.png",
    ]  # fmt: skip
    assert "CKA on 6 images" in out


def test_what_leaves_cka_undefined_is_said(run, tmp_path):
    net = build_network(NetworkConfig(T=2, channels=4), seed=0)
    with torch.no_grad():
        net.conv[3].bias.fill_(-1e3)  # silences the second layer, and all behind it
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth")
    status, _, err = run("--ckpt", "net.pth", *FEW, "--fisher-images", 0, "--json", "x.json")
    assert status == 0
    assert "conv.4 emits the same for all images, so that its CKA is not defined" in err
    aligned = json.loads((tmp_path / "x.json").read_text())["alignment"]
    assert aligned["cka"]["layers"][1] == [None] * 4
    assert aligned["cka"]["steps"][1] == [[None, None], [None, None]]
    assert aligned["cka"]["layers"][0][0] == pytest.approx(1)
    status, _, err = run("--ckpt", "net.pth", *FEW[:2], "--n-images", 3, "--fisher-images", 0)
    assert status == 0
    assert "CKA is left out: CKA takes 4 images or more, got 3" in err


def test_mistakes_are_one_line(run, ckpt, tmp_path):
    status, _, err = run("--cka-images", 0, *FEW)
    assert status == 2
    assert "the bundled encoder is an encoder, which gives no answers" in one_line(err)
    np.savez(tmp_path / "set.npz", images=garments(4).images)
    status, _, err = run("--ckpt", ckpt, "--dataset", "set.npz", "--cka-images", 0, "-q")
    assert status == 1
    assert "has no labels; name a labelled data set" in one_line(err)
    encoder = build_network(NetworkConfig(T=3, channels=4)).static_conv.state_dict()
    torch.save({f"static_conv.{name}": v for name, v in encoder.items()}, tmp_path / "e.pth")
    status, _, err = run("--ckpt", "e.pth", *FEW[:2], "--n-images", 3, "-q")
    assert status == 1
    assert "CKA takes 4 images or more, got 3" in one_line(err)


def test_threads_that_wait_leave_the_processors_to_other_programs():
    """Torch reads this as it is loaded, which must not be before; the user's own value stays."""
    code = (
        "import os, sys; from snnviz.cli import cli; cli.get_command(None, sys.argv[1]);"
        "print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    )

    def told(command, **more):
        environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"} | more
        done = subprocess.run(
            [sys.executable, "-c", code, command], env=environment, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()

    assert told("timing") == "1000 False"
    assert told("timing", GOMP_SPINCOUNT="7") == "7 False"
    assert told("train") == "None False"
