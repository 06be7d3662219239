"""The f-I curve: from a neuron's drive to its spike count."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import SMALL, build_column
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.plot import COLORS, set_text
from snnviz.figures.layout.tiles import check_maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_DRIVE_COLOR = "#c8c8c8"
_STAIR_COLOR = COLORS[1]
_BINS = 60
# Of the drives, this share at each end may lie outside the picture.
_CUT = 0.005


def fi_curve_figure(
    thresholds: "NDArray[np.floating]",
    drives: "NDArray[np.floating]",
    *,
    title: str = "f-I curve: drive to spike count",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the f-I curve (spikes of T steps against the drive) over how often drives occur.

    For a hard-reset neuron under constant drive: with n of the thresholds at or below it a drive
    has its first spike at step f = T - n, and fires floor(T / (f + 1)) times.

    Args:
        thresholds: The least drive that fires by each step, floats [T] ascending or descending,
            infinite where none does: `snnviz.neurons.first_spike.drive_thresholds`.
        drives: Drives that occur, floats of any shape; 99 % of them decide what is in the picture.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Thresholds are no sorted [T], or there are no finite drives.
        ConfigError: dpi is out of range.

    Example:
        >>> from snnviz.neurons.first_spike import drive_thresholds
        >>> thresholds = drive_thresholds(v_threshold=1.0, v_reset=0.0, T=8)
        >>> drives = np.random.default_rng(0).normal(size=1000)
        >>> snnviz.fi_curve_figure(thresholds, drives).axes[0].get_ylabel()
        'spikes in 8 steps'
    """
    cuts = _ascending(np.asarray(thresholds, dtype=np.float64))
    values = np.asarray(drives).reshape(-1)
    check_maps(values, "[n]", "drives")
    T = len(cuts)
    finite = cuts[np.isfinite(cuts)]
    low, high = _limits(values, finite)
    place = Place(ax, width, font_size, dpi)
    figure, axes = build_column(place, 2.4, title=title)
    small = place.text(SMALL)
    behind = axes.twinx()
    _draw_drives(behind, values, low, high)
    set_text(behind, small)
    _draw_stairs(axes, finite, T, low, high)
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.set_xlim(low, high)
    axes.set_xlabel("drive (input current in each step)")
    handles = [*axes.get_legend_handles_labels()[0], *behind.get_legend_handles_labels()[0]]
    axes.legend(
        handles=handles,
        labels=[str(handle.get_label()) for handle in handles],
        loc="upper left",
        ncols=2,
        fontsize=small,
        frameon=False,
        labelcolor=TEXT_COLOR,
        handlelength=1.2,
        borderaxespad=0.2,
    )
    return place.finish(ax, figure)


def _draw_drives(axes: "Axes", values: "NDArray[np.floating]", low: float, high: float) -> None:
    """How often drives occur, with room for the legend above."""
    found, bins = np.histogram(values, _BINS, (low, high))
    axes.hist(
        bins[:-1],
        bins=bins.tolist(),
        weights=found / len(values),
        color=_DRIVE_COLOR,
        label=_outside(values, low, high),
    )
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])
    axes.set_ylabel(f"share of drives in each of {_BINS} bins")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.spines[["top", "left"]].set_visible(False)


def _draw_stairs(
    axes: "Axes", finite: "NDArray[np.float64]", T: int, low: float, high: float
) -> None:
    """The spike counts, with room for the legend above."""
    # n thresholds passed: count T // (T - n + 1); equal steps of the stairs are one.
    passed = np.arange(len(finite) + 1)
    counts = np.where(passed > 0, T // (T - passed + 1), 0)
    edges = np.concatenate([[low], finite, [high]])
    axes.stairs(
        counts, edges, baseline=None, color=_STAIR_COLOR, linewidth=1.4, label="spike count"
    )
    axes.axvline(0, color=TEXT_COLOR, linewidth=0.5, linestyle=":")
    axes.set_ylim(0, 1.2 * max(counts.max(), 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(f"spikes in {T} steps" if T > 1 else "spikes in 1 step", color=_STAIR_COLOR)


def _ascending(cuts: "NDArray[np.float64]") -> "NDArray[np.float64]":
    if cuts.ndim != 1 or not cuts.size or np.isnan(cuts).any():
        raise ShapeError(f"thresholds must be numbers [T], got {list(cuts.shape)}")
    ascending = cuts if cuts[0] <= cuts[-1] else cuts[::-1]
    if (np.diff(ascending[np.isfinite(ascending)]) < 0).any():
        raise ShapeError(
            "thresholds must be sorted; see snnviz.neurons.first_spike.drive_thresholds"
        )
    return ascending


def _limits(values: "NDArray[np.floating]", finite: "NDArray[np.float64]") -> tuple[float, float]:
    """What the picture shows of the drives: nearly all, and every threshold."""
    low, high = map(float, np.quantile(values, (_CUT, 1 - _CUT)))
    marks = finite if finite.size else np.zeros(1)
    room = 0.1 * (max(high, marks.max()) - min(low, marks.min())) or 1.0
    return min(low, marks.min() - room), max(high, marks.max() + room)


def _outside(values: "NDArray[np.floating]", low: float, high: float) -> str:
    share = float(((values < low) | (values > high)).mean())
    return f"drives ({share:.1%} outside)" if share else "drives"
