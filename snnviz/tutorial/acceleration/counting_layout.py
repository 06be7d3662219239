"""What `counting.cpp` takes: its structures, and weights in the order in which it reads them."""

import ctypes

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

LANES, TILE = 16, 8
"""As there: outputs that are computed together, and blocks of inputs whose tables are."""
COUNTED = ("encoder", "meets", "maps", "pooled", "hidden", "outputs")
"""What is counted, by its name there."""


class Network(ctypes.Structure):
    """Sizes, neurons and weights of a network."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("steps", "channels", "height", "width")),
        *((name, ctypes.c_int64) for name in ("hidden", "classes")),
        *((name, ctypes.c_float) for name in ("threshold", "reset")),
        *((name, ctypes.c_void_p) for name in ("kernels", "scale", "shift", "first", "second")),
    )


class Totals(ctypes.Structure):
    """How much was counted."""

    _fields_ = tuple((name, ctypes.c_int64) for name in COUNTED)


class Scratch(ctypes.Structure):
    """Memory that a share of the images is computed in."""

    _fields_ = tuple(
        (name, ctypes.c_void_p) for name in ("trains", "row", "fired", "entries", "begin", "maps")
    )


def kernels(weight: Tensor) -> Tensor:
    """[blocks, 3, 3, in, LANES] of [out, in, 3, 3]: outputs beside each other."""
    filled = F.pad(weight, (0, 0, 0, 0, 0, 0, 0, -len(weight) % LANES))
    split: Tensor = filled.unflatten(0, (-1, LANES)).permute(0, 3, 4, 2, 1)
    return split.contiguous()


def first_linear(weight: Tensor, channels: int, height: int, width: int) -> Tensor:
    """[blocks, tiles, TILE, LANES, LANES] of [out, in], inputs before outputs.

    A pixel's channels lie beside each other, filled up to whole blocks, and blocks to whole tiles.
    """
    maps = weight.unflatten(1, (channels, height, width))
    maps = F.pad(maps, (0, 0, 0, 0, 0, -channels % LANES, 0, -len(weight) % LANES))
    split = maps.unflatten(1, (-1, LANES)).unflatten(0, (-1, LANES))
    ordered = split.permute(0, 4, 5, 2, 3, 1).flatten(1, 3)
    return F.pad(ordered, (0, 0, 0, 0, 0, -ordered.shape[1] % TILE)).contiguous()


def second_linear(weight: Tensor) -> Tensor:
    """[in, out] of [out, in], both filled up to whole blocks."""
    outputs, inputs = weight.shape
    return F.pad(weight.t(), (0, -outputs % LANES, 0, -inputs % LANES)).contiguous()


def padded(values: Tensor) -> Tensor:
    """A number an output, filled up to whole blocks."""
    return F.pad(values, (0, -len(values) % LANES)).contiguous()


def block_count(count: int) -> int:
    """In how many blocks so many outputs are."""
    return -(-count // LANES)
