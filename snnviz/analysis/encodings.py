"""What is compared: anything that turns images into spikes, under a name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import split_encoder
from snnviz.baselines import Code, latency, pixels, poisson
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.records.readings import first_steps, since_first_spike
from snnviz.records.spikes import SpikeRecord

Kind = Literal[
    "encoder", "compared", "start", "variant", "narrow", "untrained", "anchor", "coding", "pixels"
]
Encode = Callable[[NDArray[np.uint8]], SpikeRecord]

BRIEF = ("contours", "activity")
"""The families that take little time: what many seeds are measured by."""

WHOLE = 3
"""How many seeds are measured by all families; the others by `BRIEF`."""

# Steps of the record that holds the pixels themselves.
_GREYS = 255


@dataclass(frozen=True)
class Encoding:
    """A way from images to spikes.

    Attributes:
        name: What tables and figures call it.
        kind: "encoder" for the one under study, "compared" for others that were trained, "start"
            for what the one under study began as, "variant" for that start with something of the
            trained weights (or the other way round), "narrow" for fewer of its channels,
            "untrained" for the same architecture with fresh weights, "anchor" for one with weights
            that are known to follow contours, "coding" for rules that learn nothing, "pixels" for
            the images themselves.
        channels: Feature maps, K.
        T: Number of time steps of its records.
        t: The step at which it is read, T-1.
        encode: The record of images, from uint8 [n, H, W] or [n, C, H, W].
        encoder: The encoder that does it; None for what is none.
        reads: "count": readouts see spike counts; "time": they see first-spike times, as of
            latency coding, in which each neuron fires once in the end.
        families: The families that it is measured by; None: all.
        over: Its records over another number of steps, from images and T; None: the first of those
            of T steps.
    """

    name: str
    kind: Kind
    channels: int
    T: int
    t: int
    encode: Encode
    encoder: Encoder | None = None
    reads: Literal["count", "time"] = "count"
    families: tuple[str, ...] | None = None
    over: Callable[[NDArray[np.uint8], int], SpikeRecord] | None = None

    def readout(self, record: SpikeRecord) -> SpikeRecord:
        """The record whose counts readouts see."""
        return since_first_spike(record) if self.reads == "time" else record

    def shortened(self, images: NDArray[np.uint8], record: SpikeRecord, T: int) -> SpikeRecord:
        """What it makes of the images in T steps, of which that is the record over more."""
        return first_steps(record, T) if self.over is None else self.over(images, T)

    def asks(self, family: str) -> bool:
        """Whether that family is measured of it."""
        if self.kind == "pixels":  # no spikes, and of 255 steps
            return family in ("contours", "probe")
        return self.families is None or family in self.families


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
        _coding("Poisson coding", poisson, T),
        replace(_coding("latency coding", latency, T), reads="time"),
        replace(_coding("pixels", pixels, _GREYS), kind="pixels"),
    ]


def _coding(name: str, code: Code, T: int) -> Encoding:
    def encode(images: NDArray[np.uint8], T: int = T) -> SpikeRecord:
        return code(torch.from_numpy(to_input(images)), T, 0)

    return Encoding(name, "coding", 1, T, T - 1, encode, over=encode)
