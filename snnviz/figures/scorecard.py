"""Encoders compared, number by number."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from matplotlib.lines import Line2D

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
from snnviz.figures.layout.plot import COLORS, LINE_COLOR
from snnviz.figures.layout.text import SMALLEST, widest, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_BASELINE_COLOR = "#6e6e6e"
_OTHER_COLOR = COLORS[1]
_GRID = "#e4e4e4"
# Inches of a row, and of a metric's name and axis, at seven points.
_ROW, _HEAD = 0.155, 0.36
# Inches of title and legend, and of a figure with room for two panels beside each other.
_AROUND, _TWO = 0.65, 6.0


@dataclass(frozen=True)
class Scorecard:
    """Several numbers about several encoders, as the arguments of `scorecard_figure` say."""

    values: "NDArray[np.floating]"
    names: Sequence[str]
    metrics: Sequence[str]
    studied: int = 0
    baselines: Collection[int] = ()
    intervals: "NDArray[np.floating] | None" = None
    write: Callable[[float], str] | Sequence[Callable[[float], str]] = "{:.3g}".format
    title: str = "Scorecard"


@runtime_checkable
class Scored(Protocol):
    """What has a scorecard, as `snnviz.Analysis`."""

    @property
    def scorecard(self) -> Scorecard:
        """Its numbers."""


def scorecard_figure(
    values: "NDArray[np.floating] | Scored",
    *,
    names: Sequence[str] = (),
    metrics: Sequence[str] = (),
    studied: int = 0,
    baselines: Collection[int] = (),
    intervals: "NDArray[np.floating] | None" = None,
    write: Callable[[float], str] | Sequence[Callable[[float], str]] = "{:.3g}".format,
    title: str | None = None,
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of several numbers about several encoders: a panel a number, a row an encoder.

    The encoder under study is a filled blue circle in bold, a baseline a hollow grey diamond, any
    other encoder a filled orange square. Each panel has an axis of its own.

    Args:
        values: Floats [encoders, metrics]; NaN where a metric does not apply, which is written. Or
            an analysis, which brings the arguments down to `write` with it.
        names: The name of each encoder.
        metrics: The name of each metric, with its unit.
        studied: The place in `names` of the encoder under study.
        baselines: The places of the baselines.
        intervals: The ends of an interval around each value, floats [encoders, metrics, 2]; NaN
            where none is known; None: none is.
        write: What writes a value, or one for each metric.
        title: Text above; None: "Scorecard", or what the analysis is of.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The table does not fit the names, holds infinities, or places are not in it.
        ConfigError: dpi is out of range.

    Example:
        >>> values = np.array([[0.2, 0.9], [0.1, 0.8]])
        >>> names, metrics = ("mine", "untrained"), ("firing rate", "probe, accuracy")
        >>> figure = snnviz.scorecard_figure(values, names=names, metrics=metrics, baselines=[1])
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['mine', 'untrained']
    """
    card = (
        values.scorecard
        if isinstance(values, Scored)
        else Scorecard(values, names, metrics, studied, baselines, intervals, write)
    )
    return _draw(card, card.title if title is None else title, Place(ax, width, font_size, dpi), ax)


def _draw(card: Scorecard, title: str, place: Place, ax: "On | None") -> "On":
    names, metrics, studied, baselines = card.names, card.metrics, card.studied, card.baselines
    values, intervals = np.asarray(card.values, dtype=np.float64), card.intervals
    _check(card, values)
    writers = _writers(card)
    inches, height, rows, columns = _shape(len(names), len(metrics), place)
    figure, panels = build_column_panels(place, rows, height, title=title, columns=columns)
    points = place.text(SMALL)
    texts = literals(names, LONGEST_NAME)
    shown = [texts[name] for name in names]
    # Names stand beside the left panels alone.
    room = (72 * inches - widest(shown, points, bold=True)) / columns - 1.5 * points
    table = zip(panels, metrics, values.T, writers, strict=False)
    for n, (axes, metric, column, writer) in enumerate(table):
        spread = None if intervals is None else np.asarray(intervals, np.float64)[:, n]
        _draw_panel(axes, column, writer, studied, baselines, spread=spread, points=points)
        longest = widest(metric.split(), points, bold=True)
        size = max(SMALLEST, points * min(1.0, room / longest))
        above = wrap(metric, size, room, bold=True)
        axes.set_title(above, fontsize=size, color=TEXT_COLOR, loc="left", pad=2, weight="bold")
        labels = axes.set_yticks(range(len(names)), shown)
        axes.tick_params(labelleft=n % columns == 0)
        labels[studied].label1.set_fontweight("bold")
    for axes in panels[len(metrics) :]:
        axes.set_visible(False)
    _add_legend(figure, studied, baselines, len(names), place)
    return place.finish(ax, figure)


