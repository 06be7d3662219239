"""Least squares with a penalty, and weights whose products with counts are exact."""

from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from snnviz.batching import batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_ROWS = 32


def ridge_weights(
    gram: "Ints",
    cross: "Ints",
    sums: "Ints",
    target_sums: "Ints",
    n: int,
    strengths: "Sequence[float]",
) -> "list[tuple[Floats, Floats]]":
    """Weights [F, M] and bias [M] of ridge regression from sums over n samples, by strength.

    Minimizes the mean of |y - W' x - b|^2 plus penalty |W|^2 with an unpenalized bias (A. Hoerl,
    R. Kennard 1970). The penalty is a strength times the mean variance of a feature, trace / F of
    their covariance, so it does not depend on the unit of x or on n. Features that never change
    get the weight 0.

    Args:
        gram: Sum of x x', [F, F].
        cross: Sum of x y', [F, M].
        sums: Sum of x, [F].
        target_sums: Sum of y, [M].
        n: Number of samples, >= 1.
        strengths: Relative strengths of the penalty, > 0 each.
    """
    mean, target_mean = sums / n, target_sums / n
    covariance = gram / n
    for some in batches(len(mean), _ROWS):  # so that products of means stay in the cache
        covariance[some] -= np.outer(mean[some], mean)
    spread = np.trace(covariance) / len(gram)
    # A feature without variance also has no covariance; rounding must not say otherwise.
    moves = np.diagonal(covariance) > 1e-12 * np.maximum(mean * mean, 1)
    covariance = covariance if moves.all() else covariance[np.ix_(moves, moves)]
    shared = (cross / n - np.outer(mean, target_mean))[moves]
    found = []
    for place, strength in enumerate(strengths, start=1):
        weights = np.zeros(cross.shape)
        if moves.any():
            # The last one may have the covariance's memory, which is the most of all here.
            keep = place < len(strengths)
            weights[moves] = _solve(covariance, strength * spread, shared, keep=keep)
        found.append((weights, target_mean - mean @ weights))
    return found


def _solve(covariance: "Floats", penalty: float, target: "Floats", *, keep: bool) -> "Floats":
    """(`covariance` + `penalty`) x = `target`, by half the work where that is positive definite.

    `keep` says whether the covariance is still needed.
    """
    variances = np.diagonal(covariance) + penalty
    system = covariance.copy() if keep else covariance
    np.fill_diagonal(system, variances)
    try:
        # What is symmetric may be read in either order, and LAPACK's needs no copy. It writes to
        # the diagonal and what is below it.
        factor = linalg.cho_factor(system.T, overwrite_a=True, check_finite=False)
        found = linalg.cho_solve(factor, target, check_finite=False)
    except linalg.LinAlgError:  # a penalty so small that rounding outweighs it
        above = np.triu(system, 1)
        system = above + above.T
        np.fill_diagonal(system, variances)
        found = linalg.lstsq(system, target)[0]
    return np.asarray(found)


def exact_weights(weights: "Floats", bias: "Floats", largest: int) -> "tuple[Floats, Floats]":
    """The same, rounded so that sums with counts are exact in float64, in any order.

    All become multiples of one power of two, the smallest for which no sum of products with whole
    numbers up to `largest`, bias included, needs more than 52 bits. What a matrix product gives
    then does not depend on how it is divided, and neither does a decision based on it.

    Args:
        weights: [F, M].
        bias: [M].
        largest: Largest whole number that a weight will meet, >= 1.
    """
    bound = float(np.max(np.abs(weights).sum(0) * largest + np.abs(bias)))
    # Each rounding adds up to half a step, so a bit is kept free.
    exponent = 51 - int(np.ceil(np.log2(max(bound, len(weights) * largest * 2.0**-50, 2.0**-50))))
    step = 2.0**-exponent
    return np.rint(weights / step) * step, np.rint(bias / step) * step
