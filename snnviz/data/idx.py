"""IDX files: the format in which MNIST and its successors are published."""

import gzip
import math
import warnings
import zlib
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from snnviz.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UBYTE = 0x08  # IDX type code of unsigned bytes
# Ten times the largest published file of the family: what unpacks to more is no data set.
_MOST_BYTES = 500_000_000
# gzip skips zeros behind its data one by one: as many as these take some seconds.
_MOST_PACKED = 100_000_000


class IdxFile(NamedTuple):
    """What an IDX file holds.

    Attributes:
        path: The file that was read, plain or gzipped.
        values: Its array of bytes.
        checksum: MD5 of the file unpacked, in hexadecimal digits.
    """

    path: Path
    values: "NDArray[np.uint8]"
    checksum: str


def read_idx(plain: Path, ndim: int) -> IdxFile:
    """The IDX file of bytes called `plain`, or what is packed in `plain` with `.gz` behind it.

    Where both are there and the plain one is damaged, as an interrupted unpacking leaves it, the
    packed one is read, with a warning.

    Args:
        plain: The name of the file without `.gz`.
        ndim: Number of dimensions of its array.

    Raises:
        DataError: Neither can be read, or what is there is no such array; it says what to delete.
    """
    packed = packed_name(plain)
    there = [path for path in (plain, packed) if path.exists()]
    faults = []
    for path in there:
        try:
            found = _read(path, ndim)
        except (OSError, EOFError, zlib.error) as error:
            faults.append(f"cannot read {path} ({getattr(error, 'strerror', None) or error})")
        except DataError as error:
            faults.append(str(error))
        else:
            if faults:
                warnings.warn(f"{faults[0]}; reading {path.name} beside it instead", stacklevel=1)
            return found
    them = " and ".join(map(str, there))
    raise DataError(f"{'; '.join(faults)}; delete {them}, and Fashion-MNIST is downloaded again")


def packed_name(plain: Path) -> Path:
    """The name of the gzipped file of `plain`."""
    return plain.with_name(plain.name + ".gz")


def _read(path: Path, ndim: int) -> IdxFile:
    """The array of `ndim` dimensions in an IDX file of bytes, and no more than its header promises.

    The format: two zero bytes, a type code, the number of dimensions, each as a big-endian uint32,
    then the values in row-major order.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file")
    packed = path.suffix == ".gz"
    if path.stat().st_size > (most := _MOST_PACKED if packed else _MOST_BYTES):
        raise DataError(f"{path} holds over {most} bytes")
    with gzip.open(path) if packed else path.open("rb") as file:
        header: bytes = file.read(4 + 4 * ndim)
        shape = _shape(path, header, ndim)
        promised = math.prod(shape)  # of Python's ints, which do not overflow
        most = min(promised, _MOST_BYTES)
        values: bytes = file.read(most + 1)
    if most < len(values) <= promised:
        raise DataError(f"{path} unpacks to over {most} bytes")
    if len(values) != promised:
        held = f"over {most}" if len(values) > most else len(values)
        raise DataError(f"{path} holds {held} values where its header promises {promised}")
    checksum = md5(header, usedforsecurity=False)
    checksum.update(values)
    return IdxFile(path, np.frombuffer(values, np.uint8).reshape(shape), checksum.hexdigest())


def _shape(path: Path, header: bytes, ndim: int) -> list[int]:
    if len(header) < 4 or header[:3] != bytes((0, 0, _UBYTE)):
        raise DataError(f"{path} is not an IDX file of bytes")
    if header[3] != ndim:
        raise DataError(
            f"{path} holds an array of {header[3]} dimensions where Fashion-MNIST has {ndim}"
        )
    if len(header) < 4 + 4 * ndim:
        raise DataError(f"{path} is not an IDX file of bytes")
    shape: list[int] = np.frombuffer(header, ">u4", offset=4).tolist()
    return shape