def _check(card: Scorecard, values: "NDArray[np.float64]") -> None:
    """Raise unless the table, its places and its intervals fit the names."""
    names, metrics, studied, baselines = card.names, card.metrics, card.studied, card.baselines
    if values.shape != (len(names), len(metrics)) or not values.size:
        raise ShapeError(
            f"values must be [{len(names)}, {len(metrics)}] as names and metrics, got "
            f"{list(values.shape)}"
        )
    if np.isinf(values).any():
        raise ShapeError("values must be finite, or NaN where a metric does not apply")
    places = {studied, *baselines}
    if min(places) < 0 or max(places) >= len(names) or studied in baselines:
        raise ShapeError(
            f"studied and baselines must be different places in 0..{len(names) - 1}, got "
            f"{studied} and {sorted(baselines)}"
        )
    if card.intervals is not None and np.shape(card.intervals) != (*values.shape, 2):
        raise ShapeError(
            f"intervals must be {[*values.shape, 2]}, two ends for each value, got "
            f"{list(np.shape(card.intervals))}"
        )


def _writers(card: Scorecard) -> list[Callable[[float], str]]:
    """What writes the values of each metric."""
    write, count = card.write, len(card.metrics)
    writers = [write] * count if callable(write) else list(write)
    if len(writers) != count:
        raise ShapeError(f"{count} metrics need as many writers, got {len(writers)}")
    return writers


def _shape(names: int, metrics: int, place: Place) -> tuple[float, float, int, int]:
    """Width and height in inches, rows and columns of panels, so that all fit a page."""
    inches = place.width or (COLUMN if place.ax is None else place.width_of_axes())
    larger = place.text(SMALL) / SMALL
    each = (_HEAD + _ROW * names) * larger
    most = max(1, int((PAGE - _AROUND) / each))
    columns = max(-(-metrics // most), min(2, metrics) if inches >= _TWO else 1)
    rows = -(-metrics // columns)
    return inches, _AROUND + rows * each, rows, columns


def _add_legend(
    figure: "Figure | SubFigure",
    studied: int,
    baselines: Collection[int],
    count: int,
    place: Place,
) -> None:
    others = set(range(count)) - {studied, *baselines}
    shown = {"under study": [studied], "baseline": sorted(baselines), "compared": sorted(others)}
    handles = []
    for label, rows in shown.items():
        if rows:
            color, marker, fill = _style(rows[0], studied, baselines)
            handles.append(Line2D([], [], color=color, marker=marker, markerfacecolor=fill,
                                  markersize=4.5, linestyle="", label=label))  # fmt: skip
    add_legend_below(figure, handles, [str(handle.get_label()) for handle in handles], place)


def _draw_panel(
    axes: "Axes",
    column: "NDArray[np.float64]",
    write: Callable[[float], str],
    studied: int,
    baselines: Collection[int],
    *,
    spread: "NDArray[np.float64] | None",
    points: float,
) -> None:
    known = column[np.isfinite(column)]
    if spread is not None:
        known = np.append(known, spread[np.isfinite(spread)])
    # Zero is on every axis, so that distances are shares.
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    span = high - low or 1.0
    # The number is written to the right of its dot.
    axes.set_xlim(low - 0.04 * span, high + 0.3 * span)
    for row, value in enumerate(column):
        if np.isnan(value):
            axes.text(low, row, "does not apply", fontsize=points, style="italic", va="center",
                      color=_BASELINE_COLOR)  # fmt: skip
            continue
        color, marker, fill = _style(row, studied, baselines)
        axes.plot(value, row, marker, color=color, markersize=4.5, markerfacecolor=fill,
                  clip_on=False)  # fmt: skip
        right = value
        if spread is not None and np.isfinite(spread[row]).all():
            axes.plot(spread[row], [row, row], color=color, linewidth=1.0, marker="|",
                      markersize=3.5, clip_on=False)  # fmt: skip
            right = max(value, spread[row, 1])
        axes.annotate(
            write(value), (right, row), xytext=(5, 0), textcoords="offset points", va="center",
            fontsize=points, color=TEXT_COLOR, weight="bold" if row == studied else "normal",
        )  # fmt: skip
    axes.set_ylim(len(column) - 0.4, -0.6)
    axes.axvline(0, color=_BASELINE_COLOR, linewidth=0.5)
    axes.grid(axis="y", color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)


def _style(row: int, studied: int, baselines: Collection[int]) -> tuple[str, str, str]:
    """Colour, marker and filling of a row."""
    if row == studied:
        return LINE_COLOR, "o", LINE_COLOR
    if row in baselines:
        return _BASELINE_COLOR, "D", "white"
    return _OTHER_COLOR, "s", _OTHER_COLOR
