"""Images to records, as a stream whose memory depends on neither their number nor their size."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.data import Sample, to_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    Records are of feature maps, see `SpikeRecord.maps`.

    Args:
        encoder: What encodes the images.
        samples: The images, taken a batch at a time.
        T: Number of time steps.
        part: How many at most; fewer where they are large.
    """
    for shape, group in groupby(samples, key=seen_shape):
        size = encoder.record_size((shape[-2], shape[-1]), T)
        count = fitting(size, _BATCH_BYTES, _BATCH)
        part_count = fitting(size, _PART_BYTES, part)
        while batch := list(islice(group, count)):
            record = encode_samples(encoder, batch, T)
            for some in batches(len(batch), part_count):
                yield batch[some], record[some]


def encode_samples(encoder: "Encoder", samples: Sequence[Sample], T: int) -> "SpikeRecord":
    """The record of samples of one size, as feature maps [N, K, H, W].

    Raises:
        ShapeError: They do not suit the encoder.
        ConfigError: The encoder's network cannot be run so, or takes no event frames.
    """
    if samples[0].frames is None:
        return encoder.encode(inputs(samples), T).maps()
    frames = np.stack([sample.frames for sample in samples if sample.frames is not None], axis=1)
    return encoder.encode_sequence(frames, T).maps()


def inputs(samples: Sequence[Sample]) -> "NDArray[np.float32]":
    """Still images of one size as an encoder takes them, float32 [N, C, H, W] in [0, 1]."""
    return to_input(np.stack([sample.channels for sample in samples]))


def seen_shape(sample: Sample) -> tuple[int, ...]:
    """Height and width of what an encoder sees of a sample; those of event frames with more."""
    return sample.image.shape if sample.frames is None else sample.frames.shape


def fitting(size: int, room: int, most: int) -> int:
    """How many of that size to take: at least one, `most` at most."""
    return max(1, min(most, room // size))
