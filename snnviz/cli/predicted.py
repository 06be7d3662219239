"""What a network takes images for, found out before or while `snnviz visualize` draws them."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from snnviz.cli.wanted import Wanted
from snnviz.data import Sample
from snnviz.ranks import joined_ranks
from snnviz.tutorial.network import ConvSNN

if TYPE_CHECKING:
    from snnviz.export.running import Predict, PredictBeside


def predictions(network: ConvSNN | None) -> "Predict | None":
    """What gives samples their predicted class, where a network does."""
    from snnviz.scoring.predicting import with_predictions

    return None if network is None else partial(with_predictions, network)


def predictions_beside(
    network: ConvSNN | None, samples: list[Sample], wanted: Wanted
) -> "PredictBeside | None":
    """What predicts the samples while they are drawn, where that is to be had and not there yet.

    One process alone begins now, while what draws is still being loaded.
    """
    if network is None or samples[0].predicted is not None:
        return None
    taken = (network.config.in_channels, *network.config.image_size)
    if any(sample.frames is not None or sample.channels.shape != taken for sample in samples):
        return None
    from snnviz.scoring.beside import PredictedBeside

    def begin(some: Sequence[Sample]) -> PredictedBeside:
        beside = PredictedBeside(network, some, threads=wanted.jobs)
        # Whatever ends the command: a process that ends while torch computes may abort.
        click.get_current_context().call_on_close(beside.stop)
        return beside

    with joined_ranks() as ranks:
        if ranks.world > 1 or wanted.listing:
            return begin
    begun = begin(samples)
    return lambda _all: begun
