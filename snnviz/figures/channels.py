"""Channels in an order that says something: by type, by rate."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz._renaming import renamed
from snnviz.figures.kernels import add_strips
from snnviz.figures.layout.choice import check_channels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, build_tiles
from snnviz.figures.means import (
    check_means,
    mean_bar,
    mean_pixels,
    scale_means,
    special_swatches,
)
from snnviz.figures.types import check_types, type_colors, type_swatches
from snnviz.grid import choose_layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# In more, three digits would not fit above a map.
_MOST_COLUMNS = 16


@renamed(order="channels")
def sorted_channels_figure(
    maps: "NDArray[np.floating]",
    *,
    T: int,
    channels: Sequence[int] | None = None,
    types: Sequence[str] | None = None,
    colors: Mapping[str, str] | None = None,
    scale: str = "map",
    cmap: str = "gray",
    most: int = 1,
    title: str = "Channels",
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the channels' maps in the order given, with their types in colour.

    Args:
        maps: Mean spike counts of T steps, over images or of one, floats or ints [K, H, W] in 0..T.
        T: Number of time steps, >= 1.
        channels: The channels to show, in reading order, ints in 0..K-1, for example
            `numpy.argsort(-rate)`; None: all.
        types: The type of each of the K channels, for a colour strip above its map and a legend
            with the number of channels of each type, or None.
        colors: Colours of types; those that have none get one.
        scale: "map": each map from its lowest to its highest mean; "shared": all on 0..T.
        cmap: Name of a matplotlib colour map.
        most: The largest number of spikes of a neuron in one step, of which T * most is the top.
        title: Text above; say what the order is.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Maps or types have another shape or range.
        ConfigError: An option is out of range, or types are too many for their colours.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> maps = record.count(3)[0]
        >>> order = np.argsort(maps.mean(axis=(1, 2)))[:-17:-1]
        >>> figure = snnviz.sorted_channels_figure(maps, T=4, channels=order, title="Active")
        >>> figure.axes[0].get_title()
        'Active'
    """
    maps = np.asarray(maps)
    check_means(maps, T, most=most)
    shown = check_channels(channels, len(maps))
    named = check_types(types, len(maps))
    values = scale_means(maps[shown], T=T, scale=scale, most=most)
    tiles = mean_pixels(values, cmap)
    swatches = special_swatches(values, named)
    if named:
        kinds = [named[k] for k in shown]
        palette = type_colors(kinds, colors)
        tiles = add_strips(tiles, kinds, palette)
        swatches = type_swatches(kinds, palette) + swatches
    if rows is None and columns is None:
        columns = min(choose_layout(tiles.shape[:3]).columns, _MOST_COLUMNS)
    around = Around(
        title=title,
        labels=[str(k) for k in shown],
        bars=[mean_bar(T=T, scale=scale, most=most, cmap=cmap)],
        swatches=swatches,
    )
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(tiles, around, place, rows=rows, columns=columns)
    return place.finish(ax, frame.figure)
