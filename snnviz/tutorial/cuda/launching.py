"""`neurons.cu`, compiled by CuPy for the GPU at hand and launched on torch's current stream."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnviz.errors import ConfigError, ShapeError

SOURCE = Path(__file__).with_name("neurons.cu")
MAX_STEPS = 64
_STORED = {
    torch.float32: "STORED_FLOAT",
    torch.float16: "STORED_HALF",
    torch.bfloat16: "STORED_BFLOAT16",
}
_NOTHING = 'extern "C" __global__ void nothing() {}'
_THREADS = 256
# Enough blocks for any GPU; a thread takes several items where there are more.
_BLOCKS = 2**20


def check_available(device: torch.device | str) -> None:
    """Refuse a device for which there are no kernels.

    Raises:
        ConfigError: It is no CUDA device, or CuPy is not installed or cannot compile for it.
    """
    device = torch.device(device)
    if device.type != "cuda":
        raise ConfigError(
            f"cupy: its kernels need a CUDA device, got {device}",
            "leave `cupy` out",
            'choose a GPU with `device="cuda:0"`',
        )
    try:
        import cupy  # noqa: PLC0415
    except Exception as error:
        raise ConfigError(
            f"cupy: the package cannot be imported ({_first_line(error)}); pip install {_package()}"
        ) from error
    try:
        # All that a launch takes: a driver, torch's stream and a compiler.
        cupy.cuda.runtime.getDeviceCount()
        with cupy.cuda.Device(device.index):
            _stream(torch.cuda.current_stream(device))
            cupy.RawModule(code=_NOTHING).get_function("nothing")
    except Exception as error:
        raise ConfigError(
            f"cupy: the package does not work on {device} ({_first_line(error)})",
            "see what cupy.show_config() misses",
            "leave `cupy` out",
        ) from error


def _first_line(error: Exception) -> str:
    """The first line that says anything; CuPy's own begin with an empty one and a rule."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if re.search("[a-zA-Z]", line)), type(error).__name__)


def _package() -> str:
    """What brings the CuPy that fits torch's CUDA."""
    major = (torch.version.cuda or "13").partition(".")[0]
    return "'snnviz[cupy]'" if major == "13" else f"cupy-cuda{major}x"


def compile_options(dtype: torch.dtype, T: int) -> tuple[str, ...]:
    """What the compiler is to be told for T steps, and drive and spikes of that type.

    Raises:
        ShapeError: There are no kernels for them.
    """
    if dtype not in _STORED:
        raise ShapeError(f"the kernels take float32, float16 or bfloat16, got {dtype}")
    if not 1 <= T <= MAX_STEPS:
        raise ShapeError(f"the kernels take 1 to {MAX_STEPS} time steps, got {T}")
    return "--std=c++17", "--fmad=false", f"-DSTEPS={T}", f"-D{_STORED[dtype]}"


def launch(name: str, T: int, count: int, arguments: Sequence[Tensor | int | float]) -> None:
    """Run the kernel `name` on torch's current stream, a thread for each of `count` items.

    Args:
        name: A kernel in neurons.cu.
        T: Number of time steps.
        count: How many items there are, in [1, 2**31).
        arguments: What the kernel takes: tensors (the first has the type that it is compiled
            for), whole numbers and floats.
    """
    import cupy  # noqa: PLC0415

    drive = arguments[0]
    assert isinstance(drive, Tensor)  # noqa: S101
    blocks = min((count + _THREADS - 1) // _THREADS, _BLOCKS)
    index = drive.device.index
    # A stream is of the device that is current when it is wrapped.
    with cupy.cuda.Device(index), _stream(torch.cuda.current_stream(drive.device)):
        kernel = _kernel(name, drive.dtype, T, index)
        kernel((blocks,), (_THREADS,), tuple(map(_as_c, arguments)))


@cache
def _kernel(name: str, dtype: torch.dtype, T: int, device: int) -> Any:
    """The compiled kernel, for the current device."""
    return _module(dtype, T, device).get_function(name)


@cache
def _module(dtype: torch.dtype, T: int, _device: int) -> Any:
    """The compiled kernels, for the current device.

    CuPy lets the compiler flush subnormal numbers to zero. A spike depends on one only where the
    threshold is as small.
    """
    import cupy  # noqa: PLC0415

    return cupy.RawModule(code=SOURCE.read_text(), options=compile_options(dtype, T))


@cache
def _stream(stream: torch.cuda.Stream) -> Any:
    """A stream of torch's for CuPy, of the current device.

    Kept as long as the process: some versions of CuPy destroy a stream that is forgotten, and this
    one is torch's.
    """
    import cupy  # noqa: PLC0415

    return cupy.cuda.Stream.from_external(stream)


def _as_c(argument: Tensor | float) -> object:
    if isinstance(argument, Tensor):
        return np.uint64(argument.data_ptr())
    return np.int64(argument) if isinstance(argument, int) else np.float32(argument)
