"""What is saved by answering as soon as a network is sure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import SMALL, add_legend, build_column
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.plot import COLORS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On


def early_exit_figure(
    accuracy_at: "NDArray[np.floating]",
    exits: "NDArray[np.floating]",
    confidences: Sequence[float] = (),
    *,
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of accuracy by the mean number of steps: answers when sure, and after fixed steps.

    Args:
        accuracy_at: Accuracy after 1 to T steps, floats [T] in [0, 1]; or [T, 3], with the lower
            and upper end of an interval.
        exits: For each confidence the mean number of steps and the accuracy, floats [E, 2]; or
            [E, 4], with the lower and upper end of the accuracy's interval.
        confidences: The confidences, for the legend: its first and last.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: An array has another shape, or an accuracy is outside [0, 1].
        ConfigError: dpi is out of range.

    Example:
        >>> exits = np.array([[1.4, 0.88], [2.1, 0.92]])
        >>> figure = snnviz.early_exit_figure(np.array([0.71, 0.9, 0.92]), exits, (0.5, 0.9))
        >>> [text.get_text() for text in figure.axes[0].get_legend().texts]
        ['after so many steps', 'when sure, 0.5 to 0.9']
    """
    fixed, sure = np.asarray(accuracy_at, np.float64), np.asarray(exits, np.float64)
    fixed = fixed[:, np.newaxis] if fixed.ndim == 1 else fixed
    if fixed.ndim != 2 or fixed.shape[1] not in (1, 3) or not len(fixed):
        raise ShapeError(f"accuracies must be [T] or [T, 3], got {list(fixed.shape)}")
    if sure.ndim != 2 or sure.shape[1] not in (2, 4) or not len(sure):
        raise ShapeError(f"exits must be [E, 2] or [E, 4], got {list(sure.shape)}")
    shares = np.concatenate([fixed.ravel(), sure[:, 1:].ravel()])
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ShapeError(f"accuracies must be in [0, 1], got {shares.min()} to {shares.max()}")
    place = Place(ax, width, font_size, dpi)
    figure, axes = build_column(place, 2.6, title="Accuracy by mean number of steps")
    order = np.argsort(sure[:, 0], kind="stable")
    named = f", {confidences[0]:g} to {confidences[-1]:g}" if len(confidences) else ""
    lines = (
        (np.arange(1, len(fixed) + 1), fixed, "after so many steps", "o", "-"),
        (sure[order, 0], sure[order, 1:], "when sure" + named, "s", "--"),
    )
    for color, (steps, values, label, marker, style) in zip(COLORS, lines, strict=False):
        axes.plot(steps, values[:, 0], color=color, label=label, marker=marker, linestyle=style,
                  markersize=3, linewidth=1.2)  # fmt: skip
        if values.shape[1] == 3:
            axes.fill_between(steps, values[:, 1], values[:, 2], color=color, alpha=0.15, lw=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0.8, len(fixed) + 0.2)
    axes.set_xlabel("mean number of time steps")
    axes.set_ylabel("accuracy")
    add_legend(axes, place.text(SMALL))
    return place.finish(ax, figure)
