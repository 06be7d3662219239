"""`snnviz evaluate` as a user meets it."""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snnviz import __version__
from snnviz.cli import cli
from snnviz.data import fashion_mnist, garments
from snnviz.export import FORMATS
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.encoder import bundled
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

KEYS = {
    "accuracy",
    "correct",
    "total",
    "loss",
    "per_class",
    "confusion",
    "accuracy_at",
    "firing_rate",
    "synops",
    "energy",
}


@pytest.fixture
def run(run):
    """Run `snnviz evaluate` in this process: (status, stdout, stderr)."""
    return partial(run, "evaluate")


def save(path, **settings):
    net = lively(build_network(NetworkConfig(**settings), seed=0))
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
    return path


@pytest.fixture
def ckpt(tmp_path):
    return save(tmp_path / "checkpoint_max.pth", T=3, channels=4)


def test_the_numbers_are_those_of_measure(run, ckpt, tmp_path):
    status, out, err = run(
        "--ckpt", ckpt, "--dataset", "garments", "--n-images", 40, "--json", tmp_path / "new/x.json"
    )
    assert (status, err) == (0, "")
    values = json.loads((tmp_path / "new/x.json").read_text())
    checkpoint = load_checkpoint(ckpt)
    expected = evaluation_report(checkpoint.build_network(), garments(40, "test"))
    for key, value in expected.as_dict().items():
        assert values.pop(key) == value
    about = values.pop("checkpoint")
    assert (about["file"], about["sha256"]) == (str(ckpt), checkpoint.sha256)
    assert values == {
        "version": 1,
        "snnviz": __version__,
        "images": {"dataset": "garments", "split": "test"},
        "T": 3,
    }
    assert set(expected.as_dict()) >= KEYS
    assert f"accuracy {expected.accuracy:.4f}  {expected.correct} of 40" in out
    assert f"loss     {expected.loss:.6f}" in out
    # A row a class: its number and name, its accuracy, and its row of the confusion matrix.
    rows = re.findall(r"^\d (\D+?) +([\d.]+|-)((?: +\d+){10})$", out, re.MULTILINE)
    assert [name for name, *_ in rows] == list(expected.classes)
    assert [[int(count) for count in row.split()] for *_, row in rows] == [
        list(row) for row in expected.confusion
    ]
    for t, accuracy in enumerate(expected.accuracy_at, start=1):
        assert f"\n    {t}  {accuracy:.4f}\n" in out
    for name, rate in expected.firing_rate.items():
        assert re.search(rf"^{name} +{rate:.4f}$", out, re.MULTILINE)
    for name, synops in expected.synops.items():
        assert re.search(rf"^{name} +{synops:,.0f} +{expected.macs[name]:,}$", out, re.MULTILINE)
    assert f"{1e6 * expected.energy.total:.3g} uJ" in out
    assert out.endswith(f"wrote {tmp_path / 'new/x.json'}\n")


def test_json_to_stdout_stands_alone(run, ckpt):
    arguments = ("--ckpt", ckpt, "--dataset", "garments", "--n-images", 20, "--json", "-")
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    assert json.loads(out)["total"] == 20
    assert run(*arguments, "-q") == (0, out, "")


def test_time_steps_and_batches(run, ckpt):
    def values(*arguments):
        return json.loads(
            run(
                "--ckpt", ckpt, "--dataset", "garments", "--n-images", 30, "--json", "-", *arguments
            )[1]
        )

    whole, short = values("-T", 5), values("-T", 2, "-b", 7)
    assert len(whole["accuracy_at"]) == whole["T"] == 5
    assert short["accuracy_at"] == whole["accuracy_at"][:2]
    assert short["accuracy"] == whole["accuracy_at"][1]
    assert values("--split", "train")["confusion"] != values()["confusion"]


def test_figures(run, ckpt, tmp_path):
    arguments = ("--ckpt", ckpt, "--dataset", "garments", "--n-images", 20)
    folder = tmp_path / "figures"
    status, out, err = run(*arguments, "--figures", folder, "--format", "png", "--format", "svg")
    assert (status, err) == (0, "")
    names = {
        f"{name}.{form}"
        for name in ("confusion", "accuracy_at", "firing_rate")
        for form in ("png", "svg")
    }
    assert {path.name for path in folder.iterdir()} == names | {"manifest_evaluation.json"}
    assert sorted(re.findall(r"wrote .*/(\S+)", out)) == sorted(names)
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 800
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    status, _, err = run(*arguments, "--figures", folder)
    assert status == 1
    assert "not empty; choose another with --figures, or pass --overwrite" in err
    assert run(*arguments, "--figures", folder, "--overwrite", "-q", "--format", "svg")[0] == 0
    for path in folder.glob("*.svg"):
        assert path.read_bytes() == before[path.name]
    assert {path.name for path in folder.iterdir()} == {
        "manifest_evaluation.json", "confusion.svg", "accuracy_at.svg", "firing_rate.svg",
    }  # fmt: skip


