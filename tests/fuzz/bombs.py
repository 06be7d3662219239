"""Small files that unpack to gigabytes: zeros without end, compressed."""

import io
import struct
import zipfile
import zlib
from functools import cache

SIZE = 3 << 29  # 1.5 GiB
_BLOCK = 1 << 20


@cache
def deflated_zeros(size: int = SIZE) -> bytes:
    """`size` zeros as a raw deflate stream, a whole number of MiB of them."""
    # Flushed in full, each block stands for itself and can be repeated without compressing it.
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (size // _BLOCK) + b"\x03\x00"


@cache
def zero_checksums(size: int = SIZE) -> tuple[int, int]:
    """CRC-32 and Adler-32 of that many zeros."""
    crc, adler, block = 0, 1, bytes(_BLOCK)
    for _ in range(size // _BLOCK):
        crc, adler = zlib.crc32(block, crc), zlib.adler32(block, adler)
    return crc, adler


def gzip_zeros(start: bytes = b"", size: int = SIZE) -> bytes:
    """A gzip file that holds `start`, and then zeros in a member of their own."""
    header = b"\x1f\x8b\x08\x00" + bytes(5) + b"\xff"
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(start) + packer.flush()
    trailer = struct.pack("<II", zlib.crc32(start), len(start))
    zeros = struct.pack("<II", zero_checksums(size)[0], size & 0xFFFFFFFF)
    return header + first + trailer + header + deflated_zeros(size) + zeros


def zlib_zeros(size: int = SIZE) -> bytes:
    """That many zeros as a zlib stream."""
    return b"\x78\xda" + deflated_zeros(size) + struct.pack(">I", zero_checksums(size)[1])


def zip_zeros(entries: dict[str, bytes], bomb: str, *, honest: bool = True) -> bytes:
    """A zip archive of `entries`, and gigabytes of zeros under the name `bomb`.

    Args:
        entries: Stored as they are.
        bomb: Name of the entry that unpacks to them.
        honest: Whether its header says how many there are; otherwise it promises 100 bytes.
    """
    out, packed = io.BytesIO(), deflated_zeros()
    size = SIZE if honest else 100
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)
        # zipfile would have to compress it: the stream is stored and its two headers are changed.
        at = out.tell()
        archive.writestr(zipfile.ZipInfo(bomb), packed)
    data = bytearray(out.getvalue())
    fields = struct.pack("<III", zero_checksums()[0], len(packed), size)
    central = data.rindex(b"PK\x01\x02")
    for header, method in ((at, 8), (central, 10)):
        struct.pack_into("<H", data, header + method, zipfile.ZIP_DEFLATED)
        data[header + method + 6 : header + method + 18] = fields
    return bytes(data)
