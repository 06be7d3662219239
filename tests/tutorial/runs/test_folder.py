"""Run folders: what is in them, and that nothing is lost, whatever happens."""

import copy
import errno
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from snnviz.data import garments
from snnviz.errors import DataError, DiskFullError, ExportError, TrainingError
from snnviz.ranks import Ranks
from snnviz.tutorial.layouts import load_checkpoint, load_training_state
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs import LATEST, MAX, open_run, read_curves, record_training, recording
from snnviz.tutorial.runs.curves import Curve
from snnviz.tutorial.training import TrainConfig

CONFIG = TrainConfig(T=2, batch_size=20, epochs=3, channels=4, lr=0.5)


def record(folder, **settings):
    """Train into `folder`, on from where it stands."""
    state = load_training_state(folder / LATEST) if (folder / LATEST).exists() else None
    sets = garments(40, "train"), garments(30, "test")
    config = replace(CONFIG, **settings)
    return record_training(config, *sets, folder, resume=True, state=state)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    list(record(folder, epochs=12))
    return folder


def assert_same_run(folder, other):
    for path in sorted((other / "encoders").iterdir()):
        assert (folder / "encoders" / path.name).read_bytes() == path.read_bytes(), path.name
    for name in (LATEST, MAX):
        ours, theirs = (torch.load(run / name, weights_only=True) for run in (folder, other))
        assert ours["epoch"] == theirs["epoch"]
        for key, value in theirs["net"].items():
            assert torch.equal(ours["net"][key], value), (name, key)
    ours, theirs = read_curves(folder), read_curves(other)
    assert ours.keys() == theirs.keys()
    for tag, curve in theirs.items():
        np.testing.assert_array_equal(ours[tag].epochs, curve.epochs, tag)
        np.testing.assert_array_equal(ours[tag].values, curve.values, tag)


def test_a_run_folder_holds_what_it_says(tmp_path):
    sets = garments(40, "train"), garments(30, "test")
    results = []
    for result in record_training(CONFIG, *sets, tmp_path / "run", about={"dataset": "garments"}):
        results.append(replace(result, checkpoint={}))
        saved = torch.load(tmp_path / "run" / LATEST, weights_only=True)
        assert saved["epoch"] == result.epoch, "written before the next epoch begins"
        assert (tmp_path / "run" / MAX).exists()
    best = [result for result in results if result.is_best][-1]
    checkpoint = load_checkpoint(tmp_path / "run" / MAX)
    assert (checkpoint.epoch, checkpoint.max_test_acc) == (best.epoch, best.test_acc)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["training"]["lr"] == 0.5
    assert config["autocast"] is None
    assert (config["dataset"], config["train_images"], config["ranks"]) == ("garments", 40, 1)
    assert (tmp_path / "run" / "args.txt").read_text().startswith("Namespace(T=2, ")
    curves = read_curves(tmp_path / "run")
    assert set(curves) == {"train_loss", "train_acc", "test_loss", "test_acc"}
    for tag, curve in curves.items():
        assert curve.epochs.tolist() == [0, 1, 2]
        np.testing.assert_allclose(curve.values, [getattr(r, tag) for r in results], rtol=1e-6)
    assert curves["test_acc"].best == best.epoch


def test_the_settings_say_what_a_gpu_computed_with(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(__version__="14.9"))
    found = recording._environment(Ranks(), torch.device("cuda:2"))
    assert (found["gpu"], found["cuda"], found["cupy"]) == ("card 2", torch.version.cuda, "14.9")
    assert recording._environment(Ranks(), torch.device("cpu"))["gpu"] is None


