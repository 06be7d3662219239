"""Which class is taken for which, as a table of counts in colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.plot import build_plot, settle_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# One hue from white to dark, which every kind of colour vision reads as an order.
_CMAP = "Blues"
# Colour goes with the square root of the share: a few errors in a hundred are seen at once.
_GAMMA = 0.5
# Where white text takes over from black in this map; both have a contrast of 4.5 there (WCAG 2).
_DARK = 0.715


def confusion_figure(
    confusion: "NDArray[np.integer]", *, classes: Sequence[str] = (), dpi: int = 200
) -> "Figure":
    """A figure of a confusion matrix: counts in the cells, colour by their share of the row.

    Args:
        confusion: Number of images, ints [classes, classes]: a row for each label, a column for
            each answer, as `Measurement.confusion`.
        classes: The name of each class; none: numbers.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The matrix is not square, holds anything but counts, or the names do not match.
        ConfigError: dpi is out of range.
    """
    counts = np.asarray(confusion)
    size = len(counts)
    names = list(classes) or [str(label) for label in range(size)]
    if counts.shape != (size, size) or not size or counts.dtype.kind not in "iu":
        raise ShapeError(
            f"a confusion matrix must be integers [classes, classes], got {counts.dtype} "
            f"{list(counts.shape)}"
        )
    if counts.min() < 0 or len(names) != size:
        raise ShapeError(
            f"a confusion matrix holds counts from 0 and as many rows as there are names, got "
            f"{counts.min()} and {size} rows for {len(names)} names"
        )
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    inches = max(3.0, 0.52 * size)
    total = int(counts.sum())
    right = int(counts.trace())
    figure, axes = build_plot(
        inches + 2.2, inches + 1.4, dpi=dpi, title=f"{right:,} of {total:,} images correct"
    )
    image = axes.imshow(share, cmap=_CMAP, norm=PowerNorm(_GAMMA, 0, 1))
    axes.set_xticks(range(size), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), names)
    axes.set_xlabel("taken for", color=TEXT_COLOR)
    axes.set_ylabel("class", color=TEXT_COLOR)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in np.ndindex(counts.shape):
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            fontsize="small",
            color="white" if share[row, column] ** _GAMMA > _DARK else "black",
        )
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1, decimals=0))
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label("share of the class", color=TEXT_COLOR)
    return settle_layout(figure)
