"""Where on their f-I curve the neurons of a channel work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.accumulator import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.float64]

# A drive that varies by less than this share of its mean square does not vary but by rounding.
_ROUNDING = 1e-10


@dataclass(frozen=True, repr=False)
class OperatingPointResult(Brief):
    """Where the neurons of each channel work, over all neurons and images.

    Attributes:
        images: Number of images.
        threshold: What drives are divided by: how far the threshold is from rest; None where it is
            not known, and drives are as they come.
        silent: The share of neurons that do not fire for an image, floats [K] in [0, 1].
        first_step: The share of those that fire in the first step, and then, without a leak, in
            every one.
        linear_range: The share of all others, whose first spike tells the drive.
        mean_drive: Mean drive over the threshold, floats [K].
        drive_deviation: Its standard deviation.
        gain: f-I gain: the slope of the line of firing rate by drive of least squares over neurons
            and images, which goes through the mean drive; floats [K]. 1 where integrate-and-fire
            neurons are in their linear range, 0 where all are silent or all saturated; NaN where
            the drive does not vary.

    `mean_drive`, `drive_deviation` and `gain` are None where the drive changes with time.
    """

    images: int
    threshold: float | None
    silent: "Floats"
    first_step: "Floats"
    linear_range: "Floats"
    mean_drive: "Floats | None"
    drive_deviation: "Floats | None"
    gain: "Floats | None"


class OperatingPoint:
    """Adds up drives, rates and first spikes, batch by batch.

    Args:
        shape: (K, H, W) of the records.
        threshold: How far the threshold is from rest; None where that is not known.
    """

    def __init__(self, shape: tuple[int, int, int], threshold: float | None = None) -> None:
        self._shape, self.threshold = shape, threshold
        self.images = 0
        self._times = np.zeros((2, shape[0]), np.int64)
        # Of drive x and rate r: x, x^2, r, x r.
        self._sums = np.zeros((4, shape[0]))
        self._driven = True

    def update(self, record: "SpikeRecord", drive: "NDArray[np.floating] | None" = None) -> None:
        """Add images: their record, and the drive that it came from, [n, K, H, W].

        Raises:
            ShapeError: They do not fit each other.
        """
        if record.shape[1:] != self._shape or (drive is not None and drive.shape != record.shape):
            raise ShapeError(
                f"expected maps {self._shape} and their drives, got {list(record.shape)} and "
                f"{None if drive is None else list(drive.shape)}"
            )
        self.images += len(record)
        first = record.first_spike
        self._times += [((first == t).sum((0, 2, 3), dtype=np.int64)) for t in (record.T, 0)]
        if drive is None:
            self._driven = False
            return
        x = drive.astype(np.float64) / (self.threshold or 1)
        r = record.count(record.T - 1) / record.T
        for place, values in enumerate((x, x * x, r, x * r)):
            self._sums[place] += values.sum((0, 2, 3))

    def result(self) -> OperatingPointResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        if not self.images:
            raise DataError("OperatingPoint has seen no images; update it first")
        neurons = self.images * self._shape[1] * self._shape[2]
        silent, first_step = self._times / neurons
        x, square, r, product = self._sums / neurons
        variance = square - x * x
        variance = np.where(variance > _ROUNDING * square, variance, 0.0)
        return OperatingPointResult(
            images=self.images,
            threshold=self.threshold,
            silent=silent,
            first_step=first_step,
            linear_range=(neurons - self._times.sum(0)) / neurons,
            mean_drive=x if self._driven else None,
            drive_deviation=np.sqrt(variance) if self._driven else None,
            gain=ratio(product - x * r, variance) if self._driven else None,
        )
