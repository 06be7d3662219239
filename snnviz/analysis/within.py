"""What encoders are worth to their networks: accuracy, and accuracy without each channel."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.display import Brief
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.ranks import Ranks
from snnviz.scoring.ablation import (
    LEAST_IMAGES,
    AnsweringLayer,
    affordable,
    counting,
    network_importance,
)
from snnviz.scoring.checks import check_labels
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.importance import Importance, channel_importance
from snnviz.scoring.networks import network_report
from snnviz.scoring.predicting import predict
from snnviz.scoring.progress import Progress
from snnviz.scoring.report import EvaluationReport, evaluation_report

# Images that a network is given at once.
_BATCH = 128

Network = Classifier | AnsweringLayer
"""The tutorial's network, or any other with the layer under study."""


@dataclass(frozen=True, eq=False, repr=False)
class InNetwork(Brief):
    """What an encoder is worth to its network.

    Attributes:
        cost: What the whole network does and spends.
        importance: Its accuracy without each channel of the encoder; None where that would take too
            long or cannot be had.
    """

    cost: EvaluationReport
    importance: Importance | None


def in_networks(
    networks: Mapping[str, Network],
    channels: Mapping[str, int],
    images: ImageSet,
    *,
    ranks: Ranks | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, InNetwork], tuple[str, ...]]:
    """What each network does with and without its encoder's channels, and what is left out.

    Args:
        networks: The networks, by the name of the encoding that is their encoder.
        channels: How many channels each of these has.
        images: Labelled images.
        ranks: Processes that share the channels.
        progress: Called as `progress(phase, done, total)`.
    """
    found: dict[str, InNetwork] = {}
    left_out: list[str] = []
    for name, net in networks.items():
        if isinstance(net, AnsweringLayer):
            try:
                cost, importance, missing = _any_network(
                    net, channels[name], images, ranks, progress
                )
            except (ConfigError, DataError, ShapeError) as error:
                left_out.append(
                    f"{error}: accuracy and importance in the network of {name} are left out"
                )
                continue
            found[name] = InNetwork(cost, importance)
            left_out += [f"{missing}: importance in the network of {name} is left out"] * (
                importance is None
            )
        elif misfit := _misfit(net, images):
            left_out.append(
                f"{misfit}: accuracy and importance in the network of {name} are left out"
            )
        else:
            found[name] = InNetwork(
                evaluation_report(net, images, progress=progress),
                channel_importance(net, images, ranks=ranks, progress=progress),
            )
    return found, tuple(left_out)


def _any_network(
    studied: AnsweringLayer,
    channels: int,
    images: ImageSet,
    ranks: Ranks | None,
    progress: Progress | None,
) -> tuple[EvaluationReport, Importance | None, str]:
    """What a network does, its accuracy without each channel, or why that is not known."""
    with counting(studied.net) as work:
        cost = network_report(studied.answerer, images, progress=progress)
    if "#" in studied.layer or f"{studied.layer}#2" in cost.firing_rate:
        return cost, None, f"{studied.layer} is one layer at several places"
    count = affordable(work.products / len(images), channels, len(images))
    if not count:
        few = min(LEAST_IMAGES, len(images))
        why = f"runs without each of {channels} channels take too long for {few} images"
        return cost, None, why
    try:
        importance = network_importance(
            studied, images.head(count), channels, ranks=ranks, progress=progress
        )
    except ConfigError as error:
        return cost, None, str(error)
    return cost, importance, ""


def right_answers(net: Network, images: ImageSet) -> NDArray[np.bool_]:
    """Whether a network answers each of these labelled images rightly, bool [N].

    Raises:
        ConfigError: The network cannot be run so, gives no scores of classes, or takes other
            images.
        DataError: There are no labels, or some that the network has no output for.
        ShapeError: The images do not suit it.
    """
    labels = check_labels(images)
    if isinstance(net, AnsweringLayer):
        found = []
        for some in batches(len(images), _BATCH):
            for answers in net.answerer.answers(to_input(images.images[some])):
                check_labels(images, answers.scores.shape[2])
                found.append(answers.scores[-1].argmax(1).cpu().numpy())
        answered = np.concatenate(found)
    elif why := _misfit(net, images):
        raise ConfigError(why)
    else:
        answered = predict(net, images.images)
    right: NDArray[np.bool_] = answered == labels
    return right


def _misfit(net: Classifier, images: ImageSet) -> str:
    """Why `net` cannot answer these labelled images; empty where it can."""
    if net.config.image_size != images.size:
        return f"the network takes images of {net.config.image_size} pixels, not {images.size}"
    if net.config.in_channels != images.channels:
        return f"the network takes {net.config.in_channels} channels, not {images.channels}"
    largest = 0 if images.labels is None else int(images.labels.max(initial=0))
    if largest >= net.config.num_classes:
        return f"the network knows classes 0 to {net.config.num_classes - 1}, not {largest}"
    return ""
