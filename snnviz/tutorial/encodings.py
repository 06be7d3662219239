"""Encoders of the tutorial's network, and the baselines of one, as encodings of an analysis."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnviz.adapters.encoder import Encoder
from snnviz.analysis.encodings import (
    BRIEF,
    WHOLE,
    Encoding,
    Kind,
    encoding_of,
    pixel_encodings,
)
from snnviz.data import ImageSet, to_input
from snnviz.errors import CheckpointError
from snnviz.files import path_ends, printable
from snnviz.metrics import split_kernels
from snnviz.tutorial.baselines import (
    PatchMoments,
    encoder_at_start,
    encoder_of_kernels,
    patch_moments,
    sobel_kernels,
)
from snnviz.tutorial.encoder import bundled, load_encoder
from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.network import NetworkConfig

SEEDS = tuple(range(10))
"""Seeds of untrained encoders: three of them may spread by a third of what thirty do."""

# The start with so many times fewer channels, where that leaves several.
_NARROWER = 4


def baseline_encodings(
    config: NetworkConfig,
    T: int,
    train_images: ImageSet,
    seeds: Sequence[int] = SEEDS,
    device: str = "cpu",
) -> list[Encoding]:
    """What an encoder has to be compared with before its numbers mean anything.

    Args:
        config: Sizes, threshold and reset of the encoder under study.
        T: Number of time steps.
        train_images: Images that the untrained encoders' normalization sees, see
            `snnviz.tutorial.baselines.untrained_encoder`.
        seeds: One untrained encoder each; those after the third are measured by contours and
            activity alone.
        device: Where those encode.

    Example:
        >>> config = snnviz.NetworkConfig(T=4, channels=8)
        >>> train = snnviz.garments(8, "train")
        >>> encodings = snnviz.baseline_encodings(config, 4, train, seeds=(0,))
        >>> [encoding.name for encoding in encodings]
        ['untrained 0', 'Sobel bank', 'Poisson coding', 'latency coding', 'pixels']
    """
    seen = patch_moments(to_input(train_images.images), config.in_channels)
    return _baselines(config, T, seen, seeds, device)


def _baselines(
    config: NetworkConfig, T: int, seen: PatchMoments, seeds: Sequence[int], device: str
) -> list[Encoding]:
    untrained = [
        replace(
            encoding_of(
                f"untrained {seed}",
                encoder_at_start(config, seed, seen).to(device),
                T,
                "untrained",
            ),
            families=None if place < WHOLE else BRIEF,
        )
        for place, seed in enumerate(seeds)
    ]
    anchors = []
    if config.in_channels == 1:
        bank = encoder_of_kernels(config, sobel_kernels(), seen).to(device)
        anchors.append(encoding_of("Sobel bank", bank, T, "anchor"))
    return [*untrained, *anchors, *pixel_encodings(T)]


def checkpoint_encodings(
    checkpoints: Sequence[Checkpoint],
    T: int,
    train_images: ImageSet,
    *,
    seeds: Sequence[int] = SEEDS,
    device: str = "cpu",
) -> list[Encoding]:
    """The encoders of checkpoints, named after their files, and the baselines of the first.

    Where the first tells the seed that its training began with, they include "its initialization":
    the untrained encoder of that seed, which the training moved; and that start with some of what
    training changed, for which part of the change does what (`start_variants`).

    Args:
        checkpoints: That of the encoder under study, then others to compare it with.
        T: Number of time steps.
        train_images: As for `baseline_encodings`.
        seeds: One untrained encoder each, as for `baseline_encodings`.
        device: Where encoders compute.

    Raises:
        CheckpointError: An encoder takes images of several channels, and these are grey.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> path = snnviz.save_checkpoint({"net": net.state_dict()}, "net.pth")
        >>> train = snnviz.garments(8, "train")
        >>> checkpoints = [snnviz.load_checkpoint(path)]
        >>> encodings = snnviz.checkpoint_encodings(checkpoints, 2, train, seeds=(0,))
        >>> [encoding.name for encoding in encodings][:2]
        ['net.pth', 'untrained 0']
    """
    for checkpoint in checkpoints:
        check_grey(checkpoint)
    config = replace(checkpoints[0].config, T=T)
    seen = patch_moments(to_input(train_images.images), config.in_channels)
    baselines = _baselines(config, T, seen, seeds, device)
    if (seed := checkpoints[0].seed) is not None:
        began = encoder_at_start(config, seed, seen).to(device)
        baselines = [
            encoding_of("its initialization", began, T, "start"),
            *start_variants(began, load_encoder(checkpoints[0]), config, T, seen, device),
            *baselines,
        ]
    names = [encoding.name for encoding in baselines]
    encodings: list[Encoding] = []
    for checkpoint in checkpoints:
        name = new_name(checkpoint.path, names)
        names.append(name)
        kind: Kind = "compared" if encodings else "encoder"
        encodings.append(encoding_of(name, load_encoder(checkpoint).to(device), T, kind))
    return [*encodings, *baselines]


def check_grey(checkpoint: Checkpoint) -> None:
    """Raises unless its encoder takes grey images.

    Raises:
        CheckpointError: It takes images of several channels.
    """
    if checkpoint.config.in_channels != 1:
        raise CheckpointError(
            f"{checkpoint.path}: takes images of {checkpoint.config.in_channels} channels, "
            "and these are grey; name an encoder of one channel"
        )


def start_variants(
    start: Encoder,
    trained: Encoder,
    config: NetworkConfig,
    T: int,
    seen: PatchMoments,
    device: str = "cpu",
) -> list[Encoding]:
    """The start of a training with some of what it changed, and with fewer channels.

    A kernel is its sum (what an even area gives it) and its shape (`snnviz.metrics.split_kernels`).
    Each variant is normalized anew by the images, as the start is, so that only kernels differ:

    - "start, trained sums": the start's shapes with the trained kernels' sums.
    - "trained, start's sums": the trained shapes with the start's sums.
    - "start, halved sums": the start's kernels with half of their sums; nothing of it is trained.
    - "start, K / 4 channels": the first quarter of its channels, where there are 16 or more. Its
      probe looks at more cells of each, so that both look at about as many features, with the
      start's penalty.

    The first is measured by all families.

    Args:
        start: The untrained encoder that training began with.
        trained: What became of it.
        config: That of both.
        T: Number of time steps.
        seen: What the images are like that normalization sees.
        device: Where they encode.
    """
    (sums, shapes), (trained_sums, trained_shapes) = map(
        split_kernels, (start.kernels, trained.kernels)
    )

    def variant(name: str, kernels: NDArray[np.floating], kind: Kind = "variant") -> Encoding:
        encoder = encoder_of_kernels(config, kernels, seen).to(device)
        return encoding_of(name, encoder, T, kind)

    found = [
        variant("start, trained sums", shapes + trained_sums),
        replace(variant("trained, start's sums", trained_shapes + sums), families=BRIEF),
        replace(variant("start, halved sums", shapes + sums / 2), families=BRIEF),
    ]
    fewer = len(sums) // _NARROWER
    if fewer >= _NARROWER:
        narrow = variant(f"start, {fewer} channels", start.kernels[:fewer], "narrow")
        found.append(replace(narrow, families=(*BRIEF, "probe")))
    return found


def new_name(path: Path, taken: Collection[str]) -> str:
    """The file's name, with so many of its folders, or a number, that it is none of `taken`."""
    if path == bundled():
        names = ["bundled encoder"]
    else:
        # It heads tables and names arrays, which take text of one line in UTF-8.
        names = [printable(end) for end in path_ends(path)]
    numbered = (f"{names[0]} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (*names, *numbered) if name not in taken)
