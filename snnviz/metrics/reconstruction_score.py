"""How well a `Reconstruction` reads images that it was not fitted to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import DataError, ShapeError
from snnviz.metrics.batches import add_sums, blocks, check_batch, check_same, check_shape
from snnviz.metrics.reconstruction import Reconstruction
from snnviz.metrics.similarity import (
    peak_signal_to_noise,
    squared_error,
    structural_similarity,
)

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.spikes import SpikeRecord

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

# PSNR and SSIM of an image are rounded to this fixed point before they are added.
_FIXED = 1 << 30


@dataclass(frozen=True)
class ReconstructionResult:
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


class ReconstructionScore:
    """Sums from which a `ReconstructionResult` follows.

    Args:
        T: Number of time steps.
        shape: (K, H, W) of the records.
        reconstruction: The rule.

    Attributes:
        sums: The state, whole numbers.

    Raises:
        ShapeError: The rule is for other records.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], reconstruction: Reconstruction) -> None:
        check_shape(T, shape)
        fitted = (*reconstruction.weights.shape, *reconstruction.mean_image.shape)
        if fitted != (T, *shape):
            raise ShapeError(f"the rule is for (T, K, H, W) = {fitted}, got {(T, *shape)}")
        self.T, self.shape, self.reconstruction = T, shape, reconstruction
        # A row a step, then the floors.
        rows = T + len(_FLOORS)
        self.sums = {
            "images": np.zeros((), np.int64),
            "squared error": np.zeros(rows, np.int64),
            "psnr": np.zeros(rows, np.int64),
            "ssim": np.zeros(rows, np.int64),
        }
        mean = reconstruction.mean_image
        self._guesses = np.rint([mean, np.full(mean.shape, mean.mean())]).astype(np.uint8)

    def update(self, record: "SpikeRecord", images: "Bytes", labels: "Bytes | None" = None) -> None:
        """Add test images [n, H, W] and what became of them; labels are not used.

        Raises:
            ShapeError: The arrays do not fit each other or this accumulator.
        """
        del labels
        check_batch(record, images, self.T, self.shape)
        self.sums["images"] += len(images)
        for part, pictures in blocks(record, images):
            read = self.reconstruction.reconstruct(part)
            self._add(slice(0, self.T), pictures, read)
            self._add(slice(self.T, None), pictures, self._guesses[:, np.newaxis])

    def _add(self, rows: slice, images: "Bytes", read: "Bytes") -> None:
        error = squared_error(images, read)
        pixels = images[0].size
        psnr = [[round(peak_signal_to_noise(e, pixels) * _FIXED) for e in row]
                for row in error.tolist()]  # fmt: skip
        self.sums["squared error"][rows] += error.sum(1)
        self.sums["psnr"][rows] += np.array(psnr, np.int64).sum(1)
        ssim = structural_similarity(images, read)
        if not np.isnan(ssim).any():
            self.sums["ssim"][rows] += np.rint(ssim * _FIXED).astype(np.int64).sum(1)

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen.

        Raises:
            ShapeError: It is for other records or another rule.
        """
        check_same((self.T, self.shape), (other.T, other.shape))
        ours, theirs = self.reconstruction, other.reconstruction
        if not all(
            np.array_equal(getattr(ours, name), getattr(theirs, name))
            for name in ("weights", "bias", "mean_image")
        ):
            raise ShapeError("cannot merge scores of two rules; give both the same one")
        add_sums(self.sums, other.sums)

    def result(self) -> ReconstructionResult:
        """The scores over everything added so far.

        Raises:
            DataError: Nothing was added.
        """
        sums = self.sums
        images = int(sums["images"])
        if not images:
            raise DataError("no images to score on; add some first")
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
