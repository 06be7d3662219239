"""What is kept of every image, so that two encodings are compared image by image."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.display import Brief
from snnviz.metrics import (
    ProbeResult,
    draw_correlations,
    image_moments,
    jackknife_deviation,
    peak_signal_to_noise,
    pooled_counts,
    squared_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from snnviz.metrics import ClassProbe, Reconstruction
    from snnviz.ranks import Ranks
    from snnviz.records.spikes import SpikeRecord


@dataclass(frozen=True, eq=False, repr=False)
class EachImage(Brief):
    """What an encoding came to for each of the images, in their order.

    Attributes:
        right: Whether the probe finds each image's class, bool [N], of all images that probes are
            scored on; None without a probe.
        right_without: The same of probes that were fitted without one of the parts of the training
            images, bool [parts, N]; None where there are none.
        labels: The classes of those images, ints [N]; None as well.
        psnr: PSNR of each of the n images that everything else is scored on, read back at the
            encoding's step, in dB, floats [n]; None without a reconstruction.
        moments: `snnviz.metrics.image_moments` of the sum over channels, [n, 2, 6, 6].
    """

    right: "NDArray[np.bool_] | None"
    right_without: "NDArray[np.bool_] | None"
    labels: "NDArray[np.integer] | None"
    psnr: "NDArray[np.float64] | None"
    moments: "NDArray[np.float64]"

    @cached_property
    def drawn(self) -> "NDArray[np.float64]":
        """`snnviz.metrics.draw_correlations` of them, [draws, 9]."""
        return draw_correlations(self.moments)

    def probe_result(self, probe: "ClassProbe", count: int | None = None) -> ProbeResult:
        """How often the probe is right on the first `count` images; None: on all.

        There must have been a probe.
        """
        assert self.right is not None  # noqa: S101 - says so to type checkers
        assert self.labels is not None  # noqa: S101
        right, labels = self.right[:count], self.labels[:count]
        deviation = float("nan")
        if self.right_without is not None:
            deviation = jackknife_deviation(self.right_without[:, :count].mean(axis=1))
        return ProbeResult.of(
            int(right.sum()), np.bincount(labels), probe, training_deviation=deviation
        )


class ImageNotes:
    """Takes what is kept of every image out of the records, in whatever order they come.

    Args:
        scored: Number of images that everything is scored on, the first ones.
        t: The step at which counts are read.
        rule: What reads images back.
        probe: What tells their classes.
        others: Probes of the same features that were fitted without some images.
    """

    def __init__(
        self,
        scored: int,
        t: int,
        rule: "Reconstruction | None" = None,
        probe: "ClassProbe | None" = None,
        others: "Sequence[ClassProbe]" = (),
    ) -> None:
        self._scored, self._t = scored, t
        self._rule, self._probe, self._others = rule, probe, others
        self._parts: dict[str, list[tuple[NDArray[np.intp], NDArray[np.generic]]]] = {}

    def note(
        self,
        indices: "NDArray[np.intp]",
        readout: "SpikeRecord",
        images: "NDArray[np.uint8]",
        labels: "NDArray[np.integer] | None",
    ) -> None:
        """Look at the images at those places of the set, in rising order.

        Args:
            indices: Their places.
            readout: What readouts see of them.
            images: The images as large as the maps, grey bytes [n, H, W].
            labels: Their classes.
        """
        if self._probe is not None and labels is not None:
            features = pooled_counts(readout, self._probe.side, self._t)
            answers = [each.classify_pooled(features) for each in (self._probe, *self._others)]
            # The image is the first axis of all that is kept.
            self._keep("right", indices, (np.array(answers) == labels).T)
            self._keep("labels", indices, labels)
        few = int(np.searchsorted(indices, self._scored))
        if not few:
            return
        seen, counts = indices[:few], readout[:few].count(self._t)
        first = readout[:few].count(0).sum(axis=1, dtype=np.int64)
        summed = counts.sum(axis=1, dtype=np.int64)
        self._keep("moments", seen, image_moments(summed, first, images[:few]))
        if self._rule is not None:
            self._keep("psnr", seen, _psnr(self._rule, counts, images[:few], self._t))

    def _keep(self, name: str, indices: "NDArray[np.intp]", values: "NDArray[np.generic]") -> None:
        self._parts.setdefault(name, []).append((indices, values))

    def result(self, ranks: "Ranks") -> EachImage:
        """What all ranks have noted, in the order of the images."""
        gathered: dict[str, list[tuple[NDArray[np.intp], NDArray[np.generic]]]] = {}
        for parts in ranks.gather([self._parts]):
            for name, pairs in parts.items():
                gathered.setdefault(name, []).extend(pairs)
        found = {name: _in_order(pairs) for name, pairs in gathered.items()}
        right = found.get("right")
        return EachImage(
            right=None if right is None else right[:, 0],
            right_without=right[:, 1:].T if right is not None and self._others else None,
            labels=found.get("labels"),
            psnr=found.get("psnr"),
            moments=found["moments"],
        )


def _in_order(pairs: "Sequence[tuple[NDArray[np.intp], NDArray[np.generic]]]") -> "NDArray[Any]":
    """Values put together by their places, which are all different."""
    places = np.concatenate([indices for indices, _ in pairs])
    return np.concatenate([values for _, values in pairs])[np.argsort(places)]


def _psnr(
    rule: "Reconstruction",
    counts: "NDArray[np.unsignedinteger]",
    images: "NDArray[np.uint8]",
    t: int,
) -> "NDArray[np.float64]":
    """PSNR of each image as `Reconstruction.reconstruct` reads it at step t, floats [n]."""
    n, channels, *size = counts.shape
    read = np.stack([rule.weights[t] @ each.reshape(channels, -1) for each in counts])
    grey = np.clip(np.rint(read + rule.bias[t]), 0, 255).astype(np.uint8).reshape(n, *size)
    errors = squared_error(images, grey).tolist()
    return np.array([peak_signal_to_noise(error, images[0].size) for error in errors])
