"""The data behind a page: one dict of plain values, and one block of arrays that it points into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from snnviz._version import __version__
from snnviz.adapters.encoder import Encoder
from snnviz.data import Sample, draw_frames
from snnviz.errors import ConfigError, ShapeError
from snnviz.export.encoding import inputs
from snnviz.files import printable
from snnviz.neurons.first_spike import drive_thresholds
from snnviz.records.spikes import SpikeRecord
from snnviz.report.arithmetic import Arithmetic, agreement, find_arithmetic, normalized
from snnviz.report.channels import channel_table, scores
from snnviz.report.comparing import Compared, comparison
from snnviz.report.encoding import Shown, encode_all
from snnviz.report.explaining import Answering, explanations
from snnviz.report.leaking import leaky_rule, stepped_agreement
from snnviz.report.packing import Block, Place
from snnviz.report.scores import Scorecard
from snnviz.report.training import Training, history
from snnviz.report.where import where_maps

LAYOUT = 1
"""Version of what a page's data look like."""

# Neurons whose spikes the page's arithmetic is held against.
_SAMPLE = 1 << 18
# What a page may hold of spikes, before compression.
_MOST_BYTES = 1 << 28
# Draws that are stepped in the page are of so many taps at most: beyond, it would not follow a pen.
_MOST_TAPS = 1 << 28


@dataclass(frozen=True)
class About:
    """What a page says of what it shows.

    Attributes:
        title: Its title.
        facts: Names and values, such as the file, in the order to be shown.
        assumed: Sentences on what was assumed.
    """

    title: str = "A spiking encoder"
    facts: Mapping[str, str] = field(default_factory=dict)
    assumed: Sequence[str] = ()

    def added_to(self, data: Mapping[str, object]) -> dict[str, Any]:
        """The data of a page that says this."""
        return {
            **data,
            "title": printable(self.title),
            "facts": [[name, printable(str(value))] for name, value in self.facts.items()],
            "assumed": [printable(sentence) for sentence in self.assumed],
        }


def report_data(
    encoder: Encoder,
    samples: Sequence[Sample],
    T: int,
    about: About | None = None,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    compared: Compared | None = None,
    training: Training | None = None,
    scorecard: Scorecard | None = None,
    answering: Answering | None = None,
) -> tuple[dict[str, Any], Block]:
    """The data of a page: a dict for JSON, and the block that it points into.

    Args:
        encoder: The encoder.
        samples: The images, at least one.
        T: Number of time steps, >= 1.
        about: What is said of them.
        mean: What the encoder subtracts from pixels in [0, 1] itself, as it was made; None:
            nothing.
        std: What it divides them by after that.
        compared: Another encoder to be shown beside this one.
        training: The training that the encoder is of.
        scorecard: From `read_scorecard`.
        answering: The whole network, whose answers are explained; None: nothing is said of them.

    Raises:
        ShapeError: The samples do not suit the encoder.
        ConfigError: There are none or too many, or the encoder cannot be run so; the other
            encoder, or those of the training, do not go with it.
    """
    if not samples:
        raise ConfigError("a page needs at least one image, got none; choose some")
    about, block = about or About(), Block()
    _check_size(encoder, samples, T)
    groups = encode_all(encoder, samples, T)
    largest = max(groups, key=lambda shown: len(shown.samples))
    pictures = np.stack([sample.image for sample in largest.samples])
    table = channel_table(largest.record, pictures)
    found, reason = _arithmetic(encoder, largest.samples, mean, std)
    neuron = _neuron(encoder, largest, T, block, explained=found is not None)
    maps, unexplained = ({}, "") if answering is None else explanations(answering, groups, T, block)
    images = _images(groups, maps, block)
    alike = next(shown for shown in groups if 0 in shown.places).record
    data = {
        "version": LAYOUT,
        "snnviz": __version__,
        "T": T,
        "most": max(shown.record.most for shown in groups),
        "K": largest.record.shape[1],
        "neuron": neuron,
        "normalize": [list(mean or (0,)), list(std or (1,))] if mean or std else None,
        "arithmetic": found and _placed(encoder, found, largest, (mean, std), neuron, block),
        "why_not": reason,
        "kernels": _kernels(encoder, largest.record.shape[1], block),
        "images": images,
        "unexplained": printable(unexplained),
        "channels": table,
        "scores": scores(largest.record, table),
        "scorecard": scorecard,
        "start": _start(groups, table),
        "compare": compared and comparison(groups, compared, samples, T, block),
        "training": training and history(training, samples, alike, T, block),
    }  # fmt: skip
    return about.added_to(data), block


