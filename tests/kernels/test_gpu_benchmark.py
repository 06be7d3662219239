"""The benchmark's check of the kernels, with their source on a CPU in place of a GPU."""

import subprocess
import sys

import pytest
import torch

from snnviz.kernels import functions
from tests.benchmarks import gpu
from tests.kernels import host


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gpu"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "no CUDA device here: these numbers need a GPU\n"


@pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")
def test_the_check_passes_the_kernels(monkeypatch, capsys):
    monkeypatch.setattr(functions, "launch", host.launch)
    assert gpu.check_kernels("cpu", steps=(2,))
    rows = capsys.readouterr().out.splitlines()[4:]
    assert [row.split(" | ")[2] for row in rows if row] == ["0"] * 15


@pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")
@pytest.mark.parametrize("wrong", ["fire", "fire_and_pool_backward"])
def test_the_check_finds_a_wrong_kernel(wrong, monkeypatch, capsys):
    def launch(name, T, count, arguments):
        host.launch(name, T, count, arguments)
        if name == wrong:
            last = [each for each in arguments if isinstance(each, torch.Tensor)][-1]
            last[(-1,) * last.ndim] = 7.0 if "backward" in name else torch.nan

    monkeypatch.setattr(functions, "launch", launch)
    monkeypatch.setattr(gpu, "TOLERANCES", {torch.float32: 1e-5})
    assert not gpu.check_kernels("cpu", steps=(1,))
    marked = [line for line in capsys.readouterr().out.splitlines() if "(!)" in line]
    assert [line.split(" | ")[0] for line in marked] == [f"| {wrong.removesuffix('_backward')}"]
