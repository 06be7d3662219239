"""How far the neurons of a channel fire in the same steps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError
from snnviz.metrics.accumulator import mean_defined, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class SynchronyResult(Brief):
    """How synchronous each channel is, as means over the images for which that is defined.

    Attributes:
        images: Number of images.
        synchrony: See `channel_synchrony`, floats [K] in [0, 1].
        by_chance: What it is on average for as many neurons whose spikes fall in steps at random:
            1 / N of the N neurons that fire, floats [K].
        same_step: The share of a channel's first spikes that fall in its commonest step, floats
            [K]; NaN for a silent channel.
    """

    images: int
    synchrony: "Floats"
    by_chance: "Floats"
    same_step: "Floats"


def channel_synchrony(record: "SpikeRecord") -> "Floats":
    """Synchrony of the neurons of each channel that fire for an image, floats [n, K] in [0, 1].

    The variance over time of their mean activity, over the mean of their own variances (chi
    squared of D. Golomb and J. Rinzel, Physica D 72, 1994; D. Golomb, Scholarpedia 2(1):1347, 2007,
    of potentials there, of spikes here): 1 where all fire in the same steps, about 1 / N for N
    neurons that do not know of each other. For a still image and neurons that start alike it says
    how alike their drives are, and nothing of an interaction, since there is none. NaN where none
    fires, each fires in every step alike, or T = 1.

    Args:
        record: Of n images, channels [K, H, W].

    Example:
        >>> from snnviz.metrics import channel_synchrony
        >>> train = np.array([0, 1, 0, 1]).reshape(4, 1, 1, 1, 1)
        >>> pair = np.concatenate([train, train[::-1]], axis=-1)  # never in the same step
        >>> trains = np.concatenate([np.concatenate([train, train], axis=-1), pair], axis=2)
        >>> channel_synchrony(snnviz.SpikeRecord.from_spikes(trains)).tolist()
        [[1.0, 0.0]]
    """
    counts = record.count(record.T - 1)
    N = (counts > 0).sum((2, 3), dtype=np.int64)
    own = _squares(counts)
    totals, squares = np.zeros((record.T, *N.shape), np.int64), np.zeros_like(N)
    before = np.zeros_like(counts)
    for t in range(record.T):
        up_to = record.count(t)
        spikes = up_to - before
        totals[t] = spikes.sum((2, 3), dtype=np.int64)
        squares += totals[t] if record.most == 1 else _squares(spikes)
        before = up_to
    T = record.T
    # T^2 N^2 times the variance of the mean, and T^2 N times the mean variance: whole numbers.
    together = T * (totals**2).sum(0) - totals.sum(0) ** 2
    alone = T * squares - own
    return ratio(together, N * alone)


def same_first_step(record: "SpikeRecord") -> "Floats":
    """The share of a channel's first spikes that fall in its commonest step, floats [n, K].

    NaN where none fires.

    Args:
        record: Of n images, channels [K, H, W].
    """
    first = record.first_spike
    at = np.stack([(first == t).sum((2, 3), dtype=np.int64) for t in range(record.T)])
    return ratio(at.max(0), at.sum(0))


class Synchrony:
    """Gathers what channels do, an image's number each, batch by batch."""

    def __init__(self) -> None:
        self._found: list[tuple[Floats, Floats, Floats]] = []

    def update(self, record: "SpikeRecord") -> None:
        """Add the record of some images."""
        fires = (record.first_spike < record.T).sum((2, 3), dtype=np.int64)
        found = channel_synchrony(record)
        chance = np.where(np.isnan(found), np.nan, ratio(1, fires))
        self._found.append((found, chance, same_first_step(record)))

    def result(self) -> SynchronyResult:
        """The means so far.

        Raises:
            DataError: There were no images yet.
        """
        if not self._found:
            raise DataError("Synchrony has seen no images; update it first")
        parts = [np.concatenate(part) for part in zip(*self._found, strict=True)]
        return SynchronyResult(len(parts[0]), *(mean_defined(part, axis=0) for part in parts))


def _squares(counts: "NDArray[np.unsignedinteger]") -> "NDArray[np.int64]":
    """The sum over a map of squared counts, ints [n, K]."""
    wide = counts.astype(np.int64)
    total: NDArray[np.int64] = (wide * wide).sum((2, 3))
    return total