def _check_size(encoder: Encoder, samples: Sequence[Sample], T: int) -> None:
    """Refuse what no browser could hold."""
    if samples[0].frames is None:
        encoder.prepare(inputs(samples[:1]), T)
    sides = [sample.image.shape for sample in samples]
    size = sum(encoder.record_size((side[0], side[1]), T) for side in sides)
    if size > _MOST_BYTES and len(samples) > 1:
        most = max(1, len(samples) * _MOST_BYTES // size)
        raise ConfigError(
            f"the spikes of {len(samples):,} images take {size / 1e6:,.0f} MB, too many for a page",
            f"choose fewer, {most:,} fit",
        )


def _arithmetic(
    encoder: Encoder,
    samples: Sequence[Sample],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> tuple[Arithmetic | None, str]:
    """How the drive comes about, or the sentence that says why that is not told."""
    if samples[0].frames is not None:
        return None, "the input changes at each step, and with it the drive"
    try:
        return find_arithmetic(encoder, inputs(samples), mean, std), ""
    except (ConfigError, ShapeError) as error:
        return None, str(error.args[0]).split("; leave out")[0]


def _kernels(encoder: Encoder, channels: int, block: Block) -> Place | None:
    """Where the kernels lie, one a channel; None where no one layer of weights sees the pixels."""
    try:
        kernels = encoder.kernels
    except ConfigError:
        return None
    return block.add(kernels) if len(kernels) == channels else None


def _placed(
    encoder: Encoder,
    found: Arithmetic,
    shown: Shown,
    normal: tuple[Sequence[float] | None, Sequence[float] | None],
    neuron: Mapping[str, Any],
    block: Block,
) -> dict[str, Any]:
    """An arithmetic for the page; where its neurons allow it, with how exact it is."""
    placed: dict[str, Any] = {
        "scale": block.add(found.scale),
        "shift": block.add(found.shift),
        "stride": found.stride,
        "padding": list(found.padding),
        "known": found.known,
    }
    neurons = int(np.prod(shown.record.shape[1:]))
    taps = int(np.prod(found.kernels.shape[1:]))
    if neurons * taps > _MOST_TAPS or "v_threshold" not in neuron or shown.record.most > 1:
        return placed
    some = shown.samples[: max(1, _SAMPLE // neurons)]
    pixels, T = inputs(some), shown.record.T
    entering = normalized(pixels, *normal)
    if encoder.is_renewal:
        placed["agreement"] = list(agreement(encoder, found, pixels, entering, T))
    else:
        rule = {name: neuron[name] for name in neuron if name not in ("kind", "layer")}
        spikes = shown.record.spikes()[:, : len(some)]
        placed["agreement"] = list(stepped_agreement(rule, found.drive(entering), spikes))
    return placed


def _neuron(
    encoder: Encoder, shown: Shown, T: int, block: Block, *, explained: bool
) -> dict[str, Any]:
    """The encoder's neurons: their class, and what is known of their rule."""
    said: dict[str, Any] = {"kind": printable(encoder.neurons), "layer": printable(encoder.layer)}
    rule = encoder.integrates()
    if rule is not None:
        v_threshold, v_reset = rule
        said |= {"v_threshold": v_threshold, "v_reset": v_reset}
        if v_reset is not None:
            said["thresholds"] = block.add(drive_thresholds(v_threshold, v_reset, T))
    elif explained and shown.record.most == 1:
        said |= leaky_rule(encoder, shown.samples, shown.record, T)
    return said


def _images(
    groups: Sequence[Shown], maps: Mapping[int, Mapping[str, Any]], block: Block
) -> list[dict[str, Any]]:
    """All images in their order: what they are, their pixels, their spikes, what explains them."""
    by_place = {
        place: (sample, shown.record[n])
        for shown in groups
        for n, (place, sample) in enumerate(zip(shown.places, shown.samples, strict=True))
    }
    return [
        {
            **describe_sample(sample),
            **_pixels(sample, block),
            **block.add_record(record),
            "where": where_maps(record, (sample.image.shape[0], sample.image.shape[1]), block),
            "explained": maps.get(place),
        }
        for place, (sample, record) in sorted(by_place.items())
    ]


def describe_sample(sample: Sample) -> dict[str, Any]:
    """What a page says of an image; texts are of one line."""
    name = sample.class_name or ("" if sample.label is None else f"class {sample.label}")
    said = {
        "index": sample.index,
        "name": printable(name),
        "source": None if sample.source is None else printable(sample.source),
        "predicted": sample.predicted,
    }
    if sample.predicted is not None and sample.label is not None:
        said["correct"] = sample.predicted == sample.label
    return said


def _pixels(sample: Sample, block: Block) -> dict[str, Any]:
    """The bytes that an encoder sees; of event frames a picture of all steps, and one of each."""
    if sample.frames is None:
        return {"pixels": block.add(sample.channels)}
    steps, _ = draw_frames(sample.frames)
    picture = sample.image[np.newaxis] if sample.colour is None else sample.colour
    return {"pixels": block.add(picture), "steps": block.add(steps)}


def _start(groups: Sequence[Shown], table: Mapping[str, Any]) -> dict[str, int]:
    """Where a page opens: a neuron of the first image that fires after some charging.

    It is of the channel that follows edges most where that is known, near the middle of its map.
    """
    record = next(shown for shown in groups if 0 in shown.places).record
    order = _by_story(record, table)
    first = record.first_spike[0]
    for wanted in (2, 1, 3):
        for channel in order:
            rows, columns = np.nonzero(first[channel] == wanted)
            if wanted < record.T and len(rows):
                middle = np.subtract(first[channel].shape, 1) / 2
                away = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2
                nearest = int(away.argmin())
                return {"channel": channel, "y": int(rows[nearest]), "x": int(columns[nearest])}
    return {"channel": 0, "y": first.shape[1] // 2, "x": first.shape[2] // 2}


def _by_story(record: SpikeRecord, table: Mapping[str, Any]) -> list[int]:
    edges = table.get("edge")
    if edges is None:
        return list(range(record.shape[1]))
    return sorted(range(len(edges)), key=lambda k: -(edges[k] or -1))
