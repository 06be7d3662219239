"""What part of an image a neuron sees, and what is there when it fires."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.accumulator import ratio
from snnviz.records.receptive_field import ReceptiveField

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


# Numbers of the patches under all neurons of an image: 128 MB.
_LARGEST = 1 << 24


@dataclass(frozen=True, repr=False)
class ReceptiveFieldResult(Brief):
    """What each channel's neurons see.

    Attributes:
        images: Number of images.
        field: Where that is, from kernels, strides, dilations and padding.
        average: Spike-triggered average: the mean patch under a spike, less the mean patch under
            all neurons, floats [K, height, width] in grey levels of -255 to 255; NaN for a silent
            channel. Pixels outside the image count as 0. None where it would take too much memory.
        effective: How many pixels of it are at least half as far from 0 as the farthest, ints [K];
            0 where it is 0 or not defined. None without it.

    The average mixes what a neuron looks for with what images have in common: neighbouring pixels
    are alike, so that it is blurred against the kernel (E. Chichilnisky, Network 12, 2001: it is a
    linear neuron's kernel for stimuli without correlations).
    """

    images: int
    field: ReceptiveField
    average: "Floats | None"
    effective: "NDArray[np.int64] | None"


def patches(images: "NDArray[np.uint8]", field: ReceptiveField, size: tuple[int, int]) -> "Floats":
    """The patch under each neuron of a map, floats [n, H, W, height, width]; 0 outside the image.

    Args:
        images: Grey bytes [n, rows, columns].
        field: Which pixels each neuron sees.
        size: Rows and columns of the map.

    Raises:
        ShapeError: The images are no bytes [n, rows, columns].

    Example:
        >>> from snnviz.metrics import ReceptiveField
        >>> from snnviz.metrics.receptive_field import patches
        >>> image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
        >>> patches(image, ReceptiveField(-1, 0, 2, 2, 2, 2), (2, 2))[0, 1, 1].tolist()
        [[6.0, 7.0], [10.0, 11.0]]
    """
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ShapeError(
            f"images must be grey bytes [n, rows, columns], got {images.dtype} {list(images.shape)}"
        )
    found = images.astype(np.float64)
    axes = ((field.top, field.height, field.down), (field.left, field.width, field.right))
    for axis, (first, length, step) in enumerate(axes):
        places = first + step * np.arange(size[axis])[:, np.newaxis] + np.arange(length)
        sides = images.shape[1 + axis]
        inside = (places >= 0) & (places < sides)
        # Rows become [H, height], then columns [W, width].
        found = np.take(found, np.clip(places, 0, sides - 1), axis=1 + 2 * axis)
        shape = [1] * found.ndim
        shape[1 + 2 * axis : 3 + 2 * axis] = inside.shape
        found *= inside.reshape(shape)
    return found.swapaxes(2, 3)


class SpikeTriggered:
    """Adds up the patches under spikes, batch by batch.

    Args:
        shape: (K, H, W) of the records.
        field: Which pixels each neuron sees.
    """

    def __init__(self, shape: tuple[int, int, int], field: ReceptiveField) -> None:
        self._shape, self.field = shape, field
        self.images = 0
        self.fits = shape[1] * shape[2] * field.height * field.width <= _LARGEST
        if not self.fits:
            return
        self._spikes = np.zeros(shape[0])
        self._triggered = np.zeros((shape[0], field.height * field.width))
        self._all = np.zeros(field.height * field.width)

    def update(self, images: "NDArray[np.uint8]", counts: "NDArray[np.integer]") -> None:
        """Add images: grey bytes [n, rows, columns], and their spike counts [n, K, H, W].

        Raises:
            ShapeError: They do not fit each other.
        """
        if counts.shape != (len(images), *self._shape):
            raise ShapeError(
                f"expected counts {[len(images), *self._shape]}, got {list(counts.shape)}"
            )
        self.images += len(images)
        if not self.fits:
            return
        for image, count in zip(images, counts, strict=True):
            seen = patches(image[np.newaxis], self.field, self._shape[1:])[0]
            rows = seen.reshape(-1, self._all.size)
            of_channel = count.reshape(self._shape[0], -1)
            # Whole numbers: float32 adds them up exactly below 2^24, float64 below 2^53.
            small = 255 * int(of_channel.max(initial=0)) * of_channel.shape[1] < 1 << 24
            dtype = np.float32 if small else np.float64
            self._triggered += of_channel.astype(dtype) @ rows.astype(dtype)
            self._spikes += of_channel.sum(1, dtype=np.int64)
            self._all += rows.sum(0)

    def result(self) -> ReceptiveFieldResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        if not self.images:
            raise DataError("SpikeTriggered has seen no images; update it first")
        if not self.fits:
            return ReceptiveFieldResult(self.images, self.field, None, None)
        neurons = self.images * self._shape[1] * self._shape[2]
        average = ratio(self._triggered, self._spikes[:, np.newaxis]) - self._all / neurons
        size = self.field.height, self.field.width
        return ReceptiveFieldResult(
            self.images, self.field, average.reshape(-1, *size), effective_size(average)
        )


def effective_size(average: "Floats") -> "NDArray[np.int64]":
    """How many numbers of each row are at least half as far from 0 as the farthest, ints [K].

    Args:
        average: Floats [K, P]; a row of zeros, or of NaN, has none.
    """
    far = np.abs(np.nan_to_num(average))
    most = far.max(1, keepdims=True)
    count: NDArray[np.int64] = ((far >= most / 2) & (most > 0)).sum(1, dtype=np.int64)
    return count
