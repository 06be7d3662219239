"""When each neuron first fires."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.tiles import (
    Around,
    Bar,
    Swatch,
    build_tiles,
    check_maps,
    check_order,
    pixel_of,
    to_pixels,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Lighter than the latest step: the later the lighter, and never is white.
NEVER_COLOR = "#ffffff"
# The brightest tenth of the colour map would be too near to white.
_BRIGHTEST = 0.9
_MOST_TICKS = 9


def first_spike_figure(
    first_spike: "NDArray[np.integer]",
    *,
    T: int,
    order: Sequence[int] | None = None,
    cmap: str = "viridis",
    labels: bool = False,
    title: str | None = None,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
) -> "Figure":
    """A figure of first-spike times: dark is early, light is late, white never.

    Args:
        first_spike: 0-based steps, ints [K, H, W] in 0..T, T where silent:
            `SpikeRecord.first_spike[n]`.
        T: Number of time steps, >= 1.
        order: The channels to show, in reading order, ints in 0..K-1; None: all.
        cmap: Name of a sequential colour map; each step has one colour of its lower nine tenths.
        labels: Write each map's channel number above it.
        title: Text above.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The times have another shape, type or range.
        ConfigError: An option is out of range.
    """
    times = np.asarray(first_spike)
    check_maps(times, "[K, H, W]", "first-spike times")
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")
    if times.dtype.kind not in "iu" or times.min() < 0 or times.max() > T:
        raise ShapeError(
            f"first-spike times must be ints in 0..{T}, got {times.dtype} {times.min()} to "
            f"{times.max()}"
        )
    if cmap not in mpl.colormaps:
        raise ConfigError(f"no colour map {cmap!r}; try viridis, cividis or magma")
    shown = check_order(order, len(times))
    steps = mpl.colormaps[cmap](np.linspace(0, _BRIGHTEST, T))
    palette = np.concatenate([to_pixels(steps), pixel_of(NEVER_COLOR)[np.newaxis]])
    ticks = np.unique(np.linspace(0, T - 1, min(T, _MOST_TICKS)).round())
    bar = Bar(
        "step of the first spike",
        ListedColormap(steps),
        BoundaryNorm(np.arange(T + 1) - 0.5, T),
        ticks.tolist(),
        [f"{tick:.0f}" for tick in ticks],
    )
    share = float((times[shown] == T).mean())
    frame, _ = build_tiles(
        palette[times[shown]],
        Around(
            title=title or f"First spike in {_steps(T)}",
            labels=[str(k) for k in shown] if labels else (),
            bars=[bar],
            swatches=[Swatch(NEVER_COLOR, f"silent in {_steps(T)}: {share:.0%} of neurons")],
        ),
        rows=rows,
        columns=columns,
        dpi=dpi,
    )
    return frame.figure


def _steps(T: int) -> str:
    return "1 step" if T == 1 else f"{T} steps"
