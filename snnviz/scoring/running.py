"""A network's answers in runs that are not its own: with other spikes, or with gradients."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.answering import scores_by_step
from snnviz.adapters.chunks import chunks
from snnviz.adapters.feeding import Source, as_source, by_step, in_axes
from snnviz.adapters.finding import Layer
from snnviz.adapters.listening import Probe, listen
from snnviz.adapters.recorder import Probes, Recorder
from snnviz.adapters.state import Start
from snnviz.errors import ConfigError

Edit = Callable[[NDArray[np.int64], int], NDArray[np.int64]]
"""From the trains of some images, [T, n, ...], and the number of the first, to other trains."""

Numbers = Sequence[float]


class Runner:
    """A network of any framework that answers, in runs of one's own.

    Args:
        net: The network; it is run as it is, and left as it was found.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What it expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        probes: What others found of this network.

    Raises:
        ConfigError: It has no spiking neurons.
    """

    def __init__(
        self,
        net: nn.Module,
        T: int | None = None,
        *,
        mean: Numbers | None = None,
        std: Numbers | None = None,
        probes: Probes | None = None,
    ) -> None:
        self._recorder = Recorder(net, "all", probes)
        self._mean, self._std = mean, std
        self.T = T

    @contextmanager
    def running(self, images: NDArray[np.floating]) -> Iterator["Running"]:
        """In here the network may be run on such images.

        Args:
            images: Floats [N, C, H, W] in [0, 1].

        Raises:
            ConfigError: It cannot be run so, or draws random numbers.
            ShapeError: The images do not suit it.
        """
        source = as_source(images, self._recorder.net)
        with self._recorder.running() as start:
            normal = Source(self._normalized(source.values))
            found = self._recorder.probe(normal, self.T, start)
            self.T = self._recorder.steps(found, normal, self.T)
            self._recorder.check_steps(found, self.T)
            self._recorder.check_random(found, found.sites, None)
            yield Running(self._recorder, found, self.T, start, self._normalized)

    def _normalized(self, pixels: Tensor) -> Tensor:
        """The images as the network expects them, with the gradients of the pixels."""
        for values, change in ((self._mean, torch.sub), (self._std, torch.div)):
            if values is not None:
                pixels = change(pixels, pixels.new_tensor(values).reshape(-1, 1, 1))
        return pixels


@dataclass(frozen=True, eq=False)
class Running:
    """A network that may be run now.

    Attributes:
        recorder: Knows its layers.
        found: How it takes images.
        T: Number of time steps.
        start: Puts it at its start.
        normalized: Makes of pixels what it expects.
    """

    recorder: Recorder
    found: Probe
    T: int
    start: Start
    normalized: Callable[[Tensor], Tensor]

    @property
    def first(self) -> str:
        """The name of the first layer of neurons."""
        return self.found.first.name or self.found.first.kind

    def chunks(self, images: NDArray[np.floating]) -> Iterator[tuple[Tensor, int]]:
        """Pixels as many at a time as the network is given, and how many of them count."""
        for chunk, count in chunks(as_source(images, self.recorder.net), self.found):
            yield chunk.values, count

    def scores(self, pixels: Tensor) -> Tensor:
        """What the network returns for pixels [n, C, H, W] at each step, [S, n, classes].

        It has gradients where `pixels` want some, through each neuron's surrogate.

        Raises:
            ConfigError: It returns no row of scores for each image.
        """
        outputs: list[Any] = []
        source = Source(self.normalized(pixels))
        listen(
            self.recorder.net, self.recorder.layers, self.found.way, source, self.T,
            start=self.start, outputs=outputs,
        )  # fmt: skip
        return scores_by_step(outputs, self.found, len(source), self.T)

    def answers(self, images: NDArray[np.floating]) -> NDArray[np.float64]:
        """The mean output over all steps for each image, [N, classes]."""
        found = [self.scores(p)[:, :n].double().mean(0).cpu() for p, n in self.chunks(images)]
        scores: NDArray[np.float64] = torch.cat(found).numpy()
        return scores

    def edited(
        self, images: NDArray[np.floating], edits: Sequence[Edit], first: int = 0
    ) -> list[NDArray[np.float64]]:
        """The same for each edit of the spikes of the first layer, which the rest then sees.

        Args:
            images: Floats [N, C, H, W] in [0, 1].
            edits: Each gives other trains for those of the first layer.
            first: The number of the first image.

        Raises:
            ConfigError: The layer's spikes cannot be replaced.
        """
        layer = self.found.first
        if Counter(site.layer.name for site in self.found.sites)[layer.name] > 1:
            raise ConfigError(
                f"{self.first} stands at several places of the network, so that its spikes cannot "
                "be replaced at one of them; give each place a layer of its own"
            )
        found: list[list[Tensor]] = [[] for _ in edits]
        for pixels, count in self.chunks(images):
            with _heard(layer, len(pixels)) as heard:
                self.scores(pixels)
            trains, size = _whole(self.first, torch.cat(heard))
            for scores, edit in zip(found, edits, strict=True):
                # The images that fill a chunk up are as they were: they are not looked at.
                other = trains.copy()
                other[:, :count] = edit(trains[:, :count], first)
                steps = torch.from_numpy(other).to(heard[0]) * size
                with _replaced(layer, len(pixels), steps):
                    scores.append(self.scores(pixels)[:, :count].double().mean(0).cpu())
            first += count
        return [torch.cat(scores).numpy() for scores in found]


def _whole(name: str, steps: Tensor) -> tuple[NDArray[np.int64], float]:
    """Trains as whole numbers of spikes, and the size of one."""
    values = steps.detach().double().cpu()
    sizes = values.unique()
    size = float(sizes[-1]) if len(sizes) and len(sizes[sizes != 0]) == 1 else 1.0
    counts = values / size if size > 0 else values
    if bool((counts < 0).any()) or not torch.equal(counts, counts.round()):
        raise ConfigError(f"{name} emits analog values, no spikes that could be moved in time")
    return counts.long().numpy(), size


@contextmanager
def _heard(layer: Layer, images: int) -> Iterator[list[Tensor]]:
    """In here the layer's spikes are gathered, each entry [t, N, ...]."""
    heard: list[Tensor] = []

    def hear(module: nn.Module, inputs: tuple[Any, ...], given: Any, output: Any) -> None:
        spikes = layer.framework.emitted(module, output)
        if spikes is not None:
            heard.append(by_step(spikes.detach(), *_axes(layer, inputs, given, images)).clone())

    handle = layer.module.register_forward_hook(hear, with_kwargs=True)
    try:
        yield heard
    finally:
        handle.remove()


