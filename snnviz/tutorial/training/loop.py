"""The loop of training, as SpikingJelly's `conv_fashion_mnist` has it.

Mean squared error between firing rate and one-hot label, a schedule stepped once an epoch, the
incomplete last batch of training left out, accuracy on the whole test set after each epoch.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from snnviz.data import ImageSet
from snnviz.device import choose_device, cudnn_algorithms
from snnviz.errors import ConfigError, DataError
from snnviz.ranks import Ranks
from snnviz.scoring.checks import check_labels
from snnviz.scoring.evaluation import evaluate_tensors, to_device
from snnviz.scoring.progress import Progress, as_progress
from snnviz.tutorial.layouts import TrainingState
from snnviz.tutorial.network import NetworkConfig
from snnviz.tutorial.training.augmentation import Views, light_views
from snnviz.tutorial.training.config import TrainConfig
from snnviz.tutorial.training.learner import Learner


@dataclass(frozen=True)
class EpochResult:
    """What an epoch came to.

    Attributes:
        epoch: 0-based number of the epoch.
        train_loss: Mean squared error over the epoch's training images, while they were learned;
            with `label_smoothing`, from the smoothed targets.
        train_acc: Accuracy over the same, in [0, 1], with augmentation where there is one.
        val_loss: Mean squared error on the held-out images after the epoch; None without any.
        val_acc: Accuracy on them, in [0, 1]; None without any.
        test_loss: Mean squared error on the test images after the epoch.
        test_acc: Accuracy on them, in [0, 1].
        max_test_acc: The best test accuracy up to and with this epoch.
        is_best: Whether this epoch is better than all before it: on the held-out images where
            there are any, else on the test images.
        seconds: Wall-clock time of the epoch, test included.
        checkpoint: What `save_checkpoint` writes. Its tensors are the live ones: they hold this
            epoch until the next is asked for.

    Example:
        >>> config = snnviz.TrainConfig(T=1, channels=2, batch_size=8, epochs=1)
        >>> [result] = snnviz.train(config, snnviz.garments(8), snnviz.garments(8))
        >>> result.epoch, result.is_best, 0 <= result.test_acc <= 1
        (0, True, True)
    """

    epoch: int
    train_loss: float
    train_acc: float
    val_loss: float | None
    val_acc: float | None
    test_loss: float
    test_acc: float
    max_test_acc: float
    is_best: bool
    seconds: float
    checkpoint: dict[str, Any]


def train(
    config: TrainConfig,
    train_set: ImageSet,
    test_set: ImageSet,
    progress: Progress | Literal[True] | None = None,
    *,
    resume: TrainingState | None = None,
    ranks: Ranks | None = None,
) -> Iterator[EpochResult]:
    """The results of a training, an epoch at a time; what cannot be trained is refused at once.

    Args:
        config: How to train.
        train_set: Labelled images to learn from.
        test_set: Labelled images of the same size to measure on.
        progress: Called as `progress(phase, done, total)`, in images, after each batch; True draws
            a bar.
        resume: Go on after the epoch that this state was saved in. On a CPU the rest is then,
            bit for bit, what it would have been without the interruption.
        ranks: The processes that train together, see `snnviz.ranks.joined_ranks`.

    Raises:
        ConfigError: There is no such device, there are fewer training images than one batch takes,
            the ranks cannot share a batch equally, or there is no epoch left to train.
        DataError: A set has no labels, there is no test image, or the sets differ in image size.
        CheckpointError: `resume` is the state of another network or optimizer.
        TrainingError: (from the iterator) The weights are no finite numbers any more.

    Example:
        >>> config = snnviz.TrainConfig(T=1, channels=2, batch_size=8, epochs=2)
        >>> images = snnviz.garments(8)
        >>> [result.epoch for result in snnviz.train(config, images, images)]
        [0, 1]
    """
    ranks = ranks or Ranks()
    choose_device(config.device)
    for images in (train_set, test_set):
        check_labels(images, NetworkConfig.num_classes)
    train_set, val_set = _hold_out(train_set, config)
    _check_sets(config, train_set, test_set, ranks)
    learner = Learner(config, train_set.size, ranks, len(train_set))
    if resume is not None:
        _check_epochs(config, resume)
        learner.load(resume)
    return _epochs(learner, train_set, val_set, test_set, resume, as_progress(progress))


def _epochs(
    learner: Learner,
    train_set: ImageSet,
    val_set: ImageSet | None,
    test_set: ImageSet,
    resume: TrainingState | None,
    progress: Progress | None,
) -> Iterator[EpochResult]:
    config, ranks = learner.config, learner.ranks
    device = torch.device(config.device)
    images, labels = to_device(train_set, device)
    held_out = to_device(val_set, device) if val_set else None
    tested = to_device(test_set, device)
    first_epoch, best, max_test_acc = _begin(resume, on_held_out=val_set is not None)
    for epoch in range(first_epoch, config.epochs):
        start = time.perf_counter()
        order = _epoch_order(len(images), config.seed, epoch).to(device)
        views = _views(config, images, epoch)
        measure = partial(
            evaluate_tensors,
            learner.net,
            batch_size=config.batch_size,
            progress=progress,
            ranks=ranks,
            model=learner.measured,
        )
        with cudnn_algorithms(deterministic=config.deterministic):
            train_loss, train_acc = learner.learn(images, labels, order, progress, views)
            val, test = held_out and measure(*held_out), measure(*tested)
        val_acc = val.accuracy if val else None
        chosen_on = (val or test).accuracy
        is_best = best is None or chosen_on > best
        best = chosen_on if is_best else best
        max_test_acc = max(max_test_acc, test.accuracy)
        yield EpochResult(
            epoch=epoch,
            train_loss=train_loss,
            train_acc=train_acc,
            val_loss=val.loss if val else None,
            val_acc=val_acc,
            test_loss=test.loss,
            test_acc=test.accuracy,
            max_test_acc=max_test_acc,
            is_best=is_best,
            seconds=time.perf_counter() - start,
            checkpoint={
                **learner.state(),
                "epoch": epoch,
                "max_test_acc": max_test_acc,
                "max_val_acc": best if val else None,
                "test_acc": test.accuracy,
                "val_acc": val_acc,
                "network": learner.net.config.as_dict(),
                "training": _settings(config, train_set, test_set),
            },
        )


def _begin(resume: TrainingState | None, *, on_held_out: bool) -> tuple[int, float | None, float]:
    """The first epoch, the best accuracy before it and, of that on test images, the best."""
    if resume is None:
        return 0, None, 0.0
    best = resume.best(on_held_out=on_held_out)
    return resume.epoch + 1, best, resume.checkpoint.max_test_acc or 0.0


def _settings(config: TrainConfig, train_set: ImageSet, test_set: ImageSet) -> dict[str, Any]:
    """What a checkpoint says of its training."""
    return {
        **asdict(config),
        "train_set": train_set.name,
        "train_images": len(train_set),
        "test_images": len(test_set),
    }


def _views(config: TrainConfig, images: Tensor, epoch: int) -> Views | None:
    """How the images are seen in an epoch; None: as they are."""
    if not config.augment_lightly or epoch >= config.plain_from:
        return None
    count, height, width = images.shape
    return light_views(count, (height, width), config.seed, epoch).to(images.device)


def _epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """The order of an epoch; it depends on seed and epoch alone, not on what came before."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**64)
    return torch.randperm(count, generator=generator)


