"""Codes of the pixels themselves, to compare an encoder with: they learn nothing."""

import zlib
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from spikingjelly.activation_based import encoding
from torch import Tensor

from snnviz.adapters.checks import check_images
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord

_GREYS = 255

Code = Callable[[Tensor, int, int], SpikeRecord]
"""What turns images, floats [N, C, H, W] in [0, 1], T and a seed into a record."""


def poisson(images: Tensor, T: int, seed: int) -> SpikeRecord:
    """Each pixel fires at each step with its intensity as probability; K = C.

    SpikingJelly's `PoissonEncoder`. The random numbers of an image follow from the seed and its
    pixels alone, so neither its batch nor its place in it matters, and equal images get equal
    spikes. The global generator is left as it was.

    Args:
        images: Floats [N, C, H, W] in [0, 1].
        T: Number of time steps, >= 1.
        seed: 0 or more.
    """
    images = _check(images, T)
    encoder = encoding.PoissonEncoder()
    spikes = torch.empty((T, *images.shape), dtype=torch.bool)
    with torch.random.fork_rng(devices=[]):
        for i, image in enumerate(images):
            # Of the CPU alone: `torch.manual_seed` also notes for each GPU who called it.
            torch.default_generator.manual_seed(zlib.crc32(image.numpy().tobytes(), seed))
            spikes[:, i] = encoder(image.expand(T, *image.shape)).bool()
    return SpikeRecord.from_spikes(spikes.numpy())


def latency(images: Tensor, T: int, seed: int = 0) -> SpikeRecord:
    """Each pixel fires once, at step round((T - 1) (1 - intensity)); K = C.

    SpikingJelly's `LatencyEncoder`, linear. A black pixel fires too, at the last step,
    so that then all counts are 1: only those of earlier steps tell anything.

    Args:
        images: Floats [N, C, H, W] in [0, 1].
        T: Number of time steps, >= 1.
        seed: Not used; nothing is random.
    """
    del seed
    images = _check(images, T)
    grey = np.rint(images.numpy() * np.float32(_GREYS)).astype(np.uint8)
    levels = torch.arange(_GREYS + 1) / _GREYS
    if np.array_equal(levels.numpy()[grey], images):  # bytes, of which each is encoded once
        return SpikeRecord.from_spikes(_latency_trains(levels, T)[:, grey])
    return SpikeRecord.from_spikes(_latency_trains(images, T))


def _latency_trains(intensities: Tensor, T: int) -> NDArray[np.uint8]:
    """The spikes of each step, [T, ...]."""
    # All steps at once: to step the encoder would first import torch's compiler.
    spikes: Tensor = encoding.LatencyEncoder(T).single_step_encode(intensities)
    return spikes.numpy().astype(np.uint8)


def pixels(images: Tensor, T: int = _GREYS, seed: int = 0) -> SpikeRecord:
    """The pixels themselves: over 255 steps as many spikes as the grey level says; K = C.

    No spike code but a bound for all of them: at the last step the count is the grey level, 0..255.
    Only the last step is to be compared with others.

    Args:
        images: Floats [N, C, H, W] in [0, 1].
        T: Not used; the record always has 255 steps.
        seed: Not used; nothing is random.
    """
    del T, seed
    grey = np.rint(_check(images, _GREYS).numpy() * np.float32(_GREYS))
    return SpikeRecord.from_durations(grey.astype(np.uint8), _GREYS)


PIXEL_CODES: dict[str, Code] = {"poisson": poisson, "latency": latency, "pixels": pixels}
"""What needs no encoder: name to function of images, T and seed."""


def _check(images: Tensor, T: int) -> Tensor:
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")
    return check_images(images, images.shape[1] if images.ndim == 4 else 1).cpu()
