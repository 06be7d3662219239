"""A folder of pictures, a folder a class, as torchvision's `ImageFolder` has them."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from snnviz.data.fashion_mnist import Split
from snnviz.data.images import ImageSet, Sample, say_channels
from snnviz.data.pictures import MAX_SIDE, check_size, open_picture, resize
from snnviz.errors import ConfigError, DataError

_SUFFIXES = {
    ".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
}  # fmt: skip
# Folders that are parts of a set and no classes, by the split that they are.
_PARTS = {
    "train": ("train", "training"),
    "test": ("test", "testing", "val", "valid", "validation"),
}
# Modes of pictures that are grey; levels of more than 8 bits and floats are.
_GREY = ("1", "L", "LA", "La", "F", "I")


@dataclass(frozen=True, eq=False)
class PictureFolder:
    """Pictures and their classes, none of them read yet.

    Attributes:
        name: What the set is called in manifests and messages.
        paths: The picture files.
        labels: The class of each, ints [N], or None.
        classes: The name of each class.
        channels: 1 to read them as grey, 3 in colour; None: in colour if one of them is.
        size: (H, W) to which each picture is scaled, whatever its shape; None: as it is.
        max_side: See `snnviz.data.load_picture`; where there is no `size`.
    """

    name: str
    paths: Sequence[Path]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    channels: int | None = None
    size: tuple[int, int] | None = None
    max_side: int = MAX_SIDE

    def __post_init__(self) -> None:
        """Refuse what no picture can be read as."""
        if self.channels not in (None, 1, 3):
            raise ConfigError(
                f"the encoder takes images of {self.channels} channels, and pictures have 1 (grey) "
                "or 3 (red, green, blue); name another checkpoint"
            )
        if self.size is not None:
            check_size(self.size)

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.paths)

    def samples(self, indices: Iterable[int]) -> Iterator[Sample]:
        """The pictures at `indices`, read one after the other."""
        for index in indices:
            picture = self._open(self.paths[index])
            label = None if self.labels is None else int(self.labels[index])
            name = None if label is None else self.classes[label]
            colour = np.asarray(picture).transpose(2, 0, 1) if picture.mode == "RGB" else None
            yield Sample(
                index, np.asarray(picture.convert("L")), label, name,
                source=self.paths[index].name, colour=colour,
            )  # fmt: skip

    def read(self, indices: Sequence[int] | NDArray[np.intp] | None = None) -> ImageSet:
        """The pictures at `indices`, or all of them, as a set; each must be of one size.

        Raises:
            DataError: A file is no picture, or of another size than the first.
        """
        chosen = range(len(self)) if indices is None else [int(index) for index in indices]
        images: NDArray[np.uint8] | None = None
        for place, index in enumerate(chosen):
            pixels = np.asarray(self._open(self.paths[index]))
            if images is None:
                self._say_scaling(self.paths[index])
                images = np.empty((len(chosen), *pixels.shape), np.uint8)
            if pixels.shape != images.shape[1:]:
                first = self.paths[chosen[0]]
                raise DataError(
                    f"{self.paths[index]} is {pixels.shape[0]} x {pixels.shape[1]} pixels, {first} "
                    f"{images.shape[1]} x {images.shape[2]}; choose a size to scale all of "
                    f"{self.name} to, or give pictures of one size"
                )
            images[place] = pixels
        if images is None:
            raise DataError(f"{self.name}: no picture was asked for; choose 1 to {len(self)}")
        labels = None if self.labels is None else self.labels[np.asarray(chosen)]
        first_axes = images if images.ndim == 3 else np.moveaxis(images, 3, 1)
        return ImageSet(self.name, np.ascontiguousarray(first_axes), labels, self.classes)

    def _open(self, path: Path) -> Image.Image:
        if self.size is None:
            return open_picture(path, self.max_side, self._mode)
        return resize(open_picture(path, None, self._mode), self.size)

    def _say_scaling(self, path: Path) -> None:
        """A warning where the picture in `path`, and so all of one size, will be scaled down."""
        with suppress(Exception), Image.open(path) as picture:  # or it is named when it is read
            if self.size is None and max(picture.size) > self.max_side:
                _say(
                    f"the pictures of {self.name} are scaled down to {self.max_side} pixels on the "
                    "longest side"
                )

    @cached_property
    def _mode(self) -> str:
        if self.channels is not None:
            # Of all of them the first is looked at: there may be many.
            if len(self) and _is_grey(self.paths[0]) != (self.channels == 1):
                say_channels(self.name, self.channels)
            return "L" if self.channels == 1 else "RGB"
        return "L" if all(map(_is_grey, self.paths)) else "RGB"


def picture_folder(
    root: str | Path, split: Split = "test", *, channels: int | None = None,
    size: tuple[int, int] | None = None, max_side: int = MAX_SIDE,
) -> PictureFolder:  # fmt: skip
    """The pictures below `root`, none of them read yet.

    Each folder in `root` is a class, called as the folder; sorted by name they are numbered from 0,
    and so are the pictures of a class, at any depth. Where all the folders in `root` are parts of a
    set ("train", "test", "val" and the like), the classes are in that of `split`, numbered as in
    all parts together. Pictures that lie in no folder have no labels.

    Args:
        root: The folder.
        split: "train" or "test".
        channels: See `PictureFolder`.
        size: See `PictureFolder`.
        max_side: See `PictureFolder`.

    Raises:
        DataError: There are no pictures, or no part for `split`.
    """
    root = Path(root)
    try:
        part, classes = _parts(root, split)
        paths, labels = _listed(part, classes)
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror}; name another folder") from error
    if not paths:
        kinds = ", ".join(sorted(_SUFFIXES))
        raise DataError(
            f"no pictures in {part} ({kinds}); put those of each class into a folder of its own"
        )
    found = PictureFolder(str(root), paths, labels, classes, channels, size, max_side)
    return found if labels is not None else replace(found, classes=())


def folder_has_parts(root: str | Path) -> bool:
    """Whether the folder has pictures to train and others to test.

    Raises:
        DataError: It cannot be read.
    """
    try:
        inside = _folders(Path(root))
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror}; name another folder") from error
    names = {folder.name.lower() for folder in inside}
    return _are_parts(inside) and all(not names.isdisjoint(parts) for parts in _PARTS.values())


def _are_parts(inside: Sequence[Path]) -> bool:
    known = [part for parts in _PARTS.values() for part in parts]
    return bool(inside) and all(folder.name.lower() in known for folder in inside)


def _parts(root: Path, split: Split) -> tuple[Path, tuple[str, ...]]:
    """The folder of `split`, and the names of all classes."""
    inside = _folders(root)
    if not _are_parts(inside):
        if split == "train" and inside:
            _say(
                f"{root} has no folders train and test: all its pictures are in both, and what is "
                "fitted on one is not tested by the other"
            )
        return root, tuple(folder.name for folder in inside)
    by_name = {folder.name.lower(): folder for folder in inside}
    found = [by_name[part] for part in _PARTS[split] if part in by_name]
    if not found:
        there = ", ".join(folder.name for folder in inside)
        raise DataError(f"{root} has no folder {split}, it has {there}; choose the other split")
    if found[0].name.lower() != split:
        _say(f"{root} has no folder {split}: {found[0].name} is taken as it")
    names = {folder: {one.name for one in _folders(folder)} for folder in inside}
    classes = sorted(set().union(*names.values()))
    if missing := sorted(set(classes) - names[found[0]]):
        _say(f"{found[0]} has no pictures of {', '.join(missing)}")
    return found[0], tuple(classes)


def _listed(part: Path, classes: Sequence[str]) -> tuple[list[Path], NDArray[np.int64] | None]:
    """The pictures in `part`, in the order of their classes, and their labels."""
    loose = [path for path in sorted(part.iterdir()) if _is_picture(path)]
    by_class = [
        [path for path in sorted((part / name).rglob("*")) if _is_picture(path)] for name in classes
    ]
    if not any(by_class):
        if loose:
            _say(f"{part} has its pictures in no folders of classes: they have no labels")
        return loose, None
    if loose:
        _say(
            f"{part} has {len(loose)} pictures in no folder of a class, such as {loose[0].name}: "
            "they are left out"
        )
    listed = zip(classes, by_class, strict=True)
    # Of folders that are not there it has been said.
    if empty := [name for name, paths in listed if not paths and (part / name).is_dir()]:
        _say(f"{part} has no pictures in {', '.join(empty)}")
    labels = np.repeat(np.arange(len(classes)), [len(paths) for paths in by_class])
    return [path for paths in by_class for path in paths], labels


def _folders(root: Path) -> list[Path]:
    """The folders in `root` that are not hidden, by name."""
    return sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )


def _is_picture(path: Path) -> bool:
    is_one = path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
    return is_one and path.is_file()


def _is_grey(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            return picture.mode.startswith(_GREY) and picture.mode != "LAB"
    except Exception:  # noqa: BLE001 - it is named when it is read
        return True


def _say(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=1)
