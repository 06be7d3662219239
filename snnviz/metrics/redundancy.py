"""How much channels, and encoders, say the same: correlation, dimension, alignment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, mean_defined, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# Columns that are multiplied at once: 2 MB for 128 channels, so that they stay near the cache.
_COLUMNS = 1 << 12


@dataclass(frozen=True, repr=False)
class RedundancyResult(Brief):
    """How much the channels of an encoder say the same, over all positions of all images.

    Attributes:
        images: Number of images.
        t: The spike counts are those of steps 0..t.
        covariance: Covariance of the channels' spike counts, float64 [K, K]; the sums are exact,
            and divided by their number H * W * images.
        correlation: Pearson's correlation of the channels' spike counts, float64 [K, K] in [-1, 1];
            NaN where one of the two is constant.
        mean_absolute_correlation: Mean size of the correlation over all pairs of different
            channels that have one, in [0, 1]; NaN where there is no such pair.
        eigenvalues: Eigenvalues of the covariance, falling, float64 [K] >= 0.
        effective_dimension: `participation_ratio` of the covariance, in [1, K]; NaN where all
            channels are constant.
    """

    images: int
    t: int
    covariance: "NDArray[np.float64]"
    correlation: "NDArray[np.float64]"
    mean_absolute_correlation: float
    eigenvalues: "NDArray[np.float64]"
    effective_dimension: float


def correlation(covariance: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """Pearson's correlation of a covariance [K, K], float64 [K, K]; NaN where a variance is 0."""
    deviation = np.sqrt(np.diagonal(covariance))
    result = ratio(covariance, np.outer(deviation, deviation))
    # Rounding can take equal channels a little off 1.
    np.fill_diagonal(result, ratio(deviation, deviation))
    return np.clip(result, -1, 1)


def participation_ratio(covariance: "NDArray[np.floating]") -> float:
    """How many dimensions a covariance [K, K] fills, in [1, K]; NaN where it is 0.

    With its eigenvalues l it is (sum l)^2 / sum l^2 = (trace C)^2 / trace C^2 (Rajan, Abbott and
    Sompolinsky, NIPS 2010; Gao et al., bioRxiv 214262, 2017): K where all are equal, 1 where only
    one is not 0.
    """
    covariance = np.asarray(covariance, np.float64)
    return float(ratio(np.trace(covariance) ** 2, (covariance**2).sum()))


def cka(counts_a: "NDArray[np.integer]", counts_b: "NDArray[np.integer]") -> float:
    """How alike two encoders represent the same n images: debiased linear CKA, at most 1.

    1 where the images' representations agree up to rotation and scale, about 0 where they have
    nothing to do with each other, a little below 0 by chance. NaN where the representation of one
    side does not vary.

    Centered kernel alignment is of Kornblith et al. (ICML 2019); in its place of HSIC stands the
    unbiased estimate of Song et al. (JMLR 13, 2012), as Nguyen et al. (ICLR 2021) have it, because
    with fewer images than neurons the biased one is near 1 for any two encoders. Time and memory
    grow with n^2: a sample of n <= 2,000 images is meant, and n belongs beside the number.

    Args:
        counts_a: Spike counts, or other whole numbers, of n >= 4 images in one encoder, [n, ...].
        counts_b: The same images in the same order in the other, [n, ...].

    Raises:
        ShapeError: The numbers of images differ, or something else than whole numbers is given.
        DataError: There are fewer than 4 images.
    """
    return float(alignment([counts_a, counts_b])[0, 1])


def alignment(counts: "Iterable[NDArray[np.integer]]") -> "NDArray[np.float64]":
    """`cka` between each two of E encoders, float64 [E, E]; 1 on the diagonal, or NaN.

    Args:
        counts: The counts of the same n images in each encoder, [n, ...]; looked at one by one.

    Raises:
        ShapeError: The numbers of images differ, or something else than whole numbers is given.
        DataError: There are fewer than 4 images.
    """
    grams: list[NDArray[np.float64]] = []
    for each in counts:
        grams.append(centered_gram(each))
        if len(grams[0]) != len(each):
            raise ShapeError(
                f"got {len(grams[0])} and {len(each)} images; give all encoders the same ones"
            )
        del each  # before the next one is made
    return _aligned(grams, grams)


def centered_gram(counts: "NDArray[np.integer]") -> "NDArray[np.float64]":
    """What is kept of an encoder's counts [n, ...] to hold it against others, see `gram_cka`.

    Raises:
        ShapeError: They are no whole numbers.
        DataError: There are fewer than 4 images.
    """
    n = len(counts)
    if n < 4:
        raise DataError(f"CKA without bias needs at least 4 images, got {n}")
    return centered(exact_gram(np.asarray(counts).reshape(n, -1)))