@contextmanager
def _replaced(layer: Layer, images: int, steps: Tensor) -> Iterator[None]:
    """In here the layer emits those spikes, [T, N, ...], whatever it gets."""
    done = 0

    def replace(module: nn.Module, inputs: tuple[Any, ...], given: Any, output: Any) -> Any:
        nonlocal done
        spikes = layer.framework.emitted(module, output)
        axes, _, fixed = _axes(layer, inputs, given, images)
        assert spikes is not None  # noqa: S101 - it was heard before
        count = len(by_step(spikes, axes, images, fixed))
        ours = in_axes(steps[done : done + count], axes).reshape(spikes.shape)
        done += count
        changed = with_spikes(output, spikes, ours)
        if changed is None:
            raise ConfigError(
                f"{layer.name} returns {type(output).__name__}, in which its spikes cannot be "
                "replaced"
            )
        return changed

    handle = layer.module.register_forward_hook(replace, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _axes(
    layer: Layer, inputs: tuple[Any, ...], given: dict[str, Any], images: int
) -> tuple[Any, int, int | None]:
    """What `by_step` is told of a call of the layer."""
    drive = next(value for value in (*inputs, *given.values()) if isinstance(value, Tensor))
    axes = layer.framework.axes(layer.module, drive)
    return axes, images, layer.framework.steps(layer.module) if axes == "together" else None


def with_spikes(output: Any, spikes: Tensor, others: Tensor) -> Any:
    """What a layer returns, with other spikes; None where its own are not in it."""
    if output is spikes:
        return others
    if not isinstance(output, (tuple, list)) or not any(each is spikes for each in output):
        return None
    parts = [others if each is spikes else each for each in output]
    return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
