"""A figure around one array of pixels, in which every pixel becomes a square block of whole size.

Sizes are set in output pixels and text grows with the picture, so that a figure looks alike at any
resolution. No pyplot: a `Figure` made here belongs to the caller and to no global list.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from snnviz.errors import ConfigError
from snnviz.figures.fonts import fit_fonts

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

# Not black: with the colours of the grid, the 256 greys of black letters' edges would be more than
# the palette of a PNG holds.
TEXT_COLOR = "#1a1a1a"
# Shares of the picture's width.
_TITLE = 0.026
_TEXT = 0.013
# Text below this many output pixels cannot be read.
_SMALLEST_TEXT = 9.0
# Room for the title, in lines of its size.
_TOP = 2.6
# matplotlib draws fewer than 65,536 pixels a side; the title and what else stands around a picture
# of this side fit as well.
_LARGEST_SIDE = 60_000
# Drawing takes up to 20 bytes a pixel. The published grid at 2,400 dpi has 160 million.
_LARGEST_AREA = 1 << 28


@dataclass(frozen=True)
class Frame:
    """A figure with its picture and what is needed to put more around it.

    Attributes:
        figure: The figure.
        axes: Its axes, whose data coordinates are the picture's pixels.
        scale: Output pixels per picture pixel.
        text: Font size of small text, in points.
        dpi: Output pixels per inch.
    """

    figure: Figure
    axes: "Axes"
    scale: int
    text: float
    dpi: int


def whole_scale(shape: tuple[int, ...], *, inches: float, dpi: int) -> int:
    """Output pixels per picture pixel that brings a picture nearest to so many inches of width.

    It is less where the picture would be too high to be drawn. Asked for before the picture is
    composed, it keeps an impossible one from filling the memory.

    Args:
        shape: (H, W, ...) of the picture.
        inches: The width.
        dpi: Output pixels per inch.

    Raises:
        ConfigError: dpi is below 1, or the picture is too large at any scale, or at this dpi.
    """
    if dpi < 1:
        raise ConfigError(f"dpi must be at least 1, got {dpi}")
    height, width = shape[:2]
    scale = max(1, min(round(inches * dpi / width), _LARGEST_SIDE // height))
    height, width = scale * height, scale * width
    if max(height, width) > _LARGEST_SIDE or height * width > _LARGEST_AREA:
        raise ConfigError(
            f"the figure would show {width} x {height} pixels, more than can be drawn; "
            "choose a lower dpi, or other rows or columns"
        )
    return scale


def build_frame(
    pixels: "NDArray[np.floating] | NDArray[np.uint8]",
    *,
    scale: int,
    dpi: int,
    title: str,
    cmap: "Colormap | None" = None,
    below: float = 0.0,
    right: float = 0.0,
    left: float = 0.0,
    above: float = 0.0,
    text: float = _TEXT,
    heading: float = _TITLE,
    top: float = _TOP,
) -> Frame:
    """A figure that shows `pixels` [H, W] at a whole scale under a title.

    Args:
        pixels: Values in [0, 1]; what lies outside, or is not a number, takes the extremes of
            `cmap`. Or colours, bytes [H, W, 3].
        scale: Output pixels per picture pixel.
        dpi: Output pixels per inch.
        title: Text above the picture, of one line or more.
        cmap: Colour map of values.
        below: Free room under the picture, in lines of small text.
        right: Free room to its right, in the same unit.
        left: Free room to its left, in the same unit.
        above: Free room between picture and title, in the same unit.
        text: Size of small text, as a share of the picture's width.
        heading: Size of the title, as a share of the picture's width.
        top: Room for the title's first line, in lines of its size.
    """
    height, width = (side * scale for side in pixels.shape[:2])
    title_size = max(heading * width, 1.4 * _SMALLEST_TEXT)
    text_size = max(text * width, _SMALLEST_TEXT)
    margin = round(0.5 * text_size)
    room = round(above * text_size)
    title_room = round((top + 1.3 * title.count("\n")) * title_size) + room
    bottom = margin + round(below * text_size)
    before = margin + round(left * text_size)
    figure_width = width + before + margin + round(right * text_size)
    figure_height = height + title_room + bottom
    figure = Figure(figsize=(figure_width / dpi, figure_height / dpi), dpi=dpi, facecolor="white")
    axes = figure.add_axes(
        (
            before / figure_width,
            bottom / figure_height,
            width / figure_width,
            height / figure_height,
        )
    )
    # "none" would hand the array to vector formats at its own size, which PDF viewers blur when
    # they enlarge it; "nearest" embeds it enlarged.
    axes.imshow(pixels, cmap=cmap, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    # Ticks would be measured when the title is placed, although they are not drawn.
    axes.yaxis.set_visible(False)
    axes.set_title(
        title,
        fontsize=title_size * 72 / dpi,
        pad=(0.35 * title_size + room) * 72 / dpi,
        color=TEXT_COLOR,
    )
    fit_fonts(figure)
    return Frame(figure, axes, scale, text_size * 72 / dpi, dpi)
