"""How accuracy grows with the time that a network is given."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.plot import LINE_COLOR, build_plot, settle_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# More numbers than these would overlap.
_MOST_NUMBERS = 10


def anytime_figure(accuracy_at: "NDArray[np.floating]", *, dpi: int = 200) -> "Figure":
    """A figure of accuracy after each step, if the network had to answer then.

    Args:
        accuracy_at: Accuracy by the spikes of the first t steps, floats [T] in [0, 1], for
            t = 1 .. T, as `Measurement.accuracy_at`.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The array has another shape or range.
        ConfigError: dpi is out of range.
    """
    accuracy = np.asarray(accuracy_at)
    if accuracy.ndim != 1 or not accuracy.size or not 0 <= accuracy.min() <= accuracy.max() <= 1:
        raise ShapeError(
            f"accuracies must be [T] in [0, 1], got {list(accuracy.shape)}: {accuracy.tolist()}"
        )
    T = len(accuracy)
    figure, axes = build_plot(6, 3.8, dpi=dpi, title="Accuracy after each step")
    steps = np.arange(1, T + 1)
    axes.plot(steps, accuracy, color=LINE_COLOR, marker="o", markersize=5, clip_on=False)
    axes.set_xlim(0.5, T + max(0.5, 0.12 * T))
    axes.set_ylim(0, 1)
    axes.set_xticks([t for t in MaxNLocator(integer=True).tick_values(1, T) if 1 <= t <= T])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("time steps", color=TEXT_COLOR)
    axes.set_ylabel("accuracy", color=TEXT_COLOR)
    for t in steps[-1:] if T > _MOST_NUMBERS else steps:
        # Below and to the right of its point, where a rising line does not pass.
        height = accuracy[t - 1]
        axes.annotate(
            f"{100 * height:.2f}%",
            (t, height),
            xytext=(5, -4 if height > 0.1 else 4),
            textcoords="offset points",
            va="top" if height > 0.1 else "bottom",
            fontsize="small",
            color=TEXT_COLOR,
        )
    return settle_layout(figure)
