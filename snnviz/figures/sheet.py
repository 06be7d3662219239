"""Contact sheets: many images on a page, each beside what the encoder made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ShapeError
from snnviz.figures.feature_maps import canvas_colors
from snnviz.figures.layout.frame import TEXT_COLOR, build_frame, whole_scale
from snnviz.figures.layout.names import literal
from snnviz.grid import Layout, compose

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_INCHES = 7.5
# Height of the strip for the caption, as a share of a pair's width.
_CAPTION = 0.17
# Letters of a caption, and about how wide a bold one is in its size.
_LONGEST, _LETTER = 32, 0.68


@dataclass(frozen=True)
class SheetEntry:
    """One image on a sheet.

    Attributes:
        image: Grey levels, uint8 [H, W].
        rate: Mean firing rate over all feature maps, floats [H, W] in [0, 1].
        caption: A few words above it.
        marked: Whether the caption is set off, for what deserves a second look.
    """

    image: "NDArray[np.uint8]"
    rate: "NDArray[np.floating]"
    caption: str = ""
    marked: bool = False


def contact_sheet_figure(
    entries: Sequence[SheetEntry], *, title: str, columns: int = 8, dpi: int = 200
) -> "Figure":
    """A page of images, each beside its mean firing rate, stretched to the grey scale by itself.

    Args:
        entries: The images, all of one size, read row by row.
        title: Above the page.
        columns: Images in a row.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: There are none, or they differ in size.
    """
    if not entries or len({entry.image.shape for entry in entries}) != 1:
        raise ShapeError("a sheet takes at least one image, all of one size")
    height, width = entries[0].image.shape
    pairs = np.stack([_pair(entry) for entry in entries])
    strip = max(1, round(_CAPTION * 2 * width))
    layout = Layout(-(-len(entries) // columns), columns, height, 2 * width, gap=2, strip=strip)
    scale = whole_scale(layout.shape, inches=_INCHES, dpi=dpi)
    frame = build_frame(
        compose(pairs, layout),
        scale=scale,
        dpi=dpi,
        title=title,
        cmap=canvas_colors("gray"),
    )
    captions = [literal(entry.caption, _LONGEST) for entry in entries]
    # Within its pair, whose neighbour has a caption too.
    room = 2 * width / (_LETTER * max(1, *map(len, captions)))
    size = min(0.75 * strip, room) * frame.scale * 72 / dpi
    for place, (entry, caption) in enumerate(zip(entries, captions, strict=True)):
        top, left = layout.corner(place)
        frame.axes.text(
            left - 0.5,
            top - 0.5 - 0.2 * strip,
            caption,
            fontsize=size,
            color="#b00020" if entry.marked else TEXT_COLOR,
            weight="bold" if entry.marked else "normal",
        )
    return frame.figure


def _pair(entry: SheetEntry) -> "NDArray[np.float32]":
    low, high = entry.rate.min(), entry.rate.max()
    rate = (entry.rate - low) / (high - low) if high > low else np.zeros_like(entry.rate)
    return np.hstack([entry.image / np.float32(255), rate]).astype(np.float32)
