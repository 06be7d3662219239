"""What a network takes images for, labelled or not, and how many of its answers are ties."""

import warnings
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from snnviz.batching import batches
from snnviz.data import Sample
from snnviz.device import full_precision
from snnviz.errors import ShapeError
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.evaluation import scale_images

# After so many images of a stream, more are expected.
_MANY = 256


@torch.inference_mode()
def predict(
    net: Classifier, images: NDArray[np.uint8], *, batch_size: int = 128
) -> NDArray[np.int64]:
    """The class of each image, ints [N]: that whose output neurons fire most.

    Of several equal ones it is the first. The network is put into evaluation mode.

    Args:
        net: A whole network.
        images: Grey levels, uint8 [N, H, W], of the size that the network takes; or of as many
            channels as it takes, [N, C, H, W].
        batch_size: Images a pass.
    """
    answers = Answers(net, len(images))
    parts = [answers.classes(images[some]) for some in batches(len(images), batch_size)]
    return np.array([each for part in parts for each in part], np.int64)


class Answers:
    """What a network takes images for, and how many of these answers are ties of silence.

    The network is put into evaluation mode.

    Args:
        net: A whole network.
        images: How many images there are going to be; None where nobody knows.
        threads: How many of them, where its spikes are counted; by default torch's.

    Attributes:
        looked: How many images there were so far.
        silent: For how many of them no output neuron fired.
    """

    def __init__(
        self, net: Classifier, images: int | None = None, threads: int | None = None
    ) -> None:
        self.net = net.eval()
        self.looked = self.silent = 0
        self._threads = threads
        self._counter = None if images is None else net.counter(images, threads)
        self._is_open = images is None

    @property
    def batch(self) -> int:
        """How many images it takes best at once, 1 where that does not matter."""
        return 1 if self._counter is None else self._counter.batch

    @torch.inference_mode()
    def classes(self, images: NDArray[np.uint8]) -> list[int]:
        """The class of each image, as `predict` says.

        Args:
            images: As for `predict`, few enough for one pass.
        """
        if self._is_open and self.looked >= _MANY:  # more are going to come
            self._is_open = False
            self._counter = self.net.counter(self.looked, self._threads)
        device = next(self.net.parameters()).device
        pixels = scale_images(torch.from_numpy(np.array(images)).to(device))
        if self._counter is None:
            with full_precision(device):
                rates = self.net.firing_rates(pixels)
        else:
            rates = self._counter.rates(pixels)
        self.looked += len(images)
        self.silent += int((rates.amax(1) == 0).sum())
        classes: list[int] = rates.argmax(1).tolist()
        return classes

    def of(self, samples: Sequence[Sample]) -> list[int]:
        """The same of samples.

        Raises:
            ShapeError: An image is of another size or number of channels.
        """
        expected = (self.net.config.in_channels, *self.net.config.image_size)
        for sample in samples:
            if sample.channels.shape != expected:
                raise ShapeError(
                    f"the network takes images of {expected} channels and pixels, got "
                    f"{sample.channels.shape}"
                )
        return self.classes(np.stack([sample.channels for sample in samples]))

    def warn(self) -> None:
        """Say for how many images no output neuron fired, if there were any."""
        if self.silent:
            warnings.warn(
                f"no output neuron of the network fires in T = {self.net.T} steps for "
                f"{self.silent} of {self.looked} images: the class 0 that they are predicted to be "
                "is a tie",
                stacklevel=2,
            )


def with_predictions(
    net: Classifier, samples: Iterable[Sample], *, batch_size: int = 128
) -> Iterator[Sample]:
    """The samples, each with what `net` takes it for; no more are looked at than are asked for.

    For how many of them no output neuron fires, so that the answer is a tie, a warning says.

    Args:
        net: A whole network.
        samples: Images of the size that the network takes.
        batch_size: Images a pass.

    Raises:
        ShapeError: An image is of another size or number of channels.
    """
    answers = Answers(net, len(samples) if isinstance(samples, Sized) else None)
    samples = iter(samples)
    try:
        while batch := list(islice(samples, batch_size)):
            for sample, predicted in zip(batch, answers.of(batch), strict=True):
                yield replace(sample, predicted=predicted)
    finally:
        answers.warn()
