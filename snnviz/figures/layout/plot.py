"""A figure with one pair of axes, for lines, bars and tables."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from snnviz.errors import ConfigError
from snnviz.figures.fonts import fit_fonts, known_missing
from snnviz.figures.layout.frame import TEXT_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart with any kind of colour vision.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
LINE_COLOR = COLORS[0]
# Of pixels a side matplotlib draws fewer than that.
_TOO_LARGE = 1 << 16
# With fewer pixels an inch FreeType has no pixel for a letter of seven points.
_LOWEST_DPI = 10


def build_plot(width: float, height: float, *, dpi: int, title: str) -> tuple[Figure, "Axes"]:
    """A figure of so many inches and its axes, under a title."""
    check_size(width, height, dpi)
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, color=TEXT_COLOR)
    axes.tick_params(colors=TEXT_COLOR)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def check_size(width: float, height: float, dpi: int) -> None:
    """Nothing, if a figure of so many inches can be drawn.

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


def settle_layout(figure: Figure) -> Figure:
    """The figure, laid out once and for all.

    Each drawing would move things a little further otherwise, so that the bytes of a file would
    depend on which were written before it.
    """
    fit_fonts(figure)
    with known_missing():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure
