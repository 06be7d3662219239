"""A second encoder on the same images, its channels matched with those of the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.files import printable
from snnviz.metrics import match_channels
from snnviz.report.encoding import Shown, encode_all
from snnviz.report.packing import Block


@dataclass(frozen=True, eq=False)
class Compared:
    """What an encoder is compared with.

    Attributes:
        encoder: The other encoder.
        title: What it is called.
    """

    encoder: Encoder
    title: str


def comparison(
    groups: Sequence[Shown], compared: Compared, samples: Sequence[Sample], T: int, block: Block
) -> dict[str, Any]:
    """What a page needs to show the other encoder beside the first.

    Args:
        groups: What became of the samples in the first encoder.
        compared: The other.
        samples: The samples.
        T: Number of time steps.
        block: Where arrays go.

    Raises:
        ShapeError: The samples do not suit the other encoder.
        ConfigError: Its maps are of another size.
    """
    others = encode_all(compared.encoder, samples, T)
    place = max(range(len(groups)), key=lambda n: len(groups[n].samples))
    one, other = groups[place].record, others[place].record
    if one.shape[2:] != other.shape[2:]:
        sizes = [" x ".join(map(str, record.shape[2:])) for record in (one, other)]
        raise ConfigError(
            f"maps of {sizes[0]} and of {sizes[1]} neurons cannot be matched pixel by pixel",
            "compare with an encoder whose maps are as large as these",
        )
    matching = match_channels(one.count(T - 1), other.count(T - 1))
    by_place = {n: shown.record[i] for shown in others for i, n in enumerate(shown.places)}
    return {
        "title": printable(compared.title),
        "K": other.shape[1],
        "neurons": printable(compared.encoder.neurons),
        "most": max(shown.record.most for shown in others),
        "match": matching.partner.tolist(),
        "r": [
            None if np.isnan(value) else round(float(value), 3) for value in matching.correlation
        ],
        "n": len(one),
        "images": [block.add_record(by_place[n]) for n in sorted(by_place)],
    }
