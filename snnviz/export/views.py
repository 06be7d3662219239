"""Kinds of pictures besides summed spikes: what each shows, and what it is drawn from.

matplotlib draws each of them anew; a test set of them takes minutes where counts take seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.data import Sample
from snnviz.export.encoding import inputs
from snnviz.export.options import FigureSetOptions
from snnviz.export.rendering import render, settled
from snnviz.figures import (
    first_spike_figure,
    membrane_figure,
    potential_map_figure,
    raster_figure,
    spike_map_figure,
)
from snnviz.neurons.membrane import membrane_potentials
from snnviz.records.spikes import map_shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

# Neurons in a raster where nobody chose any.
_CHANNELS = 8


@dataclass(frozen=True)
class Currents:
    """What the neurons' potentials are computed from.

    Attributes:
        drive: Input current, float32 [N, K, H, W].
        v_threshold: Threshold of the neurons.
        v_reset: What a spike resets the potential to; None: it subtracts the threshold.
    """

    drive: "NDArray[np.float32]"
    v_threshold: float
    v_reset: float | None

    def __getitem__(self, images: slice) -> "Currents":
        """Those of some of the images."""
        return Currents(self.drive[images], self.v_threshold, self.v_reset)


def find_currents(
    encoder: "Encoder", samples: list[Sample], options: FigureSetOptions
) -> Currents | None:
    """The currents of samples of one size; None where no kind of picture needs them."""
    if not options.needs_drive:
        return None
    drive = encoder.drive(inputs(samples)).cpu().numpy()
    maps = drive.reshape(len(drive), *map_shape(drive.shape[1:]))
    return Currents(maps, *encoder.membrane_parameters())


def views(
    sample: Sample, record: "SpikeRecord", options: FigureSetOptions, currents: Currents | None
) -> dict[str, Callable[[str], bytes]]:
    """What draws each further picture of one image in a format, by the picture's name.

    Args:
        sample: The image.
        record: Its spikes, of one image.
        options: What to draw.
        currents: Its drive, where `options.needs_drive`.
    """
    figures: dict[str, Callable[[], Figure]] = {}
    for kind in options.kinds:
        if kind in _VIEWS:
            figures |= _VIEWS[kind](sample, record, options, currents)
    return {
        name: partial(rendered, figure, svg_text=options.svg_text)
        for name, figure in figures.items()
    }


def choose_neurons(
    options: FigureSetOptions, counts: "NDArray[np.integer]"
) -> list[tuple[int, int, int]]:
    """The neurons (channel, row, column) of the raster.

    Where none were chosen: at the place where most channels fire, the first of several in reading
    order, those of eight channels from the one with most spikes there to the one with fewest, at
    even distances in that order. Where fewer fire there, other channels follow with their busiest
    neuron, and where not even eight channels fire, only those that do; all in the order of
    channels. Where nothing fires, eight channels at even distances, at their first neuron.

    Args:
        options: With `neurons`.
        counts: Spike counts of an image after all steps, ints [K, H, W].
    """
    if options.neurons:
        return list(options.neurons)
    counts = counts.astype(np.int64)  # bytes would not sort backwards
    K, H, W = counts.shape
    fires = counts > 0
    if not fires.any():
        return [(int(k), 0, 0) for k in _spread(np.arange(K))]
    y, x = (int(side) for side in np.unravel_index(int(fires.sum(axis=0).argmax()), (H, W)))
    there = np.argsort(-counts[:, y, x], kind="stable")[: int(fires[:, y, x].sum())]
    chosen = [(int(k), y, x) for k in _spread(there)]
    totals = counts.reshape(K, -1).sum(axis=1)
    others = np.setdiff1d(np.flatnonzero(totals), there)
    others = others[np.argsort(-totals[others], kind="stable")]
    for k in _spread(others)[: _CHANNELS - len(chosen)]:
        row, column = np.unravel_index(int(counts[k].argmax()), (H, W))
        chosen.append((int(k), int(row), int(column)))
    return sorted(chosen)


def _spread(channels: "NDArray[np.integer]") -> "NDArray[np.integer]":
    """At most eight of the channels, from the first to the last at even distances."""
    places = np.linspace(0, len(channels) - 1, min(_CHANNELS, len(channels)))
    chosen: NDArray[np.integer] = channels[places.round().astype(int)]
    return chosen


def rendered(draw: "Callable[[], Figure]", form: str, *, svg_text: bool = False) -> bytes:
    """The figure that `draw` gives, drawn anew, as the bytes of a file of that format."""
    with settled():
        return render(draw(), form, svg_text=svg_text)


def _explained(options: FigureSetOptions) -> dict[str, Any]:
    """The options of a grid whose legend can be left out."""
    return {**options.grid, "legend": options.legends}


def _draw_spikes(
    _sample: Sample, record: "SpikeRecord", options: FigureSetOptions, _: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    spikes, most = record.steps()[:, 0], record.most
    return {
        f"spikes_t{t}": partial(spike_map_figure, spikes[t], t=t, most=most, **_explained(options))
        for t in options.at
    }


def _draw_first_spike(
    _sample: Sample, record: "SpikeRecord", options: FigureSetOptions, _: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    times = record.first_spike[0]
    return {"first_spike": partial(first_spike_figure, times, T=options.T, **_explained(options))}


def _draw_membrane(
    _sample: Sample, _record: "SpikeRecord", options: FigureSetOptions, currents: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    steps, neurons = _potentials(currents, options.T)
    wanted = dict.fromkeys(options.at)
    found = {t: v for t, v in enumerate(islice(steps, max(wanted) + 1)) if t in wanted}
    return {
        f"membrane_t{t}": partial(potential_map_figure, found[t], t=t, **neurons, **options.grid)
        for t in wanted
    }


def _draw_raster(
    _sample: Sample, record: "SpikeRecord", options: FigureSetOptions, currents: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    counts = record.count(options.T - 1)[0]
    chosen = choose_neurons(options, counts)
    title = "Spikes of chosen neurons" if options.neurons else _which(chosen, counts)
    where = tuple(np.array(chosen).T)
    spikes = record.spikes()[:, 0][:, *where]
    steps, neurons = _potentials(currents, options.T, where)
    names = [f"channel {k}, y {y}, x {x}" for k, y, x in chosen]
    v = np.stack(list(steps))
    drawing = {**options.size, **options.untitled}
    return {
        "raster": partial(raster_figure, spikes, names=names, **{"title": title, **drawing}),
        "potentials": partial(membrane_figure, v, spikes, names=names, **neurons, **drawing),
    }


def _which(chosen: list[tuple[int, int, int]], counts: "NDArray[np.integer]") -> str:
    """How the neurons were chosen, for a title."""
    firing = int((counts.reshape(len(counts), -1).max(axis=1) > 0).sum())
    if not firing:
        return "Spikes: no neuron fires in this image"
    return f"Spikes of {len(chosen)} of the {firing} channels that fire, spread by rate"


def _potentials(
    currents: Currents | None, T: int, where: Any = ...
) -> "tuple[Iterator[NDArray[np.float32]], dict[str, Any]]":
    """The potentials step by step, and the neurons' parameters."""
    assert currents is not None  # noqa: S101 - see `FigureSetOptions.needs_drive`
    neurons = {"v_threshold": currents.v_threshold, "v_reset": currents.v_reset}
    return membrane_potentials(currents.drive[0][where], T, **neurons), neurons  # type: ignore[arg-type]


_VIEWS = {
    "spikes": _draw_spikes,
    "first-spike": _draw_first_spike,
    "membrane": _draw_membrane,
    "raster": _draw_raster,
}
