"""The kernels compile for GPUs, where NVIDIA's compiler is at hand."""

import re

import pytest
import torch

from snnviz.tutorial.cuda.launching import SOURCE, compile_options

nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

ARCHITECTURES = [70, 72, 75, 80, 86, 87, 89, 90, 100, 120]
# What CuPy adds to our options, besides the architecture.
CUPYS = ("-ftz=true", "--device-as-default-execution-space")
KERNELS = {
    name + suffix
    for name in ("fire", "fire_still", "fire_and_pool", "fire_still_and_pool", "fire_rate")
    for suffix in ("", "_backward")
}


@pytest.fixture(scope="module")
def supported():
    try:
        status, architectures = nvrtc.nvrtcGetSupportedArchs()
    except RuntimeError as error:  # the bindings are there and the library is not
        pytest.skip(str(error))
    assert int(status) == 0
    return set(architectures)


def compile_kernels(architecture, dtype, T):
    """PTX and the compiler's log, by the options that CuPy is given and adds."""
    _, program = nvrtc.nvrtcCreateProgram(SOURCE.read_bytes(), b"neurons.cu", 0, [], [])
    options = [*compile_options(dtype, T), *CUPYS, f"-arch=sm_{architecture}"]
    options.append("--ptxas-options=-v")
    (status,) = nvrtc.nvrtcCompileProgram(program, len(options), [o.encode() for o in options])
    _, size = nvrtc.nvrtcGetProgramLogSize(program)
    log = bytearray(size)  # not bytes: those of length 1 are the interpreter's own
    nvrtc.nvrtcGetProgramLog(program, log)
    log = log.decode().strip("\0")
    assert int(status) == 0, log
    # NVRTC 12.9 says that sm_70 and sm_72 will go.
    warnings = [line for line in log.splitlines() if "warning" in line and "deprecated" not in line]
    assert not warnings, log
    _, size = nvrtc.nvrtcGetPTXSize(program)
    ptx = bytearray(size)
    nvrtc.nvrtcGetPTX(program, ptx)
    nvrtc.nvrtcDestroyProgram(program)
    return ptx.decode(), log


def assert_nothing_spills(log):
    """Neither potentials nor spikes leave the registers, in any kernel."""
    found = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes", log)
    assert len(found) == len(KERNELS), log
    assert set(found) == {("0", "0", "0")}, log


def entries(ptx):
    """The text of each kernel."""
    return {part.partition("(")[0]: part for part in ptx.split(".visible .entry ")[1:]}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_kernels_compile_for_every_architecture(architecture, supported):
    if architecture not in supported:
        pytest.skip(f"NVRTC {nvrtc.nvrtcVersion()[1:]} does not compile for sm_{architecture}")
    ptx, log = compile_kernels(architecture, torch.float32, 4)
    assert set(entries(ptx)) == KERNELS
    assert_nothing_spills(log)


@pytest.mark.usefixtures("supported")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("T", [1, 4, 8])
def test_potentials_stay_in_registers(T, dtype):
    """Nor are multiplications fused with additions, which would round otherwise."""
    ptx, log = compile_kernels(80, dtype, T)
    assert_nothing_spills(log)
    for name, text in entries(ptx).items():
        assert "local" not in text, name
        assert not re.search(r"\bfma\.", text), name


@pytest.mark.usefixtures("supported")
def test_a_still_drive_is_read_once():
    """Per branch of the reset, hard and soft; and per corner of a window."""
    reads = {}
    for T in (4, 8):
        for name, text in entries(compile_kernels(80, torch.float32, T)[0]).items():
            reads[name, T] = text.count("ld.global")
    assert reads["fire", 8] == 2 * reads["fire", 4] == 16
    assert reads["fire_still", 8] == reads["fire_still", 4] == 2
    assert reads["fire_still_and_pool", 8] == reads["fire_still_and_pool", 4] <= 8


@pytest.mark.slow
@pytest.mark.usefixtures("supported")
def test_the_longest_train_stays_in_registers_too():
    ptx, log = compile_kernels(80, torch.bfloat16, 64)
    assert set(entries(ptx)) == KERNELS
    assert_nothing_spills(log)
