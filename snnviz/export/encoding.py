"""Images to records, as a stream whose memory depends on neither their number nor their size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    encoder: "Encoder",
    samples: Iterable[Sample],
    T: int,
    *,
    part: int,
    known: "Mapping[int, SpikeRecord] | None" = None,
) -> Iterator[tuple[list[Sample], "SpikeRecord"]]:
    """Samples of one size with their record, no more than `part` at once, in their order.

    Records are of feature maps, see `SpikeRecord.maps`.

    Args:
        encoder: What encodes the images.
        samples: The images, taken a batch at a time.
        T: Number of time steps.
        part: How many at most; fewer where they are large.
        known: Records of some of the samples, by their index, which are not encoded again.
    """
    for shape, group in groupby(samples, key=seen_shape):
        size = encoder.record_size((shape[-2], shape[-1]), T)
        count = fitting(size, _BATCH_BYTES, _BATCH)
        part_count = fitting(size, _PART_BYTES, part)
        while batch := list(islice(group, count)):
            record = _completed(encoder, batch, T, known or {})
            for some in batches(len(batch), part_count):
                yield batch[some], record[some]


def encode_first(
    encoder: "Encoder",
    samples: Sequence[Sample],
    T: int,
    most: int,
    known: "dict[int, SpikeRecord]",
) -> "tuple[list[Sample], SpikeRecord]":
    """The first samples of one size, so many at most, and their record as feature maps.

    Args:
        encoder: What encodes the images.
        samples: The images.
        T: Number of time steps.
        most: How many at most.
        known: Records by the samples' index, which are not encoded again; these are added.
    """
    few = alike(samples, most)
    record = _completed(encoder, few, T, known)
    known |= {sample.index: record[n] for n, sample in enumerate(few)}
    return few, record


def keep_few(
    encoder: "Encoder", found: "dict[int, SpikeRecord]", record: "SpikeRecord", sample: Sample
) -> None:
    """Add a sample's record to those found, as long as they take no more than a batch's."""
    shape = seen_shape(sample)
    size = encoder.record_size((shape[-2], shape[-1]), record.T)
    if len(found) < fitting(size, _BATCH_BYTES, _BATCH):
        found[sample.index] = record


def _completed(
    encoder: "Encoder", batch: list[Sample], T: int, known: "Mapping[int, SpikeRecord]"
) -> "SpikeRecord":
    """The record of a batch, of which some are known."""
    missing = [sample for sample in batch if sample.index not in known]
    if len(missing) == len(batch):
        return encode_samples(encoder, batch, T)
    rest = encode_samples(encoder, missing, T) if missing else None
    if rest is not None and rest.is_renewal != known[_first_known(batch, known)].is_renewal:
        # Other images showed that the neurons alone are not enough to tell.
        return encode_samples(encoder, batch, T)
    parts, taken = [], 0
    for sample in batch:
        if sample.index in known:
            parts.append(known[sample.index])
        elif rest is not None:
            parts.append(rest[taken : taken + 1])
            taken += 1
    return parts[0].joined(parts)


def _first_known(batch: list[Sample], known: "Mapping[int, SpikeRecord]") -> int:
    return next(sample.index for sample in batch if sample.index in known)


def encode_samples(encoder: "Encoder", samples: Sequence[Sample], T: int) -> "SpikeRecord":
    """The record of samples of one size, as feature maps [N, K, H, W].

    Raises:
        ShapeError: They do not suit the encoder.
        ConfigError: The encoder's network cannot be run so, or takes no event frames.
    """
    return encode_alike(encoder, samples, T).maps()


def encode_alike(encoder: "Encoder", samples: Sequence[Sample], T: int) -> "SpikeRecord":
    """The record of samples of one size, still images or event frames, as the layer's shape is.

    Raises:
        ShapeError: As `encode_samples`.
        ConfigError: As `encode_samples`.
    """
    if samples[0].frames is None:
        return encoder.encode(inputs(samples), T)
    frames = np.stack([sample.frames for sample in samples if sample.frames is not None], axis=1)
    return encoder.encode_sequence(frames, T)


def alike(samples: Sequence[Sample], most: int) -> list[Sample]:
    """The first samples as large as the very first one, so many at most."""
    shape = seen_shape(samples[0])
    return list(islice((each for each in samples if seen_shape(each) == shape), most))


def inputs(samples: Sequence[Sample]) -> "NDArray[np.float32]":
    """Still images of one size as an encoder takes them, float32 [N, C, H, W] in [0, 1]."""
    return to_input(np.stack([sample.channels for sample in samples]))


def seen_shape(sample: Sample) -> tuple[int, ...]:
    """Height and width of what an encoder sees of a sample; those of event frames with more."""
    return sample.image.shape if sample.frames is None else sample.frames.shape


def fitting(size: int, room: int, most: int) -> int:
    """How many of that size to take: at least one, `most` at most."""
    return max(1, min(most, room // size))
