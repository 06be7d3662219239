"""Entropy and mutual information of histograms, in bits."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from snnviz.metrics.accumulator import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray


def entropy(counts: "NDArray[np.integer]", *, corrected: bool = False) -> "NDArray[np.float64]":
    """Entropy of the distributions that were sampled, in bits, float64 [...].

    The plug-in estimate -sum p log2 p with p = counts / N. It is too small by about
    (m - 1) / (2 N ln 2) with m the number of values that occur, which `corrected` adds (Miller,
    Information Theory in Psychology, 1955). NaN where N is 0.

    Args:
        counts: Histograms, ints [..., values].
        corrected: Whether to add that term.
    """
    counts = np.asarray(counts)
    total = counts.sum(axis=-1)
    bits = entr(ratio(counts, total[..., np.newaxis])).sum(axis=-1) / np.log(2)
    if corrected:
        bits = bits + ratio((counts > 0).sum(axis=-1) - 1, 2 * np.log(2) * total)
    result: NDArray[np.float64] = bits
    return result


def mutual_information(
    joint: "NDArray[np.integer]", *, corrected: bool = False
) -> "NDArray[np.float64]":
    """Mutual information of the two variables that were sampled together, in bits, float64 [...].

    The plug-in estimate H(X) + H(Y) - H(X, Y). It is too large by about
    (m_xy - m_x - m_y + 1) / (2 N ln 2) with m the numbers of values and of pairs of values that can
    occur; `corrected` subtracts that with those that do occur, which is Miller-Madow's term for
    each of the three entropies. (Panzeri and Treves, Network 7, 1996, have the same expansion and
    estimate the m's by a Bayesian procedure, which is not done here.) NaN where N is 0.

    Args:
        joint: Joint histograms, ints [..., X, Y].
        corrected: Whether to subtract that term.
    """
    joint = np.asarray(joint)
    x, y, xy = joint.sum(axis=-1), joint.sum(axis=-2), joint.reshape(*joint.shape[:-2], -1)
    bits = sum((entropy(h, corrected=corrected) for h in (x, y)), -entropy(xy, corrected=corrected))
    # Rounding can take independent variables a little below 0.
    return bits if corrected else np.maximum(bits, 0)
