"""The command line as a user meets it: processes, files, exit codes and one clear line."""

import json
import os
import pty
import re
import resource
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from snnviz import __version__
from snnviz.cli import COMMANDS, cli, main
from snnviz.errors import DiskFullError
from snnviz.export import FORMATS
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs import LATEST, MAX
from tests.commands import one_line, process
from tests.lively import answering


@pytest.fixture
def ckpt(tmp_path):
    net = answering(build_network(NetworkConfig(T=2, channels=3), seed=0))
    path = tmp_path / "checkpoint_max.pth"
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
    return path


def on_a_terminal(code, streams=("stdout", "stderr")):
    """What Python code writes to a terminal, which `streams` are; the others are pipes."""
    terminal, other_end = pty.openpty()
    termios.tcsetwinsize(other_end, (24, 80))
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(
        [sys.executable, "-c", code], **(pipes | dict.fromkeys(streams, other_end))
    ) as started:
        os.close(other_end)
        written = b""
        with suppress(OSError):  # how the end of a terminal shows
            while some := os.read(terminal, 4096):
                written += some
    os.close(terminal)
    assert started.returncode == 0
    return written.decode()


BAR = """
import time
from snnviz.cli.options import progress_bar
progress = progress_bar(quiet={quiet})
for done in (20, 40, 60, 60):
    progress("figures", done, 60)
    time.sleep(0.15)  # longer than a bar waits before it is drawn anew
for done in (0, 7):
    progress("sheets", done, 7)
"""


def test_one_bar_a_phase_and_its_rate_is_of_what_was_done_in_it():
    written = on_a_terminal(BAR.format(quiet=False))
    counts = re.findall(r"figures.*?(\d+)/60.*?(\?|[\d.]+)img/s", written)
    assert [count for count, _ in counts] == ["20", "40", "60"]
    assert counts[0][1] == "?"
    assert float(counts[1][1]) < 134  # 20 images in 0.15 s or somewhat more
    assert "sheets" in written


