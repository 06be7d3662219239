"""The accuracy of a network of any framework without each channel of one of its layers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.jit import ScriptModule

from snnviz.adapters.answering import Answerer
from snnviz.adapters.finding import Layer, unwrapped
from snnviz.adapters.recorder import Recorder
from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.ranks import Ranks
from snnviz.scoring.checks import check_labels
from snnviz.scoring.importance import Importance
from snnviz.scoring.progress import Progress
from snnviz.scoring.running import with_spikes

MOST_WORK = 2 * 10**11
"""Products, about, that all runs without a channel may take: a minute or two on a busy machine."""

LEAST_IMAGES = 100
"""Fewer images tell a channel's worth from chance too badly."""

# What a call of a layer and what a neuron's step take, in products that take as long.
_CALL, _NEURON = 10**6, 200
_BATCH = 128


@dataclass(frozen=True, eq=False)
class AnsweringLayer:
    """A layer of a network that answers, whose channels are silenced in turn.

    Attributes:
        net: The network.
        answerer: It as one that answers.
        layer: The layer's name.
    """

    net: nn.Module
    answerer: Answerer
    layer: str


@dataclass
class Work:
    """What runs of a network took, in products.

    Attributes:
        calls: The products of each call of a layer.
    """

    calls: list[int] = field(default_factory=list)

    @property
    def products(self) -> int:
        """All of them together."""
        return sum(self.calls)


@contextmanager
def counting(net: nn.Module) -> Iterator[Work]:
    """In here runs of `net` are counted: products of layers with weights, neurons, and calls."""
    work = Work()
    # A run puts back what objects gather through hooks, and leaves a list that is a hook's own.
    calls = work.calls

    def note(module: nn.Module, _: Any, output: Any) -> None:
        found = output[0] if isinstance(output, (tuple, list)) and output else output
        if not isinstance(found, Tensor):
            return
        weight = _weight(module)
        calls.append(_CALL + found.numel() * (_NEURON if weight is None else weight[0].numel()))

    with ExitStack() as hooks:
        bare = unwrapped(net)
        weighted = [module for module in bare.modules() if _weight(module) is not None]
        neurons = [layer.module for layer in Recorder(bare).layers]
        for module in dict.fromkeys([*weighted, *neurons]):
            hooks.callback(module.register_forward_hook(note).remove)
        yield work


def affordable(work: float, channels: int, wanted: int) -> int:
    """How many images runs without each of so many channels can be of; 0 where too few.

    Too few are less than are wanted and less than `LEAST_IMAGES`.

    The number follows from the network and not from how fast the machine is.

    Args:
        work: Products of one image.
        channels: How many runs.
        wanted: How many images there are.
    """
    images = min(wanted, int(MOST_WORK // max(1.0, work * channels)))
    return images if images >= min(LEAST_IMAGES, wanted) else 0


def network_importance(
    studied: AnsweringLayer,
    images: ImageSet,
    channels: int,
    *,
    ranks: Ranks | None = None,
    progress: Progress | None = None,
) -> Importance:
    """The accuracy of a network with the spikes of each channel of a layer left out in turn.

    What the layer emits goes on without those of one channel, at every step; the network is left as
    it is. It takes K + 1 passes over the images.

    Args:
        studied: The network and its layer.
        images: Labelled images as the network takes them.
        channels: K of that layer.
        ranks: Processes that share the channels; each gets the whole result.
        progress: Called as `progress("importance", done, total)`, in this rank's channels.

    Raises:
        ConfigError: The layer returns its spikes in a way that they cannot be taken out of, or has
            other channels.
        DataError: As `snnviz.scoring.networks.network_report`.
    """
    labels = check_labels(images)
    layer = _find(studied)

    def correct() -> int:
        answers = [
            studied.answerer.predict(to_input(images.images[some]))
            for some in batches(len(images), _BATCH)
        ]
        return int((np.concatenate(answers) == labels).sum())

    everything = correct()
    ranks = ranks or Ranks()
    share = ranks.share(range(channels))
    found = []
    for done, channel in enumerate(share, start=1):
        with _silenced(layer, channel, channels):
            found.append((channel, correct()))
        if progress is not None:
            progress("importance", done, len(share))
    without = [hits for _, hits in sorted(ranks.gather(found))]
    return Importance(len(images), everything, np.array(without, np.int64))


def _weight(module: nn.Module) -> Tensor | None:
    """The weights of a convolution or linear layer, [outputs, ...]; None of others."""
    weight = getattr(module, "weight", None)
    hears = not isinstance(module, ScriptModule)  # those take no hooks
    return weight if hears and isinstance(weight, Tensor) and weight.ndim > 1 else None


def _find(studied: AnsweringLayer) -> Layer:
    recorder = Recorder(studied.net, studied.layer)
    (name,) = recorder.choice.names or [studied.layer]
    return next(each for each in recorder.layers if each.module is recorder.choice.modules[name])


@contextmanager
def _silenced(layer: Layer, channel: int, channels: int) -> Iterator[None]:
    """In here the layer's output has no spike of that channel."""

    def silence(module: nn.Module, inputs: tuple[Any, ...], given: Any, output: Any) -> Any:
        spikes = layer.framework.emitted(module, output)
        drive = next(v for v in (*inputs, *given.values()) if isinstance(v, Tensor))
        axes = layer.framework.axes(module, drive)
        axis = 1 if axes in ("step", "together") else 2
        if spikes is None or spikes.ndim <= axis or spikes.shape[axis] != channels:
            raise ConfigError(f"{layer.name} does not emit {channels} channels in one axis")
        silent = spikes.clone()
        silent.select(axis, channel).zero_()
        replaced = with_spikes(output, spikes, silent)
        if replaced is None:
            raise ConfigError(
                f"{layer.name} returns {type(output).__name__}, which spikes cannot be taken out of"
            )
        return replaced

    handle = layer.module.register_forward_hook(silence, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
