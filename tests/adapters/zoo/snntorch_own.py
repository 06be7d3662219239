"""Modules around snnTorch's neurons as users write them: one step a call, state kept inside."""

from typing import Any

import snntorch as snn
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import in_double, lively
from tests.adapters.zoo.snntorch import stepped


def _leaky(**settings: Any) -> snn.Leaky:
    return snn.Leaky(**{"beta": 0.9, "init_hidden": True} | settings)


class _Functional(nn.Module):
    """ReLU, pooling and scaling that are no modules, and neurons registered in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.spike_out = _leaky(output=True)
        self.spike_in = _leaky(reset_mechanism="zero")
        self.head = nn.Linear(4 * 5 * 6, 10)
        self.stem = nn.Conv2d(1, 4, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        current = 1.7 * F.avg_pool2d(F.relu(self.stem(x - 0.2)), 2)
        return self.spike_out(self.head(self.spike_in(current).flatten(1)))


class _Residual(nn.Module):
    """Adds a 1 x 1 shortcut to the drive of its first neuron; a second neuron joins later."""

    def __init__(self) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(1, 4, 1)
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.lif_late = _leaky()
        self.lif = _leaky(threshold=0.6)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        spikes = self.lif(self.body(x) + self.shortcut(x)).to(x)  # they come as float32
        return self.lif_late(self.conv2(spikes)) + spikes


class _Block(nn.Module):
    """Convolution, normalization and neuron in a module of their own."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.lif = _leaky(reset_delay=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.lif(self.norm(self.conv(x)))


class _Nested(nn.Module):
    """Neurons two levels down, which utils.reset does not see, behind a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([_Block(1, 4), _Block(4, 4)])
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4 * 12 * 10, 10)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = self.drop(block(x))
        return self.head(x.flatten(1))


class _Unused(nn.Module):
    """Has a neuron that is never called, and keeps its state without init_hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.old = _leaky()
        self.fc = nn.Linear(120, 24)
        self.lif = snn.Leaky(beta=0.8)

    def forward(self, x: Tensor) -> Tensor:
        return self.lif(self.fc(x.flatten(1)))[0]


class _Wrapped(nn.Module):
    """A wrapper that normalizes the pixels and hands everything to the network it holds."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor(0.4))
        self.register_buffer("std", torch.tensor(0.3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        spikes, potential = self.net((x - self.mean) / self.std)
        return {"spikes": spikes, "potential": potential}


class _TwoBranches(nn.Module):
    """Calls the branch that was registered last first, and the two differ in kind."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = nn.Sequential(nn.Conv2d(1, 3, 5, padding=2), _leaky())
        self.fine = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), snn.Synaptic(0.8, 0.7, init_hidden=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        fine = self.fine(x)
        return torch.cat([self.coarse(x), fine], dim=1)


class _Explicit(nn.Module):
    """Takes its potentials from outside, so nobody can run it on images alone."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(120, 24)
        self.lif1 = snn.Leaky(beta=0.9)

    def forward(self, x: Tensor, mem1: Tensor) -> tuple[Tensor, Tensor]:
        return self.lif1(self.fc1(x.flatten(1)), mem1)


class _Optional(nn.Module):
    """Takes its potential from outside or, where there is none, keeps the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(120, 24)
        self.lif1 = snn.Leaky(beta=0.9)

    def forward(self, x: Tensor, mem1: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.lif1(self.fc1(x.flatten(1)), mem1)


class _Custom(snn.Leaky):
    """A user's own subclass: the leaky neuron with a threshold that grows with its potential."""

    def fire(self, mem: Tensor) -> Tensor:
        return (mem > self.threshold * (1 + 0.1 * mem.abs())).to(mem)


class _Listed(nn.Module):
    """Keeps its neuron in a plain list, where torch does not see it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(120, 24)
        self.neurons = [_leaky()]

    def forward(self, x: Tensor) -> Tensor:
        return self.neurons[0](self.fc1(x.flatten(1)))


def _graded_layer() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(0, -1),
        nn.Unflatten(0, (-1, 120)),
        nn.Linear(120, 24),
        _leaky(),
        nn.Unflatten(1, (24, 1)),
        snn.GradedSpikes(24, 0.5),
    )


def _tutorial_wrapped() -> nn.Module:
    return _Wrapped(_Functional())


@torch.no_grad()
def _ran_on_five(net: nn.Module) -> None:
    """Leave the potentials of five other images."""
    net(torch.ones(5, 1, 12, 14))
    net(torch.rand(5, 1, 12, 14))


@torch.no_grad()
def _ran_on_three(net: nn.Module) -> None:
    """Leave the potentials of as many images as will be shown."""
    net.eval()(torch.ones(3, 1, 12, 10))
    net.train()


def _trained_on_four(net: nn.Module) -> None:
    """Take a step of training: the state hangs on a graph, gradients are there."""
    for _ in range(2):
        out = net(torch.ones(4, 1, 12, 10))
    out.sum().backward()


def _parallel() -> nn.Module:
    return nn.DataParallel(_Functional())


def _own(name: str, make: Any, layer: str, reset: str = "soft, delayed", **more: Any) -> Network:
    """Return a network of an own module; what differs from the common case stands in more."""
    common = {
        "neuron": "Leaky",
        "form": "one step a call",
        "origin": "own module",
        "shape": (1, 12, 10),
        "T": 6,
        "run": stepped,
        "build": lively(make, after=more.pop("after", None)),
    }
    return Network(
        f"snntorch/{name}", framework="snntorch", layer=layer, reset=reset, **common | more
    )


_WIDE = {"shape": (1, 12, 14)}

NETWORKS = [
    _own("functional", _Functional, "spike_in", "hard, delayed", **_WIDE),
    _own("residual", _Residual, "lif"),
    _own("residual_double", _Residual, "lif", after=nn.Module.double, run=in_double(stepped)),
    _own("nested", _Nested, "blocks.0.lif", "soft"),
    _own("unused_neuron", _Unused, "lif"),
    _own("wrapped", _tutorial_wrapped, "net.spike_in", "hard, delayed", **_WIDE),
    _own("data_parallel", _parallel, "module.spike_in", "hard, delayed", **_WIDE),
    _own("two_branches", _TwoBranches, "fine.1", neuron="Synaptic"),
    _own("optional_state", _Optional, "lif1"),
    _own("listed_neuron", _Listed, "", refused="no spiking layer"),
    _own("explicit_state", _Explicit, "", refused="mem1"),
    _own(
        "subclass",
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), _Custom(0.9, init_hidden=True)),
        "1",
        "other",
        neuron="_Custom",
    ),
    _own("graded_layer", _graded_layer, "3"),
    _own("left_over_state", _Functional, "spike_in", "hard, delayed", after=_ran_on_five, **_WIDE),
    _own("left_over_same_batch", _Nested, "blocks.0.lif", "soft", after=_ran_on_three),
    _own("after_training", _Nested, "blocks.0.lif", "soft", after=_trained_on_four),
    _own(
        "no_neuron",
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()),
        "",
        "none",
        neuron="",
        refused="no spiking layer",
    ),
]
