"""A second encoder on the same images, its channels matched with those of the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from snnviz.adapters.encoder import Encoder
from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.files import printable
from snnviz.report.encoding import Shown, encode_all
from snnviz.report.packing import Block

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Compared:
    """What an encoder is compared with.

    Attributes:
        encoder: The other encoder.
        title: What it is called.
    """

    encoder: Encoder
    title: str


def match_channels(
    one: NDArray[np.integer], other: NDArray[np.integer]
) -> tuple[NDArray[np.intp], Floats]:
    """For each channel the one of the other encoder that it is matched with, and their r.

    Pearson's r of the spike counts over all pixels of all images, 0 where either is constant; of
    all ways to match each channel with one other, the way with the largest sum of r.

    Args:
        one: Spike counts [N, K, H, W].
        other: The same of the other encoder, [N, K', H, W].

    Returns:
        The matches, ints [K], -1 where there are too few others; r, floats [K], NaN there.
    """
    values = [_standardized(counts) for counts in (one, other)]
    r = values[0] @ values[1].T
    rows, columns = linear_sum_assignment(-r)
    match = np.full(len(r), -1)
    match[rows] = columns
    reached = np.full(len(r), np.nan)
    reached[rows] = r[rows, columns]
    return match, reached


def _standardized(counts: NDArray[np.integer]) -> Floats:
    """Rows [K, N * H * W] of mean 0 and length 1; all 0 where a channel is constant."""
    rows = counts.swapaxes(0, 1).reshape(counts.shape[1], -1).astype(np.float64)
    rows -= rows.mean(1, keepdims=True)
    length = np.sqrt((rows * rows).sum(1, keepdims=True))
    scaled: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return scaled


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
            f"maps of {sizes[0]} and of {sizes[1]} neurons cannot be matched pixel by pixel; "
            "compare with an encoder whose maps are of one size with these"
        )
    match, r = match_channels(one.count(T - 1), other.count(T - 1))
    by_place = {n: shown.record[i] for shown in others for i, n in enumerate(shown.places)}
    return {
        "title": printable(compared.title),
        "K": other.shape[1],
        "neurons": printable(compared.encoder.neurons),
        "most": max(shown.record.most for shown in others),
        "match": match.tolist(),
        "r": [None if np.isnan(value) else round(float(value), 3) for value in r],
        "n": len(one),
        "images": [block.add_record(by_place[n]) for n in sorted(by_place)],
    }
