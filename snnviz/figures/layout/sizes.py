"""How large a picture is drawn, and the text around it.

Sizes are set in output pixels and text grows with the picture, so that a figure looks alike at any
resolution; where a width or a size of text was asked for, text has its points.
"""

import math
from dataclasses import dataclass

from snnviz.errors import ConfigError
from snnviz.figures.layout.place import PAGE, Place
from snnviz.figures.layout.text import SMALLEST

# Shares of the picture's width.
_TITLE = 0.026
_TEXT = 0.013
# Text below this many output pixels cannot be read.
_SMALLEST_TEXT = 9.0
# matplotlib draws fewer than 65,536 pixels a side; the title and what else stands around a picture
# of this side fit as well.
_LARGEST_SIDE = 60_000
# Drawing takes up to 20 bytes a pixel. The published grid at 2,400 dpi has 160 million.
_LARGEST_AREA = 1 << 28
# Of a page's height what a picture may take beside its title and legend.
_OF_PAGE = 0.85


@dataclass(frozen=True)
class Sizes:
    """How large a picture and the text around it are.

    Attributes:
        scale: Output pixels per picture pixel, whole in a figure of its own.
        dpi: Output pixels per inch.
        text: Points of small text.
        heading: Points of the title.
        smallest: Points that labels may shrink to.
        room: Points from one side of the figure to the other.
        fixed: Whether the figure is as wide as that whatever the picture.
    """

    scale: float
    dpi: float
    text: float
    heading: float
    smallest: float
    room: float
    fixed: bool

    @property
    def pixel(self) -> float:
        """Points that a picture pixel is wide."""
        return self.scale * 72 / self.dpi


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
    _check_pixels(scale * height, scale * width)
    return scale


def _check_pixels(height: int, width: int) -> None:
    if max(height, width) > _LARGEST_SIDE or height * width > _LARGEST_AREA:
        raise ConfigError(
            f"the figure would show {width} x {height} pixels, more than can be drawn; "
            "choose a lower dpi, or other rows or columns"
        )


def measure(
    shape: tuple[int, ...],
    place: Place,
    *,
    inches: float,
    text: float = _TEXT,
    heading: float = _TITLE,
    sides: float = 0.0,
    below: float = 0.0,
    printed: float | None = None,
) -> Sizes:
    """How large a picture is drawn, and its text.

    A figure of a given width keeps it: its resolution is raised as far as it takes to give every
    pixel of the picture a whole number of output pixels.

    Args:
        shape: (H, W, ...) of the picture.
        place: What is drawn on.
        inches: About how wide the picture is where the place says nothing.
        text: Size of small text there, as a share of the picture's width.
        heading: Size of the title there, as a share of the picture's width.
        sides: Room to the left and right of the picture, in lines of small text.
        below: Room under the picture, in lines of small text, which axes of the caller's take from
            the picture's height.
        printed: How wide a figure of the usual width will be printed, in inches; None: as it is.

    Raises:
        ConfigError: See `whole_scale`.
    """
    height, width = shape[:2]
    if place.ax is not None:
        return _of_axes(height, width, place, sides, below)
    if place.width is not None:
        return _of_width(height, width, place, place.width, sides)
    scale = whole_scale(shape, inches=inches, dpi=place.dpi)
    if place.font_size is None:
        points = max(text * scale * width, _SMALLEST_TEXT) * 72 / place.dpi
        large = max(heading * scale * width, 1.4 * _SMALLEST_TEXT) * 72 / place.dpi
    else:
        points, large = place.font_size, place.heading(0)
    room = scale * width * 72 / place.dpi + points * (1 + sides)
    smaller = 1.0 if printed is None or place.font_size is not None else room / 72 / printed
    return Sizes(scale, place.dpi, points, large, SMALLEST * max(1.0, smaller), room, fixed=False)


def _of_axes(height: int, width: int, place: Place, sides: float, below: float) -> Sizes:
    points, room = place.text(0), 72 * place.width_of_axes()
    dpi = place.dpi_of_axes()
    # Under a title of one line.
    high = 72 * place.height_of_axes() - below * points - 2 * place.heading(0)
    scale = max(0.01, min((room - sides * points) / width, high / height))
    return Sizes(
        scale * dpi / 72, dpi, points, place.heading(0), SMALLEST, max(room, 1.0), fixed=True
    )


def _of_width(height: int, width: int, place: Place, inches: float, sides: float) -> Sizes:
    if place.dpi < 1:
        raise ConfigError(f"dpi must be at least 1, got {place.dpi}")
    points = place.text(0)
    free = inches - points * (1 + sides) / 72
    if free < 0.2 * inches:
        raise ConfigError(
            f"text of {points:g} points leaves no room for the picture in {inches:g} inches; "
            "choose a smaller font_size or a larger width"
        )
    free = min(free, PAGE * _OF_PAGE * width / height)
    scale = max(1, math.ceil(free * place.dpi / width - 1e-9))
    _check_pixels(scale * height, scale * width)
    # The whole figure has a whole number of output pixels as well.
    dpi = round(scale * width / free * inches) / inches
    return Sizes(scale, dpi, points, place.heading(0), SMALLEST, 72 * inches, fixed=True)
