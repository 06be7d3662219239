"""The encoder under study against each of the others, on the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.metrics import (
    CORRELATIONS,
    Paired,
    PairedMean,
    correlations,
    drawn_difference,
    jackknife_deviation,
    paired_difference,
    paired_mean,
)

if TYPE_CHECKING:
    from snnviz.analysis.each_image import EachImage
    from snnviz.analysis.results import EncodingMetrics


@dataclass(frozen=True, repr=False)
class Against(Brief):
    """The encoder under study less another, with what chance would do.

    Attributes:
        probe: Accuracy of its probe less that of the other's, with McNemar's p; `gained` counts
            images that only its own probe gets right, `lost` those that only the other's does. None
            where one has no probe.
        probe_images: Number of images that this is from.
        probe_training: Standard deviation of the difference over training sets of this size, see
            `snnviz.metrics.jackknife_deviation`; neither interval nor p know of it. NaN where it is
            not known.
        psnr: Mean difference of PSNR, dB an image, with the p of a paired t-test; None where one
            has no reconstruction.
        correlations: Differences of `snnviz.metrics.CORRELATIONS`, over images drawn anew.
    """

    probe: Paired | None
    probe_images: int
    probe_training: float
    psnr: PairedMean | None
    correlations: Mapping[str, PairedMean]


def compared(measured: "Sequence[EncodingMetrics]") -> dict[str, Against]:
    """The first of them against each other that has numbers of its own for each image, by name.

    Left out are those whose maps are of another size: their pixels are no pairs. (The images, and
    so the draws, are the same for all.)
    """
    first = measured[0].each
    if first is None:
        return {}
    own = correlations(first.moments.sum(axis=0))
    found = {}
    for each in measured[1:]:
        other = each.each
        if other is None or each.shape[1:] != measured[0].shape[1:]:
            continue
        apart = first.drawn - other.drawn
        values = own - correlations(other.moments.sum(axis=0))
        found[each.encoding.name] = Against(
            *_probes(first, other),
            None if first.psnr is None or other.psnr is None
            else paired_mean(other.psnr, first.psnr),
            {
                name: drawn_difference(float(values[place]), apart[:, place])
                for place, name in enumerate(CORRELATIONS)
            },
        )  # fmt: skip
    return found


def _probes(first: "EachImage", other: "EachImage") -> tuple[Paired | None, int, float]:
    """How their probes differ on the images that both were scored on."""
    if first.right is None or other.right is None:
        return None, 0, float("nan")
    count = min(len(first.right), len(other.right))
    training = float("nan")
    if first.right_without is not None and other.right_without is not None:
        ours, theirs = (
            each.right_without[:, :count].mean(axis=1)  # type: ignore[index]
            for each in (first, other)
        )
        training = jackknife_deviation(ours - theirs)
    return paired_difference(other.right[:count], first.right[:count]), count, training


def intervals(measured: "EncodingMetrics") -> "dict[str, tuple[float, float]]":
    """95 % intervals of an encoding's `CORRELATIONS` over images, by name; none without any."""
    if measured.each is None:
        return {}
    drawn = measured.each.drawn
    found = {}
    for place, name in enumerate(CORRELATIONS):
        defined = drawn[~np.isnan(drawn[:, place]), place]
        if len(defined):
            low, high = np.quantile(defined, (0.025, 0.975))
            found[name] = float(low), float(high)
    return found
