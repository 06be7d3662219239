"""What the families that run over a data set have in common: fed batches, merged exactly."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.errors import ConfigError, DataError, ShapeError

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# Images that are looked at together; so few that a byte holds how many of them have a property.
_IMAGES = 255
# Where a record keeps every spike, about so many of them are unpacked at a time.
_SPIKES = 1 << 25

MOST_SPIKES = (1 << 16) - 1
"""The largest spike count over all steps of which sums are kept exactly."""


class Accumulator:
    """Whole numbers about the records of a data set, fed batch by batch.

    The state holds integers only, so results are the same bit for bit however the images are
    divided into batches and accumulators, and in whichever order those are merged. It can be
    pickled, and does not grow with the number of images.

    Attributes:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        classes: Number of classes, where labels are read; else None.
        images: Number of images so far.
        most: The largest number of spikes of a neuron in one step so far, see `SpikeRecord.most`.
        state: What has been counted, int64 arrays by name.
    """

    def __init__(
        self,
        T: int,
        shape: tuple[int, int, int],
        sizes: Mapping[str, tuple[int, ...]],
        *,
        classes: int | None = None,
        **settings: float | None,
    ) -> None:
        check_shape(T, shape)
        if classes is not None and classes < 1:
            raise ConfigError(f"the number of classes must be at least 1, got {classes}")
        self.T = T
        self.shape = shape
        self.classes = classes
        self.images = 0
        self.most = 1
        self._settings = settings
        self.state = {name: np.zeros(size, np.int64) for name, size in sizes.items()}

    @property
    def made_for(self) -> tuple[object, ...]:
        """What two of a family must share to be merged: T, shape, classes, and settings."""
        return self.T, self.shape, self.classes, *self._settings.items()

    def update(
        self,
        record: "SpikeRecord",
        images: "NDArray[np.uint8]",
        labels: "NDArray[np.integer] | None" = None,
    ) -> None:
        """Add a batch.

        Args:
            record: What n images became; K, H, W and T as this was made for.
            images: Those images, grey bytes [n, H, W].
            labels: Their classes, ints [n]; only read where a number of classes was given.

        Raises:
            ShapeError: The arrays have another shape or type, or do not belong together.
            DataError: Labels are needed and missing, or one is not below the number of classes; or
                a neuron may have fired more often than `MOST_SPIKES`.
        """
        self._check(record, images)
        if record.most > 1 and record.most * self.T > MOST_SPIKES:
            raise DataError(
                f"neurons fire up to {record.most} times in a step, over T = {self.T} steps; sums "
                f"are exact for up to {MOST_SPIKES} spikes: take fewer steps or scale the weights"
            )
        self.most = max(self.most, record.most)
        known = self._known(labels, len(images))
        for block in self._blocks(record):
            self._add(record[block], images[block], known[block])
        self.images += len(images)

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen to this one.

        Raises:
            ShapeError: It is of another family, or made for other records or with other settings.
        """
        if type(other) is not type(self) or other.made_for != self.made_for:
            raise ShapeError(
                f"cannot merge {type(other).__name__}{other.made_for} into "
                f"{type(self).__name__}{self.made_for}; make both alike"
            )
        for name, values in other.state.items():
            self.state[name] = added(self.state[name], values)
        self.images += other.images
        self.most = max(self.most, other.most)

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        """Add at most `_IMAGES` images; labels are 0 where none are read."""
        raise NotImplementedError

    def _check_filled(self) -> None:
        if self.images == 0:
            raise DataError(f"{type(self).__name__} has seen no images; update it first")

    def _check(self, record: "SpikeRecord", images: "NDArray[np.uint8]") -> None:
        n, *shape = record.shape
        if record.T != self.T or tuple(shape) != self.shape:
            raise ShapeError(
                f"the record has T = {record.T} and maps {tuple(shape)}, but this was made for "
                f"T = {self.T} and {self.shape}"
            )
        if images.dtype != np.uint8 or images.shape != (n, *self.shape[1:]):
            raise ShapeError(
                f"images must be uint8 {[n, *self.shape[1:]]} like the record, "
                f"got {images.dtype} {list(images.shape)}"
            )

    def _known(self, labels: "NDArray[np.integer] | None", n: int) -> "NDArray[np.intp]":
        if self.classes is None:
            return np.zeros(n, np.intp)
        if labels is None:
            raise DataError(f"{type(self).__name__} needs labels; leave it out without")
        if labels.shape != (n,):
            raise ShapeError(f"labels must be [{n}] like the images, got {list(labels.shape)}")
        if n and not 0 <= labels.min() <= labels.max() < self.classes:
            raise DataError(
                f"labels must be in 0..{self.classes - 1}, got {labels.min()} to {labels.max()}"
            )
        return labels.astype(np.intp)

    def _blocks(self, record: "SpikeRecord") -> Iterator[slice]:
        size = _IMAGES
        if not record.is_renewal:
            size = min(size, max(1, _SPIKES // (self.T * int(np.prod(self.shape)))))
        return batches(len(record.first_spike), size)


def added(total: "NDArray[np.int64]", values: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """The total with the values added, where it lies, since it may be large.

    Where the last axis of one is shorter, what it lacks is 0.
    """
    if total.shape == values.shape:
        total += values
        return total
    longer, shorter = sorted((total, values), key=lambda each: -each.shape[-1])
    found = longer.copy()
    found[..., : shorter.shape[-1]] += shorter
    return found


def check_shape(T: int, shape: tuple[int, ...]) -> None:
    """Refuse what no record can have.

    Raises:
        ConfigError: T is below 1.
        ShapeError: The shape is not (K, H, W), or one of them is below 1.
    """
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")
    if len(shape) != 3 or min(shape) < 1:
        raise ShapeError(f"the shape must be (K, H, W), each at least 1, got {shape}")


def mean_defined(
    values: "NDArray[np.float64]", axis: int | tuple[int, ...] | None = None
) -> "NDArray[np.float64]":
    """The mean of the values that are not NaN; NaN where there are none."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=axis), defined.sum(axis=axis))


def ratio(
    numerator: "NDArray[np.generic] | float", denominator: "NDArray[np.generic] | float"
) -> "NDArray[np.float64]":
    """Their quotient; NaN where the denominator is 0."""
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    )
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient
