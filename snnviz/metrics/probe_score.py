"""How often a probe is right, and which of several is right most often.

`ProbeScore` and `ProbeChoice` are accumulators of images that the probes were not fitted to.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ShapeError
from snnviz.metrics.accumulator import Accumulator
from snnviz.metrics.pooling import pooled_counts
from snnviz.metrics.probe import ClassProbe
from snnviz.metrics.wilson import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class ProbeResult(Brief):
    """How often a probe is right on images that it was not fitted to.

    Attributes:
        correct: Number of images whose class it finds.
        total: Number of images.
        interval: 95 % confidence interval of the accuracy (E. Wilson 1927).
        chance: Accuracy of always guessing the commonest class of these images.
        train_images: Number of images that it was fitted on.
        features: Number of features that it looks at.
        strength: The penalty that it was fitted with.
        training_deviation: Standard deviation of the accuracy over training sets of that size, as
            far as parts of the one that it was fitted on tell (`snnviz.metrics.jackknife_deviation`
            of the accuracy without each fifth); `interval` knows nothing of it. NaN where probes
            without a part were not fitted.
    """

    correct: int
    total: int
    interval: tuple[float, float]
    chance: float
    train_images: int
    features: int
    strength: float
    training_deviation: float = math.nan

    @classmethod
    def of(
        cls,
        correct: int,
        labels: "Ints",
        probe: ClassProbe,
        *,
        training_deviation: float = math.nan,
    ) -> "Self":
        """The result of a probe that was so often right.

        Args:
            correct: Number of images whose class it finds.
            labels: How many images of each class there were, ints [classes].
            probe: The classifier.
            training_deviation: As the attribute.
        """
        total = int(labels.sum())
        return cls(
            correct,
            total,
            wilson_interval(correct, total),
            int(labels.max()) / total,
            probe.train_images,
            len(probe.weights),
            probe.strength,
            training_deviation,
        )

    @property
    def accuracy(self) -> float:
        """`correct / total`, in [0, 1]."""
        return self.correct / self.total


class ProbeScore(Accumulator):
    """Accumulates how often a probe is right.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        probe: The classifier; `update` needs labels.

    Raises:
        ShapeError: The classifier is for other records.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], probe: ClassProbe) -> None:
        classes = len(probe.bias)
        super().__init__(T, shape, {"correct": (), "labels": (classes,)}, classes=classes)
        if shape[0] * probe.side**2 != len(probe.weights):
            raise ShapeError(f"the probe has {len(probe.weights)} features, not those of {shape}")
        self.probe = probe

    def _add(
        self, record: "SpikeRecord", _images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        self.state["correct"] += int((self.probe.classify(record) == labels).sum())
        self.state["labels"] += np.bincount(labels, minlength=len(self.probe.bias))

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen to this one.

        Raises:
            ShapeError: It is for other records or another classifier.
        """
        ours, theirs = self.probe, other.probe
        if not all(
            np.array_equal(getattr(ours, name), getattr(theirs, name))
            for name in ("weights", "bias")
        ):
            raise ShapeError("cannot merge scores of two probes; give both the same one")
        super().merge(other)

    def result(self) -> ProbeResult:
        """The score so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        return ProbeResult.of(int(self.state["correct"]), self.state["labels"], self.probe)


class ProbeChoice(Accumulator):
    """Accumulates which of several probes is right most often, on images that none was fitted to.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        probes: Classifiers of the same features that differ in strength, one or more; `update`
            needs labels.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], probes: "Sequence[ClassProbe]") -> None:
        sizes = {"correct": (len(probes),)}
        super().__init__(T, shape, sizes, classes=len(probes[0].bias))
        self.probes = probes

    def _add(
        self, record: "SpikeRecord", _images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        features = pooled_counts(record, self.probes[0].side, self.probes[0].t)
        for i, probe in enumerate(self.probes):
            self.state["correct"][i] += int((probe.classify_pooled(features) == labels).sum())

    def result(self) -> float:
        """The strength of the probe that is right most often; of several equal ones the largest.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        correct = self.state["correct"].tolist()
        strengths = (probe.strength for probe in self.probes)
        return max(zip(correct, strengths, strict=True))[1]
