"""Data sets by what a user calls them: a name, a folder of pictures, a file of arrays."""

import os
import warnings
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from snnviz.data.fashion_mnist import Split, fashion_mnist
from snnviz.data.garments import garments
from snnviz.data.image_arrays import arrays_have_parts, load_image_arrays
from snnviz.data.named import NAMED, torchvision_set
from snnviz.data.picture_folders import PictureFolder, folder_has_parts, picture_folder
from snnviz.data.pictures import MAX_SIDE, check_size, resize
from snnviz.data.published import FASHION_MNIST
from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.data.images import ImageSet

# Names of the data sets, and how many garments are drawn where nobody says.
DATASETS = (FASHION_MNIST, "garments", *NAMED)
GARMENTS = {"train": 6000, "test": 1000}
# As many as Fashion-MNIST has; they are all kept in memory.
MOST_GARMENTS = {"train": 60_000, "test": 10_000}
# Height and width of images, where they are known before these are there.
KNOWN_SIZES = {FASHION_MNIST: (28, 28), "garments": (28, 28)}


def dataset_name(given: str) -> str:
    """The data set that is meant: one of `DATASETS`, or a path as it is given.

    Capital letters, dashes, underscores and spaces in names do not count. A name goes before a
    path that reads the same; `./mnist` is the path.

    Raises:
        ConfigError: There is neither such a name nor such a folder or file.
    """
    names = {_key(name): name for name in DATASETS}
    if _key(given) in names and not set(given) & {"/", os.sep}:
        return names[_key(given)]
    try:
        if Path(given).exists() and given:
            return given
    except (OSError, ValueError):  # longer than any path, or no path
        pass
    close = get_close_matches(_key(given), names, n=1)
    meant = f"did you mean {names[close[0]]}? The names are" if close else "choose from"
    raise ConfigError(
        f"no data set, folder or file {given!r}; {meant} {', '.join(DATASETS)}, or name a folder "
        "of pictures by class, or an .npz or .npy file"
    )


def has_parts(name: str) -> bool:
    """Whether a data set has images to train and others to test.

    Raises:
        DataError: It is a folder or a file that cannot be read.
        ConfigError: There is no such data set.
    """
    name = dataset_name(name)
    if name in DATASETS:
        return True
    return folder_has_parts(name) if Path(name).is_dir() else arrays_have_parts(name)


def load_dataset(
    name: str,
    split: Split,
    root: Path,
    *,
    count: int | None = None,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    max_side: int = MAX_SIDE,
) -> "ImageSet":
    """The data set called `name`, in memory.

    Args:
        name: One of `DATASETS`, a folder (`picture_folder`) or a file (`load_image_arrays`).
        split: "train" or "test".
        root: Where the files of named sets are, or are downloaded to.
        count: Only so many images; None: all, of garments 6,000 (train) or 1,000 (test), of which
            there can be as many as Fashion-MNIST has images. They are the first ones; of a set that
            is in the order of its classes they are taken evenly, and a warning says so.
        channels: 1 for grey images, 3 for colours, whatever the set has; None: as it has them.
        size: (H, W) to which each image is scaled, whatever its shape, as torchvision's `Resize`
            scales pictures; None: as they are.
        max_side: See `snnviz.data.load_picture`; where there is no `size`.

    Raises:
        DataError: The files are missing, unreadable or not what their name says.
        ConfigError: There is no such data set, or it has fewer images.
    """
    options = {"count": count, "channels": channels, "size": size, "max_side": max_side}
    found = open_dataset(name, split, root, **options)  # type: ignore[arg-type]
    total = len(found)
    if count is not None and not 1 <= count <= total:
        raise ConfigError(f"cannot take {count} of {total} images; choose 1 to {total}")
    some = None if count is None or count == total else _some(found, count)
    if isinstance(found, PictureFolder):
        return found.read(some)
    return found if some is None else found.take(some)


def open_dataset(
    name: str,
    split: Split,
    root: Path,
    *,
    count: int | None = None,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    max_side: int = MAX_SIDE,
) -> "ImageSet | PictureFolder":
    """The data set called `name`; the pictures of a folder are not read yet.

    Args:
        name: As for `load_dataset`.
        split: As for `load_dataset`.
        root: As for `load_dataset`.
        count: How many garments to draw; other sets are opened whole.
        channels: As for `load_dataset`.
        size: As for `load_dataset`.
        max_side: As for `load_dataset`.

    Raises:
        DataError: As `load_dataset` does.
        ConfigError: As `load_dataset` does.
    """
    name = dataset_name(name)
    images: ImageSet | PictureFolder
    if name == "garments":
        images = _drawn(count, split)
    elif name == FASHION_MNIST:
        images = fashion_mnist(root, split)
    elif name in NAMED:
        images = torchvision_set(name, root, split, size=size, channels=channels)
    elif Path(name).is_dir():
        return picture_folder(name, split, channels=channels, size=size, max_side=max_side)
    else:
        images = load_image_arrays(name, split)
    if isinstance(images, PictureFolder):
        return images
    if channels is not None:
        images = images.with_channels(channels)
    return images if size in (None, images.size) else _resized(images, size)


def _drawn(count: int | None, split: Split) -> "ImageSet":
    count, most = GARMENTS[split] if count is None else count, MOST_GARMENTS[split]
    if count > most:
        raise ConfigError(f"cannot take {count} of {most} garments; choose 1 to {most}")
    return garments(count, split)


def _some(found: "ImageSet | PictureFolder", count: int) -> "NDArray[np.intp]":
    """Which `count` images to take: the first ones, or others where those lack classes."""
    first: NDArray[np.intp] = np.arange(count)
    if found.labels is None:
        return first
    labels = found.labels.astype(np.int64)
    classes = len(np.unique(labels))
    in_order = not (np.diff(labels) < 0).any() and len(labels) > classes
    if not in_order or len(np.unique(labels[:count])) == classes:
        return first
    warnings.warn(
        f"{found.name} is in the order of its classes: {count} of its {len(found)} images are "
        "taken evenly, not the first ones",
        stacklevel=1,
    )
    return first * len(found) // count


def _resized(images: "ImageSet", size: tuple[int, int]) -> "ImageSet":
    """The same images, of another size."""
    check_size(size)
    whole = images.images if images.channels == 1 else np.moveaxis(images.images, 1, 3)
    scaled = np.stack([np.asarray(resize(Image.fromarray(image), size)) for image in whole])
    first_axes = scaled if images.channels == 1 else np.moveaxis(scaled, 3, 1)
    return replace(images, images=np.ascontiguousarray(first_axes))


def _key(name: str) -> str:
    return name.strip().lower().translate(str.maketrans("", "", "-_ "))
