"""`snnviz train --resume` where a run was stopped before it had an epoch to go on from."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snnviz.tutorial.runs import LATEST, MAX
from tests.commands import one_line
from tests.kills import contents

TRAIN = (
    "train",
    "--dataset",
    "garments",
    "--n-images",
    20,
    "-T",
    1,
    "-b",
    10,
    "-channels",
    2,
    "-device",
    "cpu",
)
NAME = "T_1_b_10_SGD_lr_0.1_CosALR_64"


# What was there before the first epoch was saved, of what a whole run leaves.
STAGES = {
    "begun": ("config.json",),
    "settings": ("config.json", "args.txt"),
    "untrained": ("config.json", "args.txt", "encoders/untrained.pth"),
    "best": ("config.json", "args.txt", "encoders/untrained.pth", "encoders/epoch_000.pth", MAX),
}


@pytest.fixture
def cut(run, tmp_path):
    """Make of a whole run what one is that was killed at a stage of its beginning."""

    def cut(stage, *arguments):
        assert run(*TRAIN, "-epochs", 1, *arguments, "-q") == (0, "", "")
        folder = tmp_path / "logs" / NAME
        for path in folder.rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in STAGES[stage]:
                path.unlink()
        return folder

    return cut


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("named", ["folder", "checkpoint", "options"])
def test_a_training_killed_before_its_first_epoch_begins_anew(named, stage, cut, run, tmp_path):
    """With the options that it was begun with, such as its seed, and in one line of words."""
    assert run(*TRAIN, "-epochs", 1, "--seed", 7, "-out_dir", "whole", "-q")[0] == 0
    whole = torch.load(tmp_path / "whole" / NAME / LATEST, weights_only=True)
    folder = cut(stage, "--seed", 7)
    arguments = {
        "folder": ("train", "--resume", folder),
        "checkpoint": ("train", "--resume", folder / LATEST),
        "options": (*TRAIN, "--resume"),
    }[named]
    status, out, err = run(*arguments)
    assert status == 0, err
    assert out.startswith("epoch=0, ")
    expected = f"no epoch is saved in {Path('logs') / NAME if named == 'options' else folder} yet"
    assert (
        one_line(err) == f"snnviz: {expected}: it begins anew, with the options it was begun with\n"
    )
    found = torch.load(folder / LATEST, weights_only=True)
    assert found["training"] == whole["training"]
    for key, value in whole["net"].items():
        assert torch.equal(found["net"][key], value), key


def test_another_option_than_it_was_begun_with_is_refused(cut, run):
    folder = cut("settings", "--seed", 7)
    for name in ((folder,), ()):
        status, _, err = run(*TRAIN, "--seed", 8, "--resume", *name)
        assert status == 1
        assert "was begun with seed 7, got 8; go on with the same" in one_line(err)
    assert run(*TRAIN, "--resume", folder, "-epochs", 2, "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no config.json there says what it was begun with; name another run"),
        ("[1]", "no config.json there says"),
        ('{"version": 1}', "no config.json there says"),
        ('{"training": 5}', "no config.json there says"),
        ('{"training": {"T": "4"}}', "says T '4', which is no int; begin anew with all options"),
        ('{"training": {"amp": 1}}', "says amp 1, which is no bool"),
        ('{"training": {"T": 0}}', "T must be at least 1, got 0"),
        ('{"training": {}, "train_set": 3}', "says train_set 3, which is no str"),
    ],
)
def test_a_config_that_says_nothing_is_one_line(text, words, cut, run):
    folder = cut("settings")
    (folder / "config.json").write_text(text)
    before = contents(folder)
    for name in (folder, folder / LATEST):
        status, out, err = run("train", "--resume", name)
        assert (status, out) == (1, "")
        assert words in one_line(err)
    assert contents(folder) == before
    assert run(*TRAIN, "-epochs", 1, "--overwrite", "-q") == (0, "", ""), "what was said helps"


def test_a_best_epoch_without_the_last_is_not_begun_over(run, tmp_path):
    assert run(*TRAIN, "-epochs", 2, "-q")[0] == 0
    folder = tmp_path / "logs" / NAME
    checkpoint = torch.load(folder / LATEST, weights_only=True)
    torch.save(checkpoint, folder / MAX)  # the best epoch is 1
    (folder / LATEST).unlink()
    for arguments in (("train", "--resume", folder), (*TRAIN, "--resume")):
        status, _, err = run(*arguments)
        assert status == 1
        assert f"is of epoch 1; go on from that with --resume {folder / MAX}" in one_line(
            err.replace(f"--resume logs/{NAME}", f"--resume {folder}")
        )
    assert run("train", "--resume", folder / MAX, "-epochs", 3, "-q") == (0, "", "")


def test_what_lies_beside_the_runs_is_none_of_them(run, tmp_path):
    """Without RUN, where the run that the options name is not there yet."""
    (tmp_path / "logs").mkdir()
    for name in (MAX, "config.json", LATEST):
        (tmp_path / "logs" / name).write_text("not a run's")
    assert run(*TRAIN, "-epochs", 1, "--resume", "-q") == (0, "", "")


def test_a_training_that_was_being_overwritten_is_named(run, tmp_path):
    assert run(*TRAIN, "-epochs", 1, "-q")[0] == 0
    folder = tmp_path / "logs" / NAME
    (folder / ".unfinished_training.json").write_text('{"clearing": true, "files": []}')
    (folder / "args.txt").unlink()
    for arguments in (("train", "--resume", folder), (*TRAIN, "--resume"), TRAIN):
        status, _, err = run(*arguments, "-epochs", 2)
        assert status == 1
        assert "stopped while it began anew; begin it again with all its options and --over" in (
            one_line(err)
        )
    assert run(*TRAIN, "-epochs", 1, "--overwrite", "-q") == (0, "", "")
    assert not list(folder.glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("threads", 99, r"threads \d+ \(before: 99\)"),
        ("torch", "2.0", r"torch 2.* \(before: 2.0\)"),
        ("vectors", "AVX9", r"vectors \w+ \(before: AVX9\)"),
    ],
)
def test_another_way_to_round_is_said(name, value, words, run, tmp_path):
    assert run(*TRAIN, "-epochs", 1, "-q") == (0, "", "")
    folder = tmp_path / "logs" / NAME
    assert run("train", "--resume", folder, "-epochs", 2)[2] == ""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, name: value}))
    status, _, err = run("train", "--resume", folder, "-epochs", 3)
    assert status == 0
    assert re.fullmatch(
        f"snnviz: the run goes on with {words}, so that it is not bit for bit the same\n", err
    )


def test_images_that_are_elsewhere_now_are_not_others(run, tmp_path, monkeypatch, rng):
    """A relative path names nothing in another folder; Fashion-MNIST is not taken as it."""
    pixels = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    for split in ("train", "test"):
        for label, picture in enumerate(pixels[:20] if split == "train" else pixels[:4]):
            folder = tmp_path / "own" / split / str(label % 2)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / f"{label}.png")
    options = ("-T", 1, "-b", 10, "-channels", 2, "-device", "cpu", "-epochs", 1, "-q")
    assert run("train", "--dataset", "own", *options) == (0, "", "")
    folder = tmp_path / "logs" / NAME
    before = contents(folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    status, out, err = run("train", "--resume", folder, "-epochs", 2)
    assert (status, out) == (1, "")
    assert "was trained on 'own', and no data set, folder or file is called so here" in one_line(
        err
    )
    assert contents(folder) == before
    status, _, err = run("train", "--resume", folder, "-epochs", 2, "--dataset", "../own", "-q")
    assert (status, err) == (0, "")
