"""What a linear classifier can tell about the class from the counts up to one step.

The accumulator `ProbeFit` sees labelled training images and fits the classifier; how often that is
right on others is in `probe_score`. (G. Alain, Y. Bengio 2016, arXiv:1610.01644, on probes.)
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, check_shape
from snnviz.metrics.parts import blocks
from snnviz.metrics.pooling import pooled_counts, pooling_side
from snnviz.metrics.ridge import exact_weights, ridge_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

RIDGE = 0.01
"""Strength of the penalty where none is named, as a share of the mean variance of a feature."""

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""What `ProbeChoice` chooses from: codes of few maps need another strength than those of many."""


@dataclass(frozen=True, repr=False)
class ClassProbe(Brief):
    """A linear classifier of pooled counts: the class with the largest weights . counts + bias.

    Attributes:
        side: Cells along each side of a map, see `pooled_counts`.
        weights: [F, classes], F = K side^2.
        bias: [classes].
        train_images: Number of images that it was fitted on.
        t: Step up to which spikes are counted; None: the last.
        strength: The penalty that it was fitted with.
    """

    side: int
    weights: "Floats"
    bias: "Floats"
    train_images: int
    t: int | None = None
    strength: float = RIDGE

    def classify(self, record: "SpikeRecord") -> "NDArray[np.intp]":
        """The class of each image, ints [n]; of several equal ones the first.

        Raises:
            ShapeError: The record has another number of channels.
        """
        return self.classify_pooled(pooled_counts(record, self.side, self.t))

    def classify_pooled(self, features: "Ints") -> "NDArray[np.intp]":
        """The same from `pooled_counts` [n, F].

        Raises:
            ShapeError: They are of another number of channels.
        """
        if features.shape[1] != len(self.weights):
            raise ShapeError(
                f"the probe takes {len(self.weights)} features, got {features.shape[1]}"
            )
        scores = features.astype(np.float64) @ self.weights + self.bias
        classes: NDArray[np.intp] = scores.argmax(1)
        return classes


class ProbeFit(Accumulator):
    """Accumulates what a `ClassProbe` is fitted from: ridge regression of one-hot labels.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        classes: Number of classes, >= 2; `update` needs labels.
        strength: Penalty as a share of the features' mean variance, > 0.
        t: Step up to which spikes are counted; None: the last. In a code in which every neuron
            fires once in the end, the last counts say nothing.
    """

    def __init__(
        self,
        T: int,
        shape: tuple[int, int, int],
        classes: int = 10,
        strength: float = RIDGE,
        t: int | None = None,
    ) -> None:
        if classes < 2:
            raise ConfigError(f"a probe tells 2 or more classes apart, got {classes}")
        check_shape(T, shape)
        self.side = pooling_side(shape)
        features = shape[0] * self.side**2
        sizes = {
            "gram": (features, features),
            "by class": (features, classes),
            "labels": (classes,),
        }
        super().__init__(T, shape, sizes, classes=classes, strength=strength, t=t)
        self.strength, self.t = strength, t
        self._halved = False  # whether "gram" has what was added last above its diagonal alone

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        features = np.concatenate(
            [pooled_counts(part, self.side, self.t) for part, _ in blocks(record, images)]
        )
        one_hot = np.eye(len(self.state["labels"]))[labels]
        self._add_products(features)
        self.state["by class"] += (features.T.astype(np.float64) @ one_hot).astype(np.int64)
        self.state["labels"] += one_hot.sum(0).astype(np.int64)

    def _add_products(self, counts: "Ints") -> None:
        if counts.max(initial=0) < tallying.MOST_FEATURE and tallying.is_worth(counts.size):
            tallying.add_feature_products(counts, self.state["gram"])
            self._halved = True
            return
        features = counts.astype(np.float64)
        # So few images at once that no sum of products exceeds what float64 holds exactly: all of
        # them, unless neurons fire very often.
        together = max(1, int((1 << 53) // max(1.0, features.max(initial=1) ** 2)))
        for few in batches(len(features), together):
            some = features[few]
            self.state["gram"] += (some.T @ some).astype(np.int64)

    def complete(self) -> None:
        """Make the state whole, of which passes fill one half: before it is read or merged."""
        if self._halved:
            tallying.complete(self.state["gram"])
            self._halved = False

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen to this one.

        Raises:
            ShapeError: It is for other records or made with other settings.
        """
        self.complete()
        if isinstance(other, ProbeFit):
            other.complete()
        super().merge(other)

    def result(self, strength: float | None = None) -> ClassProbe:
        """The classifier fitted to everything so far.

        Args:
            strength: Penalty, > 0; None: that which it was made with.

        Raises:
            DataError: There were no images yet.
            ConfigError: The penalty is not above 0.
        """
        return self.results([self.strength if strength is None else strength])[0]

    def results(self, strengths: "Sequence[float]") -> list[ClassProbe]:
        """The same for each of several penalties, which share what does not depend on them.

        Raises:
            DataError: There were no images yet.
            ConfigError: A penalty is not above 0.
        """
        self._check_filled()
        for strength in strengths:
            if not 0 < strength < math.inf:
                raise ConfigError(f"the penalty must be a number above 0, got {strength}")
        self.complete()
        by_class = self.state["by class"]
        fitted = ridge_weights(
            self.state["gram"],
            by_class,
            by_class.sum(1),
            self.state["labels"],
            self.images,
            strengths,
        )
        largest = self.T * self.most * self.shape[1] * self.shape[2]
        return [
            ClassProbe(self.side, *exact_weights(*weights, largest), self.images, self.t, strength)
            for weights, strength in zip(fitted, strengths, strict=True)
        ]
