"""Maps judged by what a network answers as their pixels are deleted and inserted."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from snnviz.data import to_input
from snnviz.device import full_precision
from snnviz.metrics.deletion import SHARES, replace_first
from snnviz.scoring.classifier import Counter
from snnviz.scoring.running import Runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

Answer = Callable[["Bytes"], "Floats"]
"""From images, as bytes, to the mean output for each class, [N, classes]."""

# About so many numbers of pixels are looked at together.
_VALUES = 1 << 22


def answers_of(net: nn.Module, runner: Runner, images: int) -> Answer:
    """What gives a network's answers; a tutorial's by counting its spikes, where that is faster.

    Args:
        net: The network, in evaluation mode.
        runner: It, to be run as it is.
        images: For about how many there will be answers.
    """
    known: Any = net
    is_tutorials = all(hasattr(net, name) for name in ("config", "counter", "output_spikes"))
    counter = known.counter(images) if is_tutorials else None
    if counter is None:
        return partial(_run, runner)
    return partial(_count, counter, next(net.parameters()).device)


def _run(runner: Runner, images: "Bytes") -> "Floats":
    pixels = to_input(images)
    with runner.running(pixels) as running:
        return running.answers(pixels)


@torch.inference_mode()
def _count(counter: Counter, device: torch.device, images: "Bytes") -> "Floats":
    with full_precision(device):
        rates = counter.rates(torch.from_numpy(to_input(images)).to(device))
    found: Floats = rates.double().cpu().numpy()
    return found


class Judge:
    """What becomes of the confidence in a class as pixels are deleted and inserted.

    Confidence is the class's softmax(mean output / temperature).

    Args:
        answer: The network.
        temperature: See `snnviz.metrics.fit_temperature`.
    """

    def __init__(self, answer: Answer, temperature: float) -> None:
        self._answer, self._temperature = answer, temperature

    def confidence(self, images: "Bytes", target: "NDArray[np.integer]") -> "Floats":
        """The confidence in each image's class, [N] in [0, 1]."""
        sure = softmax(self._answer(images) / self._temperature, axis=1)
        found: Floats = sure[np.arange(len(images)), target]
        return found

    def curves(
        self,
        images: "Bytes",
        others: "Bytes",
        order: "NDArray[np.integer]",
        target: "NDArray[np.integer]",
        ends: "tuple[Floats, Floats]",
    ) -> "Floats":
        """The confidence at each of `SHARES` of deleted, and of inserted pixels, [N, 2, S].

        Args:
            images: Bytes [N, H, W] or [N, C, H, W].
            others: What pixels become where they are deleted.
            order: In which order, as `snnviz.metrics.pixel_order` says.
            target: The class of each image.
            ends: The confidence in the images as they are, and in the others.
        """
        whole, none = ends
        found = np.empty((len(images), 2, len(SHARES)))
        found[:, 0, 0] = found[:, 1, -1] = whole
        found[:, 0, -1] = found[:, 1, 0] = none
        inner = [(way, s) for way in (0, 1) for s in range(1, len(SHARES) - 1)]
        at_once = max(1, _VALUES // max(1, images.size))
        for start in range(0, len(inner), at_once):
            some = inner[start : start + at_once]
            changed = [
                replace_first(*((images, others) if way == 0 else (others, images)), order,
                              SHARES[s])
                for way, s in some
            ]  # fmt: skip
            sure = self.confidence(np.concatenate(changed), np.tile(target, len(some)))
            for (way, s), part in zip(some, sure.reshape(len(some), -1), strict=True):
                found[:, way, s] = part
        return found
