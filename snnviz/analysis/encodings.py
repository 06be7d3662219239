"""What is compared: anything that turns images into spikes, under a name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import split_encoder
from snnviz.baselines import latency, pixels, poisson
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord

Kind = Literal["encoder", "compared", "start", "untrained", "coding", "pixels"]
Encode = Callable[[NDArray[np.uint8]], SpikeRecord]

# Steps of the record that holds the pixels themselves.
_GREYS = 255


@dataclass(frozen=True)
class Encoding:
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


Given = Encoder | nn.Module | Encoding
"""What `snnviz.analyze` takes."""


def encoding_of(name: str, encoder: Encoder, T: int, kind: Kind = "encoder") -> Encoding:
    """An encoder as an encoding of images over T steps.

    Neurons without a place in a map, as a linear layer has them, are channels of one cell.

    Example:
        >>> encoding = snnviz.encoding_of("mine", snnviz.load_encoder(), T=4)
        >>> encoding.name, encoding.channels
        ('mine', 128)
    """

    def encode(images: NDArray[np.uint8]) -> SpikeRecord:
        return encoder.encode(to_input(images), T).by_channel()

    return Encoding(name, kind, encoder.channels, T, T - 1, encode, encoder)


def as_encodings(
    given: "Given | Sequence[Given]", images: ImageSet, T: int | None = None
) -> list[Encoding]:
    """What is to be compared, each under a name of its own.

    An encoder or a network alone is compared with the codes of the pixels, `pixel_encodings`.
    Several are called "encoder", "encoder 2" and so on.

    Args:
        given: Encodings, encoders, or networks, whose first layer of neurons is taken; or one
            of them.
        images: What they are going to see.
        T: Number of time steps of encoders and networks; None: as many as the first says.

    Raises:
        ConfigError: Something else was given, T is stated for encodings, which have theirs, or a
            network cannot be run so.
        ShapeError: The images do not suit a network.
    """
    alone = not isinstance(given, Sequence)
    several = [given] if not isinstance(given, Sequence) else list(given)
    if T is not None and all(isinstance(each, Encoding) for each in several):
        raise ConfigError("encodings have their T; leave it out, or give encoders")
    taken = {each.name for each in several if isinstance(each, Encoding)}
    encodings: list[Encoding] = []
    for each in several:
        if isinstance(each, Encoding):
            encodings.append(each)
            T = each.T if T is None else T
            continue
        encoder = split_encoder(each) if isinstance(each, nn.Module) else each
        if not isinstance(encoder, Encoder):
            raise ConfigError(
                "analyze takes an Encoder, a torch.nn.Module or an Encoding, or a list of them, "
                f"got {type(each).__name__}"
            )
        if len(images):
            encoder.prepare(to_input(images.images[:2]), T)
        T = encoder.T if T is None else T
        name = next(name for name in _names() if name not in taken)
        taken.add(name)
        encodings.append(encoding_of(name, encoder, T, "compared" if encodings else "encoder"))
    if alone and not isinstance(given, Encoding):
        encodings += pixel_encodings(encodings[0].T)
    return encodings


def _names() -> Iterator[str]:
    yield "encoder"
    yield from (f"encoder {number}" for number in count(2))


def pixel_encodings(T: int) -> list[Encoding]:
    """What needs no encoder: Poisson and latency coding over T steps, and the pixels themselves."""
    return [
        Encoding("Poisson coding", "coding", 1, T, T - 1, partial(_code, poisson, T)),
        Encoding("latency coding", "coding", 1, T, (T - 1) // 2, partial(_code, latency, T)),
        Encoding("pixels", "pixels", 1, _GREYS, _GREYS - 1, partial(_code, pixels, _GREYS)),
    ]


def _code(
    code: Callable[[torch.Tensor, int, int], SpikeRecord], T: int, images: NDArray[np.uint8]
) -> SpikeRecord:
    return code(torch.from_numpy(to_input(images)), T, 0)
