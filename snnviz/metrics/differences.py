"""How sure a difference is: of the same images before and after, and of means over images."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import bdtr, stdtr, stdtrit

from snnviz.errors import DataError, ShapeError, check_integer
from snnviz.metrics.wilson import Z95

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DRAWS = 1000
# Means that are drawn at once.
_BLOCK = 1 << 22


class Estimate(NamedTuple):
    """A mean over images with its 95 % interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


class Paired(NamedTuple):
    """What became of right answers to the same images.

    Attributes:
        lost: Images that were right and are no more.
        gained: Images that were wrong and are right now.
        difference: Accuracy after less accuracy before.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
        p: Probability of a split of `lost` and `gained` at least as uneven, were both alike.
    """

    lost: int
    gained: int
    difference: float
    low: float
    high: float
    p: float


class PairedMean(NamedTuple):
    """How far a number of the same images is apart, on average.

    Attributes:
        difference: Mean after less mean before.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
        p: Probability of a mean difference at least as large, were there none.
    """

    difference: float
    low: float
    high: float
    p: float


def paired_difference(before: "NDArray[np.bool_]", after: "NDArray[np.bool_]") -> Paired:
    """How accuracy on the same images changed, with its 95 % interval and McNemar's p.

    p is exact and two-sided: lost and gained images are a fair coin's throws where nothing changed
    (Q. McNemar 1947), min(1, 2 P(X <= min(lost, gained))), X ~ Binomial(lost + gained, 1/2). The
    interval is that of A. Agresti and Y. Min (2005): half an image is added to each of the four
    cells, then d -+ 1.96 sqrt((b + c) - (b - c)^2 / N) / N, with b and c those of lost and gained.
    Overlapping intervals of two accuracies are no test, since they are of the same images.

    Args:
        before: Whether each image was right, bool [N].
        after: The same afterwards.

    Raises:
        ShapeError: They are not of the same images.
        DataError: There are no images.

    Example:
        >>> from snnviz.metrics import paired_difference
        >>> before, after = np.ones(100, bool), np.arange(100) >= 8
        >>> found = paired_difference(before, after)
        >>> found.lost, found.difference, round(found.p, 4)
        (8, -0.08, 0.0078)
    """
    if (
        before.shape != after.shape
        or before.ndim != 1
        or {before.dtype, after.dtype} != {np.dtype(bool)}
    ):
        raise ShapeError(
            f"right answers must be bool [N] of the same images, got {before.dtype} "
            f"{list(before.shape)} and {after.dtype} {list(after.shape)}"
        )
    if not len(before):
        raise DataError("there are no images to compare answers to")
    lost, gained = int((before & ~after).sum()), int((~before & after).sum())
    changed, total = lost + gained, len(before) + 2
    p = min(1.0, 2 * float(bdtr(min(lost, gained), changed, 0.5))) if changed else 1.0
    moved = (gained - lost) / total
    half = Z95 * math.sqrt((changed + 1) - (gained - lost) ** 2 / total) / total
    return Paired(
        lost, gained, (gained - lost) / len(before), max(-1.0, moved - half),
        min(1.0, moved + half), p,
    )  # fmt: skip


def bootstrap_mean(
    values: "NDArray[np.floating]", *, draws: int = _DRAWS, seed: int = 0
) -> Estimate:
    """The mean over images with its 95 % interval: percentiles of the means of images drawn anew.

    As many images are drawn with replacement, so many times (B. Efron 1979).

    Args:
        values: One number an image, floats [N].
        draws: How many times, >= 1.
        seed: Of the draws.

    Raises:
        ShapeError: They are not [N].
        DataError: There are none.

    Example:
        >>> from snnviz.metrics import bootstrap_mean
        >>> found = bootstrap_mean(np.arange(100.0))
        >>> found.value, 40 < found.low < 49.5 < found.high < 60
        (49.5, True)
    """
    check_integer("the number of draws", draws, 1)
    if values.ndim != 1:
        raise ShapeError(f"there must be one number an image, [N], got {list(values.shape)}")
    if not len(values):
        raise DataError("there are no images to take a mean over")
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    block = max(1, _BLOCK // len(values))
    for start in range(0, draws, block):
        drawn = rng.integers(len(values), size=(min(block, draws - start), len(values)))
        means[start : start + block] = values[drawn].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high))


