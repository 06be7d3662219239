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
    """A rule that reads images back, fitted to one half of the clean images and used on the other.

    Attributes:
        rule: The rule; None where nothing is read back.
        fitted_to: Whether it is fitted to each image, bool [N].
        guesses: PSNR of guessing the mean image, of the images that are read.
    """

    rule: Reconstruction | None
    fitted_to: "NDArray[np.bool_]"
    guesses: "list[NDArray[np.float64]]" = field(default_factory=list)

    @classmethod
    def fitted(cls, encoder: "Encoder", images: ImageSet, T: int) -> "tuple[Reading, str]":
        """The rule, and why there is none where that is so.

        Args:
            encoder: What makes spikes of images.
            images: The half that `one_half` draws of them is fitted to.
            T: Number of time steps.
        """
        half = one_half(len(images))
        (odd,) = np.nonzero(half)
        if not len(odd):
            return cls(None, half), "reconstruction is left out: it is fitted to half of the images"
        fit = None
        for some in batches(len(odd), _BATCH):
            record = encoder.encode(to_input(images.images[odd[some]]), T)
            shape = record.shape[1:]
            if len(shape) != 3 or shape[1:] != images.size:
                size = " x ".join(map(str, shape))
                return cls(None, half), (
                    f"reconstruction is left out: the layer's neurons ({size}) are no maps as "
                    "large as the images"
                )
            fit = fit or ReconstructionFit(T, (shape[0], *images.size), last=True)
            fit.update(record, images.grey[odd[some]])
        assert fit is not None  # noqa: S101 - there are images
        return cls(fit.result(), half), ""

    def psnr(self, record: "SpikeRecord", images: ImageSet, some: slice) -> "NDArray[np.float64]":
        """PSNR in dB of those of the images `some` that are not fitted to, [n]; none without rule.

        Args:
            record: Of the images `some`, whatever they were changed to.
            images: The clean images.
            some: Which.
        """
        read = np.nonzero(~self.fitted_to[some])[0]
        if self.rule is None or not len(read):
            return np.empty(0)
        return _psnr(images.grey[some][read], self.rule.reconstruct(record[read])[-1])

    def guess(self, images: ImageSet, some: slice) -> None:
        """Guess those images, too."""
        clean = images.grey[some][~self.fitted_to[some]]
        if self.rule is not None and len(clean):
            mean = np.clip(np.rint(self.rule.mean_image), 0, 255).astype(np.uint8)
            self.guesses.append(_psnr(clean, np.broadcast_to(mean, clean.shape)))

    @property
    def floor(self) -> "Estimate | None":
        """PSNR of the guesses."""
        return estimated(self.guesses)


def one_half(images: int) -> "NDArray[np.bool_]":
    """Which of so many images are in one half of them, bool [N]; the smaller where N is odd.

    They are drawn, always the same ones: every second one would be of a few classes alone, where a
    set goes through its classes in turn.
    """
    half = np.zeros(images, bool)
    half[np.random.default_rng(0).permutation(images)[: images // 2]] = True
    return half


def _psnr(images: "NDArray[np.uint8]", read: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    errors = squared_error(images, read).tolist()
    return np.array([peak_signal_to_noise(error, images[0].size) for error in errors])
