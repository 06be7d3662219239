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
from snnviz.export.rendering import render, settled
from snnviz.figures import (
    feature_map_figure,
    first_spike_figure,
    input_figure,
    kernel_figure,
    membrane_figure,
    potential_map_figure,
    raster_figure,
    spike_map_figure,
)
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
        input_figure(np.zeros(shape, np.uint8), dpi=options.dpi)
        feature_map_figure(silent, t=0, **options.drawing)
        if not _GRIDS.isdisjoint(options.kinds):
            spike_map_figure(silent, t=0, **options.grid)
        if "raster" in options.kinds:  # which is lower than the potentials beside it
            check_size(*membrane_size(max(1, len(options.neurons)))[:2], options.dpi)
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
        draw = partial(kernel_figure, kernels, dpi=options.dpi)
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
    options: FigureSetOptions, image: "NDArray[np.uint8]", shape: tuple[int, ...]
) -> list[tuple[int, int, int]]:
    """The neurons (channel, row, column) of the raster.

    Where none were chosen: those of eight channels, evenly spaced from the first to the last, at
    the brightest pixel of the image, the first of several in reading order.

    Args:
        options: With `neurons`.
        image: Grey levels [height, width].
        shape: (K, H, W) of the maps.
    """
    if options.neurons:
        return list(options.neurons)
    K, H, W = shape
    channels = np.unique(np.linspace(0, K - 1, min(_CHANNELS, K)).round().astype(int))
    row, column = np.unravel_index(int(image.argmax()), image.shape)
    y, x = int(row) * H // image.shape[0], int(column) * W // image.shape[1]
    return [(int(k), y, x) for k in channels]


def rendered(draw: "Callable[[], Figure]", form: str, *, svg_text: bool = False) -> bytes:
    """The figure that `draw` gives, drawn anew, as the bytes of a file of that format."""
    with settled():
        return render(draw(), form, svg_text=svg_text)


def _draw_spikes(
    _sample: Sample, record: "SpikeRecord", options: FigureSetOptions, _: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    spikes, most = record.steps()[:, 0], record.most
    return {
        f"spikes_t{t}": partial(spike_map_figure, spikes[t], t=t, most=most, **options.grid)
        for t in options.at
    }


def _draw_first_spike(
    _sample: Sample, record: "SpikeRecord", options: FigureSetOptions, _: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    times = record.first_spike[0]
    return {"first_spike": partial(first_spike_figure, times, T=options.T, **options.grid)}


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
    sample: Sample, record: "SpikeRecord", options: FigureSetOptions, currents: Currents | None
) -> dict[str, "Callable[[], Figure]"]:
    chosen = choose_neurons(options, sample.image, record.shape[1:])
    where = tuple(np.array(chosen).T)
    spikes = record.spikes()[:, 0][:, *where]
    steps, neurons = _potentials(currents, options.T, where)
    names = [f"channel {k}, y {y}, x {x}" for k, y, x in chosen]
    v = np.stack(list(steps))
    return {
        "raster": partial(raster_figure, spikes, names=names, dpi=options.dpi),
        "potentials": partial(membrane_figure, v, spikes, names=names, dpi=options.dpi, **neurons),
    }


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
