"""What a network does on labelled images, in one pass: answers, spikes, operations, energy.

`snnviz.scoring.evaluation.evaluate` is the short form, for accuracy and loss alone.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from snnviz.adapters.tallying import dense_macs
from snnviz.batching import batches
from snnviz.data import ImageSet
from snnviz.display import Brief
from snnviz.metrics.energy import Energy, estimate_energy
from snnviz.scoring.checks import check_set
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.evaluation import evaluating, scale_images, to_device
from snnviz.scoring.progress import Progress


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationReport(Brief):
    """What a network does on a labelled set.

    The answer to an image is the class whose output neurons have the most spikes, the first of
    several equal ones: class 0 where none fires at all. Layers are named as in the state dict:
    `conv.0` and `conv.4` are the spiking neurons of the two convolutions, `fc.2` and `fc.4` those
    of the linear layers.

    Attributes:
        classes: The name of each class.
        confusion: Number of images, int64 [classes, classes]: a row for each label, a column for
            each answer.
        correct_at: Number of images answered rightly by the spikes of the first t steps, int64 [T],
            for t = 1 .. T.
        loss: Mean squared error between firing rates after T steps and one-hot labels; NaN where
            the output is no firing rate.
        firing_rate: Spikes per neuron and step of each spiking layer: in [0, 1], or above where
            neurons fire several times in a step.
        synops: Synaptic operations per image of each layer that sees spikes: a non-zero input times
            the weights that it meets, summed over T steps. Less at the border of a map, where a
            kernel hangs over; what enters a convolution after pooling are pooled spikes.
        macs: Multiply-accumulates per image of each convolution and linear layer if every input
            counts, for one step; those with zeros that pad a map are left out.
        value_steps: At how many steps each layer behind average pooling is run: it sees averages of
            spikes, and all its multiply-accumulates are made at each. Other layers that see no
            spikes are run once.
        silent: Number of images for which no output neuron fires in T steps, so that the answer is
            a tie.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.evaluation_report(net, snnviz.garments(20))
        >>> found.confusion.sum().item(), list(found.firing_rate)
        (20, ['conv.0', 'conv.4', 'fc.2', 'fc.4'])
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    correct_at: NDArray[np.int64]
    loss: float
    firing_rate: dict[str, float]
    synops: dict[str, float]
    macs: dict[str, int]
    silent: int = 0
    value_steps: dict[str, int] = field(default_factory=dict)

    @property
    def T(self) -> int:  # noqa: N802
        """Number of time steps."""
        return len(self.correct_at)

    @property
    def total(self) -> int:
        """Number of images."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Number of images answered rightly."""
        return int(self.confusion.trace())

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

    @property
    def accuracy_at(self) -> NDArray[np.float64]:
        """Accuracy by the spikes of the first t steps, floats [T] for t = 1 .. T."""
        return self.correct_at / self.total

    @property
    def accuracy_per_class(self) -> NDArray[np.float64]:
        """Share of each class that is answered rightly, floats [classes]; NaN where it is empty."""
        images = self.confusion.sum(axis=1)
        return np.where(images > 0, self.confusion.diagonal() / np.maximum(images, 1), np.nan)

    @property
    def energy(self) -> Energy:
        """The estimate for one image; `static_conv` runs once, whatever T is."""
        return estimate_energy(self.macs, self.synops, self.value_steps)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON; operations and joules are per image."""
        return {
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.interval),
            "correct": self.correct,
            "total": self.total,
            "silent": self.silent,
            "loss": None if math.isnan(self.loss) else self.loss,
            "per_class": [
                {
                    "class": name,
                    "correct": int(row[label]),
                    "total": int(row.sum()),
                    "accuracy": int(row[label]) / int(row.sum()) if row.any() else None,
                }
                for label, (name, row) in enumerate(zip(self.classes, self.confusion, strict=True))
            ],
            "confusion": self.confusion.tolist(),
            "accuracy_at": self.accuracy_at.tolist(),
            "firing_rate": dict(self.firing_rate),
            "synops": dict(self.synops),
            "macs": dict(self.macs),
            "value_steps": dict(self.value_steps),
            "energy": self.energy.as_dict() if self.macs else None,
        }


@torch.inference_mode()
def evaluation_report(
    net: Classifier, images: ImageSet, *, batch_size: int = 128, progress: Progress | None = None
) -> EvaluationReport:
    """What `net` does on all of `images`, in evaluation mode and float32.

    Args:
        net: A whole network.
        images: Labelled images of the size that it takes.
        batch_size: Images a pass; it changes time and memory, and at most the last bit of a sum.
        progress: Called as `progress("evaluate", done, total)`, in images, after each batch.

    Raises:
        SnnvizError: As `snnviz.scoring.checks.check_set`.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.evaluation_report(net, snnviz.garments(20))
        >>> found.total, len(found.accuracy_at)
        (20, 2)
    """
    check_set(net, images, batch_size)
    device = next(net.parameters()).device
    pixels, labels = to_device(images, device)
    size = net.config.num_classes
    confusion = torch.zeros(size * size, dtype=torch.int64, device=device)
    correct_at = torch.zeros(net.T, dtype=torch.int64, device=device)
    silent = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    with evaluating(net):
        tally = _Tally(net, len(pixels))
        for some in batches(len(pixels), max(batch_size, tally.batch)):
            label = labels[some]
            counts = tally.output_counts(scale_images(pixels[some]))
            answers = counts.argmax(2)
            correct_at += (answers == label).sum(1)
            silent += (counts[-1].amax(1) == 0).sum()
            confusion += torch.bincount(label * size + answers[-1], minlength=size * size)
            target = F.one_hot(label, size).double()
            rate = counts[-1].double() / net.T
            loss += F.mse_loss(rate, target, reduction="sum")
            if progress is not None:
                progress("evaluate", some.stop, len(pixels))
    return EvaluationReport(
        classes=class_names(images, size),
        confusion=confusion.reshape(size, size).cpu().numpy(),
        correct_at=correct_at.cpu().numpy(),
        silent=int(silent),
        loss=float(loss) / len(pixels) / size,
        firing_rate={
            name: float(spikes) / (len(pixels) * net.T * tally.neurons[name])
            for name, spikes in tally.spikes.items()
        },
        synops={name: float(count) / len(pixels) for name, count in tally.synops.items()},
        macs=tally.macs,
        value_steps=dict.fromkeys(tally.averaged, net.T),
    )


class _Tally:
    """The spikes and operations of a network's layers, summed over images and steps."""

    def __init__(self, net: Classifier, images: int) -> None:
        self.net = net
        self._counter = net.counter(images)
        self.batch = 1 if self._counter is None else self._counter.batch
        self.names = {module: name for name, module in net.named_modules()}
        self.spikes: dict[str, Tensor | float] = defaultdict(float)
        self.synops: dict[str, Tensor | float] = defaultdict(float)
        self.neurons: dict[str, int] = {}
        self.macs: dict[str, int] = {}
        # Layers behind average pooling; whether what comes now is an average.
        self.averaged: set[str] = set()
        self._is_average = False

    def output_counts(self, images: Tensor) -> Tensor:
        """Spike counts of each class after each step, [T, N, num_classes]."""
        if self._counter is None:
            return torch.stack(list(self._stepped(images))).cumsum(0)
        if not self.macs:  # sizes, which one image shows in one step
            next(self._stepped(images[:1]))
            self.spikes.clear()
            self.synops.clear()
        counted = self._counter.count(images)
        for total, part in (self.spikes, counted.spikes), (self.synops, counted.synops):
            for name, count in part.items():
                total[name] += count
        return counted.steps.cumsum(0)

    def _stepped(self, images: Tensor) -> Iterator[Tensor]:
        drive = self.net.static_conv(images)
        self._note_size(self.net.static_conv[0], drive)
        return self.net.output_spikes(drive, self._observe)

    def _observe(self, layer: nn.Module, before: Tensor, after: Tensor) -> None:
        name = self.names[layer]
        if isinstance(layer, neuron.BaseNode):
            self.neurons[name] = after[0].numel()
            self.spikes[name] += _sum(after)
            self._is_average = False
        elif isinstance(layer, nn.AvgPool2d):
            self._is_average = True
        elif isinstance(layer, (nn.Conv2d, nn.Linear)) and self._is_average:
            self._note_size(layer, after)
            self.averaged.add(name)
        elif isinstance(layer, nn.Conv2d):
            self._note_size(layer, after)
            self.synops[name] += _uses(layer, before)
        elif isinstance(layer, nn.Linear):
            self._note_size(layer, after)
            self.synops[name] += _sum(before) * layer.out_features

    def _note_size(self, layer: nn.Module, after: Tensor) -> None:
        """Count the multiply-accumulates of a layer without groups, from its output.

        Its convolutions leave the size of a map as it is.
        """
        weight = layer.weight
        assert isinstance(weight, Tensor)  # noqa: S101 - for the type checker
        before = after.new_empty(1, weight.shape[1], *after.shape[2:])
        self.macs[self.names[layer]] = dense_macs(layer, before, after[:1])


def _sum(spikes: Tensor) -> Tensor:
    """The number of spikes, exactly: in float32 a sum of over 2**24 of them would not be."""
    return spikes.sum(-1).sum(dtype=torch.float64)


def _uses(layer: nn.Conv2d, spikes: Tensor) -> Tensor:
    """How often a spike [n, channels, H, W] meets a weight; layers without groups."""
    # Each output of a kernel of ones is the number of spikes under it, the same for all channels.
    maps = spikes.sum(1).sum(0, dtype=torch.float64)[None, None]
    kernel = maps.new_ones(1, 1, *layer.kernel_size)
    under = F.conv2d(
        maps, kernel, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
    )
    return under.sum() * layer.out_channels


def class_names(images: ImageSet, size: int) -> tuple[str, ...]:
    """A name for each of the network's classes, its number where the set has none."""
    return tuple(
        images.classes[label] if label < len(images.classes) else str(label)
        for label in range(size)
    )
