"""The figures of an analysis, by their files' names."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.analysis.diff_tables import diff_stems
from snnviz.analysis.paired import intervals
from snnviz.analysis.profile_pictures import profile_figures
from snnviz.analysis.results import known
from snnviz.analysis.scorecard import SCORES, grouped, mean_score
from snnviz.analysis.streaming import at_size
from snnviz.data import to_input
from snnviz.errors import ConfigError
from snnviz.export import render_animation
from snnviz.export.encoding import fitting
from snnviz.figures import (
    class_atlas_figure,
    encoder_diff_figure,
    encoder_history_figure,
    fi_curve_figure,
    first_spike_figure,
    kernel_figure,
    kernel_history_figure,
    membrane_figure,
    over_time_figure,
    raster_figure,
    rate_histogram_figure,
    reconstruction_figure,
    scorecard_figure,
    sorted_channels_figure,
    spike_frames,
)
from snnviz.figures.scorecard import Scorecard
from snnviz.metrics import QUANTITIES
from snnviz.metrics.accumulator import mean_defined
from snnviz.neurons.first_spike import drive_thresholds
from snnviz.neurons.membrane import membrane_potentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.analysis.scorecard import Score
    from snnviz.records.spikes import SpikeRecord

# The scorecard's figure has room for so many numbers; the tables have all.
_PANELS = ("firing_rate", "edge", "intensity", "edge_median_held", "psnr", "probe", "dimension")
_ATLAS_CHANNELS = 10
# Neurons whose drive is drawn, those of 41 images of Fashion-MNIST in 128 channels: with more the
# picture looks the same.
_DRIVES = 1 << 22
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
_EPOCHS_SHOWN = 8
_PAIRS_SHOWN = 64
_NEURONS = 8
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
            title=f"Firing rates of the channels, {_about(analysis)}",
        ),
        **_channels(analysis),
    }
    if analysis.studied.rule is not None:
        figures["reconstruction"] = _reconstruction(analysis)
    if encoding.encoder is not None:
        figures |= _neurons(analysis, encoding.encoder, record)
    if analysis.studied.classes is not None:
        figures["class_atlas"] = _atlas(analysis)
    profiles = profile_figures(analysis, _exciting(analysis))
    return {**figures, **profiles, **_history(analysis), **_diffs(analysis)}


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


def _neurons(
    analysis: "Analysis", encoder: "Encoder", record: "SpikeRecord"
) -> "dict[str, Figure]":
    """How drives become spikes; what needs other neurons than the encoder's is left out."""
    images = analysis.first_images
    few = fitting(record.first_spike[0].size, _DRIVES, len(images))
    try:
        drives = encoder.drive(to_input(images.images[:few])).cpu().numpy()
    except ConfigError:  # it changes with t
        return {}
    drives = drives.reshape(len(drives), *record.shape[1:])
    figures = {}
    if encoder.is_renewal:
        thresholds = drive_thresholds(*encoder.renewal_parameters(), record.T)
        figures["fi_curve"] = fi_curve_figure(thresholds, drives)
    if record.most > 1:  # a mark in a raster is one spike
        return figures
    # Neurons of several types, at the brightest place of the first image.
    size = record.shape[2], record.shape[3]
    y, x = np.unravel_index(int(at_size(images.grey[:1], size)[0].argmax()), size)
    types = analysis.studied.contours.types(analysis.studied.encoding.t)
    counts = record.count(record.T - 1)[0, :, y, x].astype(int)
    chosen = sorted(_by_turns(types, np.argsort(-counts, kind="stable"), counts > 0)[:_NEURONS])
    names = [f"{k}, {types[k]}" for k in chosen]
    where = f"at row {y}, column {x}"
    if counts.any():
        where += ", of channels that fire there"
    spikes = record[:1].spikes()[:, 0, chosen, y, x]
    figures["raster"] = raster_figure(spikes, names=names, title=f"Spikes {where}")
    try:
        v_threshold, v_reset = encoder.membrane_parameters()
    except ConfigError:  # neurons that do more than integrate and fire
        return figures
    potentials = membrane_potentials(
        drives[0, chosen, y, x], record.T, v_threshold=v_threshold, v_reset=v_reset
    )
    figures["membrane"] = membrane_figure(
        np.stack(list(potentials)),
        spikes,
        names=names,
        v_threshold=v_threshold,
        v_reset=v_reset,
        title=f"Potential {where}",
    )
    return figures


def _by_turns(
    types: "Sequence[str]", order: "NDArray[np.integer]", wanted: "NDArray[np.bool_]"
) -> list[int]:
    """The wanted channels, all where there are none: the first of each type, then the seconds.

    Args:
        types: The type of each channel.
        order: All channels, the best first.
        wanted: Which of them there is something to be seen of.
    """
    seen: dict[str, int] = {}
    turns = []
    for place, channel in enumerate(order.tolist()):
        if wanted[channel] or not wanted.any():
            seen[types[channel]] = seen.get(types[channel], 0) + 1
            turns.append((seen[types[channel]], place, channel))
    return [channel for _, _, channel in sorted(turns)]


