"""Drawings of the three shoes, toes to the left: sandal, sneaker, ankle boot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.data.garments.canvas import (
    LINES,
    X,
    Y,
    band,
    columns,
    curve,
    line,
    oval,
    ring,
    rows,
    unit,
    wave,
)

if TYPE_CHECKING:
    from snnviz.data.garments.canvas import Field, Sheet

    Range = tuple[float, float]


@dataclass(frozen=True)
class _Last:
    """What a shoe is built on: where toe and heel end, the ground, and the foot's underside."""

    toe: "Field"
    heel: "Field"
    ground: "Field"
    lift: "Field"
    under: "Field"

    @property
    def length(self) -> "Field":
        """From toe to heel."""
        return self.heel - self.toe

    def at(self, share: float) -> "Field":
        """The x at this share of the length, from the toe."""
        return self.toe + share * self.length


def _last(sheet: "Sheet", *, ground: "Range", lift: "Field") -> _Last:
    """A last with its heel raised by `lift`."""
    toe, heel = sheet.between(0.6, 2.4), sheet.between(25.4, 27.4)
    floor = sheet.between(*ground)
    spring = sheet.between(0.2, 1.4)
    length = heel - toe
    under = curve(
        [
            (toe, floor - spring),
            (toe + 0.16 * length, floor),
            (toe + 0.36 * length, floor),
            (toe + 0.76 * length, floor - lift),
        ]
    )
    return _Last(toe, heel, floor, lift, under)


def _sole(sheet: "Sheet", last: _Last, thick: "Field", brightness: "Field") -> "Field":
    """Paint the sole under the foot; returns its mask."""
    mask = columns(last.under - thick, last.under, last.toe - 0.4, last.heel + 0.3)
    sheet.paint(mask, brightness)
    return mask


def _heel(sheet: "Sheet", last: _Last, width: "Field", brightness: "Field") -> None:
    """Paint the heel from the raised sole to the ground."""
    left = curve(
        [(last.ground - last.lift, last.heel - width * 1.35), (last.ground, last.heel - width)]
    )
    right = curve([(last.ground - last.lift, last.heel), (last.ground, last.heel - 0.4)])
    sheet.paint(rows(left, right, last.ground - last.lift - 1.0, last.ground), brightness)


def sneaker(sheet: "Sheet") -> None:
    """Draw sneakers: low, thick light or dark sole, laces, stripes on the side."""
    last = _last(sheet, ground=(18.8, 21.4), lift=sheet.between(0.0, 0.6))
    brightness = sheet.between(0.35, 0.9)
    box, instep = sheet.between(3.6, 5.2), sheet.between(6.0, 7.6)
    throat, collar = sheet.between(8.6, 11.4), sheet.between(8.6, 11.6)
    dip = np.minimum(throat, collar) - sheet.between(0.6, 2.0)
    height = line(
        [
            (last.toe, 1.6),
            (last.at(0.07), box * 0.8),
            (last.at(0.2), box),
            (last.at(0.4), instep),
            (last.at(0.6), throat),
            (last.at(0.76), dip),
            (last.at(0.92), collar),
            (last.heel, collar - 0.8),
        ]
    )
    upper = columns(last.under - height, last.under - 1.0, last.toe, last.heel - 0.2)
    sheet.paint(upper, brightness)
    lining = columns(last.under - dip - 1.6, last.under - dip + 0.8, last.at(0.66), last.at(0.88))
    sheet.shade(lining, sheet.between(0.2, 0.7))
    _side(sheet, last)
    _laces(sheet, last, instep, throat)
    cap = ring(last.toe, last.ground, sheet.between(5.0, 7.0), sheet.between(5.0, 8.0), 0.8)
    sheet.shade(cap, sheet.often(0.7) * sheet.between(0.2, 0.6))
    tab = band((last.heel, last.ground - 9.0), (last.heel - 0.4, last.ground - 3.0), 4.0)
    sheet.shade(tab, sheet.often(0.6) * sheet.between(-0.4, 0.5))
    thick = sheet.between(1.6, 3.2)
    sole = _sole(sheet, last, thick, sheet.between(0.3, 1.1))
    seam = columns(last.under - thick - 0.6, last.under - thick + 0.3, last.toe, last.heel)
    sheet.shade(seam, sheet.between(0.3, 0.8))
    sheet.shade(sole * unit(Y - last.ground + 1.3), sheet.between(0.0, 0.5))


def _side(sheet: "Sheet", last: _Last) -> None:
    """Mark the side of a sneaker: one slanted stripe, two, or three."""
    amount = sheet.often(0.8) * sheet.between(-0.6, 0.7)
    slant, wide = sheet.between(-2.5, 3.0), sheet.between(0.9, 1.6)
    more = sheet.often(0.6), sheet.often(0.5)
    for place, shown in ((0.5, 1.0), (0.61, more[0]), (0.39, more[1])):
        x = last.at(place)
        stripe = band((x - slant, last.ground - 7.0), (x + slant, last.ground - 2.4), wide)
        sheet.shade(shown * stripe, amount)


def _laces(sheet: "Sheet", last: _Last, instep: "Field", throat: "Field") -> None:
    """Draw four laces across the instep."""
    amount = sheet.between(-0.7, 0.7)
    for step in (0.1, 0.4, 0.7, 1.0):
        x, y = last.at(0.38 + 0.2 * step), last.ground - instep - (throat - instep) * step
        sheet.shade(band((x - 0.6, y), (x + 1.4, y + 2.4), 0.9), amount)


