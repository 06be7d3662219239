"""Where a figure is drawn: a `Figure` of its own, of any width, or axes of the caller's.

Every public figure takes `ax`, `width` and `font_size` and makes a `Place` of them; all layouts ask
the place for axes, for the room that there is, and for the size of text, and give it back settled.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnviz.errors import ConfigError
from snnviz.figures.fonts import fit_fonts, known_missing
from snnviz.figures.layout.text import SMALLEST, thin_ticks

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    On = TypeVar("On", bound=Figure | SubFigure | Axes, default=Figure)
    """What a figure is drawn on, and so what comes back: a Figure where nothing was given."""

COLUMN, PAGE = 3.3, 9.0
"""Inches that a column of a paper is wide, and that a page of one is high."""
POINTS = 7.1
"""Points of text in a figure whose width was given."""
_HEADING = 1.2
_NARROWEST, _WIDEST = 1.0, 100.0
_LARGEST_TEXT = 72.0


@dataclass(frozen=True)
class Place:
    """What a figure is drawn on.

    Attributes:
        ax: Axes, or a SubFigure or Figure, of the caller's; None makes a figure.
        width: Its width in inches; None: the figure's usual one.
        font_size: Points of its text; None: 7.1 where the width was given or the axes are, else
            the figure's usual ones.
        dpi: Output pixels per inch of a figure that is made.
    """

    ax: "Figure | SubFigure | Axes | None"
    width: float | None
    font_size: float | None
    dpi: int

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ConfigError: A width or size is out of range, or the axes are none, or too many.
        """
        if self.width is not None and not _NARROWEST <= self.width <= _WIDEST:
            raise ConfigError(
                f"width must be {_NARROWEST:g} to {_WIDEST:g} inches, got {self.width!r}"
            )
        if self.font_size is not None and not SMALLEST <= self.font_size <= _LARGEST_TEXT:
            raise ConfigError(
                f"font_size must be {SMALLEST:g} to {_LARGEST_TEXT:g} points, got "
                f"{self.font_size!r}"
            )
        if self.ax is not None and not isinstance(self.ax, (Axes, SubFigure, Figure)):
            raise ConfigError(
                "ax must be an Axes, SubFigure or Figure of matplotlib, got "
                f"{type(self.ax).__name__}"
            )
        if self.ax is not None and self.width is not None:
            raise ConfigError("the width of axes is that of their figure; leave width or ax out")

    @property
    def is_sized(self) -> bool:
        """Whether text has its points whatever the width, and not the figure's usual share."""
        return self.ax is not None or self.width is not None or self.font_size is not None

    def text(self, usual: float) -> float:
        """Points of text, those being usual where nothing was asked for."""
        return self.font_size or (POINTS if self.is_sized else usual)

    def heading(self, usual: float) -> float:
        """Points of titles."""
        return _HEADING * self.text(usual) if self.is_sized else usual

    def width_of_axes(self) -> float:
        """Inches that the caller's axes, or figure, are wide now."""
        assert self.ax is not None  # noqa: S101 - the caller asks where there are any
        return float(self.ax.bbox.width) / self.dpi_of_axes()

    def height_of_axes(self) -> float:
        """Inches that the caller's axes, or figure, are high now."""
        assert self.ax is not None  # noqa: S101 - the caller asks where there are any
        return float(self.ax.bbox.height) / self.dpi_of_axes()

    def dpi_of_axes(self) -> float:
        """Output pixels per inch of the caller's figure."""
        assert self.ax is not None  # noqa: S101 - the caller asks where there are any
        figure = self.ax.get_figure(root=True)
        assert figure is not None  # noqa: S101 - axes are on a figure
        return float(figure.dpi)

    def one_axes(self) -> Axes:
        """The caller's axes, or new ones that fill their figure.

        Raises:
            ConfigError: There is nothing of the caller's.
        """
        if isinstance(self.ax, Axes):
            return self.ax
        if self.ax is None:
            raise ConfigError("no axes were given")
        return self.ax.add_subplot()

    def panels(self, rows: int, columns: int = 1) -> "tuple[Figure | SubFigure, list[Axes]]":
        """The caller's figure and new axes in it, row by row.

        Raises:
            ConfigError: It is an Axes, which has room for one.
        """
        if self.ax is None or isinstance(self.ax, Axes):
            raise ConfigError(
                "this figure has several axes, and ax has room for one; pass a SubFigure, such as "
                "figure.subfigures()"
            )
        axes = [self.ax.add_subplot(rows, columns, n + 1) for n in range(rows * columns)]
        return self.ax, axes

    def finish(self, ax: "On | None", figure: "Figure | SubFigure") -> "On":
        """What was drawn on: `ax`, which is this place's, or else the figure, laid out.

        Args:
            ax: What the caller gave.
            figure: What was drawn on in fact.
        """
        fit_fonts(figure)
        if self.ax is None and isinstance(figure, Figure) and figure.get_layout_engine():
            _settle(figure)
        return cast("On", figure if ax is None else ax)


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all.

    Each drawing would move things a little further otherwise, so that the bytes of a file would
    depend on which were written before it.
    """
    with known_missing():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        if axes.axison and axes.get_visible():
            thin_ticks(axes)


def squeezed(height: float, width: float, usual: float) -> float:
    """The height of a figure that is `height` at its usual width, at another width.

    It follows the width by the square root: narrow axes stay readable, wide ones fit a page.
    """
    other = height * math.sqrt(width / usual)
    return min(other, max(height, PAGE))