def _by_type_and_rate(types: "Sequence[str]", rate: "NDArray[np.floating]") -> list[int]:
    """Channels of a type together, the largest type first, and by falling rate within it."""
    size = {kind: types.count(kind) for kind in types}
    return sorted(range(len(types)), key=lambda k: (-size[types[k]], types[k], -rate[k]))


def scorecard(analysis: "Analysis") -> Scorecard:
    """The numbers of an analysis that its scorecard's figure has room for."""
    groups = grouped(analysis)
    columns = {
        score: [mean_score(score, group) for group in groups.values()]
        for score in SCORES
        if score.key in _PANELS
    }
    scores = [score for score, column in columns.items() if not np.isnan(column).all()]
    kinds = [group[0].encoding.kind for group in groups.values()]
    intervals = np.array(
        [[_interval(score, group) for score in scores] for group in groups.values()]
    )
    return Scorecard(
        np.array([columns[score] for score in scores]).T,
        names=list(groups),
        metrics=[score.title for score in scores],
        baselines=[i for i, kind in enumerate(kinds) if i and kind not in ("encoder", "compared")],
        write=[("{:" + score.form + "}").format for score in scores],
        intervals=intervals,
        title=f"Scorecard, {_about(analysis)}{_of_intervals(groups, intervals)}",
    )


def _interval(score: "Score", group: "Sequence[EncodingMetrics]") -> tuple[float, float]:
    """What the tables say around a number; NaN where they say nothing.

    One standard deviation to both sides of a mean over seeds; of a probe its 95 % interval.
    """
    values = np.array([score.of(measured) for measured in group])
    values = values[~np.isnan(values)]
    if len(values) > 1:
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
        return mean - deviation, mean + deviation
    if score.key in intervals(group[0]):
        return intervals(group[0])[score.key]
    probe = group[0].probe
    if score.key == "probe" and probe is not None and len(values):
        low, high = probe.interval
        return low, high
    return float("nan"), float("nan")


def _of_intervals(
    groups: "Mapping[str, Sequence[EncodingMetrics]]", intervals: "NDArray[np.floating]"
) -> str:
    """What the lines beside the scorecard's numbers are, for its title."""
    several = any(len(group) > 1 for group in groups.values())
    words = ["\N{PLUS-MINUS SIGN} standard deviation over seeds"] * several
    single = [place for place, group in enumerate(groups.values()) if len(group) == 1]
    words += ["95 % interval over images"] * bool(np.isfinite(intervals[single]).any())
    return f"; lines: {', '.join(words)}" if words else ""


def _about(analysis: "Analysis") -> str:
    return f"{analysis.images} images, T = {analysis.studied.encoding.T}"


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
    chosen = _by_turns(types, order, differs > 0)[:_ATLAS_CHANNELS]
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
    return _by_turns(types, np.argsort(-most, kind="stable"), most > 0)[:_ATLAS_CHANNELS]


def _history(analysis: "Analysis") -> "dict[str, Figure]":
    """How the encoder moved over the epochs of its run, where that was kept."""
    if analysis.weight_change is None or analysis.kernels is None or len(analysis.epochs) < 2:
        return {}
    shown = np.unique(np.linspace(0, len(analysis.epochs) - 1, _EPOCHS_SHOWN).round().astype(int))
    change, rotation = analysis.weight_change.channel_change, analysis.weight_change.rotation
    turned = np.argsort(-np.nan_to_num(rotation[-1]), kind="stable")[:8]
    # A kernel of zeros has no direction.
    known = np.isfinite(change).all(axis=0) & np.isfinite(rotation).all(axis=0)
    moved = {}
    if known.any():
        moved["weight_change"] = encoder_history_figure(
            analysis.epochs, change[:, known], rotation[:, known]
        )
    return {
        **moved,
        "kernels_over_epochs": kernel_history_figure(
            analysis.kernels[shown][:, turned].mean(2),
            epochs=[analysis.epochs[i] for i in shown],
            channels=turned.tolist(),
            title="The kernels that turned most",
        ),
    }


def _diffs(analysis: "Analysis") -> "dict[str, Figure]":
    """The pairs that moved most of the encoder under study and each that stands beside it."""
    stems, name = diff_stems(analysis), analysis.studied.encoding.name
    figures = {}
    for each in analysis.beside:
        order = each.diff.order
        few = order[:_PAIRS_SHOWN]
        steps = max(each.steps)
        # Of unequal numbers of steps the shorter's counts are as many as in the longer.
        maps, others = (
            values * steps / of
            for values, of in zip((each.maps, each.other_maps), each.steps, strict=True)
        )
        kernels, other_kernels = each.kernels or (None, None)
        most = "pairs" if len(few) == len(order) else f"{len(few)} of {len(order)} pairs"
        figures[stems[each.name]] = encoder_diff_figure(
            maps,
            others,
            T=steps,
            pairs=[(int(k), int(each.diff.partner[k])) for k in few],
            kernels=kernels,
            other_kernels=other_kernels,
            most=each.most,
            title=f"{name} (left) and {each.name} (right), {most}, those that moved most first",
        )
    return figures
