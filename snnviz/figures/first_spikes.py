"""When each neuron first fires."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex

from snnviz._renaming import renamed
from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.choice import choose_channels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import (
    Around,
    Bar,
    Swatch,
    build_tiles,
    check_maps,
    pixel_of,
    to_pixels,
)
from snnviz.figures.levels import CONTRAST, contrast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Lighter than the latest step: the later the lighter, and never is white.
NEVER_COLOR = "#ffffff"


@renamed(order="channels")
def first_spike_figure(
    first_spike: "NDArray[np.integer]",
    *,
    T: int,
    channels: Sequence[int] | None = None,
    cmap: str = "viridis",
    labels: bool = False,
    title: str | None = None,
    legend: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of first-spike times: dark is early, light is late, white never.

    Args:
        first_spike: 0-based steps, ints [K, H, W] in 0..T, T where silent:
            `SpikeRecord.first_spike[n]`.
        T: Number of time steps, >= 1.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        cmap: Name of a sequential colour map; each step has one colour of the part of it that is
            told from white in print, spread by the logarithm of the interval between spikes, f + 1.
        labels: Write each map's channel number above it.
        title: Text above, "" for none; None: how many steps there are.
        legend: Whether the share of silent neurons is told.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The times have another shape, type or range.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> figure = snnviz.first_spike_figure(record.first_spike[0], T=4, channels=range(8))
        >>> figure.axes[0].get_title()
        'First spike in 4 steps'
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
    shown, times = choose_channels(times, channels)
    # Nearly all neurons that fire do so early, where intervals differ by large factors.
    rhythm = np.log2(np.arange(T) + 1) / max(1.0, np.log2(T))
    low, high = _dark_part(cmap)
    steps = mpl.colormaps[cmap](low + (high - low) * rhythm)
    palette = np.concatenate([to_pixels(steps), pixel_of(NEVER_COLOR)[np.newaxis]])
    # 0, 1, 3, 7 and so on: twice the interval each, and so at equal distances.
    ticks = np.unique([*(2 ** np.arange(int(np.log2(T)) + 1) - 1), T - 1])
    bar = Bar(
        "step of the first spike",
        ListedColormap(steps),
        BoundaryNorm(np.log2(np.arange(T + 1) + 0.5), T),
        np.log2(ticks + 1).tolist(),
        [str(tick) for tick in ticks],
    )
    share = float((times == T).mean())
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        palette[times],
        Around(
            title=f"First spike in {_steps(T)}" if title is None else title,
            labels=[str(k) for k in shown] if labels else (),
            bars=[bar],
            swatches=[Swatch(NEVER_COLOR, _silence(share, T))] if share and legend else (),
        ),
        place,
        rows=rows,
        columns=columns,
    )
    return place.finish(ax, frame.figure)


def _dark_part(cmap: str) -> tuple[float, float]:
    """From where to where the colours of a map differ enough from "never", in grey, too."""
    colors = mpl.colormaps[cmap](np.linspace(0, 1, 256))
    dark = [n for n, color in enumerate(colors) if contrast(to_hex(color), NEVER_COLOR) >= CONTRAST]
    if not dark:
        raise ConfigError(
            f"all colours of {cmap!r} are too near to the white of never; try viridis or magma"
        )
    return dark[0] / 256, (dark[-1] + 0.99) / 256  # within the first of them, and the last


def _steps(T: int) -> str:
    return "1 step" if T == 1 else f"{T} steps"


def _silence(share: float, T: int) -> str:
    percent = f"{share:.0%}" if share >= 0.005 else "below 1%"
    return f"silent in {_steps(T)}: {percent} of neurons"
