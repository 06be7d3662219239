"""What PNG files are made of: chunks, and whole files of few colours."""

import struct
from typing import TYPE_CHECKING

import numpy as np

from snnviz.export.templates import deflate
from snnviz.export.templates.pixels import to_rgb

if TYPE_CHECKING:
    from snnviz.export.templates.pixels import Bytes, Codes

_START = b"\x89PNG\r\n\x1a\n"
# Color types of the PNG specification, section 11.2.2.
_RGB, _PALETTE = 2, 3


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    checksum = deflate.crc32(data, deflate.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)))


def png_head(
    width: int, height: int, bits: int, palette: "Codes | None", dpi: float | None = None
) -> bytes:
    """What comes before the pixels of a PNG.

    Args:
        width: Pixels of a row.
        height: Number of rows.
        bits: Bits of a sample.
        palette: The colours that samples are places of; None: samples are RGB.
        dpi: Pixels per inch that a printer is to take; None leaves that open.
    """
    color_type = _RGB if palette is None else _PALETTE
    head = _START + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    )
    if palette is not None:
        head += chunk(b"PLTE", to_rgb(palette).tobytes())
    if dpi is not None:
        # Whole pixels a metre (section 11.3.5.3), rounded as Pillow does it for matplotlib.
        metre = int(dpi / 0.0254 + 0.5)
        head += chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1))
    return head


def small_png(rows: "Bytes", width: int, bits: int, palette: "Codes") -> bytes:
    """A PNG of packed rows [H, bytes] of `width` pixels."""
    filtered = np.zeros((rows.shape[0], rows.shape[1] + 1), dtype=np.uint8)
    filtered[:, 1:] = rows
    return b"".join(
        (
            png_head(width, len(rows), bits, palette),
            chunk(b"IDAT", deflate.compress(filtered.data)),
            chunk(b"IEND", b""),
        )
    )
