"""Where channels work on their f-I curve, and what of them is stable: a place a channel."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import SMALL, add_legend, add_legend_below, build_column_panels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.plot import COLORS
from snnviz.grid import SATURATED_COLOR, SILENT_COLOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

    Floats = NDArray[np.floating]

# From below: what never fires, what is in between, and what fires in the first step.
_SHARES = (("silent", SILENT_COLOR), ("linear range", "#56b4e9"), ("first step", SATURATED_COLOR))
_PANEL = 1.6


def operating_point_figure(
    shares: "Floats",
    drive: "Floats | None" = None,
    *,
    unit: str = "threshold",
    title: str = "Operating point of the channels",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of how many neurons of each channel are silent, in their linear range, or beyond.

    Channels are sorted by mean drive, or by the share that is silent where that is not known.

    Args:
        shares: Of neurons that are silent, in their linear range, and fire in the first step,
            floats [K, 3] that add up to 1.
        drive: Mean and standard deviation of each channel's drive, floats [K, 2]; None: unknown.
        unit: What drives are given in.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The arrays do not fit each other, or the shares do not add up to 1.
        ConfigError: dpi is out of range.

    Example:
        >>> shares = np.array([[1.0, 0, 0], [0.2, 0.7, 0.1]])
        >>> figure = snnviz.operating_point_figure(shares, np.array([[0.1, 0.02], [0.6, 0.3]]))
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [0.1, 0.6]
    """
    shares = np.asarray(shares, np.float64)
    if shares.ndim != 2 or shares.shape[1] != 3 or not len(shares):
        raise ShapeError(f"shares must be [K, 3], got {list(shares.shape)}")
    if shares.min() < 0 or not np.allclose(shares.sum(1), 1):
        raise ShapeError(f"shares must add up to 1 for each channel, got {shares.sum(1)}")
    if drive is not None and np.shape(drive) != (len(shares), 2):
        raise ShapeError(f"drives must be [{len(shares)}, 2], got {list(np.shape(drive))}")
    place = Place(ax, width, font_size, dpi)
    rows = 1 if drive is None else 2
    figure, panels = build_column_panels(place, rows, 1.1 + _PANEL * rows, title=title)
    order = np.argsort(-shares[:, 0] if drive is None else np.asarray(drive)[:, 0], kind="stable")
    places = np.arange(len(shares))
    if drive is not None:
        mean, deviation = np.asarray(drive, np.float64)[order].T
        panels[0].plot(places, mean, color=COLORS[0], marker=".", markersize=3, linewidth=1)
        panels[0].fill_between(places, mean - deviation, mean + deviation, color=COLORS[0],
                               alpha=0.2, linewidth=0)  # fmt: skip
        panels[0].axhline(1 if unit == "threshold" else 0, color="#777777", linewidth=0.8)
        panels[0].set_ylabel(f"drive / {unit}" if unit == "threshold" else "drive")
        panels[0].tick_params(labelbottom=False)
    below, handles = np.zeros(len(shares)), []
    for column, (_, color) in enumerate(_SHARES):
        values = shares[order, column]
        handles.append(panels[-1].bar(places, values, 1.0, below, color=color, linewidth=0)[0])
        below = below + values
    panels[-1].set_ylim(0, 1)
    panels[-1].yaxis.set_major_formatter(PercentFormatter(1))
    panels[-1].set_ylabel("neurons")
    _sorted_axis(panels, len(shares), "channels by " + ("silence" if drive is None else "drive"))
    add_legend_below(figure, handles, [name for name, _ in _SHARES], place)
    return place.finish(ax, figure)


def stability_figure(
    panels: "Mapping[str, tuple[Floats, Floats]]",
    *,
    title: str = "Stability and synchrony of the channels",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of a share of each channel, from the lowest, beside what chance would give.

    Args:
        panels: By what it is a share of: of each channel and by chance, floats [K] each; channels
            where it is not defined, NaN, are left out.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There is no panel, or its arrays do not fit each other.
        ConfigError: dpi is out of range.

    Example:
        >>> shares = np.array([0.9, 0.4, np.nan]), np.array([0.3, 0.2, np.nan])
        >>> figure = snnviz.stability_figure({"stable first spikes": shares})
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [0.4, 0.9]
    """
    if not panels:
        raise ShapeError("a figure of stability needs one panel or more, got none")
    place = Place(ax, width, font_size, dpi)
    figure, axes = build_column_panels(place, len(panels), 0.7 + _PANEL * len(panels), title=title)
    for panel, (name, both) in zip(axes, panels.items(), strict=True):
        shares, chance = (np.asarray(each, np.float64) for each in both)
        if shares.ndim != 1 or shares.shape != chance.shape:
            raise ShapeError(
                f"{name} must be [K] twice, got {list(shares.shape)} and {list(chance.shape)}"
            )
        order = np.argsort(shares, kind="stable")
        order = order[~np.isnan(shares[order])]
        places = np.arange(len(order))
        panel.plot(places, shares[order], color=COLORS[0], marker="o", markersize=2, linewidth=0,
                   label="channel")  # fmt: skip
        panel.plot(places, chance[order], color=COLORS[1], marker="x", markersize=2, linewidth=0,
                   label="by chance")  # fmt: skip
        panel.set_ylim(-0.03, 1.03)
        panel.yaxis.set_major_formatter(PercentFormatter(1))
        panel.set_ylabel(name)
        _sorted_axis([panel], len(order), f"channels by {name}")
    add_legend(axes[0], place.text(SMALL))
    return place.finish(ax, figure)


def _sorted_axis(panels: "Sequence[Axes]", count: int, label: str) -> None:
    """A place for each channel along x."""
    for panel in panels:
        panel.set_xlim(-0.5, max(0.5, count - 0.5))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panels[-1].set_xlabel(label)
