"""CKA between many representations of the same images, a few images at a time."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import DataError, ShapeError, check_integer
from snnviz.metrics.accumulator import ratio
from snnviz.metrics.redundancy import centered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST = 4
"""Images that a batch has at least: the estimate without bias divides by n - 3."""


class BatchedAlignment:
    """Linear CKA between E representations, from batches of images that are forgotten.

    The unbiased HSIC of each batch (Song et al. 2012, equation 5) is averaged over batches before
    the quotient is taken, so that neither memory nor bias depends on their number (Nguyen et al.
    2021, arXiv:2010.15327; of spiking networks Li et al. 2023, arXiv:2304.13098). With one batch it
    is `snnviz.metrics.cka`.

    Args:
        count: How many representations, E.

    Example:
        >>> from snnviz.metrics import BatchedAlignment
        >>> from snnviz.metrics.redundancy import exact_gram
        >>> aligned = BatchedAlignment(2)
        >>> counts = np.arange(12).reshape(6, 2) % 5
        >>> aligned.update([exact_gram(counts), exact_gram(3 * counts)])
        >>> aligned.result().round(6).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """

    def __init__(self, count: int) -> None:
        check_integer("the number of representations", count, 1)
        self._products = np.zeros((count, count))
        self.batches = 0

    def update(self, grams: "Sequence[NDArray[np.float64]]") -> None:
        """Add a batch of n images.

        Args:
            grams: Inner products of the images in each representation, E times floats [n, n].

        Raises:
            ShapeError: There are more or fewer than E, or they are not [n, n].
            DataError: There are fewer than 4 images.
        """
        sizes = {np.shape(gram) for gram in grams}
        n = len(grams[0]) if len(grams) else 0
        if len(grams) != len(self._products) or sizes != {(n, n)}:
            raise ShapeError(
                f"expected {len(self._products)} matrices [n, n] of inner products, got "
                f"{len(grams)} of {', '.join(map(str, sorted(sizes))) or 'no shape'}"
            )
        if n < LEAST:
            raise DataError(f"CKA without bias needs at least {LEAST} images a batch, got {n}")
        rows = np.stack([centered(gram).reshape(-1) for gram in grams])
        self._products += rows @ rows.T / (n * (n - 3))
        self.batches += 1

    def result(self) -> "NDArray[np.float64]":
        """CKA between each two, float64 [E, E], at most 1; NaN where one does not vary.

        Raises:
            DataError: There were no images yet.
        """
        if not self.batches:
            raise DataError("CKA has seen no images; update it first")
        own = self._products.diagonal()
        return ratio(self._products, np.sqrt(np.outer(own, own)))
