"""The encoder that `snnviz visualize --compare` draws beside the one under study."""

from pathlib import Path

import click

from snnviz.adapters.encoder import Encoder
from snnviz.cli.drawn import Drawn, find_other
from snnviz.cli.output import note
from snnviz.cli.wanted import Wanted
from snnviz.display import quantity
from snnviz.export.encoding import encode_first, encode_samples
from snnviz.records.spikes import SpikeRecord


def found_other(path: Path | None, wanted: Wanted, found: Drawn) -> Drawn | None:
    """The same layers of the other network; None: there is none."""
    if path is None:
        return None
    if wanted.model is None and wanted.layer:
        raise click.UsageError(
            "--compare draws the encoders of two checkpoints; leave out --layer, or give --model"
        )
    return find_other(path, wanted, found)


def partners(
    encoder: Encoder,
    other: Encoder | None,
    found: Drawn,
    known: dict[int, SpikeRecord],
    *,
    match: bool,
) -> tuple[int, ...]:
    """For each channel the one of the other encoder beside it; none: that of the same number."""
    if not match:
        return ()
    if other is None:
        raise click.UsageError("--match pairs the channels of two encoders; name one to --compare")
    from snnviz.metrics import match_channels
    from snnviz.metrics.matching import MATCH_IMAGES

    few, first = encode_first(encoder, found.samples, found.T, MATCH_IMAGES, known)
    second = encode_samples(other, few, found.T)
    matching = match_channels(first.count(found.T - 1), second.count(found.T - 1))
    paired = matching.partner >= 0
    mean = float(matching.correlation[paired].mean())
    note(
        f"channels matched by {quantity(len(few), 'image')}: {paired.sum()} of {len(paired)}, with "
        f"a mean correlation of {mean:.2f}"
    )
    return tuple(int(k) for k in matching.partner)
