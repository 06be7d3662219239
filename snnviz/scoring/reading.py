"""Images read back from what an encoder makes of corrupted ones."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.metrics.reconstruction import Reconstruction, ReconstructionFit
from snnviz.metrics.similarity import peak_signal_to_noise, squared_error
from snnviz.scoring.outcomes import estimated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.metrics.differences import Estimate
    from snnviz.records.spikes import SpikeRecord

_BATCH = 64


@dataclass
class Reading:
    """A rule that reads images back, fitted to every second clean image and read on the others.

    Attributes:
        rule: The rule; None where nothing is read back.
        guesses: PSNR of guessing the mean image, of the images that are read.
    """

    rule: Reconstruction | None
    guesses: "list[NDArray[np.float64]]" = field(default_factory=list)

    @classmethod
    def fitted(cls, encoder: "Encoder", images: ImageSet, T: int) -> "tuple[Reading, str]":
        """The rule, and why there is none where that is so.

        Args:
            encoder: What makes spikes of images.
            images: The second, the fourth and so on are fitted to.
            T: Number of time steps.
        """
        odd = np.arange(1, len(images), 2)
        if not len(odd):
            return cls(None), "reconstruction is left out: it is fitted to every second image"
        fit = None
        for some in batches(len(odd), _BATCH):
            record = encoder.encode(to_input(images.images[odd[some]]), T)
            shape = record.shape[1:]
            if len(shape) != 3 or shape[1:] != images.size:
                size = " x ".join(map(str, shape))
                return cls(None), (
                    f"reconstruction is left out: the layer's neurons ({size}) are no maps as "
                    "large as the images"
                )
            fit = fit or ReconstructionFit(T, (shape[0], *images.size))
            fit.update(record, images.grey[odd[some]])
        assert fit is not None  # noqa: S101 - there are images
        return cls(fit.result()), ""

    def psnr(self, record: "SpikeRecord", images: ImageSet, some: slice) -> "NDArray[np.float64]":
        """PSNR in dB of the first, third and so on of the images `some`, [n]; none without a rule.

        Args:
            record: Of the images `some`, whatever they were changed to.
            images: The clean images.
            some: Which, from an even number on.
        """
        if self.rule is None:
            return np.empty(0)
        clean = images.grey[some][::2]
        return _psnr(clean, self.rule.reconstruct(record[::2])[-1])

    def guess(self, images: ImageSet, some: slice) -> None:
        """Guess those images, too."""
        if self.rule is not None:
            clean = images.grey[some][::2]
            mean = np.clip(np.rint(self.rule.mean_image), 0, 255).astype(np.uint8)
            self.guesses.append(_psnr(clean, np.broadcast_to(mean, clean.shape)))

    @property
    def floor(self) -> "Estimate | None":
        """PSNR of the guesses."""
        return estimated(self.guesses)


def _psnr(images: "NDArray[np.uint8]", read: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    errors = squared_error(images, read).tolist()
    return np.array([peak_signal_to_noise(error, images[0].size) for error in errors])
