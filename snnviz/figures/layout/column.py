"""Plots that are usually as wide as a column of a paper, with text of seven points and more."""

from typing import TYPE_CHECKING

from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import COLUMN, squeezed
from snnviz.figures.layout.plot import build_panels, build_plot
from snnviz.figures.layout.text import widest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from snnviz.figures.layout.place import Place

SMALL, HEADING = 7.0, 8.5
"""Points of text and of titles."""
LONGEST_NAME = 20
"""Letters of a name beside which there is room for something else."""
# Sizes of its font that an entry of a legend takes besides its text.
_HANDLE = 3.6


def build_column(place: "Place", height: float, *, title: str) -> "tuple[Figure | SubFigure, Axes]":
    """A figure of a column's width, and so high there, and its axes, under a title."""
    width = place.width or COLUMN
    size = (width, squeezed(height, width, COLUMN))
    return build_plot(place, size, title=title, points=SMALL, heading=HEADING)


def build_column_panels(
    place: "Place", rows: int, height: float, *, title: str, columns: int = 1
) -> "tuple[Figure | SubFigure, list[Axes]]":
    """A figure of a column's width, under a title, and axes one below the other."""
    return build_panels(
        place,
        (place.width or COLUMN, height),
        title=title,
        rows=rows,
        columns=columns,
        points=SMALL,
        heading=HEADING,
    )


def add_legend(axes: "Axes", points: float, *, columns: int = 1) -> None:
    """The legend of what is labelled, inside the axes where there is room."""
    axes.legend(
        loc="best",
        fontsize=points,
        labelcolor=TEXT_COLOR,
        frameon=True,
        framealpha=0.9,
        edgecolor="none",
        ncols=columns,
        handlelength=1.2,
        columnspacing=1,
        borderpad=0.2,
        labelspacing=0.3,
    )


def add_legend_below(
    figure: "Figure | SubFigure",
    handles: "Sequence[Artist]",
    labels: "Sequence[str]",
    place: "Place",
    *,
    usual: float = SMALL,
) -> None:
    """A legend under all axes, its entries beside each other as far as they fit."""
    points = place.text(usual)
    inches = place.width_of_axes() if place.ax is not None else figure.bbox.width / place.dpi
    entry = widest(labels, points) + _HANDLE * points
    columns = max(1, min(len(labels), int(72 * inches / entry)))
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        fontsize=points,
        frameon=False,
        labelcolor=TEXT_COLOR,
        handlelength=1.5,
        columnspacing=1,
    )
