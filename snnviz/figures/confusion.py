"""Which class is predicted for which, as a table of counts in colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literal
from snnviz.figures.layout.place import PAGE, Place
from snnviz.figures.layout.plot import POINTS, build_plot
from snnviz.figures.layout.text import (
    SMALLEST,
    fitting_size,
    shorten,
    widest,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# One hue from white to dark, which every kind of colour vision reads as an order.
_CMAP = "Blues"
# Colour goes with the square root of the share: a few errors in a hundred are seen at once.
_GAMMA = 0.5
# Where white text takes over from black in this map; both have a contrast of 4.5 there (WCAG 2).
_DARK = 0.715
# Sizes of its font that a name may take.
_LONGEST = 10.0


def confusion_figure(
    confusion: "NDArray[np.integer]",
    *,
    classes: Sequence[str] = (),
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of a confusion matrix: counts in the cells, colour by their share of the row.

    Args:
        confusion: Number of images, ints [classes, classes]: a row for each label, a column for
            each answer, as `EvaluationReport.confusion`.
        classes: The name of each class; none: numbers.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The matrix is not square, holds anything but counts, or the names do not match.
        ConfigError: dpi is out of range.

    Example:
        >>> figure = snnviz.confusion_figure(np.array([[8, 2], [1, 9]]), classes=("cat", "dog"))
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['cat', 'dog']
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
    place = Place(ax, width, font_size, dpi)
    total, right = int(counts.sum()), int(counts.trace())
    points = place.text(POINTS)
    labels = [shorten(literal(name), points, _LONGEST * points) for name in names]
    figure, axes = build_plot(
        place,
        _inches(size, widest(labels, points) / 72, points / 72, width),
        title=f"{right:,} of {total:,} images correct",
    )
    image = axes.imshow(share, cmap=_CMAP, norm=PowerNorm(_GAMMA, 0, 1))
    axes.set_xticks(range(size), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    axes.set_xlabel("predicted class", color=TEXT_COLOR)
    axes.set_ylabel("class", color=TEXT_COLOR)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1, decimals=0))
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1])
    bar.ax.tick_params(labelsize=points)
    bar.outline.set_visible(False)
    bar.set_label("share of the class", color=TEXT_COLOR, fontsize=points)
    drawn_on = place.finish(ax, figure)
    _write_counts(axes, counts, share, max(SMALLEST, 0.833 * points), place)
    return drawn_on


def _inches(size: int, names: float, line: float, width: float | None) -> tuple[float, float]:
    """Width and height of the figure: the cells are squares, names and bar stand beside them."""
    if width is None:
        inches = max(3.0, 0.52 * size)
        return inches + 2.2, inches + 1.4
    cells = max(0.3 * width, width - names - 9 * line)
    return width, min(PAGE, cells + 0.75 * names + 5 * line)


def _write_counts(
    axes: "Axes",
    counts: "NDArray[np.integer]",
    share: "NDArray[np.floating]",
    points: float,
    place: Place,
) -> None:
    """The count in each cell, as large as fits; none where that is too small to be read."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - axes are on a figure
    dpi = place.dpi if place.ax is None else figure.dpi
    cell = axes.bbox.width * 72 / dpi / len(counts)
    texts = [f"{count}" for count in counts.ravel()]
    size, step = fitting_size(texts, points, cell - 0.3 * points)
    if step > 1 or size * 1.2 > cell:
        return
    for row, column in np.ndindex(counts.shape):
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            fontsize=size,
            color="white" if share[row, column] ** _GAMMA > _DARK else "black",
        )
