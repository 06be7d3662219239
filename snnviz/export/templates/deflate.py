"""Deflate, the compression inside PNG and PDF, by the fastest library at hand.

The libraries pack the same bytes differently: files that are to repeat need the same `LIBRARY`.
"""

import zlib
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

_isal: Any = import_module("isal.isal_zlib") if find_spec("isal") is not None else None
# zlib packs what many files share in either case.
LIBRARY = (
    "" if _isal is None else f"isal {version('isal')}, "
) + f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
"""What packs, and its version."""

# Level 1 packs a quarter smaller, but one file in some ten thousand came out with other bytes from
# run to run (isal 1.9.1): the same pixels, other matches. Level 0 works without a level buffer.
_ISAL_LEVEL = 0
_ADLER = 65521
# zlib's own search is slow where it pays least: these pictures are runs of equal bytes, the more so
# after PNG's filters, which the run-length strategy finds in less time and packs smaller. Of its
# memory levels 5 is the fastest; higher ones only fill larger tables.
_ZLIB_MEMORY = 5


def compress(data: bytes | memoryview) -> bytes:
    """`data` as a whole zlib stream."""
    if _isal is not None:
        stream: bytes = _isal.compress(data, _ISAL_LEVEL)
        return stream
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, _ZLIB_MEMORY, zlib.Z_RLE)
    return packer.compress(data) + packer.flush()


def pack(data: bytes | memoryview) -> bytes:
    """`data` as deflate blocks that end on a whole byte, and refer to nothing before them."""
    if _isal is not None:
        packer = _isal.compressobj(_ISAL_LEVEL, _isal.DEFLATED, -zlib.MAX_WBITS)
        blocks: bytes = packer.compress(data) + packer.flush(_isal.Z_SYNC_FLUSH)
        return blocks
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, _ZLIB_MEMORY, zlib.Z_RLE)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def pack_once(data: bytes | memoryview, *, last: bool) -> bytes:
    """Like `pack`, slowly and as small as zlib can make it, for what many files share.

    Args:
        data: What to pack.
        last: End the deflate stream.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    return packer.compress(data) + packer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def adler32(data: bytes | memoryview) -> int:
    """The checksum of a zlib stream that holds `data`."""
    checksum: int = (zlib if _isal is None else _isal).adler32(data)
    return checksum


def crc32(data: bytes | memoryview, start: int = 0) -> int:
    """The checksum of a PNG chunk, continued from `start`."""
    checksum: int = (zlib if _isal is None else _isal).crc32(data, start)
    return checksum


def join_adler32(first: int, second: int, length: int) -> int:
    """The Adler-32 of two pieces in a row, from that of each.

    With a = 1 + sum of the bytes and b = sum of all intermediate a (RFC 1950), the second piece
    starts from the first's a instead of 1, which adds a - 1 to each of its `length` sums.

    Args:
        first: Adler-32 of the first piece.
        second: Adler-32 of the second piece.
        length: Bytes in the second piece.
    """
    before = (first & 0xFFFF) - 1
    a = (before + (second & 0xFFFF)) % _ADLER
    b = ((first >> 16) + (second >> 16) + length * before) % _ADLER
    return b << 16 | a