def gram_cka(gram: "NDArray[np.float64]", other: "NDArray[np.float64]") -> float:
    """`cka` of two encoders, from the `centered_gram` [n, n] of each."""
    return float(_aligned([gram], [other])[0, 0])


def _aligned(
    grams: "list[NDArray[np.float64]]", others: "list[NDArray[np.float64]]"
) -> "NDArray[np.float64]":
    """CKA of each with each of the others."""
    products = np.array([[(a * b).sum() for b in others] for a in grams])
    own, theirs = (np.array([(each * each).sum() for each in some]) for some in (grams, others))
    return ratio(products, np.sqrt(np.outer(own, theirs)))


def exact_gram(rows: "NDArray[np.integer]") -> "NDArray[np.float64]":
    """All inner products of integer rows [R, P], exact whole numbers, float64 [R, R].

    BLAS multiplies float32, or float64 where the values are large, so few columns at a time that
    every sum on the way is a whole number that the type holds (below 2^24, or 2^53): however BLAS
    orders its sums, nothing is rounded. Exact as long as the results are below 2^53.

    Raises:
        ShapeError: The rows are no integers.
    """
    if not np.issubdtype(rows.dtype, np.integer):
        raise ShapeError(f"whole numbers are needed, got {rows.dtype}; give spike counts")
    if rows.dtype == np.uint8 and rows.max(initial=0) < 128 and tallying.is_worth(rows.size):
        return tallying.gram(rows).astype(np.float64)
    square = max(abs(int(rows.max(initial=0))), abs(int(rows.min(initial=0)))) ** 2
    single = square * 256 <= 1 << 24
    dtype, limit = (np.float32, 1 << 24) if single else (np.float64, 1 << 53)
    columns = max(1, min(_COLUMNS, limit // max(1, square)))
    result = np.zeros((len(rows), len(rows)))
    for some in batches(rows.shape[1], columns):
        part: NDArray[Any] = rows[:, some].astype(dtype)
        result += part @ part.T
    return result


class Redundancy(Accumulator):
    """Accumulates the products of the channels' spike counts.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        t: The counts of steps 0..t are taken, 0 <= t < T; None: all steps.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], *, t: int | None = None) -> None:
        K = shape[0]
        self.t = T - 1 if t is None else t
        super().__init__(T, shape, {"products": (K, K), "spikes": (K,)}, t=self.t)
        if not 0 <= self.t < T:
            raise ConfigError(f"t must be in 0..{T - 1} for T = {T}, got {t}")

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", _labels: "NDArray[np.intp]"
    ) -> None:
        if tallying.suits(record):
            products, _, spikes = tallying.step_products(record, images, np.array([self.t]))
            self.state["products"] += products[0]
            self.state["spikes"] += spikes[0]
            return
        rows = record.count(self.t).transpose(1, 0, 2, 3).reshape(self.shape[0], -1)
        self.state["products"] += exact_gram(rows).astype(np.int64)
        self.state["spikes"] += rows.sum(axis=1, dtype=np.int64)

    def result(self) -> RedundancyResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        pairs = self.images * self.shape[1] * self.shape[2]
        # As Python's integers, of any size: a constant channel has a variance of exactly 0.
        spikes = self.state["spikes"].astype(object)
        scatter = self.state["products"].astype(object) * pairs - np.outer(spikes, spikes)
        covariance = (scatter / pairs**2).astype(np.float64)
        correlated = correlation(covariance)
        return RedundancyResult(
            images=self.images,
            t=self.t,
            covariance=covariance,
            correlation=correlated,
            mean_absolute_correlation=float(
                mean_defined(np.abs(correlated[~np.eye(len(correlated), dtype=bool)]))
            ),
            eigenvalues=np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0),
            effective_dimension=participation_ratio(covariance),
        )


def centered(gram: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """A Gram matrix [n, n], centered so that products of two sum to n (n - 3) unbiased HSIC.

    The U-centering of Szekely and Rizzo (Annals of Statistics 42, 2014), which is another form of
    equation 5 of Song et al.
    """
    n = len(gram)
    gram = gram - gram.mean()  # has no influence, but makes a constant one exactly 0
    np.fill_diagonal(gram, 0)
    sums = gram.sum(axis=1) / (n - 2)
    centered = gram - sums[:, np.newaxis] - sums + sums.sum() / (n - 1)
    np.fill_diagonal(centered, 0)
    result: NDArray[np.float64] = centered
    return result
