"""Contact sheets: many images on a page, each beside what the encoder made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ShapeError
from snnviz.figures.layout import bars
from snnviz.figures.layout.frame import TEXT_COLOR, build_frame
from snnviz.figures.layout.names import literal
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.sizes import measure
from snnviz.figures.layout.text import shorten, widest, wrap
from snnviz.figures.levels import canvas_colors
from snnviz.grid import Layout, compose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

_INCHES = 7.5
# Letters of a caption, its lines, and the height of one in its size.
_LONGEST, _MOST_LINES, _LINE = 48, 3, 1.25


@dataclass(frozen=True)
class SheetEntry:
    """One image on a sheet.

    Attributes:
        image: Grey levels, uint8 [H, W].
        rate: Mean firing rate over all feature maps, floats >= 0, [H, W] or as large as the maps
            are: each place is drawn over the pixels that it has in the image.
        caption: A few words above it.
        marked: Whether the caption is set off, for what deserves a second look.
    """

    image: "NDArray[np.uint8]"
    rate: "NDArray[np.floating]"
    caption: str = ""
    marked: bool = False


def contact_sheet_figure(
    entries: Sequence[SheetEntry],
    *,
    title: str,
    columns: int = 8,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A page of images, each beside its mean firing rate, stretched to the grey scale by itself.

    Args:
        entries: The images, all of one size, read row by row.
        title: Above the page.
        columns: Images in a row.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: There are none, or they differ in size.
    """
    if not entries or len({entry.image.shape for entry in entries}) != 1:
        raise ShapeError("a sheet takes at least one image, all of one size")
    height, wide = entries[0].image.shape
    pairs = np.stack([_pair(entry) for entry in entries])
    place = Place(ax, width, font_size, dpi)
    captions = [literal(entry.caption, _LONGEST) for entry in entries]
    most = min(columns, len(entries)) if place.is_sized else columns
    for across in range(most, 0, -1):
        layout = Layout(-(-len(entries) // across), across, height, 2 * wide, gap=2)
        sizes = measure(layout.shape, place, inches=_INCHES)
        room = 2 * wide * sizes.pixel
        written = _written(captions, room, sizes.text, sizes.smallest)
        if written is not None or across == 1 or not place.is_sized:
            break
    size, lines = written or _shortened(captions, room, sizes.smallest)
    high = 1 + max(line.count("\n") for line in lines) if any(captions) else 0.3
    layout = replace(layout, strip=max(1, int(np.ceil(_LINE * high * size / sizes.pixel))))
    sizes = measure(layout.shape, place, inches=_INCHES)
    laid, below = bars.lay_out(_scale(), sizes.text, sizes.room)
    frame = build_frame(
        compose(pairs, layout),
        sizes,
        place,
        title=title,
        cmap=canvas_colors("gray"),
        below=below + 0.3,
    )
    for n, (entry, caption) in enumerate(zip(entries, lines, strict=True)):
        top, left = layout.corner(n)
        frame.axes.text(
            left - 0.5,
            top - 0.5 - 0.2 * size / sizes.pixel,
            caption,
            fontsize=size,
            linespacing=1.05,
            va="bottom",
            color="#b00020" if entry.marked else TEXT_COLOR,
            weight="bold" if entry.marked else "normal",
        )
    bars.add_bars(frame, laid)
    return place.finish(ax, frame.figure)


def _written(
    captions: Sequence[str], room: float, points: float, smallest: float
) -> tuple[float, list[str]] | None:
    """The size of captions and their lines, no wider than a pair; None where they do not fit."""
    words = [word for caption in captions for word in caption.split()]
    for size in (points, (points + smallest) / 2, smallest):
        if widest(words, size, bold=True) <= room:
            lines = [wrap(caption, size, room, bold=True) for caption in captions]
            if max(line.count("\n") for line in lines) < _MOST_LINES:
                return size, lines
    return None


def _shortened(captions: Sequence[str], room: float, smallest: float) -> tuple[float, list[str]]:
    """As small as can be read, what is too long in as many lines as there may be, cut off."""
    lines = []
    for caption in captions:
        broken = wrap(caption, smallest, room, bold=True).splitlines()
        kept = [*broken[: _MOST_LINES - 1], " ".join(broken[_MOST_LINES - 1 :])]
        lines.append("\n".join(shorten(line, smallest, 0.9 * room) for line in kept if line))
    return smallest, lines


def _scale() -> list[bars.Bar]:
    """What the greys of an image mean, and those of its firing rate."""
    gray, norm = mpl.colormaps["gray"], LinearNorm(0, 1)
    ends = ("its lowest", "its highest")
    return [
        bars.Bar("left: grey level of the image", gray, norm, (0, 1), ("0", "255")),
        bars.Bar("right: mean firing rate over all channels", gray, norm, (0, 1), ends),
    ]


def _pair(entry: SheetEntry) -> "NDArray[np.float32]":
    low, high = entry.rate.min(), entry.rate.max()
    rate = (entry.rate - low) / (high - low) if high > low else np.zeros_like(entry.rate)
    rows, columns = (
        np.arange(side) * size // side
        for side, size in zip(entry.image.shape, rate.shape, strict=True)
    )
    drawn = rate[rows][:, columns]
    return np.hstack([entry.image / np.float32(255), drawn]).astype(np.float32)
