"""What a network answers: the mean of its output over time, read as scores of classes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.chunks import chunks
from snnviz.adapters.feeding import Source, as_source, normalized
from snnviz.adapters.listening import Probe, listen
from snnviz.adapters.recorder import Probes, Recorder
from snnviz.adapters.state import Start
from snnviz.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network makes of some images.

    Attributes:
        scores: Mean output over the steps up to each, floats [S, N, classes]; S is 1 where the
            network gives one output for all steps.
        spikes: Number of spikes of each layer of neurons, by its name.
        neurons: Number of neurons of each layer.
    """

    scores: Tensor
    spikes: Mapping[str, float]
    neurons: Mapping[str, int]


class Answerer:
    """A network of any framework as one that answers.

    Args:
        net: The network; it is run as it is, and left as it was found.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: As for `snnviz.split_encoder`.
        std: As for `snnviz.split_encoder`.
        probes: What others found of this network.

    Raises:
        ConfigError: It has no spiking neurons.
    """

    def __init__(
        self,
        net: nn.Module,
        T: int | None = None,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        probes: Probes | None = None,
    ) -> None:
        self._recorder = Recorder(net, "all", probes)
        self._net = self._recorder.net
        self._normalization = (mean, std)
        self._found: Probe | None = None
        self.T = T

    def answers(self, images: NDArray[np.floating]) -> Iterator[Answers]:
        """What the network makes of images, some at a time.

        Args:
            images: Floats [N, C, H, W] in [0, 1].

        Raises:
            ConfigError: It cannot be run so, draws random numbers, or gives no scores of classes.
            ShapeError: The images do not suit it.
        """
        source = normalized(as_source(images, self._net), *self._normalization)
        with self._recorder.running() as start:
            if self._found is None:
                self._found = self._recorder.probe(source, self.T, start)
            self.T = self._recorder.steps(self._found, source, self.T)
            self._recorder.check_steps(self._found, self.T)
            self._recorder.check_random(self._found, self._found.sites, None)
            for chunk, count in chunks(source, self._found):
                yield self._answer(chunk, count, self._found, self.T, start)

    def predict(self, images: NDArray[np.floating]) -> NDArray[np.int64]:
        """The class with the highest score, ints [N]; of several equal ones the first."""
        found = [answers.scores[-1].argmax(1) for answers in self.answers(images)]
        classes: NDArray[np.int64] = torch.cat(found).cpu().numpy()
        return classes

    def _answer(self, chunk: Source, count: int, found: Probe, T: int, start: Start) -> Answers:
        outputs: list[Any] = []
        heard = listen(
            self._net, self._recorder.layers, found.way, chunk, T, start=start, outputs=outputs
        )
        scores = scores_by_step(outputs, found, len(chunk), T).detach().double()
        steps = torch.arange(1, len(scores) + 1, dtype=torch.float64, device=scores.device)
        means = scores.cumsum(0) / steps[:, None, None]
        names = {(site.layer.name, site.place): site for site in found.sites}
        return Answers(
            means[:, :count],
            {names[key].name: track.emissions.total(count) for key, track in heard.items()},
            {names[key].name: prod(track.shape) for key, track in heard.items()},
        )


def _tensor(output: Any) -> Tensor:
    """The scores in what a network returns: the first tensor in it.

    Raises:
        ConfigError: There is none.
    """
    while not isinstance(output, Tensor):
        if isinstance(output, Mapping) and output:
            output = output.get("logits", next(iter(output.values())))
        elif isinstance(output, (tuple, list)) and output:
            output = output[0]
        else:
            raise ConfigError(f"the network returns {type(output).__name__} and no scores")
    return output


def scores_by_step(returned: list[Any], found: Probe, images: int, T: int) -> Tensor:
    """The scores at each step, [S, N, classes], with the gradients that they have.

    Args:
        returned: What the network returned, an entry a call.
        found: How it takes images.
        images: How many there were.
        T: Number of time steps.

    Raises:
        ConfigError: The network gives no row of scores for each image.
    """
    outputs = [_tensor(each) for each in returned]
    if len(outputs) > 1:
        scores = torch.stack(outputs)
    else:
        (scores,) = outputs
        if scores.ndim == 2 and found.way.feed == "together" and len(scores) == images * T:
            scores = scores.unflatten(0, (images, T)).transpose(0, 1)
        elif scores.ndim == 2 and found.way.feed == "steps together" and len(scores) == images * T:
            scores = scores.unflatten(0, (T, images))
        elif scores.ndim == 2:
            scores = scores.unsqueeze(0)
        elif scores.ndim == 3 and found.way.feed == "images first":
            scores = scores.transpose(0, 1)
    if scores.ndim != 3 or scores.shape[1] != images:
        raise ConfigError(
            f"the network returns {list(outputs[0].shape)} for {images} images, expected a row of "
            "scores for each: it answers with no class"
        )
    return scores
