"""The kernels compile for GPUs, where NVIDIA's compiler is at hand."""

import re

import pytest
import torch

from snnviz.kernels.launching import SOURCE, compile_options

nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

ALWAYS = {75, 80, 86, 89, 90}
KERNELS = {
    name + suffix
    for name in ("fire", "fire_still", "fire_and_pool", "fire_still_and_pool", "fire_rate")
    for suffix in ("", "_backward")
}


def supported():
    try:
        status, architectures = nvrtc.nvrtcGetSupportedArchs()
    except RuntimeError as error:  # the bindings are there and the library is not
        pytest.skip(str(error))
    assert int(status) == 0
    return {number for number in architectures if 70 <= number <= 90} | ALWAYS


def compile_kernels(architecture, dtype, T, *more):
    """PTX, by the options that CuPy is given."""
    _, program = nvrtc.nvrtcCreateProgram(SOURCE.read_bytes(), b"neurons.cu", 0, [], [])
    options = [*compile_options(dtype, T), f"--gpu-architecture=compute_{architecture}", *more]
    (status,) = nvrtc.nvrtcCompileProgram(program, len(options), [o.encode() for o in options])
    _, size = nvrtc.nvrtcGetProgramLogSize(program)
    log = bytearray(size)  # not bytes: those of length 1 are the interpreter's own
    nvrtc.nvrtcGetProgramLog(program, log)
    assert int(status) == 0, log.decode()
    assert not log.strip(b"\0"), log.decode()
    _, size = nvrtc.nvrtcGetPTXSize(program)
    ptx = bytearray(size)
    nvrtc.nvrtcGetPTX(program, ptx)
    nvrtc.nvrtcDestroyProgram(program)
    return ptx.decode()


def entries(ptx):
    """The text of each kernel."""
    return {part.partition("(")[0]: part for part in ptx.split(".visible .entry ")[1:]}


def test_the_kernels_compile_for_every_architecture():
    for architecture in sorted(supported()):
        assert set(entries(compile_kernels(architecture, torch.float32, 4))) == KERNELS


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("T", [1, 4, 8])
def test_potentials_stay_in_registers(T, dtype):
    """Nor are multiplications fused with additions, which would round otherwise."""
    supported()
    # CuPy adds the last one.
    for name, text in entries(compile_kernels(80, dtype, T, "-ftz=true")).items():
        assert "local" not in text, name
        assert not re.search(r"\bfma\.", text), name


def test_a_still_drive_is_read_once():
    """Per branch of the reset, hard and soft; and per corner of a window."""
    supported()
    reads = {}
    for T in (4, 8):
        for name, text in entries(compile_kernels(80, torch.float32, T)).items():
            reads[name, T] = text.count("ld.global")
    assert reads["fire", 8] == 2 * reads["fire", 4] == 16
    assert reads["fire_still", 8] == reads["fire_still", 4] == 2
    assert reads["fire_still_and_pool", 8] == reads["fire_still_and_pool", 4] <= 8


def test_the_longest_train_compiles():
    supported()
    assert set(entries(compile_kernels(80, torch.bfloat16, 64))) == KERNELS
