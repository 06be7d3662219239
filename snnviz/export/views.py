"""Kinds of pictures besides summed spikes: what each shows, and what it is drawn from.

matplotlib draws each of them anew; a test set of them takes minutes where counts take seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.captions import Captions
from snnviz.export.encoding import encode_samples, inputs, keep_few, seen_shape
from snnviz.export.options import CAPTION_FORMS, FigureSetOptions
from snnviz.export.reduced import reduced, warn_of_reduction
from snnviz.export.rendering import render, settled
from snnviz.export.templates.kept import counts_template, input_template
from snnviz.figures import (
    first_spike_figure,
    kernel_figure,
    membrane_figure,
    potential_map_figure,
    raster_figure,
    spike_map_figure,
)
from snnviz.figures.layout.choice import check_channels
from snnviz.figures.layout.plot import check_size
from snnviz.figures.neurons import membrane_size
from snnviz.files import write_bytes
from snnviz.neurons.membrane import membrane_potentials
from snnviz.records.spikes import map_shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

# Neurons in a raster where nobody chose any.
_CHANNELS = 8
# Kinds whose maps lie in a grid of `snnviz.figures.layout.tiles`.
_GRIDS = {"spikes", "first-spike", "membrane"}


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


def check_views(
    encoder: "Encoder",
    samples: Iterable[Sample],
    options: FigureSetOptions,
    known: "Mapping[int, SpikeRecord] | None" = None,
) -> "dict[int, SpikeRecord]":
    """What is known, and records of the first image of each size, or of few sizes, by their index.

    The kinds of pictures asked for can be drawn.

    Raises:
        ConfigError: The neurons are no integrate-and-fire neurons and their potential is asked
            for, or there are no kernels, or a chosen neuron does not exist, or a figure's options
            are out of range or make it too large to draw.
        ShapeError: The samples do not suit the encoder.
    """
    found = dict(known or {})
    firsts: dict[tuple[int, ...], Sample] = {}
    for sample in samples:
        firsts.setdefault(seen_shape(sample), sample)
    for sample in firsts.values():
        shape = sample.image.shape
        _, K, H, W = _found(encoder, sample, options.T, found).shape
        silent = np.zeros((K, H, W), np.uint8)
        # Templates are drawn once when they are made, and most are the ones that are needed next.
        drawing = {**options.size, **options.untitled}
        input_template(shape, sample.class_name, drawing, svg_text=options.svg_text)
        drawn = reduced(silent, len(options.channels) or K).shape
        warn_of_reduction((len(options.channels) or K) if "counts" in options.kinds else 0, H, W)
        t = options.at[0]
        counts_template(drawn, t, options.drawing(t), svg_text=options.svg_text)
        if not _GRIDS.isdisjoint(options.kinds):
            spike_map_figure(silent, t=0, **options.grid)
        if "raster" in options.kinds:  # which is lower than the potentials beside it
            check_size(*membrane_size(max(1, len(options.neurons)))[:2], options.dpi)
        check_channels(options.channels or None, K)
        for k, y, x in options.neurons:
            if not (0 <= k < K and 0 <= y < H and 0 <= x < W):
                raise ConfigError(
                    f"no neuron {k},{y},{x}: an image of {shape[0]} x {shape[1]} pixels has "
                    f"channels 0..{K - 1}, rows 0..{H - 1} and columns 0..{W - 1}"
                )
    if options.needs_drive:
        encoder.membrane_parameters()
        if any(sample.frames is not None for sample in samples):
            raise ConfigError(
                "the membrane potential is drawn under a drive that does not change, and event "
                "frames do; leave out the kinds membrane and raster"
            )
    if "kernels" in options.kinds:
        _ = encoder.kernels  # which raises where there are none
    return found


def _found(
    encoder: "Encoder", sample: Sample, T: int, found: "dict[int, SpikeRecord]"
) -> "SpikeRecord":
    """The record of a sample, which is kept where there is room."""
    record = found.get(sample.index)
    if record is None:
        record = encode_samples(encoder, [sample], T)
        keep_few(encoder, found, record, sample)
    return record


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


def write_kernels(
    encoder: "Encoder",
    out_dir: Path,
    options: FigureSetOptions,
    captions: Captions,
    *,
    write: bool,
) -> list[str]:
    """The names of the files that show the encoder's kernels, written where they are not there.

    Args:
        encoder: Whose kernels.
        out_dir: A folder that exists.
        options: What to draw; other kinds than "kernels" give no files.
        captions: The captions, where the options ask for them.
        write: Whether this process is the one to write them.
    """
    names = options.kernel_files
    missing = [name for name in names if not (out_dir / name).exists()]
    if write and missing:
        kernels = encoder.kernels
        drawing: dict[str, Any] = {**options.size, **options.untitled}
        draw = partial(kernel_figure, kernels, channels=options.channels or None, **drawing)
        content = {
            name: rendered(draw, name.rpartition(".")[2], svg_text=options.svg_text)
            for name in missing
            if not name.endswith(CAPTION_FORMS)
        }
        if options.captions:
            content = captions.added(content, ["kernels"], len(kernels))
        for name in missing:
            write_bytes(content[name], out_dir / name, durable=False)
    return names


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
