"""What of the image can be read back from the counts, by one linear rule for all positions.

`ReconstructionFit` sees training images and finds the rule for every step; `ReconstructionScore`
(in `reconstruction_score`) applies it to other images.
"""

from dataclasses import dataclass
from itertools import islice
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
        weights: [S, K], grey levels a spike; S is T, or 1 where only the last step is read.
        bias: [S], grey levels.
        mean_image: Mean of the training images, [H, W] in grey levels.
        train_images: Number of images that it was fitted on.
        last_of: Number of time steps, where only the last of them is read; None: each is.
    """

    weights: "Floats"
    bias: "Floats"
    mean_image: "Floats"
    train_images: int
    last_of: int | None = None

    @property
    def T(self) -> int:  # noqa: N802 - the field's name
        """Number of time steps of the records that it reads."""
        return self.last_of or len(self.weights)

    def reconstruct(self, record: "SpikeRecord") -> "Bytes":
        """The images as read from the counts up to each step that is read, uint8 [S, n, H, W].

        Rounded to grey levels and clipped to 0..255.

        Args:
            record: n images over T steps.

        Raises:
            ShapeError: It has other steps or channels.
        """
        fitted_to, given = (self.T, self.weights.shape[1]), (record.T, record.shape[1])
        if given != fitted_to:
            raise ShapeError(f"this was fitted to (T, K) = {fitted_to}, got a record of {given}")
        if tallying.suits(record):
            return tallying.read_levels(record, self._table(), self.bias)
        read = self._renewal(record) if record.is_renewal else self._trains(record)
        read += self.bias[:, np.newaxis, np.newaxis]
        grey = np.clip(np.rint(read), 0, 255).astype(np.uint8)
        n, _, height, width = record.shape
        return grey.reshape(len(self.weights), n, height, width)

    def _renewal(self, record: "SpikeRecord") -> "Floats":
        """Weights . counts [S, n, H W]: what each first-spike time adds at each step."""
        flat = self._table().reshape(-1, len(self.weights))
        parts = [level_matrix(times, record.T).T @ flat for times in record.first_spike]
        return np.stack(parts, axis=1).transpose(2, 1, 0).copy()

    def _table(self) -> "Floats":
        """What a map adds at each step by its first-spike time, [K, T + 1, S]."""
        counts = count_table(self.T)[-len(self.weights) :]
        table: Floats = np.einsum("tk,tf->kft", self.weights, counts)
        return table

    def _trains(self, record: "SpikeRecord") -> "Floats":
        n, channels, height, width = record.shape
        read = np.empty((len(self.weights), n, height * width))
        first = self.T - len(self.weights)
        for t, counts in enumerate(islice(counts_by_step(record), first, None)):
            flat = counts.reshape(n, channels, -1).astype(np.float64)
            read[t] = self.weights[t] @ flat
        return read


class ReconstructionFit(Accumulator):
    """Accumulates what a `Reconstruction` is fitted from: ridge regression at every step.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        strength: Penalty as a share of the channels' mean variance, > 0.
        last: Whether only the last step is to be read, for which less is to be summed.
    """

    def __init__(
        self, T: int, shape: tuple[int, int, int], strength: float = RIDGE, *, last: bool = False
    ) -> None:
        channels, self.first = shape[0], T - 1 if last else 0
        steps = T - self.first
        sizes = {
            "image": shape[1:],
            "gram": (steps, channels, channels),
            "cross": (steps, channels),
            "counts": (steps, channels),
        }
        super().__init__(T, shape, sizes, strength=strength, last=last)
        self.strength = strength

    def _add(self, record: "SpikeRecord", images: "Bytes", _labels: "NDArray[np.intp]") -> None:
        self.state["image"] += images.sum(0, dtype=np.int64)
        if tallying.suits(record):
            products = tallying.step_products(record, images, np.arange(self.first, self.T))
            for name, sums in zip(("gram", "cross", "counts"), products, strict=True):
                self.state[name] += sums
            return
        for part, pictures in blocks(record, images):
            pixels = np.stack([pictures.reshape(-1), np.ones(pictures.size, np.uint8)])
            for t, counts in enumerate(islice(counts_by_step(part), self.first, None)):
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
        steps = self.T - self.first
        weights, bias = np.empty((steps, self.shape[0])), np.empty(steps)
        for t in range(steps):
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
        last_of = self.T if self.first else None
        return Reconstruction(weights, bias, sums["image"] / images, images, last_of)


def _exact_product(count: int) -> tuple[type[np.floating], int]:
    """In which type, and over how many pixels, products of such counts and bytes are exact."""
    largest = max(count, 255) * count
    if 1024 * largest <= 1 << 24:
        return np.float32, (1 << 24) // largest
    return np.float64, (1 << 53) // largest
