"""The record of still images: their drive once, and what the neurons make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from snnviz.adapters.calls import Call
from snnviz.adapters.chunks import chunk_size, chunks
from snnviz.adapters.feeding import Source, brightest
from snnviz.adapters.fusing import is_bounded, is_worth, rounded_alike
from snnviz.adapters.stems import Watch
from snnviz.adapters.stepping import Known, Stepping
from snnviz.neurons.fused import MOST_STEPS, Convolution
from snnviz.records.spikes import SpikeRecord

# Neurons in a call from which on a library that is there is worth its loading.
_WORTH_LOADING = 1 << 18


def record_still(stepping: Stepping, known: Known, source: Source, T: int) -> SpikeRecord:
    """The record of images over T steps.

    Where a convolution, and BatchNorm or not, is all that lies between pixels and drive, and a
    compiled pass gives that drive, it goes from pixels to first-spike times at once.

    Args:
        stepping: Records a layer of a network.
        known: What was found of that, whose neurons emit alone what they emit in it.
        source: The images.
        T: Number of time steps.
    """
    worth = is_worth(len(source) * prod(known.site.shape), _WORTH_LOADING)
    stem = _proven(stepping, known, source) if worth else None
    if stem is None:
        return _in_chunks(stepping.recording(T), known, source)
    found = stepping.first_spikes(stem.drive, stem.call, T)
    if found is None or len(found.cuts) > MOST_STEPS:
        return _in_chunks(stem.recording(stepping, T), known, source)
    images = source.values.contiguous().numpy()
    short = stem.layer.first_spike(images, found.cuts, torch.get_num_threads())
    times, each, unknown = found.read(short)
    record = SpikeRecord.from_repeating(times, T, each)
    if not len(unknown):
        return record
    # Images with a drive of which nothing is known.
    others = np.unique(unknown // prod(times.shape[1:]))
    order = np.arange(len(source))
    order[others] = len(source) + np.arange(len(others))
    rest = _in_chunks(stem.recording(stepping, T), known, source.take(others.tolist()))
    return SpikeRecord.joined([record, rest])[order]


@dataclass(frozen=True, eq=False)
class _Stem:
    """What lies before the neurons, as a compiled pass that gives the drive bit for bit.

    Attributes:
        layer: It.
        drive: The network's own for some images.
        call: In which that entered the neurons.
    """

    layer: Convolution
    drive: Tensor
    call: Call

    def recording(self, stepping: Stepping, T: int) -> Callable[[Source], SpikeRecord]:
        """What records a chunk of images of this drive."""

        def record(chunk: Source) -> SpikeRecord:
            drive = self.layer.drive(chunk.values.contiguous().numpy())
            return stepping.record(torch.from_numpy(drive), self.call, T)

        return record


def _proven(stepping: Stepping, known: Known, source: Source) -> _Stem | None:
    """That pass, where the network's own run is read as one; None where it is not.

    The drive of the brightest images, as many as the network is given together, is held against
    the network's own.
    """
    pixels, size = source.values, chunk_size(known.found)
    plain = pixels.ndim == 4 and pixels.dtype == torch.float32 and pixels.device.type == "cpu"
    if not plain or len(source) <= size or known.found.way.flat:
        return None
    watch, (chunk, _) = Watch(), next(chunks(brightest(source), known.found))
    drive, call = stepping.drive(chunk, watch)
    layer = watch.found(call.entered)
    if layer is None or layer.kernels.shape[1] != pixels.shape[1]:
        return None
    if drive.dtype != torch.float32 or not is_bounded(layer, pixels.numpy()):
        return None
    layer = rounded_alike(layer, chunk.values.contiguous().numpy(), drive)
    return None if layer is None else _Stem(layer, drive, call)


def _in_chunks(
    record: Callable[[Source], SpikeRecord], known: Known, source: Source
) -> SpikeRecord:
    return SpikeRecord.joined([record(part)[:count] for part, count in chunks(source, known.found)])
