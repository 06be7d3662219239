"""How accuracy grows with the time that a network is given."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import Place, squeezed
from snnviz.figures.layout.plot import LINE_COLOR, POINTS, build_plot
from snnviz.figures.layout.text import SMALLEST, ends_first, keep_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# More numbers than these would overlap.
_MOST_NUMBERS = 10
# Their size beside that of other text.
_NUMBER = 0.833


def accuracy_over_time_figure(
    accuracy_at: "NDArray[np.floating]",
    *,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of accuracy after each step, if the network had to answer then.

    Args:
        accuracy_at: Accuracy by the spikes of the first t steps, floats [T] in [0, 1], for
            t = 1 .. T, as `EvaluationReport.accuracy_at`.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The array has another shape or range.
        ConfigError: dpi is out of range.

    Example:
        >>> figure = snnviz.accuracy_over_time_figure(np.array([0.71, 0.88, 0.91, 0.92]), width=3.3)
        >>> figure.axes[0].get_title()
        'Accuracy after each step'
    """
    accuracy = np.asarray(accuracy_at)
    if accuracy.ndim != 1 or not accuracy.size or not 0 <= accuracy.min() <= accuracy.max() <= 1:
        raise ShapeError(
            f"accuracies must be [T] in [0, 1], got {list(accuracy.shape)}: {accuracy.tolist()}"
        )
    T = len(accuracy)
    place = Place(ax, width, font_size, dpi)
    inches = width or 6.0
    size = inches, squeezed(3.8, inches, 6.0)
    figure, axes = build_plot(place, size, title="Accuracy after each step")
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
    small = max(SMALLEST, _NUMBER * place.text(POINTS))
    numbers = []
    for t in steps[-1:] if T > _MOST_NUMBERS else steps:
        # Below and to the right of its point, where a rising line does not pass.
        height = accuracy[t - 1]
        number = axes.annotate(
            f"{100 * height:.2f}%",
            (t, height),
            xytext=(5, -4 if height > 0.1 else 4),
            textcoords="offset points",
            va="top" if height > 0.1 else "bottom",
            fontsize=small,
            color=TEXT_COLOR,
        )
        numbers.append(number)
    drawn_on = place.finish(ax, figure)
    keep_apart([numbers[n] for n in ends_first(len(numbers))])
    return drawn_on
