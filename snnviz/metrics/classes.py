"""What an encoder makes of each class: mean maps, and which class a channel prefers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics.accumulator import Accumulator, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord


@dataclass(frozen=True, repr=False)
class ClassesResult(Brief):
    """What an encoder makes of each class.

    Attributes:
        images: Number of images.
        label_counts: Number of images of each class, int64 [classes].
        atlas: Mean spike count up to step t of every neuron over the images of a class, float64
            [classes, K, H, W] in [0, (t + 1) * most]; NaN for a class without images.
        response: Mean of each of those maps, float64 [classes, K] in [0, (t + 1) * most].
        selectivity: `class_selectivity` of the responses, float64 [K] in [0, 1]; NaN for a silent
            channel, and where there are images of fewer than two classes.
        preferred: The class with the highest response, the first of several equal ones, ints [K];
            -1 where the selectivity is NaN.
        most: The largest number of spikes of a neuron in one step.
    """

    images: int
    label_counts: "NDArray[np.int64]"
    atlas: "NDArray[np.float64]"
    response: "NDArray[np.float64]"
    selectivity: "NDArray[np.float64]"
    preferred: "NDArray[np.int64]"
    most: int = 1


def class_selectivity(
    response: "NDArray[np.floating]",
) -> tuple["NDArray[np.float64]", "NDArray[np.int64]"]:
    """How much each channel prefers one class, float64 [K] in [0, 1], and which, ints [K].

    (r_max - r_rest) / (r_max + r_rest) with r_max the highest of the mean responses to a class and
    r_rest the mean of those to the others (Morcos et al., ICLR 2018, where the response of a
    feature map is its mean too): 0 where all classes are alike, 1 where only one has a response.
    NaN and -1 where there is no response, or only one class.

    Args:
        response: Mean responses >= 0, [classes, K]; NaN in the whole row of a class without images.
    """
    response = np.asarray(response, np.float64)
    seen = np.flatnonzero(~np.isnan(response).any(axis=1))
    K = response.shape[1]
    if len(seen) < 2:
        return np.full(K, np.nan), np.full(K, -1)
    known = response[seen]
    highest = known.max(axis=0)
    preferred = known.argmax(axis=0)
    others = np.arange(len(seen))[:, np.newaxis] != preferred
    rest = known.mean(axis=0, where=others)
    selectivity = ratio(highest - rest, highest + rest)
    # Equal responses have a mean that rounding can take a little above them.
    return np.maximum(selectivity, 0), np.where(np.isnan(selectivity), -1, seen[preferred])


class Classes(Accumulator):
    """Accumulates the spike counts of every neuron, class by class.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        classes: Number of classes; `update` needs labels.
        t: Step up to which spikes are counted; None: the last.
    """

    def __init__(
        self, T: int, shape: tuple[int, int, int], *, classes: int, t: int | None = None
    ) -> None:
        if classes < 1:
            raise ConfigError(f"the number of classes must be at least 1, got {classes}")
        sizes = {"spikes": (classes, *shape), "labels": (classes,)}
        self.t = T - 1 if t is None else t
        super().__init__(T, shape, sizes, classes=classes, t=self.t)
        if not 0 <= self.t < T:
            raise ConfigError(f"t must be in 0..{T - 1} for T = {T}, got {t}")

    def _add(
        self, record: "SpikeRecord", _images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        counts = record.count(self.t)
        # So many images that their sum fits into the smallest type that a sum of their number can
        # need; in this type NumPy adds whole vectors at once.
        largest = self.T * record.most
        dtype = np.uint8 if largest <= 64 else np.uint64
        together = max(1, np.iinfo(dtype).max // largest)
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            for part in batches(len(rows), together):
                some = counts[rows[part]]
                self.state["spikes"][label] += some.sum(axis=0, dtype=dtype).astype(np.int64)
            self.state["labels"][label] += len(rows)

    def result(self) -> ClassesResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        spikes, labels = self.state["spikes"], self.state["labels"].copy()
        neurons = self.shape[1] * self.shape[2]
        response = ratio(spikes.sum(axis=(2, 3)), labels[:, np.newaxis] * neurons)
        selectivity, preferred = class_selectivity(response)
        return ClassesResult(
            images=self.images,
            label_counts=labels,
            atlas=ratio(spikes, labels[:, np.newaxis, np.newaxis, np.newaxis]),
            response=response,
            selectivity=selectivity,
            preferred=preferred,
            most=self.most,
        )
