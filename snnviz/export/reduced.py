"""Maps that are larger than a figure can show, as smaller ones: pure NumPy, for workers too."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.display import quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Map pixels of a figure: 128 maps of 313 x 313, or of 384 x 256, are drawn neuron for neuron.
_MOST = 12 << 20


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
    blocks = Blocks.begun(maps.reshape(-1, height, width), n, height)
    blocks.add(maps.reshape(-1, height, width), 0)
    found = blocks.finished()
    return found.reshape(*before, *found.shape[1:])


@dataclass
class Blocks:
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
    def begun(cls, some: "NDArray[Any]", n: int, height: int) -> "Blocks":
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


def warn_of_reduction(maps: int, height: int, width: int) -> None:
    """Say of so many maps of that size that they are drawn smaller, where they are."""
    if (n := reduction(maps, height, width)) > 1:
        warnings.warn(
            f"{quantity(maps, 'map')} of {height} x {width} neurons are more than a figure holds: "
            f"of each {n} x {n} neurons one is drawn; choose fewer channels to see more",
            stacklevel=3,
        )
