"""Names of files that are no UTF-8, or that end a line: in, out, and in what is said of them."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snnviz.cli import main
from snnviz.files import printable
from snnviz.tutorial.encoder import bundled

if sys.platform != "linux":
    pytest.skip("elsewhere names are text", allow_module_level=True)

NAMES = {"bytes": os.fsdecode(b"caf\xe9"), "lines": "two\nlines", "quote": "$1$ _%s{}"}


@pytest.fixture(params=NAMES.values(), ids=NAMES.keys())
def name(request, tmp_path, monkeypatch):
    """A name, in an empty folder in which a checkpoint and a picture go by it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(bundled(), f"{request.param}.pth")
    Image.fromarray(np.arange(120, dtype=np.uint8).reshape(10, 12)).save(f"{request.param}.png")
    return request.param


def run(capfd, *arguments):
    """(Status, stderr); what is printed can be printed."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    output = capfd.readouterr()
    assert all(line.startswith("snnviz: ") for line in output.err.splitlines())
    return ended.value.code, output.err


def test_pictures_and_checkpoints_of_any_name_are_drawn(name, capfd):
    arguments = ["--ckpt", f"{name}.pth", "--image", f"{name}.png", "--out-dir", f"out {name}"]
    drawn = ["--format", "png", "--format", "npz", "--sheet"]
    assert run(capfd, "visualize", "-T", 2, *arguments, *drawn) == (0, "")
    manifest = json.loads(Path(f"out {name}/manifest.json").read_text())
    assert manifest["sets"][0]["source"] == f"{name}.png"
    assert manifest["checkpoint"]["file"] == f"{name}.pth"


def test_trainings_of_any_name_are_written_gone_on_with_and_read(name, capfd):
    options = ["-T", 1, "-b", 10, "-channels", 2, "-device", "cpu", "--n-images", 20, "-q"]
    where = ["--dataset", "garments", "-out-dir", name]
    assert run(capfd, "train", *options, *where, "-epochs", 1) == (0, "")
    (run_name,) = os.listdir(name)  # noqa: PTH208
    folder = f"{name}/{run_name}"
    assert run(capfd, "train", "-resume", folder, "-epochs", 2, "-device", "cpu", "-q") == (0, "")
    assert run(capfd, "curves", folder, "--out-dir", f"curves {name}", "--dpi", 40, "-q") == (0, "")
    assert len(os.listdir(f"{folder}/fmnist_logs")) == 2  # noqa: PTH208
    arguments = ["--ckpt", f"{folder}/checkpoint_max.pth", "--json", f"{name}.json"]
    status, err = run(capfd, "evaluate", *arguments, "--dataset", "garments", "--n-images", 20)
    assert (status, err.count("\n") <= 1) == (0, True)


def test_what_is_not_there_is_named_in_one_line(name, capfd):
    for arguments in (
        ["visualize", "--ckpt", f"{name}.nope"],
        ["visualize", "--image", f"{name}.nope"],
        ["visualize", "--out-dir", f"{name}.png"],
        ["curves", f"{name}.nope"],
        ["evaluate", "--ckpt", f"{name}.nope"],
        ["train", "--resume", f"{name}.nope"],
        ["analyze", "--compare", f"{name}.nope"],
        [name],
    ):
        status, err = run(capfd, *arguments)
        assert (status in (1, 2), err.count("\n")) == (True, 1), err


def test_printable():
    assert printable(os.fsdecode(b"caf\xe9.pth")) == "caf\\udce9.pth"
    assert printable("two\nlines 训练") == "two lines 训练"
