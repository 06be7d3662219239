"""What a picture file may ask for, before Pillow decodes it: a few bytes can ask for minutes."""

from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile

# As many bytes as the pixels of the largest picture that Pillow opens; it reads a part of any size
# that the file declares at once, twice.
_MOST_BYTES = 400_000_000
# Decoders in Python take a microsecond a pixel, whatever the file's size.
_MOST_IN_PYTHON = 1 << 22
# Each scan of a progressive JPEG visits all pixels. Honest ones have 10 or so; of 64 million
# pixels each takes 45 ms.
_MOST_VISITS = 4_000_000_000
_START_OF_SCAN = b"\xff\xda"
_CHUNK = 1 << 20


class TooLargeError(Exception):
    """What of a picture is too large, as it stands in brackets."""


def check_bytes(file: BinaryIO) -> int:
    """The size of `file` in bytes.

    Raises:
        TooLargeError: It is larger than any picture that is opened.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > _MOST_BYTES:
        raise TooLargeError(f"{size} bytes, at most {_MOST_BYTES} are read")
    return size


def check_effort(picture: ImageFile, file: BinaryIO, size: int) -> None:
    """Look at what decoding an opened picture would take.

    Args:
        picture: As Pillow opened it, its pixels not read.
        file: Where it lies; it stands at the same place afterwards.
        size: How many bytes that is.

    Raises:
        TooLargeError: The pixels are too many for how they are packed.
    """
    pixels = picture.width * picture.height
    slow = any(tile[0] in Image.DECODERS for tile in picture.tile)
    # Where there is a byte for each pixel, the file is as large as it says.
    if slow and pixels > max(_MOST_IN_PYTHON, size):
        raise TooLargeError(f"{pixels} pixels that are packed as {picture.format} packs them")
    if picture.format in ("JPEG", "MPO"):
        scans = _count(file, _START_OF_SCAN)
        if scans * pixels > _MOST_VISITS:
            raise TooLargeError(f"{scans} scans of {pixels} pixels")


def _count(file: BinaryIO, wanted: bytes) -> int:
    """How often `wanted`, two bytes, is in `file`."""
    place = file.tell()
    file.seek(0)
    found, last = 0, b""
    while chunk := file.read(_CHUNK):
        found += (last + chunk).count(wanted)
        last = chunk[-1:]
    file.seek(place)
    return found
