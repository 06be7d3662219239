"""How alike representations are, as a map of colours for each of several sets of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ShapeError
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.place import COLUMN, Place
from snnviz.figures.layout.text import shorten
from snnviz.figures.layout.tiles import (
    Around,
    Bar,
    Swatch,
    build_tiles,
    page_columns,
    pixel_of,
    to_pixels,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_CMAP = "viridis"
# Where CKA is not defined; lighter than the darkest colours of the map, greyer than all.
_UNDEFINED = "#bdbdbd"
# Pixels that a side has about.
_SIDE = 64
# Points of labels where nothing was asked for, and how many of these a letter is wide.
_POINTS, _LETTER = 7.1, 0.6
_COLUMNS = 4


def alignment_figure(
    matrices: Mapping[str, "NDArray[np.floating]"],
    *,
    title: str = "CKA",
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of matrices of CKA, a map each, the first row and column at the top left.

    Values below 0, which chance gives, are drawn as 0.

    Args:
        matrices: By name, floats [n, n] of at most 1 each; NaN where it is not defined.
        title: Text above.
        columns: Maps in a row; None: four, or as many as fit them to a page.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There is no matrix, one is not [n, n], or a value is above 1.
        ConfigError: dpi is out of range.

    Example:
        >>> found = snnviz.layer_alignment(snnviz.load_encoder(), snnviz.garments(8), T=3)
        >>> figure = snnviz.alignment_figure(dict(zip(found.layers, found.cka.steps)))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['the encoder']
    """
    found = {name: np.asarray(values, np.float64) for name, values in matrices.items()}
    if not found:
        raise ShapeError("there is no matrix of CKA to draw, got none")
    for name, values in found.items():
        if values.ndim != 2 or len(set(values.shape)) != 1 or not values.size:
            raise ShapeError(f"CKA of {name} must be [n, n], got {list(values.shape)}")
        if not np.nanmax(values, initial=0) <= 1 + 1e-9 or np.isinf(values).any():
            raise ShapeError(f"CKA is at most 1, got {np.nanmax(values)} in {name}")
    place = Place(ax, width, font_size, dpi)
    most = max(map(len, found.values()))
    side = most * max(1, round(_SIDE / most))
    pictures = np.stack([_picture(values, side) for values in found.values()])
    undefined = any(np.isnan(values).any() for values in found.values())
    colors = mpl.colormaps[_CMAP]
    columns = columns or page_columns(len(pictures), 1, 1, min(_COLUMNS, len(pictures)))
    frame, _ = build_tiles(
        pictures,
        Around(
            title=title,
            labels=_labels(list(found), place, columns),
            bars=[Bar("CKA", colors, LinearNorm(0, 1), (0, 0.5, 1))],
            swatches=[Swatch(_UNDEFINED, "not defined: the same spikes for all images")]
            * undefined,
        ),
        place,
        columns=columns,
    )
    return place.finish(ax, frame.figure)


def _labels(names: list[str], place: Place, columns: int) -> list[str]:
    """The names, shortened to what a map is wide."""
    inches = place.width or (COLUMN if place.ax is None else place.width_of_axes())
    points = place.text(_POINTS)
    room = 0.92 * 72 * inches / columns
    short = literals(names, max(4, int(room / (_LETTER * points))))
    return [shorten(name, points, room) for name in short.values()]


def _picture(values: "NDArray[np.float64]", side: int) -> "NDArray[np.uint8]":
    """A matrix as colours [side, side, 3], each value a block."""
    colors = to_pixels(mpl.colormaps[_CMAP](np.clip(np.nan_to_num(values), 0, 1), bytes=True))
    colors[np.isnan(values)] = pixel_of(_UNDEFINED)
    places = np.arange(side) * len(values) // side
    return colors[places][:, places]
