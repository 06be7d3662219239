"""Which first spikes stay when images are made a little worse: a channel's stable skeleton."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.accumulator import ratio
from snnviz.metrics.stability import check_first_spikes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.integer]
    Floats = NDArray[np.float64]

WITHIN = 1
"""Steps by which a first spike may move and still be stable."""


@dataclass(frozen=True, repr=False)
class SkeletonResult(Brief):
    """How much of each channel is stable.

    Attributes:
        images: Number of images.
        copies: Number of noisy copies of each.
        severity: Of their noise, see `snnviz.metrics.corrupt`.
        stable: The share of the neurons that fire for an image that are stable, see
            `stable_neurons`; over all images, floats [K] in [0, 1]; NaN for a silent channel.
        by_chance: The same with the copies of another image, the one before, over all but the
            first: what agreement says nothing; NaN where there is one image.
        maps: In which share of the images each neuron is stable, floats [K, H, W].
        overall: `stable` of all channels together.
    """

    images: int
    copies: int
    severity: int
    stable: "Floats"
    by_chance: "Floats"
    maps: "Floats"
    overall: float


def stable_neurons(before: "Ints", copies: "Sequence[Ints]", T: int) -> "NDArray[np.bool_]":
    """Which neurons fire in all records of an image, first at nearly the same step; bool [n, ...].

    Those that fire as it is, and in each of its copies, with a first spike that is at most one step
    earlier or later. One that falls silent is not stable, whenever it fired. The rule is that of
    reliability and precision of spikes over repeats (Z. Mainen and T. Sejnowski, Science 268,
    1995), with all repeats required and a window of three steps.

    Args:
        before: First-spike time of each neuron, ints [n, ...] in 0..T, T where it never fires.
        copies: The same of one or more copies of these images.
        T: Number of time steps.

    Raises:
        ShapeError: They have different shapes, or a time outside 0..T, or there is no copy.

    Example:
        >>> from snnviz.metrics import stable_neurons
        >>> stable_neurons(np.array([[0, 2, 3, 4]]), [np.array([[1, 0, 4, 4]])], T=4).tolist()
        [[True, False, False, False]]
    """
    if not copies:
        raise ShapeError("what is stable is found from one copy or more, got none")
    found = before < T
    for copy in copies:
        check_first_spikes(before, copy, T)
        moved = np.abs(before.astype(np.int32) - copy)
        found &= (copy < T) & (moved <= WITHIN)
    return found


class Skeleton:
    """Adds up which neurons are stable, batch by batch.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        severity: Of the noise of the copies.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], severity: int) -> None:
        self.T, self.severity = T, severity
        self.images = self.copies = 0
        self._stable = np.zeros(shape, np.int64)
        self._last: list[Ints] = []
        # Neurons that fire; and of images that have another one before: that fire, and agree.
        self._sums = np.zeros((3, shape[0]), np.int64)

    def update(self, before: "Ints", copies: "Sequence[Ints]") -> None:
        """Add one image or more: first-spike times [n, K, H, W], and those of their copies.

        Raises:
            ShapeError: As `stable_neurons`.
        """
        self._stable += stable_neurons(before, copies, self.T).sum(0, dtype=np.int64)
        fires = _by_channel(before < self.T)
        self._sums[0] += fires.sum(0)
        # Of each image but the very first, the copies of the one before.
        known = self._last or [copy[:0] for copy in copies]
        others = [np.concatenate(both)[:-1] for both in zip(known, copies, strict=True)]
        late = slice(len(before) - len(others[0]), None)
        self._sums[1] += fires[late].sum(0)
        self._sums[2] += _by_channel(stable_neurons(before[late], others, self.T)).sum(0)
        self._last = [copy[-1:].copy() for copy in copies]
        self.images += len(before)
        self.copies = len(copies)

    def result(self) -> SkeletonResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        if not self.images:
            raise DataError("Skeleton has seen no images; update it first")
        fires, compared, agreed = self._sums
        return SkeletonResult(
            images=self.images,
            copies=self.copies,
            severity=self.severity,
            stable=ratio(self._stable.sum((1, 2)), fires),
            by_chance=ratio(agreed, compared),
            maps=self._stable / self.images,
            overall=float(ratio(self._stable.sum(), fires.sum())),
        )


def _by_channel(which: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """How many neurons of each channel, ints [n, K]."""
    count: NDArray[np.int64] = which.sum((2, 3), dtype=np.int64)
    return count
