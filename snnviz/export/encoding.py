"""Images to records, as a stream whose memory depends on neither their number nor their size."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from snnviz.data import Sample, to_input

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

# Images that are encoded together: many, because the encoder starts its threads anew each time.
_BATCH = 128
# Bytes of a batch's record, and of the part of it that a worker gets at once; several of the latter
# wait for each worker. 128 images of Fashion-MNIST in 128 channels take 13 MB.
_BATCH_BYTES = 1 << 24
_PART_BYTES = 1 << 21


def encoded(
    encoder: "Encoder", samples: Iterable[Sample], T: int, *, part: int
) -> Iterator[tuple[list[Sample], "SpikeRecord"]]:
    """Samples of one size with their record, no more than `part` at once, in their order.

    Args:
        encoder: What encodes the images.
        samples: The images, taken a batch at a time.
        T: Number of time steps.
        part: How many at most; fewer where they are large.
    """
    for shape, group in groupby(samples, key=lambda sample: sample.image.shape):
        size = encoder.record_size(shape, T)
        count = fitting(size, _BATCH_BYTES, _BATCH)
        part_count = fitting(size, _PART_BYTES, part)
        while batch := list(islice(group, count)):
            record = encoder.encode(to_input(np.stack([sample.channels for sample in batch])), T)
            for start in range(0, len(batch), part_count):
                stop = start + part_count
                yield batch[start:stop], record[start:stop]


def fitting(size: int, room: int, most: int) -> int:
    """How many of that size to take: at least one, `most` at most."""
    return max(1, min(most, room // size))
