"""Summed spikes of all feature maps, in a grid."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap

from snnviz.errors import ConfigError
from snnviz.figures.layout import legend as legends
from snnviz.figures.layout.choice import choose_channels
from snnviz.figures.layout.frame import TEXT_COLOR, Frame, build_frame
from snnviz.figures.layout.legend import Swatch
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.sizes import measure
from snnviz.figures.layout.text import ends_first, fitting_size
from snnviz.figures.levels import canvas_colors, cross
from snnviz.grid import (
    SATURATED_COLOR,
    SILENT_COLOR,
    Layout,
    choose_layout,
    compose,
    normalize_counts,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On
    from snnviz.figures.layout.sizes import Sizes
    from snnviz.grid import Normalize

TITLE = r"$\sum_{{\tau \leq t}} S_{{\tau}}$ at $t = {t}$"
TUTORIAL_TITLE = r"$\sum_{{t}} S_{{t}}$ at $t = {t}$"
"""The title in SpikingJelly's tutorial, where one symbol is the index and its bound."""
_INCHES = 7.0
# Height of the strip for a map's channel number, as a share of the map's width, and of the number
# in it.
LABEL, _NUMBER = 0.25, 0.85
# Size of such a number beside that of the title, at most.
_LARGE = 1.0
# Lines of small text to the right of the grid for the bar and its numbers.
_BAR = 5.0


