"""Drawings of the six classes that hang: T-shirt, trouser, pullover, dress, coat, shirt."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.data.garments.canvas import LINES, X, Y, band, curve, line, oval, rows, unit, wave
from snnviz.data.garments.torso import (
    Sleeve,
    cut_neck,
    cut_torso,
    draw_front,
    draw_pocket,
    lay_collar,
    print_chest,
    set_off_hem,
    sew_buttons,
    sew_sleeves,
    weave,
)

if TYPE_CHECKING:
    from snnviz.data.garments.canvas import Sheet


def tshirt(sheet: "Sheet") -> None:
    """Draw T-shirts and tops: short sleeves or none, open neck, some with a print."""
    torso = cut_torso(
        sheet,
        top=(0.6, 2.6),
        hem=(24.5, 27.3),
        neck=(2.6, 4.6),
        shoulder=(6.0, 8.2),
        body=(5.4, 7.8),
    )
    cloth = weave(sheet, across=0.2, upright=0.1, check=0.05)
    worn = sheet.often(0.88)
    sew_sleeves(
        sheet, torso, cloth, Sleeve((2.8, 5.6), (3.4, 7.5), (4.6, 6.4), (3.8, 5.4)), worn=worn
    )
    mask = torso.mask()
    sheet.paint(mask, cloth, shadow=sheet.between(0.1, 0.5))
    print_chest(sheet, torso, sheet.often(0.45))
    set_off_hem(sheet, torso, mask, 1.0, sheet.between(-0.1, 0.3))
    cut_neck(sheet, torso, (2.2, 6.0), band_tone=(-0.25, 0.4))


def pullover(sheet: "Sheet") -> None:
    """Draw pullovers: long sleeves, knit, ribbed hem, high neck, some with a hood."""
    torso = cut_torso(
        sheet,
        top=(1.0, 3.2),
        hem=(23.5, 26.8),
        neck=(2.2, 4.0),
        shoulder=(6.2, 7.8),
        body=(5.0, 6.8),
    )
    cloth = weave(sheet, across=0.3, upright=0.05, check=0.05)
    knit = 1.0 - sheet.between(0.0, 0.4) * sheet.noise
    cloth = cloth * knit
    sew_sleeves(sheet, torso, cloth, Sleeve((2.0, 5.2), (16.0, 20.5), (4.2, 5.6), (2.4, 3.8)))
    mask = torso.mask()
    sheet.paint(mask, cloth, shadow=sheet.between(0.2, 0.7))
    rib = wave(0.5 * X)
    set_off_hem(sheet, torso, mask, 2.2, sheet.between(0.1, 0.4) + 0.2 * rib)
    cut_neck(sheet, torso, (1.2, 3.2), band_tone=(-0.2, 0.45))
    roll, hood = sheet.often(0.25), sheet.often(0.2)
    high = oval(torso.axis(torso.top), torso.top + 0.6, torso.neck + 0.6, 1.9)[0]
    sheet.paint(roll * high, cloth * 0.85, shadow=0.4 * roll)
    bowl = oval(torso.axis(torso.top), torso.top + 1.6, torso.neck + 1.6, 3.6)[0]
    inner = oval(torso.axis(torso.top), torso.top + 1.2, torso.neck - 0.4, 2.0)[0]
    sheet.paint(hood * bowl, cloth * 0.9, shadow=0.4 * hood)
    sheet.shade(hood * inner, 0.6)


def dress(sheet: "Sheet") -> None:
    """Draw dresses: narrow bodice, waist, flared skirt, straps or sleeves."""
    torso = cut_torso(
        sheet,
        top=(0.4, 1.8),
        hem=(25.5, 27.7),
        neck=(1.8, 3.4),
        shoulder=(3.4, 5.0),
        body=(3.4, 5.0),
        waist=(0.66, 0.86),
        flare=(1.05, 2.1),
    )
    cloth = weave(sheet, across=0.12, upright=0.12, check=0.08)
    kind = sheet.between(0.0, 1.0)
    short = Sleeve((1.0, 2.8), (2.5, 5.0), (2.6, 3.8), (2.2, 3.4))
    long = Sleeve((1.0, 3.4), (12.0, 17.0), (2.6, 3.4), (1.6, 2.4))
    sew_sleeves(sheet, torso, cloth, short, worn=np.where(kind < 0.3, 1.0, 0.0))
    sew_sleeves(sheet, torso, cloth, long, worn=np.where(kind > 0.82, 1.0, 0.0))
    mask = torso.mask()
    sheet.paint(mask, cloth, shadow=0.3)
    waist = torso.top + 0.5 * (torso.hem - torso.top)
    fan = (X - torso.axis(Y)) / (1.0 + unit((Y - waist) / 14.0))
    pleat = wave(fan / 2.4)
    sheet.shade(unit(0.3 * (Y - waist)) * pleat, sheet.often(0.6) * sheet.between(0.1, 0.45))
    sheet.shade(unit(1.2 - np.abs(Y - waist)), sheet.often(0.75) * sheet.between(0.2, 0.7))
    cut_neck(sheet, torso, (2.0, 6.5), band_tone=(-0.2, 0.3))


def coat(sheet: "Sheet") -> None:
    """Draw coats: long, long sleeves, open or closed front, lapels, buttons or a zip."""
    torso = cut_torso(
        sheet,
        top=(0.5, 2.2),
        hem=(25.8, 27.8),
        neck=(2.2, 3.4),
        shoulder=(6.0, 7.6),
        body=(5.2, 6.8),
        waist=(0.84, 1.0),
        flare=(1.0, 1.2),
    )
    cloth = weave(sheet, across=0.05, upright=0.04, check=0.06)
    sew_sleeves(sheet, torso, cloth, Sleeve((1.8, 4.8), (17.0, 21.5), (4.2, 5.6), (2.8, 4.0)))
    mask = torso.mask()
    sheet.paint(mask, cloth, shadow=sheet.between(0.3, 0.8))
    cut_neck(sheet, torso, (2.5, 6.0), band_tone=(0.0, 0.3))
    draw_front(sheet, torso, torso.top + 3.0, amount=sheet.between(0.65, 1.0))
    gap = sheet.often(0.25) * sheet.between(0.4, 1.6)
    axis, half = torso.axis(LINES), gap * unit((LINES - 6.0) / 20.0)
    sheet.paint(rows(axis - half, axis + half, torso.top + 4.0, 28.0), 0.0)
    sew_buttons(sheet, torso, torso.top + 8.0, sheet.often(0.6) * sheet.between(0.5, 0.9))
    length, brightness = sheet.between(5.0, 10.0), sheet.between(0.75, 1.15)
    lay_collar(sheet, torso, length, sheet.between(2.0, 3.4), cloth * brightness)
    y = sheet.between(16.0, 19.0)
    pockets = band((2.0, y), (4.6, y + 0.8), 1.0, x=torso.folded())
    sheet.shade(pockets, sheet.often(0.7) * sheet.between(0.4, 0.8))
    belt = mask * unit(1.3 - np.abs(Y - torso.top - 0.5 * (torso.hem - torso.top)))
    sheet.shade(belt, sheet.often(0.3) * sheet.between(0.4, 0.8))


def shirt(sheet: "Sheet") -> None:
    """Draw shirts: collar, button line, pocket, long or short sleeves."""
    torso = cut_torso(
        sheet,
        top=(0.8, 2.6),
        hem=(24.5, 27.4),
        neck=(2.0, 3.2),
        shoulder=(6.0, 7.6),
        body=(5.0, 6.8),
    )
    cloth = weave(sheet, across=0.06, upright=0.22, check=0.2)
    long = sheet.often(0.65)
    sew_sleeves(
        sheet, torso, cloth, Sleeve((2.0, 5.4), (15.0, 20.5), (4.0, 5.2), (2.6, 3.8)), worn=long
    )
    sew_sleeves(
        sheet, torso, cloth, Sleeve((2.0, 4.4), (4.0, 8.0), (4.6, 6.0), (4.0, 5.2)), worn=1.0 - long
    )
    mask = torso.mask()
    sheet.paint(mask, cloth, shadow=sheet.between(0.2, 0.6))
    cut_neck(sheet, torso, (2.0, 4.0), band_tone=(0.0, 0.3))
    draw_front(sheet, torso, torso.top + 3.0, amount=sheet.between(0.25, 0.6))
    sew_buttons(sheet, torso, torso.top + 4.0, sheet.between(0.45, 0.9))
    draw_pocket(sheet, torso, sheet.often(0.5) * sheet.between(0.25, 0.5))
    lay_collar(sheet, torso, sheet.between(3.2, 4.6), sheet.between(1.8, 2.6), cloth * 1.15)


def trouser(sheet: "Sheet") -> None:
    """Draw trousers: waistband, two legs with a gap, straight, tapered or flared."""
    centre, lean = sheet.between(13.4, 14.6), sheet.between(-0.03, 0.03)
    top, hem = sheet.between(0.4, 1.8), sheet.between(26.0, 27.8)
    crotch, waist = sheet.between(8.0, 11.5), sheet.between(3.6, 5.4)
    hip = waist * sheet.between(1.02, 1.25)
    spread = sheet.between(0.9, 2.5)
    leg = sheet.between(2.4, 4.6)
    knee = 0.5 * (crotch + hem)
    outer = curve(
        [(top, waist), (crotch, hip), (knee, 0.5 * (hip + spread + leg)), (hem, spread + leg)]
    )
    inner = line([(crotch - 0.3, 0.0), (crotch + 0.5, 0.35), (hem, spread)])
    axis = centre + lean * (LINES - 14.0)
    legs = rows(axis + inner, axis + outer, top, hem) + rows(axis - outer, axis - inner, top, hem)
    cloth = weave(sheet, across=0.04, upright=0.1, check=0.04)
    sheet.paint(legs, cloth)
    x = np.abs(X - centre - lean * (Y - 14.0))
    crease = band((0.55 * waist, top + 3.0), (spread + 0.5 * leg, hem), 1.0, x=x)
    sheet.shade(crease, sheet.between(-0.35, 0.3))
    sheet.shade(unit(1.2 - np.abs(Y - top - 1.6)), sheet.between(0.1, 0.6))
    fly = unit(1.0 - x) * unit(crotch - Y)
    sheet.shade(fly, sheet.between(0.1, 0.6))
    pockets = band((waist - 1.8, top + 2.0), (hip, top + 5.0), 0.9, x=x)
    sheet.shade(pockets, sheet.often(0.7) * sheet.between(0.2, 0.6))
