"""The encoder that `snnviz visualize --compare` draws beside the one under study."""

from collections.abc import Sequence
from pathlib import Path

import click

from snnviz.adapters.encoder import Encoder
from snnviz.cli.drawn import Drawn, Wanted
from snnviz.cli.networks import open_checkpoint
from snnviz.cli.output import note
from snnviz.display import quantity
from snnviz.export.encoding import alike, encode_samples
from snnviz.tutorial.encoder import load_encoder


def found_others(path: Path | None, wanted: Wanted, found: Drawn) -> Sequence[Encoder | None]:
    """For each encoder that is drawn the same layer of the other network; None: no other is."""
    if path is None:
        return [None] * len(found.encoders)
    if wanted.model is None:
        if wanted.layer:
            raise click.UsageError(
                "--compare draws the encoders of two checkpoints; leave out --layer, or give "
                "--model"
            )
        checkpoint = open_checkpoint(
            path, neuron=wanted.neuron, **wanted.stated, quiet=wanted.quiet
        )
        return [load_encoder(checkpoint).to(wanted.device)]
    from snnviz.cli.subjects import open_model, prepare

    subject = open_model(
        wanted.model, path, wanted.device, T=wanted.T, mean=wanted.mean, std=wanted.std,
        quiet=wanted.quiet,
    )  # fmt: skip
    encoders = [subject.encoder(name) for name in found.names]
    for encoder in encoders:
        prepare(encoder, found.samples, found.T)
    return encoders


def partners(
    encoder: Encoder, other: Encoder | None, found: Drawn, *, match: bool
) -> tuple[int, ...]:
    """For each channel the one of the other encoder beside it; none: that of the same number."""
    if not match:
        return ()
    if other is None:
        raise click.UsageError("--match pairs the channels of two encoders; name one to --compare")
    from snnviz.analysis.ordering import ORDER_IMAGES  # a third of a second
    from snnviz.metrics import match_channels

    few = alike(found.samples, ORDER_IMAGES)
    first, second = (encode_samples(each, few, found.T) for each in (encoder, other))
    matching = match_channels(first.count(found.T - 1), second.count(found.T - 1))
    paired = matching.partner >= 0
    mean = float(matching.correlation[paired].mean())
    note(
        f"channels matched by {quantity(len(few), 'image')}: {paired.sum()} of {len(paired)}, with "
        f"a mean correlation of {mean:.2f}"
    )
    return tuple(int(k) for k in matching.partner)
