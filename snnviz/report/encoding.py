"""Samples to records of channels, whatever their sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnviz.adapters.encoder import Encoder
from snnviz.batching import batches
from snnviz.data import Sample, to_input
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord

_BATCH = 64


@dataclass(frozen=True, eq=False)
class Shown:
    """Samples of one size, and what became of them.

    Attributes:
        places: Where they stand among all samples.
        samples: The samples.
        record: Their record as channels [N, K, H, W].
    """

    places: list[int]
    samples: list[Sample]
    record: SpikeRecord


def encode_all(encoder: Encoder, samples: Sequence[Sample], T: int) -> list[Shown]:
    """What becomes of the samples, those of one size together.

    Raises:
        ShapeError: They do not suit the encoder.
        ConfigError: The encoder cannot be run so, or gives images of different sizes a different
            number of channels.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, sample in enumerate(samples):
        seen = sample.channels if sample.frames is None else sample.frames
        groups.setdefault(seen.shape, []).append(place)
    found = [
        Shown(places, some, _encode(encoder, some, T))
        for places in groups.values()
        for some in [[samples[place] for place in places]]
    ]
    kinds = {shown.record.shape[1] for shown in found}
    if len(kinds) > 1:
        raise ConfigError(
            "images of different sizes have different numbers of channels in this layer; give "
            "images of one size"
        )
    return found


def _encode(encoder: Encoder, samples: Sequence[Sample], T: int) -> SpikeRecord:
    records = []
    for part in batches(len(samples), _BATCH):
        some = samples[part]
        if some[0].frames is None:
            records.append(encoder.encode(inputs(some), T))
        else:
            frames = np.stack([s.frames for s in some if s.frames is not None], axis=1)
            records.append(encoder.encode_sequence(frames, T))
    return SpikeRecord.joined(records).by_channel()


def inputs(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """Still images of one size as an encoder takes them, float32 [N, C, H, W] in [0, 1]."""
    return to_input(np.stack([sample.channels for sample in samples]))
