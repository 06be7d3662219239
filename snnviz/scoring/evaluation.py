"""How a network does on labelled images."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from snnviz.batching import batches
from snnviz.data import ImageSet
from snnviz.device import full_precision
from snnviz.ranks import Ranks
from snnviz.scoring.checks import check_labels, check_set
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
