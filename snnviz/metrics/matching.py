"""Which channel of one encoder answers as which channel of another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.redundancy import correlation, exact_gram

if TYPE_CHECKING:
    from numpy.typing import NDArray


MATCH_IMAGES = 100
"""By so many images channels are matched where nobody says how many."""


@dataclass(frozen=True, eq=False, repr=False)
class Matching(Brief):
    """A channel of a second encoder for each channel of a first one.

    Attributes:
        partner: The channel of the second, ints [K]; -1 where it has fewer channels and none is
            left. No channel is the partner of two.
        correlation: Pearson correlation of the two channels' spike counts, float64 [K]; 0 where one
            of them has the same count everywhere, NaN where there is no partner.
    """

    partner: "NDArray[np.intp]"
    correlation: "NDArray[np.float64]"


def match_channels(first: "NDArray[np.integer]", second: "NDArray[np.integer]") -> Matching:
    """The pairs of channels whose responses to the same images correlate most, all in all.

    The assignment of largest total correlation (Li et al., "Convergent learning", ICLR 2016) by
    `scipy.optimize.linear_sum_assignment`; of several that are equally good it is one. Silent
    channels correlate with none, so that which of them get each other means nothing.

    Args:
        first: Spike counts of the first encoder, ints [n, K, H, W].
        second: Those of the second for the same images, ints [n, L, H, W].

    Raises:
        ShapeError: They are not for the same images and pixels.
        DataError: There are no images.

    Example:
        >>> one = np.arange(12).reshape(2, 3, 1, 2) % 5
        >>> match_channels(one, one[:, [2, 0, 1]]).partner.tolist()
        [1, 2, 0]
    """
    first, second = np.asarray(first), np.asarray(second)
    if (
        first.ndim != 4
        or second.ndim != 4
        or (first.shape[:1] + first.shape[2:] != second.shape[:1] + second.shape[2:])
    ):
        raise ShapeError(
            f"channels are matched by their counts [n, K, H, W] for the same images, got "
            f"{list(first.shape)} and {list(second.shape)}"
        )
    if not first.size or not second.size:
        raise DataError("channels are matched by their responses to images, and there are none")
    K = first.shape[1]
    rows = np.concatenate([_by_channel(first), _by_channel(second)])
    # Channels of one count everywhere have no correlation; they are to be nobody's best partner.
    related = np.nan_to_num(correlation(_covariance(rows))[:K, K:])
    own, other = linear_sum_assignment(related, maximize=True)
    partner = np.full(K, -1, np.intp)
    partner[own] = other
    found = np.full(K, np.nan)
    found[own] = related[own, other]
    return Matching(partner, found)


def _by_channel(counts: "NDArray[np.integer]") -> "NDArray[np.integer]":
    """Counts [n, K, H, W] as a row for each channel, [K, n H W]."""
    return counts.swapaxes(0, 1).reshape(counts.shape[1], -1)


def _covariance(rows: "NDArray[np.integer]") -> "NDArray[np.float64]":
    """P^2 times the covariance of whole numbers [R, P], exactly rounded once."""
    sums = rows.sum(axis=1, dtype=np.int64).astype(np.float64)
    covariance: NDArray[np.float64] = rows.shape[1] * exact_gram(rows) - np.outer(sums, sums)
    return covariance
