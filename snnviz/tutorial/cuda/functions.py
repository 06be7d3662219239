"""The kernels with their gradients, for autograd: the same functions as in `reference`.

A step of drive and spikes lies in memory in one piece, in whatever order of its dimensions; tensors
that lie so are used as they are, others copied. Nothing but the drive is kept for the gradient.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnviz.errors import ShapeError
from snnviz.tutorial.cuda.launching import launch
from snnviz.tutorial.cuda.reference import Neuron


def fire(drive: Tensor, neuron: Neuron) -> Tensor:
    """Spikes [T, ...] of neurons with this drive [T, ...]."""
    spikes: Tensor = _Fire.apply(drive, neuron, len(drive), False)
    return spikes


def fire_still(drive: Tensor, neuron: Neuron, T: int) -> Tensor:
    """Spikes [T, ...] of neurons with the same drive [...] at every step, which is read once."""
    spikes: Tensor = _Fire.apply(drive, neuron, T, True)
    return spikes


def fire_and_pool(drive: Tensor, neuron: Neuron) -> Tensor:
    """Spikes of drive [T, N, C, H, W], their maximum over 2 x 2: [T, N, C, H // 2, W // 2].

    A window's gradient goes to its first maximum, as in max_pool2d.
    """
    spikes: Tensor = _FireAndPool.apply(drive, neuron, len(drive), False)
    return spikes


def fire_still_and_pool(drive: Tensor, neuron: Neuron, T: int) -> Tensor:
    """The same of one drive [N, C, H, W] at every step, which is read once."""
    spikes: Tensor = _FireAndPool.apply(drive, neuron, T, True)
    return spikes


def fire_rate(drive: Tensor, neuron: Neuron) -> Tensor:
    """Firing rates of drive [T, ...] over its steps, float32 [...]; no spikes are stored."""
    rates: Tensor = _FireRate.apply(drive, neuron)
    return rates


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, drive: Tensor, neuron: Neuron, T: int, still: bool) -> Tensor:
        drive = _in_steps(drive, T=1 if still else T)
        spikes = _empty_steps(drive if still else drive[0], T)
        ctx.save_for_backward(drive)
        ctx.neuron, ctx.still = neuron, still
        _run("fire_still" if still else "fire", neuron, spikes[0].numel(), drive, spikes)
        return spikes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (drive,) = ctx.saved_tensors
        spikes = _empty_steps(drive if ctx.still else drive[0], len(gradient))
        gradient, result = _laid_out(gradient, spikes), torch.empty_like(drive)
        name = "fire_still_backward" if ctx.still else "fire_backward"
        _run(name, ctx.neuron, spikes[0].numel(), drive, gradient, result)
        return result, None, None, None


class _FireAndPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, drive: Tensor, neuron: Neuron, T: int, still: bool) -> Tensor:
        drive, maps = _as_maps(drive, still)
        spikes = _empty_pooled(drive, maps, T)
        ctx.save_for_backward(drive)
        ctx.neuron, ctx.maps, ctx.still = neuron, maps, still
        name = "fire_still_and_pool" if still else "fire_and_pool"
        _run(name, neuron, spikes[0].numel(), drive, spikes, *maps)
        return spikes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (drive,), maps = ctx.saved_tensors, ctx.maps
        gradient = _laid_out(gradient, _empty_pooled(drive, maps, len(gradient)))
        result = torch.empty_like(drive)
        name = "fire_still_and_pool_backward" if ctx.still else "fire_and_pool_backward"
        pooled = gradient[0].numel()
        _run(name, ctx.neuron, maps.windows, drive, gradient, result, pooled, *maps)
        return result, None, None, None


class _FireRate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, drive: Tensor, neuron: Neuron) -> Tensor:
        drive = _in_steps(drive, len(drive))
        rates = torch.empty_like(drive[0], dtype=torch.float32)
        ctx.save_for_backward(drive)
        ctx.neuron = neuron
        _run("fire_rate", neuron, rates.numel(), drive, rates, T=len(drive))
        return rates

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (drive,) = ctx.saved_tensors
        gradient = _laid_out(gradient, torch.empty_like(drive[0], dtype=torch.float32))
        result = torch.empty_like(drive)
        tensors = drive, gradient, result
        _run("fire_rate_backward", ctx.neuron, gradient.numel(), *tensors, T=len(drive))
        return result, None


class _Maps(NamedTuple):
    """Maps in memory as the kernels know them: [outer, height, width, inner] at each step.

    Where channels come first outer is N * C and inner 1; where they come last inner is C.
    """

    height: int
    width: int
    inner: int
    step: int  # values of a step

    @property
    def windows(self) -> int:
        """Windows of a step that hold any pixel, also those that the edge cuts."""
        whole = self.height * self.width
        cover = (self.height + 1) // 2 * ((self.width + 1) // 2)
        return self.step // whole * cover if whole else 0


def _run(
    name: str,
    neuron: Neuron,
    count: int,
    drive: Tensor,
    second: Tensor,
    *others: Tensor | int,
    T: int | None = None,
) -> None:
    """Launch a kernel for `count` items; by default the second tensor has T steps."""
    if count >= 2**31:
        raise ShapeError(f"the kernels take below 2**31 values a step, got {count}; pass fewer")
    if count == 0:
        return
    tensors = [drive, second, *(other for other in others if isinstance(other, Tensor))]
    sizes = [other for other in others if not isinstance(other, Tensor)]
    floats = float(neuron.v_threshold), float(neuron.v_reset or 0), float(neuron.alpha)
    flags = int(neuron.v_reset is not None), int(neuron.detach_reset)
    launch(name, T or len(second), count, [*tensors, count, *sizes, *floats, *flags])


def _in_steps(drive: Tensor, T: int) -> Tensor:
    """`drive`, each of whose T steps is one piece of memory and behind the one before."""
    dense = torch.empty_like(drive).stride() == drive.stride()
    if dense and (T == 1 or drive.stride(0) == drive.numel() // T):
        return drive
    return drive.contiguous()


def _empty_steps(step: Tensor, T: int) -> Tensor:
    """Memory [T, ...] whose steps are laid out as `step`."""
    shape, strides = (T, *step.shape), (step.numel(), *step.stride())
    return torch.empty_strided(shape, strides, dtype=step.dtype, device=step.device)


def _as_maps(drive: Tensor, still: bool) -> tuple[Tensor, _Maps]:
    if drive.ndim != (4 if still else 5):
        expected = "[N, C, H, W]" if still else "[T, N, C, H, W]"
        raise ShapeError(f"pooling takes a drive {expected}, got {list(drive.shape)}")
    channels_last = drive.movedim(-3, -1).is_contiguous()
    if not channels_last:
        drive = drive.contiguous()
    channels, height, width = drive.shape[-3:]
    step = drive.numel() if still else drive[0].numel()
    return drive, _Maps(height, width, channels if channels_last else 1, step)


def _empty_pooled(drive: Tensor, maps: _Maps, T: int) -> Tensor:
    """Memory [T, N, C, H // 2, W // 2] with the channels where `drive` has them."""
    count, channels, height, width = drive.shape[-4:]
    if maps.inner == 1:
        return drive.new_empty(T, count, channels, height // 2, width // 2)
    return drive.new_empty(T, count, height // 2, width // 2, channels).movedim(-1, -3)


def _laid_out(values: Tensor, memory: Tensor) -> Tensor:
    """`values` as they are where they lie like `memory`; else copied to it."""
    same = values.stride() == memory.stride() and values.dtype == memory.dtype
    return values if same else memory.copy_(values)
