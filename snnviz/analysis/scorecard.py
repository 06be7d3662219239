"""The scorecard: which numbers sum an encoder up, in one table that drives all output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.results import EncodingMetrics, known
from snnviz.metrics import CORRELATIONS, QUANTITIES, correlations, partial_correlation

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis

_EDGE, _INTENSITY = QUANTITIES.index("edge"), QUANTITIES.index("intensity")


@dataclass(frozen=True)
class Score:
    """One number about an encoding.

    Attributes:
        key: Its name in files.
        title: Its name for people, with the unit.
        form: How it is written, for `format`.
        value: The number; NaN where it does not apply.
        for_pixels: Whether it makes sense for the images themselves, which are no spikes.
        steps: Of which steps it is: "all", "first", "last" (the count up to it, or the first-spike
            time where an encoding is read by it), or "cost" (those that costs are of); "" for what
            is of none.
    """

    key: str
    title: str
    form: str
    value: Callable[[EncodingMetrics], float]
    for_pixels: bool = False
    steps: str = "last"

    def of(self, measured: EncodingMetrics) -> float:
        """The number for this encoding."""
        if measured.encoding.kind == "pixels" and not self.for_pixels:
            return float("nan")
        return float(self.value(measured))


def _mean(values: "np.typing.NDArray[np.floating] | None") -> float:
    """The mean of those that are defined; NaN where none is."""
    if values is None:
        return float("nan")
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _follow(measured: EncodingMetrics, *kinds: str) -> float:
    shares: dict[str, float] = measured.contours.shares(measured.encoding.t)
    return sum(shares[kind] for kind in kinds)


def _median_edge(measured: EncodingMetrics) -> float:
    """The r with edges that half of the channels reach; in their sum, channels cancel out."""
    values = measured.contours.correlation[measured.encoding.t, :, _EDGE]
    defined = values[~np.isnan(values)]
    return float(np.median(defined)) if len(defined) else float("nan")


def _median_edge_held(measured: EncodingMetrics) -> float:
    """The partial r with edges that half of the channels reach, intensity held."""
    values = measured.contours.correlation[measured.encoding.t]
    held = partial_correlation(values[:, _EDGE], values[:, _INTENSITY], measured.between)
    defined = held[~np.isnan(held)]
    return float(np.median(defined)) if len(defined) else float("nan")


def _edge_held(measured: EncodingMetrics) -> float:
    values = measured.contours.summed[measured.encoding.t]
    return float(partial_correlation(values[_EDGE], values[_INTENSITY], measured.between))


def _of_map(measured: EncodingMetrics, name: str) -> float:
    """One of `CORRELATIONS`."""
    if measured.each is None:
        return float("nan")
    found = correlations(measured.each.moments.sum(axis=0))
    return float(found[CORRELATIONS.index(name)])


def _in_first_step(measured: EncodingMetrics) -> float:
    times = known(measured.activity).first_spike
    return float(times[:, 0].sum() / times.sum())


def _saturated(measured: EncodingMetrics) -> float:
    """NaN where neurons fire several times in a step."""
    saturated = known(measured.activity).saturated
    return float("nan") if saturated is None else float(saturated.mean())


def _bits_per_spike(measured: EncodingMetrics) -> float:
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


def _of_neurons(measured: EncodingMetrics, name: str) -> float:
    found = measured.neurons
    return _mean(getattr(found, name)) if found else float("nan")


def _redundancy(measured: EncodingMetrics, name: str) -> float:
    found = measured.redundancy
    return float(getattr(found, name)) if found else float("nan")


def _of_classes(measured: EncodingMetrics) -> float:
    found = measured.classes
    return _mean(found.selectivity) if found else float("nan")


def _reconstruction(measured: EncodingMetrics, name: str) -> float:
    found = measured.reconstruction
    return float(getattr(found, name)[measured.encoding.t]) if found else float("nan")


def _cost(measured: EncodingMetrics, name: str) -> float:
    found = measured.cost
    return float(getattr(found, name)) if found else float("nan")


def _probe(measured: EncodingMetrics, name: str = "probe") -> float:
    found = getattr(measured, name)
    return float(found.accuracy) if found else float("nan")


SCORES = (
    Score("firing_rate", "firing rate", ".3f", lambda m: known(m.activity).mean_rate, steps="all"),
    Score(
        "spikes",
        "spikes an image",
        ",.0f",
        lambda m: known(m.activity).spikes_per_image,
        steps="all",
    ),
    Score("sparsity", "silent responses", ".1%", lambda m: known(m.activity).sparsity, steps="all"),
    Score(
        "silent", "silent channels", ".1%", lambda m: known(m.activity).silent.mean(), steps="all"
    ),
    Score("saturated", "saturated channels", ".1%", _saturated, steps="all"),
    Score(
        "first_step", "neurons that fire in the first step", ".1%", _in_first_step, steps="first"
    ),
    Score(
        "lifetime_sparseness",
        "lifetime sparseness",
        ".3f",
        lambda m: known(m.activity).mean_lifetime_sparseness,
        steps="all",
    ),
    Score(
        "population_sparseness",
        "population sparseness",
        ".3f",
        lambda m: known(m.activity).population_sparseness,
        steps="all",
    ),
    Score(
        "edge_first",
        "r of summed spikes with edges, first step",
        "+.3f",
        lambda m: m.contours.summed[0, _EDGE],
        steps="first",
    ),
    Score(
        "intensity_first",
        "r with intensity, first step",
        "+.3f",
        lambda m: m.contours.summed[0, _INTENSITY],
        steps="first",
    ),
    Score(
        "edge",
        "r with edges, last step",
        "+.3f",
        lambda m: m.contours.summed[m.encoding.t, _EDGE],
        for_pixels=True,
    ),
    Score(
        "intensity",
        "r with intensity, last step",
        "+.3f",
        lambda m: m.contours.summed[m.encoding.t, _INTENSITY],
        for_pixels=True,
    ),
    Score(
        "mean_intensity",
        "r with 3 x 3 mean intensity",
        "+.3f",
        lambda m: _of_map(m, "mean intensity"),
        for_pixels=True,
    ),
    Score("edge_held", "partial r with edges, intensity held", "+.3f", _edge_held),
    Score(
        "lit_edge",
        "r with edges, pixels above 0 alone",
        "+.3f",
        lambda m: _of_map(m, "lit, edge"),
        for_pixels=True,
    ),
    Score(
        "lit_intensity",
        "r with intensity, pixels above 0 alone",
        "+.3f",
        lambda m: _of_map(m, "lit, intensity"),
        for_pixels=True,
    ),
    Score("edge_median", "r of the median channel with edges", "+.3f", _median_edge),
    Score(
        "edge_median_held",
        "partial r of the median channel with edges",
        "+.3f",
        _median_edge_held,
    ),
    Score("edge_channels", "channels that follow edges", ".1%", lambda m: _follow(m, "edge")),
    Score("area_channels", "channels that follow areas", ".1%", lambda m: _follow(m, "area")),
    Score(
        "background_channels",
        "channels that follow the background",
        ".1%",
        lambda m: _follow(m, "background"),
    ),
    Score("mixed_channels", "channels that follow nothing", ".1%", lambda m: _follow(m, "mixed")),
    Score(
        "psnr",
        "reconstruction, PSNR in dB",
        ".2f",
        lambda m: _reconstruction(m, "psnr"),
    ),
    Score("ssim", "reconstruction, SSIM", ".3f", lambda m: _reconstruction(m, "ssim")),
    Score("probe", "linear probe, accuracy", ".1%", _probe, for_pixels=True),
    Score(
        "probe_whole",
        "linear probe, accuracy on more images",
        ".1%",
        lambda m: _probe(m, "whole"),
        for_pixels=True,
    ),
    Score(
        "neuron_entropy",
        "entropy of a neuron's first spike, bits",
        ".3f",
        lambda m: _of_neurons(m, "entropy"),
        steps="all",
    ),
    Score(
        "neuron_intensity",
        "its information on intensity, bits",
        ".3f",
        lambda m: _of_neurons(m, "intensity_information"),
        steps="all",
    ),
    Score(
        "neuron_label",
        "its information on the class, bits",
        ".3f",
        lambda m: _of_neurons(m, "label_information"),
        steps="all",
    ),
    Score(
        "bits_per_spike_bound",
        "bits on a pixel a spike, at most",
        ".4f",
        _bits_per_spike,
        steps="all",
    ),
    Score(
        "correlation",
        "mean |r| between channels",
        ".3f",
        lambda m: _redundancy(m, "mean_absolute_correlation"),
    ),
    Score(
        "dimension", "effective dimension", ".2f", lambda m: _redundancy(m, "effective_dimension")
    ),
    Score("selectivity", "class selectivity", ".3f", _of_classes),
    Score(
        "synops",
        "additions into the next layer",
        ",.0f",
        lambda m: _cost(m, "synops"),
        steps="cost",
    ),
    Score("macs", "products of its own", ",.0f", lambda m: _cost(m, "macs"), steps=""),
    Score(
        "energy",
        "energy of both in uJ an image",
        ".2f",
        lambda m: 1e6 * _cost(m, "joules"),
        steps="cost",
    ),
    Score(
        "same_bits",
        "energy behind it over that of the same bits",
        ".2f",
        lambda m: _cost(m, "same_bits"),
        steps="cost",
    ),
    Score(
        "cka",
        "CKA with the encoder under study",
        ".3f",
        lambda m: m.cka,
        for_pixels=True,
    ),
)
"""The scorecard's numbers, in their order."""


