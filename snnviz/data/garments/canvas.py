"""`Sheet`, a batch of pictures of one class in the making, and the masks that it is painted with.

Lengths are in pixels, x to the right and y downwards from the upper left corner. A mask is the
covered share of each pixel, float64 [n, 28, 28] in [0, 1]; a parameter that differs from picture
to picture is [n, 1, 1].
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Field: TypeAlias = NDArray[np.float64]
    Value: TypeAlias = Field | float

SIDE = 28
_FINE = 4  # scan lines a pixel, for the edges that cross them
_PARAMETERS = 80  # more than the most random class uses
_GRID = 7  # points across of the coarse field that folds are made of
DRAWS = _PARAMETERS + _GRID * _GRID + SIDE * SIDE

_EDGE = np.arange(SIDE, dtype=np.float64)
X = (_EDGE + 0.5)[np.newaxis, np.newaxis, :]
Y = (_EDGE + 0.5)[np.newaxis, :, np.newaxis]
LINES = ((np.arange(SIDE * _FINE) + 0.5) / _FINE)[np.newaxis, :, np.newaxis]
"""Position of each scan line, [1, 112, 1]."""


def unit(value: "Field") -> "Field":
    """`value` cut to [0, 1]."""
    return np.minimum(np.maximum(value, 0.0), 1.0)


def wave(turns: "Field") -> "Field":
    """The triangle wave of period 1 and range [0, 1], 1 at whole `turns`."""
    return np.abs(2.0 * (turns - np.floor(turns)) - 1.0)


def curve(knots: "Sequence[tuple[Value, Value]]") -> "Field":
    """The smooth curve through (position, value) `knots`, at each scan line, [n, 112, 1].

    Flat at every knot and outside them.
    """
    return _through(knots, smooth=True)


def line(knots: "Sequence[tuple[Value, Value]]") -> "Field":
    """The broken line through (position, value) `knots`, at each scan line, [n, 112, 1]."""
    return _through(knots, smooth=False)


def _through(knots: "Sequence[tuple[Value, Value]]", *, smooth: bool) -> "Field":
    """The values at each scan line of what goes through `knots` in order of position."""
    position, value = knots[0]
    result = value + np.zeros_like(LINES)
    for after, following in knots[1:]:
        t = unit((LINES - position) / np.maximum(after - position, 0.01))
        if smooth:
            t = t * t * (3.0 - 2.0 * t)
        result = result + (following - value) * t
        position, value = after, following
    return result


def rows(left: "Field", right: "Field", top: "Value", bottom: "Value") -> "Field":
    """The mask between two edges x = left(y), right(y), given at each scan line."""
    cover = np.maximum(unit(right - X + 0.5) - unit(left - X + 0.5), 0.0)
    cover = cover * (unit((LINES - top) * _FINE + 0.5) * unit((bottom - LINES) * _FINE + 0.5))
    fine = cover.reshape(-1, SIDE, _FINE, SIDE)
    pairs = fine[:, :, ::2] + fine[:, :, 1::2]
    mask: Field = (pairs[:, :, 0] + pairs[:, :, 1]) * (1.0 / _FINE)
    return mask


def columns(upper: "Field", lower: "Field", left: "Value", right: "Value") -> "Field":
    """The mask between two edges y = upper(x), lower(x), given at each scan line."""
    return np.ascontiguousarray(rows(upper, lower, left, right).swapaxes(1, 2))


def band(
    start: "tuple[Value, Value]",
    end: "tuple[Value, Value]",
    width: "Value",
    end_width: "Value | None" = None,
    *,
    x: "Field" = X,
) -> "Field":
    """The mask of a straight band with square ends, from `width` to `end_width` across.

    `x` replaces the horizontal coordinate: folded at a garment's middle, it draws both sides.
    """
    dx, dy = np.asarray(end[0] - start[0]), np.asarray(end[1] - start[1])
    length = np.maximum(np.sqrt(dx * dx + dy * dy), 0.01)
    ux, uy = dx / length, dy / length
    px, py = x - start[0], Y - start[1]
    along = px * ux + py * uy
    across = np.abs(py * ux - px * uy)
    half = 0.5 * np.asarray(width)
    if end_width is not None:
        half = half + (0.5 * end_width - half) * unit(along / length)
    mask: Field = unit(half - across + 0.5) * unit(along + 0.5) * unit(length - along + 0.5)
    return mask


def oval(x: "Value", y: "Value", rx: "Value", ry: "Value") -> "tuple[Field, Field]":
    """The mask of an ellipse, and each pixel's distance to its edge, to first order."""
    ax, ay = (X - x) / rx, (Y - y) / ry
    level = ax * ax + ay * ay - 1.0
    bx, by = ax / rx, ay / ry
    distance = level / (2.0 * np.sqrt(np.maximum(bx * bx + by * by, 1e-4)))
    return unit(0.5 - distance), np.abs(distance)


