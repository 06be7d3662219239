"""Labelled images from arrays in a file: which array is what, and which of its axes."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnviz.data.arrays import ArrayFile
from snnviz.data.fashion_mnist import Split
from snnviz.data.images import ImageSet
from snnviz.errors import DataError

_IMAGES = ("images", "x", "data")
_LABELS = ("labels", "label", "y", "targets")
_CLASSES = ("classes", "class_names")
_SPLITS: tuple[Split, ...] = ("train", "test")
# Labels beyond that are no classes, and each class has a name.
_MOST_CLASSES = 100_000


def load_image_arrays(path: str | Path, split: Split = "test") -> ImageSet:
    """The images in an `.npz` or `.npy` file, with their labels where it has any.

    Arrays are found by their names: "images", "x" or "data", with "labels", "y" or "targets", and
    "classes" for the names of the classes. Those of a split come first: "x_test" as Keras stores
    it, "test_images" as MedMNIST does. One array alone may have any name.

    Args:
        path: The file. Its images are [N, H, W], [N, C, H, W] or [N, H, W, C] of bytes or of floats
            in [0, 1]; labels are whole numbers from 0, [N] or [N, 1].
        split: "train" or "test"; a file without these names has all its images in both.

    Raises:
        DataError: It cannot be read, or holds no such arrays.
    """
    file = ArrayFile(path)
    name, parted = _find_images(file, split)
    values = file.read(name)
    images = _to_bytes(_channels_first(values, str(path)), str(path))
    if len(images) == 0:
        raise DataError(f"{path} holds an array of no images, {list(images.shape)}; name another")
    found = file.find(_joined(_LABELS, split) if parted else _LABELS)
    labels = None if found is None else _labels(file.read(found), found, str(path))
    if labels is not None and len(labels) == len(images):
        # By the labels of all, whichever of them are looked at.
        return ImageSet(str(path), images, labels, _classes(file, labels))
    return ImageSet(str(path), images, labels)  # or one line, of numbers that differ


def arrays_have_parts(path: str | Path) -> bool:
    """Whether the file has images to train and others to test.

    Raises:
        DataError: It cannot be read.
    """
    file = ArrayFile(path)
    return all(file.find(_joined(_IMAGES, part)) for part in _SPLITS)


def _find_images(file: ArrayFile, split: Split) -> tuple[str, bool]:
    """The name of the array of images, and whether it is that of a split."""
    of_split = {part: file.find(_joined(_IMAGES, part)) for part in _SPLITS}
    if (name := of_split[split]) is not None:
        return name, True
    if any(of_split.values()):
        there = next(part for part in _SPLITS if of_split[part])
        raise DataError(
            f"{file.path} has no images to {split}, it has {of_split[there]}; choose the split "
            f"{there}"
        )
    if file.find(("frames",)) is not None:
        raise DataError(
            f"{file.path} holds event frames, which are no still images; give them as input frames"
        )
    name = file.find(_IMAGES) or (file.names[0] if len(file.names) == 1 else None)
    if name is None:
        raise DataError(
            f"{file.path} holds {file.held}, none of which is called {', '.join(_IMAGES)} or "
            f"x_{split}; name the array of images so"
        )
    if split == "train":
        warnings.warn(
            f"{file.path} has no parts to train and to test: all its images are in both, and what "
            "is fitted on one is not tested by the other",
            stacklevel=1,
        )
    return name, False


def _joined(names: tuple[str, ...], split: Split) -> tuple[str, ...]:
    forms = ("{}_{}", "{1}_{0}")
    return tuple(form.format(name, split) for form in forms for name in names)


def _channels_first(values: NDArray[Any], name: str) -> NDArray[Any]:
    """[N, H, W] or [N, C, H, W] with the channels where they belong; what is assumed is said."""
    shape, colours = values.shape, (1, 3)
    if values.ndim == 3:
        if shape[0] in colours or shape[2] in colours:
            _say(f"{name}: {list(shape)} is read as [N, H, W]: {_of(shape[0], shape[1:])}, grey")
        return values
    if values.ndim == 5:
        raise DataError(
            f"{name}: {list(shape)} may be event frames [N, T, C, H, W], which are no still "
            "images; give them as input frames"
        )
    if values.ndim != 4 or not (shape[1] in colours or shape[3] in colours):
        raise DataError(
            f"{name}: images must be [N, H, W], [N, C, H, W] or [N, H, W, C] with C = 1 (grey) or "
            f"3 (red, green, blue), got {list(shape)}; reshape them"
        )
    first = shape[1] in colours
    axes, size = ("[N, C, H, W]", shape[2:]) if first else ("[N, H, W, C]", shape[1:3])
    C = shape[1] if first else shape[3]
    seen = "in red, green and blue" if C == 3 else "grey"
    also = ", not as [N, H, W, C]" if first and shape[3] in colours else ""
    _say(f"{name}: {list(shape)} is read as {axes}{also}: {_of(shape[0], size)}, {seen}")
    return values if first else values.transpose(0, 3, 1, 2)


def _of(count: int, size: tuple[int, ...]) -> str:
    return f"{count} image{'s' * (count != 1)} of {size[0]} x {size[1]} pixels"


def _to_bytes(values: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Levels of 0 to 255; what is assumed, or lost, is said."""
    if values.dtype == np.bool_:
        return np.ascontiguousarray(values) * np.uint8(255)
    if values.dtype == np.uint8:
        if 0 < values.max(initial=0) <= 1:
            _say(f"{name}: its bytes are 0 and 1, of 255 levels: nearly black")
        return np.ascontiguousarray(values)
    if values.dtype.kind != "f":
        raise DataError(
            f"{name}: images must be bytes (uint8) or floats in [0, 1], got {values.dtype}; "
            "convert them"
        )
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if not (low >= 0 and high <= 1):  # NaN is neither
        raise DataError(
            f"{name}: floats must be in [0, 1], got {low:g} to {high:g}; scale them, or save "
            "bytes (uint8) of 0 to 255"
        )
    levels = np.empty(values.shape, np.uint8)
    rounded = False
    for value, level in zip(values, levels, strict=True):  # one at a time: they may be many
        scaled = value.astype(np.float64) * 255
        level[...] = np.rint(scaled)
        rounded = rounded or bool((np.abs(scaled - level) > 1e-3).any())
    if rounded:
        _say(f"{name}: its floats are rounded to the 256 levels of bytes")
    return levels


def _labels(values: NDArray[Any], found: str, name: str) -> NDArray[np.int64]:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise DataError(
            f"{name}: {found} must be whole numbers [N], the class of each image, got "
            f"{values.dtype} {list(values.shape)}; convert them"
        )
    if values.max(initial=0) >= _MOST_CLASSES:
        raise DataError(
            f"{name}: {found} has {values.max()}, and at most {_MOST_CLASSES} classes are told "
            "apart; number them from 0"
        )
    return values.astype(np.int64)


def _classes(file: ArrayFile, labels: NDArray[np.int64]) -> tuple[str, ...]:
    """The names of the classes; their numbers where the file has none."""
    found = file.find(_CLASSES)
    if found is None:
        return tuple(map(str, range(int(labels.max(initial=0)) + 1)))
    names = file.read(found)
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise DataError(
            f"{file.path}: {found} must be text [classes], got {names.dtype} {list(names.shape)}; "
            "convert it"
        )
    return tuple(map(str, names.astype("U").tolist()))


def _say(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=1)