def grouped(analysis: "Analysis") -> dict[str, list[EncodingMetrics]]:
    """The encodings by the columns they go into: all untrained ones into one.

    Others that are measured by some families alone have no column; `snnviz.analysis.sections` has
    what they are for.
    """
    untrained = [m for m in analysis.measured if m.encoding.kind == "untrained"]
    groups: dict[str, list[EncodingMetrics]] = {}
    for measured in analysis.measured:
        if measured.encoding.kind != "untrained":
            if measured.encoding.families is None:
                groups[measured.encoding.name] = [measured]
        elif measured is untrained[0]:
            groups[_untrained_name(len(untrained))] = untrained
    return groups


def steps_of(score: Score, analysis: "Analysis") -> str:
    """Of which steps the encoder's number is, such as "0-7"; "" for what is of none.

    Of other encodings it is the same, but for those whose T is another.
    """
    encoding = analysis.studied.encoding
    last = {
        "all": encoding.T - 1,
        "first": 0,
        "last": encoding.t,
        "cost": (analysis.cost_steps or encoding.T) - 1,
    }
    if score.steps not in last:
        return ""
    end = last[score.steps]
    return str(end) if score.steps in ("first", "last") or not end else f"0-{end}"


def _untrained_name(count: int) -> str:
    return f"untrained ({count} seeds)" if count > 1 else "untrained (1 seed)"


def written(score: Score, group: Sequence[EncodingMetrics]) -> str:
    """The number for a column, "mean ± standard deviation" where it stands for several.

    Encoders for which it is not defined are left out; "-" where there are no others.
    """
    values = np.array([score.of(measured) for measured in group])
    values = values[~np.isnan(values)]
    if not len(values):
        return "-"
    mean = format(values.mean(), score.form)
    if len(values) == 1:
        return mean
    return f"{mean} ± {format(values.std(ddof=1), score.form.replace('+', ''))}"


def mean_score(score: Score, group: Sequence[EncodingMetrics]) -> float:
    """The mean that `written` writes; NaN where it writes none."""
    return _mean(np.array([score.of(measured) for measured in group]))
