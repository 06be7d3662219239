"""Figures of how drives become spikes: of all neurons, and of some of them one by one."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.ordering import by_turns
from snnviz.analysis.streaming import at_size
from snnviz.data import to_input
from snnviz.errors import ConfigError
from snnviz.export.encoding import fitting
from snnviz.figures import fi_curve_figure, membrane_figure, raster_figure
from snnviz.neurons.first_spike import drive_thresholds
from snnviz.neurons.membrane import membrane_potentials

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.analyzing import Analysis
    from snnviz.records.spikes import SpikeRecord

# Neurons whose drive is drawn, those of 41 images of Fashion-MNIST in 128 channels: with more the
# picture looks the same.
_DRIVES = 1 << 22
_NEURONS = 8


def neuron_figures(
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
    figures: dict[str, Figure] = {}
    if encoder.is_renewal:
        thresholds = drive_thresholds(*encoder.renewal_parameters(), record.T)
        figures["fi_curve"] = fi_curve_figure(thresholds, drives)
    if record.most > 1:  # a mark in a raster is one spike
        return figures
    return figures | _some_neurons(analysis, encoder, record, drives[0])


def _some_neurons(
    analysis: "Analysis", encoder: "Encoder", record: "SpikeRecord", drive: "NDArray[np.floating]"
) -> "dict[str, Figure]":
    """Neurons of several types at the brightest place of the first image, which has that drive."""
    size = record.shape[2], record.shape[3]
    y, x = np.unravel_index(int(at_size(analysis.first_images.grey[:1], size)[0].argmax()), size)
    types = analysis.studied.contours.types(analysis.studied.encoding.t)
    counts = record.count(record.T - 1)[0, :, y, x].astype(int)
    chosen = sorted(by_turns(types, np.argsort(-counts, kind="stable"), counts > 0)[:_NEURONS])
    names = [f"{k}, {types[k]}" for k in chosen]
    where = f"at row {y}, column {x}"
    if counts.any():
        where += ", of channels that fire there"
    spikes = record[:1].spikes()[:, 0, chosen, y, x]
    figures = {"raster": raster_figure(spikes, names=names, title=f"Spikes {where}")}
    try:
        v_threshold, v_reset = encoder.membrane_parameters()
    except ConfigError:  # neurons that do more than integrate and fire
        return figures
    potentials = membrane_potentials(
        drive[chosen, y, x], record.T, v_threshold=v_threshold, v_reset=v_reset
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
