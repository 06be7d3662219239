"""What each channel does in each class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ShapeError
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, build_tiles
from snnviz.figures.means import (
    check_means,
    mean_bar,
    mean_pixels,
    scale_means,
    special_swatches,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On


def class_atlas_figure(
    maps: "NDArray[np.floating]",
    *,
    T: int,
    classes: Sequence[str],
    channels: Sequence[int],
    scale: str = "map",
    cmap: str = "gray",
    most: int = 1,
    title: str = "Mean counts by class and channel",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the mean map of each class (a row) and channel (a column).

    Args:
        maps: Mean spike counts of T steps over the images of each class, floats
            [classes, channels, H, W] in 0..T.
        T: Number of time steps, >= 1.
        classes: The name of each class.
        channels: The number of each channel that `maps` holds. Up to ten stay readable in a column.
        scale: "map": all maps of a channel on one scale, from its lowest to its highest mean, so
            that classes compare; "shared": all on 0..T, so that channels compare as well.
        cmap: Name of a matplotlib colour map.
        most: The largest number of spikes of a neuron in one step, of which T * most is the top.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The maps have another shape or range, or names do not match them.
        ConfigError: An option is out of range.

    Example:
        >>> maps = np.random.default_rng(0).random((2, 3, 28, 28)) * 4
        >>> figure = snnviz.class_atlas_figure(maps, T=4, classes=("a", "b"), channels=(5, 9, 70))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['a', 'b', '5', '9', '70']
    """
    maps = np.asarray(maps)
    check_means(maps, T, "[classes, channels, H, W]", most=most)
    if maps.shape[:2] != (len(classes), len(channels)):
        raise ShapeError(
            f"maps of {maps.shape[0]} classes and {maps.shape[1]} channels, but "
            f"{len(classes)} and {len(channels)} names"
        )
    # What is stretched together, and silent as a whole, is a channel with all its classes.
    values = scale_means(maps, T=T, scale=scale, most=most, sides=(0, 2, 3))
    pixels = mean_pixels(values, cmap)
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        pixels.reshape(-1, *pixels.shape[2:]),
        Around(
            title=title,
            rows=list(classes),
            columns=[str(k) for k in channels],
            bars=[mean_bar(T=T, scale=scale, most=most, cmap=cmap, what="column")],
            swatches=special_swatches(values),
        ),
        place,
        rows=len(classes),
        columns=len(channels),
    )
    return place.finish(ax, frame.figure)
