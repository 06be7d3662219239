"""Options in the spellings of both versions of SpikingJelly's script, and commands nearly right."""

import importlib

import pytest
import torch

from snnviz.cli import COMMANDS, main
from snnviz.cli.spelling import respelled


def parameters(command):
    return importlib.import_module(f"snnviz.cli.{command}").command.params


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return ended.value.code, *capsys.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_four_spellings(command):
    known = parameters(command)
    for parameter in known:
        for name in (*parameter.opts, *parameter.secondary_opts):
            words = name.lstrip("-")
            if not name.startswith("-") or len(words) == 1:
                continue
            for dashes in ("-", "--"):
                for between in ("_", "-"):
                    typed = dashes + words.replace("_", between).replace("-", between)
                    (found,) = respelled([typed], known)
                    assert found in (*parameter.opts, *parameter.secondary_opts), typed


def test_values_and_what_follows_two_dashes_stay_as_they_are():
    known = parameters("train")
    typed = ["-data-dir=a_b", "-opt", "sgd", "-j", "8", "-b64", "-lr", "-1", "--", "-data-dir"]
    assert respelled(typed, known)[0] == "-data_dir=a_b"
    assert respelled(typed, known)[1:] == typed[1:]
    assert respelled(["--nonsense", "-t"], known) == ["--nonsense", "-t"]


def test_todays_command_line_trains_as_the_old_one(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    same = ("-T", 1, "-b", 10, "-channels", 2, "-epochs", 1, "-device", "cpu", "-j", 8)
    same += ("-lr", 0.05, "--dataset", "garments", "--n-images", 20)
    old = run(capsys, "train", *same, "-out_dir", "old", "-opt", "Adam", "-lr_scheduler", "StepLR",
              "-step_size", 3)  # fmt: skip
    new = run(capsys, "train", *same, "-out-dir", "new", "-opt", "adam", "-lr-scheduler", "steplr",
              "-step-size", 3)  # fmt: skip
    assert (old[0], new[0], new[2]) == (0, 0, "")
    (one,), (two,) = ([*(tmp_path / name).iterdir()] for name in ("old", "new"))
    assert one.name == two.name == "T_1_b_10_Adam_lr_0.05_StepLR_3_0.1"
    nets = [torch.load(run / "checkpoint_latest.pth", weights_only=True) for run in (one, two)]
    assert nets[0]["training"]["opt"] == nets[1]["training"]["opt"] == "Adam"
    for name, value in nets[0]["net"].items():
        assert torch.equal(nets[1]["net"][name], value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("visualise", "visualize"),
        ("analyse", "analyze"),
        ("eval", "evaluate"),
        ("Train", "train"),
        ("curve", "curves"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_was_meant(typed, meant, capsys):
    assert run(capsys, typed, "--n-images", 1) == (
        2,
        "",
        f"snnviz: No such command {typed!r}. Did you mean {meant!r}? (see snnviz --help)\n",
    )


def test_a_command_that_is_like_none_gets_the_list(capsys):
    status, _, err = run(capsys, "xyz")
    assert status == 2
    assert all(name in err for name in COMMANDS)


def test_a_mistyped_option_in_a_new_spelling_is_named(capsys):
    status, _, err = run(capsys, "train", "-data-dir", "x", "-epoch", 3)
    assert status == 2
    assert err.startswith("snnviz: No such option '-epoch'. (Did you mean one of: '--epochs'")