def test_a_file_is_not_replaced_unasked(run, ckpt, tmp_path):
    (tmp_path / "x.json").write_text("mine")
    arguments = ("--ckpt", ckpt, "--dataset", "garments", "--n-images", 9, "--json")
    status, out, err = run(*arguments, tmp_path / "x.json")
    assert (status, out) == (1, "")
    assert "x.json is there already; choose another with --json, or pass --overwrite" in err
    assert (tmp_path / "x.json").read_text() == "mine"
    assert run(*arguments, tmp_path / "x.json", "--overwrite", "-q") == (0, "", "")
    assert json.loads((tmp_path / "x.json").read_text())["total"] == 9


def test_a_checkpoint_that_does_not_record_T(run, tmp_path):
    net = build_network(NetworkConfig(channels=2), seed=0)
    torch.save(net.state_dict(), tmp_path / "theirs.pth")
    arguments = ("--ckpt", tmp_path / "theirs.pth", "--dataset", "garments", "--n-images", 5)
    status, out, err = run(*arguments)
    assert status == 0
    assert "does not record T; taking T = 4" in err
    assert "T = 4" in out
    assert "record" not in run(*arguments, "-T", 4)[2]


def test_the_choices_of_format_are_those_of_figures():
    options = {option.name: option for option in cli.get_command(None, "evaluate").params}
    assert set(options["format"].type.choices) == set(FORMATS) - {"npz"}


BAD = [
    ([], "no --ckpt: the bundled encoder is no whole network"),
    (["--ckpt", "missing.pth"], "missing.pth"),
    (["--ckpt", bundled()], "holds an encoder alone; name a checkpoint of a whole network"),
    (["--ckpt", "GOOD", "-T", "0"], "0 is not in the range"),
    (["--ckpt", "GOOD", "-b", "0"], "0 is not in the range"),
    (["--ckpt", "GOOD", "--n-images", "0"], "0 is not in the range"),
    (["--ckpt", "GOOD", "--split", "dev"], "'dev' is not one of"),
    (["--ckpt", "GOOD", "--device", "warp"], "no device 'warp'"),
    (["--ckpt", "GOOD", "--format", "npz"], "'npz' is not one of"),
    (["--ckpt", "GOOD", "--json", "."], "is a folder, not a file"),
    (["--ckpt", "GOOD", "--json", "/dev/null/x.json"], "choose another with --json"),
    (["--ckpt", "GOOD", "--figures", "/dev/null"], "choose another with --figures"),
    (["--ckpt", "GOOD", "--dataset", "fashion-mnist", "--data-dir", "/dev/null"], "/dev/null"),
    (["--ckpt", "WIDE"], "the network takes 1 channel of (28, 30) pixels"),
    (["--ckpt", "FEW"], "class 9, the network knows 0..2"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[str(a[-2:]) for a, _ in BAD])
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, run, ckpt, tmp_path):
    files = {
        "GOOD": ckpt,
        "WIDE": save(tmp_path / "wide.pth", T=1, channels=1, image_size=(28, 30)),
        "FEW": save(tmp_path / "few.pth", T=1, channels=1, num_classes=3),
    }
    before = sorted(tmp_path.rglob("*"))
    given = [files.get(argument, argument) for argument in arguments]
    status, out, err = run("--dataset", "garments", "--n-images", 30, *given)
    assert status in (1, 2)
    assert out == ""
    assert err.startswith("snnviz: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


def test_real_images(run, tmp_path, data_dir):
    ckpt = save(tmp_path / "c.pth", T=2, channels=2)
    arguments = ("--data-dir", data_dir, "--n-images", 64, "--json", "-")
    values = json.loads(run("--ckpt", ckpt, *arguments)[1])
    labels = fashion_mnist(data_dir, "test").labels[:64]
    assert [row["total"] for row in values["per_class"]] == np.bincount(labels).tolist()
    assert values["images"] == {"dataset": "fashion-mnist", "split": "test"}


@pytest.mark.slow
def test_a_reader_of_stdout_that_goes_costs_no_file(tmp_path, ckpt):
    """`| true` and `> /dev/full`: what was measured is written before it is told."""
    command = [sys.executable, "-m", "snnviz", "evaluate", "--ckpt", ckpt, "-b", "10",
               "--dataset", "garments", "--n-images", "10"]  # fmt: skip
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*command, "--json", tmp_path / "a.json", "--figures", tmp_path / "figures"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert json.loads((tmp_path / "a.json").read_text())["total"] == 10
    assert len(list((tmp_path / "figures").iterdir())) > 1
    closed = " ".join(map(str, [*command, "--json", tmp_path / "b.json"])) + " >&-"
    result = subprocess.run(closed, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert json.loads((tmp_path / "b.json").read_text())["total"] == 10
