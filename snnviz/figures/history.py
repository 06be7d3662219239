"""The encoder over the epochs of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.column import SMALL, build_column_panels
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.place import COLUMN, Place, squeezed
from snnviz.figures.layout.plot import LINE_COLOR
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, check_maps, to_pixels
from snnviz.figures.levels import DIVERGING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_SIDE = 24
_DOTS = 20


def encoder_history_figure(
    epochs: Sequence[int],
    change: "NDArray[np.floating]",
    rotation: "NDArray[np.floating]",
    *,
    quantiles: tuple[float, float] = (0.1, 0.9),
    title: str = "Weight change of the kernels",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the kernels' weight change over the epochs: median and most channels.

    Args:
        epochs: The epochs, ascending, ints [E].
        change: Norm of each kernel's change since the beginning, as a share of its norm there,
            floats [E, K], from 0.
        rotation: Angle between each kernel and what it was, in degrees, floats [E, K] in 0..180.
        quantiles: The band, shares of the channels.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: A SubFigure or Figure to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The arrays do not fit together, or are out of range.
        ConfigError: An option is out of range.

    Example:
        >>> change = np.array([[0, 0], [0.2, 0.3], [0.3, 0.5]])
        >>> figure = snnviz.encoder_history_figure([-1, 0, 1], change, 90 * change)
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['relative change', 'rotation (degrees)']
    """
    change, rotation = np.asarray(change), np.asarray(rotation)
    steps = _check_epochs(epochs)
    for values, name in ((change, "changes"), (rotation, "rotations")):
        check_maps(values, "[E, K]", name)
        if len(values) != len(steps) or values.min() < 0:
            raise ShapeError(
                f"{name} must be [{len(steps)}, K] from 0, got {list(values.shape)} from "
                f"{values.min():g}"
            )
    if rotation.max() > 180 or change.shape != rotation.shape:
        raise ShapeError(
            f"rotations must be {list(change.shape)} in 0..180 degrees, got "
            f"{list(rotation.shape)} up to {rotation.max():g}"
        )
    if not 0 <= quantiles[0] <= quantiles[1] <= 1:
        raise ConfigError(f"quantiles must ascend in [0, 1], got {quantiles}")
    place = Place(ax, width, font_size, dpi)
    inches = width or COLUMN
    height = squeezed(3.4, inches, COLUMN)
    figure, (upper, lower) = build_column_panels(place, 2, height, title=title)
    _draw_band(upper, steps, change, quantiles)
    upper.set_ylabel("relative change")
    upper.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    _draw_band(lower, steps, rotation, quantiles)
    lower.set_ylabel("rotation (degrees)")
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("epoch")
    upper.legend(loc="best", fontsize=place.text(SMALL), frameon=False, labelcolor=TEXT_COLOR)
    return place.finish(ax, figure)


def kernel_history_figure(
    kernels: "NDArray[np.floating]",
    *,
    epochs: Sequence[int],
    channels: Sequence[int],
    title: str = "Kernels over the epochs",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of chosen kernels (rows) at chosen epochs (columns), all on one symmetric range.

    Args:
        kernels: Weights, floats [E, k, kh, kw].
        epochs: The epoch of each [E], ascending.
        channels: The number of each channel [k].
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Kernels, epochs and channels do not fit together.
        ConfigError: dpi is out of range.

    Example:
        >>> kernels = np.random.default_rng(0).normal(size=(3, 2, 3, 3))
        >>> figure = snnviz.kernel_history_figure(kernels, epochs=(-1, 0, 1), channels=(4, 70))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['channel 4', 'channel 70', 'epoch -1', '0', '1']
    """
    kernels = np.asarray(kernels)
    check_maps(kernels, "[E, k, kh, kw]", "kernels")
    steps = _check_epochs(epochs)
    if kernels.shape[:2] != (len(steps), len(channels)):
        raise ShapeError(
            f"kernels {list(kernels.shape)} do not fit {len(steps)} epochs and "
            f"{len(channels)} channels"
        )
    top = float(np.abs(kernels).max()) or 1.0
    norm, colors = LinearNorm(-top, top), mpl.colormaps[DIVERGING]
    pixels = to_pixels(colors(norm(kernels.swapaxes(0, 1)), bytes=True))
    factor = max(1, _SIDE // max(kernels.shape[2:]))
    enlarged = pixels.repeat(factor, axis=2).repeat(factor, axis=3)
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        enlarged.reshape(-1, *enlarged.shape[2:]),
        Around(
            title=title,
            rows=[f"channel {k}" for k in channels],
            columns=[f"epoch {step}" if n == 0 else str(step) for n, step in enumerate(steps)],
            bars=[
                Bar("kernel weight", colors, norm, (-top, 0, top),
                    (f"{-top:.2g}", "0", f"{top:.2g}"))
            ],
        ),
        place,
        rows=len(channels),
        columns=len(steps),
    )  # fmt: skip
    return place.finish(ax, frame.figure)


def _check_epochs(epochs: Sequence[int]) -> "NDArray[np.integer]":
    steps = np.asarray(epochs)
    if steps.ndim != 1 or not steps.size or (np.diff(steps) <= 0).any():
        raise ShapeError(f"epochs must ascend, got {steps.tolist()}")
    return steps


def _draw_band(
    axes: "Axes",
    steps: "NDArray[np.integer]",
    values: "NDArray[np.floating]",
    quantiles: tuple[float, float],
) -> None:
    low, high = np.quantile(values, quantiles, axis=1)
    text = f"{quantiles[0]:.0%} to {quantiles[1]:.0%} of {values.shape[1]} channels"
    axes.fill_between(steps, low, high, color=LINE_COLOR, alpha=0.25, linewidth=0, label=text)
    marker = "." if len(steps) <= _DOTS else ""
    axes.plot(steps, np.median(values, axis=1), color=LINE_COLOR, linewidth=1.3, marker=marker,
              label="median")  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
