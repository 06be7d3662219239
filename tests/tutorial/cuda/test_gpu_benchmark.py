"""The benchmark on a GPU, as far as a CPU can run it: with the kernels' source in its place."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from spikingjelly._ops import selection

from snnviz.adapters.chain import ChainEncoder
from snnviz.tutorial.cuda import functions, fusing
from tests.benchmarks import gpu, gpu_check, gpu_sides, machine
from tests.tutorial.cuda import host

needs_compiler = pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")

# What stands for SpikingJelly 0.0.0.0.14: a package of its name whose example has `use_cupy`.
OLDER = {
    "__init__.py": "",
    "activation_based/__init__.py": "",
    "activation_based/functional.py": "def reset_net(net): net.resets += 1",
    "activation_based/examples/__init__.py": "",
    "activation_based/examples/conv_fashion_mnist.py": """
import numpy, torch
class CSNN(torch.nn.Module):
    def __init__(self, T, channels, use_cupy):
        super().__init__()
        assert numpy.int is int
        self.linear, self.resets = torch.nn.Linear(784, 10), 0
    def forward(self, x):
        return self.linear(x.flatten(1))
""",
}


@pytest.fixture
def data_dir(tmp_path):
    """Fashion-MNIST's four files with few images."""
    folder = tmp_path / "data" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for prefix, count in (("train", 12), ("t10k", 9)):
        images = draw.integers(0, 256, (count, 28, 28), np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", images[:, 0, 0] % 10)):
            header = bytes((0, 0, 8, values.ndim)) + np.array(values.shape, ">u4").tobytes()
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(header + values.tobytes())
    return tmp_path / "data"


@pytest.fixture
def options(data_dir, tmp_path, monkeypatch):
    """The options of a tiny comparison on a CPU, and more."""
    monkeypatch.setattr(gpu, "PAUSE", 0)

    def options(*more):
        small = ("--device", "cpu", "--batch", 4, "--channels", 2, "--rounds", 1, "--iterations", 2)
        paths = ("--data-dir", data_dir, "--spikingjelly-0.14", tmp_path / "older")
        return gpu.parse([str(each) for each in (*small, *paths, *more)])

    return options


@pytest.fixture
def on_the_host(monkeypatch):
    """Kernels that run on the CPU."""
    monkeypatch.setattr(functions, "launch", host.launch)
    monkeypatch.setattr(fusing, "check_available", lambda _device: None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gpu"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "no CUDA device here: these numbers need a GPU\n"


@needs_compiler
@pytest.mark.usefixtures("on_the_host")
def test_the_check_passes_the_kernels(capsys):
    assert gpu_check.check_kernels("cpu", steps=(2,))
    rows = capsys.readouterr().out.splitlines()[4:]
    assert [row.split(" | ")[2] for row in rows if row] == ["0"] * 15


@needs_compiler
@pytest.mark.parametrize("wrong", ["fire", "fire_and_pool_backward"])
def test_the_check_finds_a_wrong_kernel(wrong, monkeypatch, capsys):
    def launch(name, T, count, arguments):
        host.launch(name, T, count, arguments)
        if name == wrong:
            last = [each for each in arguments if isinstance(each, torch.Tensor)][-1]
            last[(-1,) * last.ndim] = 7.0 if "backward" in name else torch.nan

    monkeypatch.setattr(functions, "launch", launch)
    monkeypatch.setattr(gpu_check, "TOLERANCES", {torch.float32: 1e-5})
    assert not gpu_check.check_kernels("cpu", steps=(1,))
    marked = [line for line in capsys.readouterr().out.splitlines() if "(!)" in line]
    assert [line.split(" | ")[0] for line in marked] == [f"| {wrong.removesuffix('_backward')}"]


def test_the_check_lays_the_drive_out_in_every_way():
    drive = gpu_check.draw((3, 5, 6, 7), torch.float32)
    laid = [lay(drive) for lay in gpu_check.LAYOUTS]
    assert all(torch.equal(each, drive) for each in laid)
    assert len({each.stride() for each in laid}) == 4
    dense = [torch.empty_like(each).stride() == each.stride() for each in laid]
    assert dense == [True, True, True, False]


@pytest.mark.slow
@needs_compiler
@pytest.mark.usefixtures("on_the_host")
def test_the_check_looks_at_what_only_a_gpu_shows(monkeypatch, capsys):
    modes = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    monkeypatch.setattr(gpu_check, "OURS", ["cupy-amp", "plain"])
    monkeypatch.setattr(gpu_check, "KERNELS", {})
    monkeypatch.setattr(
        gpu_check.reaches_far,
        "__defaults__",
        (3, (2**30, 2**17)),  # the first does not fit
    )
    assert gpu_check.check("cpu", steps=(1,))
    assert modes == [*["error"] * 4, "default", "default"] * 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in lines if ": " in line] == ["yes"] * 6


@needs_compiler
@pytest.mark.usefixtures("on_the_host")
def test_an_iteration_that_waits_does_not_pass(monkeypatch, capsys):
    modes = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def launch(*arguments):
        host.launch(*arguments)
        if modes and modes[-1] == "error":
            raise RuntimeError("called a synchronizing CUDA operation")

    monkeypatch.setattr(functions, "launch", launch)
    assert not gpu_check.waits_for_nothing("cupy", "cpu")
    assert modes == ["error", "default"]
    assert "synchronizing" in capsys.readouterr().out


@pytest.mark.parametrize(("moved", "passes"), [(0.0, True), (1e-7, True), (3e-3, False)])
def test_an_encoder_that_rounds_like_tf32_does_not_pass(moved, passes, monkeypatch):
    """The second is what another order of summation does to a drive, the third what TF32 does."""
    to, moved_ones = ChainEncoder.to, []

    def to_another(self, device):
        found = to(self, device)
        if not moved_ones:
            moved_ones.append(found)
            found.prefix[1].weight.data *= 1 + moved
            found.prefix[1].bias.data *= 1 + moved
        return found

    monkeypatch.setattr(ChainEncoder, "to", to_another)
    assert gpu_check.encodes_as_a_cpu("cpu") == passes


def test_memory_that_is_short_is_no_failure():
    found = gpu_check.reaches_far("cpu", 64, (2**40,))
    assert found == "left out, 774056 GB are not free"
    assert gpu_check.report("far", found)


@needs_compiler
def test_neurons_that_are_not_those_of_the_short_row_are_found(monkeypatch):
    def launch(name, T, count, arguments):
        host.launch(name, T, count, arguments)
        if count > 2**16 and name == "fire":
            arguments[1][-1, -1] = 7

    monkeypatch.setattr(functions, "launch", launch)
    assert not gpu_check.reaches_far("cpu", 2, (2**17,))


@pytest.mark.slow
def test_sides_take_turns_each_with_its_own_spikingjelly(options, tmp_path, capsys):
    for name, text in OLDER.items():
        path = tmp_path / "older" / "spikingjelly" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    gpu.compare_speed(options("--evaluations", 5, "--only", "0.14", "plain-amp"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 rounds of 2 and 5 iterations; images/s"
    rows = [line.split(" | ") for line in lines if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [
        "| SpikingJelly 0.0.0.0.14's example, CuPy",
        "| snnviz, `-amp`",
    ]
    assert rows[0][2] == "1.0"
    assert all(int(row[column]) > 0 for row in rows for column in (1, 3))


def test_another_spikingjelly_is_not_taken_for_the_older_one(options, monkeypatch):
    """The one of the tests is imported already."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(np, "int", int, raising=False)
    with pytest.raises(SystemExit, match="not below"):
        gpu_sides.example_blocks(options(), "0.14")


@pytest.mark.parametrize(("name", "kernels"), [("2.0", True), ("2.0-amp", False)])
def test_the_newer_example_says_what_it_computes_with(name, kernels, options, monkeypatch, capfd):
    monkeypatch.setenv("SJ_IF_CUDA_IMPLEMENTATION", "")
    monkeypatch.delenv("SJ_IF_CUDA_IMPLEMENTATION")
    without = []  # called where a GPU's kernels are not for these types
    monkeypatch.setattr(selection, "_require_automatic_torch", lambda *_: without.append(1))
    train, test = gpu_sides.example_blocks(options(), name)
    train(4)  # more than an epoch's three batches
    assert bool(without) != kernels
    test(1)
    # With kernels asked for, those types would be an error.
    assert os.environ.get("SJ_IF_CUDA_IMPLEMENTATION") == ("triton" if kernels else None)
    assert "its neurons are torch-reference" in capfd.readouterr().err  # on this CPU
    assert ("Triton" in gpu_sides.title(name)) == kernels


def test_what_is_measured_is_how_training_runs(options, monkeypatch):
    """cuDNN's settings while each block runs, and more images than the test set has."""
    cudnn, seen = torch.backends.cudnn, set()
    monkeypatch.setattr(cudnn, "benchmark", False)
    for name in ("_WORTHWHILE", "_WORTH_COUNTING"):  # which our_blocks leaves changed
        monkeypatch.setattr(f"snnviz.tutorial.acceleration.{name}", 0)
    ours = gpu_sides.settings("plain", "cpu")
    blocks = gpu_sides.our_blocks(options().data_dir, fast=False, batch=4, channels=2, **ours)
    for block in blocks:
        with torch.nn.modules.module.register_module_forward_pre_hook(
            lambda *_: seen.add(cudnn.benchmark)
        ):
            block(5)
        assert seen == {True}
        assert not cudnn.benchmark
        seen.clear()


def test_whole_trainings_are_printed_one_by_one_and_over_the_seeds(options, capsys):
    chosen = options("--train", "--epochs", 1, "--seeds", 3, 4, "--only", "plain", "2.0")
    gpu.train_whole(chosen)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:3] for line in lines[2:4]] == [
        ["| snnviz", "3", "1"],
        ["| snnviz", "4", "1"],
    ]
    accuracies = [float(line.split(" | ")[4]) for line in lines[2:4]]
    assert lines[-1].startswith(f"| snnviz | {sum(accuracies) / 2:.4f} | ")


def test_the_machine_is_described_with_and_without_a_driver(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert machine.describe_gpu("cpu").startswith("no GPU, driver unknown, CUDA ")
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "1.2 $2"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    text = machine.describe_gpu("cuda:3")
    assert text.startswith("card 3, driver 1.2 3, CUDA ")
    assert text.endswith(f"numpy {np.__version__}")
    assert "cupy none, " in text