def paired_mean(before: "NDArray[np.floating]", after: "NDArray[np.floating]") -> PairedMean:
    """How far two numbers of each image are apart on average, by Student's paired t-test.

    d -+ t s / sqrt(N) with the mean d and deviation s of the N differences and the 97.5 % point t
    of Student's distribution with N - 1 degrees of freedom (Student 1908); p is two-sided. Of one
    image there is no interval, and p is NaN as well; where all differences are equal, p is 0, or 1
    for none.

    Args:
        before: One number an image, floats [N].
        after: Another of the same images.

    Raises:
        ShapeError: They are not of the same images.
        DataError: There are no images.

    Example:
        >>> from snnviz.metrics import paired_mean
        >>> found = paired_mean(np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0]))
        >>> found.difference, round(found.low, 2), round(found.high, 2), round(found.p, 3)
        (2.5, 0.45, 4.55, 0.03)
    """
    if before.shape != after.shape or before.ndim != 1:
        raise ShapeError(
            f"there must be one number an image, [N], of the same images, got "
            f"{list(before.shape)} and {list(after.shape)}"
        )
    n = len(before)
    if not n:
        raise DataError("there are no images to compare")
    apart = np.asarray(after, np.float64) - before
    mean = float(apart.mean())
    if n == 1:
        return PairedMean(mean, math.nan, math.nan, math.nan)
    error = float(apart.std(ddof=1)) / math.sqrt(n)
    half = float(stdtrit(n - 1, 0.975)) * error
    p = 2 * float(stdtr(n - 1, -abs(mean) / error)) if error else float(mean == 0)
    return PairedMean(mean, mean - half, mean + half, p)


def drawn_difference(value: float, draws: "NDArray[np.floating]") -> PairedMean:
    """A difference with what it came to in each of many draws of the same images.

    The interval is the 2.5 and 97.5 % points of the draws, p twice the share of draws on the rarer
    side of 0, counting one more: 2 (1 + b) / (1 + B), at most 1 (A. Davison and D. Hinkley 1997).
    With 1,000 draws p is never below 0.002. Draws in which the difference is not defined are left
    out; where all are, interval and p are NaN.

    Args:
        value: The difference of the images as they are.
        draws: The same of images drawn anew, paired draw by draw, floats [B].
    """
    found = draws[~np.isnan(draws)]
    if math.isnan(value) or not len(found):
        return PairedMean(value, math.nan, math.nan, math.nan)
    low, high = np.quantile(found, (0.025, 0.975))
    rarer = min(int((found <= 0).sum()), int((found >= 0).sum()))
    return PairedMean(value, float(low), float(high), min(1.0, 2 * (1 + rarer) / (1 + len(found))))


def jackknife_deviation(values: "NDArray[np.floating]") -> float:
    """Standard deviation of a number over samples, from what it is without each part of one.

    sqrt((g - 1) / g sum (v - mean)^2) for g parts of about equal size (J. Tukey 1958; groups: J.
    Shao and D. Tu 1995). It says how far a readout's score would move with another training set of
    the same size, from that one set alone, and roughly: g = 5 parts leave four degrees of freedom.

    Args:
        values: The number without each of the parts, floats [g].

    Raises:
        ShapeError: They are not [g].
        DataError: There are fewer than two.

    Example:
        >>> from snnviz.metrics import jackknife_deviation
        >>> round(jackknife_deviation(np.array([1.0, 2.0, 3.0])), 3)
        1.155
    """
    if values.ndim != 1:
        raise ShapeError(f"there must be one number a part, [g], got {list(values.shape)}")
    if len(values) < 2:
        raise DataError(f"a jackknife takes two parts or more, got {len(values)}")
    apart = np.asarray(values, np.float64) - values.mean()
    return math.sqrt((len(values) - 1) / len(values) * float(apart @ apart))
