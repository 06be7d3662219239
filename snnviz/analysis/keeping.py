"""What is kept of records as they come by, so that no image is encoded twice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.records.spikes import SpikeRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.encodings import Encoding
    from snnviz.data import ImageSet
    from snnviz.ranks import Ranks

# Images whose counts are averaged for the mean maps.
_SHOWN = 200
_BATCH = 128


@dataclass(frozen=True, eq=False, repr=False)
class Shown(Brief):
    """What figures show of the first images.

    Attributes:
        first: The record of the first of them.
        sums: The sum of the counts of all of them, int64 [K, H, W].
        images: How many they are.
    """

    first: SpikeRecord
    sums: "NDArray[np.int64]"
    images: int

    @property
    def means(self) -> "NDArray[np.float64]":
        """Their mean counts, floats [K, H, W]."""
        return self.sums / self.images


class Kept:
    """Takes what is needed later out of the records of images, in the order of their set.

    Args:
        encoding: Whose records they are; counts are those up to its t.
        counts: Of how many of the first images the counts are kept.
        shown: Whether figures show them.
        records: Of how many of the first images the records themselves are kept.
    """

    def __init__(self, encoding: "Encoding", counts: int, *, shown: bool, records: int = 0) -> None:
        self._encoding, self._recorded = encoding, records
        self._records: dict[int, SpikeRecord] = {}
        self._wanted, self._looked_at = counts, _SHOWN if shown else 0
        self._counts: dict[int, NDArray[np.unsignedinteger]] = {}
        self._first: SpikeRecord | None = None
        self._sums: NDArray[np.int64] = np.zeros((), np.int64)
        self._shown = 0

    def note(self, indices: "NDArray[np.intp]", record: SpikeRecord) -> None:
        """Look at the record of the images at those places of the set, in rising order."""
        recorded = int(np.searchsorted(indices, self._recorded))
        if recorded:
            several = SpikeRecord.joined([record[:recorded]])  # a copy, as below
            self._records |= dict(zip(indices[:recorded].tolist(), several, strict=True))
        few = int(np.searchsorted(indices, max(self._wanted, self._looked_at)))
        if few == 0:
            return
        counts = self._encoding.readout(record[:few]).count(self._encoding.t)
        aligned = int(np.searchsorted(indices, self._wanted))
        self._counts |= dict(zip(indices[:aligned].tolist(), counts, strict=False))
        if indices[0] == 0:
            self._first = SpikeRecord.joined([record[:1]])  # a copy: the batch can go
        shown = counts[: int(np.searchsorted(indices, self._looked_at))]
        self._sums = self._sums + shown.sum(axis=0, dtype=np.int64)
        self._shown += len(shown)

    def shown(self, ranks: "Ranks") -> Shown:
        """What figures show, from what all ranks have seen."""
        parts = ranks.gather([(self._first, self._sums, self._shown)])
        firsts = [first for first, _, _ in parts if first is not None]
        sums = sum(sums for _, sums, _ in parts)
        return Shown(firsts[0], np.asarray(sums), sum(count for _, _, count in parts))

    def counts(self, images: "ImageSet") -> "NDArray[np.unsignedinteger]":
        """The counts of the first images, [n, K, H, W]; those that other ranks saw are encoded."""
        missing = np.array([i for i in range(len(images)) if i not in self._counts], np.intp)
        for some in batches(len(missing), _BATCH):
            record = self._encoding.encode(images.images[missing[some]])
            counts = self._encoding.readout(record).count(self._encoding.t)
            self._counts |= dict(zip(missing[some].tolist(), counts, strict=True))
        return np.stack([self._counts.pop(index) for index in range(len(images))])

    def records(self, images: "ImageSet", some: slice) -> SpikeRecord:
        """The record of some of the first images, once; of those other ranks saw it is encoded."""
        places = range(len(images))[some]
        missing = [place for place in places if place not in self._records]
        if missing:
            found = self._encoding.encode(images.images[missing])
            self._records |= dict(zip(missing, found, strict=True))
        return SpikeRecord.joined([self._records.pop(place) for place in places])
