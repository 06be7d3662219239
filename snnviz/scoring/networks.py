"""How a network of any framework does on labelled images: its answers and its firing rates."""

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from snnviz.adapters.answering import Answerer
from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.errors import DataError
from snnviz.scoring.checks import check_labels
from snnviz.scoring.progress import Progress
from snnviz.scoring.report import EvaluationReport, class_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Images that are looked at in one entry into the network.
_BATCH = 128


def network_report(
    answerer: Answerer, images: ImageSet, *, progress: Progress | None = None
) -> EvaluationReport:
    """What the network does on all of `images`.

    The answer to an image is the class with the highest mean output over time, the first of several
    equal ones. Loss, synaptic operations and energy are left out: what an output means, and which
    products see spikes, differs from network to network.

    Args:
        answerer: The network.
        images: Labelled images, as the network takes them.
        progress: Called as `progress("evaluate", done, total)`, in images.

    Raises:
        DataError: There are no images or no labels, or a label that the network has no output for.
        ConfigError: The network cannot be run so, or gives no scores of classes.
        ShapeError: The images do not suit it.
    """
    labels = check_labels(images)
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    confusion: NDArray[np.int64] | None = None
    correct_at: NDArray[np.int64] | None = None
    spikes: dict[str, float] = defaultdict(float)
    neurons: dict[str, int] = {}
    silent = done = 0
    for some in batches(len(images), _BATCH):
        for answers in answerer.answers(to_input(images.images[some])):
            steps, count, classes = answers.scores.shape
            check_labels(images, classes)
            label = labels[done : done + count]
            if confusion is None or correct_at is None:
                confusion = np.zeros((classes, classes), np.int64)
                correct_at = np.zeros(steps, np.int64)
            found = answers.scores.argmax(2).cpu().numpy()
            correct_at += (found == label).sum(axis=1)
            np.add.at(confusion, (label, found[-1]), 1)
            last = answers.scores[-1]
            silent += int((last.amax(1) == last.amin(1)).sum())
            for name, number in answers.spikes.items():
                spikes[name] += number
            neurons |= answers.neurons
            done += count
            if progress is not None:
                progress("evaluate", done, len(images))
    assert confusion is not None  # noqa: S101 - there are images
    assert correct_at is not None  # noqa: S101
    return EvaluationReport(
        classes=class_names(images, len(confusion)),
        confusion=confusion,
        correct_at=correct_at,
        silent=silent,
        loss=math.nan,
        firing_rate=_rates(spikes, neurons, len(images) * (answerer.T or 1)),
        synops={},
        macs={},
    )


def _rates(
    spikes: "Mapping[str, float]", neurons: "Mapping[str, int]", steps: int
) -> dict[str, float]:
    """Spikes a neuron and step of each layer, where all images take so many steps together."""
    return {name: number / (steps * neurons[name]) for name, number in spikes.items()}
