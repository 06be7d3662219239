"""Channels to one canvas: layout, gaps, normalization. Pure NumPy.

A canvas is a float array that a colour map can draw as it is: counts as values in [0, 1], and three
special values outside for what has no contrast to show, which colour maps know as "under", "over"
and "bad".
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from snnviz.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Normalize = Literal["map", "shared", "none"]
NORMALIZATIONS: tuple[Normalize, ...] = get_args(Normalize)

SILENT = -1.0  # no spike anywhere in the map
SATURATED = 2.0  # a spike in every step everywhere
GAP = np.nan  # between the maps

# A bluish and an orange hue: no grey map contains them, colour-blind readers tell them apart, and
# the first is dark enough that a page of silent maps does not outshine the others.
SILENT_COLOR = "#2a3f52"
SATURATED_COLOR = "#e69f00"
GAP_COLOR = "#a9bcd0"


@dataclass(frozen=True)
class Layout:
    """Where each of K maps lies on the canvas.

    Attributes:
        rows: Rows of maps.
        columns: Columns of maps; map k is in row k // columns, column k % columns.
        height: Pixels of a map from top to bottom.
        width: Pixels of a map from left to right.
        gap: Pixels between maps, and around them.
        strip: Further pixels above each map, for a label.
    """

    rows: int
    columns: int
    height: int
    width: int
    gap: int = 1
    strip: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas."""
        return (
            self.rows * (self.strip + self.height + self.gap) + self.gap,
            self.columns * (self.width + self.gap) + self.gap,
        )

    def corner(self, k: int) -> tuple[int, int]:
        """Canvas row and column of the top left pixel of map k."""
        row, column = divmod(k, self.columns)
        return (
            row * (self.strip + self.height + self.gap) + self.gap + self.strip,
            column * (self.width + self.gap) + self.gap,
        )


def choose_layout(
    shape: tuple[int, int, int],
    *,
    rows: int | None = None,
    columns: int | None = None,
    gap: int = 1,
    strip: int = 0,
) -> Layout:
    """The layout of K maps of H x W pixels, 8 x 16 for 128 maps.

    Where neither rows nor columns are given, it is the one with the fewest empty places among
    those between as wide as high and four times as wide; of several, the nearest to twice as wide.

    Args:
        shape: (K, H, W).
        rows: Number of rows, or None.
        columns: Number of columns, or None.
        gap: See `Layout`.
        strip: See `Layout`.

    Raises:
        ConfigError: K maps do not fit into the rows and columns.
    """
    count, height, width = shape
    if rows is None and columns is None:
        rows, columns = _balanced(count)
    elif columns is None:
        columns = -(-count // _positive("rows", rows))
    elif rows is None:
        rows = -(-count // _positive("columns", columns))
    assert rows is not None  # noqa: S101
    if _positive("rows", rows) * _positive("columns", columns) < count:
        raise ConfigError(
            f"{count} feature maps do not fit into {rows} rows and {columns} columns; "
            "give one of the two, or neither"
        )
    return Layout(rows, columns, height, width, gap, strip)


def _balanced(count: int) -> tuple[int, int]:
    candidates = [
        (rows, -(-count // rows)) for rows in range(1, count + 1) if rows <= -(-count // rows)
    ]
    near = [(r, c) for r, c in candidates if c <= 4 * r] or candidates
    return min(near, key=lambda rc: (rc[0] * rc[1] - count, _from_double(rc), rc[1]))


def _from_double(rows_columns: tuple[int, int]) -> float:
    """How far from twice as wide as high, in octaves, rounded so that equal distances tie."""
    rows, columns = rows_columns
    return round(abs(math.log2(columns / rows / 2)), 9)


def _positive(name: str, value: int | None) -> int:
    if value is None or value < 1:
        raise ConfigError(f"{name} must be at least 1, got {value}")
    return value


def normalize_counts(
    counts: "NDArray[np.integer]", *, t: int, T: int, normalize: Normalize = "map", most: int = 1
) -> "NDArray[np.float32]":
    """Each map on a scale for drawing, float32 [K, H, W].

    "map" stretches every map by itself from its smallest to its largest count; "shared" divides by
    T, so that maps, steps and images compare; "none" divides by the largest count that step t
    allows, t + 1. All values are in [0, 1], except that a silent map is `SILENT` and a saturated
    one (count t + 1 everywhere) `SATURATED`. A constant map between the two has no contrast of its
    own: "map" draws it as its count over t + 1. No map influences how another one looks.

    Where neurons fire up to `most` times in a step, T and t + 1 are that many times as large.

    Args:
        counts: Spike counts of steps 0..t, ints [K, H, W] in 0..(t + 1) * most.
        t: The 0-based step up to which they count.
        T: Number of time steps, > t.
        normalize: The scale.
        most: The largest number of spikes of a neuron in one step, >= 1.

    Raises:
        ShapeError: The array is not [K, H, W], or holds a count outside 0..(t + 1) * most.
        ConfigError: t is not below T, or the scale is unknown.
    """
    counts = np.asarray(counts)
    _check_counts(counts, t, T, normalize, most)
    maps: NDArray[np.float32] = counts.astype(np.float32)
    low, high = maps.min(axis=(1, 2)), maps.max(axis=(1, 2))
    zero = np.zeros_like(low)
    span = np.full_like(high, most * (T if normalize == "shared" else t + 1))
    if normalize == "map":
        varied = high > low
        zero, span = np.where(varied, low, zero), np.where(varied, high - low, span)
    maps -= zero[:, None, None]
    maps /= span[:, None, None]
    maps[high == 0] = SILENT
    maps[low == most * (t + 1)] = SATURATED
    return maps


def _check_counts(
    counts: "NDArray[np.integer]", t: int, T: int, normalize: Normalize, most: int
) -> None:
    if counts.ndim != 3 or 0 in counts.shape or not np.issubdtype(counts.dtype, np.integer):
        raise ShapeError(
            f"counts must be ints [K, H, W] with no side of 0, "
            f"got {counts.dtype} {list(counts.shape)}"
        )
    if not 0 <= t < T:
        raise ConfigError(f"t must be in 0..{T - 1} for T = {T}, got {t}")
    if counts.min() < 0 or counts.max() > most * (t + 1):
        raise ShapeError(
            f"counts up to step {t} must be in 0..{most * (t + 1)}, got {counts.min()} to "
            f"{counts.max()}; check t"
        )
    if normalize not in NORMALIZATIONS:
        raise ConfigError(
            f"normalize must be one of {', '.join(NORMALIZATIONS)}, got {normalize!r}"
        )


def compose(maps: "NDArray[np.float32]", layout: Layout) -> "NDArray[np.float32]":
    """The canvas with all `maps` [K, H, W] in their places and `GAP` everywhere else."""
    canvas = np.full(layout.shape, GAP, dtype=np.float32)
    for k, feature_map in enumerate(maps):
        top, left = layout.corner(k)
        canvas[top : top + layout.height, left : left + layout.width] = feature_map
    return canvas
