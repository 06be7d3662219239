"""When in a run answers are there: their centroid in time, and answers given as soon as sure."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from snnviz.errors import ConfigError, DataError, ShapeError, check_integer
from snnviz.metrics.differences import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

# Logarithms of the temperatures that are looked through: at either end answers are all sure or not.
_COLDEST, _HOTTEST = -8.0, 8.0
# Where the search for a temperature ends at its hottest, e^8 = 2981.
_BLIND = 2900


def information_centroid(information: "Floats", *, draws: int = 1000, seed: int = 0) -> Estimate:
    """The mean step of some information, sum t I(t) / sum I(t) in 1..T, with its 95 % interval.

    t counts from 1, I(t) is the mean over images (Y. Kim et al. 2022, arXiv:2211.14406, of Fisher
    information). Information that is the same at each step has it at (T + 1) / 2. The interval is
    of images drawn anew with replacement; NaN where there is no information.

    Args:
        information: Of each image and step, floats [N, T], not negative.
        draws: How often images are drawn.
        seed: Of the draws.

    Raises:
        ShapeError: They are not [N, T], or negative.
        DataError: There are no images.

    Example:
        >>> from snnviz.metrics import information_centroid
        >>> information_centroid(np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 2.0]])).value
        1.75
    """
    check_integer("the number of draws", draws, 1)
    if information.ndim != 2 or (information.size and information.min() < 0):
        raise ShapeError(f"information must be [N, T] from 0, got {list(information.shape)}")
    if not information.size:
        raise DataError("there are no images to take a mean over")
    N, T = information.shape
    if not information.any():
        return Estimate(np.nan, np.nan, np.nan)
    rng, steps = np.random.default_rng(seed), np.arange(1, T + 1)
    # How often each image is drawn; images without information alone say nothing.
    drawn = rng.multinomial(N, np.full(N, 1 / N), size=draws) @ information
    totals = drawn.sum(1)
    centroids = (drawn @ steps)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(centroids, (0.025, 0.975))
    mean = information.mean(0)
    return Estimate(float(mean @ steps / mean.sum()), float(low), float(high))


def fit_temperature(scores: "Floats", labels: "NDArray[np.integer]") -> float:
    """The temperature with which softmax(scores / temperature) tells the classes best.

    It is that of the least cross-entropy (C. Guo et al. 2017, arXiv:1706.04599), and makes
    confidences of networks comparable: some answer in rates up to 1, others in any numbers. The
    label's target is (N + 1) / (N + 2), and the rest is the other classes' (J. Platt 1999), so that
    a few images without a mistake do not make every answer sure.

    Args:
        scores: Floats [N, classes].
        labels: Classes, ints [N].

    Raises:
        ShapeError: They do not belong together.
        DataError: There are no images.

    Example:
        >>> from snnviz.metrics import fit_temperature
        >>> scores = np.tile([1.0, 0.0], (4, 1))  # right three times of four
        >>> scaled = 1 / fit_temperature(scores, np.array([0, 0, 0, 1]))
        >>> odds = np.exp(scaled)
        >>> round(float(odds / (1 + odds)), 4), round((3 + 1) / (4 + 2), 4)
        (0.6667, 0.6667)
    """
    _check(scores[np.newaxis], labels)
    rows, (N, classes) = np.arange(len(labels)), scores.shape
    targets = np.full(scores.shape, 1 / (N + 2) / max(1, classes - 1))
    targets[rows, labels] = (N + 1) / (N + 2)

    def loss(logarithm: float) -> float:
        scaled = scores / np.exp(logarithm)
        logs = scaled - logsumexp(scaled, axis=1, keepdims=True)
        return float(-(targets * logs).sum(1).mean())

    bounds = (_COLDEST, _HOTTEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def is_blind(temperature: float) -> bool:
    """Whether `fit_temperature` found the hottest one best, at which all classes are alike.

    Then the scores do not tell the classes of those images apart.

    Example:
        >>> from snnviz.metrics.timing import fit_temperature, is_blind
        >>> is_blind(fit_temperature(np.zeros((4, 2)), np.array([0, 1, 0, 1])))
        True
    """
    return temperature > _BLIND


def early_exit(
    scores: "Floats", confidence: float, temperature: float = 1.0
) -> "tuple[Ints, Ints]":
    """The step at which each image is answered, 1 to T, and the answer, ints [N] each.

    That is the first step t at which the largest softmax(scores / temperature) is `confidence` or
    more, or the last one. Of several equal classes the first is the answer.

    Args:
        scores: Mean output up to each step, floats [T, N, classes].
        confidence: In (0, 1].
        temperature: What scores are divided by, see `fit_temperature`.

    Raises:
        ShapeError: The scores are not [T, N, classes].
        ConfigError: Confidence or temperature is out of its range.

    Example:
        >>> from snnviz.metrics import early_exit
        >>> scores = np.array([[[3.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]]])
        >>> [found.tolist() for found in early_exit(scores, 0.9)]
        [[1, 2], [0, 1]]
    """
    if scores.ndim != 3 or not scores.size:
        raise ShapeError(f"scores must be [T, N, classes], got {list(scores.shape)}")
    if not 0 < confidence <= 1:
        raise ConfigError(f"confidence must be above 0 and at most 1, got {confidence}")
    if not temperature > 0:
        raise ConfigError(f"temperature must be above 0, got {temperature}")
    sure = softmax(scores / temperature, axis=2).max(2) >= confidence
    sure[-1] = True
    steps = sure.argmax(0)
    answers: Ints = scores[steps, np.arange(scores.shape[1])].argmax(1)
    return steps.astype(np.int64) + 1, answers


def _check(scores: "Floats", labels: "NDArray[np.integer]") -> None:
    if scores.ndim != 3 or labels.shape != scores.shape[1:2]:
        raise ShapeError(
            f"scores [N, classes] and labels [N] must be of the same images, got "
            f"{list(scores.shape[1:])} and {list(labels.shape)}"
        )
    if not len(labels):
        raise DataError("there are no images to fit a temperature to")