@pytest.mark.parametrize(
    ("quiet", "streams"),
    [(True, ("stdout", "stderr")), (False, ("stdout",)), (False, ("stderr",))],
)
def test_no_bar_where_nobody_looks(quiet, streams):
    assert on_a_terminal(BAR.format(quiet=quiet), streams) == ""


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_no_heavy_library(arguments):
    code = (
        "import sys\nfrom snnviz.cli import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'torchvision', 'matplotlib', 'spikingjelly'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Usage: snnviz" in result.stdout


def test_every_command_is_listed_and_documented():
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name, line in COMMANDS.items():
        assert name in result.output
        assert line in result.output
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_version_both_ways(run):
    assert run("--version") == (0, f"snnviz, version {__version__}\n", "")
    assert process("--version").stdout == f"snnviz, version {__version__}\n"


def test_the_main_job_with_nothing_but_the_package(tmp_path):
    """The README's run command, in a process of its own, with no data at hand."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNNVIZ")}
    result = process("visualize", "--dataset", "garments", cwd=tmp_path, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 figure sets" in result.stdout
    for folder in ("00000", "00001"):
        for name, width in (("input", 500), ("counts_t0", 1200), ("counts_t3", 1200)):
            with Image.open(tmp_path / "figures" / folder / f"{name}.png") as picture:
                assert picture.width > width
    manifest = json.loads((tmp_path / "figures" / "manifest.json").read_text())
    assert manifest["images"] == {"dataset": "garments", "split": "test"}
    assert manifest["checkpoint"]["file"] == "bundled encoder"
    assert manifest["checkpoint"]["max_test_acc"] >= 0.88


@pytest.mark.parametrize(
    "arguments",
    [
        ("visualize", "--dataset", "garments", "--out-dir"),
        ("curves", "run", "--out-dir"),
        ("analyze", "--dataset", "garments", "--out-dir"),
        ("train", "--dataset", "garments", "--out-dir"),
        ("visualize", "--data-dir"),
        ("visualize", "--dataset", "garments", "--ckpt"),
    ],
)
def test_a_name_that_the_system_does_not_take(arguments, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments, "x" * 300)
    assert (status, out) == (1, "")
    assert "x" * 300 in one_line(err)
    assert "File name too long" in err or "holds no" in err or "there is no" in err


def test_a_file_where_a_figure_sets_folder_goes_is_named(run, tmp_path):
    (tmp_path / "00000").touch()
    status, _, err = run("visualize", "--dataset", "garments", "--overwrite", "-T", 2,
                         "--out-dir", tmp_path)  # fmt: skip
    assert status == 1
    assert str(tmp_path / "00000") in one_line(err)


def test_a_network_just_trained(run, tmp_path):
    status, out, err = run(
        "train",
        "--dataset",
        "garments",
        "--n-images",
        60,
        "-T",
        2,
        "-b",
        20,
        "-epochs",
        2,
        "-channels",
        3,
        "-out_dir",
        tmp_path / "logs",
        "--device",
        "cpu",
    )
    assert (status, err) == (0, "")
    assert [line.split(",")[0] for line in out.splitlines()[:2]] == ["epoch=0", "epoch=1"]
    folder = tmp_path / "logs" / "T_2_b_20_SGD_lr_0.1_CosALR_64"
    latest = torch.load(folder / "checkpoint_latest.pth", weights_only=True)
    assert latest["epoch"] == 1
    assert {"net", "optimizer", "lr_scheduler", "epoch", "max_test_acc"} <= set(latest)
    status, out, err = run(
        "visualize",
        "--ckpt",
        folder / "checkpoint_max.pth",
        "--dataset",
        "garments",
        "--out-dir",
        tmp_path / "out",
        "--format",
        "npz",
        "--format",
        "svg",
    )
    assert status == 0
    assert "no output neuron of the network fires in T = 2 steps for 2 of 2 images" in one_line(err)
    with np.load(tmp_path / "out" / "00001" / "counts.npz") as stored:
        assert stored["t"].tolist() == [0, 1]
        assert stored["counts"].shape == (2, 3, 28, 28)
    status, _, err = run(
        "train",
        "--dataset",
        "garments",
        "-T",
        2,
        "-b",
        20,
        "-epochs",
        2,
        "-channels",
        3,
        "-out_dir",
        tmp_path / "logs",
    )
    assert status == 1
    assert "--overwrite" in one_line(err)


def test_choosing_images(run, ckpt, tmp_path):
    def folders(*arguments):
        out = tmp_path / "-".join(map(str, arguments))
        status, _, err = run(
            "visualize",
            "--ckpt",
            ckpt,
            "--dataset",
            "garments",
            "--format",
            "npz",
            "--out-dir",
            out,
            *arguments,
        )
        assert (status, err) == (0, "")
        listed = json.loads((out / "manifest.json").read_text())["sets"]
        assert sorted(entry["folder"] for entry in listed) == sorted(
            path.name for path in out.iterdir() if path.is_dir()
        )
        return [entry["index"] for entry in listed]

    assert folders("--n-images", 3) == [0, 1, 2]
    assert folders("--index", 7, "--index", 2) == [7, 2]
    assert folders("--index", 1234) == [1234], "more than are drawn where nobody says"
    drawn = folders("--n-images", 4, "--shuffle", "--seed", 5)
    assert len(set(drawn)) == 4
    assert drawn != sorted(drawn) or drawn != [0, 1, 2, 3]
    assert folders("--n-images", 2, "--shuffle", "--seed", 5) == drawn[:2]


def test_real_images(run, ckpt, data_dir, tmp_path):
    status, _, err = run(
        "visualize",
        "--ckpt",
        ckpt,
        "--data-dir",
        data_dir,
        "--out-dir",
        tmp_path / "a",
        "--format",
        "npz",
        "--index",
        9999,
    )
    assert (status, err) == (0, "")
    status, _, err = run(
        "visualize",
        "--ckpt",
        ckpt,
        "--data-dir",
        data_dir,
        "--out-dir",
        tmp_path / "b",
        "--index",
        10000,
    )
    assert status == 1
    assert "choose 0 to 9999" in one_line(err)
    assert not (tmp_path / "b").exists()


def test_my_own_pictures(run, ckpt, rng, tmp_path):
    for name, shape in (("a.png", (40, 31)), ("b.jpg", (12, 300))):
        Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)).save(tmp_path / name)
    status, _, err = run(
        "visualize",
        "--ckpt",
        ckpt,
        "--image",
        tmp_path / "a.png",
        "--image",
        tmp_path / "b.jpg",
        "--out-dir",
        tmp_path / "out",
        "--format",
        "npz",
    )
    told = "snnviz: no predictions: the network takes images of 28 x 28 pixels\n"
    assert status == 0
    assert told in err
    assert "b.jpg" in err  # scaled down to 256 pixels by nobody's choice
    with np.load(tmp_path / "out" / "00000" / "counts.npz") as stored:
        assert stored["counts"].shape == (2, 3, 40, 31)
    with np.load(tmp_path / "out" / "00001" / "counts.npz") as stored:
        assert stored["image"].shape == (10, 256)


def test_every_option_reads_the_environment(run, ckpt, tmp_path, monkeypatch):
    for name, value in {
        "CKPT": ckpt,
        "DATASET": "garments",
        "N_IMAGES": 1,
        "OUT_DIR": tmp_path / "out",
        "FORMAT": "npz svg",
        "AT": "1 0",
        "T": 5,
        "NORMALIZE": "none",
        "QUIET": 1,
    }.items():
        monkeypatch.setenv(f"SNNVIZ_VISUALIZE_{name}", str(value))
    assert run("visualize") == (0, "", "")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["options"]["T"] == 5
    assert manifest["options"]["at"] == [1, 0]
    assert manifest["options"]["normalize"] == "none"
    assert manifest["options"]["formats"] == ["npz", "svg"]
    assert len(manifest["sets"]) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_the_environment_is_named_after_the_options(name):
    for parameter in cli.get_command(None, name).params:
        longest = max(parameter.opts, key=len)
        assert parameter.name.upper() == longest.lstrip("-").replace("-", "_").upper()


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_promises_only_what_the_command_has(name, run, monkeypatch):
    def interrupt(**_):
        raise KeyboardInterrupt

    command = cli.get_command(None, name)
    monkeypatch.setattr(command, "callback", interrupt)
    needed = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    status, _, err = run(name, *("x" for _ in needed))
    assert status == 130
    assert "interrupted" in one_line(err)
    assert ("--resume" in err) == any("--resume" in option.opts for option in command.params)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_asks_for_what_the_command_has(name, run, monkeypatch):
    def fill(**_):
        raise DiskFullError("cannot write x: No space left on device; free some space")

    command = cli.get_command(None, name)
    monkeypatch.setattr(command, "callback", fill)
    needed = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    status, _, err = run(name, *("x" for _ in needed))
    assert status == 1
    resumes = any("--resume" in option.opts for option in command.params)
    remedy = "go on with --resume" if resumes else "start again"
    assert one_line(err).endswith(f"free some space and {remedy}\n")


def test_the_choices_of_format_are_those_that_are_written():
    options = {option.name: option for option in cli.get_command(None, "visualize").params}
    assert tuple(options["format"].type.choices) == FORMATS


def test_the_data_folder_is_read_from_the_environment(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNVIZ_DATA_DIR", str(tmp_path / "general"))
    (tmp_path / "general").touch()
    assert "general" in run("visualize", "--out-dir", tmp_path / "out")[2]
    monkeypatch.setenv("SNNVIZ_VISUALIZE_DATA_DIR", str(tmp_path / "particular"))
    (tmp_path / "particular").touch()
    assert "particular" in run("visualize", "--out-dir", tmp_path / "out")[2]


BAD = [
    (["--n-images", "0"], "neither a number from 1 nor 'all'"),
    (["--n-images", "two"], "'two'"),
    (["--n-images", "10001", "--shuffle"], "10001 of 10000"),
    (["--n-images", "10001"], "10001 of 10000"),
    (["--n-images", "60001", "--split", "train"], "60001 of 60000"),
    (["--index", "-1"], "-1"),
    (["--index", "10000"], "choose 0 to 9999"),
    (["--index", "1000000000"], "choose 0 to 9999"),
    (["--index", f"{10**21}"], "choose 0 to 9999"),
    (["-T", "0"], "0 is not in the range"),
    (["--at", "4"], "step 4 is not in 0..1"),
    (["--format", "bmp"], "'bmp' is not one of"),
    (["--normalize", "log"], "'log' is not one of"),
    (["--cmap", "nope"], "no colour map 'nope'"),
    (["--dpi", "9"], "9 is not in the range"),
    (["-dpii", "9"], "No such option '-dpii'. Did you mean '--dpi'?"),
    (["-Thirty"], "No such option '-Thirty'"),
    (["-T3x"], "'3x' is not a valid integer"),
    (["--format", "npz", "--kind", "counts", "--kind", "spikes"], "draw other kinds as png"),
    (["--rows", "1", "--columns", "2"], "do not fit"),
    (["--rows", "100000"], "more than can be drawn"),
    (["--columns", "100000"], "more than can be drawn"),
    (["--device", "warp"], "no device 'warp'"),
    (["--ckpt", "missing.pth"], "missing.pth"),
    (["--image", "missing.png"], "missing.png"),
    (["--image", "x.png", "--shuffle"], "leave out"),
    (["--out-dir", "/dev/null/x"], "/dev/null/x"),
    (["--surprise"], "--surprise"),
    (["surprise"], "surprise"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, run, ckpt, tmp_path):
    out = tmp_path / "out"
    before = sorted(tmp_path.rglob("*"))
    status, stdout, err = run(
        "visualize", "--dataset", "garments", "--ckpt", ckpt, "--out-dir", out, *arguments
    )
    assert status in (1, 2)
    assert stdout == ""
    assert message in one_line(err)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "typed", "meant"),
    [
        ("train", "-epoch", "--epochs"),
        ("train", "-T_Mix", "-T_max"),
        ("train", "-batch-sizes", "--batch-size"),
        ("train", "-data-dirs=x", "--data-dir"),
        ("evaluate", "-batchsize", "--batch-size"),
        ("", "-versions", "--version"),
    ],
)
def test_a_mistyped_option_is_named_as_it_was_typed(command, typed, meant, run):
    status, _, err = run(*command.split(), typed, 3)
    assert status == 2
    assert one_line(err).startswith(f"snnviz: No such option '{typed.split('=')[0]}'. ")
    assert f"'{meant}'" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "arguments", "fact"),
    [
        ("train", ("-channels", 10**6), "for another 33,528 GiB; choose"),
        ("train", ("-channels", 10**8), "for another 335,276,127 GiB; choose"),
        ("train", ("-channels", 10**12), ""),
    ],
)
def test_too_little_memory_is_one_line(command, arguments, fact, run, tmp_path):
    status, out, err = run(
        command, "--dataset", "garments", "--n-images", 20, "-b", 10, *arguments,
        "-out_dir", tmp_path / "logs",
    )  # fmt: skip
    assert (status, out) == (1, "")
    assert "not enough memory" in one_line(err)
    assert fact in err
    assert "smaller --batch-size, --n-images, --jobs, --T or --channels" in err


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a"),
            "not enough memory for another 2.00 GiB; choose",
        ),
        (
            np._core._exceptions._ArrayMemoryError((1 << 28, 3), np.dtype(np.float64)),
            "not enough memory for another 6.00 GiB; choose",
        ),
        (
            MemoryError("Out of memory allocating 1,024 bytes (allocated so far: 0 bytes)."),
            "not enough memory for another 1,024 bytes; choose",
        ),
        (MemoryError(), "not enough memory; choose"),
    ],
)
def test_memory_of_any_library_and_command(error, fact, run, ckpt, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("snnviz.scoring.report.evaluation_report", fail)
    status, _, err = run("evaluate", "--ckpt", ckpt, "--dataset", "garments")
    assert status == 1
    assert fact in one_line(err)
    assert err.endswith("smaller --batch-size, --n-images or --T\n")


def test_another_runtime_error_is_a_bug_and_shows_itself(ckpt, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("allocated")

    monkeypatch.setattr("snnviz.scoring.report.evaluation_report", fail)
    with pytest.raises(RuntimeError, match="allocated"):
        main(["evaluate", "--ckpt", str(ckpt), "--dataset", "garments"])


def test_a_file_that_is_no_picture(run, ckpt, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    status, _, err = run(
        "visualize",
        "--ckpt",
        ckpt,
        "--image",
        tmp_path / "notes.txt",
        "--out-dir",
        tmp_path / "out",
    )
    assert status == 1
    assert "notes.txt" in one_line(err)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty(run, ckpt, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    arguments = (
        "visualize",
        "--ckpt",
        ckpt,
        "--dataset",
        "garments",
        "--out-dir",
        tmp_path / "out",
    )
    status, _, err = run(*arguments)
    assert status == 1
    assert "not empty" in one_line(err)
    assert run(*arguments, "--overwrite", "-q") == (0, "", "")
    assert (tmp_path / "out" / "mine").exists()


def test_a_checkpoint_that_does_not_record_T(run, tmp_path):
    net = answering(build_network(NetworkConfig(channels=3), seed=0))
    torch.save({"net": net.state_dict()}, tmp_path / "theirs.pth")
    arguments = (
        "visualize",
        "--ckpt",
        tmp_path / "theirs.pth",
        "--dataset",
        "garments",
        "--format",
        "npz",
    )
    status, _, err = run(*arguments, "--out-dir", tmp_path / "a")
    assert status == 0
    neurons, steps = err.splitlines()
    assert "does not say which neurons its network has; taking integrate-and-fire" in neurons
    assert "does not record T; taking T = 4" in steps
    stated = ("-T", 4, "--neuron", "if")
    assert run(*arguments, "--out-dir", tmp_path / "b", *stated)[2] == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "evaluate", "analyze", "visualize"])
def test_a_full_disk_is_one_line_and_leaves_whole_files(command, ckpt, tmp_path):
    """The operating system refuses to write past 20 kB, as it would on a full disk."""
    limit = 20_000
    arguments = {
        "train": [
            "train",
            "--dataset",
            "garments",
            "--n-images",
            40,
            "-T",
            1,
            "-b",
            20,
            "-epochs",
            1,
            "-channels",
            3,
            "--out-dir",
            tmp_path / "out",
        ],
        "evaluate": [
            "evaluate",
            "--ckpt",
            ckpt,
            "--dataset",
            "garments",
            "--n-images",
            20,
            "--figures",
            tmp_path / "out",
        ],
        "analyze": [
            "analyze",
            "--ckpt",
            ckpt,
            "--dataset",
            "garments",
            "--n-images",
            20,
            "--train-images",
            20,
            "--untrained",
            0,
            "--network-images",
            5,
            "--out-dir",
            tmp_path / "out",
        ],
        "visualize": [
            "visualize",
            "--ckpt",
            ckpt,
            "--dataset",
            "garments",
            "--dpi",
            800,
            "--out-dir",
            tmp_path / "out",
        ],
    }[command]
    result = process(
        *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert result.returncode == 1
    assert "cannot write" in one_line(result.stderr)
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".part" or path.name in (LATEST, MAX)]
    assert "manifest.json" not in [path.name for path in left]
    for path in left:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", ["visualize", "evaluate"])
def test_a_stdout_that_cannot_be_written_to_is_one_line(command, ckpt, tmp_path):
    """All figures are there, and Python does not complain once more at its end."""
    written = ["--out-dir", tmp_path / "out"] if command == "visualize" else ["--json", "-"]
    arguments = [command, "--ckpt", ckpt, "--dataset", "garments", "--n-images", 2, *written]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "snnviz", *map(str, arguments)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "cannot write to stdout: No space left on device" in one_line(result.stderr)
    assert (tmp_path / "out" / "manifest.json").exists() == (command == "visualize")


def test_without_a_command_the_help_is_shown_as_it_is(run):
    status, out, err = run()
    assert (status, out) == (2, "")
    assert err.startswith("Usage: snnviz [OPTIONS] COMMAND [ARGS]...\n\n")
    assert re.search("\n  visualize  .*\n$", err)
