"""The folders that `snnviz visualize` fills: the figure sets of a layer each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snnviz.adapters.encoder import Encoder
from snnviz.cli import options
from snnviz.cli.appearance import Look, chosen_channels
from snnviz.cli.compared import found_other, partners
from snnviz.cli.drawn import Drawn
from snnviz.cli.wanted import Wanted
from snnviz.export import FigureSetOptions, write_figure_sets
from snnviz.export.checking import check_views
from snnviz.export.layout import SETS
from snnviz.folders import check_folder
from snnviz.records.spikes import SpikeRecord


@dataclass(frozen=True)
class Place:
    """Where figure sets go.

    Attributes:
        folder: `--out-dir`.
        overwrite: `--overwrite`.
        resume: `--resume`.
    """

    folder: Path
    overwrite: bool
    resume: bool


@dataclass(frozen=True, eq=False)
class LayerSets:
    """The figure sets of one layer, before they are drawn.

    Attributes:
        folder: Where they go.
        encoder: What encodes the images.
        other: The encoder beside it; None: there is none.
        options: What is drawn.
        about: Entries for the manifest.
        records: What is known already of the layer's spikes, by the images' index.
    """

    folder: Path
    encoder: Encoder
    other: Encoder | None
    options: FigureSetOptions
    about: Mapping[str, Any]
    records: Mapping[int, SpikeRecord]


def planned_sets(
    wanted: Wanted, found: Drawn, look: Look, drawing: Mapping[str, Any], place: Place
) -> list[LayerSets]:
    """The figure sets of each layer; of several layers none is drawn where another cannot be.

    Args:
        wanted: What the user asks for.
        found: What was found of that.
        look: How figures look.
        drawing: The same for `FigureSetOptions`, but for what depends on the encoder.
        place: Where they go.
    """
    beside = found_other(look.compare, wanted, found)
    others = [None] * len(found.encoders) if beside is None else beside.encoders
    about = found.about if beside is None else {**found.about, "compared": beside.network_about}
    known = [dict(found.known(number)) for number in range(len(found.encoders))]
    figure_options = [
        FigureSetOptions(
            T=found.T,
            partner=partners(encoder, other, found, records, match=look.match),
            channels=_channels(encoder, found, look, records),
            **drawing,
        )
        for encoder, other, records in zip(found.encoders, others, known, strict=True)
    ]
    folders = [place.folder]
    if len(found.encoders) > 1:
        folders = [place.folder / folder for folder in found.folders]
        known = _checked(found, figure_options, known, folders, place)
    abouts = [about if name is None else {**about, "layer": name} for name in found.names]
    columns = folders, found.encoders, others, figure_options, abouts, known
    return [LayerSets(*row) for row in zip(*columns, strict=True)]


def _channels(
    encoder: Encoder, found: Drawn, look: Look, records: dict[int, SpikeRecord]
) -> tuple[int, ...]:
    """The channels of this layer to draw, in their order; none: all."""
    return chosen_channels(
        encoder,
        found.samples,
        found.T,
        channels=look.channels,
        sort=look.sort,
        network=found.network(encoder),
        known=records,
    )


def _checked(
    found: Drawn,
    figure_options: Sequence[FigureSetOptions],
    known: Sequence[dict[int, SpikeRecord]],
    folders: Sequence[Path],
    place: Place,
) -> list[dict[int, SpikeRecord]]:
    """What is known of each layer, all of which can be drawn, and their folders be filled."""
    for folder in folders:
        check_folder(folder, SETS, overwrite=place.overwrite, resume=place.resume)
    return [
        check_views(encoder, found.samples, layer_options, records)
        for encoder, layer_options, records in zip(
            found.encoders, figure_options, known, strict=True
        )
    ]


def write_sets(sets: LayerSets, wanted: Wanted, found: Drawn, place: Place) -> Path:
    """The manifest of a layer's figure sets, which are drawn and written now."""
    return write_figure_sets(
        sets.encoder,
        found.samples,
        sets.folder,
        sets.options,
        made_from=sets.about,
        source=found.source,
        other=sets.other,
        predict=found.predict,
        overwrite=place.overwrite,
        resume=place.resume,
        jobs=wanted.jobs,
        progress=options.progress_bar(wanted.quiet),
        records=sets.records,
    )
