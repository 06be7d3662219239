"""What is compared: anything that turns images into spikes, under a name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from snnviz.adapters.encoder import Encoder
from snnviz.baselines import latency, pixels, poisson
from snnviz.data import to_input
from snnviz.records.spikes import SpikeRecord

Kind = Literal["encoder", "compared", "start", "untrained", "coding", "pixels"]
Encode = Callable[[NDArray[np.uint8]], SpikeRecord]

# Steps of the record that holds the pixels themselves.
_GREYS = 255


@dataclass(frozen=True)
class Coder:
    """A way from images to spikes.

    Attributes:
        name: What tables and figures call it.
        kind: "encoder" for the one under study, "compared" for others that were trained, "start"
            for what the one under study began as, "untrained" for the same architecture with fresh
            weights, "coding" for rules that learn
            nothing, "pixels" for the images themselves.
        channels: Feature maps, K.
        T: Number of time steps of its records.
        t: The step at which it is read: T-1, but for latency coding the middle one, since in the
            end every pixel has fired once.
        encode: The record of images, from uint8 [n, H, W] or [n, C, H, W].
        encoder: The encoder that does it; None for what is none.
    """

    name: str
    kind: Kind
    channels: int
    T: int
    t: int
    encode: Encode
    encoder: Encoder | None = None


def encoder_coder(name: str, encoder: Encoder, T: int, kind: Kind = "encoder") -> Coder:
    """An encoder as a coder of images over T steps.

    Neurons without a place in a map, as a linear layer has them, are channels of one cell.

    Example:
        >>> coder = snnviz.encoder_coder("mine", snnviz.load_encoder(), T=4)
        >>> coder.name, coder.channels
        ('mine', 128)
    """

    def encode(images: NDArray[np.uint8]) -> SpikeRecord:
        return encoder.encode(to_input(images), T).by_channel()

    return Coder(name, kind, encoder.channels, T, T - 1, encode, encoder)


def pixel_coders(T: int) -> list[Coder]:
    """What needs no encoder: Poisson and latency coding over T steps, and the pixels themselves."""
    return [
        Coder("Poisson coding", "coding", 1, T, T - 1, partial(_code, poisson, T)),
        Coder("latency coding", "coding", 1, T, (T - 1) // 2, partial(_code, latency, T)),
        Coder("pixels", "pixels", 1, _GREYS, _GREYS - 1, partial(_code, pixels, _GREYS)),
    ]


def _code(
    code: Callable[[torch.Tensor, int, int], SpikeRecord], T: int, images: NDArray[np.uint8]
) -> SpikeRecord:
    return code(torch.from_numpy(to_input(images)), T, 0)
