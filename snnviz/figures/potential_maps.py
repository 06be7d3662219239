"""The membrane potential of all neurons in one step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import FuncNorm
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ConfigError
from snnviz.figures.layout.choice import choose_channels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, check_maps, to_pixels
from snnviz.figures.levels import DIVERGING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# The share of the colours for potentials within twice the way from reset to threshold, where there
# are others.
_NEAR = 0.6


def potential_map_figure(
    v: "NDArray[np.floating]",
    *,
    t: int,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    channels: Sequence[int] | None = None,
    labels: bool = False,
    title: str | None = None,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the membrane potential of all channels at one step, before the reset.

    Dark blue is below the threshold, light yellow above it: those neurons spike. The range reaches
    as far on both sides as twice the way from reset to threshold, so that steps and images compare.
    Where a potential lies beyond, it reaches to that: evenly for three fifths of the colours up to
    where it ended else, and with the logarithm from there on.

    Args:
        v: Membrane potential after the input of step t and before the reset, floats [K, H, W].
        t: The 0-based step, for the title.
        v_threshold: Threshold of the neurons.
        v_reset: What a spike resets the potential to; None: it subtracts the threshold.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        labels: Write each map's channel number above it.
        title: Text above, "" for none; None: the step.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The potentials have another shape, or are not finite.
        ConfigError: An option is out of range.

    Example:
        >>> v = np.random.default_rng(0).normal(0.5, 0.5, (16, 28, 28))
        >>> snnviz.potential_map_figure(v, t=3, labels=True).axes[0].get_title()
        'Membrane potential at $t = 3$, before reset'
    """
    v = np.asarray(v)
    check_maps(v, "[K, H, W]", "membrane potentials")
    if t < 0:
        raise ConfigError(f"t must be at least 0, got {t}")
    shown, v = choose_channels(v, channels)
    reset = 0.0 if v_reset is None else v_reset
    reach = 2 * abs(v_threshold - reset) or 1.0
    far = max(reach, float(np.abs(v - v_threshold).max()))
    norm = _norm(v_threshold, reach, far)
    colors = mpl.colormaps[DIVERGING]
    low, high = v_threshold - far, v_threshold + far
    ticks = {low: f"{low:.4g}", high: f"{high:.4g}"}
    if far <= reach:  # else it is too near to the threshold
        ticks[reset] = f"{reset:g}"
    ticks[v_threshold] = f"{v_threshold:g}, threshold"
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        to_pixels(colors(norm(v.ravel()).reshape(v.shape), bytes=True)),
        Around(
            title=f"Membrane potential at $t = {t}$, before reset" if title is None else title,
            labels=[str(k) for k in shown] if labels else (),
            bars=[
                Bar(
                    "membrane potential",
                    colors,
                    norm,
                    sorted(ticks),
                    [ticks[tick] for tick in sorted(ticks)],
                )
            ],
        ),
        place,
        rows=rows,
        columns=columns,
    )
    return place.finish(ax, frame.figure)


def _norm(middle: float, reach: float, far: float) -> LinearNorm:
    """Potentials to 0..1: even up to `reach` from the middle, by the logarithm on to `far`."""
    if far <= reach:
        return LinearNorm(middle - reach, middle + reach)
    steep = (1 - _NEAR) / np.log(far / reach)

    def forward(v: "NDArray[np.floating]") -> "NDArray[np.floating]":
        away = np.abs(np.asarray(v) - middle) / reach
        beyond = _NEAR + steep * np.log(np.maximum(away, 1))
        shown: NDArray[np.floating] = np.sign(v - middle)
        return shown * np.where(away <= 1, _NEAR * away, beyond)

    def inverse(shown: "NDArray[np.floating]") -> "NDArray[np.floating]":
        size = np.abs(shown)
        beyond = np.exp((np.maximum(size, _NEAR) - _NEAR) / steep)
        away = np.where(size <= _NEAR, size / _NEAR, beyond)
        v: NDArray[np.floating] = middle + np.sign(shown) * reach * away
        return v

    return FuncNorm((forward, inverse), middle - far, middle + far)
