"""A batch in parts that stay near the cache, and its counts step by step."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# About so many neurons are looked at together: their counts stay near the cache.
_BLOCK = 1 << 20


def blocks(
    record: "SpikeRecord", images: "NDArray[np.uint8]", maps: int = 0
) -> "Iterator[tuple[SpikeRecord, NDArray[np.uint8]]]":
    """The record and its images, some images at a time.

    Args:
        record: n images over T steps.
        images: Those images, [n, H, W].
        maps: How many maps of an image's size are held at once, where that is more than K.
    """
    step = max(1, _BLOCK // (max(record.shape[1], maps) * int(np.prod(record.shape[2:]))))
    for some in batches(len(images), step):
        yield record[some], images[some]


def counts_by_step(record: "SpikeRecord") -> "Iterator[NDArray[np.unsignedinteger]]":
    """`record.count(t)` for t = 0 .. T-1, [n, K, H, W]; each is to be used before the next."""
    if record.is_renewal:
        yield from map(record.count, range(record.T))
        return
    total = np.zeros(record.shape, np.min_scalar_type(record.T * record.most))
    for step in record.spikes() if record.most == 1 else record.steps():
        total += step
        yield total


def count_table(T: int) -> "NDArray[np.int64]":
    """Count of a renewal neuron by step and first-spike time: ints [T, T + 1].

    Row t, column f: floor((t + 1) / (f + 1)); 0 for f = T, silence.
    """
    table: NDArray[np.int64] = np.arange(1, T + 1)[:, np.newaxis] // np.arange(1, T + 2)
    return table
