"""How busy each spiking layer is."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import Place, squeezed
from snnviz.figures.layout.plot import LINE_COLOR, POINTS, build_plot
from snnviz.figures.layout.text import SMALLEST

if TYPE_CHECKING:
    from snnviz.figures.layout.place import On


def firing_rate_figure(
    firing_rate: Mapping[str, float],
    *,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the mean firing rate of each spiking layer, from the input downwards.

    Args:
        firing_rate: Spikes per neuron and step by layer, as `EvaluationReport.firing_rate`: up to
            1, or more where neurons fire several times in a step.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There are no layers, or a rate is out of range.
        ConfigError: dpi is out of range.

    Example:
        >>> figure = snnviz.firing_rate_figure({"static_conv": 0.23, "conv.4": 0.1})
        >>> len(figure.axes[0].patches)
        2
    """
    if not firing_rate or not all(0 <= rate < math.inf for rate in firing_rate.values()):
        raise ShapeError(
            f"firing rates must be finite and not negative, by layer, got {dict(firing_rate)}"
        )
    place = Place(ax, width, font_size, dpi)
    inches = width or 6.0
    size = inches, squeezed(1.2 + 0.4 * len(firing_rate), inches, 6.0)
    figure, axes = build_plot(place, size, title="Mean firing rate of each layer")
    bars = axes.barh(list(firing_rate), list(firing_rate.values()), color=LINE_COLOR, height=0.6)
    axes.bar_label(
        bars,
        [f"{rate:.4f}" for rate in firing_rate.values()],
        padding=4,
        fontsize=max(SMALLEST, 0.833 * place.text(POINTS)),
        color=TEXT_COLOR,
    )
    axes.invert_yaxis()
    axes.set_xlim(0, max(1.15 * max(firing_rate.values()), 0.01))
    axes.set_xlabel("spikes per neuron and step", color=TEXT_COLOR)
    return place.finish(ax, figure)
