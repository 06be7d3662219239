"""The tutorial's training: one `EpochResult` an epoch, and nothing written.

The loop is that of SpikingJelly's `conv_fashion_mnist`: mean squared error between firing rate
and one-hot label, SGD with momentum, cosine schedule stepped once an epoch, the incomplete last
batch of training left out, accuracy on the whole test set after each epoch.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError
from snnviz.evaluation import (
    Progress,
    check_labels,
    evaluate,
    mean_squared_error,
    scale_images,
    to_device,
)
from snnviz.network import ConvSNN, NetworkConfig, StepMode, build_network


@dataclass(frozen=True)
class TrainConfig:
    """How to train; the defaults are the tutorial's.

    Attributes:
        T: Number of time steps.
        batch_size: Images a step of the optimizer.
        epochs: Passes over the training images.
        lr: Learning rate of the first epoch, > 0.
        momentum: Momentum of SGD, in [0, 1).
        t_max: Epochs in which the cosine schedule falls to 0; None: `epochs`.
        channels: Feature maps of both convolutions.
        step_mode: "s" or "m", see `ConvSNN`.
        amp: Automatic mixed precision: bfloat16 autocast on a CPU, float16 or bfloat16 on a GPU.
        seed: Seed of initialization and shuffling.
        device: Torch device to train on.
    """

    T: int = 4
    batch_size: int = 128
    epochs: int = 64
    lr: float = 0.1
    momentum: float = 0.9
    t_max: int | None = None
    channels: int = 128
    step_mode: StepMode = "s"
    amp: bool = False
    seed: int = 2020
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        for name in ("T", "batch_size", "epochs", "channels"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        if not self.lr > 0:
            raise ConfigError(f"the learning rate must be above 0, got {self.lr}")
        if not 0 <= self.momentum < 1:
            raise ConfigError(f"momentum must be in [0, 1), got {self.momentum}")
        if self.t_max is not None and self.t_max < 1:
            raise ConfigError(f"T_max must be at least 1, got {self.t_max}")

    @property
    def run_name(self) -> str:
        """The run folder's name, as the tutorial's script names it."""
        name = f"T_{self.T}_b_{self.batch_size}_SGD_lr_{self.lr}_CosALR_{self.t_max or self.epochs}"
        return name + ("_amp" if self.amp else "")


@dataclass(frozen=True)
class EpochResult:
    """What an epoch came to.

    Attributes:
        epoch: 0-based number of the epoch.
        train_loss: Mean squared error over the epoch's training images, while they were learned.
        train_acc: Accuracy over the same, in [0, 1].
        test_loss: Mean squared error on the test images after the epoch.
        test_acc: Accuracy on them, in [0, 1].
        max_test_acc: The best test accuracy up to and with this epoch.
        is_best: Whether this epoch raised it.
        seconds: Wall-clock time of the epoch, test included.
        checkpoint: What `save_checkpoint` writes.
    """

    epoch: int
    train_loss: float
    train_acc: float
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
    progress: Progress | None = None,
) -> Iterator[EpochResult]:
    """The results of a training, an epoch at a time; what cannot be trained is refused at once.

    Args:
        config: How to train.
        train_set: Labelled images to learn from.
        test_set: Labelled images of the same size to measure on.
        progress: Called as `progress(phase, done, total)`, in images, after each batch.

    Raises:
        ConfigError: There are fewer training images than one batch takes.
        DataError: A set has no labels, or the two differ in image size.
    """
    _check_sets(config, train_set, test_set)
    return _epochs(config, train_set, test_set, progress)


def _epochs(
    config: TrainConfig, train_set: ImageSet, test_set: ImageSet, progress: Progress | None
) -> Iterator[EpochResult]:
    device = torch.device(config.device)
    net = build_network(
        _network_config(config, train_set), step_mode=config.step_mode, seed=config.seed
    )
    net.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=config.lr, momentum=config.momentum)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=config.t_max or config.epochs
    )
    scaler = torch.amp.GradScaler(device.type, enabled=config.amp and device.type == "cuda")
    train_images, train_labels = to_device(train_set, device)
    max_test_acc = 0.0
    for epoch in range(config.epochs):
        start = time.perf_counter()
        order = _epoch_order(len(train_set), config.seed, epoch).to(device)
        train_loss, train_acc = _train_epoch(
            net, optimizer, scaler, train_images[order], train_labels[order], config, progress
        )
        schedule.step()
        test = evaluate(net, test_set, batch_size=config.batch_size, progress=progress)
        is_best = test.accuracy > max_test_acc
        max_test_acc = max(max_test_acc, test.accuracy)
        yield EpochResult(
            epoch=epoch,
            train_loss=train_loss,
            train_acc=train_acc,
            test_loss=test.loss,
            test_acc=test.accuracy,
            max_test_acc=max_test_acc,
            is_best=is_best,
            seconds=time.perf_counter() - start,
            checkpoint={
                "net": net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "lr_scheduler": schedule.state_dict(),
                "epoch": epoch,
                "max_test_acc": max_test_acc,
                "test_acc": test.accuracy,
                "network": net.config.as_dict(),
                "training": {
                    **asdict(config),
                    "train_set": train_set.name,
                    "train_images": len(train_set),
                    "test_images": len(test_set),
                },
            },
        )


def _train_epoch(
    net: ConvSNN,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    images: Tensor,
    labels: Tensor,
    config: TrainConfig,
    progress: Progress | None,
) -> tuple[float, float]:
    """Mean loss and accuracy of one pass over `images`, already shuffled."""
    net.train()
    size = config.batch_size
    whole_batches = len(images) // size * size
    loss_sum = torch.zeros((), dtype=torch.float64, device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for start in range(0, whole_batches, size):
        image, label = scale_images(images[start : start + size]), labels[start : start + size]
        with torch.autocast(image.device.type, enabled=config.amp):
            rate = net(image)
        loss = mean_squared_error(rate.float(), label)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        loss_sum += loss.detach() * size
        correct += (rate.argmax(1) == label).sum()
        if progress is not None:
            progress("train", start + size, whole_batches)
    return float(loss_sum) / whole_batches, int(correct) / whole_batches


def _epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """The order of an epoch; it depends on seed and epoch alone, not on what came before."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator)


def _network_config(config: TrainConfig, images: ImageSet) -> NetworkConfig:
    height, width = images.images.shape[1:]
    return NetworkConfig(T=config.T, channels=config.channels, image_size=(height, width))


def _check_sets(config: TrainConfig, train_set: ImageSet, test_set: ImageSet) -> None:
    check_labels(train_set)
    check_labels(test_set)
    if len(train_set) < config.batch_size:
        raise ConfigError(
            f"a batch takes {config.batch_size} images, {train_set.name} has {len(train_set)}; "
            "choose a smaller batch size"
        )
    if train_set.images.shape[1:] != test_set.images.shape[1:]:
        raise DataError(
            f"training images are {train_set.images.shape[1:]} pixels, test images "
            f"{test_set.images.shape[1:]}; they must be of one size"
        )
