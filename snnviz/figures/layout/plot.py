"""Figures with axes, for lines, bars and tables: one, or several below and beside each other."""

from typing import TYPE_CHECKING

from snnviz.errors import ConfigError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.shown import ShownFigure
from snnviz.figures.layout.text import wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from snnviz.figures.layout.place import Place

# Okabe and Ito's colours, told apart with any kind of colour vision.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
LINE_COLOR = COLORS[0]
POINTS, HEADING = 10.0, 12.0
"""Points of text and of titles where nothing else was asked for."""
# Of pixels a side matplotlib draws fewer than that.
_TOO_LARGE = 1 << 16
# With fewer pixels an inch FreeType has no pixel for a letter of seven points.
_LOWEST_DPI = 10
# Of the width that a title over axes may take: they have labels to their left.
_TITLE = 0.78


def build_plot(
    place: "Place",
    size: tuple[float, float],
    *,
    title: str,
    points: float = POINTS,
    heading: float = HEADING,
) -> "tuple[Figure | SubFigure, Axes]":
    """A figure of so many inches and its axes, or those of the place, under a title.

    Args:
        place: What to draw on.
        size: Width and height in inches of a figure that is made.
        title: Text above, broken into lines where it is long.
        points: Points of text where the place says nothing.
        heading: Points of the title where the place says nothing.
    """
    figure: Figure | SubFigure
    if place.ax is None:
        check_size(*size, place.dpi)
        figure = ShownFigure(figsize=size, dpi=place.dpi, facecolor="white", layout="constrained")
        axes, width = figure.add_subplot(), size[0]
    else:
        axes, width = place.one_axes(), place.width_of_axes()
        figure = axes.figure
    large = place.heading(heading)
    axes.set_title(wrap(title, large, 72 * width * _TITLE), color=TEXT_COLOR, fontsize=large)
    axes.spines[["top", "right"]].set_visible(False)
    set_text(axes, place.text(points))
    return figure, axes


def build_panels(
    place: "Place",
    size: tuple[float, float],
    *,
    title: str,
    rows: int,
    columns: int = 1,
    heading: float = HEADING,
    points: float = POINTS,
) -> "tuple[Figure | SubFigure, list[Axes]]":
    """A figure of so many inches, or that of the place, and axes in it, row by row.

    Args:
        place: What to draw on.
        size: Width and height in inches of a figure that is made.
        title: Text above all.
        rows: Axes below each other.
        columns: Axes beside each other.
        heading: Points of the title where the place says nothing.
        points: Points of text where the place says nothing.
    """
    figure: Figure | SubFigure
    if place.ax is None:
        check_size(*size, place.dpi)
        figure = ShownFigure(figsize=size, dpi=place.dpi, facecolor="white", layout="constrained")
        panels = [figure.add_subplot(rows, columns, n + 1) for n in range(rows * columns)]
        width = size[0]
    else:
        figure, panels = place.panels(rows, columns)
        width = place.width_of_axes()
    large = place.heading(heading)
    figure.suptitle(wrap(title, large, 72 * width * 0.97), fontsize=large, color=TEXT_COLOR)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        set_text(axes, place.text(points))
    return figure, panels


def set_text(axes: "Axes", points: float) -> None:
    """All text at the axes in this size, and lines to match."""
    axes.tick_params(labelsize=points, colors=TEXT_COLOR)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(points)
        label.set_color(TEXT_COLOR)
    small = points < POINTS
    length = 2.5 if small else 3.5
    # So far from the axes that the lowest number does not touch the leftmost one.
    pad = max(length - 0.5 if small else length, 0.62 * points - length)
    axes.tick_params(length=length, pad=pad)
    if small:
        axes.tick_params(width=0.6)
        axes.spines[:].set_linewidth(0.6)


def check_size(width: float, height: float, dpi: int) -> None:
    """Raises unless a figure of so many inches can be drawn.

    Raises:
        ConfigError: dpi is below 10, or there would be more pixels than matplotlib draws.
    """
    if dpi < _LOWEST_DPI:
        raise ConfigError(f"dpi must be at least {_LOWEST_DPI}, got {dpi}")
    if max(width, height) * dpi >= _TOO_LARGE:
        raise ConfigError(
            f"the figure would have {width * dpi:.0f} x {height * dpi:.0f} pixels, more than can "
            "be drawn; choose a lower dpi, or show less"
        )
