"""An encoder over the epochs of its training: curves, and what it made of some images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.data import Sample
from snnviz.errors import ConfigError, ShapeError
from snnviz.files import printable
from snnviz.records.spikes import SpikeRecord
from snnviz.report.channels import channel_table
from snnviz.report.encoding import encode_all
from snnviz.report.packing import Block

# Of so many images the maps of each epoch are kept.
_KEPT = 3
MOST_EPOCHS = 12
"""So many epochs a page shows."""


@dataclass(frozen=True, eq=False)
class Training:
    """What is known of a training.

    Attributes:
        curves: By name the epochs and the values of scalars.
        snapshots: What an epoch is called, its number (-1 is untrained), and the encoder after it.
    """

    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]] = field(default_factory=dict)
    snapshots: Sequence[tuple[str, int, Encoder]] = ()


def spread(count: int, most: int = MOST_EPOCHS) -> list[int]:
    """Up to `most` of `count` places, the first and the last among them, evenly apart.

    Example:
        >>> spread(5, 3), spread(2, 3)
        ([0, 2, 4], [0, 1])
    """
    places = np.linspace(0, count - 1, min(count, most)).round()
    return sorted({int(place) for place in places})


def history(
    training: Training, samples: Sequence[Sample], record: SpikeRecord, T: int, block: Block
) -> dict[str, Any]:
    """What a page needs to show a training; the first images of one size stand for all.

    Args:
        training: The training.
        samples: The samples of the page.
        record: That of the encoder that the page shows, of some of them.
        T: Number of time steps.
        block: Where arrays go.

    Raises:
        ConfigError: Its encoders do not take these images, or are of other channels.
    """
    epochs = []
    alike = [n for n, sample in enumerate(samples) if sample.image.shape == samples[0].image.shape]
    some = [samples[n] for n in alike]
    pictures = np.stack([sample.image for sample in some])
    for name, epoch, encoder in training.snapshots:
        try:
            (shown,) = encode_all(encoder, some, T)
        except ShapeError as error:
            raise ConfigError(f"the encoders of the run are of another network: {error}") from error
        if shown.record.shape[1:] != record.shape[1:]:
            sizes = [" x ".join(map(str, each.shape[1:])) for each in (shown.record, record)]
            raise ConfigError(
                f"the encoders of the run have {sizes[0]} neurons (channels, rows, columns), the "
                f"one that is shown {sizes[1]}",
                "show a checkpoint of the run, or leave the run out",
            )
        table = channel_table(shown.record, pictures)
        epochs.append(
            {
                "name": printable(name),
                "epoch": epoch,
                "images": [block.add_record(shown.record[n]) for n in range(min(_KEPT, len(some)))],
                "kernels": block.add(encoder.kernels),
                "rate": table["rate"],
                "type": table.get("type"),
            }
        )
    return {
        "curves": [
            {"name": printable(name), **_points(at, values)}
            for name, (at, values) in training.curves.items()
        ],
        "images": alike[:_KEPT],
        "n": len(some),
        "epochs": epochs,
    }


def _points(at: Sequence[int], values: Sequence[float]) -> dict[str, list[Any]]:
    """The points of a curve whose values are numbers, to five digits."""
    there = [(int(x), float(f"{y:.5g}")) for x, y in zip(at, values, strict=True) if isfinite(y)]
    return {"epochs": [x for x, _ in there], "values": [y for _, y in there]}
