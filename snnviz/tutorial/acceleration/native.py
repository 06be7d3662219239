"""`regions.cpp`, compiled for this machine and called with tensors.

Maps and spikes are float32 or bfloat16, [T, N, H, W, C] (channels-last); everything else is
float32. A region steps neurons from reset and keeps no potentials: its backward steps them again.
"""

import ctypes
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from snnviz.compiling import compiled
from snnviz.neurons.rule import IntegrateAndFire

_SOURCE = Path(__file__).with_name("regions.cpp")
_STORED = {torch.float32: "float", torch.bfloat16: "uint16_t"}
MAX_IN_CHANNELS = 16
# Channels of a block in products.h, of which a row of kernels has whole ones.
_BLOCK = 64
# Planes of bits there for what comes in of averages.
_QUARTERS = 3


class Neuron(ctypes.Structure):
    """An integrate-and-fire neuron with the ATan surrogate gradient, as regions.cpp knows it."""

    _fields_ = (
        ("threshold", ctypes.c_float),
        ("reset", ctypes.c_float),
        ("alpha", ctypes.c_float),
        ("hard", ctypes.c_int32),
        ("leak", ctypes.c_float),
        ("gain", ctypes.c_float),
    )

    @classmethod
    def build(cls, rule: IntegrateAndFire, alpha: float) -> "Neuron":
        """The neuron of that rule; `alpha` is that of its surrogate gradient."""
        leak = 0.0 if rule.tau is None else 1 / rule.tau
        gain = leak if leak and rule.decay_input else 1.0
        return cls(rule.v_threshold, rule.start, alpha, rule.v_reset is not None, leak, gain)


class Shape(ctypes.Structure):
    """N, H, W and C of maps."""

    _fields_ = tuple((name, ctypes.c_int64) for name in ("images", "height", "width", "channels"))


@cache
def library(dtype: torch.dtype, T: int) -> ctypes.CDLL:
    """The regions for T steps, and for maps and spikes of that type.

    They are compiled once a process, in about two seconds.

    Raises:
        CompilerError: They cannot be compiled here.
    """
    # The steps are known when compiling, so that potentials stay in registers.
    return compiled(_SOURCE, "-fopenmp", f"-DSTEPS={T}", f"-DSTORED={_STORED[dtype]}")