def ring(x: "Value", y: "Value", rx: "Value", ry: "Value", width: "Value") -> "Field":
    """The mask of an ellipse's line, `width` across."""
    return unit(0.5 * np.asarray(width) + 0.5 - oval(x, y, rx, ry)[1])


def grow(mask: "Field") -> "Field":
    """`mask`, larger by one pixel upwards, downwards and to both sides."""
    result = mask.copy()
    np.maximum(result[:, 1:], mask[:, :-1], out=result[:, 1:])
    np.maximum(result[:, :-1], mask[:, 1:], out=result[:, :-1])
    np.maximum(result[:, :, 1:], mask[:, :, :-1], out=result[:, :, 1:])
    np.maximum(result[:, :, :-1], mask[:, :, 1:], out=result[:, :, :-1])
    return result


class Sheet:
    """A batch of black pictures of one class, and what is random in each.

    Args:
        draws: Uniform in [0, 1), float64 [n, DRAWS]: parameters, coarse field, pixel noise.
    """

    def __init__(self, draws: "Field") -> None:
        n = len(draws)
        self._parameters = iter(np.ascontiguousarray(draws[:, :_PARAMETERS].T).reshape(-1, n, 1, 1))
        self.coarse = draws[:, _PARAMETERS : -SIDE * SIDE].reshape(n, _GRID, _GRID)
        self.noise = draws[:, -SIDE * SIDE :].reshape(n, SIDE, SIDE)
        self.image: Field = np.zeros((n, SIDE, SIDE))

    def between(self, low: "Value", high: "Value") -> "Field":
        """A new parameter, uniform between `low` and `high`, [n, 1, 1]."""
        return low + (high - low) * next(self._parameters)

    def often(self, share: float) -> "Field":
        """A new parameter, 1 in this share of the pictures and 0 in the others, [n, 1, 1]."""
        return (next(self._parameters) < share).astype(np.float64)

    def paint(self, mask: "Field", brightness: "Value", *, shadow: "Value" = 0.0) -> None:
        """Lay `brightness` over the picture where `mask` is; darken its surround by `shadow`."""
        if isinstance(shadow, np.ndarray) or shadow:
            self.image = self.image * (1.0 - shadow * grow(mask))
        self.image = self.image + mask * (brightness - self.image)

    def shade(self, mask: "Field", amount: "Value") -> None:
        """Darken the picture by this share where `mask` is; a negative amount lightens it."""
        self.image = self.image * (1.0 - amount * mask)

    def folds(self) -> "Field":
        """A smooth random field in [-1, 1], [n, 28, 28]."""
        place = (_EDGE + 0.5) * ((_GRID - 1) / SIDE)
        low = place.astype(np.intp)
        t = place - low
        t = t * t * (3.0 - 2.0 * t)
        down = self.coarse[:, low] + t[:, np.newaxis] * (
            self.coarse[:, low + 1] - self.coarse[:, low]
        )
        field: Field = down[:, :, low] + t * (down[:, :, low + 1] - down[:, :, low])
        return 2.0 * field - 1.0

    def finish(self) -> "NDArray[np.uint8]":
        """The pictures with folds, grain and contour, scaled to their brightness, uint8."""
        self.image = self.image * (1.0 + self.between(0.05, 0.3) * self.folds())
        self.image = self.image * (1.0 + self.between(0.02, 0.13) * (2.0 * self.noise - 1.0))
        inside = (self.image > 0.02).astype(np.float64)
        self.shade(grow(1.0 - inside), self.between(-0.25, 0.45))
        peak = np.maximum(self.image.max(axis=(1, 2), keepdims=True), 0.01)
        bright = self.between(0.7, 1.0)
        level = np.floor(unit(self.image * (bright / peak)) * 255.0 + 0.5)
        return level.astype(np.uint8)
