"""Which of the published data sets of Fashion-MNIST's layout a pair of files is."""

from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple

from snnviz.data.idx import IdxFile, packed_name

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

FASHION_MNIST = "fashion-mnist"
# What is none of the sets known here.
UNKNOWN = "not fashion-mnist"
# What files in the place of Fashion-MNIST's may turn out to be.
IN_ITS_PLACE = (FASHION_MNIST, "mnist", "kmnist", UNKNOWN)


class _Published(NamedTuple):
    """A split: MD5 sums of its images' and labels' files, how it begins, and how long it is."""

    images: str
    labels: str
    first_labels: str
    size: int


# The sums are those of the unpacked files, as `md5sum *-ubyte` prints them.
_SUMS = {
    FASHION_MNIST: {
        "train": _Published(
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "90030272550955791064314843024453",
            60_000,
        ),
        "test": _Published(
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
            "92116146574573412480257914609388",
            10_000,
        ),
    },
    "mnist": {
        "train": _Published(
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "50419213143536172869",
            60_000,
        ),
        "test": _Published(
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
            "72104149590690159734",
            10_000,
        ),
    },
}
# The first image of each split of Fashion-MNIST, MD5 of its pixels.
_FIRST_IMAGE = {
    "train": "4faf81e309af5194c477affdbefc6116",
    "test": "a7ccdc296871349e7823556f7ce4b918",
}
# Sets that are known by their packed files only, as torchvision lists them: the labels' sums.
_PACKED_LABELS = {
    "e144d726b3acfaa3e44228e80efcd344": "kmnist",
    "7320c461ea6c1c855c0b718fb2a4b134": "kmnist",
}
# So many labels in another set's order are no coincidence.
_TELLING = 8


def published_name(images: IdxFile, labels: IdxFile, split: str) -> str:
    """The name of the data set that `split` of these files is of, `UNKNOWN` if of none known here.

    The first images of a published set, cut out of it for a trial, go by its name.
    """
    for name, splits in _SUMS.items():
        known = splits[split]
        if (images.checksum, labels.checksum) == (known.images, known.labels):
            return name
    if _is_beginning(images.values, labels.values, split):
        return FASHION_MNIST
    packed = packed_name(labels.path.with_name(labels.path.name.removesuffix(".gz")))
    other = _PACKED_LABELS.get(_md5(packed)) or _by_labels(labels.values, split)
    return other or UNKNOWN


def _is_beginning(images: "NDArray[np.uint8]", labels: "NDArray[np.uint8]", split: str) -> bool:
    """Whether these are the first few of Fashion-MNIST."""
    known = _SUMS[FASHION_MNIST][split]
    if not 0 < len(images) == len(labels) < known.size:
        return False
    first = md5(images[0].tobytes(), usedforsecurity=False).hexdigest()
    return first == _FIRST_IMAGE[split] and _agrees(labels, known.first_labels)


def _by_labels(labels: "NDArray[np.uint8]", split: str) -> str | None:
    """The other set whose labels begin like these."""
    for name, splits in _SUMS.items():
        if name == FASHION_MNIST or len(labels) < _TELLING:
            continue
        if _agrees(labels, splits[split].first_labels):
            return name
    return None


def _agrees(labels: "NDArray[np.uint8]", first: str) -> bool:
    begin: list[int] = labels[: len(first)].tolist()
    return begin == [int(digit) for digit in first[: len(begin)]]


def _md5(path: "Path") -> str:
    """The sum of a file, empty where there is none that can be read."""
    try:
        return md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        return ""