def _hold_out(train_set: ImageSet, config: TrainConfig) -> tuple[ImageSet, ImageSet | None]:
    """The images to learn from, and those held out of them: drawn once, by the seed."""
    if config.val_split == 0:
        return train_set, None
    if config.val_split >= len(train_set):
        raise ConfigError(
            f"cannot hold out {config.val_split} of {len(train_set)} training images; hold out "
            "fewer"
        )
    order = np.random.default_rng(config.seed).permutation(len(train_set))
    held_out = np.sort(order[: config.val_split])
    return train_set.take(np.sort(order[config.val_split :])), train_set.take(held_out)


def _check_sets(config: TrainConfig, train_set: ImageSet, test_set: ImageSet, ranks: Ranks) -> None:
    if len(test_set) == 0:
        raise DataError(f"{test_set.name} has no images to measure on; name a set that does")
    if len(train_set) < config.batch_size:
        raise ConfigError(
            f"a batch takes {config.batch_size} images, there are {len(train_set)} of "
            f"{train_set.name} to train on; choose a smaller batch size"
        )
    if config.batch_size % ranks.world:
        raise ConfigError(
            f"{ranks.world} ranks cannot share a batch of {config.batch_size} images equally; "
            f"choose a batch size that is a multiple of {ranks.world}"
        )
    if train_set.size != test_set.size:
        raise DataError(
            f"training images are {train_set.size} pixels, test images {test_set.size}; they must "
            "be of one size"
        )
    for images in (train_set, test_set):
        if images.channels != 1:
            raise DataError(
                f"{images.name} is in colour, and the network that is trained here takes grey "
                "images; train on with_channels(1)"
            )


def _check_epochs(config: TrainConfig, resume: TrainingState) -> None:
    if resume.epoch + 1 >= config.epochs:
        raise ConfigError(
            f"{resume.checkpoint.path} has {resume.epoch + 1} epochs behind it and {config.epochs} "
            "were asked for",
            "ask for more with `epochs`",
        )
