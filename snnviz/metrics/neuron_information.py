"""What one neuron's first spike tells, in bits: each neuron by itself, images as samples.

`snnviz.metrics.information` pools the neurons of a map: one histogram for all positions. That
answers another question, what a first spike tells whoever does not know where it came from. For the
class it is far less, since a spike at the hem and one at the sleeve mean different things; for
intensity it may be more, since positions differ in both. Here each neuron has histograms of its
own, over images, which are independent samples, as Miller and Madow's terms take them to be.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, check_shape
from snnviz.metrics.bits import entropy, mutual_information
from snnviz.metrics.information import BINS
from snnviz.metrics.surrogates import surrogate_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# Neurons times first-spike times whose histograms are kept: 75 MB of them with ten classes.
_CELLS = 1 << 18
# Of more, codes are no bytes.
_MOST_CLASSES = 256


@dataclass(frozen=True, repr=False)
class NeuronInformationResult(Brief):
    """What a neuron's first spike tells, in bits, a mean over the neurons looked at.

    Attributes:
        images: Number of images.
        stride: Every so many rows and columns of a map a neuron is looked at, from the first on.
        neurons: Number of neurons looked at, of all channels.
        entropy: Entropy of the first-spike time over images, T for silent, corrected (Miller 1955);
            float64 [K], the mean over a channel's neurons, as all that follow.
        intensity_information: Mutual information with the intensity of the pixel at the same
            position, in 16 bins, corrected by Miller's terms; can fall below 0.
        label_information: Mutual information with the image's class, less what labels drawn by
            chance seem to tell (one draw; Panzeri et al., J. Neurophysiol. 98, 2007); None where no
            number of classes was given.
    """

    images: int
    stride: int
    neurons: int
    entropy: "NDArray[np.float64]"
    intensity_information: "NDArray[np.float64]"
    label_information: "NDArray[np.float64] | None"


class NeuronInformation(Accumulator):
    """Accumulates joint histograms of every neuron: first-spike time, intensity and class.

    Of large maps only every second, third, ... row and column is looked at, so that there are at
    most 2**18 pairs of a neuron and a first-spike time, or one neuron a channel.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        classes: Number of classes; None leaves the labels unread.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], *, classes: int | None = None) -> None:
        check_shape(T, shape)
        self.stride = _stride(T, shape)
        K, height, width = shape
        neurons = K * math.ceil(height / self.stride) * math.ceil(width / self.stride)
        cells = neurons * (T + 1)
        sizes = {
            "intensity": (BINS, cells),
            "label": (classes or 1, cells),
            "surrogate": (classes or 0, cells),
        }
        super().__init__(T, shape, sizes, classes=classes)
        self.neurons = neurons

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        n, K, each = len(images), self.shape[0], self.stride
        times = np.ascontiguousarray(record.first_spike[:, :, ::each, ::each]).reshape(n, -1)
        bins = images[:, ::each, ::each].reshape(n, -1).astype(np.intp) * BINS // 256
        codes = {"intensity": bins, "label": labels[:, np.newaxis]}
        if self.classes is not None:
            codes["surrogate"] = surrogate_labels(images, self.classes)[0][:, np.newaxis]
        compiled = tallying.suits(record) and (self.classes or 0) <= _MOST_CLASSES
        for name, code in codes.items():
            total = self.state[name].reshape(-1, self.neurons, self.T + 1)
            if compiled:
                tallying.add_neuron_histograms(times, code.astype(np.uint8), total)
            else:
                _add_histograms(times, np.broadcast_to(code, (n, bins.shape[1])), total, K)

    def result(self) -> NeuronInformationResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        label = None
        if self.classes is not None:
            told, seeming = (
                mutual_information(self._joint(name)) for name in ("label", "surrogate")
            )
            label = self._by_channel(told - seeming)
        intensity = self._joint("intensity")
        return NeuronInformationResult(
            images=self.images,
            stride=self.stride,
            neurons=self.neurons,
            entropy=self._by_channel(entropy(intensity.sum(axis=1), corrected=True)),
            intensity_information=self._by_channel(mutual_information(intensity, corrected=True)),
            label_information=label,
        )

    def _joint(self, name: str) -> "NDArray[np.int64]":
        """Histograms of every neuron, [neurons, values, T + 1]; labels of those that occur."""
        found = self.state[name].reshape(-1, self.neurons, self.T + 1)
        if name == "surrogate":
            # Labels are drawn from all classes; the bias grows with how many of them occur.
            present = int((self.state["label"].any(axis=1)).sum())
            found = np.stack([found[label::present].sum(axis=0) for label in range(present)])
        return found.transpose(1, 0, 2)

    def _by_channel(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        mean: NDArray[np.float64] = values.reshape(self.shape[0], -1).mean(axis=1)
        return mean


def _add_histograms(
    times: "NDArray[np.unsignedinteger]",
    codes: "NDArray[np.intp]",
    total: "NDArray[np.int64]",
    maps: int,
) -> None:
    """As `tallying.add_neuron_histograms`, of codes [n, pixels]."""
    neurons = np.arange(times.shape[1])
    # A neuron has one first-spike time for an image, so no cell is met twice.
    for time, code in zip(times, codes, strict=True):
        total[np.tile(code, maps), neurons, time] += 1


def _stride(T: int, shape: tuple[int, int, int]) -> int:
    """The smallest at which there are at most `_CELLS`, or one neuron a channel."""
    K, height, width = shape
    return next(
        stride
        for stride in range(1, max(height, width) + 1)
        if K * math.ceil(height / stride) * math.ceil(width / stride) * (T + 1) <= _CELLS
        or stride == max(height, width)
    )
