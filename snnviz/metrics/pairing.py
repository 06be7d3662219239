"""Which channel of a second encoder is whose partner, and what pairs the two."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from snnviz.metrics.accumulator import ratio
from snnviz.metrics.matching import Matching, match_channels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Counts = NDArray[np.integer]
    Kernels = NDArray[np.floating]


def paired_channels(
    first: "Counts", second: "Counts", kernels: "tuple[Kernels, Kernels] | None"
) -> "tuple[Ints, tuple[str, ...], Floats]":
    """Partner, what pairs the two, and the correlation, of each channel of the first.

    Each is as `EncoderDiff` says.

    Args:
        first: Spike counts of the first encoder, ints [n, K, H, W].
        second: Those of the second for the same images, ints [n, L, H, W].
        kernels: Weights of both, floats [K, C, kh, kw] and [L, C, kh, kw]; None where those are not
            known or have other sizes.

    Raises:
        ShapeError: Counts are not for the same images and pixels.
        DataError: There are no images.
    """
    matching, told = _matched(first, second)
    K, L = len(matching.partner), second.shape[1]
    partner = np.where(told, matching.partner, -1)
    paired_by = np.where(told, "responses", "").astype(object)
    left = np.flatnonzero(~told)
    over = np.setdiff1d(np.arange(L), partner)
    alike = np.full((K, L), np.nan) if kernels is None else _cosines(*kernels)
    # A channel has rather the partner of its own number, where nothing else tells.
    same = left[:, np.newaxis] == over
    worth = np.nan_to_num(alike[np.ix_(left, over)]) + 1e-9 * same
    for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
        k, p = left[row], over[column]
        partner[k] = p
        paired_by[k] = "rest" if np.isnan(alike[k, p]) else "kernels"
    return partner, tuple(paired_by), np.where(told, matching.correlation, np.nan)


def mean_matched_correlation(first: "Counts", second: "Counts") -> float:
    """`EncoderDiff.mean_correlation` alone, of counts [n, K, H, W] and [n, L, H, W].

    Matching finds a best partner for channels that have nothing to do with each other, too: what
    it comes to between an encoder and untrained ones is what another has to be read against.

    Raises:
        ShapeError: They are not for the same images and pixels.
        DataError: There are no images.
    """
    matching, told = _matched(first, second)
    return float(matching.correlation[told].mean()) if told.any() else float("nan")


def _matched(first: "Counts", second: "Counts") -> "tuple[Matching, NDArray[np.bool_]]":
    """The channels matched by their responses, and of which of the first these tell anything."""
    matching = match_channels(first, second)
    varied, other_varied = (np.ptp(each, axis=(0, 2, 3)) > 0 for each in (first, second))
    told = varied & (matching.partner >= 0) & other_varied[matching.partner]
    return matching, told


def _cosines(first: "Kernels", second: "Kernels") -> "Floats":
    """Cosine between each two kernels, [K, L] in [-1, 1]; NaN where one is 0."""
    one, other = (np.asarray(each, np.float64).reshape(len(each), -1) for each in (first, second))
    norms = np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    return ratio(one @ other.T, norms)
