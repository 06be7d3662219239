"""The figures of an analysis, by their files' names."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.tables import grouped
from snnviz.figures import (
    class_atlas_figure,
    encoder_history_figure,
    first_spike_figure,
    kernel_figure,
    kernel_history_figure,
    rate_histogram_figure,
    reconstruction_figure,
    scorecard_figure,
    sorted_channels_figure,
    staircase_figure,
)
from snnviz.first_spike import drive_thresholds, is_renewal, reset_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.analysis.analyzing import Analysis
    from snnviz.data import ImageSet
    from snnviz.encoder import Encoder

# Images whose counts are averaged for the mean maps, and whose drive is drawn.
_SAMPLE = 200
# The scorecard's figure has room for so many numbers; the tables have all.
_PANELS = ("firing_rate", "edge", "intensity", "psnr", "probe", "bits_per_spike", "dimension")
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
_EPOCHS_SHOWN = 8


def analysis_figures(
    analysis: "Analysis", encoder: "Encoder", images: "ImageSet"
) -> "dict[str, Figure]":
    """The figures of an analysis, by the names of their files.

    Args:
        analysis: What was found.
        encoder: The encoder under study.
        images: The images it was scored on.
    """
    T = analysis.studied.coder.T
    sample = images.head(min(_SAMPLE, len(images)))
    record = analysis.studied.coder.encode(sample.images)
    maps = record.count(T - 1).mean(axis=0)
    types = analysis.studied.results["contours"].types()
    kernels = _kernels(encoder)
    order = _by_type_and_rate(types, analysis.studied.results["activity"].rate)
    about = f"{len(sample)} images, T = {T}"
    figures = {
        "scorecard": _scorecard(analysis),
        "kernels": kernel_figure(
            kernels,
            maps,
            T=T,
            order=order,
            types=types,
            colors=_TYPE_COLORS,
            title=f"Kernels and mean counts, {about}",
        ),
        "channels": sorted_channels_figure(
            maps,
            T=T,
            order=order,
            types=types,
            colors=_TYPE_COLORS,
            title=f"Channels by type and rate, {about}",
        ),
        "first_spike": first_spike_figure(record.first_spike[0], T=T),
        "firing_rates": rate_histogram_figure(analysis.studied.results["activity"].rate),
        "reconstruction": _reconstruction(analysis, images),
    }
    if is_renewal(encoder.node):
        thresholds = drive_thresholds(*reset_parameters(encoder.node), T).numpy()
        figures["staircase"] = staircase_figure(thresholds, _drives(encoder, sample))
    if "classes" in analysis.studied.results:
        figures["class_atlas"] = _atlas(analysis, images)
    return {**figures, **_history(analysis)}


def _kernels(encoder: "Encoder") -> "NDArray[np.float32]":
    """The kernels of the first convolution, their mean over input channels, [K, kh, kw]."""
    weights = [value for value in encoder.prefix.state_dict().values() if value.ndim == 4]
    kernels: NDArray[np.float32] = weights[0].cpu().mean(1).numpy()
    return kernels


def _drives(encoder: "Encoder", images: "ImageSet") -> "NDArray[np.float32]":
    import torch  # noqa: PLC0415 - the encoder has loaded it

    drives: NDArray[np.float32] = (
        encoder.drive(torch.from_numpy(images.batch(range(len(images))))).cpu().numpy()
    )
    return drives


def _by_type_and_rate(types: "Sequence[str]", rate: "NDArray[np.floating]") -> list[int]:
    """Channels of a type together, the largest type first, and by falling rate within it."""
    size = {kind: types.count(kind) for kind in types}
    return sorted(range(len(types)), key=lambda k: (-size[types[k]], types[k], -rate[k]))


def _scorecard(analysis: "Analysis") -> "Figure":
    groups = grouped(analysis)
    scores = [score for score in SCORES if score.key in _PANELS]
    values = [[np.mean([s.of(m) for m in group]) for s in scores] for group in groups.values()]
    kinds = [group[0].coder.kind for group in groups.values()]
    return scorecard_figure(
        np.array(values),
        names=list(groups),
        metrics=[score.title for score in scores],
        baselines=[i for i, kind in enumerate(kinds) if kind not in ("encoder", "compared")],
        write=[("{:" + score.form + "}").format for score in scores],
    )


def _reconstruction(analysis: "Analysis", images: "ImageSet") -> "Figure":
    rule, coder = analysis.studied.results["rule"], analysis.studied.coder
    read = rule.reconstruct(coder.encode(images.images[:1]))[:, 0]
    return reconstruction_figure(images.images[0], read / 255)


def _atlas(analysis: "Analysis", images: "ImageSet") -> "Figure":
    """The channels that prefer a class most."""
    found = analysis.studied.results["classes"]
    selectivity = np.nan_to_num(found.selectivity, nan=-1.0)
    chosen = np.argsort(-selectivity, kind="stable")[:_ATLAS_CHANNELS]
    present = np.flatnonzero(found.label_counts)
    return class_atlas_figure(
        found.atlas[present][:, chosen],
        T=analysis.studied.coder.T,
        classes=[images.classes[label] for label in present],
        channels=chosen.tolist(),
        title="The most selective channels",
    )


def _history(analysis: "Analysis") -> "dict[str, Figure]":
    """How the encoder moved over the epochs of its run, where that was kept."""
    if analysis.movement is None or analysis.kernels is None or len(analysis.epochs) < 2:
        return {}
    shown = np.unique(np.linspace(0, len(analysis.epochs) - 1, _EPOCHS_SHOWN).round().astype(int))
    turned = np.argsort(-np.nan_to_num(analysis.movement.rotation[-1]), kind="stable")[:8]
    return {
        "movement": encoder_history_figure(
            analysis.epochs, analysis.movement.channel_change, analysis.movement.rotation
        ),
        "kernels_over_epochs": kernel_history_figure(
            analysis.kernels[shown][:, turned].mean(2),
            epochs=[analysis.epochs[i] for i in shown],
            channels=turned.tolist(),
            title="The kernels that turned most",
        ),
    }
