"""Numbers about encoders, step by step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import (
    LONGEST_NAME,
    SMALL,
    add_legend_below,
    build_column_panels,
)
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.place import COLUMN, PAGE, Place
from snnviz.figures.layout.plot import COLORS
from snnviz.figures.layout.text import wrap

if TYPE_CHECKING:
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Inches of a panel, of title and legend, and of a figure with room for two panels beside each
# other.
_PANEL, _AROUND, _TWO = 1.05, 0.9, 6.0
# With each colour, so that lines differ in print without colours too.
_STYLES = ("-", "--", ":", "-.")
_DOTS = 20


def over_time_figure(
    panels: Mapping[str, Mapping[str, "NDArray[np.floating]"]],
    *,
    title: str = "Over time",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of several numbers at each time step: a panel a number, a line an encoder.

    Args:
        panels: By the name of each number, with its unit, and then by that of each encoder: floats
            [T]; NaN is left out. An encoder has the same colour in all panels.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There is no panel, one without a line, or a line that is not [T] with T >= 1.
        ConfigError: dpi is out of range.

    Example:
        >>> panels = {"accuracy": {"encoder": np.array([0.7, 0.8]), "pixels": np.array([0.5, 0.6])}}
        >>> snnviz.over_time_figure(panels, title="Linear probe").axes[0].get_xlabel()
        'time step t'
    """
    if not panels or not all(panels.values()):
        raise ShapeError(f"a panel needs one line or more, got {list(panels)}")
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    place = Place(ax, width, font_size, dpi)
    inches = width or COLUMN
    columns = 2 if inches >= _TWO else -(-len(panels) // int((PAGE - _AROUND) / _PANEL))
    rows = -(-len(panels) // columns)
    height = _AROUND + _PANEL * rows
    figure, axes = build_column_panels(place, rows, height, title=title, columns=columns)
    small = place.text(SMALL)
    for panel in axes[len(panels) :]:
        panel.set_visible(False)
    axes = axes[: len(panels)]
    bottom = axes[-columns:]
    texts = literals(names, LONGEST_NAME)
    drawn: dict[str, Line2D] = {}
    for panel, (number, lines) in zip(axes, panels.items(), strict=True):
        for name, values in lines.items():
            series = np.asarray(values, np.float64)
            if series.ndim != 1 or not series.size:
                raise ShapeError(f"{number} of {name} must be [T], got {list(series.shape)}")
            number_of = names.index(name)
            (drawn[name],) = panel.plot(
                range(len(series)),
                series,
                color=COLORS[number_of % len(COLORS)],
                linestyle=_STYLES[number_of % len(_STYLES)],
                marker="." if len(series) <= _DOTS else "",
                linewidth=1.2,
                label=texts[name],
            )
        room = 72 * (inches if place.ax is None else place.width_of_axes()) / columns - 4 * small
        above = wrap(number, small, room)
        panel.set_title(above, fontsize=small, color=TEXT_COLOR, loc="left")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.tick_params(labelbottom=panel in bottom)
    for panel in bottom:
        panel.set_xlabel("time step t")
    handles = [drawn[name] for name in names]
    add_legend_below(figure, handles, [str(line.get_label()) for line in handles], place)
    return place.finish(ax, figure)
