"""Encoders compared, number by number."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import LONGEST_NAME, SMALL, build_panels
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.plot import COLORS, LINE_COLOR, settle_layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_BASELINE_COLOR = "#6e6e6e"
_OTHER_COLOR = COLORS[1]
_GRID = "#e4e4e4"
# Inches of a row, and of a metric's name and axis.
_ROW, _HEAD = 0.155, 0.36


def scorecard_figure(
    values: "NDArray[np.floating]",
    *,
    names: Sequence[str],
    metrics: Sequence[str],
    studied: int = 0,
    baselines: Collection[int] = (),
    write: Callable[[float], str] | Sequence[Callable[[float], str]] = "{:.3g}".format,
    title: str = "Scorecard",
    dpi: int = 300,
) -> "Figure":
    """A figure of several numbers about several encoders: a panel a number, a row an encoder.

    The encoder under study is a filled blue circle in bold, a baseline a hollow grey diamond, any
    other encoder a filled orange square. Each panel has an axis of its own.

    Args:
        values: Floats [encoders, metrics]; NaN where a metric does not apply, which is written.
        names: The name of each encoder.
        metrics: The name of each metric, with its unit.
        studied: The place in `names` of the encoder under study.
        baselines: The places of the baselines.
        write: What writes a value, or one for each metric.
        title: Text above.
        dpi: Output pixels per inch, 3.3 inches wide.

    Raises:
        ShapeError: The table does not fit the names, holds infinities, or places are not in it.
        ConfigError: dpi is out of range.
    """
    values = np.asarray(values, dtype=np.float64)
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
    writers = [write] * len(metrics) if callable(write) else list(write)
    if len(writers) != len(metrics):
        raise ShapeError(f"{len(metrics)} metrics need as many writers, got {len(writers)}")
    texts = literals(names, LONGEST_NAME)
    height = 0.65 + len(metrics) * (_HEAD + _ROW * len(names))
    figure, panels = build_panels(len(metrics), height, dpi=dpi, title=title)
    for axes, metric, column, writer in zip(panels, metrics, values.T, writers, strict=True):
        _draw_panel(axes, column, writer, studied, baselines)
        axes.set_title(metric, fontsize=SMALL, color=TEXT_COLOR, loc="left", pad=2, weight="bold")
        labels = axes.set_yticks(range(len(names)), [texts[name] for name in names])
        labels[studied].label1.set_fontweight("bold")
    _add_legend(figure, studied, baselines, len(names))
    return settle_layout(figure)


def _add_legend(figure: "Figure", studied: int, baselines: Collection[int], count: int) -> None:
    others = set(range(count)) - {studied, *baselines}
    shown = {"under study": [studied], "baseline": sorted(baselines), "compared": sorted(others)}
    handles = []
    for label, rows in shown.items():
        if rows:
            color, marker, fill = _style(rows[0], studied, baselines)
            handles.append(Line2D([], [], color=color, marker=marker, markerfacecolor=fill,
                                  markersize=4.5, linestyle="", label=label))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=SMALL,
                  frameon=False, labelcolor=TEXT_COLOR, handletextpad=0.2)  # fmt: skip


def _draw_panel(
    axes: "Axes",
    column: "NDArray[np.float64]",
    write: Callable[[float], str],
    studied: int,
    baselines: Collection[int],
) -> None:
    known = column[np.isfinite(column)]
    # Zero is on every axis, so that distances are shares.
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    span = high - low or 1.0
    # The number is written to the right of its dot.
    axes.set_xlim(low - 0.04 * span, high + 0.3 * span)
    for row, value in enumerate(column):
        if np.isnan(value):
            axes.text(low, row, "does not apply", fontsize=SMALL, style="italic", va="center",
                      color=_BASELINE_COLOR)  # fmt: skip
            continue
        color, marker, fill = _style(row, studied, baselines)
        axes.plot(value, row, marker, color=color, markersize=4.5, markerfacecolor=fill,
                  clip_on=False)  # fmt: skip
        axes.annotate(
            write(value), (value, row), xytext=(5, 0), textcoords="offset points", va="center",
            fontsize=SMALL, color=TEXT_COLOR, weight="bold" if row == studied else "normal",
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
