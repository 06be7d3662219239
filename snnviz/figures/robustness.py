"""How something falls as what a network sees gets worse."""

from collections.abc import Mapping
from types import MappingProxyType
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
from snnviz.figures.layout.place import COLUMN, Place
from snnviz.figures.layout.plot import COLORS
from snnviz.figures.layout.text import wrap

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Inches of a panel, and of title and legend.
_PANEL, _AROUND = 1.5, 1.0
# With each colour, so that lines differ in print without colours too.
_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "v", "D")
_FLOOR_COLOR = "#767676"
_NOTHING: Mapping[str, float] = MappingProxyType({})


def robustness_figure(
    panels: Mapping[str, Mapping[str, "NDArray[np.floating]"]],
    *,
    clean: Mapping[str, float] = _NOTHING,
    floors: Mapping[str, float] = _NOTHING,
    floor: str = "chance",
    title: str = "Robustness",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of numbers by severity: a panel a number, a line a kind of change.

    Args:
        panels: By the name of each number, with its unit, and then by that of each kind: floats [S]
            for severities 1 to S; or [S, 3], with the lower and upper end of an interval, which is
            drawn as a band. NaN is left out. A kind has the same colour in all panels.
        clean: By number, what it is where nothing is changed: severity 0.
        floors: By number, what it is where nothing is left, drawn as a grey line.
        floor: What that line is called.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There is no panel, one without a line, or a line that is not [S] or [S, 3].
        ConfigError: dpi is out of range.

    Example:
        >>> panels = {"accuracy": {"noise": np.array([0.9, 0.7, 0.4]), "blur": np.array([0.8])}}
        >>> figure = snnviz.robustness_figure(panels, clean={"accuracy": 0.93})
        >>> figure.axes[0].lines[0].get_xydata()[0].tolist()  # as it was
        [0.0, 0.93]
    """
    if not panels or not all(panels.values()):
        raise ShapeError(f"a panel needs one line or more, got {list(panels)}")
    kinds = list(dict.fromkeys(kind for lines in panels.values() for kind in lines))
    place = Place(ax, width, font_size, dpi)
    inches = width or COLUMN
    height = _AROUND + _PANEL * len(panels)
    figure, axes = build_column_panels(place, len(panels), height, title=title)
    small = place.text(SMALL)
    texts = literals(kinds, LONGEST_NAME)
    drawn: dict[str, Artist] = {}
    for panel, (number, lines) in zip(axes, panels.items(), strict=True):
        for kind, values in lines.items():
            place_of = kinds.index(kind)
            drawn[texts[kind]] = _line(
                panel, f"{number} of {kind}", values, clean.get(number), place_of
            )
        if number in floors:
            drawn[floor] = panel.axhline(floors[number], color=_FLOOR_COLOR, linewidth=1)
        room = 72 * (inches if place.ax is None else place.width_of_axes()) - 4 * small
        above = wrap(number, small, room)
        panel.set_title(above, fontsize=small, color=TEXT_COLOR, loc="left")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.tick_params(labelbottom=panel is axes[-1])
        panel.set_xlim((0 if clean else 1) - 0.2, _most(panels) + 0.2)
    axes[-1].set_xlabel("severity" + ", 0: as it is" * bool(clean))
    if floor in drawn:  # after all kinds
        drawn[floor] = drawn.pop(floor)
    add_legend_below(figure, list(drawn.values()), list(drawn), place)
    return place.finish(ax, figure)


def _most(panels: Mapping[str, Mapping[str, "NDArray[np.floating]"]]) -> int:
    """The highest severity."""
    return max(len(np.atleast_1d(values)) for lines in panels.values() for values in lines.values())


def _line(
    axes: "Axes",
    name: str,
    values: "NDArray[np.floating]",
    clean: float | None,
    number: int,
) -> "Artist":
    """One kind's line and band."""
    series = np.asarray(values, np.float64)
    if not series.size or series.ndim not in (1, 2) or series.shape[1:] not in ((), (3,)):
        raise ShapeError(f"{name} must be [S] or [S, 3], got {list(series.shape)}")
    color = COLORS[number % len(COLORS)]
    steps, middle = np.arange(1, len(series) + 1), series if series.ndim == 1 else series[:, 0]
    if series.ndim == 2:
        low, high = series[:, 1], series[:, 2]
        if len(series) == 1:  # a band of one severity has no width
            axes.plot([1, 1], [low[0], high[0]], color=color, alpha=0.4, linewidth=2)
        axes.fill_between(steps, low, high, color=color, alpha=0.15, linewidth=0)
    if clean is not None:
        steps, middle = np.append(0, steps), np.append(clean, middle)
    (line,) = axes.plot(
        steps,
        middle,
        color=color,
        linestyle=_STYLES[number % len(_STYLES)],
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=3,
        linewidth=1.2,
    )
    return line
