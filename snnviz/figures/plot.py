"""A figure with one pair of axes, for lines, bars and tables."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from snnviz.errors import ConfigError
from snnviz.figures.frame import TEXT_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Blue of a palette that colour-blind readers tell apart: M. Okabe, K. Ito, "Color Universal
# Design", 2008, https://jfly.uni-koeln.de/color/.
LINE_COLOR = "#0072b2"


def build_plot(width: float, height: float, *, dpi: int, title: str) -> tuple[Figure, "Axes"]:
    """A figure of so many inches and its axes, under a title."""
    if dpi < 1:
        raise ConfigError(f"dpi must be at least 1, got {dpi}")
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, color=TEXT_COLOR)
    axes.tick_params(colors=TEXT_COLOR)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def settle_layout(figure: Figure) -> Figure:
    """The figure, laid out once and for all.

    Each drawing would move things a little further otherwise, so that the bytes of a file would
    depend on which were written before it.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure
