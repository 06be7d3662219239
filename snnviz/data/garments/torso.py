"""`Torso`, the body of an upright garment, and what is sewn to it: sleeves, neck, details."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.data.garments.canvas import (
    LINES,
    SIDE,
    X,
    Y,
    band,
    curve,
    grow,
    line,
    oval,
    rows,
    unit,
    wave,
)

if TYPE_CHECKING:
    from snnviz.data.garments.canvas import Field, Sheet, Value

    Range = tuple[float, float]


@dataclass(frozen=True)
class Sleeve:
    """Ranges of a sleeve: how far it goes out and down, its width at the shoulder, at the cuff."""

    out: "Range"
    drop: "Range"
    width: "Range"
    cuff: "Range"


@dataclass(frozen=True)
class Torso:
    """Where the parts of an upright garment lie; half widths, except for the heights."""

    centre: "Field"
    lean: "Field"
    top: "Field"
    hem: "Field"
    neck: "Field"
    shoulder: "Field"
    chest: "Field"
    waist: "Field"
    skirt: "Field"

    def axis(self, y: "Value") -> "Field":
        """The x of the middle at height `y`."""
        return self.centre + self.lean * (y - SIDE / 2)

    def folded(self) -> "Field":
        """Distance of each pixel from the middle."""
        return np.abs(X - self.axis(Y))

    def side(self) -> "Field":
        """-1 left of the middle, 1 right of it."""
        return np.where(self.axis(Y) > X, -1.0, 1.0)

    def mask(self) -> "Field":
        """The body, with sloping shoulders."""
        length = self.hem - self.top
        half = line([(self.top, self.neck), (self.top + 2.2, self.shoulder)]) + (
            curve(
                [
                    (self.top + 2.2, 0.0),
                    (self.top + 0.3 * length, self.chest - self.shoulder),
                    (self.top + 0.5 * length, self.waist - self.shoulder),
                    (self.hem, self.skirt - self.shoulder),
                ]
            )
        )
        return rows(self.axis(LINES) - half, self.axis(LINES) + half, self.top, self.hem)


def cut_torso(
    sheet: "Sheet",
    *,
    top: "Range",
    hem: "Range",
    neck: "Range",
    shoulder: "Range",
    body: "Range",
    waist: "Range" = (0.88, 1.0),
    flare: "Range" = (0.95, 1.08),
) -> Torso:
    """A torso with its proportions drawn from ranges; `waist` and `flare` are shares of `body`."""
    chest = sheet.between(*body)
    return Torso(
        centre=sheet.between(13.4, 14.6),
        lean=sheet.between(-0.03, 0.03),
        top=sheet.between(*top),
        hem=sheet.between(*hem),
        neck=sheet.between(*neck),
        shoulder=sheet.between(*shoulder),
        chest=chest,
        waist=chest * sheet.between(*waist),
        skirt=chest * sheet.between(*flare),
    )


def weave(sheet: "Sheet", *, across: float, upright: float, check: float) -> "Field":
    """Brightness of a cloth: plain, striped across, upright, both, in these shares, [n, 28, 28]."""
    base = sheet.between(0.4, 0.95)
    kind, period = sheet.between(0.0, 1.0), sheet.between(2.2, 7.0)
    phase, duty = sheet.between(0.0, 1.0), sheet.between(0.3, 0.7)
    contrast = sheet.between(0.25, 0.75)
    both = across + check
    result = base * (1.0 - sheet.between(0.0, 0.35) * np.square((X - 14.0) / 10.0))
    for coordinate, chosen in (
        (Y, kind < both),
        (X, (kind >= across) & (kind < both + upright)),
    ):
        dark = unit((wave(coordinate / period + phase) - duty) * period * 0.5 + 0.5)
        result = result * (1.0 - contrast * chosen * dark)
    return result


def sew_sleeves(
    sheet: "Sheet",
    torso: Torso,
    cloth: "Field",
    sleeve: Sleeve,
    *,
    worn: "Value" = 1.0,
) -> None:
    """Paint a sleeve on each side, with a darker or lighter cuff, where `worn` is 1."""
    x, side = torso.folded(), torso.side()
    wide = sheet.between(*sleeve.width)
    narrow = sheet.between(*sleeve.cuff)
    start = torso.shoulder - 0.4 * wide + 0.3, torso.top + 1.0 + 0.35 * wide
    reach = sheet.between(*sleeve.out) + side * sheet.between(-0.5, 0.5)
    fall = sheet.between(*sleeve.drop) + side * sheet.between(-0.6, 0.6)
    end = start[0] + reach, start[1] + fall
    sheet.paint(worn * band(start, end, wide, narrow, x=x), cloth * sheet.between(0.75, 1.05))
    near = end[0] - reach * (1.6 / fall), end[1] - 1.6
    sheet.shade(worn * band(near, end, narrow + 1.0, x=x), sheet.between(-0.15, 0.35))


def cut_neck(sheet: "Sheet", torso: Torso, depth: "Range", *, band_tone: "Range") -> None:
    """Cut a round or pointed neck out, with the back of the collar behind and a band around."""
    deep = sheet.between(*depth)
    pointed = sheet.often(0.3)
    t = unit((LINES - torso.top) / deep)
    half = torso.neck * (pointed * (1.0 - t) + (1.0 - pointed) * np.sqrt(1.0 - t * t))
    axis = torso.axis(LINES)
    hole = rows(axis - half, axis + half, torso.top - 1.0, torso.top + deep)
    sheet.shade(grow(hole), sheet.between(*band_tone))
    back = rows(axis - half, axis + half, torso.top + 0.5, torso.top + deep)
    sheet.paint(hole, 0.0)
    sheet.paint(back, sheet.often(0.6) * sheet.between(0.15, 0.4))


def set_off_hem(
    sheet: "Sheet", torso: Torso, mask: "Field", height: "Value", amount: "Value"
) -> None:
    """Set the lowest strip of the body off."""
    sheet.shade(mask * unit(Y - torso.hem + height + 0.5), amount)


def draw_front(sheet: "Sheet", torso: Torso, start: "Value", *, amount: "Value") -> None:
    """Draw the line at which the front opens."""
    end = torso.hem - 0.5
    sheet.shade(band((torso.axis(start), start), (torso.axis(end), end), 0.9), amount)


def sew_buttons(sheet: "Sheet", torso: Torso, start: "Value", amount: "Value") -> None:
    """Set buttons beside the line at which the front opens."""
    gap = sheet.between(2.6, 4.2)
    dots = unit(1.6 - wave((Y - start) / gap) * gap)
    dots = dots * unit(1.1 - np.abs(X - torso.axis(Y) - 1.0))
    sheet.shade(dots * unit(Y - start) * unit(torso.hem - 1.0 - Y), amount)


def lay_collar(
    sheet: "Sheet", torso: Torso, length: "Value", width: "Value", brightness: "Value"
) -> None:
    """Lay two collar flaps or lapels from the neck to the front."""
    x = torso.folded()
    start = torso.neck, torso.top + 0.3
    flap = band(start, (0.35 * torso.neck, torso.top + length), width, 0.6 * width, x=x)
    sheet.paint(flap * unit(Y - torso.top + 0.5), brightness, shadow=0.55)


def draw_pocket(sheet: "Sheet", torso: Torso, amount: "Value") -> None:
    """Draw a breast pocket on the right."""
    x, y = torso.axis(Y) + 0.5 * torso.chest, torso.top + sheet.between(7.0, 9.0)
    dx, dy = np.abs(X - x) - 1.6, np.abs(Y - y) - 1.7
    edge = np.maximum(dx, dy)
    sheet.shade(unit(1.0 - np.abs(edge)), amount)


def print_chest(sheet: "Sheet", torso: Torso, worn: "Value") -> None:
    """Print a patch of light and dark on the chest."""
    y = torso.top + sheet.between(8.0, 12.0)
    patch, _ = oval(torso.axis(y), y, sheet.between(2.0, 4.5), sheet.between(1.5, 5.0))
    blocks = np.repeat(np.repeat(sheet.noise[:, ::2, ::2], 2, axis=1), 2, axis=2)
    sheet.shade(worn * patch * (blocks - 0.25), sheet.between(0.5, 1.2))
