"""`snnviz train` and `snnviz curves` as a user meets them."""

import json
import os
import re
import signal
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from PIL import Image

from snnviz.cli import plan
from snnviz.cli.interrupts import Stopped
from snnviz.cli.train import command
from snnviz.data import garments
from snnviz.device import has_bfloat16
from snnviz.errors import ConfigError
from snnviz.files import locked
from snnviz.scoring.evaluation import evaluate
from snnviz.tutorial.acceleration import native
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs import LATEST, MAX, read_curves
from snnviz.tutorial.training import OPTIMIZERS, SCHEDULES, TrainConfig
from tests.commands import one_line, one_line_of_ranks, process, ranks, start
from tests.lively import lively

SMALL = ("train", "--dataset", "garments", "--n-images", 60, "-T", 2, "-b", 20, "-channels", 3,
         "-lr", 0.5, "-device", "cpu")  # fmt: skip
NAME = "T_2_b_20_SGD_lr_0.5_CosALR_64"
MIXED = "" if has_bfloat16() else "snnviz: this processor has no bfloat16: products are float32\n"


def weights(folder, name=LATEST):
    return load_checkpoint(folder / name).state


def test_the_tutorials_command_line(run, tmp_path, data_dir):
    """Word for word, but for one short epoch of few images and channels."""
    status, out, err = run("train", "-opt", "SGD", "-data_dir", data_dir, "-amp", "-epochs", 1,
                           "--n-images", 256, "-channels", 2, "-device", "cpu")  # fmt: skip
    assert (status, err) == (0, MIXED)
    folder = tmp_path / "logs" / "T_4_b_128_SGD_lr_0.1_CosALR_64_amp"
    assert out.startswith("epoch=0, train_loss=")
    assert {path.name for path in folder.iterdir()} == {
        "args.txt", "config.json", "checkpoint_max.pth", "checkpoint_latest.pth", "encoders",
        "fmnist_logs",
    }  # fmt: skip
    arguments = (folder / "args.txt").read_text()
    assert arguments.startswith("Namespace(T=4, T_max=64, amp=True, b=128, cupy=False, data_dir=")
    assert arguments.endswith("opt='SGD', out_dir='logs', resume=None, step_size=32)")


@pytest.mark.parametrize("spelling", [0, 1])
def test_every_option_of_the_tutorial_has_both_spellings(spelling, run, tmp_path):
    pairs = {
        "-T": ("--T", 1), "-device": ("--device", "cpu"), "-b": ("--batch-size", 10),
        "-epochs": ("--epochs", 1), "-j": ("--jobs", 2), "-data_dir": ("--data-dir", "none"),
        "-out_dir": ("--out-dir", "here"), "-opt": ("--opt", "Adam"), "-lr": ("--lr", 0.01),
        "-momentum": ("--momentum", 0.5), "-lr_scheduler": ("--lr-scheduler", "StepLR"),
        "-step_size": ("--step-size", 3), "-gamma": ("--gamma", 0.5), "-T_max": ("--t-max", 9),
    }  # fmt: skip
    given = []
    for name, (long, value) in pairs.items():
        given += [(name, long)[spelling], value]
    given += [("-amp", "--amp")[spelling], "--deterministic"]
    small = ("--dataset", "garments", "--n-images", 20, "--channels", 2)
    assert run("train", *given, *small, "-q") == (0, "", "")
    folder = tmp_path / "here" / "T_1_b_10_Adam_lr_0.01_StepLR_3_0.5_amp"
    written = json.loads((folder / "config.json").read_text())
    assert written["autocast"] == ("bfloat16" if has_bfloat16() else "float32")
    assert set(written["tf32"]) == {"matmul", "cudnn"}
    assert written["training"] == {
        "T": 1, "batch_size": 10, "epochs": 1, "opt": "Adam", "lr": 0.01, "momentum": 0.5,
        "lr_scheduler": "StepLR", "step_size": 3, "gamma": 0.5, "t_max": 9, "channels": 2,
        "step_mode": "s", "amp": True, "cupy": False, "deterministic": True,
        "sync_bn": False, "val_split": 0,
        "seed": 2020, "device": "cpu", "pooling": "max", "tau": None, "decay_input": True,
        "augment_lightly": False, "label_smoothing": 0.0, "ema": 0.0,
    }  # fmt: skip
    assert {"-resume", "--resume", "-cupy", "--cupy"} <= {o for p in command.params for o in p.opts}


