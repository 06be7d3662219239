"""Other systems and processors than the one at hand, as far as they can be imitated."""

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from snnviz import device, files
from snnviz.cli import interrupts
from snnviz.cli.interrupts import Stopped
from snnviz.data import garments
from snnviz.device import autocast_type, choose_device, has_bfloat16
from snnviz.errors import ExportError
from snnviz.tutorial.runs import record_training
from snnviz.tutorial.training import TrainConfig, train


def test_a_torch_without_onednn_has_no_bfloat16(monkeypatch):
    """As built for macOS; even to ask would fail there."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    assert not has_bfloat16()
    assert autocast_type("cpu") is torch.float32


def test_without_bfloat16_mixed_precision_is_none_and_says_so(monkeypatch, tmp_path):
    sets = garments(40, "train"), garments(10)
    config = TrainConfig(T=2, batch_size=20, epochs=1, channels=4, lr=0.5, device="cpu")
    monkeypatch.setattr(device, "has_bfloat16", lambda: False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (expected,) = train(config, *sets)
    mixed = replace(config, amp=True)
    with pytest.warns(UserWarning, match="no bfloat16: products are float32"):
        (found,) = record_training(mixed, *sets, tmp_path / "run")
    assert (found.train_loss, found.test_loss) == (expected.train_loss, expected.test_loss)
    assert '"autocast": "float32"' in (tmp_path / "run" / "config.json").read_text()


def test_a_gpu_that_torch_has_no_kernels_for_is_not_taken(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("CUDA error: no kernel image is available\nand more")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", fail)
    with pytest.warns(UserWarning, match=r"\(CUDA error: no kernel image is available\)"):
        assert choose_device() == "cpu"
    monkeypatch.undo()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_compute_on", lambda _name: None)
    assert choose_device() == "cuda:0"


def test_the_line_to_go_on_with_on_windows(monkeypatch):
    monkeypatch.setattr(interrupts, "os", SimpleNamespace(name="nt"))
    assert str(Stopped(3, Path(r"logs\T_4"))).endswith(r"snnviz train --resume logs\T_4")
    assert str(Stopped(3, Path(r"my logs\T"))).endswith(r'snnviz train --resume "my logs\T"')


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_that_is_looked_into_is_renamed_a_moment_later(durable, tmp_path, monkeypatch):
    rename, asked = Path.replace, []

    def busy_twice(self, target):
        asked.append(target)
        if len(asked) < 3:
            error = PermissionError(13, "in use")
            error.winerror = 32
            raise error
        return rename(self, target)

    monkeypatch.setattr(files.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(Path, "replace", busy_twice)
    files.write_bytes(b"new", tmp_path / "file", durable=durable)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(asked) == 3


@pytest.mark.parametrize(("code", "times"), [(32, 6), (None, 1)])
def test_a_file_that_stays_in_use_is_an_error(code, times, tmp_path, monkeypatch):
    asked = []

    def refuse(_self, target):
        asked.append(target)
        error = PermissionError(13, "in use")
        error.winerror = code
        raise error

    monkeypatch.setattr(files.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ExportError, match="in use"):
        files.write_bytes(b"new", tmp_path / "file")
    assert len(asked) == times
    assert not list(tmp_path.iterdir())


def test_a_mount_without_rights_to_give(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    files.write_bytes(b"new", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_path_that_stdout_cannot_show(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "snnviz", "visualize", "--dataset", "garments", "--n-images", "1",
         "--format", "npz", "--out-dir", "図"],
        capture_output=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, b"")
    assert rb"\u56f3" in result.stdout
    assert (tmp_path / "図" / "manifest.json").exists()
