"""What of the image can be read back from the counts, by one linear rule for all positions.

`ReconstructionFit` sees training images and finds the rule for every step; `ReconstructionScore`
(in `reconstruction_score`) applies it to other images.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.errors import ShapeError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator
from snnviz.metrics.levels import level_matrix
from snnviz.metrics.parts import blocks, count_table, counts_by_step
from snnviz.metrics.ridge import exact_weights, ridge_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

RIDGE = 1e-5
"""Strength of the penalty, as a share of the mean variance of a channel's counts."""


@dataclass(frozen=True, repr=False)
class Reconstruction(Brief):
    """A rule that reads grey levels from counts: weights . counts + bias at each step.

    One weight a channel and step, the same at every position: it cannot know where on an image
    things usually are.

    Attributes:
        weights: [T, K], grey levels a spike.
        bias: [T], grey levels.
        mean_image: Mean of the training images, [H, W] in grey levels.
        train_images: Number of images that it was fitted on.
    """

    weights: "Floats"
    bias: "Floats"
    mean_image: "Floats"
    train_images: int

    def reconstruct(self, record: "SpikeRecord") -> "Bytes":
        """The images as read from the counts up to each step, uint8 [T, n, H, W].

        Rounded to grey levels and clipped to 0..255.

        Args:
            record: n images over T steps.

        Raises:
            ShapeError: It has other steps or channels.
        """
        if (record.T, record.shape[1]) != self.weights.shape:
            raise ShapeError(
                f"this was fitted to (T, K) = {self.weights.shape}, "
                f"got a record of {(record.T, record.shape[1])}"
            )
        if tallying.suits(record):
            return tallying.read_levels(record, self._table(), self.bias)
        read = self._renewal(record) if record.is_renewal else self._trains(record)
        read += self.bias[:, np.newaxis, np.newaxis]
        grey = np.clip(np.rint(read), 0, 255).astype(np.uint8)
        n, _, height, width = record.shape
        return grey.reshape(record.T, n, height, width)

    def _renewal(self, record: "SpikeRecord") -> "Floats":
        """Weights . counts [T, n, H W]: what each first-spike time adds at each step."""
        flat = self._table().reshape(-1, record.T)
        parts = [level_matrix(times, record.T).T @ flat for times in record.first_spike]
        return np.stack(parts, axis=1).transpose(2, 1, 0).copy()

    def _table(self) -> "Floats":
        """What a map adds at each step by its first-spike time, [K, T + 1, T]."""
        table: Floats = np.einsum("tk,tf->kft", self.weights, count_table(len(self.weights)))
        return table

    def _trains(self, record: "SpikeRecord") -> "Floats":
        n, channels, height, width = record.shape
        read = np.empty((record.T, n, height * width))
        for t, counts in enumerate(counts_by_step(record)):
            flat = counts.reshape(n, channels, -1).astype(np.float64)
            read[t] = self.weights[t] @ flat
        return read


class ReconstructionFit(Accumulator):
    """Accumulates what a `Reconstruction` is fitted from: ridge regression at every step.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        strength: Penalty as a share of the channels' mean variance, > 0.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], strength: float = RIDGE) -> None:
        channels = shape[0]
        sizes = {
            "image": shape[1:],
            "gram": (T, channels, channels),
            "cross": (T, channels),
            "counts": (T, channels),
        }
        super().__init__(T, shape, sizes, strength=strength)
        self.strength = strength

    def _add(self, record: "SpikeRecord", images: "Bytes", _labels: "NDArray[np.intp]") -> None:
        self.state["image"] += images.sum(0, dtype=np.int64)
        if tallying.suits(record):
            products = tallying.step_products(record, images, np.arange(self.T))
            for name, sums in zip(("gram", "cross", "counts"), products, strict=True):
                self.state[name] += sums
            return
        for part, pictures in blocks(record, images):
            pixels = np.stack([pictures.reshape(-1), np.ones(pictures.size, np.uint8)])
            for t, counts in enumerate(counts_by_step(part)):
                rows = counts.swapaxes(0, 1).reshape(self.shape[0], -1)
                self._add_step(t, rows, pixels, self.T * part.most)

    def _add_step(
        self, t: int, counts: "NDArray[np.unsignedinteger]", pixels: "Bytes", largest: int
    ) -> None:
        dtype, columns = _exact_product(largest)
        channels = self.shape[0]
        for part in batches(counts.shape[1], columns):
            rows = np.vstack([counts[:, part], pixels[:, part]]).astype(dtype)
            product = (rows[:channels] @ rows.T).astype(np.int64)
            self.state["gram"][t] += product[:, :channels]
            self.state["cross"][t] += product[:, channels]
            self.state["counts"][t] += product[:, channels + 1]

    def result(self) -> Reconstruction:
        """The rule fitted to everything so far.

        Its weights are rounded to 52 bits of their sum, so that reading with it is exact.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        sums, images = self.state, self.images
        target = sums["image"].sum(keepdims=True).reshape(1)
        samples = images * self.shape[1] * self.shape[2]
        weights, bias = np.empty((self.T, self.shape[0])), np.empty(self.T)
        for t in range(self.T):
            (fitted,) = ridge_weights(
                sums["gram"][t],
                sums["cross"][t][:, np.newaxis],
                sums["counts"][t],
                target,
                samples,
                [self.strength],
            )
            rounded = exact_weights(*fitted, self.T * self.most)
            weights[t], bias[t] = rounded[0][:, 0], rounded[1][0]
        return Reconstruction(weights, bias, sums["image"] / images, images)


def _exact_product(count: int) -> tuple[type[np.floating], int]:
    """In which type, and over how many pixels, products of such counts and bytes are exact."""
    largest = max(count, 255) * count
    if 1024 * largest <= 1 << 24:
        return np.float32, (1 << 24) // largest
    return np.float64, (1 << 53) // largest
