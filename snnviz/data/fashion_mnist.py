"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747) from its published IDX files."""

import gzip
import zlib
from contextlib import redirect_stdout, suppress
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import numpy as np

from snnviz.data.images import ImageSet
from snnviz.errors import ConfigError, DataError, ExportError
from snnviz.files import locked

if TYPE_CHECKING:
    from numpy.typing import NDArray

Split = Literal["train", "test"]

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_PREFIX = {"train": "train", "test": "t10k"}
# Names of the two files of a split, and the number of dimensions of their arrays.
_KINDS = {"images-idx3-ubyte": 3, "labels-idx1-ubyte": 1}
_UBYTE = 0x08  # IDX type code of unsigned bytes


def fashion_mnist(root: str | Path, split: Split = "test", *, download: bool = True) -> ImageSet:
    """Fashion-MNIST: 60,000 (train) or 10,000 (test) images of 28 x 28 pixels in ten classes.

    Args:
        root: The folder that torchvision calls `root`: the files are in its
            `FashionMNIST/raw`. `FashionMNIST/raw` itself, or its parent, is taken as well.
        split: "train" or "test".
        download: Fetch what is missing with torchvision, with a progress bar.

    Raises:
        DataError: The files are missing and cannot be fetched, are damaged or hold no images.
        ConfigError: There is no such split.
    """
    if split not in _PREFIX:
        raise ConfigError(f"no split {split!r}; choose one of {', '.join(_PREFIX)}")
    root = Path(root)
    folder = _find(root, split)
    if folder is None:
        if not download:
            raise DataError(_missing(root, "it is not there"))
        _download(root, split)
        folder = root / "FashionMNIST" / "raw"
    images, labels = (
        _read_idx(folder, f"{_PREFIX[split]}-{kind}", ndim) for kind, ndim in _KINDS.items()
    )
    if len(images) == 0:
        raise DataError(f"{folder} holds no images of the {split} split; download it again")
    return ImageSet("fashion-mnist", images, labels, CLASSES)


def _find(root: Path, split: Split) -> Path | None:
    """The folder at or below `root` that holds both files of `split`, or None."""
    for folder in (root / "FashionMNIST" / "raw", root / "raw", root):
        names = [folder / f"{_PREFIX[split]}-{kind}" for kind in _KINDS]
        if all(name.exists() or name.with_suffix(".gz").exists() for name in names):
            return folder
    return None


def _read_idx(folder: Path, name: str, ndim: int) -> "NDArray[np.uint8]":
    """The array of `ndim` dimensions in an IDX file of bytes, plain or gzipped.

    The format: two zero bytes, a type code, the number of dimensions, each as a big-endian uint32,
    then the values in row-major order.
    """
    plain = folder / name
    path = plain if plain.exists() else plain.with_suffix(".gz")
    try:
        data = path.read_bytes() if path == plain else gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}; delete it and download again") from error
    header = 4 + 4 * data[3] if len(data) > 4 else 0
    if header == 0 or data[:3] != bytes((0, 0, _UBYTE)) or len(data) < header:
        raise DataError(f"{path} is not an IDX file of bytes; download Fashion-MNIST again")
    if data[3] != ndim:
        raise DataError(
            f"{path} holds an array of {data[3]} dimensions where Fashion-MNIST has {ndim}; "
            "download it again"
        )
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4).astype(np.int64)
    values = np.frombuffer(data, np.uint8, offset=header)
    if values.size != shape.prod():
        raise DataError(
            f"{path} holds {values.size} values where its header promises {shape.prod()}; "
            "download Fashion-MNIST again"
        )
    return values.reshape(shape)


def _download(root: Path, split: Split) -> None:
    # Imported here: torchvision costs over a second, and files that are there need none of it.
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415

    raw = root / "FashionMNIST" / "raw"
    new = [folder for folder in (raw, raw.parent, root) if not folder.exists()]
    try:
        raw.mkdir(parents=True, exist_ok=True)
        # Another process (a rank, say) may be at it already, and a file of its that is half there
        # would pass for a whole one: so one at a time, beside, and then in place.
        with locked(raw), TemporaryDirectory(prefix=".", dir=raw) as beside:
            if _find(root, split) is None:
                # torchvision prints each mirror that fails; the error says it in one line.
                with redirect_stdout(StringIO()):
                    FashionMNIST(beside, download=True)
                for path in (Path(beside) / "FashionMNIST" / "raw").iterdir():
                    path.replace(raw / path.name)
    except (ExportError, RuntimeError, OSError, EOFError, HTTPException) as error:
        raise DataError(_missing(root, "it could not be downloaded")) from error
    finally:
        for folder in new:
            with suppress(OSError):  # not empty: something did arrive
                folder.rmdir()


def _missing(root: Path, fact: str) -> str:
    return (
        f"no Fashion-MNIST in {root}, and {fact}; put its four files into "
        f"{root / 'FashionMNIST' / 'raw'} or name their folder with --data-dir, or work offline "
        "with --dataset garments or --image FILE"
    )
