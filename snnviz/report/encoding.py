"""Samples to records of channels, whatever their sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

from snnviz.adapters.encoder import Encoder
from snnviz.batching import batches
from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.encoding import encode_alike
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
    parts = batches(len(samples), _BATCH)
    records = [encode_alike(encoder, samples[part], T) for part in parts]
    return SpikeRecord.joined(records).by_channel()
