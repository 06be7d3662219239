"""What a linear classifier can tell about the class from the counts up to one step.

Two accumulators: `ProbeFit` sees labelled training images and fits the classifier, `ProbeScore`
counts how often it is right on others. (G. Alain, Y. Bengio 2016, arXiv:1610.01644, on probes.)
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
from snnviz.metrics.ridge import exact_weights, ridge_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

MAX_FEATURES = 2048
"""Most features that a probe looks at, unless there are more channels than that."""

RIDGE = 0.01
"""Strength of the penalty where none is named, as a share of the mean variance of a feature."""

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""What `ProbeChoice` chooses from: codes of few maps need another strength than those of many."""

_Z95 = 1.959963984540054  # 97.5 % of a normal distribution lie below


def pooling_side(shape: tuple[int, int, int]) -> int:
    """The p of a p x p grid of cells a channel: the largest with K p^2 <= `MAX_FEATURES`.

    At least 1, at most the shorter side of the image: 4 for 128 maps, 28 (every pixel) for one
    map of 28 x 28.

    Args:
        shape: (K, H, W) of a record.
    """
    channels, height, width = shape
    return max(1, min(math.isqrt(MAX_FEATURES // channels), height, width))


def pooled_counts(record: "SpikeRecord", side: int, t: int | None = None) -> "Ints":
    """Spikes up to step t in each cell of a side x side grid, whole numbers [n, K side^2].

    Cell i of a side of length L reaches from floor(i L / side) to floor((i + 1) L / side).

    Args:
        record: n images over T steps.
        side: Cells along each side of a map, 1 to its shorter side.
        t: 0-based step; None: the last.

    Raises:
        ConfigError: `side` or `t` is out of range.
    """
    n, channels, height, width = record.shape
    if not 1 <= side <= min(height, width):
        raise ConfigError(f"maps of {height} x {width} have no {side} x {side} cells; choose fewer")
    counts = record.count(record.T - 1 if t is None else t)
    if counts.dtype == np.uint8 and tallying.is_worth(counts.size):
        return tallying.cell_sums(counts, side).reshape(n, -1)
    # A product with zeros and ones adds up several times faster than `np.add.reduceat` does.
    exact = np.float32 if record.T * record.most * height * width < 1 << 24 else np.float64
    columns = np.zeros((width, side), exact)
    columns[np.arange(width), _cells(width, side)] = 1
    rows = (counts.reshape(-1, width).astype(exact) @ columns).reshape(-1, height, side)
    cells = np.add.reduceat(rows, np.arange(side) * height // side, axis=1)
    return cells.astype(np.int64).reshape(n, channels * side * side)


def _cells(length: int, side: int) -> "NDArray[np.intp]":
    """The cell in which each pixel of a side lies."""
    starts = np.arange(side) * length // side
    found: NDArray[np.intp] = np.searchsorted(starts, np.arange(length), side="right") - 1
    return found


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


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a share, within [0, 1] (E. Wilson 1927).

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), with p = correct / n.

    Args:
        correct: Number of hits, in 0..total.
        total: Number of tries n, >= 1.
    """
    p, share = correct / total, _Z95**2 / total
    middle = p + share / 2
    half = _Z95 * math.sqrt(p * (1 - p) / total + share / (4 * total))
    return max(0.0, (middle - half) / (1 + share)), min(1.0, (middle + half) / (1 + share))
