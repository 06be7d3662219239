"""Pictures as bytes, a colour's number a pixel: maps put into their places, pixels into bytes."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from snnviz.grid import Layout

    Bytes = NDArray[np.uint8]
    Codes = NDArray[np.uint32]


@dataclass(frozen=True)
class MapGrid:
    """K maps in the places of a layout.

    Attributes:
        layout: The places.
        count: K, at most as many as there are places.
    """

    layout: "Layout"
    count: int

    def compose(self, maps: "NDArray[Any]", fill: "int | np.integer") -> "NDArray[Any]":
        """The canvas with all `maps` [K, H, W] in their places, and `fill` everywhere else."""
        place = self.layout
        canvas = np.full(place.shape, fill, dtype=maps.dtype)
        pitch = place.width + place.gap
        # One assignment for all whole rows of maps: a loop over 128 maps would take longer.
        where = self.map_rows(canvas)[..., place.gap :].reshape(
            place.rows, place.height, place.columns, pitch
        )[..., : place.width]
        whole, rest = divmod(self.count, place.columns)
        split = whole * place.columns
        grid = (whole, place.columns, place.height, place.width)
        where[:whole] = maps[:split].reshape(grid).transpose(0, 2, 1, 3)
        if rest:
            where[whole, :, :rest] = maps[split:].transpose(1, 0, 2)
        return canvas

    def map_rows(self, canvas: "NDArray[Any]") -> "NDArray[Any]":
        """The rows of `canvas` [rows, ...] with maps in them, a view [grid rows, H, ...]."""
        place = self.layout
        pitch = place.strip + place.height + place.gap
        bands = canvas[place.gap :].reshape(place.rows, pitch, *canvas.shape[1:])
        return bands[:, place.strip : place.strip + place.height]


def recolor(maps: bytes, keys: "Sequence[int]", tables: "Mapping[int, bytes]") -> bytearray:
    """The bytes of `maps` (K equal parts), each part translated by the table of its key."""
    # bytes.translate takes half a nanosecond a byte, a fifth of NumPy's indexing, but a microsecond
    # a call. Most maps of a picture have the same key, so all are translated by its table at once.
    size = len(maps) // len(keys)
    [(usual, _)] = Counter(keys).most_common(1)
    recolored = bytearray(maps.translate(tables[usual]))
    for n, key in enumerate(keys):
        if key != usual:
            part = slice(n * size, (n + 1) * size)
            recolored[part] = maps[part].translate(tables[key])
    return recolored


def enlarge(canvas: "NDArray[Any]", scale: int) -> "NDArray[Any]":
    """Each pixel of a canvas [H, W] as a block of `scale` x `scale`."""
    return canvas.repeat(scale, axis=0).repeat(scale, axis=1)


def bits_for(colors: int) -> int:
    """Bits a pixel that can tell so many colours apart: 1, 2, 4 or 8."""
    return next(bits for bits in (1, 2, 4, 8) if colors <= 1 << bits)


def pack_pixels(canvas: "Bytes", bits: int) -> "Bytes":
    """Rows of pixels [H, W] below 2**bits as rows of bytes, the first pixel in the highest bits."""
    each = 8 // bits
    if each == 1:
        return canvas
    height, width = canvas.shape
    padded = np.zeros((height, -(-width // each) * each), dtype=np.uint8)
    padded[:, :width] = canvas
    # The pixels of a byte as one number: shifts of whole arrays, where slices would be strided.
    together = padded.view(f"<u{each}")
    packed = together << (8 - bits)
    for n in range(1, each):
        packed |= together >> (8 * n - 8 + bits * (n + 1))
    return packed.astype(np.uint8)


def to_codes(rgba: "Bytes") -> "Codes":
    """Each colour [..., 4] as one number [...], to compare and to look up."""
    codes: Codes = np.ascontiguousarray(rgba).view("<u4")[..., 0]
    return codes


def to_rgb(codes: "Codes") -> "Bytes":
    """The colours [..., 3] of the numbers [...] that `to_codes` gave."""
    return codes[..., np.newaxis].astype("<u4").view(np.uint8)[..., :3]
