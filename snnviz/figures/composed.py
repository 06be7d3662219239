"""Several pictures in one figure: an image beside what became of it, two encoders side by side."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.feature_maps import LABEL, feature_map_figure, found_levels, level_swatches
from snnviz.figures.input_image import input_figure
from snnviz.figures.layout.choice import choose_channels
from snnviz.figures.layout.legend import lay_out
from snnviz.figures.layout.names import literal
from snnviz.figures.layout.place import POINTS, Place
from snnviz.figures.layout.plot import check_size
from snnviz.figures.layout.shown import ShownFigure
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, to_pixels
from snnviz.figures.levels import DIVERGING, canvas_colors, cross
from snnviz.grid import choose_layout, normalize_counts

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On
    from snnviz.grid import Normalize

# Inches wide where nothing is said, and from which pictures stand beside each other.
_WIDE, _BESIDE = 7.0, 5.0
# Lines of small text above a picture, for its title, between two beside each other, and around.
_ABOVE, _BETWEEN, _MARGIN = 3.4, 1.6, 0.6
# Pictures below each other are as wide as the figure from this aspect on.
_TALL = 1.6
# Letters of an encoder's name.
_LONGEST = 40


def composed_figure(
    image: "NDArray[np.generic]",
    counts: "Mapping[int, NDArray[np.integer]]",
    *,
    T: int,
    most: int = 1,
    label: str | None = None,
    channels: Sequence[int] | None = None,
    normalize: "Normalize" = "map",
    cmap: str = "gray",
    labels: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    titles: bool = True,
    legend: bool = True,
    ax: "On | None" = None,
) -> "On":
    """An image and its spike counts at several steps in one figure, the tutorial's story.

    From 5 inches on they stand beside each other, else below each other.

    Args:
        image: See `snnviz.input_figure`.
        counts: Spike counts by step: for each t those of steps 0..t, ints [K, H, W].
        T: Number of time steps.
        most: The largest number of spikes of a neuron in one step: `SpikeRecord.most`.
        label: The name of the image's class, for its title.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        normalize: See `snnviz.feature_map_figure`, as for all that follow.
        cmap: Name of a colour map.
        labels: Write each map's channel number above it.
        rows: Rows of the grids, or None.
        columns: Columns of the grids, or None.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: 7.
        font_size: Points of text, from 5; None: 7.1.
        titles: Whether each picture has a title.
        legend: Whether the special colours are explained.
        ax: A SubFigure, or Figure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Image or counts have another shape or range, or there are no counts.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> counts = {t: record.count(t)[0, :16] for t in (0, 3)}
        >>> figure = snnviz.composed_figure(snnviz.garments(1).images[0], counts, T=4, width=7)
        >>> f"{figure.get_figwidth():.2f} in"
        '7.00 in'
    """
    if not counts:
        raise ShapeError("the counts of one step or more are needed, got none")
    grids = {t: choose_channels(np.asarray(each), channels)[1] for t, each in counts.items()}
    pixels = np.asarray(image)
    aspect = pixels.shape[-1] / pixels.shape[-2] if pixels.ndim >= 2 and pixels.size else 1.0
    shapes = [aspect, *(_aspect(each, rows, columns, labels=labels) for each in grids.values())]
    place = Place(ax, width or (_WIDE if ax is None else None), font_size, dpi)
    found = sorted({name for t, each in grids.items() for name in found_levels(each, t, most)})
    swatches = level_swatches(found if legend else (), max(grids), most)

    def below(inches: float) -> float:
        return _MARGIN + lay_out(swatches, place.text(POINTS), 72 * max(inches, 0.1)).lines

    figure, (first, *others) = _blocks(
        shapes, place, titles=titles, below=below, right=0.0 if normalize == "map" else 5.0
    )
    title = None if titles else ""
    input_figure(pixels, label=label, title=title, ax=first, font_size=font_size)
    for axes, (t, each) in zip(others, counts.items(), strict=True):
        feature_map_figure(
            each, t=t, T=T, most=most, channels=channels, normalize=normalize, cmap=cmap,
            labels=labels, rows=rows, columns=columns, legend=legend, ax=axes,
            font_size=font_size, title=title,
        )  # fmt: skip
    return place.finish(ax, figure)


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


def _aspect(
    maps: "NDArray[np.generic]", rows: int | None, columns: int | None, *, labels: bool
) -> float:
    """Width of a grid of these maps beside its height."""
    if maps.ndim != 3 or not maps.size:
        raise ShapeError(f"maps must be [K, H, W], none of them 0, got {list(maps.shape)}")
    strip = round(LABEL * maps.shape[2]) if labels else 0
    height, width = choose_layout(maps.shape, rows=rows, columns=columns, strip=strip).shape
    return width / height


def _blocks(
    aspects: Sequence[float],
    place: Place,
    *,
    titles: bool,
    below: Callable[[float], float],
    right: float,
) -> "tuple[Figure | SubFigure, list[Axes]]":
    """A figure with axes of these aspects, all of one height or all of one width, and their room.

    Args:
        aspects: Width of each beside its height.
        place: What is drawn on; where it is no figure yet, its width is known.
        titles: Whether there is room for titles.
        below: Room below each, in lines of small text, of inches that the narrowest is wide; the
            first does not count.
        right: Room to the right of each, in the same unit.

    Raises:
        ConfigError: There is one Axes, or no room.
    """
    inches = place.width or place.width_of_axes()
    line = place.text(POINTS) / 72
    top = (_ABOVE if titles else _MARGIN) * line
    margin, between, beside = _MARGIN * line, _BETWEEN * line, right * line
    if inches >= _BESIDE:
        free = inches - 2 * margin - (len(aspects) - 1) * between - len(aspects) * beside
        height = free / sum(aspects)
        bottom = below(height * min(aspects[1:])) * line
        whole = height + top + bottom
        boxes, x = [], margin
        for aspect in aspects:
            boxes.append((x, bottom, height * aspect, height))
            x += height * aspect + beside + between
    else:
        free = inches - 2 * margin - beside
        # A picture that is no wider than high would fill the page.
        widths = [free * min(1.0, aspect / _TALL) for aspect in aspects]
        heights = [w / aspect for w, aspect in zip(widths, aspects, strict=True)]
        bottom = below(min(widths[1:])) * line
        whole = sum(heights) + len(aspects) * (top + bottom)
        boxes, y = [], whole
        for w, height in zip(widths, heights, strict=True):
            y -= top + height
            boxes.append((margin + (free - w) / 2, y, w, height))
            y -= bottom
    if free <= 0:
        raise ConfigError(
            f"text of {72 * line:g} points leaves no room in {inches:g} inches; choose a smaller "
            "font_size or a larger width"
        )
    figure: Figure | SubFigure
    if place.ax is None:
        check_size(inches, whole, place.dpi)
        figure = ShownFigure(figsize=(inches, whole), dpi=place.dpi, facecolor="white")
    elif isinstance(place.ax, Axes):
        figure, _ = place.panels(1, 1)  # which says what is wrong
    else:
        figure, whole = place.ax, max(whole, place.height_of_axes())
    axes = [
        figure.add_axes((x / inches, y / whole, w / inches, height / whole))
        for x, y, w, height in boxes
    ]
    return figure, axes
