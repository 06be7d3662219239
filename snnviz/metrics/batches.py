"""What every family is fed: a record, its images, and their counts step by step."""

from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.errors import ConfigError, DataError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from snnviz.spikes import SpikeRecord

# About so many neurons are looked at together: their counts stay near the cache.
_BLOCK = 1 << 20


def check_shape(T: int, shape: tuple[int, int, int]) -> None:
    """Refuse steps or sides below 1.

    Raises:
        ConfigError: T or a side of `shape`, (K, H, W), is below 1.
    """
    if T < 1 or len(shape) != 3 or min(shape) < 1:
        raise ConfigError(f"T and (K, H, W) must be 1 or more, got T = {T} and {tuple(shape)}")


def check_batch(
    record: "SpikeRecord", images: "NDArray[np.uint8]", T: int, shape: tuple[int, int, int]
) -> None:
    """Refuse a record or images that an accumulator for T and (K, H, W) cannot take.

    Raises:
        ShapeError: The record has other steps or sides, or the images are not its.
    """
    if (record.T, *record.shape[1:]) != (T, *shape):
        raise ShapeError(
            f"this is for T = {T} and (K, H, W) = {tuple(shape)}, "
            f"got a record of T = {record.T} and {record.shape[1:]}"
        )
    expected = (len(record.first_spike), *shape[1:])
    if images.dtype != np.uint8 or images.shape != expected:
        raise ShapeError(
            f"images must be uint8 {list(expected)} like the record, "
            f"got {images.dtype} {list(images.shape)}"
        )


def check_labels(
    labels: "NDArray[np.uint8] | None", count: int, classes: int
) -> "NDArray[np.intp]":
    """The labels as indices, ints [n] in 0..classes-1.

    Raises:
        DataError: There are none, or one is no class.
        ShapeError: They are not one an image.
    """
    if labels is None:
        raise DataError("the images have no labels; name a labelled data set")
    if labels.shape != (count,):
        raise ShapeError(f"labels must be [{count}], one an image, got {list(labels.shape)}")
    if count and labels.max() >= classes:
        raise DataError(
            f"label {labels.max()} is none of {classes} classes; say how many there are"
        )
    return labels.astype(np.intp)


def check_same(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    """Refuse to merge what was made with other parameters.

    Raises:
        ShapeError: The tuples differ.
    """
    if ours != theirs:
        raise ShapeError(f"cannot merge {theirs} into {ours}; make both with the same parameters")


def add_sums(ours: "dict[str, NDArray[np.int64]]", theirs: "dict[str, NDArray[np.int64]]") -> None:
    """Add each of `theirs` to the one of the same name."""
    for name, values in theirs.items():
        ours[name] += values


def blocks(
    record: "SpikeRecord", images: "NDArray[np.uint8]"
) -> "Iterator[tuple[SpikeRecord, NDArray[np.uint8]]]":
    """The record and its images, some images at a time."""
    step = max(1, _BLOCK // max(1, record.first_spike[:1].size))
    for start in range(0, len(images), step):
        yield record[start : start + step], images[start : start + step]


def counts_by_step(record: "SpikeRecord") -> "Iterator[NDArray[np.unsignedinteger]]":
    """`record.count(t)` for t = 0 .. T-1, [n, K, H, W]; each is to be used before the next."""
    if record.is_renewal:
        yield from map(record.count, range(record.T))
        return
    total = np.zeros(record.shape, record.first_spike.dtype)
    for spikes in record.spikes():
        total += spikes
        yield total


def count_table(T: int) -> "NDArray[np.int64]":
    """Count of a renewal neuron by step and first-spike time: ints [T, T + 1].

    Row t, column f: floor((t + 1) / (f + 1)); 0 for f = T, silence.
    """
    table: NDArray[np.int64] = np.arange(1, T + 1)[:, np.newaxis] // np.arange(1, T + 2)
    return table