def feature_map_figure(
    counts: "NDArray[np.integer]",
    *,
    t: int,
    T: int | None = None,
    channels: Sequence[int] | None = None,
    normalize: "Normalize" = "map",
    cmap: str = "gray",
    labels: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    most: int = 1,
    title: str | None = None,
    legend: Collection[str] | bool = True,
    levels: Sequence[int] | None = None,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the spike counts of all feature maps of one image, 8 x 16 for 128 maps.

    Args:
        counts: Spike counts of steps 0..t, ints [K, H, W] in 0..(t + 1) * most:
            `SpikeRecord.count(t)[n]`, of `SpikeRecord.maps()` where neurons have another shape.
        t: The 0-based step up to which they count, for title and scale.
        T: Number of time steps, the top of the "shared" scale; None: t + 1.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        normalize: "map", "shared" or "none", see `snnviz.grid.normalize_counts`; the latter two
            come with a bar of the counts that there can be.
        cmap: Name of a matplotlib colour map.
        labels: Write each map's channel number above it.
        rows: Number of rows, or None.
        columns: Number of columns, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.
        most: The largest number of spikes of a neuron in one step: `SpikeRecord.most`.
        title: Text above, "" for none; None: what is summed. `TUTORIAL_TITLE.format(t=t)` is the
            tutorial's.
        legend: Whether the special colours that occur are explained, or which of "silent" and
            "saturated". There is room for it unless it is False.
        levels: The counts that the bar names, ascending; None: `possible_counts`.

    Raises:
        ShapeError: The counts have another shape or range.
        ConfigError: An option is out of range, or the maps do not fit into rows and columns.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> counts = record.count(3)[0]
        >>> figure = snnviz.feature_map_figure(counts, t=3, channels=range(16), width=3.3)
        >>> f"{figure.get_figwidth():.2f} in"
        '3.30 in'
    """
    T = t + 1 if T is None else T
    shown, counts = choose_channels(np.asarray(counts), channels)
    maps = normalize_counts(counts, t=t, T=T, normalize=normalize, most=most)
    place = Place(ax, width, font_size, dpi)
    right = 0.0 if normalize == "map" else _BAR
    layout = choose_layout(maps.shape, rows=rows, columns=columns)
    # A legend of two rows at most.
    sizes = measure(layout.shape, place, inches=_INCHES, sides=right, below=4.0)
    if labels:
        strip = _strip(maps.shape[2], sizes)
        layout = choose_layout(maps.shape, rows=rows, columns=columns, strip=strip)
        sizes = measure(layout.shape, place, inches=_INCHES, sides=right, below=4.0)
    colors = canvas_colors(cmap)
    explained = legend or () if legend is not True else found_levels(counts, t, most)
    entries = legends.lay_out(
        level_swatches(explained, t, most),
        sizes.text,
        sizes.room,
    )
    canvas = compose(cross(maps, in_place=True), layout)
    del maps  # as large as the canvas
    frame = build_frame(
        canvas,
        sizes,
        place,
        title=TITLE.format(t=t) if title is None else title,
        cmap=colors,
        below=0.0 if legend is False else max(2.0, 0.5 + entries.lines),
        right=right,
    )
    legends.add_swatches(frame, entries, 0.6)
    if normalize != "map":
        top = most * (T if normalize == "shared" else t + 1)
        _add_levels(frame, cmap, list(levels or possible_counts(counts, t, most)), top)
    if labels:
        _add_labels(frame, layout, shown)
    return place.finish(ax, frame.figure)


def possible_counts(counts: "NDArray[np.integer]", t: int, most: int = 1) -> list[int]:
    """The spike counts that neurons can have in t + 1 steps, ascending.

    Under a drive that does not change a neuron with a hard reset fires at regular intervals, so
    that only the whole parts of (t + 1) / n occur: 0, 1, 2, 4 and 8 of eight steps. Where `counts`
    holds others, all up to t + 1 times `most` can.

    Args:
        counts: Those of an image, ints of any shape.
        t: The 0-based step up to which they count.
        most: The largest number of spikes of a neuron in one step.
    """
    if most == 1 and np.isin(counts, regular_counts(t)).all():
        return regular_counts(t)
    return list(range(most * (t + 1) + 1))


def regular_counts(t: int) -> list[int]:
    """The spike counts of t + 1 steps with equal intervals between spikes, ascending."""
    return sorted({0, *((t + 1) // n for n in range(1, t + 2))})


def found_levels(counts: "NDArray[np.integer]", t: int, most: int = 1) -> list[str]:
    """Which of "silent" and "saturated" there are among maps [K, H, W] of counts up to step t."""
    low, high = counts.min(axis=(1, 2)), counts.max(axis=(1, 2))
    there = {"silent": (high == 0).any(), "saturated": (low == most * (t + 1)).any()}
    return [name for name, occurs in there.items() if occurs]


def level_swatches(named: Collection[str], t: int, most: int) -> list[Swatch]:
    """What the special colours mean."""
    steps = "step 0" if t == 0 else f"all {t + 1} steps"
    spikes = "a spike" if most == 1 else f"{most} spikes"
    swatches = [
        Swatch(SILENT_COLOR, "silent: no spike anywhere", "silent"),
        Swatch(SATURATED_COLOR, f"saturated: {spikes} everywhere in {steps}", "saturated"),
    ]
    if wrong := set(named) - {swatch.mark for swatch in swatches}:
        raise ConfigError(f"a legend explains silent and saturated, got {sorted(wrong)}")
    return [swatch for swatch in swatches if swatch.mark in named]


def _add_levels(frame: Frame, cmap: str, levels: list[int], top: int) -> None:
    """The counts in their colours, beside the grid, the lowest at the bottom."""
    bar = frame.add_axes_beside(0.8, 0.9)
    # The plain colour map: silence and saturation are no steps of the scale.
    colors = ListedColormap(mpl.colormaps[cmap](np.array(levels) / top))
    edges = np.arange(len(levels) + 1) - 0.5
    drawn = frame.figure.colorbar(
        ScalarMappable(BoundaryNorm(edges, len(levels)), colors), cax=bar, spacing="uniform"
    )
    height = frame.axes.bbox.height * 72 / frame.sizes.dpi
    kept: list[int] = []
    for n in ends_first(len(levels)):
        if all(abs(n - m) * height / len(levels) >= 1.2 * frame.text for m in kept):
            kept.append(n)
    kept.sort()
    drawn.set_ticks(kept, labels=[str(levels[n]) for n in kept])
    drawn.minorticks_off()
    bar.tick_params(labelsize=frame.text, length=frame.text / 3, colors=TEXT_COLOR)
    bar.set_title("spikes", fontsize=frame.text, pad=frame.text / 2, color=TEXT_COLOR)


def _strip(width: int, sizes: "Sizes") -> int:
    """Picture pixels above each map for its number, which is set no smaller than can be read."""
    least = sizes.smallest / _NUMBER / sizes.pixel
    return max(1, round(LABEL * width), int(np.ceil(least)))


def _add_labels(frame: Frame, layout: Layout, shown: Sequence[int]) -> None:
    """Each map's channel number, in the strip above it, as far as they fit beside each other."""
    sizes = frame.sizes
    points = min(_NUMBER * layout.strip * sizes.pixel, _LARGE * sizes.heading)
    if sizes.fixed:
        points = min(points, max(sizes.text, sizes.smallest))
    pitch = (layout.width + layout.gap) * sizes.pixel
    size, step = fitting_size([str(k) for k in shown], points, pitch, sizes.smallest)
    for place, k in enumerate(shown):
        top, left = layout.corner(place)
        if place % layout.columns % step == 0:
            frame.axes.text(
                left - 0.5,
                top - 0.5 - layout.strip * 0.15,
                str(k),
                fontsize=size,
                color=TEXT_COLOR,
                ha="left",
                va="baseline",
            )
