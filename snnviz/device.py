"""Which device torch computes on, and how."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from snnviz.errors import ConfigError


def choose_device(device: str | None = None) -> str:
    """The device to use: `device`, or the first GPU where there is one, else the CPU.

    Raises:
        ConfigError: `device` is no device, none that snnviz computes on, or this machine has none
            such.
    """
    if device is None:
        device = default_device()
        try:
            _compute_on(device)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            warnings.warn(f"the GPU cannot be used ({reason}); this runs on the CPU", stacklevel=1)
            return "cpu"
        return device
    try:
        _compute_on(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"no device {device!r} here ({str(error).splitlines()[0]})", 'use `device="cpu"`'
        ) from error
    if torch.device(device).type not in ("cpu", "cuda"):
        raise ConfigError(
            f"snnviz computes on cpu and cuda, not on {device!r}", 'use `device="cpu"`'
        )
    return device


def default_device() -> str:
    """The first GPU where there is one, else the CPU; nothing is tried on it."""
    return "cuda:0" if torch.cuda.is_available() else "cpu"


def _compute_on(name: str) -> None:
    # A sum, and not only memory: a card that torch has no kernels for any more has that.
    torch.zeros(1, device=name).add_(1).cpu()


def has_bfloat16() -> bool:
    """Whether this processor's matrix products take bfloat16."""
    # Builds of torch without oneDNN, such as those for macOS, do not know the question.
    known = torch.backends.mkldnn.is_available()
    return known and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def has_matrix_unit() -> bool:
    """Whether this processor multiplies whole tiles of bfloat16 at once (AMX)."""
    known: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("amx_bf16"))


def autocast_type(device: torch.device | str) -> torch.dtype:
    """What mixed precision computes in: bfloat16, or float16 on a GPU that lacks it.

    On a processor that lacks it, float32, which is no mixed precision: torch would imitate it.
    """
    if torch.device(device).type == "cpu" and not has_bfloat16():
        return torch.float32
    # torch.cuda.is_bf16_supported() counts emulation, and asks the current device, not this one.
    if torch.device(device).type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        return torch.float16
    return torch.bfloat16


@contextmanager
def full_precision(device: torch.device | str) -> Iterator[None]:
    """In here float32 on `device` is float32: no autocast, and no convolution in TF32.

    By default torch lets cuDNN round a convolution's factors to TF32's 10 bits of mantissa where
    the GPU has it, which moves a drive across a threshold in every image.
    """
    device = torch.device(device)
    with torch.autocast(device.type, enabled=False):
        if device.type != "cuda":
            yield
            return
        cudnn = torch.backends.cudnn
        # torch 2.9 named it anew, and its older name cannot be read once anybody used the newer.
        owner, name, exact = (
            (cudnn.conv, "fp32_precision", "ieee")
            if hasattr(cudnn, "conv")
            else (cudnn, "allow_tf32", False)
        )
        before = getattr(owner, name)
        setattr(owner, name, exact)
        try:
            yield
        finally:
            setattr(owner, name, before)


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
