"""Which device torch computes on, and how."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from snnviz.errors import ConfigError


def choose_device(name: str | None = None) -> str:
    """The device to use: `name`, or the first GPU where there is one, else the CPU.

    Raises:
        ConfigError: `name` is no device, none that snnviz computes on, or this machine has none
            such.
    """
    if name is None:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"no device {name!r} here ({str(error).splitlines()[0]}); use --device cpu"
        ) from error
    if torch.device(name).type not in ("cpu", "cuda"):
        raise ConfigError(f"snnviz computes on cpu and cuda, not on {name!r}; use --device cpu")
    return name


def autocast_type(device: torch.device | str) -> torch.dtype:
    """What mixed precision computes in: bfloat16, or float16 on a GPU that lacks it."""
    # torch.cuda.is_bf16_supported() counts emulation, and asks the current device, not this one.
    if torch.device(device).type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        return torch.float16
    return torch.bfloat16


@contextmanager
def cudnn_algorithms(*, deterministic: bool) -> Iterator[None]:
    """In here cuDNN takes the fastest algorithms for the shapes that it meets.

    They need not add in the same order in each run. With `deterministic` it takes those that do,
    and tries none out, as the tutorial's script has it.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = deterministic, not deterministic
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
