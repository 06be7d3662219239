"""The figures of an analysis, by their files' names."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.analysis.change_pictures import diff_figures, history_figures
from snnviz.analysis.columns import grouped
from snnviz.analysis.neuron_pictures import neuron_figures
from snnviz.analysis.ordering import by_turns
from snnviz.analysis.profile_pictures import profile_figures
from snnviz.analysis.results import known
from snnviz.analysis.scorecard_picture import about
from snnviz.analysis.streaming import at_size
from snnviz.errors import ConfigError
from snnviz.export import render_animation
from snnviz.figures import (
    class_atlas_figure,
    first_spike_figure,
    kernel_figure,
    over_time_figure,
    rate_histogram_figure,
    reconstruction_figure,
    scorecard_figure,
    sorted_channels_figure,
    spike_frames,
)
from snnviz.metrics import QUANTITIES
from snnviz.metrics.accumulator import mean_defined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.analysis.analyzing import Analysis

_ATLAS_CHANNELS = 10
# Of the types in `snnviz.metrics.CHANNEL_TYPES`; silent and saturated ones have theirs already.
_TYPE_COLORS = {
    "vertical edge": "#0072b2",
    "horizontal edge": "#d55e00",
    "diagonal edge": "#009e73",
    "edge": "#cc79a7",
    "area": "#56b4e9",
    "background": "#f0e442",
    "mixed": "#999999",
}
_STEPS_SHOWN = 11
# A frame takes a fraction of a second to draw.
_FRAMES = 32


def analysis_figures(analysis: "Analysis") -> "dict[str, Figure]":
    """The figures of an analysis, by the names of their files."""
    encoding = analysis.studied.encoding
    record = analysis.shown.first
    figures = {
        "scorecard": scorecard_figure(analysis),
        "over_time": _over_time(analysis),
        "first_spike": first_spike_figure(
            record.first_spike[0], T=encoding.T, title="First spikes, the first image"
        ),
        "firing_rates": rate_histogram_figure(
            known(analysis.studied.activity).rate,
            most=known(analysis.studied.activity).most,
            title=f"Firing rates of the channels, {about(analysis)}",
        ),
        **_channels(analysis),
    }
    if analysis.studied.rule is not None:
        figures["reconstruction"] = _reconstruction(analysis)
    if encoding.encoder is not None:
        figures |= neuron_figures(analysis, encoding.encoder, record)
    if analysis.studied.classes is not None:
        figures["class_atlas"] = _atlas(analysis)
    profiles = profile_figures(analysis, _exciting(analysis))
    return {**figures, **profiles, **history_figures(analysis), **diff_figures(analysis)}


def spike_animation(analysis: "Analysis") -> bytes:
    """The spikes of the first image as they arrive, a GIF of at most 32 steps."""
    spikes = analysis.shown.first.spikes()
    return render_animation(spike_frames(spikes[:_FRAMES, 0]), "gif")


def _channels(analysis: "Analysis") -> "dict[str, Figure]":
    """The channels sorted by type and rate: their mean maps, alone and beside their kernels."""
    encoding, maps = analysis.studied.encoding, analysis.shown.means
    types = analysis.studied.contours.types(analysis.studied.encoding.t)
    about = f"{analysis.shown.images} images, T = {encoding.T}"
    sorting: dict[str, Any] = {
        "T": encoding.T,
        "channels": _by_type_and_rate(types, known(analysis.studied.activity).rate),
        "types": types,
        "colors": _TYPE_COLORS,
        "most": known(analysis.studied.activity).most,
    }
    kernels = None
    figures = {
        "channels": sorted_channels_figure(
            maps, title=f"Channels by type and rate, {about}", **sorting
        )
    }
    encoder = analysis.studied.encoding.encoder
    with suppress(ConfigError):  # where no single layer of weights sees the pixels
        kernels = None if encoder is None else encoder.kernels.mean(axis=1)
    if kernels is not None:
        title = f"Kernels and mean counts, {about}"
        figures["kernels"] = kernel_figure(kernels, maps, title=title, **sorting)
    return figures


def _by_type_and_rate(types: "Sequence[str]", rate: "NDArray[np.floating]") -> list[int]:
    """Channels of a type together, the largest type first, and by falling rate within it."""
    size = {kind: types.count(kind) for kind in types}
    return sorted(range(len(types)), key=lambda k: (-size[types[k]], types[k], -rate[k]))


def _over_time(analysis: "Analysis") -> "Figure":
    """What is known of each column of the scorecard at every step."""
    panels: dict[str, dict[str, NDArray[np.floating]]] = {
        "first spikes (share of neurons)": {},
        "r of summed spikes with edges": {},
        "r with intensity": {},
        "reconstruction, PSNR (dB)": {},
    }
    for name, group in grouped(analysis).items():
        if group[0].encoding.kind == "pixels":
            continue
        times = [known(each.activity).first_spike.sum(axis=0) for each in group]
        summed = np.array([each.contours.summed for each in group])
        values = {
            "first spikes (share of neurons)": np.array([t[:-1] / t.sum() for t in times]),
            "r of summed spikes with edges": summed[:, :, QUANTITIES.index("edge")],
            "r with intensity": summed[:, :, QUANTITIES.index("intensity")],
        }
        psnr = [each.reconstruction.psnr for each in group if each.reconstruction is not None]
        if len(psnr) == len(group):
            values["reconstruction, PSNR (dB)"] = np.array(psnr)
        for panel, series in values.items():
            panels[panel][name] = mean_defined(series, axis=0)
    return over_time_figure(
        {panel: series for panel, series in panels.items() if series},
        title=f"Over time, {analysis.images} images",
    )


def _reconstruction(analysis: "Analysis") -> "Figure":
    rule, encoding = known(analysis.studied.rule), analysis.studied.encoding
    read = rule.reconstruct(encoding.readout(analysis.shown.first))[:, 0]
    steps = np.unique(np.linspace(0, encoding.T - 1, _STEPS_SHOWN).round().astype(int))
    return reconstruction_figure(
        at_size(analysis.first_images.grey[:1], (read.shape[1], read.shape[2]))[0],
        read[steps] / 255,
        steps=steps.tolist(),
        title="Read back from counts, the first image",
    )


def _atlas(analysis: "Analysis") -> "Figure":
    """Channels of all types that differ most from what all of them show on average."""
    found = known(analysis.studied.classes)
    present = np.flatnonzero(found.label_counts)
    differs = _differences(found.atlas[present])
    classes = analysis.first_images.classes
    types = analysis.studied.contours.types(analysis.studied.encoding.t)
    order = np.argsort(-differs, kind="stable")
    chosen = by_turns(types, order, differs > 0)[:_ATLAS_CHANNELS]
    return class_atlas_figure(
        found.atlas[present][:, chosen],
        T=analysis.studied.encoding.T,
        most=found.most,
        classes=[classes[label] if classes else str(label) for label in present],
        channels=chosen,
        title="Of each type the channels least like the mean over channels",
    )


def _differences(atlas: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """How much each channel's maps differ from the mean over channels, floats [K] from 0.

    The root of the mean square, each channel from 0 to 1 from its lowest to its highest mean as it
    is drawn; 0 where it has but one value.

    Args:
        atlas: Mean maps, floats [classes, K, H, W].
    """
    low, high = (f(atlas, axis=(0, 2, 3), keepdims=True) for f in (np.min, np.max))
    varied = (high > low).ravel()
    shown = (atlas - low) / np.where(high > low, high - low, 1)
    if not varied.any():
        return np.zeros(len(varied))
    away = shown - shown[:, varied].mean(axis=1, keepdims=True)
    return np.where(varied, np.sqrt((away**2).mean(axis=(0, 2, 3))), 0.0)


def _exciting(analysis: "Analysis") -> list[int]:
    """Channels of all types, those of most spikes in one image first."""
    found = analysis.studied.exciting
    if found is None:
        return []
    most = found.top_counts[:, 0]
    types = analysis.studied.contours.types(analysis.studied.encoding.t)
    return by_turns(types, np.argsort(-most, kind="stable"), most > 0)[:_ATLAS_CHANNELS]
