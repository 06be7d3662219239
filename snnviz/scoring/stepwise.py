"""What a network would answer after each step, and how much its weights matter to that."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.data import to_input
from snnviz.errors import ConfigError
from snnviz.scoring.running import Runner, Running
from snnviz.scoring.worsened import with_steps

Numbers = Sequence[float]


class Stepwise:
    """A network's mean output up to each step.

    Where it returns one output for all steps, it is run over 1, 2, ... T steps.

    Args:
        net: The network.
        images: Some images, bytes [n, H, W] or [n, C, H, W], from which it is found out.
        T: As for `snnviz.robustness`, like all that follow.
        mean: What is subtracted from pixels.
        std: What they are divided by.

    Raises:
        ConfigError: It cannot be run so, or neither gives an output a step nor runs over fewer.
        ShapeError: The images do not suit it.
    """

    def __init__(
        self,
        net: nn.Module,
        images: NDArray[np.uint8],
        T: int | None = None,
        *,
        mean: Numbers | None = None,
        std: Numbers | None = None,
    ) -> None:
        few = to_input(images[:2])
        runner = Runner(with_steps(net, T), T, mean=mean, std=std)
        with runner.running(few) as running:
            self.T = running.T
            shape = running.scores(torch.from_numpy(few)).shape
        self.classes = int(shape[2])
        self._runners = [runner]
        if shape[0] == self.T:
            return
        name = type(net).__name__
        if shape[0] > 1:
            raise ConfigError(f"{name} returns {shape[0]} outputs in T = {self.T} steps")
        self._runners = [
            Runner(with_steps(net, t), t, mean=mean, std=std) for t in range(1, self.T + 1)
        ]
        for each in self._runners[:-1]:
            try:
                with each.running(few):
                    pass
            except ConfigError as error:
                raise ConfigError(
                    f"{name} returns one output for all {self.T} steps and makes no fewer, so that "
                    "what it would answer before is not known; let it return an output a step"
                ) from error

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Mean output up to each step, floats [T, N, classes]."""
        pixels = to_input(images)
        found = []
        for runner in self._runners:
            with runner.running(pixels) as running:
                parts = [_means(running, some)[:, :n] for some, n in running.chunks(pixels)]
                found.append(torch.cat(parts, dim=1).double().cpu())
        means: NDArray[np.float64] = torch.cat(found).numpy()
        return means

    def fisher(self, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> NDArray[np.float64]:
        """Fisher information of each image at each step, floats [N, T].

        I(t) = sum over weights w of (d log p(label | steps up to t) / dw)^2, with p the softmax of
        the mean output up to t (Y. Kim et al. 2022, arXiv:2211.14406): the trace of the empirical
        Fisher matrix, of each image by itself and not of a batch's mean gradient. The derivative
        goes through the neurons' surrogates.

        Args:
            images: As the network takes them.
            labels: Their classes.

        Raises:
            ConfigError: No weight has a gradient.
        """
        pixels = to_input(images)
        found = np.zeros((len(images), self.T))
        for number, runner in enumerate(self._runners):
            steps = range(self.T) if len(self._runners) == 1 else [number]
            with runner.running(pixels) as running:
                weights = [p for p in running.recorder.net.parameters() if p.requires_grad]
                for n in range(len(images)):
                    ((pixel, _),) = running.chunks(pixels[n : n + 1])
                    with torch.enable_grad():
                        means = _means(running, pixel[:1])[:, 0]
                        for t in steps:
                            last = means[t if len(steps) > 1 else -1]
                            found[n, t] = _squared(last, int(labels[n]), weights, t == steps[-1])
        return found


def _means(running: Running, pixels: Tensor) -> Tensor:
    """Mean output up to each step, [S, n, classes]."""
    scores = running.scores(pixels)
    steps = torch.arange(1, len(scores) + 1, device=scores.device, dtype=torch.float64)
    return scores.double().cumsum(0) / steps[:, None, None]


def _squared(scores: Tensor, label: int, weights: list[nn.Parameter], last: bool) -> float:
    """The squared norm of the gradient of log p(label) by all weights."""
    if not scores.requires_grad:
        raise ConfigError("the network passes no gradient on to its weights")
    log = F.log_softmax(scores, dim=0)[label]
    gradients = torch.autograd.grad(log, weights, retain_graph=not last, allow_unused=True)
    return sum(float(g.double().square().sum()) for g in gradients if g is not None)
