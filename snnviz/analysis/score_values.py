"""How the scorecard's numbers come from what was found of an encoding."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.results import EncodingMetrics, known
from snnviz.metrics import CORRELATIONS, QUANTITIES, correlations, partial_correlation

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE = QUANTITIES.index("edge")
INTENSITY = QUANTITIES.index("intensity")


def defined_mean(values: "NDArray[np.floating] | None") -> float:
    """The mean of those that are defined; NaN where none is."""
    if values is None:
        return float("nan")
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def following(measured: EncodingMetrics, *kinds: str) -> float:
    """Share of the channels that are of one of these types."""
    shares: dict[str, float] = measured.contours.shares(measured.encoding.t)
    return sum(shares[kind] for kind in kinds)


def median_edge(measured: EncodingMetrics) -> float:
    """The r with edges that half of the channels reach; in their sum, channels cancel out."""
    values = measured.contours.correlation[measured.encoding.t, :, EDGE]
    defined = values[~np.isnan(values)]
    return float(np.median(defined)) if len(defined) else float("nan")


def median_edge_held(measured: EncodingMetrics) -> float:
    """The partial r with edges that half of the channels reach, intensity held."""
    values = measured.contours.correlation[measured.encoding.t]
    held = partial_correlation(values[:, EDGE], values[:, INTENSITY], measured.between)
    defined = held[~np.isnan(held)]
    return float(np.median(defined)) if len(defined) else float("nan")


def edge_held(measured: EncodingMetrics) -> float:
    """Partial r of the summed spikes with edges, intensity held."""
    values = measured.contours.summed[measured.encoding.t]
    return float(partial_correlation(values[EDGE], values[INTENSITY], measured.between))


def of_map(measured: EncodingMetrics, name: str) -> float:
    """One of `CORRELATIONS`; NaN where there are no numbers of each image."""
    if measured.each is None:
        return float("nan")
    found = correlations(measured.each.moments.sum(axis=0))
    return float(found[CORRELATIONS.index(name)])


def in_first_step(measured: EncodingMetrics) -> float:
    """Share of the neurons that fire in the first step."""
    times = known(measured.activity).first_spike
    return float(times[:, 0].sum() / times.sum())


def saturated_channels(measured: EncodingMetrics) -> float:
    """Share of the channels that are saturated; NaN where neurons fire several times in a step."""
    saturated = known(measured.activity).saturated
    return float("nan") if saturated is None else float(saturated.mean())


def bits_per_spike(measured: EncodingMetrics) -> float:
    """All bits that a pixel's intensity has, or those of its one neuron, over the spikes there.

    However many neurons look at a pixel, together they tell no more of it than there is to tell.
    NaN where there are no spikes.
    """
    if measured.information is None:
        return float("nan")
    channels, *size = measured.shape
    spikes = known(measured.activity).spikes_per_image / np.prod(size)
    bits = measured.information.intensity_entropy
    if channels == 1:
        bits = float(measured.information.intensity_information_corrected[0])
    return bits / spikes if spikes else float("nan")


def of_neurons(measured: EncodingMetrics, name: str) -> float:
    """The mean over neurons of one of the numbers that each has; NaN where there are none."""
    found = measured.neurons
    return defined_mean(getattr(found, name)) if found else float("nan")


def of_redundancy(measured: EncodingMetrics, name: str) -> float:
    """One of the numbers of `RedundancyResult`."""
    found = measured.redundancy
    return float(getattr(found, name)) if found else float("nan")


def of_classes(measured: EncodingMetrics) -> float:
    """Mean class selectivity of the channels."""
    found = measured.classes
    return defined_mean(found.selectivity) if found else float("nan")


def of_reconstruction(measured: EncodingMetrics, name: str) -> float:
    """One of the numbers of `ReconstructionResult`, at the step at which the encoding is read."""
    found = measured.reconstruction
    return float(getattr(found, name)[measured.encoding.t]) if found else float("nan")


def of_cost(measured: EncodingMetrics, name: str) -> float:
    """One of the numbers of `CostResult`."""
    found = measured.cost
    return float(getattr(found, name)) if found else float("nan")


def of_probe(measured: EncodingMetrics, name: str = "probe") -> float:
    """The accuracy of a probe."""
    found = getattr(measured, name)
    return float(found.accuracy) if found else float("nan")