def fire_and_pool(
    maps: Tensor, scale: Tensor, shift: Tensor, neuron: Neuron, *, average: bool
) -> Tensor:
    """Spikes of the drive `maps * scale + shift`, their maximum or average over 2 x 2.

    Args:
        maps: [T, N, H, W, C].
        scale: [T, C].
        shift: [T, C].
        neuron: The neurons.
        average: Whether windows are averaged.

    Returns:
        [T, N, H // 2, W // 2, C].
    """
    T, N, H, W, C = maps.shape
    spikes = maps.new_empty(T, N, H // 2, W // 2, C)
    shape = Shape(*maps.shape[1:])
    tensors = maps, scale, shift, spikes
    _call("fire_and_pool", maps.dtype, T, *tensors, shape, int(average), neuron)
    return spikes


def fire_and_pool_backward(
    gradient: Tensor, maps: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, neuron: Neuron,
    *, average: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Gradient of `fire_and_pool` by its drive, and sums of it over pixels.

    A window's gradient goes to its first maximum, as in max_pool2d, or in equal parts to all four.

    Returns:
        The gradient, [T, N, H, W, C]; its sum, [T, N, C]; and that of the gradient times the
        distance of the maps from `mean` [T, C], [T, N, C].
    """
    T, N, H, W, C = maps.shape
    result = torch.empty_like(maps)
    # The last row or column of an odd side is in no window.
    result[:, :, H // 2 * 2 :] = 0
    result[:, :, :, W // 2 * 2 :] = 0
    plain, centered = mean.new_zeros(2, T, N, C)
    tensors = gradient, maps, scale, shift, mean, result, plain, centered
    shape = Shape(*maps.shape[1:])
    _call("fire_and_pool_backward", maps.dtype, T, *tensors, shape, int(average), neuron)
    return result, plain, centered


def encode(
    images: Tensor, weight: Tensor, shift: Tensor, neuron: Neuron, T: int, dtype: torch.dtype,
    *, average: bool,
) -> Tensor:  # fmt: skip
    """Spikes, pooled, of one drive at all steps: a 3 x 3 convolution of still images.

    Args:
        images: [N, in_channels, H + 2, W + 2], with a border of zeros.
        weight: [9 in_channels, C], taps in the order of `torch.nn.functional.unfold`.
        shift: [C], added to the convolution.
        neuron: The neurons.
        T: Number of time steps.
        dtype: The type of the result.
        average: Whether windows are averaged.

    Returns:
        [T, N, H // 2, W // 2, C].
    """
    shape = _encoded_shape(images, weight)
    spikes = torch.empty(
        T, len(images), shape.height // 2, shape.width // 2, shape.channels, dtype=dtype
    )
    tensors = images, weight, shift, spikes
    _call("encode", dtype, T, *tensors, shape, images.shape[1], int(average), neuron)
    return spikes


def encode_backward(
    gradient: Tensor,
    images: Tensor,
    weight: Tensor,
    shift: Tensor,
    neuron: Neuron,
    *,
    average: bool,
) -> Tensor:
    """Gradients by weight and, last, shift of an image each, [N, 9 in_channels + 1, C]."""
    shape = _encoded_shape(images, weight)
    sums = weight.new_zeros(len(images), len(weight) + 1, shape.channels)
    tensors = gradient, images, weight, shift, sums
    T, in_channels = len(gradient), images.shape[1]
    _call("encode_backward", gradient.dtype, T, *tensors, shape, in_channels, int(average), neuron)
    return sums


def incoming(spikes: Tensor, *, average: bool) -> tuple[Tensor, int]:
    """The spikes [T, N, H, W, C] that come in at each step, a bit each, and how many there are.

    Averages of four spikes are quarters, and what comes in of them is a number in three bits.

    The spikes must recur: one at step t (from 0) is there again at 2t + 1, 3t + 2, and so on, as
    those are of neurons with a hard reset before a still image. So a step's spikes are those of an
    earlier step, the last of which it is a multiple, and the ones that come in.

    Returns:
        int64 [T, N, H, W, P, ceil(C / 64)], P planes of bits, and their number.
    """
    T, N, H, W, C = spikes.shape
    planes = _QUARTERS if average else 1
    bits = torch.empty(T, N, H, W, planes, -(-C // 64), dtype=torch.int64)
    counts = torch.empty(N, dtype=torch.int64)
    _call("incoming", spikes.dtype, T, spikes, bits, counts, Shape(N, H, W, C), planes)
    return bits, int(counts.sum())


def convolve_recurring(bits: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Maps [T, N, H, W, C] of recurring spikes, by 3 x 3 kernels [C, C, 3, 3]; sums are float32.

    A step's maps are those of an earlier step and the kernels of the spikes that come in: sums in
    place of products, of which a network like the tutorial's would have seven times as many.

    Args:
        bits: The spikes that come in, from `incoming`.
        weight: The kernels.
        dtype: The type of the maps.
    """
    T, N, H, W = bits.shape[:4]
    C = len(weight)
    # What a tap has for a block of channels lies together, so that it stays in the cache.
    kernels = F.pad(weight.float().permute(2, 3, 1, 0), (0, -C % _BLOCK))
    kernels = kernels.unflatten(-1, (-1, _BLOCK)).permute(3, 0, 1, 2, 4).contiguous()
    maps = torch.empty(T, N, H, W, C, dtype=dtype)
    shape = Shape(N, H, W, C)
    _call("convolve_recurring", dtype, T, bits, kernels, maps, shape, bits.shape[4])
    return maps


def convolve_recurring_backward(gradient: Tensor, bits: Tensor) -> Tensor:
    """Gradient of `convolve_recurring` by its kernels, float32 [C, C, 3, 3].

    Args:
        gradient: That of the maps, [T, N, H, W, C].
        bits: The spikes that came in.
    """
    T, N, H, W, C = gradient.shape
    threads = torch.get_num_threads()
    sums = torch.zeros(threads, 3, 3, C, C + -C % _BLOCK)
    shape = Shape(N, H, W, C)
    _call(
        "convolve_recurring_backward", gradient.dtype, T, gradient, bits, sums, shape,
        sums.shape[-1], threads, bits.shape[4],
    )  # fmt: skip
    return sums.sum(0)[..., :C].permute(3, 2, 0, 1)


def fire(drive: Tensor, neuron: Neuron) -> Tensor:
    """Spikes of neurons without pooling, [T, ...] like their drive."""
    spikes = torch.empty_like(drive)
    _call("fire", drive.dtype, len(drive), drive, spikes, drive[0].numel(), neuron)
    return spikes


def fire_backward(gradient: Tensor, drive: Tensor, neuron: Neuron) -> Tensor:
    """Gradient of `fire` by its drive."""
    result = torch.empty_like(drive)
    _call(
        "fire_backward", drive.dtype, len(drive), gradient, drive, result, drive[0].numel(), neuron
    )
    return result


def moments(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of each map over its pixels, and sum of squared distances from it, both [T, N, C]."""
    T, N, H, W, C = maps.shape
    mean, squares = torch.empty(2, T, N, C)
    _call("moments", maps.dtype, T, maps, mean, squares, T * N, H * W, C)
    return mean, squares


def combine(gradient: Tensor, maps: Tensor, scale: Tensor, slope: Tensor, offset: Tensor) -> None:
    """Makes of `gradient`, in place, `gradient * scale + maps * slope + offset`.

    The first two are [T, N, H, W, C], the others [T, C].
    """
    T, N, H, W, C = maps.shape
    _call("combine", maps.dtype, T, gradient, maps, scale, slope, offset, N * H * W, C)


def _encoded_shape(images: Tensor, weight: Tensor) -> Shape:
    N, _, height, width = images.shape
    return Shape(N, height - 2, width - 2, weight.shape[1])


def _call(
    name: str, dtype: torch.dtype, T: int, *arguments: Tensor | ctypes.Structure | int
) -> None:
    """The region `name` with tensors and structures as pointers, whole numbers as they are."""
    # Referred to until the call is over, since the region sees only its address.
    kept = [part.contiguous() if isinstance(part, Tensor) else part for part in arguments]
    getattr(library(dtype, T), name)(*map(_as_c, kept))


def _as_c(argument: Tensor | ctypes.Structure | int) -> object:
    if isinstance(argument, Tensor):
        return ctypes.c_void_p(argument.data_ptr())
    return ctypes.c_int64(argument) if isinstance(argument, int) else ctypes.byref(argument)
