"""Encoders of the tutorial's network, and the baselines of one, as encodings of an analysis."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from snnviz.analysis.encodings import (
    Encoding,
    Kind,
    encoding_of,
    pixel_encodings,
)
from snnviz.data import ImageSet, to_input
from snnviz.errors import CheckpointError
from snnviz.files import path_ends, printable
from snnviz.tutorial.baselines import PatchMoments, encoder_at_start, patch_moments
from snnviz.tutorial.encoder import bundled, load_encoder
from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.network import NetworkConfig


def baseline_encodings(
    config: NetworkConfig,
    T: int,
    train_images: ImageSet,
    seeds: Sequence[int] = (0, 1, 2),
    device: str = "cpu",
) -> list[Encoding]:
    """What an encoder has to be compared with before its numbers mean anything.

    Args:
        config: Sizes, threshold and reset of the encoder under study.
        T: Number of time steps.
        train_images: Images that the untrained encoders' normalization sees, see
            `snnviz.tutorial.baselines.untrained_encoder`.
        seeds: One untrained encoder each.
        device: Where those encode.

    Example:
        >>> config = snnviz.NetworkConfig(T=4, channels=8)
        >>> train = snnviz.garments(8, "train")
        >>> encodings = snnviz.baseline_encodings(config, 4, train, seeds=(0,))
        >>> [encoding.name for encoding in encodings]
        ['untrained 0', 'Poisson coding', 'latency coding', 'pixels']
    """
    seen = patch_moments(to_input(train_images.images), config.in_channels)
    return _baselines(config, T, seen, seeds, device)


def _baselines(
    config: NetworkConfig, T: int, seen: PatchMoments, seeds: Sequence[int], device: str
) -> list[Encoding]:
    encoders = {seed: encoder_at_start(config, seed, seen).to(device) for seed in seeds}
    untrained = [
        encoding_of(f"untrained {seed}", encoder, T, "untrained")
        for seed, encoder in encoders.items()
    ]
    return [*untrained, *pixel_encodings(T)]


def checkpoint_encodings(
    checkpoints: Sequence[Checkpoint],
    T: int,
    train_images: ImageSet,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    device: str = "cpu",
) -> list[Encoding]:
    """The encoders of checkpoints, named after their files, and the baselines of the first.

    Where the first tells the seed that its training began with, they include "its own start": the
    untrained encoder of that seed, which the training moved.

    Args:
        checkpoints: That of the encoder under study, then others to compare it with.
        T: Number of time steps.
        train_images: As for `baseline_encodings`.
        seeds: One untrained encoder each.
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
        baselines.insert(0, encoding_of("its own start", began, T, "start"))
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


def new_name(path: Path, taken: Collection[str]) -> str:
    """The file's name, with so many of its folders, or a number, that it is none of `taken`."""
    if path == bundled():
        names = ["bundled encoder"]
    else:
        # It heads tables and names arrays, which take text of one line in UTF-8.
        names = [printable(end) for end in path_ends(path)]
    numbered = (f"{names[0]} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (*names, *numbered) if name not in taken)
