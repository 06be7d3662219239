"""Small pictures in rows and columns, with all that explains their colours, for a paper's column.

Where nothing else was asked for, text is set for a figure that is printed `COLUMN` inches wide:
there it has 7 points or more. On a screen the figure is larger, and its text with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from snnviz.errors import ShapeError
from snnviz.figures.layout import bars as colour_bars
from snnviz.figures.layout import legend
from snnviz.figures.layout.bars import Bar
from snnviz.figures.layout.frame import TEXT_COLOR, Frame, build_frame
from snnviz.figures.layout.legend import Swatch
from snnviz.figures.layout.place import COLUMN, Place
from snnviz.figures.layout.sizes import measure
from snnviz.figures.layout.text import fitting_size, shorten, widest
from snnviz.grid import GAP_COLOR, choose_layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.sizes import Sizes
    from snnviz.grid import Layout

    Pixels = NDArray[np.uint8]

__all__ = ["COLUMN", "Around", "Bar", "Swatch", "build_tiles"]

_INCHES = 7.0
_POINTS, _HEADING = 7.1, 8.5
# Lines of small text that a label above a picture takes, and of names beside each other.
_STRIP, _ROW = 1.25, 1.15
# Lines of its own size that the title takes.
_TITLE = 1.75
# Of the width that the names of rows may take.
_NAMES = 0.3


@dataclass(frozen=True)
class Around:
    """What stands around a grid of pictures.

    Attributes:
        title: Above all, broken into lines where it is long.
        labels: Above each picture; none: no room is left.
        rows: To the left of each row.
        columns: Above each column.
        bars: Colour bars under the grid, side by side where they fit.
        swatches: Colours and their meanings under those.
    """

    title: str
    labels: Sequence[str] = ()
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    bars: Sequence[Bar] = ()
    swatches: Sequence[Swatch] = field(default_factory=tuple)


def build_tiles(
    pictures: "Pixels",
    around: Around,
    place: Place,
    *,
    rows: int | None = None,
    columns: int | None = None,
    inches: float = _INCHES,
) -> "tuple[Frame, Layout]":
    """A figure of pictures in a grid, and where each of them lies.

    Args:
        pictures: Colours, bytes [n, H, W, 3].
        around: What stands around them.
        place: What is drawn on.
        rows: Rows of the grid, or None, see `snnviz.grid.choose_layout`.
        columns: Columns of the grid, or None.
        inches: About how wide the pictures are together, where the place says nothing.

    Raises:
        ConfigError: An option is out of range, or the pictures do not fit into rows and columns, or
            are too large together.
    """
    shape = (len(pictures), *pictures.shape[1:3])
    layout = choose_layout(shape, rows=rows, columns=columns)
    around, left = _name_rows(around, place)
    sizes = _measure(layout.shape, place, inches, left)
    laid, lines = colour_bars.lay_out(around.bars, sizes.text, sizes.room)
    entries = legend.lay_out(around.swatches, sizes.text, sizes.room)
    below = lines + entries.lines
    if place.ax is not None:
        sizes = _measure(layout.shape, place, inches, left, below)
    if around.labels:
        strip = max(1, int(np.ceil(_STRIP * sizes.text / sizes.pixel)))
        layout = choose_layout(shape, rows=rows, columns=columns, strip=strip)
        sizes = _measure(layout.shape, place, inches, left, below)
    if place.ax is not None:  # bars are as wide as the picture, which may be narrower than axes
        wide = layout.shape[1] * sizes.pixel
        laid, lines = colour_bars.lay_out(around.bars, sizes.text, wide)
    else:  # its text may have changed with the strips
        laid, lines = colour_bars.lay_out(around.bars, sizes.text, sizes.room)
        entries = legend.lay_out(around.swatches, sizes.text, sizes.room)
        below = lines + entries.lines
    frame = build_frame(
        _compose(pictures, layout),
        sizes,
        place,
        title=around.title,
        below=below + 0.3 * bool(below),
        left=left,
        above=_STRIP * bool(around.columns),
        top=_TITLE,
    )
    _add_names(frame, layout, around)
    colour_bars.add_bars(frame, laid)
    legend.add_swatches(frame, entries, 0.5 + lines)
    return frame, layout


def _measure(
    shape: tuple[int, int], place: Place, inches: float, left: float, below: float = 0.0
) -> "Sizes":
    # Small text is a share of the picture, but the whole figure is to be a column wide.
    share = _POINTS / 72 / COLUMN
    share /= 1 - share * (1 + left)
    return measure(
        shape,
        place,
        inches=inches,
        text=share,
        heading=share * _HEADING / _POINTS,
        sides=left,
        below=below,
        printed=COLUMN,
    )


def _name_rows(around: Around, place: Place) -> tuple[Around, float]:
    """What stands around with the names of its rows short enough, and the lines that they take."""
    if not around.rows:
        return around, 0.0
    inches = place.width or (COLUMN if place.ax is None else place.width_of_axes())
    points = place.text(_POINTS)
    room = _NAMES * 72 * inches
    names = [shorten(name, points, room) for name in around.rows]
    return replace(around, rows=names), widest(names, points) / points + 1


def to_pixels(colors: "NDArray[np.floating] | NDArray[np.uint8]") -> "Pixels":
    """Bytes [..., 3] of what a colour map gives."""
    shown = np.asarray(colors)[..., :3]
    if shown.dtype != np.uint8:
        shown = np.rint(255 * shown)
    return shown.astype(np.uint8, copy=False)


def pixel_of(color: str) -> "Pixels":
    """A named colour, bytes [3]."""
    return to_pixels(np.array(to_rgb(color)))


def check_maps(maps: "NDArray[np.generic]", form: str, what: str) -> None:
    """Raises unless `maps` has as many sides as `form`, such as "[K, H, W]", none of them 0.

    Raises:
        ShapeError: It has another shape, or holds what is no finite number.
    """
    numbers = maps.dtype.kind in "biuf"
    if maps.ndim != form.count(",") + 1 or 0 in maps.shape or not numbers:
        raise ShapeError(f"{what} must be numbers {form}, got {maps.dtype} {list(maps.shape)}")
    if not np.isfinite(maps).all():
        raise ShapeError(f"{what} must be finite; {np.sum(~np.isfinite(maps))} are not")


def page_columns(count: int, height: int, width: int, least: int) -> int:
    """How many of `count` pictures stand in a row, at least so many, so that all fit a page.

    With its title and legend a page is about a quarter higher than wide; the pictures alone are
    to be no higher than wide.
    """
    columns = min(least, count)
    while columns < count and -(-count // columns) * height > columns * width:
        columns += 1
    return columns


def _compose(pictures: "Pixels", layout: "Layout") -> "Pixels":
    canvas = np.empty((*layout.shape, 3), np.uint8)
    canvas[:] = pixel_of(GAP_COLOR)
    for n, picture in enumerate(pictures):
        top, left = layout.corner(n)
        canvas[top : top + layout.height, left : left + layout.width] = picture
    return canvas


def _add_names(frame: Frame, layout: "Layout", around: Around) -> None:
    """Labels above pictures and columns, names beside rows, where they fit beside each other."""
    sizes = frame.sizes

    def write(x: float, y: float, text: str, size: float, ha: str, va: str) -> None:
        frame.axes.text(x, y, text, fontsize=size, color=TEXT_COLOR, ha=ha, va=va)

    pitch = (layout.width + layout.gap) * sizes.pixel
    size, step = fitting_size(around.labels, sizes.text, pitch, sizes.smallest)
    for n, label in enumerate(around.labels):
        top, left = layout.corner(n)
        if n % layout.columns % step == 0:
            write(left + layout.width / 2 - 0.5, top - 0.5 - 0.2 * layout.strip, label, size,
                  "center", "baseline")  # fmt: skip
    line = sizes.text / sizes.pixel
    high = (layout.height + layout.gap) * sizes.pixel
    size = min(sizes.text, max(sizes.smallest, high / _ROW))
    step = max(1, int(np.ceil(_ROW * size / high - 0.001)))
    for row, name in enumerate(around.rows):
        top, _ = layout.corner(row * layout.columns)
        if row % step == 0:
            middle = top + layout.height / 2 - 0.5
            write(-0.5 - 0.5 * line, middle, name, size, "right", "center")
    size, step = fitting_size(around.columns, sizes.text, pitch, sizes.smallest)
    for column, name in enumerate(around.columns):
        _, left = layout.corner(column)
        if column % step == 0:
            write(left + layout.width / 2 - 0.5, -0.5 - 0.3 * line, name, size,
                  "center", "baseline")  # fmt: skip
