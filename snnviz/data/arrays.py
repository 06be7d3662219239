"""Arrays in `.npy` and `.npz` files, as numbers only: no pickled object is ever read."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from snnviz.errors import DataError
from snnviz.files import printable

# What unpacks to more is read only where the file itself is as large: a few bytes can ask for it.
_MOST_BYTES = 4_000_000_000
# So many names of arrays, and letters of each, make an error's line no longer than a line.
_NAMED, _LONGEST, _SAID = 8, 40, 200
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
ONLY = "arr_0"
"""What the array of a `.npy` file is called: as NumPy calls one without a name in a `.npz` file."""


class ArrayFile:
    """The arrays of a `.npy` or `.npz` file, told apart by content, each read when asked for.

    Attributes:
        path: The file.
        names: Names of its arrays, in their order.
    """

    def __init__(self, path: str | Path) -> None:
        """Look at what is in `path`.

        Raises:
            DataError: It is missing, damaged, or neither of both formats.
        """
        self.path = Path(path)
        self._zipped = False
        self.names: tuple[str, ...] = (ONLY,)
        with self._told(), self.path.open("rb") as file:
            begin = file.read(len(npy.MAGIC_PREFIX))
            self._zipped = begin[:2] == b"PK"
            if not self._zipped and begin != npy.MAGIC_PREFIX:
                raise DataError(f"{self.path} is neither an .npy nor an .npz file; save it as one")
            if self._zipped:
                with zipfile.ZipFile(file) as archive:
                    stored = archive.namelist()
                self.names = tuple(name.removesuffix(".npy") for name in stored)

    @property
    def held(self) -> str:
        """The names of its arrays as a sentence has them; of many the first."""
        first = [printable(name[:_LONGEST]) for name in self.names[:_NAMED]]
        more = ["..."] if len(self.names) > _NAMED else []
        return ", ".join([*first, *more]) or "nothing"

    def find(self, wanted: tuple[str, ...]) -> str | None:
        """The first of `wanted` names that is there, capital letters or not; None: none of them."""
        there = {name.lower(): name for name in reversed(self.names)}
        return next((there[name] for name in wanted if name in there), None)

    def read(self, name: str) -> NDArray[Any]:
        """The array called `name`.

        Raises:
            DataError: It is damaged, of pickled objects, or larger than the file can hold.
        """
        with self._told(), self.path.open("rb") as file:
            if not self._zipped:
                return self._read(file, self.path.stat().st_size)
            with zipfile.ZipFile(file) as archive:
                member = next(
                    member
                    for member in archive.infolist()
                    if member.filename in (name, f"{name}.npy")
                )
                if member.file_size > max(_MOST_BYTES, 2 * self.path.stat().st_size):
                    raise DataError(
                        f"{self.path}: {name} unpacks to {member.file_size} bytes, at most "
                        f"{_MOST_BYTES} are read; store less of it in one file"
                    )
                with archive.open(member) as inside:
                    return self._read(inside, member.file_size)

    def _read(self, file: IO[bytes], size: int) -> NDArray[Any]:
        version = npy.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"NumPy's format {version[0]}.{version[1]} is for names of fields")
        shape, in_columns, dtype = _HEADERS[version](file)
        if dtype.hasobject:
            raise DataError(
                f"{self.path} holds pickled objects, which could run code; save numbers, such as "
                "np.stack(images), or text of a fixed length"
            )
        # Before any memory is taken for it.
        promised = math.prod(shape) * dtype.itemsize
        if promised > size:
            raise DataError(
                f"{self.path}: the header of an array promises {promised} bytes and {size} are "
                "there; the file is damaged, make it again"
            )
        values = np.frombuffer(file.read(promised), dtype)
        return values.reshape(shape, order="F" if in_columns else "C")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong, as one line about the file."""
        try:
            yield
        except (DataError, MemoryError):
            raise
        except Exception as error:  # whatever NumPy and zipfile make of a broken file
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            reason = printable(said.splitlines()[0][:_SAID])  # zipfile quotes whole headers
            raise DataError(f"cannot read {self.path}: {reason}; give an .npy or .npz file") from (
                error
            )
