"""Modules around Norse's neurons as users write them, and encoders that come first."""

from collections.abc import Callable
from typing import Any

import norse.torch as norse
import torch
import torch.nn.functional as F
from norse.torch.functional import lif as lif_functional
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.norse import stepped
from tests.adapters.zoo.running import in_double, lively, once, time_first, time_second

SEQ_LENGTH = 8


class _Encoded(nn.Module):
    """An encoder that makes the time steps, then a convolution and a layer of all steps."""

    def __init__(self, encoder: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder()
        self.snn = norse.SequentialState(
            norse.Lift(nn.Conv2d(1, 4, 3)),
            norse.LIF(),
            nn.Flatten(2),
            nn.Linear(4 * 10 * 8, 10),
            norse.LI(),
        )

    def forward(self, x: Tensor) -> Tensor:
        voltages, _ = self.snn(self.encoder(x))
        return voltages.max(0).values.log_softmax(1)


_EASY = norse.LIFParameters(v_th=torch.tensor(0.2))


def _constant_current() -> nn.Module:
    return norse.ConstantCurrentLIFEncoder(SEQ_LENGTH, _EASY)


def _latency() -> nn.Module:
    return norse.SpikeLatencyLIFEncoder(SEQ_LENGTH, _EASY)


def _poisson() -> nn.Module:
    return norse.PoissonEncoder(SEQ_LENGTH, f_max=1000)


def _signed_poisson() -> nn.Module:
    return norse.SignedPoissonEncoder(SEQ_LENGTH, f_max=1000)


class _Loop(nn.Module):
    """Cells with explicit states in a loop of its own, registered in another order."""

    def __init__(self, seq_length: int = SEQ_LENGTH) -> None:
        super().__init__()
        self.seq_length = seq_length
        self.readout = norse.LILinearCell(30, 10)
        self.lif2 = norse.LIFCell()
        self.lif1 = norse.LIFBoxCell()
        self.fc2 = nn.Linear(24, 30)
        self.fc1 = nn.Linear(120, 24)

    def forward(self, x: Tensor) -> Tensor:
        s1 = s2 = so = None
        voltages = []
        for _ in range(self.seq_length):
            z, s1 = self.lif1(self.fc1(x.flatten(1)), s1)
            z, s2 = self.lif2(F.relu(self.fc2(z.to(x))), s2)
            v, so = self.readout(z, so)
            voltages.append(v)
        return torch.stack(voltages)


class _BatchFirst(nn.Module):
    """Takes [N, T, ...] and turns it for the layers inside."""

    def __init__(self) -> None:
        super().__init__()
        self.net = norse.SequentialState(norse.Lift(nn.Conv2d(1, 4, 3)), norse.LIF())

    def forward(self, x: Tensor) -> Tensor:
        spikes, _ = self.net(x.transpose(0, 1))
        return spikes.transpose(0, 1)


class _Residual(nn.Module):
    """ReLU, pooling and scaling as functions, and a shortcut that joins before the neuron."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.late = norse.LIFCell()
        self.first = norse.IAFCell()
        self.side = nn.Conv2d(3, 6, 1)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        s1, s2 = state or (None, None)
        current = 0.4 * F.avg_pool2d(F.relu(self.conv(x)), 2) + F.max_pool2d(self.side(x), 2)
        spikes, s1 = self.first(current, s1)
        out, s2 = self.late(spikes, s2)
        return out + spikes, (s1, s2)


class _Wrapped(nn.Module):
    """Hands images and state to the network it holds, and counts its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.model = _Residual()
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        self.steps += 1
        return self.model(2 * x - 1, state)


class _Shared(nn.Module):
    """One cell object at two places, each with a state of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = norse.LIFCell()
        self.first = nn.Linear(120, 24)
        self.second = nn.Linear(24, 24)

    def forward(self, x: Tensor) -> Tensor:
        s1 = s2 = None
        for frame in x.flatten(2):
            z, s1 = self.cell(self.first(frame), s1)
            z, s2 = self.cell(self.second(z), s2)
        return z


class _Filtered(nn.Module):
    """A leaky integrator without spikes before the first neuron: its drive rises with t."""

    def __init__(self) -> None:
        super().__init__()
        self.net = norse.SequentialState(
            nn.Conv2d(1, 4, 3), norse.LICell(), norse.LIFBoxCell(), nn.Flatten(), nn.Linear(320, 10)
        )

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return self.net(x, state)


class _Accumulated(nn.Module):
    """Returns (spikes, spikes so far), which are handed in again: a state that is a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.lif = norse.LIF()
        self.conv = norse.Lift(nn.Conv2d(1, 4, 3, stride=2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        spikes, _ = self.lif(self.conv(x))
        return spikes, spikes.sum(0)


class _Functional(nn.Module):
    """Norse's functional step: there is no neuron module at all."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(120, 24)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        current = self.fc(x.flatten(1))
        if state is None:
            zero = torch.zeros_like(current)
            state = lif_functional.LIFFeedForwardState(v=zero, i=zero)
        return lif_functional.lif_feed_forward_step(current, state, norse.LIFParameters())


class _Population(nn.Module):
    """Spreads each pixel over five cells before the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.population = norse.PopulationEncoder(5)
        self.net = norse.SequentialState(nn.Linear(600, 24), norse.LIFBoxCell(), nn.Linear(24, 10))

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return self.net(self.population(x.flatten(1)).flatten(1), state)


def _feedback() -> nn.Module:
    """Feeds its last layer's output back into its first through RecurrentSequential."""
    return nn.Sequential(
        nn.Flatten(2),
        norse.Lift(nn.Linear(120, 24)),
        norse.Lift(norse.RecurrentSequential(norse.LIFCell(), nn.Linear(24, 24))),
    )


def _state_of_own() -> nn.Module:
    return norse.SequentialState(
        nn.Conv2d(1, 4, 3),
        norse.SequentialState(norse.LIFCell(), nn.Conv2d(4, 4, 3), norse.LIFCell()),
        nn.Flatten(),
        norse.LIFRecurrentCell(4 * 8 * 6, 12),
    )


def _recurrent_first() -> nn.Module:
    return norse.SequentialState(nn.Flatten(), norse.LSNNRecurrentCell(120, 24))


def _own(name: str, make: Any, *args: Any, layer: str, **more: Any) -> Network:
    """Return a network of an own module; what differs from the common case stands in more."""
    gain = more.pop("gain", 12.0)
    common = {
        "neuron": "LIFCell",
        "reset": "hard",
        "form": "one step a call",
        "origin": "own module",
        "shape": (1, 12, 10),
        "T": SEQ_LENGTH,
        "run": stepped,
        "build": lively(make, *args, gain=gain, after=more.pop("after", None)),
    }
    return Network(f"norse/{name}", framework="norse", layer=layer, **common | more)


_ALL_STEPS = {"form": "[T, N, ...]", "run": time_first, "neuron": "LIF"}
_ITSELF = {"form": "its own loop", "run": once, "neuron": "LIF"}

NETWORKS = [
    _own(
        "constant_current",
        _Encoded,
        _constant_current,
        layer="snn.1",
        **_ITSELF,
    ),
    _own(
        "latency_encoder",
        _Encoded,
        _latency,
        layer="snn.1",
        **_ITSELF,
    ),
    _own(
        "poisson_encoder",
        _Encoded,
        _poisson,
        layer="snn.1",
        refused="random",
        **_ITSELF,
    ),
    _own(
        "signed_poisson",
        _Encoded,
        _signed_poisson,
        layer="snn.1",
        refused="random",
        **_ITSELF,
    ),
    _own("loop", _Loop, layer="lif1", **_ITSELF | {"neuron": "LIFBoxCell"}),
    _own("loop_five", _Loop, 5, layer="lif1", **_ITSELF | {"neuron": "LIFBoxCell", "T": 5}),
    _own(
        "loop_double",
        _Loop,
        layer="lif1",
        after=nn.Module.double,
        **_ITSELF | {"neuron": "LIFBoxCell", "run": in_double(once)},
    ),
    _own(
        "batch_first",
        _BatchFirst,
        layer="net.1",
        **_ALL_STEPS | {"form": "[N, T, ...]", "run": time_second},
    ),
    _own("residual", _Residual, layer="first", neuron="IAFCell", shape=(3, 16, 12), gain=1.5),
    _own("wrapped", _Wrapped, layer="model.first", neuron="IAFCell", shape=(3, 16, 12), gain=1.5),
    _own("shared_cell", _Shared, layer="cell", **_ALL_STEPS | {"neuron": "LIFCell"}),
    _own("leaky_integrator_first", _Filtered, layer="net.2", neuron="LIFBoxCell", gain=40.0),
    _own("returns_counts", _Accumulated, layer="lif", **_ALL_STEPS),
    _own(
        "recurrent_sequential",
        _feedback,
        layer="2.lifted_module.module.0",
        **_ALL_STEPS | {"neuron": "LIFCell"},
    ),
    _own("nested_states", _state_of_own, layer="1.0"),
    _own(
        "lsnn_recurrent_cell",
        _recurrent_first,
        layer="1",
        neuron="LSNNRecurrentCell",
        reset="other",
    ),
    _own("population", _Population, layer="net.1", neuron="LIFBoxCell"),
    _own("functional_step", _Functional, layer="", neuron="", refused="no spiking layer"),
]
