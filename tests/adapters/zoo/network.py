"""A network of the corpus, and an oracle of what it emits that knows nothing of snnviz."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Network:
    """A network of the corpus, and what its first spiking layer really does."""

    name: str  # unique: "spikingjelly/sew_resnet18"
    framework: str  # "spikingjelly", "snntorch", "norse", "sinabs"
    neuron: str  # class of the first spiking layer that is called, "IFNode"
    reset: str  # "hard", "soft", "hard, delayed", "none", "other"
    form: str  # "one step a call", "[T, N, ...]", "[N, T, ...]", "[N*T, ...]", "its own loop"
    origin: str  # "zoo", "example", "constructor", "own module"
    layer: str  # name, as named_modules gives it, of the first neuron that is called; "" if none
    build: Callable[[], nn.Module]  # seeded inside: two calls give equal networks; not in eval()
    shape: tuple[int, ...]  # of one image: (C, H, W) or (K,)
    T: int = 4
    refused: str = ""  # a word of the reason, where the right answer is a sentence and no record
    run: Callable[[nn.Module, Tensor, int], object] | None = None  # as its user runs it, T steps


def images(network: Network, count: int = 3) -> Tensor:
    """Return [count, *shape] floats in [0, 1]: seeded, textured, with blacks and whites."""
    drawn = torch.rand(count, *network.shape, generator=torch.Generator().manual_seed(11))
    return ((drawn - 0.15) / 0.7).clamp(0, 1)


def truth(network: Network, count: int = 3, T: int | None = None) -> Tensor:
    """Return what the layer emits when the network's user runs it: [T, N, ...], as it came.

    A neuron that is called at several places of one step counts with the first of them.
    """
    assert network.run is not None, network.name
    steps = network.T if T is None else T
    assert network.form != "its own loop" or steps == network.T, f"{network.name} sets its own T"
    still, emitted = images(network, count), []
    net = network.build().eval()

    def listen(_: nn.Module, __: object, output: object) -> None:
        spikes = output[0] if isinstance(output, tuple) else output
        assert isinstance(spikes, Tensor), network.name
        emitted.append(spikes.detach().clone().cpu())

    handle = dict(net.named_modules())[network.layer].register_forward_hook(listen)
    with torch.no_grad():
        network.run(net, still, steps)
    handle.remove()
    return _time_first(network, emitted, steps, count)


def _time_first(network: Network, emitted: list[Tensor], T: int, N: int) -> Tensor:
    """Return [T, N, ...] of what came: calls of one step each, or a call with all steps."""
    assert emitted, f"{network.name}: {network.layer} is not called"
    first = emitted[0]
    looped = len(emitted) >= T > 1 and len(first) == N  # the network loops over time by itself
    if network.form == "one step a call" or looped:
        assert len(emitted) % T == 0, f"{network.name}: {len(emitted)} calls in {T} steps"
        spikes = torch.stack(emitted[:: len(emitted) // T])
        one = N > 1 and spikes.shape[1:3] == (1, N)  # calls with an axis of time, of one step each
        return spikes.squeeze(1) if one else spikes
    axes = (N, T) if network.framework == "sinabs" else (T, N)  # of a layer that gets all steps
    if first.shape[:2] != axes:
        assert len(first) == T * N, f"{network.name}: {tuple(first.shape)} of {T} x {N}"
        first = first.unflatten(0, axes)
    return first if axes == (T, N) else first.transpose(0, 1).contiguous()
