"""Spike counts of a map's cells: the features that a probe looks at."""

import math
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError
from snnviz.metrics import tallying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]


MAX_FEATURES = 2048
"""Most features that a probe looks at, unless there are more channels than that."""


def pooling_side(shape: tuple[int, int, int]) -> int:
    """The p of a p x p grid of cells a channel: the largest with K p^2 <= `MAX_FEATURES`.

    At least 1, at most the shorter side of the image: 4 for 128 maps, 28 (every pixel) for one
    map of 28 x 28.

    Args:
        shape: (K, H, W) of a record.
    """
    channels, height, width = shape
    return max(1, min(math.isqrt(MAX_FEATURES // channels), height, width))


def pooled_counts(record: "SpikeRecord", side: int, t: int | None = None) -> "Ints":
    """Spikes up to step t in each cell of a side x side grid, whole numbers [n, K side^2].

    Cell i of a side of length L reaches from floor(i L / side) to floor((i + 1) L / side).

    Args:
        record: n images over T steps.
        side: Cells along each side of a map, 1 to its shorter side.
        t: 0-based step; None: the last.

    Raises:
        ConfigError: `side` or `t` is out of range.
    """
    n, channels, height, width = record.shape
    if not 1 <= side <= min(height, width):
        raise ConfigError(f"maps of {height} x {width} have no {side} x {side} cells; choose fewer")
    counts = record.count(record.T - 1 if t is None else t)
    if counts.dtype == np.uint8 and tallying.is_worth(counts.size):
        return tallying.cell_sums(counts, side).reshape(n, -1)
    # A product with zeros and ones adds up several times faster than `np.add.reduceat` does.
    exact = np.float32 if record.T * record.most * height * width < 1 << 24 else np.float64
    columns = np.zeros((width, side), exact)
    columns[np.arange(width), _cells(width, side)] = 1
    rows = (counts.reshape(-1, width).astype(exact) @ columns).reshape(-1, height, side)
    cells = np.add.reduceat(rows, np.arange(side) * height // side, axis=1)
    return cells.astype(np.int64).reshape(n, channels * side * side)


def _cells(length: int, side: int) -> "NDArray[np.intp]":
    """The cell in which each pixel of a side lies."""
    starts = np.arange(side) * length // side
    found: NDArray[np.intp] = np.searchsorted(starts, np.arange(length), side="right") - 1
    return found
