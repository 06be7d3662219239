"""An image and what became of it, in one figure."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.feature_maps import LABEL, feature_map_figure, found_levels, level_swatches
from snnviz.figures.input_image import input_figure
from snnviz.figures.layout.choice import choose_channels
from snnviz.figures.layout.legend import lay_out
from snnviz.figures.layout.place import POINTS, Place
from snnviz.figures.layout.plot import check_size
from snnviz.figures.layout.shown import ShownFigure
from snnviz.grid import choose_layout

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
    room = _Room(line, (_ABOVE if titles else _MARGIN) * line, right * line)
    lay = _beside_each_other if inches >= _BESIDE else _below_each_other
    boxes, free, whole = lay(aspects, inches, room, below)
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


class _Room(NamedTuple):
    """Inches around pictures: a line of small text, above each, and to the right of each."""

    line: float
    above: float
    right: float

    @property
    def margin(self) -> float:
        """Around the figure."""
        return _MARGIN * self.line


# Left, bottom, width and height in inches.
_Box = tuple[float, float, float, float]


def _beside_each_other(
    aspects: Sequence[float], inches: float, room: _Room, below: Callable[[float], float]
) -> tuple[list[_Box], float, float]:
    """Boxes of one height, the width that they have together, and the figure's height."""
    between = _BETWEEN * room.line
    count = len(aspects)
    free = inches - 2 * room.margin - (count - 1) * between - count * room.right
    height = free / sum(aspects)
    bottom = below(height * min(aspects[1:])) * room.line
    boxes, x = [], room.margin
    for aspect in aspects:
        boxes.append((x, bottom, height * aspect, height))
        x += height * aspect + room.right + between
    return boxes, free, height + room.above + bottom


def _below_each_other(
    aspects: Sequence[float], inches: float, room: _Room, below: Callable[[float], float]
) -> tuple[list[_Box], float, float]:
    """Boxes of one width, but for high ones, that width, and the figure's height."""
    free = inches - 2 * room.margin - room.right
    # A picture that is no wider than high would fill the page.
    widths = [free * min(1.0, aspect / _TALL) for aspect in aspects]
    heights = [w / aspect for w, aspect in zip(widths, aspects, strict=True)]
    bottom = below(min(widths[1:])) * room.line
    whole = sum(heights) + len(aspects) * (room.above + bottom)
    boxes, y = [], whole
    for w, height in zip(widths, heights, strict=True):
        y -= room.above + height
        boxes.append((room.margin + (free - w) / 2, y, w, height))
        y -= bottom
    return boxes, free, whole