def test_choices_and_defaults_are_those_of_the_library():
    parameters = {parameter.name: parameter for parameter in command.params}
    for name, table in (("opt", OPTIMIZERS), ("lr_scheduler", SCHEDULES)):
        assert isinstance(parameters[name].type, click.Choice)
        assert set(parameters[name].type.choices) == set(table)
    defaults = TrainConfig()
    for name in set(parameters) & set(defaults.__dataclass_fields__) - {"device"}:
        given = parameters[name].get_default(click.Context(command))
        assert (given or False) == (getattr(defaults, name) or False), name


def test_a_network_of_averages_and_leaks_is_measured_as_it_was_trained(run, tmp_path):
    """Its rates by SpikingJelly's modules, stepped through time; max pooling has others."""
    given = ("--pooling", "avg", "--tau", 4, "--no-decay-input", "--val-split", 20)
    assert run(*SMALL, *given, "-epochs", 2, "-q") == (0, "", "")
    folder = tmp_path / "logs" / f"{NAME}_avg_tau_4.0_whole_input"
    checkpoint = load_checkpoint(folder / LATEST)
    config = checkpoint.config
    assert (config.pooling, config.neuron, config.tau, config.decay_input) == (
        "avg", "lif", 4.0, False,
    )  # fmt: skip
    content = torch.load(folder / LATEST, weights_only=True)
    content["net"] = lively(build_network(config)).state_dict()  # so short a training is silent
    torch.save(content, tmp_path / "lively.pth")
    images = garments(200, "test")
    losses = {}
    for pool in (torch.nn.AvgPool2d, torch.nn.MaxPool2d):
        net = build_network(config).eval()
        net.load_state_dict(content["net"])
        net.conv[1] = net.conv[5] = pool(2)
        with torch.no_grad():
            rates = net(torch.from_numpy(images.batch(range(200))))
        target = torch.nn.functional.one_hot(torch.from_numpy(images.labels).long(), 10)
        losses[pool] = float((rates - target).square().mean())
    status, _, err = run("evaluate", "--ckpt", "lively.pth", "--dataset", "garments",
                         "--n-images", 200, "--json", "found.json")  # fmt: skip
    assert (status, err) == (0, "")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["loss"] == pytest.approx(losses[torch.nn.AvgPool2d], rel=1e-5)
    assert found["loss"] != pytest.approx(losses[torch.nn.MaxPool2d], rel=1e-3)
    assert found["value_steps"] == {"conv.2": 2, "fc.1": 2}
    assert run("train", "--resume", folder, "-epochs", 3, "-q") == (0, "", "")
    status, _, err = run("train", "--resume", folder, "-epochs", 4, "--pooling", "max", "-q")
    assert status == 1
    assert "was begun with pooling avg, got max" in one_line(err)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--tau", 1), "neurons of kind 'lif' need a tau above 1, got 1.0"),
        (("--tau", "nan"), "neurons of kind 'lif' need a tau above 1, got nan"),
        (("--pooling", "min"), "'min' is not one of 'max', 'avg'"),
        (("--cupy", "--pooling", "avg"), "max pooling, got .* and avg pooling; leave --cupy out"),
        (("--cupy", "--tau", 2), "do not leak .*; leave --cupy out"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_one_line(given, said, run, tmp_path):
    status, out, err = run(*SMALL, *given)
    assert status in (1, 2)
    assert out == ""
    assert re.search(said, one_line(err))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_going_on_is_as_not_stopping(run, tmp_path):
    """By folder, by checkpoint, and by naming the same options again."""
    assert run(*SMALL, "-epochs", 4, "--out-dir", "whole", "-q")[0] == 0
    whole = tmp_path / "whole" / NAME
    assert run(*SMALL, "-epochs", 1)[0] == 0
    folder = tmp_path / "logs" / NAME
    status, out, err = run("train", "--resume", folder, "-epochs", 2)
    assert (status, err) == (0, "")
    assert out.startswith("epoch=1,")
    assert run("train", "-resume", folder / LATEST, "-epochs", 3, "-q") == (0, "", "")
    assert run(*SMALL, "-epochs", 4, "-resume", "-q") == (0, "", "")
    for name, value in weights(whole).items():
        assert torch.equal(weights(folder)[name], value), name
    for tag, curve in read_curves(whole).items():
        assert read_curves(folder)[tag].values.tolist() == curve.values.tolist()
    status, _, err = run("train", "--resume", folder)
    assert status == 1
    assert "has 4 epochs behind it and 4 were asked for; ask for more with --epochs" in one_line(
        err
    )


def test_without_a_saved_epoch_resume_begins(run, tmp_path):
    assert run(*SMALL, "-epochs", 1, "--resume", "-q") == (0, "", "")
    (tmp_path / "logs" / NAME / LATEST).unlink()
    assert run(*SMALL, "-epochs", 1, "--resume", "-q") == (0, "", "")
    assert (tmp_path / "logs" / NAME / LATEST).exists()


def test_a_checkpoint_elsewhere_can_be_gone_on_from(run, tmp_path):
    """The folder that it lies in stays as it is."""
    assert run(*SMALL, "-epochs", 1, "-q")[0] == 0
    first = tmp_path / "logs" / NAME
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    assert run("train", "-resume", first / MAX, "-epochs", 2, "-out_dir", "b", "-q")[0] == 0
    assert {path: path.read_bytes() for path in before} == before
    assert load_checkpoint(tmp_path / "b" / NAME / LATEST).epoch == 1
    assert run("train", "-resume", first / MAX, "-epochs", 3, "-out_dir", "b", "-q")[0] == 1


def test_a_run_that_is_there_is_kept(run, tmp_path):
    assert run(*SMALL, "-epochs", 1, "-q")[0] == 0
    before = weights(tmp_path / "logs" / NAME)
    status, out, err = run(*SMALL, "-epochs", 1)
    assert (status, out) == (1, "")
    assert "already holds a run; go on with --resume" in one_line(err)
    assert run(*SMALL, "-epochs", 1, "--seed", 3, "--overwrite", "-q")[0] == 0
    after = weights(tmp_path / "logs" / NAME)
    assert not torch.equal(before["fc.3.weight"], after["fc.3.weight"])


def test_the_best_epoch_is_chosen_on_held_out_images(run, tmp_path):
    status, out, _ = run(*SMALL, "-epochs", 3, "--val-split", 20)
    assert status == 0
    assert "chosen on 20 held-out images: val_acc=" in out.splitlines()[-1]
    assert ", val_acc=" in out.splitlines()[0]
    saved = torch.load(tmp_path / "logs" / NAME / MAX, weights_only=True)
    curves = read_curves(tmp_path / "logs" / NAME)
    assert saved["epoch"] == curves["val_acc"].best
    assert saved["training"]["train_images"] == 40
    assert run("train", "--resume", tmp_path / "logs" / NAME, "-epochs", 4, "-q") == (0, "", "")
    assert run(*SMALL, "-epochs", 1, "-out_dir", "b")[1].splitlines()[-1].count("flatters") == 1


def network_file(path, **config):
    net = build_network(NetworkConfig(**config), seed=0)
    torch.save({"net": net.state_dict(), "network": net.config.as_dict(), "epoch": 0,
                "optimizer": {}, "lr_scheduler": {}, "max_test_acc": 0.1}, path)  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-momentum", "2"], "momentum must be in [0, 1), got 2"),
        (["-lr", "0"], "got 0"),
        (["-lr", "nan"], "got nan"),
        (["-T", "0"], "0 is not in the range"),
        (["-b", "900"], "smaller batch"),
        (["-opt", "SDG"], "'SDG' is not one of 'SGD', 'Adam'"),
        (["-lr_scheduler", "Cosine"], "'Cosine' is not one of"),
        (["-step_size", "0"], "0 is not in the range"),
        (["-gamma", "-1"], "gamma must be a number above 0, got -1"),
        (["--val-split", "100"], "cannot hold out 100 of 100"),
        (["-device", "cuda:7"], "no device 'cuda:7' here"),
        (["--dataset", "fashion-mnist", "--data-dir", "/dev/null"], "/dev/null"),
        (
            ["-cupy", "-device", "cpu"],
            "got cpu; leave --cupy out, or choose a GPU with --device cuda:0",
        ),
        (["-cupy", "--step-mode", "s"], "got the step mode s; leave --cupy or --step-mode out"),
        (
            ["-cupy", "-T", "65"],
            "cupy: its kernels take up to 64 time steps, got 65; leave --cupy out",
        ),
        (["-resume", "nothing.pth"], "nothing.pth: does not exist"),
        (["-resume", "other.pth", "-b", "50"], "channels=128"),
        (["-resume", "garbage.pth"], "garbage.pth: is "),
        (["-resume", "other.pth", "--overwrite"], "pass one"),
        (["--n-images", "0"], "0 is not in the range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_are_one_line_and_write_nothing(arguments, message, run, tmp_path):
    network_file(tmp_path / "other.pth", channels=2)
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    status, out, err = run("train", "--dataset", "garments", "--n-images", 100, *arguments)
    assert status in (1, 2)
    assert out == ""
    assert message in one_line(err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["garbage.pth", "other.pth"]


def test_a_run_is_gone_on_with_by_its_folder_alone(run, tmp_path, data_dir, monkeypatch):
    """Also where its images lie is known, unless they are somewhere else now."""
    monkeypatch.delenv("SNNVIZ_DATA_DIR", raising=False)
    small = ("-channels", 2, "--n-images", 128, "-T", 1, "-device", "cpu", "-out_dir", "logs")
    assert run("train", "-data_dir", data_dir, *small, "-epochs", 1, "-q")[0] == 0
    (folder,) = (tmp_path / "logs").iterdir()
    assert run("train", "--resume", folder, "-epochs", 2, "-q") == (0, "", "")
    status, _, err = run("train", "--resume", folder, "-epochs", 3, "-data_dir", "/dev/null")
    assert status == 1
    assert "/dev/null" in one_line(err)


def test_options_that_contradict_the_saved_run_are_refused(run, tmp_path):
    assert run(*SMALL, "-epochs", 1, "-q")[0] == 0
    folder = tmp_path / "logs" / NAME
    before = (folder / LATEST).read_bytes()
    for option, value in (("-lr", 0.2), ("-channels", 4), ("--seed", 1), ("-b", 10)):
        status, _, err = run("train", "--resume", folder, "-epochs", 2, option, value)
        assert status == 1
        assert f"{value}; go on with the same" in one_line(err)
    (folder / "notes").mkdir()
    assert (folder / LATEST).read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_finishes_the_epoch_or_at_once(presses, tmp_path):
    arguments = [*SMALL[:4], 3000, *SMALL[5:], "-epochs", 50, "-out_dir", tmp_path]
    process = start(*arguments)
    first = process.stdout.readline()
    assert first.startswith("epoch=0,"), process.stderr.read()
    process.send_signal(signal.SIGINT)
    assert "Ctrl-C again" in process.stderr.readline()
    if presses == 2:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    epochs = 1 + out.count("epoch=")
    assert load_checkpoint(tmp_path / NAME / LATEST).epoch == epochs - 1
    if presses == 1:
        assert f"after epoch {epochs - 1}, which is saved; go on with: snnviz train --resume" in (
            one_line(err)
        )
    else:
        assert "--resume goes on" in one_line(err)
    assert read_curves(tmp_path / NAME)["test_acc"].epochs.tolist() == [*range(epochs)]


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    """One step on the same global batch, normalized over both processes' images.

    Only one, since a potential near its threshold turns a rounded sum into another spike.
    """
    arguments = ["train", "--dataset", "garments", "--n-images", 30, "--val-split", 20, "-b", 10,
                 "-channels", 8, "-lr", 0.5, "-device", "cpu", "-epochs", 1, "-q"]  # fmt: skip
    alone = process(
        *arguments, "-out_dir", tmp_path / "one", env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert alone.returncode == 0, alone.stderr
    for name, option in (("two", ["--sync-bn"]), ("apart", [])):
        result = ranks(2, *arguments, *option, "-out_dir", tmp_path / name)
        assert result.returncode == 0, result.stderr
    (one,), (two,), (apart,) = ((tmp_path / name).iterdir() for name in ("one", "two", "apart"))
    for name, value in weights(one).items():
        largest = float(value.abs().max())
        assert torch.allclose(weights(two)[name], value, rtol=0, atol=1e-4 * largest), name
    bias = "static_conv.1.bias"
    assert not torch.allclose(weights(apart)[bias], weights(one)[bias], rtol=0.1)
    for tag, curve in read_curves(one).items():
        assert read_curves(two)[tag].values.tolist() == curve.values.tolist(), tag
    assert json.loads((two / "config.json").read_text())["ranks"] == 2


@pytest.mark.slow
def test_two_processes_evaluate_as_one(tmp_path):
    """What they log is, to the last bit, what one process finds of the network they saved."""
    result = ranks(2, "train", "--dataset", "garments", "--n-images", 90, "-b", 10, "-channels", 8,
                   "-lr", 0.5, "-device", "cpu", "-epochs", 2, "-out_dir", tmp_path)  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("epoch=1,") == 1, "one rank talks"
    (folder,) = tmp_path.iterdir()
    saved = torch.load(folder / LATEST, weights_only=True)
    assert not any(name.startswith("module.") for name in saved["net"])
    found = evaluate(load_checkpoint(folder / LATEST).build_network(), garments(1000))
    assert found.correct > 100
    assert saved["test_acc"] == found.accuracy
    assert read_curves(folder)["test_loss"].values[-1] == np.float32(found.loss)


def test_without_a_compiler_it_trains_and_says_what_it_does_without(run, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr("snnviz.tutorial.acceleration._WORTHWHILE", 0)
    native.library.cache_clear()
    status, out, err = run(*SMALL, "-epochs", 1)
    native.library.cache_clear()
    assert status == 0
    assert out.startswith("epoch=0,")
    assert "the network runs several times slower than it could: no C++" in one_line(err)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="tells the threads of a process")
def test_no_thread_of_the_ranks_connection_outlives_it(tmp_path):
    """One that is late while Python ends would abort a training that is done."""
    script = tmp_path / "train.py"
    script.write_text(
        "import os\n"
        "from pathlib import Path\n"
        "from torch import distributed\n"
        "from snnviz.cli import main\n"
        "def threads():\n"
        "    names = [path.read_text() for path in Path('/proc/self/task').glob('*/comm')]\n"
        "    return sum('gloo' in name for name in names)\n"
        "during = []\n"
        "destroy = distributed.destroy_process_group\n"
        "distributed.destroy_process_group = lambda: (during.append(threads()), destroy())\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        # A file for each rank: on a stream that they share, one writes into another's line.
        "    found = Path(__file__).with_name('rank' + os.environ['RANK'])\n"
        "    found.write_text(f'{during[0]} {threads()}')\n"
    )
    arguments = (*SMALL, "--epochs", 1, "-q", "-out_dir", tmp_path / "logs")
    result = ranks(2, *arguments, script=(script,))
    assert result.returncode == 0, result.stderr
    for rank in (0, 1):
        during, after = map(int, (tmp_path / f"rank{rank}").read_text().split())
        assert during > 0
        assert after == 0


@pytest.mark.slow
def test_a_batch_that_ranks_cannot_share_is_refused(tmp_path):
    result = ranks(2, *SMALL, "-b", 15, "-out_dir", tmp_path / "logs")
    assert result.returncode != 0
    assert "2 ranks cannot share a batch of 15 images equally" in result.stderr
    ours = [line for line in result.stderr.splitlines() if line.startswith("snnviz: ")]
    assert len(ours) == 2, "one line a rank; what follows is torchrun's own report"
    assert not (tmp_path / "logs").exists()


@pytest.mark.slow
def test_ranks_that_cannot_write_end_in_one_line(tmp_path):
    """Rank 0 alone writes, and the other one must not be left waiting for it."""
    folder = tmp_path / "logs" / NAME
    folder.mkdir(parents=True)
    with locked(folder, argument="folder"):
        result = ranks(2, *SMALL, "-out_dir", tmp_path / "logs", "--epochs", 1)
    assert result.returncode != 0
    assert "another run is writing to" in one_line_of_ranks(result.stderr)


def test_each_rank_needs_its_own_gpu(monkeypatch):
    """A stand-in for a machine with one, on which no other rank's is tried."""
    tried = []

    def choose(name):
        tried.append(name)
        if name == "cuda:1":
            raise ConfigError("no device 'cuda:1' here")
        return name or "cuda:0"

    monkeypatch.setattr(plan, "choose_device", choose)
    monkeypatch.setattr(plan, "default_device", lambda: "cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(ConfigError, match="cuda:1"):
        plan._config({"device": None})
    assert tried == ["cuda:1"]
    settings = {**asdict(TrainConfig()), "device": "cpu"}
    assert plan._config(settings).device == "cpu"


def test_a_run_that_went_on_elsewhere_without_a_better_epoch(run, tmp_path):
    assert run(*SMALL, "-epochs", 1, "-q")[0] == 0
    path = tmp_path / "logs" / NAME / LATEST
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["max_test_acc"] = 1.0  # better than any
    torch.save(checkpoint, path)
    status, out, err = run("train", "--resume", path, "-epochs", 2, "-out_dir", "other")
    assert (status, err) == (0, "")
    assert "no epoch was better than the best before it" in out
    assert not (tmp_path / "other" / NAME / MAX).exists()
    assert MAX not in out


def test_curves_of_several_runs(run, tmp_path):
    for name, extra in (("a", []), ("b", ["--val-split", 20])):
        assert run(*SMALL, "-epochs", 2, "-out_dir", name, "-q", *extra)[0] == 0
    status, out, err = run("curves", f"a/{NAME}", f"b/{NAME}", "--format", "png", "--format", "svg",
                           "--dpi", 80)  # fmt: skip
    assert (status, err) == (0, "")
    names = [line.split("/")[-1] for line in out.splitlines()]
    assert names == [f"{name}.{form}" for name in ("train_acc", "val_acc", "test_acc", "loss")
                     for form in ("png", "svg")]  # fmt: skip
    for name in names:
        path = tmp_path / "curves" / name
        if path.suffix == ".png":
            with Image.open(path) as picture:
                # Higher for each line of the legend: both runs, the one with held-out images.
                height = {"val_acc.png": 351, "loss.png": 412}.get(name, 366)
                assert picture.size == (544, height)
    before = (tmp_path / "curves" / "loss.svg").read_bytes()
    assert "is not empty" in one_line(run("curves", f"a/{NAME}")[2])
    assert (tmp_path / "curves" / "loss.svg").read_bytes() == before
    assert run(
        "curves", f"a/{NAME}", f"b/{NAME}", "--format", "svg", "--dpi", 80, "--overwrite", "-q"
    ) == ((0, "", ""))
    assert (tmp_path / "curves" / "loss.svg").read_bytes() == before, "the same bytes each time"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no folder nothing"),
        (["."], "holds no TensorBoard events"),
        ([], "Missing argument"),
        (["x", "--format", "gif"], "'gif' is not one of"),
    ],
)
def test_curves_of_nothing_are_one_line(arguments, message, run, tmp_path):
    status, out, err = run("curves", *arguments)
    assert status in (1, 2)
    assert out == ""
    assert message in one_line(err)
    assert not (tmp_path / "curves").exists()


def test_an_empty_name_of_a_run_starts_no_training(run, tmp_path):
    status, _, err = run("train", "--resume", "", "--dataset", "garments")
    assert status == 2
    assert "the name is empty" in err
    assert not list(tmp_path.iterdir())


def test_the_line_to_go_on_with_can_be_pasted():
    assert str(Stopped(3, Path("my runs/$x"))).endswith("snnviz train --resume 'my runs/$x'")


def test_a_run_without_an_epoch_says_how_to_begin_anew(run, tmp_path):
    folder = tmp_path / "logs" / NAME
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"version": 1}')
    status, _, err = run("train", "--resume", folder)
    assert status == 1
    assert f"no epoch is saved in {folder} yet" in err
    assert "--overwrite" in err
