"""What helps, in the command line's words: flags of the command that was asked for."""

import os
import socket
from importlib import import_module

import pytest

from snnviz.cli import COMMANDS
from snnviz.cli.mistakes import reworded
from snnviz.errors import DataError, DiskFullError, ExportError
from snnviz.export.pool import work
from snnviz.files import locked
from tests.commands import one_line

FEW = ("--dataset", "garments", "--n-images", 1)


def command(name):
    return import_module(f"snnviz.cli.{name}").command


def said(name, *remedies):
    return str(
        reworded(ExportError("a fact with `overwrite=True` in it", *remedies), command(name))
    )


@pytest.mark.parametrize(
    ("name", "remedy", "expected"),
    [
        ("visualize", "another `out_dir`", "another --out-dir"),
        ("analyze", "another `folder`", "another --out-dir"),
        ("train", "another with `folder`", "another with --out-dir"),
        ("evaluate", "another `figures`", "another --figures"),
        ("evaluate", "another `json`", "another --json"),
        ("visualize", "go on with `resume=True`", "go on with --resume"),
        ("train", "go on with `resume=True`", "go on with --resume"),
        ("curves", "pass `overwrite=True`", "pass --overwrite"),
        ("train", "leave `cupy` or `step_mode` out", "leave --cupy or --step-mode out"),
        ("train", 'use `device="cuda:0"`', "use --device cuda:0"),
        ("analyze", "`root`, `garments()`", "--data-dir, --dataset garments"),
        ("analyze", "`load_picture()`", "--image FILE"),
        ("visualize", "with `with_predictions()`", "with --ckpt"),
    ],
)
def test_arguments_become_the_command_s_options(name, remedy, expected):
    assert said(name, remedy) == f"a fact with `overwrite=True` in it; {expected}"


def test_what_a_command_has_no_option_for_is_left_out():
    remedies = ("wait", "with `root`", "with `load_picture()`")
    assert said("train", *remedies).endswith("in it; wait, or with --data-dir")
    assert said("analyze", *remedies).endswith("in it; wait, with --data-dir, or with --image FILE")
    assert said("curves", "with `root`").endswith("in it; with `root`"), "it may still help"


def test_the_kind_of_an_error_stays():
    assert type(reworded(DiskFullError("full", "`folder`"), command("train"))) is DiskFullError
    assert str(reworded(DataError("no command yet", "`root`"), None)) == "no command yet; `root`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_remedy_of_a_folder_is_an_option(name):
    options = [option for each in command(name).params for option in each.opts]
    figures = ("`json`", "`figures`")
    own = {"evaluate": figures, "robustness": figures, "timing": figures, "report": ("`out`",)}
    own["attribution"] = figures
    own["energy"] = ("`json`",)
    for remedy in own.get(name, ("`folder`", "`out_dir`")):
        assert said(name, remedy).partition("; ")[2] in options


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (("visualize", *FEW, "--out-dir", "out"), "--out-dir"),
        (("analyze", *FEW, "--out-dir", "out"), "--out-dir"),
        (("curves", "events", "--out-dir", "out"), "--out-dir"),
        (("evaluate", "--ckpt", "net.pth", *FEW, "--figures", "out"), "--figures"),
        (("evaluate", "--ckpt", "net.pth", *FEW, "--json", "out/mine"), "--json"),
        (("report", *FEW, "--out", "out/mine"), "--out"),
    ],
    ids=["visualize", "analyze", "curves", "evaluate --figures", "evaluate --json", "report"],
)
def test_a_folder_that_is_taken(arguments, flag, run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    status, _, err = run(*arguments)
    assert status == 1
    assert one_line(err).endswith(f"; choose another with {flag}, or pass --overwrite\n")


def test_a_folder_in_use(run, tmp_path):
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out", argument="out_dir"):
        err = run("visualize", *FEW, "-T", 1, "--out-dir", "out", "--overwrite", "-q")[2]
    assert one_line(err).endswith("; wait for its end, or choose another --out-dir\n")


def test_an_interrupted_run(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".unfinished.json").write_text("{}")
    (tmp_path / "out" / ".unfinished_analysis.json").write_text("{}")
    err = run("visualize", *FEW, "--out-dir", "out")[2]
    assert one_line(err).endswith("; go on with --resume, or pass --overwrite\n")
    err = run("analyze", *FEW, "--out-dir", "out")[2]
    assert one_line(err).endswith("; begin it anew with --overwrite\n")


def test_a_run_that_is_there(run, tmp_path):
    run("train", *FEW, "-T", 1, "-b", 1, "-epochs", 1, "-channels", 2, "-q")
    ours = next((tmp_path / "logs").iterdir())
    again = ("train", *FEW, "-T", 1, "-b", 1, "-epochs", 1, "-channels", 2)
    assert one_line(run(*again)[2]).endswith(
        "; go on with --resume, choose another with --out-dir, or pass --overwrite\n"
    )
    assert one_line(run("train", "--resume", ours)[2]).endswith("; ask for more with --epochs\n")


def test_no_images(run, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    fact = "raw); name another folder with --data-dir, work offline with --dataset garments"
    err = one_line(run("visualize", "--data-dir", "none")[2]).replace(os.sep, "/")
    assert err.endswith(f"{fact}, or take a picture of your own with --image FILE\n")
    err = one_line(run("train", "--data-dir", "none")[2])
    assert err.endswith("with --data-dir, or work offline with --dataset garments\n")
    err = one_line(run("visualize", "--dataset", "mnist", "--data-dir", "none")[2])
    assert err.endswith("holds them with --data-dir, or work offline with --dataset garments\n")


def test_no_such_device(run):
    for name in ("visualize", "analyze", "train"):
        assert one_line(run(name, *FEW, "--device", "cuda:77")[2]).endswith("; use --device cpu\n")


def test_no_predictions(run):
    err = one_line(run("visualize", *FEW, "--select", "wrong")[2])
    assert err.endswith("needs predictions; take them from a whole network with --ckpt\n")


def _die(_task):
    os._exit(3)


def test_a_process_that_dies():
    with pytest.raises(ExportError) as died:
        list(work(_die, range(2), jobs=2))
    assert str(died.value).endswith("is written is whole; go on with `resume=True`")
    assert str(reworded(died.value, command("visualize"))).endswith("; go on with --resume")
