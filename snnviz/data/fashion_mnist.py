"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747) from its published IDX files."""

import warnings
from contextlib import redirect_stdout, suppress
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from snnviz.data.idx import packed_name, read_idx
from snnviz.data.images import ImageSet
from snnviz.data.published import FASHION_MNIST, UNKNOWN, published_name
from snnviz.errors import ConfigError, DataError, ExportError
from snnviz.files import locked

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
# The classes of what is another data set: nothing is known of them but their numbers.
_NUMBERS = tuple(map(str, range(10)))


def fashion_mnist(root: str | Path, split: Split = "test", *, download: bool = True) -> ImageSet:
    """Fashion-MNIST: 60,000 (train) or 10,000 (test) images of 28 x 28 pixels in ten classes.

    Args:
        root: The folder that torchvision calls `root`: the files are in its
            `FashionMNIST/raw`. `FashionMNIST/raw` itself, or its parent, is taken as well.
        split: "train" or "test".
        download: Fetch what is missing with torchvision, with a progress bar.

    Returns:
        The set, called "fashion-mnist". Where its files are of another data set of the same layout,
        that goes by its own name (such as "mnist"), its classes are numbers, and a warning says so.

    Raises:
        DataError: The files are missing and cannot be fetched, are damaged or hold no images.
        ConfigError: There is no such split.

    Example:
        >>> images = snnviz.fashion_mnist("data")  # doctest: +SKIP
        >>> len(images), images.classes[9]  # doctest: +SKIP
        (10000, 'Ankle boot')
    """
    if split not in _PREFIX:
        raise ConfigError(f"no split {split!r}; choose one of {', '.join(_PREFIX)}")
    root = Path(root)
    folder = _find(root, split)
    if folder is None:
        if not download:
            raise _missing(root, "it is not there")
        _download(root, split)
        folder = root / "FashionMNIST" / "raw"
    images, labels = (
        read_idx(folder / f"{_PREFIX[split]}-{kind}", ndim) for kind, ndim in _KINDS.items()
    )
    if len(images.values) == 0:
        raise DataError(
            f"{folder} holds no images of the {split} split; delete {images.path.name} there, and "
            "Fashion-MNIST is downloaded again"
        )
    if len(images.values) != len(labels.values):
        raise DataError(
            f"{images.path} holds {len(images.values)} images but {len(labels.values)} labels are "
            f"in {labels.path.name} beside it; delete both, and Fashion-MNIST is downloaded again"
        )
    name = published_name(images, labels, split)
    if name == FASHION_MNIST:
        return ImageSet(name, images.values, labels.values, CLASSES)
    others = ImageSet(name, images.values, labels.values, _NUMBERS)  # or one line, of the labels
    # One text for both splits, so that it is said once.
    what = "other images" if name == UNKNOWN else name.upper()
    warnings.warn(
        f"the files in {folder} are not Fashion-MNIST as published but {what} (by their checksums):"
        f" the set is called {name!r}, its classes 0 to 9",
        stacklevel=1,
    )
    return others


def _find(root: Path, split: Split) -> Path | None:
    """The folder at or below `root` that holds both files of `split`, or None."""
    for folder in (root / "FashionMNIST" / "raw", root / "raw", root):
        names = [folder / f"{_PREFIX[split]}-{kind}" for kind in _KINDS]
        if all(name.exists() or packed_name(name).exists() for name in names):
            return folder
    return None


def _download(root: Path, split: Split) -> None:
    # Imported here: torchvision costs over a second, and files that are there need none of it.
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415

    raw = root / "FashionMNIST" / "raw"
    new = [folder for folder in (raw, raw.parent, root) if not folder.exists()]
    try:
        raw.mkdir(parents=True, exist_ok=True)
        # Another process (a rank, say) may be at it already, and a file of its that is half there
        # would pass for a whole one: so one at a time, beside, and then in place.
        with locked(raw, argument="root"), TemporaryDirectory(prefix=".", dir=raw) as beside:
            if _find(root, split) is None:
                # torchvision prints each mirror that fails; the error says it in one line.
                with redirect_stdout(StringIO()):
                    FashionMNIST(beside, download=True)
                for path in (Path(beside) / "FashionMNIST" / "raw").iterdir():
                    path.replace(raw / path.name)
    except (ExportError, RuntimeError, OSError, EOFError, HTTPException) as error:
        raise _missing(root, "it could not be downloaded") from error
    finally:
        for folder in new:
            with suppress(OSError):  # not empty: something did arrive
                folder.rmdir()


def _missing(root: Path, fact: str) -> DataError:
    return DataError(
        f"no Fashion-MNIST in {root}, and {fact} (its four files belong into "
        f"{root / 'FashionMNIST' / 'raw'})",
        "name another folder with `root`",
        "work offline with `garments()`",
        "take a picture of your own with `load_picture()`",
    )
