"""Which images, and where in them, make each channel spike most."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError, check_integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SHOWN = 5
"""How many images are kept of each channel."""


@dataclass(frozen=True, repr=False)
class ExcitingResult(Brief):
    """The images that each channel answers most, the first of equal ones first.

    Attributes:
        images: Of how many images, the first ones of their set.
        top_images: Numbers of those with the most spikes in the channel, ints [K, M].
        top_counts: These numbers of spikes, ints [K, M].
        patch_images: Numbers of those with the largest spike count of one neuron, ints [K, M].
        patch_places: Row and column of that neuron in its map, the first of equal ones, ints
            [K, M, 2].
        patch_counts: These counts, ints [K, M].
        patch_ties: In how many images a neuron reaches the first of these counts, ints [K]; more
            than M of them means that which ones are named is a matter of order.

    All are those of some images also for a silent channel, whose counts are 0.
    """

    images: int
    top_images: "Ints"
    top_counts: "Ints"
    patch_images: "Ints"
    patch_places: "Ints"
    patch_counts: "Ints"
    patch_ties: "Ints"


class Exciting:
    """Gathers each image's spikes in each channel, batch by batch; maps are forgotten.

    Args:
        shape: (K, H, W) of the records.
        keep: How many images are kept of each channel.
    """

    def __init__(self, shape: tuple[int, int, int], keep: int = SHOWN) -> None:
        check_integer("the number of images to keep", keep, 1)
        self._shape, self._keep = shape, keep
        self._found: list[Ints] = []

    def update(self, counts: "NDArray[np.integer]") -> None:
        """Add the spike counts of the next images, [n, K, H, W].

        Raises:
            ShapeError: They are of other maps.
        """
        if counts.shape[1:] != self._shape:
            raise ShapeError(f"expected counts of {self._shape}, got {list(counts.shape)}")
        flat = counts.reshape(*counts.shape[:2], -1)
        found = (flat.sum(2, dtype=np.int64), flat.max(2), flat.argmax(2))
        self._found.append(np.stack(found).astype(np.int64))

    def result(self) -> ExcitingResult:
        """What the images so far did.

        Raises:
            DataError: There were no images yet.
        """
        if not self._found:
            raise DataError("Exciting has seen no images; update it first")
        totals, peaks, places = np.concatenate(self._found, axis=1)
        top, patch = (most_exciting(values, self._keep) for values in (totals, peaks))
        flat = np.take_along_axis(places.T, patch, axis=1)
        return ExcitingResult(
            images=len(totals),
            top_images=top,
            top_counts=np.take_along_axis(totals.T, top, axis=1),
            patch_images=patch,
            patch_places=np.stack(np.divmod(flat, self._shape[2]), axis=-1),
            patch_counts=np.take_along_axis(peaks.T, patch, axis=1),
            patch_ties=(peaks == peaks.max(0)).sum(0),
        )


def most_exciting(values: "NDArray[np.integer]", keep: int) -> "Ints":
    """The rows with the largest values in each column, ints [K, M], the first of equal ones first.

    Args:
        values: Whole numbers [n, K].
        keep: How many, M; or n where there are fewer.

    Example:
        >>> from snnviz.metrics import most_exciting
        >>> most_exciting(np.array([[1, 0], [3, 0], [3, 0]]), 2).tolist()
        [[1, 2], [0, 1]]
    """
    order = np.argsort(-values.astype(np.int64), axis=0, kind="stable")
    best: Ints = order[:keep].T.astype(np.int64)
    return best
