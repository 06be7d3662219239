"""The spikes of two encoders side by side, channel by channel."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.feature_maps import found_levels, level_swatches
from snnviz.figures.layout.names import literal
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, to_pixels
from snnviz.figures.levels import DIVERGING, canvas_colors, cross
from snnviz.grid import normalize_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Letters of an encoder's name.
_LONGEST = 40


def comparison_figure(
    first: "NDArray[np.integer]",
    second: "NDArray[np.integer]",
    *,
    t: int,
    T: int | None = None,
    most: int = 1,
    names: tuple[str, str] = ("A", "B"),
    partner: Sequence[int] | None = None,
    channels: Sequence[int] | None = None,
    cmap: str = "gray",
    title: str | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """The spike counts of one image in two encoders, channel by channel, and how they differ.

    Of each channel three maps stand beside each other: A, the first encoder's; B, the second's;
    and B - A. All counts are on one scale, 0..T, so that they compare.

    Args:
        first: Spike counts of steps 0..t in the first encoder, ints [K, H, W].
        second: Those in the second, ints [L, H, W].
        t: The 0-based step up to which they count.
        T: Number of time steps; None: t + 1.
        most: The largest number of spikes of a neuron in one step, of both.
        names: What the encoders are called.
        partner: For each channel of the first the one of the second that it is compared with, ints
            [K], as `snnviz.metrics.match_channels` finds them; -1 for none. None: that of the same
            number.
        channels: The channels of the first to show, in reading order; None: all with a partner.
        cmap: Name of a colour map, of the counts.
        title: Text above, "" for none; None: the encoders and the step.
        columns: Channels in a row; None chooses.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The counts have another shape or range, or maps of different size.
        ConfigError: An option is out of range, or a channel has no partner.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> counts = record.count(3)[0]
        >>> figure = snnviz.comparison_figure(counts[:4], counts[4:8], t=3, names=("one", "two"))
        >>> figure.axes[0].get_title()
        'A: one, B: two: spike counts up to $t = 3$'
    """
    T = t + 1 if T is None else T
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 3 or second.ndim != 3 or first.shape[1:] != second.shape[1:]:
        raise ShapeError(
            f"maps of one size are compared, got {list(first.shape)} and {list(second.shape)}"
        )
    shown, others = _pairs(len(first), len(second), partner, channels)
    pair = first[shown], second[others]
    colors, signed, top = canvas_colors(cmap), mpl.colormaps[DIVERGING], most * T
    counts = [
        to_pixels(colors(cross(normalize_counts(each, t=t, T=T, normalize="shared", most=most))))
        for each in pair
    ]
    reach = float(most * (t + 1))
    norm = LinearNorm(-reach, reach)
    difference = pair[1].astype(np.int64) - pair[0]
    change = to_pixels(signed(norm(difference.ravel())).reshape(*difference.shape, 4))
    pictures = np.stack([*counts, change], axis=1)
    columns = _columns(len(shown), *first.shape[1:]) if columns is None else columns
    place = Place(ax, width, font_size, dpi)
    ticks = [0, top] if top < 4 else [0, top // 2, top]
    found = {name for each in pair for name in found_levels(each, t, most)}
    labels = [text for k, m in zip(shown, others, strict=True) for text in (str(k), str(m), "")]
    names = (literal(names[0], _LONGEST), literal(names[1], _LONGEST))
    frame, _ = build_tiles(
        pictures.reshape(-1, *pictures.shape[2:]),
        Around(
            title=f"A: {names[0]}, B: {names[1]}: spike counts up to $t = {t}$"
            if title is None else title,
            labels=labels,
            columns=["A", "B", "B - A"] * min(columns, len(shown)),
            bars=[
                Bar("spikes of A and B", mpl.colormaps[cmap], LinearNorm(0, top), ticks),
                Bar("difference in spikes", signed, norm, [-reach, 0, reach]),
            ],
            swatches=level_swatches(sorted(found), t, most),
        ),
        place,
        columns=3 * min(columns, len(shown)),
    )  # fmt: skip
    return place.finish(ax, frame.figure)


def _columns(count: int, height: int, width: int) -> int:
    """How many channels of three maps each stand in a row, so that it is wider than high."""
    return max(1, min(count, round(math.sqrt(count * height / width / 2))))


def _pairs(
    count: int, other: int, partner: Sequence[int] | None, channels: Sequence[int] | None
) -> tuple[list[int], list[int]]:
    """The channels of the first encoder to show, and those of the second beside them."""
    if partner is None:
        partner = [k if k < other else -1 for k in range(count)]
    if len(partner) != count or any(not -1 <= m < other for m in partner):
        raise ShapeError(
            f"{count} channels need a partner each, in 0..{other - 1} or -1, got {len(partner)}"
        )
    shown = [k for k in range(count) if partner[k] >= 0] if channels is None else list(channels)
    wrong = [k for k in shown if not 0 <= k < count or partner[k] < 0]
    if wrong or not shown:
        raise ConfigError(
            f"channels {wrong or 'none'} have no partner in the second encoder; choose others"
        )
    return shown, [int(partner[k]) for k in shown]
