"""Count what the layers of a network with weights do, in the network's own runs."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from snnviz.adapters.chunks import chunks
from snnviz.adapters.feeding import Source, as_source, normalized
from snnviz.adapters.finding import Layer
from snnviz.adapters.listening import Probe, listen
from snnviz.adapters.protocol import classes
from snnviz.adapters.recorder import Probes, Recorder
from snnviz.adapters.state import Start
from snnviz.adapters.tallying import Run, Tally, Weighted
from snnviz.errors import ConfigError
from snnviz.metrics.operations import LayerOperations, NeuronOperations

# So many images are run at once, of no more neurons in a layer.
_IMAGES, _NEURONS = 16, 1 << 21
# How the names of neurons begin whose potentials do not decay.
_NOT_LEAKY = ("IF", "IAF", "SimpleIF")


class OperationCounter:
    """A network of any framework, and what its layers do for images.

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
        self.net = self._recorder.net
        self._normalization = (mean, std)
        self._found: Probe | None = None
        self._names: dict[int, str] = {}
        for name, module in self._recorder.choice.modules.items():
            self._names.setdefault(id(module), name)
        self._tallies: dict[str, Tally] = {}
        self._spikes: dict[str, float] = {}
        self._sites: dict[str, tuple[Layer, int]] = {}
        self._sizes: set[float] = set()
        self._elsewhere: float | None = None
        self.T = T
        self.images = 0

    def count(self, images: NDArray[np.floating]) -> None:
        """Run the network on images, [N, C, H, W] in [0, 1], and add what its layers do.

        Raises:
            ConfigError: It cannot be run so.
            ShapeError: The images do not suit it.
        """
        source = normalized(as_source(images, self.net), *self._normalization)
        with self._recorder.running() as start:
            if self._found is None:
                self._found = self._recorder.probe(source, self.T, start)
            self.T = self._recorder.steps(self._found, source, self.T)
            self._recorder.check_steps(self._found, self.T)
            self._recorder.check_random(self._found, self._found.sites, 0)
            neurons = max(prod(site.shape) for site in self._found.sites)
            size = max(1, min(_IMAGES, _NEURONS // max(1, neurons), len(source)))
            for chunk, there in chunks(source, self._found, size):
                self._add(chunk, there, self._found, self.T, start)
        if not self._tallies:
            raise ConfigError(
                f"{type(self.net).__name__} calls no convolution or linear layer, and products of "
                "other modules cannot be counted; give a network that has such layers"
            )

    @property
    def layers(self) -> tuple[LayerOperations, ...]:
        """What its layers with weights do for one image, in the order of their first call."""
        return tuple(
            tally.operations(name, self.images, self.T or 1, self._sizes)
            for name, tally in self._tallies.items()
        )

    @property
    def neurons(self) -> tuple[NeuronOperations, ...]:
        """What its layers of neurons do for one image."""
        return tuple(
            NeuronOperations(
                name, layer.kind, neurons, self.T or 1, self._spikes[name] / self.images,
                _leaks(layer),
            )
            for name, (layer, neurons) in self._sites.items()
        )  # fmt: skip

    @property
    def elsewhere(self) -> float:
        """Multiply-accumulates for one image that no layer with weights makes."""
        return self._elsewhere or 0.0

    @property
    def is_random(self) -> bool:
        """Whether the network draws random numbers, so that counts are those of one such run."""
        return bool(self._found and self._found.random)

    def _add(self, chunk: Source, there: int, found: Probe, T: int, start: Start) -> None:
        """Add what is done for the first so many images; the others are copies of the last."""
        size = len(chunk)
        tallies = self._run(chunk, there, found, T, start)
        for name, tally in tallies.items():
            self._tallies.setdefault(name, Tally(tally.module)).add(tally)
        if there < size:
            last = chunk.take([there - 1] * size)
            for name, tally in self._run(last, 0, found, T, start).items():
                self._tallies[name].add(tally, -(size - there) / size)
        self.images += there

    def _run(
        self, chunk: Source, there: int, found: Probe, T: int, start: Start
    ) -> dict[str, Tally]:
        """What the layers with weights do in one run; neurons' spikes are added."""
        run = Run(len(chunk), T, found.way.feed)
        with _tallying(self.net, self._recorder.layers, self._names, run) as tallies:
            counted = None if self._elsewhere is not None else FlopCounterMode(display=False)
            with ExitStack() as stack:
                if counted is not None:
                    stack.enter_context(counted)
                heard = listen(
                    self.net, self._recorder.layers, found.way, chunk, T, start=start, seed=0
                )
        if counted is not None:
            known = sum(tally.padded_macs for tally in tallies.values())
            self._elsewhere = max(0.0, counted.get_total_flops() / 2 - known) / len(chunk)
        names = {(site.layer.name, site.place): site for site in found.sites}
        for key, track in heard.items():
            name = names[key].name
            self._sites[name] = track.layer, prod(track.shape)
            self._sizes |= track.emissions.sizes()
            self._spikes[name] = self._spikes.get(name, 0.0) + (
                track.emissions.total(there) if there else 0.0
            )
        return tallies


@contextmanager
def _tallying(
    net: nn.Module, layers: Sequence[Layer], names: dict[int, str], run: Run
) -> Iterator[dict[str, Tally]]:
    """In here each call of a layer with weights is added to the tally of its name."""
    tallies: dict[str, Tally] = {}
    fired = [False]

    def hear(name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            # Without modes: what is counted here is no part of the network.
            tally = tallies.setdefault(name, Tally(module, front=not fired[0]))
            with torch.utils._python_dispatch._disable_current_modes():  # noqa: SLF001
                tally.hear(inputs[0], output, run)

    def note(*_: Any) -> None:
        fired[0] = True

    handles = [layer.module.register_forward_hook(note) for layer in layers]
    handles += [
        module.register_forward_hook(partial(hear, names[id(module)]))
        for module in net.modules()
        if isinstance(module, Weighted) and not isinstance(module, torch.jit.ScriptModule)
    ]
    try:
        yield tallies
    finally:
        for handle in handles:
            handle.remove()


def _leaks(layer: Layer) -> bool:
    """Whether potentials decay: of all neurons but those that are called integrate-and-fire."""
    return not any(name.startswith(_NOT_LEAKY) for _, name in classes(layer.module))
