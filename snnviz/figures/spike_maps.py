"""The spikes of single steps, and how they arrive one step after the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize

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

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On
    from snnviz.figures.layout.tiles import Pixels

# Dark, middling and light, in hues that every kind of colour vision tells apart.
REST_COLOR, BEFORE_COLOR, SPIKE_COLOR = "#141414", "#0072b2", "#f0e442"
_COLORS = (REST_COLOR, BEFORE_COLOR, SPIKE_COLOR)


def spike_map_figure(
    spikes: "NDArray[np.generic]",
    *,
    t: int,
    before: "NDArray[np.generic] | None" = None,
    channels: Sequence[int] | None = None,
    labels: bool = False,
    title: str | None = None,
    legend: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
    most: int = 1,
) -> "On":
    """A figure of the spikes of all channels in one step.

    Args:
        spikes: Zeros and ones [K, H, W], those of step t alone: `SpikeRecord.spikes()[t, n]`.
        t: The 0-based step, for the title.
        before: Which neurons have fired in an earlier step, zeros and ones [K, H, W], to be shown
            in a colour of their own; None shows this step alone.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        labels: Write each map's channel number above it.
        title: Text above, "" for none; None: the step.
        legend: Whether the colours are explained.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.
        most: The largest number of spikes of a neuron in one step. Above 1, `spikes` says how many
            each fires, 0..most, `SpikeRecord.steps()[t, n]`, and `before` is not looked at.

    Raises:
        ShapeError: Spikes have another shape, or values other than 0 and 1, or up to `most`.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> spikes = record.spikes()[:, 0]
        >>> figure = snnviz.spike_map_figure(spikes[2], t=2, before=spikes[:2].any(axis=0))
        >>> figure.axes[0].get_title()
        'Spikes at $t = 2$'
    """
    if t < 0:
        raise ConfigError(f"t must be at least 0, got {t}")
    title = f"Spikes at $t = {t}$" if title is None else title
    if most > 1:
        shown, counts = choose_channels(_check_counts(spikes, most), channels)
        scale = LinearSegmentedColormap.from_list("spikes", [REST_COLOR, SPIKE_COLOR])
        ticks = [float(tick) for tick in np.unique(np.linspace(0, most, min(most, 4) + 1).round())]
        around = Around(
            title=title,
            labels=[str(k) for k in shown] if labels else (),
            bars=[Bar("spikes in this step", scale, Normalize(0, most), ticks)],
        )
        pixels = to_pixels(scale(counts / most, bytes=True))
        place = Place(ax, width, font_size, dpi)
        frame, _ = build_tiles(pixels, around, place, rows=rows, columns=columns)
        return place.finish(ax, frame.figure)
    fired = _check_spikes(spikes, "[K, H, W]")
    earlier = np.zeros_like(fired) if before is None else _check_spikes(before, "[K, H, W]")
    if earlier.shape != fired.shape:
        raise ShapeError(
            f"spikes before must be {list(fired.shape)} as those now, got {list(earlier.shape)}"
        )
    shown, state = choose_channels(np.where(fired, 2, earlier.astype(int)), channels)
    return _draw(
        state,
        [n for n in (2, 1, 0) if (state == n).any()] if legend else [],
        Place(ax, width, font_size, dpi),
        title=title,
        labels=[str(k) for k in shown] if labels else (),
        rows=rows,
        columns=columns,
        alone=before is None,
        ax=ax,
    )


def _draw(
    state: "NDArray[np.int_]",
    explained: list[int],
    place: Place,
    *,
    title: str,
    labels: Sequence[str],
    rows: int | None,
    columns: int | None,
    alone: bool,
    ax: "On | None" = None,
) -> "On":
    """The figure of states: 0 none, 1 earlier, 2 now; `explained` in the legend."""
    palette = np.stack([pixel_of(color) for color in _COLORS])
    names = ("none" if alone else "none yet", "earlier", "a spike in this step")
    frame, _ = build_tiles(
        palette[state],
        Around(
            title=title,
            labels=labels,
            swatches=[Swatch(_COLORS[n], names[n]) for n in explained],
        ),
        place,
        rows=rows,
        columns=columns,
    )
    return place.finish(ax, frame.figure)


def spike_frames(
    spikes: "NDArray[np.generic]",
    *,
    labels: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 100,
) -> "NDArray[np.uint8]":
    """The frames of an animation of spikes arriving, colours, bytes [T, height, width, 3].

    Frame t shows the spikes of step t, and in another colour the neurons that fired before.
    `snnviz.render_animation` makes a file of them.

    Args:
        spikes: Zeros and ones [T, K, H, W] of one image: `SpikeRecord.spikes()[:, n]`.
        labels: Write each map's channel number above it.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch, of about seven inches.

    Raises:
        ShapeError: Spikes have another shape, or values other than 0 and 1.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> snnviz.spike_frames(record.spikes()[:, 0, :16]).shape[0]
        4
    """
    fired = _check_spikes(spikes, "[T, K, H, W]")
    before = np.zeros_like(fired[0])
    frames = []
    for t, now in enumerate(fired):
        # The legend is that of all steps, so that nothing jumps.
        figure: Figure = _draw(
            np.where(now, 2, before.astype(int)),
            [2, 1, 0],
            Place(None, None, None, dpi),
            # Of one length at every step below 100, so that nothing jumps from frame to frame.
            title=f"Spikes at $t = {t}$",
            labels=[str(k) for k in range(len(now))] if labels else (),
            rows=rows,
            columns=columns,
            alone=False,
        )
        frames.append(_pixels(figure))
        before |= now
    return np.stack(frames)


def _pixels(figure: "Figure") -> "Pixels":
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _check_counts(spikes: "NDArray[np.generic]", most: int) -> "NDArray[np.int64]":
    counts = np.asarray(spikes)
    check_maps(counts, "[K, H, W]", "spikes")
    if counts.dtype.kind not in "biu" or counts.min() < 0 or counts.max() > most:
        raise ShapeError(f"spikes must be whole numbers in 0..{most}; give `most` as it is")
    return counts.astype(np.int64)


def _check_spikes(spikes: "NDArray[np.generic]", form: str) -> "NDArray[np.bool_]":
    spikes = np.asarray(spikes)
    check_maps(spikes, form, "spikes")
    fired = spikes.astype(bool)
    if not np.array_equal(fired, spikes):
        raise ShapeError("spikes must be 0 or 1; threshold them first")
    return fired
