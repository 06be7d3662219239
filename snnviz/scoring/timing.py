"""Where in time a network's answers are: after how many steps, and where its weights matter."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from snnviz.batching import batches
from snnviz.data import ImageSet
from snnviz.display import Brief
from snnviz.errors import ConfigError, DataError, check_integer
from snnviz.metrics.differences import Estimate, Paired, bootstrap_mean, paired_difference
from snnviz.metrics.timing import (
    early_exit,
    fit_temperature,
    information_centroid,
    is_blind,
)
from snnviz.metrics.wilson import wilson_interval
from snnviz.scoring.checks import check_labels, check_size
from snnviz.scoring.progress import Progress, as_progress
from snnviz.scoring.reading import one_half
from snnviz.scoring.stepwise import Stepwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    Numbers = Sequence[float]

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Confidences at which a network answers."""

FISHER = 50
"""Images of which Fisher information is taken where nobody says how many: each takes long."""

_BATCH = 64


class Answered(NamedTuple):
    """Answers given at some time, beside those of the same images after all steps.

    Attributes:
        confidence: At which they are given; None: after a fixed number of steps.
        steps: Mean number of steps.
        correct: How many are right.
        accuracy: Their share.
        interval: Wilson's 95 % interval of their share.
        paired: What becomes of the answers after all steps.
    """

    confidence: float | None
    steps: Estimate
    correct: int
    accuracy: float
    interval: tuple[float, float]
    paired: Paired

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        found = self._asdict()
        found |= {"steps": self.steps._asdict(), "paired": self.paired._asdict()}
        return {**found, "interval": list(self.interval)}


@dataclass(frozen=True, repr=False)
class Timing(Brief):
    """Where in time a network's answers are; what `snnviz.timing` gives.

    Attributes:
        T: Number of time steps.
        total: Number of images that are answered.
        fitted: Number of other images, to which the temperature is fitted.
        temperature: What outputs are divided by before softmax, see `fit_temperature`.
        chance: Accuracy of always guessing the commonest class.
        at: The answers after 1, 2, ... T steps.
        exits: The answers at each of `CONFIDENCES`.
        fisher: Fisher information of the weights at each step, see `Stepwise.fisher`; () without.
        centroid: Its centroid in 1..T, see `information_centroid`; None without.
        untrained_centroid: The same without training; None where there is nothing to compare with.
        fisher_images: How many images it is the mean of.
        notes: What was left out, and why.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.timing(net, snnviz.garments(8), fisher=2)
        >>> len(found.at), found.at[-1].steps.value, found.total, found.fitted
        (2, 2.0, 4, 4)
    """

    T: int
    total: int
    fitted: int
    temperature: float
    chance: float
    at: tuple[Answered, ...]
    exits: tuple[Answered, ...]
    fisher: tuple[Estimate, ...]
    centroid: Estimate | None
    untrained_centroid: Estimate | None
    fisher_images: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        found: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("T", "total", "fitted", "temperature", "chance", "fisher_images")
        }
        found["at"] = [each.as_dict() for each in self.at]
        found["exits"] = [each.as_dict() for each in self.exits]
        found["fisher"] = [each._asdict() for each in self.fisher]
        for name in ("centroid", "untrained_centroid"):
            value: Estimate | None = getattr(self, name)
            found[name] = value and value._asdict()
        return {**found, "notes": list(self.notes)}


