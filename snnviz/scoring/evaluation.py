"""How a network does on labelled images, and what it takes unlabelled ones for."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.batching import batches
from snnviz.data import ImageSet, Sample
from snnviz.device import full_precision
from snnviz.display import quantity
from snnviz.errors import DataError, ShapeError, check_integer
from snnviz.ranks import Ranks
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.progress import Progress

# After so many images of a stream, more are expected.
_MANY = 256


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
        from snnviz.metrics.wilson import wilson_interval  # noqa: PLC0415

        return wilson_interval(self.correct, self.total)


def evaluate(
    net: Classifier,
    images: ImageSet,
    *,
    batch_size: int = 128,
    progress: Progress | None = None,
    ranks: Ranks | None = None,
    model: Callable[[Tensor], Tensor] | None = None,
) -> Evaluation:
    """How `net` does on all of `images`, in evaluation mode and float32.

    Args:
        net: The network.
        images: Labelled images of the size that it takes.
        batch_size: Images a pass.
        progress: Called as `progress("test", done, total)` after each pass, in images.
        ranks: Processes with the same network; each looks at its share, and all get the whole
            result.
        model: What gives the rates of `net`; by default its faster form, where it has one.

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
    model: Callable[[Tensor], Tensor] | None = None,
) -> Evaluation:
    """The same of what `to_device` gave: a set that is measured often is copied there once."""
    device, ranks = images.device, ranks or Ranks()
    pixels, labels = ranks.share(images), ranks.share(labels)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    with evaluating(net):
        rates, size = (model, 1) if model is not None else _fastest(net, len(pixels))
        for some in batches(len(pixels), max(batch_size, size)):
            label = labels[some]
            rate = rates(scale_images(pixels[some]))
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


def _fastest(net: Classifier, images: int) -> tuple[Callable[[Tensor], Tensor], int]:
    """What gives the rates of about so many images, and how many it takes at least at once."""
    counter = net.counter(images)
    return (cast("nn.Module", net), 1) if counter is None else (counter.rates, counter.batch)


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
    check_size(net, images)
    check_labels(images, net.config.num_classes)


def check_size(net: object, images: ImageSet) -> None:
    """Refuse images of another size than `net` says that it takes; any, where it says none.

    Raises:
        ShapeError: They are.
    """
    config = getattr(net, "config", None)
    size = getattr(config, "image_size", None)
    if config is None or size is None or images.shape == (config.in_channels, *size):
        return
    has = "one" if images.channels == 1 else images.channels
    raise ShapeError(
        f"the network takes {quantity(config.in_channels, 'channel')} of {size} pixels, "
        f"{images.name} has {has} of {images.size}; choose other images"
    )


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
    answers = Answers(net, len(images))
    parts = [answers.classes(images[some]) for some in batches(len(images), batch_size)]
    return np.array([each for part in parts for each in part], np.int64)


class Answers:
    """What a network takes images for, and how many of these answers are ties of silence.

    The network is put into evaluation mode.

    Args:
        net: A whole network.
        images: How many images there are going to be; None where nobody knows.
        threads: How many of them, where its spikes are counted; by default torch's.

    Attributes:
        looked: How many images there were so far.
        silent: For how many of them no output neuron fired.
    """

    def __init__(
        self, net: Classifier, images: int | None = None, threads: int | None = None
    ) -> None:
        self.net = net.eval()
        self.looked = self.silent = 0
        self._threads = threads
        self._counter = None if images is None else net.counter(images, threads)
        self._is_open = images is None

    @property
    def batch(self) -> int:
        """How many images it takes best at once, 1 where that does not matter."""
        return 1 if self._counter is None else self._counter.batch

    @torch.inference_mode()
    def classes(self, images: NDArray[np.uint8]) -> list[int]:
        """The class of each image, as `predict` says.

        Args:
            images: As for `predict`, few enough for one pass.
        """
        if self._is_open and self.looked >= _MANY:  # more are going to come
            self._is_open = False
            self._counter = self.net.counter(self.looked, self._threads)
        device = next(self.net.parameters()).device
        pixels = scale_images(torch.from_numpy(np.array(images)).to(device))
        if self._counter is None:
            with full_precision(device):
                rates = self.net.firing_rates(pixels)
        else:
            rates = self._counter.rates(pixels)
        self.looked += len(images)
        self.silent += int((rates.amax(1) == 0).sum())
        classes: list[int] = rates.argmax(1).tolist()
        return classes

    def of(self, samples: Sequence[Sample]) -> list[int]:
        """The same of samples.

        Raises:
            ShapeError: An image is of another size or number of channels.
        """
        expected = (self.net.config.in_channels, *self.net.config.image_size)
        for sample in samples:
            if sample.channels.shape != expected:
                raise ShapeError(
                    f"the network takes images of {expected} channels and pixels, got "
                    f"{sample.channels.shape}"
                )
        return self.classes(np.stack([sample.channels for sample in samples]))

    def warn(self) -> None:
        """Say for how many images no output neuron fired, if there were any."""
        if self.silent:
            warnings.warn(
                f"no output neuron of the network fires in T = {self.net.T} steps for "
                f"{self.silent} of {self.looked} images: the class 0 that they are predicted to be "
                "is a tie",
                stacklevel=2,
            )


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
    answers = Answers(net, len(samples) if isinstance(samples, Sized) else None)
    samples = iter(samples)
    try:
        while batch := list(islice(samples, batch_size)):
            for sample, predicted in zip(batch, answers.of(batch), strict=True):
                yield replace(sample, predicted=predicted)
    finally:
        answers.warn()


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


def mean_squared_error(rate: Tensor, label: Tensor, smoothing: float = 0.0) -> Tensor:
    """The tutorial's loss: squared difference of firing rates [N, classes] and one-hot labels.

    Args:
        rate: Firing rates of each class.
        label: Classes, [N].
        smoothing: Share of each label that all classes get alike (Szegedy et al. 2016,
            arXiv:1512.00567).
    """
    target = F.one_hot(label, rate.shape[1]).to(rate.dtype)
    return F.mse_loss(rate, target * (1 - smoothing) + smoothing / rate.shape[1])
