"""What becomes of a network's confidence as pixels are deleted and inserted."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import (
    LONGEST_NAME,
    SMALL,
    add_legend_below,
    build_column_panels,
)
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.plot import COLORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.artist import Artist
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

    Curves = Mapping[str, NDArray[np.floating]]

# Inches of a panel, and of title and legend.
_PANEL, _AROUND = 1.6, 1.1
# With each colour, so that lines differ in print without colours too.
_STYLES = ("-", "--", ":", "-.")


def deletion_figure(
    deletion: "Curves",
    insertion: "Curves",
    *,
    title: str = "Confidence as pixels go and come",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of two panels: confidence by the share of deleted, and of inserted pixels.

    Args:
        deletion: By the name of each map, the mean confidence at shares evenly from 0 to 1, floats
            [S]; or [S, 3], with the lower and upper end of an interval, which is drawn as a band.
        insertion: The same of inserted pixels, by the same names.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There are no curves, their names differ, or one is not [S] or [S, 3].
        ConfigError: dpi is out of range.

    Example:
        >>> falls, rises = {"SAM": np.array([0.9, 0.4, 0.1])}, {"SAM": np.array([0.1, 0.7, 0.9])}
        >>> figure = snnviz.deletion_figure(falls, rises)
        >>> figure.axes[0].lines[0].get_xydata().tolist()
        [[0.0, 0.9], [0.5, 0.4], [1.0, 0.1]]
    """
    if not deletion or set(deletion) != set(insertion):
        raise ShapeError(
            f"curves must be of the same maps, got {list(deletion)} and {list(insertion)}"
        )
    place = Place(ax, width, font_size, dpi)
    figure, axes = build_column_panels(place, 2, _AROUND + 2 * _PANEL, title=title)
    texts = literals(list(deletion), LONGEST_NAME)
    drawn: dict[str, Artist] = {}
    panels = (("deleted: lower is better", deletion), ("inserted: higher is better", insertion))
    for panel, (above, curves) in zip(axes, panels, strict=True):
        for number, name in enumerate(deletion):
            series = np.asarray(curves[name], np.float64)
            series = series[:, np.newaxis] if series.ndim == 1 else series
            if series.ndim != 2 or len(series) < 2 or series.shape[1] not in (1, 3):
                raise ShapeError(
                    f"the curve of {name} must be [S] or [S, 3] of two shares or more, got "
                    f"{list(np.shape(curves[name]))}"
                )
            shares, color = np.linspace(0, 1, len(series)), COLORS[number % len(COLORS)]
            if series.shape[1] == 3:
                panel.fill_between(shares, series[:, 1], series[:, 2], color=color, alpha=0.12,
                                   linewidth=0)  # fmt: skip
            (drawn[texts[name]],) = panel.plot(
                shares,
                series[:, 0],
                color=color,
                linestyle=_STYLES[number % len(_STYLES)],
                linewidth=1.2,
            )
        panel.set_title(above, fontsize=place.text(SMALL), color=TEXT_COLOR, loc="left")
        panel.set_ylim(bottom=0)
        panel.set_xlim(0, 1)
        panel.set_ylabel("confidence")
        panel.xaxis.set_major_formatter(PercentFormatter(1))
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[-1].set_xlabel("pixels, those highest in the map first")
    add_legend_below(figure, list(drawn.values()), list(drawn), place)
    return place.finish(ax, figure)
