"""The scorecard: which numbers sum an encoder up, in one table that drives all output."""

from collections.abc import Callable
from dataclasses import dataclass

from snnviz.analysis.results import EncodingMetrics, known
from snnviz.analysis.score_values import (
    EDGE,
    INTENSITY,
    bits_per_spike,
    edge_held,
    following,
    in_first_step,
    median_edge,
    median_edge_held,
    of_classes,
    of_cost,
    of_map,
    of_neurons,
    of_probe,
    of_reconstruction,
    of_redundancy,
    saturated_channels,
)


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
    Score("saturated", "saturated channels", ".1%", saturated_channels, steps="all"),
    Score("first_step", "neurons that fire in the first step", ".1%", in_first_step, steps="first"),
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
        lambda m: m.contours.summed[0, EDGE],
        steps="first",
    ),
    Score(
        "intensity_first",
        "r with intensity, first step",
        "+.3f",
        lambda m: m.contours.summed[0, INTENSITY],
        steps="first",
    ),
    Score(
        "edge",
        "r with edges, last step",
        "+.3f",
        lambda m: m.contours.summed[m.encoding.t, EDGE],
        for_pixels=True,
    ),
    Score(
        "intensity",
        "r with intensity, last step",
        "+.3f",
        lambda m: m.contours.summed[m.encoding.t, INTENSITY],
        for_pixels=True,
    ),
    Score(
        "mean_intensity",
        "r with 3 x 3 mean intensity",
        "+.3f",
        lambda m: of_map(m, "mean intensity"),
        for_pixels=True,
    ),
    Score("edge_held", "partial r with edges, intensity held", "+.3f", edge_held),
    Score(
        "lit_edge",
        "r with edges, pixels above 0 alone",
        "+.3f",
        lambda m: of_map(m, "lit, edge"),
        for_pixels=True,
    ),
    Score(
        "lit_intensity",
        "r with intensity, pixels above 0 alone",
        "+.3f",
        lambda m: of_map(m, "lit, intensity"),
        for_pixels=True,
    ),
    Score("edge_median", "r of the median channel with edges", "+.3f", median_edge),
    Score(
        "edge_median_held",
        "partial r of the median channel with edges",
        "+.3f",
        median_edge_held,
    ),
    Score("edge_channels", "channels that follow edges", ".1%", lambda m: following(m, "edge")),
    Score("area_channels", "channels that follow areas", ".1%", lambda m: following(m, "area")),
    Score(
        "background_channels",
        "channels that follow the background",
        ".1%",
        lambda m: following(m, "background"),
    ),
    Score("mixed_channels", "channels that follow nothing", ".1%", lambda m: following(m, "mixed")),
    Score(
        "psnr",
        "reconstruction, PSNR in dB",
        ".2f",
        lambda m: of_reconstruction(m, "psnr"),
    ),
    Score("ssim", "reconstruction, SSIM", ".3f", lambda m: of_reconstruction(m, "ssim")),
    Score("probe", "linear probe, accuracy", ".1%", of_probe, for_pixels=True),
    Score(
        "probe_whole",
        "linear probe, accuracy on more images",
        ".1%",
        lambda m: of_probe(m, "whole"),
        for_pixels=True,
    ),
    Score(
        "neuron_entropy",
        "entropy of a neuron's first spike, bits",
        ".3f",
        lambda m: of_neurons(m, "entropy"),
        steps="all",
    ),
    Score(
        "neuron_intensity",
        "its information on intensity, bits",
        ".3f",
        lambda m: of_neurons(m, "intensity_information"),
        steps="all",
    ),
    Score(
        "neuron_label",
        "its information on the class, bits",
        ".3f",
        lambda m: of_neurons(m, "label_information"),
        steps="all",
    ),
    Score(
        "bits_per_spike_bound",
        "bits on a pixel a spike, at most",
        ".4f",
        bits_per_spike,
        steps="all",
    ),
    Score(
        "correlation",
        "mean |r| between channels",
        ".3f",
        lambda m: of_redundancy(m, "mean_absolute_correlation"),
    ),
    Score(
        "dimension", "effective dimension", ".2f", lambda m: of_redundancy(m, "effective_dimension")
    ),
    Score("selectivity", "class selectivity", ".3f", of_classes),
    Score(
        "synops",
        "additions into the next layer",
        ",.0f",
        lambda m: of_cost(m, "synops"),
        steps="cost",
    ),
    Score("macs", "products of its own", ",.0f", lambda m: of_cost(m, "macs"), steps=""),
    Score(
        "energy",
        "energy of both in uJ an image",
        ".2f",
        lambda m: 1e6 * of_cost(m, "joules"),
        steps="cost",
    ),
    Score(
        "same_bits",
        "energy behind it over that of the same bits",
        ".2f",
        lambda m: of_cost(m, "same_bits"),
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
