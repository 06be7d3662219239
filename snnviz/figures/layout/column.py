"""Plots as wide as a column of a paper, with text of seven points and more."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.plot import build_plot, check_size
from snnviz.figures.layout.tiles import COLUMN, break_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL, HEADING = 7.0, 8.5
"""Points of text and of titles."""
LONGEST_NAME = 20
"""Letters of a name beside which there is room for something else."""


def build_column(height: float, *, dpi: int, title: str) -> "tuple[Figure, Axes]":
    """A figure of a column's width and its axes, under a title."""
    figure, axes = build_plot(COLUMN, height, dpi=dpi, title=break_lines(title))
    axes.title.set_fontsize(HEADING)
    set_text(axes)
    return figure, axes


def build_panels(rows: int, height: float, *, dpi: int, title: str) -> "tuple[Figure, list[Axes]]":
    """A figure of a column's width, under a title, and axes one below the other."""
    check_size(COLUMN, height, dpi)
    figure = Figure(figsize=(COLUMN, height), dpi=dpi, facecolor="white", layout="constrained")
    figure.suptitle(break_lines(title), fontsize=HEADING, color=TEXT_COLOR)
    panels = [figure.add_subplot(rows, 1, row + 1) for row in range(rows)]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        set_text(axes)
    return figure, panels


def set_text(axes: "Axes") -> None:
    """All text at the axes in the size and colour of small text."""
    axes.tick_params(labelsize=SMALL, colors=TEXT_COLOR, length=2.5, width=0.6, pad=2)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(SMALL)
        label.set_color(TEXT_COLOR)
    axes.spines[:].set_linewidth(0.6)


def add_legend(axes: "Axes", *, below: bool = False, columns: int = 1) -> None:
    """The legend of what is labelled, inside where there is room, or under the axes."""
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.28)} if below else {"loc": "best"}
    axes.legend(
        fontsize=SMALL,
        labelcolor=TEXT_COLOR,
        frameon=not below,
        framealpha=0.9,
        edgecolor="none",
        ncols=columns,
        handlelength=1.2,
        columnspacing=1,
        borderpad=0.2,
        labelspacing=0.3,
        **where,
    )
