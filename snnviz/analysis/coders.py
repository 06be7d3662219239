"""What is compared: anything that turns images into spikes, under a name."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from snnviz.baselines import latency, pixels, poisson, untrained_encoder
from snnviz.checkpoint import Checkpoint
from snnviz.data import ImageSet, to_input
from snnviz.encoder import Encoder, bundled, load_encoder
from snnviz.errors import CheckpointError
from snnviz.files import printable
from snnviz.network import NetworkConfig
from snnviz.spikes import SpikeRecord

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
        encode: The record of images, from uint8 [n, H, W].
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
    """An encoder as a coder of grey images over T steps."""

    def encode(images: NDArray[np.uint8]) -> SpikeRecord:
        return encoder.encode(to_input(images), T)

    return Coder(name, kind, encoder.channels, T, T - 1, encode, encoder)


def baseline_coders(
    config: NetworkConfig,
    T: int,
    train_images: ImageSet,
    seeds: Sequence[int] = (0, 1, 2),
    device: str = "cpu",
) -> list[Coder]:
    """What an encoder has to be compared with before its numbers mean anything.

    Args:
        config: Sizes, threshold and reset of the encoder under study.
        T: Number of time steps.
        train_images: Images that the untrained encoders' normalization sees, see
            `snnviz.baselines.untrained_encoder`.
        seeds: One untrained encoder each.
        device: Where those encode.
    """
    images = to_input(train_images.images)
    untrained = [
        encoder_coder(
            f"untrained {seed}",
            untrained_encoder(config, seed, images).to(device),
            T,
            "untrained",
        )
        for seed in seeds
    ]
    return [
        *untrained,
        Coder("Poisson coding", "coding", 1, T, T - 1, partial(_code, poisson, T)),
        Coder("latency coding", "coding", 1, T, (T - 1) // 2, partial(_code, latency, T)),
        Coder("pixels", "pixels", 1, _GREYS, _GREYS - 1, partial(_code, pixels, _GREYS)),
    ]


def checkpoint_coders(
    checkpoints: Sequence[Checkpoint],
    T: int,
    train_images: ImageSet,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    device: str = "cpu",
) -> list[Coder]:
    """The encoders of checkpoints, named after their files, and the baselines of the first.

    Where the first tells the seed that its training began with, they include "its own start": the
    untrained encoder of that seed, which the training moved.

    Args:
        checkpoints: That of the encoder under study, then others to compare it with.
        T: Number of time steps.
        train_images: As for `baseline_coders`.
        seeds: One untrained encoder each.
        device: Where encoders compute.

    Raises:
        CheckpointError: An encoder takes images of several channels, and these are grey.
    """
    for checkpoint in checkpoints:
        if checkpoint.config.in_channels != 1:
            raise CheckpointError(
                f"{checkpoint.path}: takes images of {checkpoint.config.in_channels} channels, "
                "and these are grey; name an encoder of one channel"
            )
    config = replace(checkpoints[0].config, T=T)
    baselines = baseline_coders(config, T, train_images, seeds, device)
    if (seed := checkpoints[0].seed) is not None:
        began = untrained_encoder(config, seed, to_input(train_images.images)).to(device)
        baselines.insert(0, encoder_coder("its own start", began, T, "start"))
    names = [coder.name for coder in baselines]
    coders: list[Coder] = []
    for checkpoint in checkpoints:
        name = _new_name(checkpoint.path, names)
        names.append(name)
        kind: Kind = "compared" if coders else "encoder"
        coders.append(encoder_coder(name, load_encoder(checkpoint).to(device), T, kind))
    return [*coders, *baselines]


def _new_name(path: Path, taken: Collection[str]) -> str:
    """The file's name, with so many of its folders, or a number, that it is none of `taken`."""
    if path == bundled():
        names = ["bundled encoder"]
    else:
        parts = path.resolve().parts
        # It heads tables and names arrays, which take text of one line in UTF-8.
        names = [printable("/".join(parts[-depth:])) for depth in range(1, len(parts) + 1)]
    numbered = (f"{names[0]} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (*names, *numbered) if name not in taken)


def _code(
    code: Callable[[torch.Tensor, int, int], SpikeRecord], T: int, images: NDArray[np.uint8]
) -> SpikeRecord:
    return code(torch.from_numpy(to_input(images)), T, 0)
