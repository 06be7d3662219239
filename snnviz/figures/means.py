"""Mean spike counts of channels as colours: what several figures show beside other things."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.tiles import Bar, Swatch, check_maps, to_pixels
from snnviz.figures.levels import canvas_colors, cross
from snnviz.grid import SATURATED, SATURATED_COLOR, SILENT, SILENT_COLOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from snnviz.figures.layout.tiles import Pixels

SCALES = ("map", "shared")


def check_means(
    maps: "NDArray[np.floating]", T: int, form: str = "[K, H, W]", *, most: int = 1
) -> None:
    """Raises unless `maps` holds mean spike counts of T steps, of up to `most` spikes each.

    Raises:
        ShapeError: It has another shape, or a value outside 0..T * most.
        ConfigError: T is below 1.
    """
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")
    check_maps(maps, form, "mean counts")
    if maps.min() < 0 or maps.max() > T * most:
        raise ShapeError(
            f"mean counts must be in 0..{T * most} for T = {T}, got {maps.min():g} to "
            f"{maps.max():g}"
        )


def scale_means(
    maps: "NDArray[np.floating]",
    *,
    T: int,
    scale: str,
    sides: "Sequence[int]" = (1, 2),
    most: int = 1,
) -> "NDArray[np.float64]":
    """Values for `snnviz.figures.feature_maps.canvas_colors`, shaped like `maps`.

    Silent and saturated maps take their special values; all others are in [0, 1]: with "map" each
    stretched by itself from its lowest to its highest mean (a constant one is its mean over T),
    with "shared" divided by T. Where neurons fire up to `most` times in a step, T is that many
    times as large, and no map is called saturated.

    Args:
        maps: Mean spike counts, floats in 0..T * most.
        T: Number of time steps.
        scale: "map" or "shared".
        sides: The axes of the array that make up what is stretched, and called silent, together.
        most: The largest number of spikes of a neuron in one step.

    Raises:
        ConfigError: The scale is unknown.
    """
    if scale not in SCALES:
        raise ConfigError(f"scale must be one of {', '.join(SCALES)}, got {scale!r}")
    axes = tuple(sides)
    low, high = (f(maps, axis=axes, keepdims=True) for f in (np.min, np.max))
    own = (high > low) & (scale == "map")
    values = (maps - np.where(own, low, 0)) / np.where(own, high - low, T * most)
    values = np.where(high == 0, SILENT, values)
    shaded: NDArray[np.float64] = np.where((low == T) & (most == 1), SATURATED, values)
    return shaded


def mean_pixels(values: "NDArray[np.floating]", cmap: str) -> "Pixels":
    """The colours of what `scale_means` gives, bytes [..., 3]."""
    return to_pixels(canvas_colors(cmap)(cross(values), bytes=True))


def mean_bar(*, T: int, scale: str, cmap: str, what: str = "map", most: int = 1) -> Bar:
    """The colour bar of these colours."""
    colors = canvas_colors(cmap)
    if scale == "shared":
        top = T * most
        ticks = [
            float(tick) for tick in np.unique(np.linspace(0, top, min(top, 4) + 1).astype(int))
        ]
        return Bar(f"mean count in {T} steps", colors, LinearNorm(0, top), ticks)
    return Bar(
        f"mean count of each {what}", colors, LinearNorm(0, 1), (0, 1), ("lowest", "highest")
    )


def special_swatches(values: "NDArray[np.floating]", types: "Sequence[str]" = ()) -> list[Swatch]:
    """What the colours of silent and saturated maps mean, where there are any.

    Args:
        values: What `scale_means` gives.
        types: Types that a legend names already.
    """
    swatches = []
    if (values == SILENT).any() and "silent" not in types:
        swatches.append(Swatch(SILENT_COLOR, "silent: no spike anywhere", "silent"))
    if (values == SATURATED).any() and "saturated" not in types:
        swatches.append(
            Swatch(SATURATED_COLOR, "saturated: a spike everywhere, always", "saturated")
        )
    return swatches
