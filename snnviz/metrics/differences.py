"""How sure a difference is: of the same images before and after, and of means over images."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import bdtr, ndtri

from snnviz.errors import DataError, ShapeError, check_integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Z95 = float(ndtri(0.975))
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
    half = _Z95 * math.sqrt((changed + 1) - (gained - lost) ** 2 / total) / total
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
