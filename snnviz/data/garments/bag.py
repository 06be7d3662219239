"""Drawing of bags."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.data.garments.canvas import X, Y, band, line, oval, ring, rows, unit

if TYPE_CHECKING:
    from snnviz.data.garments.canvas import Field, Sheet


def bag(sheet: "Sheet") -> None:
    """Draw bags: a box with one tall handle, two handles or a long strap; flap, zip or clasp."""
    x = sheet.between(13.3, 14.7)
    top, bottom = sheet.between(8.5, 13.0), sheet.between(23.5, 27.2)
    half = sheet.between(8.5, 12.2)
    taper = sheet.between(0.72, 1.08)
    round_ = sheet.between(0.6, 3.0)
    brightness = sheet.between(0.4, 0.95)
    _handles(sheet, x, top, half * taper)
    edge = line(
        [
            (top, half * taper - 0.6 * round_),
            (top + 0.6 * round_, half * taper),
            (bottom - round_, half),
            (bottom, half - round_),
        ]
    )
    sag = sheet.between(0.0, 1.2) * (1.0 - np.square((X - x) / half))
    body = rows(x - edge, x + edge, top, bottom)
    body = body * unit(Y - top - sag * 0.8 + 0.5)
    sheet.paint(body, brightness * (1.0 - sheet.between(0.0, 0.4) * (Y - top) / 16.0), shadow=0.3)
    kind, amount = sheet.between(0.0, 1.0), sheet.between(0.3, 0.7)
    deep = sheet.between(0.35, 0.65) * (bottom - top)
    flap = unit(1.0 - np.abs(Y - top - deep + 2.5 * np.square((X - x) / half)))
    sheet.shade(body * flap * (kind < 0.45), amount)
    sheet.shade(body * unit(1.2 - np.abs(Y - top - 2.0)) * (kind >= 0.45), amount)
    pocket = np.maximum(np.abs(X - x) - 0.55 * half, np.abs(Y - bottom + 4.5) - 3.0)
    sheet.shade(body * unit(1.0 - np.abs(pocket)) * (kind >= 0.7), amount)
    clasp = oval(x, top + deep, sheet.between(0.9, 1.6), sheet.between(0.9, 1.6))[0]
    sheet.paint(clasp * (kind < 0.45), 1.1 * sheet.often(0.6))
    seam = unit(1.0 - np.abs(np.abs(X - x) - half * taper + 2.4))
    sheet.shade(body * seam, sheet.often(0.5) * amount)


def _handles(sheet: "Sheet", x: "Field", top: "Field", half: "Field") -> None:
    """Paint the handle or strap behind the bag."""
    brightness, width = sheet.between(0.35, 0.9), sheet.between(1.0, 2.0)
    kind = sheet.between(0.0, 1.0)
    above = unit(top + 1.5 - Y)
    reach, rise = half * sheet.between(0.4, 0.8), top - sheet.between(1.4, 4.0)
    sheet.paint((kind < 0.65) * above * ring(x, top + 0.5, reach, rise, width), brightness)
    second = ring(x + 1.2, top + 0.5, reach * 0.9, rise * 0.75, width * 0.8)
    sheet.paint((kind < 0.25) * above * second, brightness * 0.7)
    peak = x + sheet.between(-3.0, 3.0), sheet.between(0.8, 3.0)
    for side in (-0.92, 0.92):
        strap = band((x + side * half, top + 1.0), peak, width)
        sheet.paint((kind >= 0.65) * strap, brightness)