@pytest.mark.slow
def test_the_precision_is_told_also_by_torchs_newer_names():
    """In a process of its own: torch answers by the older names no more once they were used."""
    text = """
import torch
from snnviz.tutorial.runs.recording import _tf32
assert _tf32() == {"matmul": False, "cudnn": True}, _tf32()
torch.set_float32_matmul_precision("high")
assert _tf32() == {"matmul": True, "cudnn": True}, _tf32()
torch.backends.cudnn.conv.fp32_precision = "ieee"
torch.backends.cuda.matmul.fp32_precision = "tf32"
assert _tf32() == {"matmul": True, "cudnn": False}, _tf32()
"""
    if not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this torch has the older names only")
    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_encoder_is_kept_after_each_epoch(tmp_path):
    states = [build_network(NetworkConfig(T=2, channels=4), seed=CONFIG.seed).state_dict()]
    states += [copy.deepcopy(result.checkpoint["net"]) for result in record(tmp_path / "run")]
    names = ["untrained", "epoch_000", "epoch_001", "epoch_002"]
    for name, state in zip(names, states, strict=True):
        path = tmp_path / "run" / "encoders" / f"{name}.pth"
        checkpoint = load_checkpoint(path)
        assert not checkpoint.holds_network
        assert torch.equal(checkpoint.state["static_conv.0.weight"], state["static_conv.0.weight"])
        assert torch.equal(
            checkpoint.state["static_conv.1.running_var"], state["static_conv.1.running_var"]
        )
        assert path.stat().st_size < 8000
    assert not torch.equal(states[0]["static_conv.0.weight"], states[-1]["static_conv.0.weight"])


def test_a_resumed_run_is_the_undisturbed_one(whole, tmp_path):
    list(record(tmp_path / "run", epochs=5))
    list(record(tmp_path / "run", epochs=12))
    assert_same_run(tmp_path / "run", whole)


