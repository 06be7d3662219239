"""Chosen neurons through time: when they spike, and what leads to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import (
    SMALL,
    add_legend_below,
    build_column,
    build_column_panels,
)
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import COLUMN, PAGE, Place
from snnviz.figures.layout.plot import COLORS, LINE_COLOR
from snnviz.figures.layout.text import shorten
from snnviz.figures.layout.tiles import check_maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_SPIKE_COLOR = COLORS[1]
_GRID = "#e0e0e0"
# Inches of a neuron's axes, and of title and legend, of a figure with room for two beside each
# other, and least width of such axes.
_PANEL, _AROUND, _TWO, _NARROWEST = 0.62, 1.0, 6.0, 1.0


def membrane_size(count: int, width: float | None = None) -> tuple[float, float, int, int]:
    """Width and height of `membrane_figure` of so many neurons, in inches, its rows and columns."""
    inches = width or COLUMN
    columns = -(-count // int((PAGE - _AROUND) / _PANEL))
    # Narrower axes would show nothing, however many there are.
    columns = max(min(columns, int(inches / _NARROWEST)), min(count, 1 + (inches >= _TWO)))
    rows = -(-count // columns)
    return inches, _AROUND + _PANEL * rows, rows, columns


def raster_figure(
    spikes: "NDArray[np.generic]",
    *,
    names: Sequence[str],
    title: str = "Spikes of chosen neurons",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A raster of spikes: a row a neuron, a mark at each step in which it fires.

    Args:
        spikes: Zeros and ones [T, n].
        names: The name of each neuron, the first in the top row.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Spikes have another shape, or other values, or names do not match them.
        ConfigError: dpi is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> spikes = record.spikes()[:, 0, :5, 14, 14]
        >>> figure = snnviz.raster_figure(spikes, names=[f"channel {k}" for k in range(5)])
        >>> figure.axes[0].get_xlabel()
        'step t'
    """
    fired = _check(spikes, names)
    T, count = fired.shape
    place = Place(ax, width, font_size, dpi)
    # On a page as long as rows can be told apart there.
    height = max(1.5, min(PAGE, 0.9 + 0.16 * count), 0.9 + 0.06 * count)
    figure, axes = build_column(place, height, title=title)
    trains = [np.flatnonzero(fired[:, n]) for n in range(count)]
    width = min(2.5, 120 / T)
    axes.eventplot(trains, lineoffsets=list(range(count)), linelengths=0.7, linewidths=width,
                   colors=LINE_COLOR)  # fmt: skip
    totals = fired.sum(axis=0)
    axes.set_yticks(
        range(count), [f"{name}: {total}" for name, total in zip(names, totals, strict=True)]
    )
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_ylabel("neuron: spikes")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    _set_steps(axes, T)
    return place.finish(ax, figure)


def membrane_figure(
    v: "NDArray[np.floating]",
    spikes: "NDArray[np.generic]",
    *,
    names: Sequence[str],
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    title: str = "Membrane potential of chosen neurons",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the membrane potential of each neuron over the steps, with its spikes.

    Args:
        v: Membrane potential after the input of each step and before the reset, floats [T, n].
        spikes: Zeros and ones [T, n].
        names: The name of each neuron.
        v_threshold: Threshold of the neurons, a dashed line.
        v_reset: What a spike resets the potential to; None: it subtracts the threshold.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Potentials, spikes and names do not fit together, or are out of range.
        ConfigError: dpi is out of range.

    Example:
        >>> v = np.array([[0.4], [0.8], [1.2], [0.4]])
        >>> figure = snnviz.membrane_figure(v, v >= 1, names=["channel 3"])
        >>> figure.axes[0].get_title(loc="left")
        'channel 3'
    """
    fired = _check(spikes, names)
    v = np.asarray(v)
    check_maps(v, "[T, n]", "membrane potentials")
    if v.shape != fired.shape:
        raise ShapeError(f"spikes {list(fired.shape)} do not fit potentials {list(v.shape)}")
    T, count = v.shape
    place = Place(ax, width, font_size, dpi)
    inches, height, rows, columns = membrane_size(count, width)
    figure, panels = build_column_panels(place, rows, height, title=title, columns=columns)
    small = place.text(SMALL)
    for axes in panels[count:]:
        axes.set_visible(False)
    for n, axes in enumerate(panels[:count]):
        _draw_trace(axes, v[:, n], fired[:, n], v_threshold, v_reset)
        room = 72 * (inches if place.ax is None else place.width_of_axes()) / columns - 5 * small
        name = shorten(names[n], small, room)
        axes.set_title(name, fontsize=small, color=TEXT_COLOR, loc="left", pad=2)
        _set_steps(axes, T)
        if n + columns < count:
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    figure.supylabel("membrane potential", fontsize=small, color=TEXT_COLOR)
    handles, labels = panels[int(fired.any(axis=0).argmax())].get_legend_handles_labels()
    add_legend_below(figure, handles, labels, place)
    return place.finish(ax, figure)


def _draw_trace(
    axes: "Axes",
    v: "NDArray[np.floating]",
    fired: "NDArray[np.bool_]",
    v_threshold: float,
    v_reset: float | None,
) -> None:
    """One neuron: the potential at each step, and after a spike where it starts from."""
    steps = np.arange(len(v))
    after = np.where(fired, v - v_threshold if v_reset is None else v_reset, v)
    times = np.repeat(steps, 2)
    axes.plot(times, np.stack([v, after], axis=1).reshape(-1), color=LINE_COLOR, linewidth=1,
              marker=".", markersize=2.5, label="potential")  # fmt: skip
    axes.axhline(v_threshold, color=TEXT_COLOR, linewidth=0.7, linestyle="--", label="threshold")
    axes.plot(steps[fired], v[fired], "^", color=_SPIKE_COLOR, markersize=4,
              label="spike" if fired.any() else "")  # fmt: skip
    low = min(0.0 if v_reset is None else v_reset, v_threshold, float(v.min()))
    high = max(0.0 if v_reset is None else v_reset, v_threshold, float(v.max()))
    room = 0.15 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(3))


def _set_steps(axes: "Axes", T: int) -> None:
    axes.set_xlim(-0.5, T - 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.set_xlabel("step t")


def _check(spikes: "NDArray[np.generic]", names: Sequence[str]) -> "NDArray[np.bool_]":
    spikes = np.asarray(spikes)
    check_maps(spikes, "[T, n]", "spikes")
    fired = spikes.astype(bool)
    if not np.array_equal(fired, spikes):
        raise ShapeError("spikes must be 0 or 1; threshold them first")
    if len(names) != fired.shape[1]:
        raise ShapeError(f"{fired.shape[1]} neurons need as many names, got {len(names)}")
    return fired
