"""What a first spike tells, in bits: its entropy, and what it says of intensity and class.

The unit that is sampled is a pair of a neuron (a position of a map) and an image: a channel's
histograms take H * W pairs from every image. Pairs of one image are not independent, neighbors
least of all. Miller-Madow's terms take the number of pairs for the number of samples, so they are
too small: what is left over of the bias is larger than they say. For the label, which is the same
for all pairs of an image, they would correct next to nothing: its bias is measured instead, on
labels that say nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, added, ratio
from snnviz.metrics.bits import entropy, mutual_information
from snnviz.metrics.surrogates import SURROGATES, surrogate_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

BINS = 16


@dataclass(frozen=True, repr=False)
class InformationResult(Brief):
    """What a first spike tells, in bits, over all pairs of a neuron and an image.

    Each measure comes twice: the plug-in estimate, and corrected for its bias: by Miller-Madow's
    terms, and for the label by what labels drawn by chance seem to tell. A channel whose
    first-spike time never changes has 0 bits, a silent one too.

    Attributes:
        images: Number of images.
        pairs: Number of pairs in each channel's histograms, H * W * images.
        bins: Number of intensity bins.
        entropy: Entropy of the first-spike time, T for silent, float64 [K] in [0, log2(T + 1)].
        entropy_corrected: The same, corrected; can exceed log2(T + 1).
        intensity_information: Mutual information of the first-spike time and the intensity of the
            pixel at the same position, float64 [K] in [0, min(entropy, log2(bins))].
        intensity_information_corrected: The same, corrected; can fall below 0.
        label_information: Mutual information of the first-spike time and the image's class, float64
            [K] in [0, min(entropy, log2(classes))]; None where no number of classes was given.
        label_information_corrected: The same less `label_bias`; can fall below 0.
        label_bias: The plug-in estimate for labels that are drawn by chance, an image each, of as
            many classes as occur and about equally probable; the mean of `SURROGATES` draws,
            float64 [K]. A draw follows from the image's pixels alone, so it does not depend on the
            order of the images. (Such shuffling: Panzeri et al., J. Neurophysiol. 98, 2007.)
        bits_per_spike: `intensity_information_corrected` of a pair over its mean number of spikes,
            float64 [K]; NaN for a silent channel. Those of several channels do not add up: they
            tell the same of the pixel.
        intensity_entropy: Entropy of the binned intensity: all that the neurons of one position can
            tell of it together, in [0, log2(bins)].
        count_entropy: Entropy of the spike count over all steps, float64 [K] in
            [0, log2(largest count + 1)]: of neurons that fire several times in a step, of which the
            first spike tells less than the count. None where no neuron does.
        count_entropy_corrected: The same, corrected.
        count_information: Mutual information of that count and the intensity of the pixel, float64
            [K] in [0, min(count_entropy, log2(bins))]; None as well.
        count_information_corrected: The same, corrected; can fall below 0.
    """

    images: int
    pairs: int
    bins: int
    entropy: "NDArray[np.float64]"
    entropy_corrected: "NDArray[np.float64]"
    intensity_information: "NDArray[np.float64]"
    intensity_information_corrected: "NDArray[np.float64]"
    label_information: "NDArray[np.float64] | None"
    label_information_corrected: "NDArray[np.float64] | None"
    label_bias: "NDArray[np.float64] | None"
    bits_per_spike: "NDArray[np.float64]"
    intensity_entropy: float = float("nan")
    count_entropy: "NDArray[np.float64] | None" = None
    count_entropy_corrected: "NDArray[np.float64] | None" = None
    count_information: "NDArray[np.float64] | None" = None
    count_information_corrected: "NDArray[np.float64] | None" = None


class Information(Accumulator):
    """Accumulates joint histograms of first-spike time, intensity and class.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        bins: Number of equal bins of a pixel's byte v, in 1..256; its bin is floor(v bins / 256).
        classes: Number of classes; None leaves the labels unread.
    """

    def __init__(
        self,
        T: int,
        shape: tuple[int, int, int],
        *,
        bins: int = BINS,
        classes: int | None = None,
    ) -> None:
        if not 1 <= bins <= 256:
            raise ConfigError(f"the number of intensity bins must be in 1..256, got {bins}")
        K = shape[0]
        sizes = {
            "intensity": (K, bins, T + 1),
            "label": (K, classes or 1, T + 1),
            "surrogate": (SURROGATES, K, classes, T + 1) if classes else (0,),
            "spikes": (K,),
            "count": (K, bins, 1),  # grows with the largest count
        }
        super().__init__(T, shape, sizes, classes=classes, bins=bins)

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", labels: "NDArray[np.intp]"
    ) -> None:
        by_image = self._by_image(record, images)
        self.state["label"] += _by_label(by_image, labels, self.state["label"].shape[1])
        if self.classes is not None:
            for i, drawn in enumerate(surrogate_labels(images, self.classes)):
                self.state["surrogate"][i] += _by_label(by_image, drawn, self.classes)
        if record.is_renewal:
            counts = self.T // np.arange(1, self.T + 2)
            self.state["spikes"] += by_image.sum(axis=0) @ counts
        else:
            trains = record.count(self.T - 1)
            self.state["spikes"] += trains.sum(axis=(0, 2, 3), dtype=np.int64)
            self._add_counts(trains, images)

    def _by_image(self, record: "SpikeRecord", images: "NDArray[np.uint8]") -> "NDArray[np.int64]":
        """First-spike times of each image, [n, K, T + 1], which with intensity are added here."""
        n, K, cells = len(images), self.shape[0], self.T + 1
        bins = self.state["intensity"].shape[1]
        if tallying.suits(record):
            binned = (images.astype(np.intp) * bins // 256).astype(np.uint8)
            joint, by_image = tallying.histograms(record, binned, bins)
            self.state["intensity"] += joint
            return by_image
        row = np.arange(n)[:, np.newaxis, np.newaxis] * bins
        code = (images.astype(np.intp) * bins // 256 + row) * cells
        by_image = np.empty((n, K, cells), np.int64)
        # Channel by channel, so that a histogram stays in the cache.
        cell = np.empty_like(code)
        for channel in range(K):
            np.add(code, record.first_spike[:, channel], out=cell)
            found = np.bincount(cell.reshape(-1), minlength=n * bins * cells)
            joint = found.reshape(n, bins, cells)
            self.state["intensity"][channel] += joint.sum(axis=0)
            by_image[:, channel] = joint.sum(axis=1)
        return by_image

    def _add_counts(
        self, counts: "NDArray[np.unsignedinteger]", images: "NDArray[np.uint8]"
    ) -> None:
        """Count how often each count and intensity bin came together."""
        bins = self.state["count"].shape[1]
        cells = int(counts.max(initial=0)) + 1
        code = images.astype(np.intp) * bins // 256 * cells
        found = [
            np.bincount((code + counts[:, channel]).reshape(-1), minlength=bins * cells)
            for channel in range(self.shape[0])
        ]
        joint = np.stack(found).reshape(-1, bins, cells)
        self.state["count"] = added(self.state["count"], joint)

    @property
    def intensity_histogram(self) -> "NDArray[np.int64]":
        """How often first-spike time and intensity bin came together, ints [K, T+1, bins]."""
        return self.state["intensity"].transpose(0, 2, 1)

    @property
    def label_histogram(self) -> "NDArray[np.int64]":
        """How often first-spike time and class came together, ints [K, T+1, classes].

        Raises:
            ConfigError: No number of classes was given.
        """
        if self.classes is None:
            raise ConfigError("labels were not read; give Information a number of classes")
        return self.state["label"].transpose(0, 2, 1)

    def _surrogate_histograms(self) -> "NDArray[np.int64]":
        """Those of drawn labels, [SURROGATES, K, classes, T+1]; of as many classes as occur.

        The bias grows with that number, whichever classes they are. Where some are missing, what
        was drawn as one of those counts as one of the others.
        """
        drawn = self.state["surrogate"]
        present = int((self.state["label"].sum(axis=(0, 2)) > 0).sum())
        shares = [drawn[:, :, label::present].sum(axis=2) for label in range(present)]
        return np.stack(shares, axis=2)

    def result(self) -> InformationResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        pairs = self.images * self.shape[1] * self.shape[2]
        intensity = self.intensity_histogram
        first_spike = intensity.sum(axis=2)
        told = mutual_information(intensity, corrected=True)
        label, bias = None, None
        if self.classes is not None:
            label = mutual_information(self.label_histogram)
            bias = mutual_information(self._surrogate_histograms()).mean(axis=0)
        return InformationResult(
            images=self.images,
            pairs=pairs,
            bins=intensity.shape[2],
            entropy=entropy(first_spike),
            entropy_corrected=entropy(first_spike, corrected=True),
            intensity_information=mutual_information(intensity),
            intensity_information_corrected=told,
            label_information=label,
            label_information_corrected=None if label is None or bias is None else label - bias,
            label_bias=bias,
            bits_per_spike=ratio(told * pairs, self.state["spikes"]),
            intensity_entropy=float(entropy(intensity[0].sum(axis=0))),
            **(self._of_counts() if self.most > 1 else {}),
        )

    def _of_counts(self) -> "dict[str, NDArray[np.float64]]":
        """What the spike counts tell."""
        joint = self.state["count"].transpose(0, 2, 1)
        counts = joint.sum(axis=2)
        return {
            "count_entropy": entropy(counts),
            "count_entropy_corrected": entropy(counts, corrected=True),
            "count_information": mutual_information(joint),
            "count_information_corrected": mutual_information(joint, corrected=True),
        }


def _by_label(
    by_image: "NDArray[np.int64]", labels: "NDArray[np.intp]", classes: int
) -> "NDArray[np.int64]":
    """Histograms [n, K, cells] of images added up by label, [K, classes, cells]."""
    one_hot = np.eye(classes)[labels]
    sums = one_hot.T @ by_image.reshape(len(by_image), -1)  # float products are faster, and exact
    return sums.astype(np.int64).reshape(classes, *by_image.shape[1:]).transpose(1, 0, 2)
