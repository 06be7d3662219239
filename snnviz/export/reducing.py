"""Maps that are larger than a figure can show, as smaller ones."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.display import quantity
from snnviz.export.encoding import seen_shape
from snnviz.records.spikes import SpikeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from snnviz.data import Sample
    from snnviz.export.options import FigureSetOptions

# Map pixels of a figure: 128 maps of 313 x 313, or of 384 x 256, are drawn neuron for neuron.
_MOST = 12 << 20
# Neurons whose drive is there at once.
_AT_ONCE = 1 << 22
# What may be drawn from reduced records: all else asks for each neuron, or for a mean over them.
_KINDS = {"counts", "kernels"}


def reduction(maps: int, height: int, width: int) -> int:
    """The least n for which so many maps can be drawn with one pixel for n x n neurons."""
    n = 1
    while maps * -(-height // n) * -(-width // n) > _MOST and n < max(height, width):
        n += 1
    return n


def reduced(maps: "NDArray[Any]", shown: int) -> "NDArray[Any]":
    """Maps [..., H, W] that can be drawn, where `shown` of them are: as they are, or smaller.

    Each pixel is the value of one neuron of a block of n x n: of the first, but where that would
    leave out a map's least or largest value, of the neuron that has it. So each map keeps its
    scale, a map is silent only if all of it is, and nothing is drawn that no neuron did.
    """
    *before, height, width = maps.shape
    n = reduction(shown, height, width)
    if n == 1:
        return maps
    blocks = _Blocks.begun(maps.reshape(-1, height, width), n, height)
    blocks.add(maps.reshape(-1, height, width), 0)
    found = blocks.finished()
    return found.reshape(*before, *found.shape[1:])


@dataclass
class _Blocks:
    """Maps that come a few rows at a time, as one value for each block of n x n.

    Attributes:
        n: Side of a block.
        maps: The values of the blocks, [M, rows, columns].
        ends: The least and the largest value so far, [2, M].
        places: In which block each was first, as an index into its map, [2, M].
    """

    n: int
    maps: "NDArray[Any]"
    ends: "NDArray[Any]"
    places: "NDArray[np.intp]"

    @classmethod
    def begun(cls, some: "NDArray[Any]", n: int, height: int) -> "_Blocks":
        """Nothing yet, of as many maps [M, ..., W] of that height and type."""
        count, width = len(some), some.shape[-1]
        maps = np.zeros((count, -(-height // n), -(-width // n)), some.dtype)
        ends = np.stack([some[:, 0, 0], some[:, 0, 0]])
        return cls(n, maps, ends, np.zeros((2, count), np.intp))

    def add(self, some: "NDArray[Any]", top: int) -> None:
        """Rows [M, h, W] of the maps from `top` on, which is a multiple of n."""
        columns, width = self.maps.shape[2], some.shape[2]
        first = top // self.n
        picked = some[:, :: self.n, :: self.n]
        self.maps[:, first : first + picked.shape[1]] = picked
        flat = np.ascontiguousarray(some).reshape(len(some), -1)
        every = np.arange(len(some))
        for end, (find, beyond) in enumerate(((np.argmin, np.less), (np.argmax, np.greater))):
            at = find(flat, axis=1)
            value = flat[every, at]
            further = beyond(value, self.ends[end])
            row, column = np.divmod(at, width)
            place = (first + row // self.n) * columns + column // self.n
            self.ends[end] = np.where(further, value, self.ends[end])
            self.places[end] = np.where(further, place, self.places[end])

    def finished(self) -> "NDArray[Any]":
        """The maps, with their least and largest values."""
        flat = self.maps.reshape(len(self.maps), -1)
        lost = np.stack([flat.min(axis=1) > self.ends[0], flat.max(axis=1) < self.ends[1]])
        # Where both are lost in one block, the larger one is drawn beside it.
        both = lost.all(axis=0) & (self.places[0] == self.places[1])
        self.places[1] += np.where(both, np.where(self.places[1] > 0, -1, 1), 0)
        for end in (0, 1):
            where = np.flatnonzero(lost[end])
            flat[where, self.places[end][where]] = self.ends[end][where]
        return self.maps


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
        blocks: _Blocks | None = None
        for top in range(0, height, rows):
            first = max(0, top - around)
            some = images[:, :, first : top + rows + around]
            times = self._encoder.encode(some, T).first_spike
            times = times.reshape(-1, *times.shape[2:])[:, top - first : top - first + rows]
            if blocks is None:
                blocks = _Blocks.begun(times, n, height)
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


def warn_of_reduction(maps: int, height: int, width: int) -> None:
    """Say of so many maps of that size that they are drawn smaller, where they are."""
    if (n := reduction(maps, height, width)) > 1:
        warnings.warn(
            f"{quantity(maps, 'map')} of {height} x {width} neurons are more than a figure holds: "
            f"of each {n} x {n} neurons one is drawn; choose fewer channels to see more",
            stacklevel=3,
        )
