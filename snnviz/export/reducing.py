"""An encoder whose records are no larger than what a figure can show."""

from typing import TYPE_CHECKING

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.export.encoding import seen_shape
from snnviz.export.reduced import Blocks, reduced, reduction, warn_of_reduction
from snnviz.records.spikes import SpikeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from snnviz.data import Sample
    from snnviz.export.options import FigureSetOptions

# Neurons whose drive is there at once.
_AT_ONCE = 1 << 22
# What may be drawn from reduced records: all else asks for each neuron, or for a mean over them.
_KINDS = {"counts", "kernels"}


class ReducingEncoder(Encoder):
    """A chain whose records have one neuron for each pixel that can be drawn.

    It encodes an image a few rows at a time and keeps what `reduced` keeps of its first-spike
    times, so that neither the drive nor the spikes of all neurons are ever there.

    Args:
        encoder: A chain of neurons that are a renewal process, see `reach`.
        shown: How many of its maps are drawn.
    """

    def __init__(self, encoder: ChainEncoder, shown: int) -> None:
        self._encoder = encoder
        self._shown = shown
        self.T, self.layer = encoder.T, encoder.layer

    @property
    def in_channels(self) -> int:
        """Channels of the images it takes."""
        return self._encoder.in_channels

    @property
    def channels(self) -> int:
        """Number of feature maps, K."""
        return self._encoder.channels

    @property
    def device(self) -> "torch.device":
        """Where it computes."""
        return self._encoder.device

    @property
    def kernels(self) -> "NDArray[np.float32]":
        """Weights of the convolution before the neurons, float32 [K, C, kh, kw]; a copy."""
        return self._encoder.kernels

    def macs(self, shape: tuple[int, int, int]) -> int:
        """Multiply-accumulates of that convolution for an image [C, H, W]."""
        return self._encoder.macs(shape)

    @property
    def neurons(self) -> str:
        """The class of its neurons."""
        return self._encoder.neurons

    def integrates(self) -> tuple[float, float | None] | None:
        """Threshold and reset of the encoder's neurons."""
        return self._encoder.integrates()

    def to(self, device: "str | torch.device") -> "ReducingEncoder":
        """The same encoder, computing on `device`."""
        return ReducingEncoder(self._encoder.to(device), self._shown)

    def drive(self, images: "Tensor | NDArray[np.floating]") -> "Tensor":
        """Input current of all neurons."""
        return self._encoder.drive(images)

    def record_size(self, image_size: tuple[int, int], T: int) -> int:
        """About how many bytes the reduced record of an image takes."""
        return self._encoder.record_size(image_size, T) // reduction(self._shown, *image_size) ** 2

    def encode(
        self, images: "Tensor | NDArray[np.floating]", T: int | None = None
    ) -> "SpikeRecord":
        """The spikes of the neurons that stand for the others, over T steps."""
        height, width = images.shape[-2:]
        n = reduction(self._shown, height, width)
        T = self.T if T is None else T
        rows = n * max(1, _AT_ONCE // (self.channels * width * n))
        around = self._encoder.reach or 0
        if n == 1:
            return self._encoder.encode(images, T)
        blocks: Blocks | None = None
        for top in range(0, height, rows):
            first = max(0, top - around)
            some = images[:, :, first : top + rows + around]
            times = self._encoder.encode(some, T).first_spike
            times = times.reshape(-1, *times.shape[2:])[:, top - first : top - first + rows]
            if blocks is None:
                blocks = Blocks.begun(times, n, height)
            blocks.add(times, top)
        assert blocks is not None  # noqa: S101 - an image has rows
        found = blocks.finished()
        return SpikeRecord.from_first_spike(found.reshape(len(images), -1, *found.shape[1:]), T)


def reducing(
    encoder: "Encoder",
    samples: "Iterable[Sample]",
    options: "FigureSetOptions",
    records: "Mapping[int, SpikeRecord]",
) -> "tuple[Encoder, Mapping[int, SpikeRecord]]":
    """An encoder whose records are no larger than what is drawn, and such records of what is known.

    They are the ones that came where the images' maps can be drawn neuron for neuron, where more
    is made of the records than figures of summed spikes, or where the encoder is no such chain.
    """
    shown = len(options.channels)
    sizes = {seen_shape(sample)[-2:] for sample in samples if sample.frames is None}
    only_figures = (
        "counts" in options.kinds
        and _KINDS.issuperset(options.kinds)
        and "npz" not in options.formats
        and not (options.sheet or options.compose or options.compare)
    )
    if (
        not isinstance(encoder, ChainEncoder)
        or not only_figures
        or encoder.reach is None
        or all(reduction(shown or encoder.channels, *size) == 1 for size in sizes)
    ):
        return encoder, records
    shown = shown or encoder.channels
    for size in sizes:
        warn_of_reduction(shown, *size)
    small = {
        index: SpikeRecord.from_first_spike(reduced(record.first_spike, shown), record.T)
        for index, record in records.items()
    }
    return ReducingEncoder(encoder, shown), small
