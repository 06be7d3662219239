"""Torchvision's classification sets by name, read as torchvision lays them out."""

import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from snnviz.data.fashion_mnist import Split
from snnviz.data.images import ImageSet
from snnviz.data.picture_folders import PictureFolder
from snnviz.errors import DataError, ExportError
from snnviz.files import locked


class _Named(NamedTuple):
    """How torchvision reads a set.

    Attributes:
        files: What has to be there below its root; "{split}" stands for the split, and "{t}" for
            ".t" where that is "test".
        by_word: Whether it takes `split="test"`, or else `train=False`.
        options: What else it takes.
        note: What a user has to know of it.
    """

    files: tuple[str, ...]
    by_word: bool = False
    options: Mapping[str, Any] = {}
    note: str = ""


def _idx(folder: str) -> tuple[str, ...]:
    """The four files of a set like MNIST: torchvision wants all of them for either split."""
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return tuple(f"{folder}/raw/{split}-{kind}" for split in ("train", "t10k") for kind in kinds)


_GTSRB = "GTSRB"
# As most networks for it take them.
_GTSRB_SIZE = (32, 32)
NAMED = {
    "MNIST": _Named(_idx("MNIST")),
    "KMNIST": _Named(_idx("KMNIST")),
    "EMNIST": _Named(
        (
            "EMNIST/raw/emnist-balanced-{split}-images-idx3-ubyte",
            "EMNIST/raw/emnist-balanced-{split}-labels-idx1-ubyte",
        ),
        options={"split": "balanced"},
        note="of EMNIST's parts the balanced one is taken, 47 classes; its images are as "
        "torchvision has them, rows and columns exchanged",
    ),
    "QMNIST": _Named(
        ("QMNIST/raw/qmnist-{split}-images-idx3-ubyte", "QMNIST/raw/qmnist-{split}-labels-idx2-int")
    ),
    "CIFAR10": _Named(
        tuple(
            f"cifar-10-batches-py/{name}"
            for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta")
        )
    ),
    "CIFAR100": _Named(tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta"))),
    "SVHN": _Named(("{split}_32x32.mat",), by_word=True),
    "STL10": _Named(
        tuple(
            f"stl10_binary/{name}"
            for name in (
                "train_X.bin", "train_y.bin", "unlabeled_X.bin", "test_X.bin", "test_y.bin",
                "class_names.txt",
            )
        ),
        by_word=True,
    ),
    "USPS": _Named(("usps{t}.bz2",)),
    _GTSRB: _Named((), by_word=True),
}  # fmt: skip
"""The sets that are read, called as torchvision calls them."""
_GTSRB_FILES = {
    "train": ("gtsrb/GTSRB/Training",),
    "test": ("gtsrb/GTSRB/Final_Test/Images", "gtsrb/GT-final_test.csv"),
}


def torchvision_set(
    name: str,
    root: str | Path,
    split: Split = "test",
    *,
    download: bool = True,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> ImageSet | PictureFolder:
    """One of torchvision's classification sets, in grey or in colour as it is published.

    Labels and class names are torchvision's; where it has no names, they are the numbers.

    Args:
        name: One of `NAMED`.
        root: The folder that torchvision calls `root`.
        split: "train" or "test".
        download: Let torchvision fetch what is missing.
        size: (H, W) to which pictures that vary in size are scaled (GTSRB); None: 32 x 32.
        channels: How pictures that vary in size are read, see `PictureFolder`.

    Raises:
        DataError: Files are missing and cannot be fetched, or are damaged.
    """
    root = Path(root)
    files = _files(name, split)
    if any(not (root / file).exists() for file in files):
        if not download:
            raise _missing(name, root, files, "they are not there")
        _download(name, root, split, files)
    if NAMED[name].note:
        warnings.warn(NAMED[name].note, stacklevel=1)
    try:
        found = _build(name, root, split)
        if name == _GTSRB:
            return _varying(name, found, size, channels)
        return _image_set(name, found)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # whatever torchvision makes of a damaged file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        there = " and ".join(sorted({str(root / Path(file).parts[0]) for file in files}))
        raise DataError(
            f"cannot read {name} in {root} ({reason}); delete {there}, and it is downloaded again"
        ) from error


def _files(name: str, split: Split) -> tuple[str, ...]:
    if name == _GTSRB:
        return _GTSRB_FILES[split]
    t = "" if split == "train" else ".t"
    return tuple(file.format(split=split, t=t) for file in NAMED[name].files)


def _build(name: str, root: Path, split: Split, *, download: bool = False) -> Any:
    # Imported here: torchvision costs over a second, and brings torch along.
    from torchvision import datasets  # noqa: PLC0415

    row = NAMED[name]
    part: dict[str, Any] = {"split": split} if row.by_word else {"train": split == "train"}
    return getattr(datasets, name)(str(root), download=download, **part, **row.options)


def _image_set(name: str, found: Any) -> ImageSet:
    """The set that torchvision read, its channels first."""
    images = np.asarray(found.data)
    if images.ndim == 4 and images.shape[1] != 3:
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    labels = np.asarray(found.targets if hasattr(found, "targets") else found.labels)
    if labels.ndim == 2:  # QMNIST's labels say more than the class, which comes first
        labels = labels[:, 0]
    classes = getattr(found, "classes", None) or range(10)
    if len(images) == 0:
        raise DataError(f"{name} in {found.root} holds no images; name another folder")
    return ImageSet(name, images, labels.astype(np.int64), tuple(map(str, classes)))


def _varying(
    name: str, found: Any, size: tuple[int, int] | None, channels: int | None
) -> PictureFolder:
    """A set of pictures of many sizes, all scaled to one."""
    if size is None:
        size = _GTSRB_SIZE
        warnings.warn(
            f"the pictures of {name} vary in size: each is scaled to {size[0]} x {size[1]} pixels",
            stacklevel=1,
        )
    samples = found._samples  # noqa: SLF001 - else each picture is decoded to see its class
    labels = np.array([label for _, label in samples], np.int64)
    paths = [Path(path) for path, _ in samples]
    classes = tuple(map(str, range(43)))
    if not paths:
        raise DataError(f"{name} in {found.root} holds no images; name another folder")
    return PictureFolder(name, paths, labels, classes, channels or 3, size)


def _download(name: str, root: Path, split: Split, files: tuple[str, ...]) -> None:
    new = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
        # One process at a time, beside, and then in place: a file that is half there would pass
        # for a whole one.
        with locked(root, argument="root"), TemporaryDirectory(prefix=".", dir=root) as beside:
            if any(not (root / file).exists() for file in files):
                # torchvision prints each mirror that fails; the error says it in one line.
                with redirect_stdout(StringIO()):
                    _build(name, Path(beside), split, download=True)
                _move(Path(beside), root)
    except (ExportError, RuntimeError, OSError, EOFError, HTTPException) as error:
        raise _missing(name, root, files, "they could not be downloaded") from error
    finally:
        for folder in new:
            try:
                folder.rmdir()
            except OSError:  # not empty: something did arrive
                break


def _move(beside: Path, root: Path) -> None:
    """All files into the same places below `root`, but for those that are there."""
    for path in sorted(beside.rglob("*")):
        place = root / path.relative_to(beside)
        if path.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)


def _missing(name: str, root: Path, files: tuple[str, ...], fact: str) -> DataError:
    lacking = [file for file in files if not (root / file).exists()]
    names = ", ".join(lacking[:2]) + (", ..." if len(lacking) > 2 else "")
    return DataError(
        f"no {name} in {root} ({names}), and {fact}",
        "put its files there as torchvision lays them out",
        "name the folder that holds them with `root`",
        "work offline with `garments()`",
    )
