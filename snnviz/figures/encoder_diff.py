"""Two encoders channel by channel: kernels and mean maps side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.kernels import center, draw_kernels, enlarge, fill
from snnviz.figures.layout.choice import check_channels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, build_tiles, check_maps, page_columns
from snnviz.figures.means import (
    check_means,
    mean_bar,
    mean_pixels,
    scale_means,
    special_swatches,
)
from snnviz.grid import SATURATED, SILENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On
    from snnviz.figures.layout.tiles import Bar, Pixels

# So many pairs stand beside each other at least.
_PAIRS = 8
SCALES = ("pair", "shared")
# Pixels to both sides of a pair, which is told from its neighbours by them.
_MARGIN = 1
_TO = "\N{RIGHTWARDS ARROW}"


def encoder_diff_figure(
    maps: "NDArray[np.floating]",
    others: "NDArray[np.floating]",
    *,
    T: int,
    pairs: Sequence[tuple[int, int]],
    kernels: "NDArray[np.floating] | None" = None,
    other_kernels: "NDArray[np.floating] | None" = None,
    scale: str = "pair",
    cmap: str = "gray",
    most: int = 1,
    title: str = "Two encoders",
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of pairs of channels: to the left the first encoder's, to the right the second's.

    Above are the kernels, all of both encoders on one range that is symmetric around zero; below
    the mean maps. A pair of channels 12 and 7 is called "12→7", one of the same number by that.

    Args:
        maps: Mean spike counts of the first encoder, floats [K, H, W] in 0..T.
        others: Those of the second, floats [L, H, W].
        T: Number of time steps that the counts are of.
        pairs: Which channels to show, of the first and of the second encoder, in reading order.
        kernels: Weights of the first encoder, floats [K, C, kh, kw]; None draws maps alone.
        other_kernels: Those of the second, floats [L, C, kh, kw].
        scale: "pair": the two mean maps of a pair from the lowest to the highest mean of both;
            "shared": all on 0..T.
        cmap: Name of the colour map of the mean maps.
        most: The largest number of spikes of a neuron in one step, of which T * most is the top.
        title: Text above; say which encoders, and what the order is.
        columns: Pairs in a row; None chooses.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Maps or kernels have another shape or range, or do not fit each other.
        ConfigError: An option is out of range, there is no pair, or a channel is in two.

    Example:
        >>> maps = np.random.default_rng(0).random((4, 12, 28))
        >>> figure = snnviz.encoder_diff_figure(maps, maps[::-1], T=1, pairs=[(0, 3), (1, 1)])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0→3', '1']
    """
    maps, others = np.asarray(maps), np.asarray(others)
    for each in (maps, others):
        check_means(each, T, most=most)
    if maps.shape[1:] != others.shape[1:]:
        raise ShapeError(
            f"maps of both encoders must be of one size, got {list(maps.shape)} and "
            f"{list(others.shape)}"
        )
    first = check_channels([k for k, _ in pairs], len(maps))
    second = check_channels([p for _, p in pairs], len(others))
    values = _scaled(np.stack([maps[first], others[second]]), T, scale, most)
    pictures = mean_pixels(values, cmap)
    bars = [mean_bar(T=T, scale=scale, most=most, cmap=cmap, what="pair")]
    if kernels is None or other_kernels is None:
        tiles = _beside(*pictures)
    else:
        drawn, bar = _kernels(kernels, other_kernels, first, second, maps, others)
        large = [enlarge(each, *maps.shape[1:]) for each in drawn]
        wide = max(maps.shape[2], large[0].shape[2])
        above, below = (
            _beside(*(center(each, 0, wide) for each in two)) for two in (large, pictures)
        )
        gap = fill((len(first), 1, *above.shape[2:]))
        tiles = np.concatenate([above, gap, below], axis=1)
        bars.insert(0, bar)
    side = fill((len(first), tiles.shape[1], _MARGIN, 3))
    tiles = np.concatenate([side, tiles, side], axis=2)
    if columns is None:
        columns = page_columns(len(tiles), tiles.shape[1], tiles.shape[2], _PAIRS)
    around = Around(
        title=title,
        labels=[f"{k}" if k == p else f"{k}{_TO}{p}" for k, p in pairs],
        bars=bars,
        swatches=special_swatches(values),
    )
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(tiles, around, place, columns=columns)
    return place.finish(ax, frame.figure)


def _scaled(maps: "NDArray[np.floating]", T: int, scale: str, most: int) -> "NDArray[np.float64]":
    """What `scale_means` makes of maps [2, P, H, W]; silent or saturated is each by itself.

    Raises:
        ConfigError: The scale is unknown.
    """
    if scale not in SCALES:
        raise ConfigError(f"scale must be one of {', '.join(SCALES)}, got {scale!r}")
    each = scale_means(maps, T=T, scale="shared", sides=(2, 3), most=most)
    if scale == "shared":
        return each
    pairs = scale_means(maps, T=T, scale="map", sides=(0, 2, 3), most=most)
    return np.where((each == SILENT) | (each == SATURATED), each, pairs)


def _kernels(
    kernels: "NDArray[np.floating]",
    others: "NDArray[np.floating]",
    first: list[int],
    second: list[int],
    maps: "NDArray[np.floating]",
    other_maps: "NDArray[np.floating]",
) -> "tuple[tuple[Pixels, Pixels], Bar]":
    """The pairs' kernels in colours, on one range."""
    kernels, others = np.asarray(kernels), np.asarray(others)
    for each in (kernels, others):
        check_maps(each, "[K, C, kh, kw]", "kernels")
    counts, other_counts = (len(kernels), len(others)), (len(maps), len(other_maps))
    if kernels.shape[1:] != others.shape[1:] or counts != other_counts:
        raise ShapeError(
            "kernels must be of one size, and as many as maps, got "
            f"{list(kernels.shape)} and {list(others.shape)}"
        )
    top = float(max(np.abs(kernels).max(), np.abs(others).max())) or 1.0
    (one, bar), (other, _) = draw_kernels(kernels[first], top), draw_kernels(others[second], top)
    return (one, other), bar


def _beside(first: "Pixels", second: "Pixels") -> "Pixels":
    """Pictures [n, H, W, 3] of two, a gap between."""
    return np.concatenate([first, fill((*first.shape[:2], 1, 3)), second], axis=2)
