"""How a network does on labelled images, and what it takes unlabelled ones for."""

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.batching import batches
from snnviz.data import ImageSet, Sample
from snnviz.device import full_precision
from snnviz.errors import DataError, ShapeError, check_integer
from snnviz.ranks import Ranks
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.progress import Progress


@dataclass(frozen=True)
class Evaluation:
    """How a network does on a labelled set.

    Attributes:
        correct: Number of images whose highest firing rate is that of their label (the first
            such class, where several are equal).
        total: Number of images.
        loss: Mean squared error between firing rates and one-hot labels.
    """

    correct: int
    total: int
    loss: float

    @property
    def accuracy(self) -> float:
        """`correct / total`, in [0, 1]."""
        return self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, see `snnviz.metrics.wilson_interval`."""
        # All metrics, and SciPy with them, take a fifth of a second.
        from snnviz.metrics.probe import wilson_interval  # noqa: PLC0415

        return wilson_interval(self.correct, self.total)


def evaluate(
    net: Classifier,
    images: ImageSet,
    *,
    batch_size: int = 128,
    progress: Progress | None = None,
    ranks: Ranks | None = None,
    model: nn.Module | None = None,
) -> Evaluation:
    """How `net` does on all of `images`, in evaluation mode and float32.

    Args:
        net: The network.
        images: Labelled images of the size that it takes.
        batch_size: Images a pass.
        progress: Called as `progress("test", done, total)` after each pass, in images.
        ranks: Processes with the same network; each looks at its share, and all get the whole
            result.
        model: What computes `net`; by default its faster form, where it has one.

    Raises:
        SnnvizError: As `check_set`.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.evaluate(net, snnviz.garments(20))
        >>> found.total, 0 <= found.accuracy <= 1
        (20, True)
    """
    check_set(net, images, batch_size)
    values = to_device(images, next(net.parameters()).device)
    return evaluate_tensors(
        net, *values, batch_size=batch_size, progress=progress, ranks=ranks, model=model
    )


@torch.inference_mode()
def evaluate_tensors(
    net: Classifier,
    images: Tensor,
    labels: Tensor,
    *,
    batch_size: int = 128,
    progress: Progress | None = None,
    ranks: Ranks | None = None,
    model: nn.Module | None = None,
) -> Evaluation:
    """The same of what `to_device` gave: a set that is measured often is copied there once."""
    device, ranks = images.device, ranks or Ranks()
    pixels, labels = ranks.share(images), ranks.share(labels)
    model = model or net.fast(len(images))
    loss = torch.zeros((), dtype=torch.float64, device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    with evaluating(net):
        for some in batches(len(pixels), batch_size):
            label = labels[some]
            rate = model(scale_images(pixels[some]))
            # A sum in float64: squares of k/T are exact there for T a power of two, so that the sum
            # is the same however many ranks and batches there are.
            target = F.one_hot(label, rate.shape[1]).double()
            loss += F.mse_loss(rate.double(), target, reduction="sum")
            correct += (rate.argmax(1) == label).sum()
            if progress is not None:
                progress("test", some.stop, len(pixels))
    hits, losses = zip(*ranks.gather([(int(correct), float(loss))]), strict=True)
    return Evaluation(
        sum(hits), len(images), math.fsum(losses) / len(images) / net.config.num_classes
    )


@contextmanager
def evaluating(net: Classifier) -> Iterator[None]:
    """In here `net` is in evaluation mode and computes in float32; its mode comes back."""
    was_training = net.training
    net.eval()
    try:
        with full_precision(next(net.parameters()).device):
            yield
    finally:
        net.train(was_training)


def check_set(net: Classifier, images: ImageSet, batch_size: int = 1) -> None:
    """Refuse images that `net` cannot be measured on.

    Raises:
        DataError: There are none, they have no labels, or some that the network has no output for.
        ShapeError: They are not of the size that the network takes.
        ConfigError: `batch_size` is below 1.
    """
    check_integer("the batch size", batch_size, 1)
    check_labels(images)
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    if images.shape != (net.config.in_channels, *net.config.image_size):
        has = "one" if images.channels == 1 else images.channels
        raise ShapeError(
            f"the network takes {net.config.in_channels} channels of {net.config.image_size} "
            f"pixels, {images.name} has {has} of {images.size}; choose other images"
        )
    check_labels(images, net.config.num_classes)


@torch.inference_mode()
def predict(
    net: Classifier, images: NDArray[np.uint8], *, batch_size: int = 128
) -> NDArray[np.int64]:
    """The class of each image, ints [N]: that whose output neurons fire most.

    Of several equal ones it is the first. The network is put into evaluation mode.

    Args:
        net: A whole network.
        images: Grey levels, uint8 [N, H, W], of the size that the network takes; or of as many
            channels as it takes, [N, C, H, W].
        batch_size: Images a pass.
    """
    classes: NDArray[np.int64] = _rates(net, images, batch_size).argmax(1).cpu().numpy()
    return classes


def _rates(net: Classifier, images: NDArray[np.uint8], batch_size: int) -> Tensor:
    """The firing rate of each class, [N, classes]."""
    device = next(net.parameters()).device
    net.eval()
    batches = torch.from_numpy(np.array(images)).split(batch_size)
    with full_precision(device):
        return torch.cat([net.firing_rates(scale_images(batch.to(device))) for batch in batches])


def with_predictions(
    net: Classifier, samples: Iterable[Sample], *, batch_size: int = 128
) -> Iterator[Sample]:
    """The samples, each with what `net` takes it for; no more are looked at than are asked for.

    For how many of them no output neuron fires, so that the answer is a tie, a warning says.

    Args:
        net: A whole network.
        samples: Images of the size that the network takes.
        batch_size: Images a pass.

    Raises:
        ShapeError: An image is of another size or number of channels.
    """
    expected = (net.config.in_channels, *net.config.image_size)
    samples, looked, silent = iter(samples), 0, 0
    try:
        while batch := list(islice(samples, batch_size)):
            for sample in batch:
                if sample.channels.shape != expected:
                    raise ShapeError(
                        f"the network takes images of {expected} channels and pixels, got "
                        f"{sample.channels.shape}"
                    )
            rates = _rates(net, np.stack([sample.channels for sample in batch]), batch_size)
            looked, silent = looked + len(batch), silent + int((rates.amax(1) == 0).sum())
            for sample, predicted in zip(batch, rates.argmax(1).tolist(), strict=True):
                yield replace(sample, predicted=predicted)
    finally:
        if silent:
            warnings.warn(
                f"no output neuron of the network fires in T = {net.T} steps for {silent} of "
                f"{looked} images: the class 0 that they are predicted to be is a tie",
                stacklevel=1,
            )


def scale_images(images: Tensor) -> Tensor:
    """Bytes [n, H, W] as float32 [n, 1, H, W] in [0, 1], like `to_input`; or [n, C, H, W]."""
    return (images.unsqueeze(1) if images.ndim == 3 else images).float().div(255)


def to_device(images: ImageSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """All images as bytes, [N, H, W] or [N, 3, H, W], and all labels [N].

    The sets are small enough to live there.
    """
    # Copied, since arrays read from a file are read-only and torch's tensors are not.
    pixels = torch.from_numpy(images.images.copy())
    labels = torch.from_numpy(check_labels(images).astype("int64"))
    return pixels.to(device), labels.to(device)


def check_labels(images: ImageSet, classes: int | None = None) -> NDArray[np.integer]:
    """The labels of a set that must have some, ints [N].

    Args:
        images: The set.
        classes: How many classes a network knows, where one is to answer.

    Raises:
        DataError: It has none, or one that the network does not know.
    """
    if images.labels is None:
        raise DataError(f"{images.name} has no labels; name a labelled data set")
    largest = images.labels.max(initial=0)
    if classes is not None and largest >= classes:
        raise DataError(
            f"{images.name} has images of class {largest}, the network knows 0..{classes - 1}; "
            "choose other images"
        )
    return images.labels


def mean_squared_error(rate: Tensor, label: Tensor) -> Tensor:
    """The tutorial's loss: squared difference of firing rates [N, classes] and one-hot labels."""
    return F.mse_loss(rate, F.one_hot(label, rate.shape[1]).to(rate.dtype))