def _train_until_killed(folder):
    torch.set_num_threads(1)
    list(record(folder, epochs=12))


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost(whole, tmp_path):
    """kill -9 at random moments, and on from there each time, ends with the undisturbed run."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(
        ["tests.tutorial.runs.test_folder", "torch.utils.tensorboard", "torch._dynamo"]
    )
    folder, moments = tmp_path / "run", random.Random(0)
    kills = epoch = 0
    while epoch < 11:
        process = processes.Process(target=_train_until_killed, args=(folder,))
        process.start()
        before = (folder / LATEST).stat().st_mtime_ns if (folder / LATEST).exists() else 0
        # Sometimes before the next epoch is saved, sometimes while it is, most often shortly after:
        # so it goes on, however long a slow machine takes to begin.
        early = epoch > 0 and moments.random() < 0.4
        patience = time.monotonic() + (moments.random() if early else 60)
        while process.is_alive() and time.monotonic() < patience:
            time.sleep(moments.choice([0.001, 0.003, 0.01, 0.03]))
            if (folder / LATEST).exists() and (folder / LATEST).stat().st_mtime_ns != before:
                break
        kills += process.is_alive()
        process.kill()
        process.join()
        if (folder / LATEST).exists():
            state = load_training_state(folder / LATEST)
            assert state.epoch >= epoch
            epoch = state.epoch
            assert load_checkpoint(folder / MAX).epoch <= epoch + 1
            assert read_curves(folder)["test_acc"].epochs.tolist()[: epoch + 1] == [
                *range(epoch + 1)
            ]
    assert kills >= 5
    assert_same_run(folder, whole)


def test_events_cut_off_in_the_middle_are_no_obstacle(whole, tmp_path):
    list(record(tmp_path / "run", epochs=4))
    (events,) = (tmp_path / "run").rglob("events*")
    events.write_bytes(events.read_bytes()[:-7])
    assert read_curves(tmp_path / "run")["train_loss"].epochs.tolist() == [0, 1, 2, 3]
    assert read_curves(tmp_path / "run")["test_acc"].epochs.tolist() == [0, 1, 2]
    list(record(tmp_path / "run", epochs=12))
    ours, theirs = read_curves(tmp_path / "run"), read_curves(whole)
    np.testing.assert_array_equal(ours["train_loss"].values, theirs["train_loss"].values)


def test_one_training_at_a_time(tmp_path):
    with open_run(tmp_path / "run"):
        code = (
            "from pathlib import Path; from snnviz.tutorial.runs import open_run\n"
            f"with open_run(Path({str(tmp_path / 'run')!r}), overwrite=True): pass"
        )
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert "another run is writing to" in other.stderr.splitlines()[-1]
    with open_run(tmp_path / "run", overwrite=True):
        pass


def test_another_run_is_not_overwritten_unasked(tmp_path):
    list(record(tmp_path / "run"))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with (
        pytest.raises(ExportError, match="already holds a run; go on with `resume=True`"),
        open_run(tmp_path / "run"),
    ):
        pass
    assert {path: path.read_bytes() for path in before} == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("precious")
    for flags in ({}, {"resume": True}):
        with (
            pytest.raises(ExportError, match="is not empty and holds no run"),
            open_run(tmp_path / "other", **flags),
        ):
            pass
    (tmp_path / "run" / "notes.txt").write_text("mine")
    list(
        record_training(
            replace(CONFIG, epochs=1),
            garments(40, "train"),
            garments(30, "test"),
            tmp_path / "run",
            overwrite=True,
        )
    )
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"
    assert read_curves(tmp_path / "run")["test_acc"].epochs.tolist() == [0]
    assert not (tmp_path / "run" / "encoders" / "epoch_001.pth").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="is a file"), open_run(tmp_path / "file"):
        pass


def test_a_disk_that_fills_up_leaves_the_epoch_before(whole, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    results = record(folder, epochs=12)
    next(results)
    before = (folder / LATEST).read_bytes()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ExportError, match=r"cannot write .*: No space left on device"):
            next(results)
    assert (folder / LATEST).read_bytes() == before
    assert not list(folder.rglob("*.part"))
    list(record(folder, epochs=12))
    assert_same_run(folder, whole)


def test_a_disk_that_is_full_of_events_says_so(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    results = record(tmp_path / "run", epochs=2)
    next(results)
    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter.flush", full)
    with pytest.raises(DiskFullError, match=r"cannot write .*fmnist_logs.*free some space"):
        next(results)
    assert load_checkpoint(tmp_path / "run" / LATEST).epoch == 0


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    results = record(tmp_path / "run", lr=1e38, epochs=5)
    with pytest.raises(TrainingError, match="choose a smaller one"):
        list(results)
    for path in (tmp_path / "run").glob("checkpoint_*.pth"):
        load_checkpoint(path)


def test_a_curve_knows_the_place_of_an_epoch():
    curve = Curve(np.array([0, 2, 5]), np.array([0.1, 0.9, 0.3]))
    assert [curve.place(epoch) for epoch in (0, 1, 5)] == [0, None, 2]
    assert curve.best == 1


def test_folders_that_are_no_runs_are_named(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        read_curves(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no TensorBoard events"):
        read_curves(tmp_path)
    (tmp_path / "events.out.tfevents.1.x").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="have none of train_loss"):
        read_curves(tmp_path)
    list(record(tmp_path / "a", epochs=1))
    list(record(tmp_path / "b", epochs=1))
    (tmp_path / "events.out.tfevents.1.x").unlink()
    with pytest.raises(DataError, match="events of 2 runs"):
        read_curves(tmp_path)


def test_events_of_the_tutorials_script_are_read(tmp_path):
    """It writes with torch's SummaryWriter, the accuracy last, and nothing of ours."""
    from torch.utils.tensorboard import SummaryWriter

    run = tmp_path / "T_4_b_128_SGD_lr_0.1_CosALR_64"
    writer = SummaryWriter(str(run / "fmnist_logs"), purge_step=0)
    for epoch in range(3):
        writer.add_scalar("train_acc", epoch / 4, epoch)
        writer.add_scalar("test_acc", epoch / 8, epoch)
    writer.close()
    curves = read_curves(run)
    assert curves["test_acc"].values.tolist() == [0, 0.125, 0.25]
    assert "test_loss" not in curves


def test_nothing_is_written_where_the_training_is_refused(tmp_path):
    sets = garments(10, "train"), garments(10, "test")
    with pytest.raises(Exception, match="smaller batch"):
        list(record_training(CONFIG, *sets, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
