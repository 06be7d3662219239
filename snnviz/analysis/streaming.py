"""The records of one encoding in a stream, which accumulators are fed with."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from snnviz.analysis.encodings import Encoding
from snnviz.batching import batches
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from snnviz.analysis.each_image import ImageNotes
    from snnviz.analysis.keeping import Kept
    from snnviz.data import ImageSet
    from snnviz.metrics.accumulator import Accumulator
    from snnviz.records.spikes import SpikeRecord
    from snnviz.scoring.progress import Progress

# Images that are encoded at once: so many for 128 maps, 13 MB of first-spike times of 28 x 28, and
# more of fewer maps, since each call has a cost of its own.
_BATCH, _MOST = 128, 512

# What is said of the spikes themselves, whatever readouts see of them.
_OF_SPIKES = ("activity", "information", "neurons", "cost")


def at_size(images: "NDArray[np.uint8]", size: tuple[int, int]) -> "NDArray[np.uint8]":
    """Grey images [n, H, W] as large as the maps: each pixel the mean of those that it covers.

    Args:
        images: The images.
        size: Height and width of the maps; images of that size are left as they are.
    """
    if images.shape[1:] == size:
        return images
    scaled = [
        np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX))
        for image in images
    ]
    return np.stack(scaled)


class Stream:
    """The records of one encoding, an image once, as families are fed with them.

    Args:
        encoding: What makes spikes of images.
        ranks: Processes that share the images.
        progress: Called as `progress(phase, done, total)`, in images.
    """

    def __init__(self, encoding: Encoding, ranks: Ranks, progress: "Progress | None") -> None:
        self._encoding, self._ranks, self._progress = encoding, ranks, progress
        self._shape: tuple[int, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(K, H, W) of the records, once there was one."""
        assert self._shape is not None  # noqa: S101 - something was run before
        return self._shape

    def run(
        self,
        images: "ImageSet",
        families: "Callable[[tuple[int, int, int]], Mapping[Any, Accumulator]]",
        phase: str = "",
        *,
        kept: "Kept | None" = None,
        notes: "ImageNotes | None" = None,
        first: int = 0,
    ) -> dict[Any, Any]:
        """The families with all images: this rank's share is fed to them, the others' merged in.

        Args:
            images: The images.
            families: What makes them, for records of that shape.
            phase: What the progress is called after the encoding's name.
            kept: Takes what is needed later out of the records.
            notes: Takes what is kept of each image.
            first: The place at which these images begin, for `notes`.
        """
        made: Mapping[Any, Accumulator] | None = None
        share = self._ranks.share(np.arange(len(images)))
        size = min(max(_BATCH, _BATCH * 128 // self._encoding.channels), _MOST)
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            for some in batches(len(share), size):
                indices = share[some]
                record = self._encoding.encode(images.images[indices])
                made = families(self._see(record)) if made is None else made
                if not made and kept is None and notes is None:
                    break
                tasks = list(self._feeding(images, indices, record, made, notes, first))
                if kept is not None:
                    tasks.append(partial(kept.note, indices, record))
                for done in [pool.submit(task) for task in tasks]:
                    done.result()
                if self._progress is not None:
                    count = int(np.searchsorted(share, indices[-1])) + 1
                    self._progress(self._encoding.name + phase, count, len(share))
        if self._shape is None:  # this rank has no share
            self._see(self._encoding.encode(images.images[:1]))
        made = families(self.shape) if made is None else made
        return {name: _merged(family, self._ranks) for name, family in made.items()}

    def _feeding(
        self,
        images: "ImageSet",
        indices: "NDArray[np.intp]",
        record: "SpikeRecord",
        families: "Mapping[Any, Accumulator]",
        notes: "ImageNotes | None",
        first: int,
    ) -> "Iterator[Callable[[], None]]":
        """What sees a batch: none of them changes it, or knows of the others."""
        readout = self._encoding.readout(record)
        pixels = at_size(images.grey[indices], self.shape[1:])  # what metrics compare with
        labels = None if images.labels is None else images.labels[indices]
        if notes is not None:
            yield partial(notes.note, indices + first, readout, pixels, labels)
        for name, family in families.items():
            seen = record if name in _OF_SPIKES else readout
            if family.T < record.T:
                seen = self._encoding.shortened(images.images[indices], record, family.T)
            yield partial(family.update, seen, pixels, labels)

    def _see(self, record: "SpikeRecord") -> tuple[int, int, int]:
        _, *sides = record.shape
        self._shape = (sides[0], sides[1], sides[2])
        return self._shape


def _merged(family: "Accumulator", ranks: Ranks) -> Any:
    """What all ranks have seen, on every rank."""

    def merge(ours: "Accumulator", theirs: "Accumulator") -> "Accumulator":
        ours.merge(theirs)
        return ours

    return reduce(merge, ranks.gather([family]))
