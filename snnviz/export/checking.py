"""Whether figure sets can be drawn of an encoder, asked before anything is written."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.encoding import encode_samples, keep_few, seen_shape
from snnviz.export.options import FigureSetOptions
from snnviz.export.reduced import reduced, warn_of_reduction
from snnviz.export.templates.kept import counts_template, input_template
from snnviz.figures import spike_map_figure
from snnviz.figures.layout.choice import check_channels
from snnviz.figures.layout.plot import check_size
from snnviz.figures.neurons import membrane_size

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

# Kinds whose maps lie in a grid of `snnviz.figures.layout.tiles`.
_GRIDS = {"spikes", "first-spike", "membrane"}


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
