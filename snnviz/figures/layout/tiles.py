"""Small pictures in rows and columns, with all that explains their colours, for a paper's column.

Text is set for a figure that is printed `COLUMN` inches wide: there it has 7 points or more. On a
screen the figure is larger, and its text with it.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Normalize, to_rgb
from matplotlib.patches import Patch

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.feature_maps import GAP_COLOR
from snnviz.figures.layout.frame import TEXT_COLOR, Frame, build_frame, whole_scale
from snnviz.grid import choose_layout

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from snnviz.grid import Layout

    Pixels = NDArray[np.uint8]

COLUMN = 3.3
"""Inches that a column of a paper is wide."""
_INCHES = 7.0
_POINTS, _HEADING = 7.1, 8.5
# Widths of a letter in sizes of its font: the mean of running text.
_LETTER = 0.53
# Lines of small text that a colour bar with its numbers and its label takes, and a row of swatches.
_BAR, _SWATCHES = 3.8, 1.5
# Sizes of its font that an entry of a legend takes besides its text.
_HANDLE = 2.6
# Lines of small text that a label above a picture takes.
_STRIP = 1.25
# Lines of its own size that the title takes.
_TITLE = 1.75


@dataclass(frozen=True)
class Bar:
    """A colour bar.

    Attributes:
        label: What it says, with unit.
        cmap: Its colours.
        norm: Which value has which of them.
        ticks: Values that are written at it.
        names: What is written there, where it is not the number.
        extend: "neither", "both", "min" or "max": where values go beyond its ends.
    """

    label: str
    cmap: "Colormap"
    norm: "Normalize | BoundaryNorm"
    ticks: Sequence[float]
    names: Sequence[str] = ()
    extend: str = "neither"


@dataclass(frozen=True)
class Swatch:
    """A colour and what it means."""

    color: str
    label: str


@dataclass(frozen=True)
class Around:
    """What stands around a grid of pictures.

    Attributes:
        title: Above all, broken into lines where it is long.
        labels: Above each picture; none: no room is left.
        rows: To the left of each row.
        columns: Above each column.
        bars: Colour bars under the grid, side by side.
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
    *,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    inches: float = _INCHES,
) -> "tuple[Frame, Layout]":
    """A figure of pictures in a grid, and where each of them lies.

    Args:
        pictures: Colours, bytes [n, H, W, 3].
        around: What stands around them.
        rows: Rows of the grid, or None, see `snnviz.grid.choose_layout`.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.
        inches: About how wide the pictures are together.

    Raises:
        ConfigError: dpi is out of range, or the pictures do not fit into rows and columns, or are
            too large together.
    """
    left = max((len(name) for name in around.rows), default=0) * _LETTER + bool(around.rows)
    # Small text is a share of the picture, but the whole figure is to be a column wide.
    share = _POINTS / 72 / COLUMN
    share /= 1 - share * (1 + left)
    shape = (len(pictures), *pictures.shape[1:3])
    layout = choose_layout(shape, rows=rows, columns=columns)
    width = layout.shape[1]
    if around.labels:
        strip = max(1, int(np.ceil(_STRIP * share * width)))
        layout = choose_layout(shape, rows=rows, columns=columns, strip=strip)
    entries = _entries_in_a_row(around.swatches, 1 / share)
    below = _BAR * bool(around.bars) + _SWATCHES * -(-len(around.swatches) // entries)
    scale = whole_scale(layout.shape, inches=inches, dpi=dpi)
    frame = build_frame(
        _compose(pictures, layout),
        scale=scale,
        dpi=dpi,
        title=break_lines(around.title),
        below=below + 0.3 * bool(below),
        left=left,
        above=_STRIP * bool(around.columns),
        text=share,
        heading=share * _HEADING / _POINTS,
        top=_TITLE,
    )
    _add_names(frame, layout, around)
    _add_bars(frame, around.bars)
    _add_swatches(frame, around, entries)
    return frame, layout


def break_lines(title: str, points: float = _HEADING, inches: float = COLUMN) -> str:
    """The title in as few lines as fit, about equally long."""
    widest = int(inches * 72 / points / _LETTER)
    fewest = len(textwrap.wrap(title, widest))
    equal = next(
        width for width in range(1, widest + 1) if len(textwrap.wrap(title, width)) <= fewest
    )
    return textwrap.fill(title, equal)


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
    """Nothing, if `maps` has as many sides as `form`, such as "[K, H, W]", none of them 0.

    Raises:
        ShapeError: It has another shape, or holds what is no finite number.
    """
    numbers = maps.dtype.kind in "biuf"
    if maps.ndim != form.count(",") + 1 or 0 in maps.shape or not numbers:
        raise ShapeError(f"{what} must be numbers {form}, got {maps.dtype} {list(maps.shape)}")
    if not np.isfinite(maps).all():
        raise ShapeError(f"{what} must be finite; {np.sum(~np.isfinite(maps))} are not")


def check_order(order: Sequence[int] | None, count: int) -> list[int]:
    """The channels to show, in their order; None: all.

    Raises:
        ConfigError: There are none, or one is not in 0..count-1.
    """
    chosen = list(range(count)) if order is None else [int(k) for k in order]
    wrong = [k for k in chosen if not 0 <= k < count]
    if wrong or not chosen:
        raise ConfigError(f"channels must be in 0..{count - 1}, got {wrong or 'none'}")
    return chosen


def _entries_in_a_row(swatches: Sequence[Swatch], room: float) -> int:
    """As many as fit into `room` sizes of the font, read column by column as legends are."""
    lengths = [len(swatch.label) * _LETTER + _HANDLE for swatch in swatches]
    for columns in range(len(lengths), 1, -1):
        rows = -(-len(lengths) // columns)
        widths = [max(lengths[start : start + rows]) for start in range(0, len(lengths), rows)]
        if sum(widths) <= room:
            return len(widths)
    return 1


def _compose(pictures: "Pixels", layout: "Layout") -> "Pixels":
    canvas = np.empty((*layout.shape, 3), np.uint8)
    canvas[:] = pixel_of(GAP_COLOR)
    for n, picture in enumerate(pictures):
        top, left = layout.corner(n)
        canvas[top : top + layout.height, left : left + layout.width] = picture
    return canvas


def _add_names(frame: Frame, layout: "Layout", around: Around) -> None:
    """Labels above pictures and columns, names beside rows."""

    def write(x: float, y: float, text: str, ha: str, va: str) -> None:
        frame.axes.text(x, y, text, fontsize=frame.text, color=TEXT_COLOR, ha=ha, va=va)

    for n, label in enumerate(around.labels):
        top, left = layout.corner(n)
        write(left + layout.width / 2 - 0.5, top - 0.5 - 0.2 * layout.strip, label,
              "center", "baseline")  # fmt: skip
    line = frame.text * frame.dpi / 72 / frame.scale
    for row, name in enumerate(around.rows):
        top, _ = layout.corner(row * layout.columns)
        write(-0.5 - 0.5 * line, top + layout.height / 2 - 0.5, name, "right", "center")
    for column, name in enumerate(around.columns):
        _, left = layout.corner(column)
        write(left + layout.width / 2 - 0.5, -0.5 - 0.3 * line, name, "center", "baseline")


def _add_bars(frame: Frame, bars: Sequence[Bar]) -> None:
    box = frame.axes.get_position()
    pixels = frame.figure.get_size_inches() * frame.dpi
    line = frame.text * frame.dpi / 72 / pixels
    width = (1 - 2 * line[0]) / max(1, len(bars))
    for n, bar in enumerate(bars):
        inset = 0.13 * width
        place = (line[0] + n * width + inset, box.y0 - 1.4 * line[1])
        axes = frame.figure.add_axes((*place, width - 2 * inset, 0.8 * line[1]))
        drawn = frame.figure.colorbar(
            ScalarMappable(bar.norm, bar.cmap),
            cax=axes,
            orientation="horizontal",
            extend=bar.extend,
            spacing="proportional",
        )
        drawn.set_ticks(list(bar.ticks), labels=list(bar.names) or None)
        drawn.minorticks_off()
        drawn.outline.set_linewidth(0.05 * frame.text)
        axes.tick_params(
            labelsize=frame.text,
            length=0.3 * frame.text,
            width=0.05 * frame.text,
            pad=0.15 * frame.text,
            colors=TEXT_COLOR,
        )
        axes.set_xlabel(bar.label, fontsize=frame.text, labelpad=0, color=TEXT_COLOR)


def _add_swatches(frame: Frame, around: Around, entries: int) -> None:
    if not around.swatches:
        return
    patches = [
        Patch(facecolor=swatch.color, edgecolor=TEXT_COLOR, linewidth=0.05 * frame.text,
              label=swatch.label)
        for swatch in around.swatches
    ]  # fmt: skip
    frame.figure.legend(
        handles=patches,
        loc="lower center",
        bbox_to_anchor=(0.5, 0),
        ncols=min(entries, len(patches)),
        frameon=False,
        fontsize=frame.text,
        borderaxespad=0.35,
        borderpad=0,
        labelspacing=0.3,
        handlelength=1,
        handleheight=1,
        handletextpad=0.4,
        columnspacing=1.2,
        labelcolor=TEXT_COLOR,
    )