def ankle_boot(sheet: "Sheet") -> None:
    """Draw ankle boots: a shaft over the heel, flat or high heel, zip or laces."""
    lift = sheet.between(0.6, 2.4) + sheet.often(0.4) * sheet.between(1.5, 4.5)
    last = _last(sheet, ground=(24.0, 26.6), lift=lift)
    brightness = sheet.between(0.4, 0.95)
    box, instep = sheet.between(3.2, 4.6), sheet.between(5.8, 7.6)
    top = sheet.between(1.2, 5.5)
    front = last.at(0.5) + sheet.between(-0.8, 1.6)
    height = line(
        [
            (last.toe, 1.2),
            (last.at(0.08), box * 0.8),
            (last.at(0.2), box),
            (last.at(0.38), instep),
            (front + 0.5, instep + 3.6),
            (last.heel, instep + 3.6),
        ]
    )
    foot = columns(last.under - height, last.under - 0.5, last.toe, last.heel)
    ankle = last.ground - last.lift - 9.0
    left = curve(
        [(top, front + sheet.between(-1.5, 1.0)), (ankle, front + 0.6), (ankle + 4, front)]
    )
    back = last.heel - sheet.between(0.0, 1.4)
    right = curve([(top, back), (ankle + 1.0, last.heel - 1.0), (ankle + 5.0, last.heel)])
    shaft = rows(left, right, top, last.ground - last.lift - 1.0)
    sheet.paint(np.maximum(foot, shaft), brightness)
    sheet.shade(shaft * unit(1.6 - np.abs(Y - top - 0.8)), sheet.between(-0.2, 0.6))
    sheet.shade(shaft * unit((Y - top) / 16.0), sheet.between(-0.2, 0.3))
    _closing(sheet, last, front, top)
    brightness = sheet.between(0.2, 0.75)
    thick = sheet.between(0.9, 2.2)
    _heel(sheet, last, sheet.between(3.0, 6.5), brightness)
    _sole(sheet, last, thick, brightness)


def _closing(sheet: "Sheet", last: _Last, front: "Field", top: "Field") -> None:
    """Close a boot: a zip, an elastic panel or laces."""
    kind, amount = sheet.between(0.0, 1.0), sheet.between(0.35, 0.8)
    low = last.ground - last.lift - 3.0
    x = front + sheet.between(3.0, 6.0)
    zip_ = band((x, top + 1.0), (x + sheet.between(-1.0, 1.0), low), 0.9)
    sheet.shade((kind < 0.4) * zip_, amount)
    panel, _ = oval(x, top + 3.0, 2.4, 6.5)
    sheet.shade(((kind >= 0.4) & (kind < 0.65)) * panel * unit(Y - top), amount)
    lace = unit(1.4 - wave((Y - top) / 2.4) * 2.4) * unit(3.0 - np.abs(X - front - 1.6))
    sheet.shade((kind >= 0.65) * lace * unit(Y - top - 1.0) * unit(low - Y - 2.0), amount)


def sandal(sheet: "Sheet") -> None:
    """Draw sandals: a bare sole, flat, wedge or high-heeled, with open straps."""
    lift = sheet.between(0.4, 1.6) + sheet.often(0.5) * sheet.between(2.5, 8.0)
    last = _last(sheet, ground=(20.0, 23.5), lift=lift)
    brightness, strap = sheet.between(0.4, 1.0), sheet.between(0.5, 1.0)
    width = sheet.between(1.3, 2.4)
    ankle = last.ground - lift - sheet.between(6.0, 9.0)
    wedge = columns(last.under, last.ground + np.zeros_like(LINES), last.at(0.3), last.heel)
    sheet.paint(wedge * sheet.often(0.5), brightness * sheet.between(0.6, 0.9))
    _straps(sheet, last, width, strap)
    lace = band((last.at(0.36), last.ground - 3.5), (last.at(0.72), ankle + 0.8), width * 0.9)
    sheet.paint(lace * sheet.often(0.75), strap * 0.9, shadow=0.2)
    loop = ring(last.at(0.83), ankle, last.length * 0.15, sheet.between(1.2, 2.2), width * 0.8)
    sheet.paint(loop, strap, shadow=0.3)
    back = band((last.heel - 0.7, ankle), (last.heel - 1.0, last.ground - lift), width, 3.6)
    sheet.paint(back, strap)
    buckle = oval(last.at(0.74), ankle + 1.0, 1.0, 1.0)[0]
    sheet.shade(buckle * sheet.often(0.6), sheet.between(-0.3, 0.7))
    _heel(sheet, last, sheet.between(1.4, 4.0), brightness * 0.85)
    _sole(sheet, last, sheet.between(1.3, 2.8), brightness)


def _straps(sheet: "Sheet", last: _Last, width: "Field", brightness: "Field") -> None:
    """Paint one to three straps that arch over the foot from the sole."""
    floor = last.ground - 0.8
    above = unit(floor - Y + 0.5)
    rise = sheet.between(3.6, 5.6)
    shown = sheet.often(0.8), sheet.often(0.45)
    for place, high, worn in ((0.2, 1.0, 1.0), (0.36, 1.35, shown[0]), (0.52, 1.7, shown[1])):
        arch = ring(last.at(place), floor, sheet.between(2.2, 3.8), rise * high, width)
        sheet.paint(arch * above * worn, brightness, shadow=0.4 * worn)
