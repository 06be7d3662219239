"""How well a `Reconstruction` reads images that it was not fitted to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ShapeError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator
from snnviz.metrics.parts import blocks
from snnviz.metrics.reconstruction import Reconstruction
from snnviz.metrics.similarity import (
    peak_signal_to_noise,
    squared_error,
    structural_similarity,
)

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

# PSNR and SSIM of an image are rounded to this fixed point before they are added.
_FIXED = 1 << 30


@dataclass(frozen=True, repr=False)
class ReconstructionResult(Brief):
    """How well images are read back that the rule was not fitted to; all are means over images.

    Attributes:
        train_images: Number of images that the rule was fitted on.
        test_images: Number of images that it was scored on.
        mse: Mean squared error of the image in [0, 1], by step, [T].
        psnr: Peak signal-to-noise ratio in dB, [T], see `peak_signal_to_noise`.
        ssim: Structural similarity, [T] in [-1, 1]; NaN for images below 7 x 7 pixels.
        floors: The same three for two guesses that see no spike: "mean image" and "mean
            intensity" of the training images.
    """

    train_images: int
    test_images: int
    mse: "Floats"
    psnr: "Floats"
    ssim: "Floats"
    floors: dict[str, tuple[float, float, float]]


_FLOORS = ("mean image", "mean intensity")


class ReconstructionScore(Accumulator):
    """Accumulates how well a rule reads images back.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        reconstruction: The rule.

    Raises:
        ShapeError: The rule is for other records.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], reconstruction: Reconstruction) -> None:
        # A row a step, then the floors.
        rows = T + len(_FLOORS)
        sizes = {"squared error": (rows,), "psnr": (rows,), "ssim": (rows,)}
        super().__init__(T, shape, sizes)
        fitted = (*reconstruction.weights.shape, *reconstruction.mean_image.shape)
        if fitted != (T, *shape):
            raise ShapeError(f"the rule is for (T, K, H, W) = {fitted}, got {(T, *shape)}")
        self.reconstruction = reconstruction
        mean = reconstruction.mean_image
        self._guesses = np.rint([mean, np.full(mean.shape, mean.mean())]).astype(np.uint8)

    def _add(self, record: "SpikeRecord", images: "Bytes", _labels: "NDArray[np.intp]") -> None:
        for part, pictures in blocks(record, images, self.T):
            read = self.reconstruction.reconstruct(part)
            self._add_rows(slice(0, self.T), pictures, read)
            self._add_rows(slice(self.T, None), pictures, self._guesses[:, np.newaxis])

    def _add_rows(self, rows: slice, images: "Bytes", read: "Bytes") -> None:
        error, ssim = _likenesses(images, read)
        pixels = images[0].size
        psnr = [[round(peak_signal_to_noise(e, pixels) * _FIXED) for e in row]
                for row in error.tolist()]  # fmt: skip
        self.state["squared error"][rows] += error.sum(1)
        self.state["psnr"][rows] += np.array(psnr, np.int64).sum(1)
        if not np.isnan(ssim).any():
            self.state["ssim"][rows] += np.rint(ssim * _FIXED).astype(np.int64).sum(1)

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen to this one.

        Raises:
            ShapeError: It is for other records or another rule.
        """
        ours, theirs = self.reconstruction, other.reconstruction
        if not all(
            np.array_equal(getattr(ours, name), getattr(theirs, name))
            for name in ("weights", "bias", "mean_image")
        ):
            raise ShapeError("cannot merge scores of two rules; give both the same one")
        super().merge(other)

    def result(self) -> ReconstructionResult:
        """The scores so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        sums, images = self.state, self.images
        _, height, width = self.shape
        mse = sums["squared error"] / (images * height * width * 255**2)
        psnr = sums["psnr"] / (images * _FIXED)
        windowed = structural_similarity(self._guesses[:1], self._guesses[:1])
        ssim = sums["ssim"] / (images * _FIXED) + 0 * windowed  # NaN where there is no window
        floors = {
            name: (float(mse[row]), float(psnr[row]), float(ssim[row]))
            for row, name in enumerate(_FLOORS, self.T)
        }
        return ReconstructionResult(
            self.reconstruction.train_images,
            images,
            mse[: self.T],
            psnr[: self.T],
            ssim[: self.T],
            floors,
        )


def _likenesses(images: "Bytes", read: "Bytes") -> "tuple[NDArray[np.int64], Floats]":
    """Squared errors and SSIM of [n, H, W] and what was read of it, [R, n or 1, H, W]: [R, n]."""
    if tallying.is_worth(read.size):
        return tallying.likenesses(images, read)
    return squared_error(images, read), structural_similarity(images, read)
