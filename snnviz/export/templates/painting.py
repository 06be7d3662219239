"""Maps into pictures by `painting.cpp`, which is compiled where many are drawn, or by NumPy."""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from snnviz.compiling import CompilerError, compiled, kept
from snnviz.export.templates.pixels import recolor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.export.templates.pixels import Bytes, MapGrid

_SOURCE = Path(__file__).with_name("painting.cpp")
# Pictures from which on it is worth a second of compiling; they take half of one in NumPy.
_MANY = 1000


class _Place(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in ("maps", "columns", "height", "width", "top", "left", "down", "right")
    )


class _File(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int64) for name in ("row", "left", "scale", "channels", "size")
    )


class _Ledger:
    """How many pictures this process has drawn without the library."""

    pictures = 0
    lock = Lock()


def painter() -> ctypes.CDLL | None:
    """The compiled functions, where they are there or worth to be made; None where they are not."""
    with _Ledger.lock:
        if _Ledger.pictures < _MANY and not (_made.cache_info().currsize or _is_kept()):
            _Ledger.pictures += 1
            return None
        return _made()


@cache
def _is_kept() -> bool:
    return kept(_SOURCE)


@cache
def _made() -> ctypes.CDLL | None:
    try:
        library = compiled(_SOURCE)
    except CompilerError:
        return None  # slower, with the same bytes; nothing that a user has to know
    library.png_rows.restype = ctypes.c_uint32
    return library


def compose(
    grid: "MapGrid", maps: "Bytes", keys: Sequence[int], tables: Mapping[int, bytes], fill: int
) -> "Bytes":
    """The canvas with all `maps` [K, H, W], each byte translated by its map's table.

    Args:
        grid: Where the maps lie.
        maps: What is drawn, contiguous.
        keys: The table of each map.
        tables: 256 bytes each.
        fill: What is everywhere else.
    """
    library = painter()
    if library is None:
        picture = np.frombuffer(recolor(maps.tobytes(), keys, tables), np.uint8)
        composed: Bytes = grid.compose(picture.reshape(maps.shape), fill)
        return composed
    canvas = np.full(grid.layout.shape, fill, np.uint8)
    chosen, which = _chosen(keys, tables)
    library.compose(
        _pointer(maps),
        chosen,
        _pointer(which),
        ctypes.byref(_place(grid)),
        ctypes.c_int64(canvas.shape[1]),
        _pointer(canvas),
    )
    return canvas


def png_rows(
    grid: "MapGrid",
    maps: "Bytes",
    keys: Sequence[int],
    tables: Mapping[int, bytes],
    file: "PngPlace",
    rows: "Bytes",
) -> int | None:
    """Fill the rows of a PNG that show the maps, see `painting.cpp`, and return their Adler-32.

    Args:
        grid: Where the maps lie.
        maps: [K, H, W], contiguous.
        keys: The table of each map.
        tables: 256 bytes for each channel, one after the other.
        file: Where the picture lies in the rows.
        rows: All rows, [n, bytes], where maps lie of any content.

    Returns:
        The checksum; None where nothing was done, for want of the library.
    """
    library = painter()
    if library is None:
        return None
    chosen, which = _chosen(keys, tables)
    found: int = library.png_rows(
        _pointer(maps),
        chosen,
        _pointer(which),
        ctypes.byref(_place(grid)),
        ctypes.byref(_File(rows.shape[1], file.left, file.scale, file.channels, rows.size)),
        ctypes.c_uint32(file.adler),
        _pointer(rows),
    )
    return found


class PngPlace(NamedTuple):
    """Where in the rows of a PNG a picture lies.

    Attributes:
        left: Bytes of a row before it.
        scale: Pixels of the file for a pixel of the maps.
        channels: Bytes of a pixel.
        adler: Adler-32 of all rows with zeros where maps lie.
    """

    left: int
    scale: int
    channels: int
    adler: int


def _place(grid: "MapGrid") -> _Place:
    place = grid.layout
    return _Place(
        grid.count,
        place.columns,
        place.height,
        place.width,
        place.gap + place.strip,
        place.gap,
        place.strip + place.height + place.gap,
        place.width + place.gap,
    )


def _chosen(keys: Sequence[int], tables: Mapping[int, bytes]) -> "tuple[bytes, NDArray[np.int32]]":
    """The tables of these keys in a row, and which of them each takes."""
    number = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    chosen = b"".join(tables[key] for key in number)
    return chosen, np.array([number[key] for key in keys], np.int32)


def _pointer(array: "NDArray[Any]") -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