def timing(
    net: "nn.Module",
    images: ImageSet,
    *,
    T: int | None = None,
    mean: "Numbers | None" = None,
    std: "Numbers | None" = None,
    start: "nn.Module | None" = None,
    fisher: int = FISHER,
    progress: "Progress | Literal[True] | None" = None,
) -> Timing:
    """After how many steps `net` is right and sure, and at which its weights matter.

    An answer is read from the mean output up to a step. Half of the images, drawn and always the
    same ones, serve to fit the temperature of confidences; the others are answered.

    Args:
        net: A network that returns a row of scores for each image.
        images: Labelled images as the network takes them, two or more.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What the network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        start: The same network without training, to be compared with.
        fisher: Of how many images, the first ones, Fisher information is taken; 0: of none.
        progress: Called as `progress("timing", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: The network cannot be run so, gives no scores of classes, or one output for all
            steps and makes no fewer.
        DataError: There are fewer than two images, no labels, or some that it has no output for.
        ShapeError: The images do not suit it.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=3, channels=4), seed=0)
        >>> found = snnviz.timing(net, snnviz.garments(8), fisher=0)
        >>> [answered.steps.value for answered in found.at]
        [1.0, 2.0, 3.0]
    """
    check_integer("fisher", fisher, 0)
    labels = check_labels(images)
    if len(images) < 2:
        raise DataError(f"{images.name} holds {len(images)} images; name a set of two or more")
    check_size(net, images)
    stepwise = Stepwise(net, images.images, T, mean=mean, std=std)
    check_labels(images, stepwise.classes)
    scores = _scores(stepwise, images, as_progress(progress))
    half = one_half(len(images))
    temperature = fit_temperature(scores[-1, half], labels[half])
    notes: list[str] = []
    if is_blind(temperature):
        notes.append(
            "the network's answers do not tell the classes apart: its confidence is that of "
            "guessing, at every step"
        )
    label = labels[~half]
    at, exits = _answers(scores[:, ~half], label, temperature)
    information, untrained = None, None
    if fisher:
        few = images.head(min(fisher, len(images)))
        try:
            information = stepwise.fisher(few.images, check_labels(few))
            if start is not None:
                other = Stepwise(start, few.images, stepwise.T, mean=mean, std=std)
                untrained = other.fisher(few.images, check_labels(few))
        except ConfigError as error:
            notes.append(f"Fisher information is left out: {error}")
    counts = np.bincount(label)
    return Timing(
        T=stepwise.T,
        total=len(label),
        fitted=len(labels) - len(label),
        temperature=temperature,
        chance=float(counts.max() / counts.sum()),
        at=at,
        exits=exits,
        fisher=() if information is None else tuple(map(bootstrap_mean, information.T)),
        centroid=_centroid(information),
        untrained_centroid=_centroid(untrained),
        fisher_images=0 if information is None else len(information),
        notes=tuple(notes),
    )


def _scores(
    stepwise: Stepwise, images: ImageSet, progress: "Progress | None"
) -> "NDArray[np.float64]":
    """The scores after each step, [T, N, classes]."""
    parts = []
    for some in batches(len(images), _BATCH):
        parts.append(stepwise.scores(images.images[some]))
        if progress is not None:
            progress("timing", min(some.stop, len(images)), len(images))
    return np.concatenate(parts, axis=1)


def _answers(
    scores: "NDArray[np.float64]", labels: "NDArray[np.integer]", temperature: float
) -> tuple[tuple[Answered, ...], tuple[Answered, ...]]:
    """The answers after each number of steps, and at each of `CONFIDENCES`."""
    last = scores[-1].argmax(1) == labels
    at = tuple(
        _answered(None, np.full(len(labels), t + 1), scored.argmax(1) == labels, last)
        for t, scored in enumerate(scores)
    )
    exits = []
    for confidence in CONFIDENCES:
        steps, answers = early_exit(scores, confidence, temperature)
        exits.append(_answered(confidence, steps, answers == labels, last))
    return at, tuple(exits)


def _answered(
    confidence: float | None,
    steps: "NDArray[np.int64]",
    right: "NDArray[np.bool_]",
    last: "NDArray[np.bool_]",
) -> Answered:
    correct = int(right.sum())
    return Answered(
        confidence,
        bootstrap_mean(steps.astype(np.float64)),
        correct,
        correct / len(right),
        wilson_interval(correct, len(right)),
        paired_difference(last, right),
    )


def _centroid(information: "NDArray[np.float64] | None") -> Estimate | None:
    """None also where all of it is 0."""
    if information is None or not information.any():
        return None
    return information_centroid(information)
