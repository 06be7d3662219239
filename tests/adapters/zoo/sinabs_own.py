"""Modules around sinabs' layers as users write them."""

from functools import partial
from typing import Any

import sinabs.layers as sl
import torch
import torch.nn.functional as F
from sinabs.activation import MembraneReset, MembraneSubtract, SingleExponential, SingleSpike
from sinabs.layers import functional
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import in_double, lively, once, squeezed
from tests.adapters.zoo.sinabs import five_axes, reset, squeezed_batch

STEPS = 4


def from_rest(net: nn.Module, images: Tensor, T: int) -> object:
    """Run a network that makes its own steps, from rest."""
    reset(net)
    return once(net, images, T)


def one_by_one(net: nn.Module, images: Tensor, T: int) -> None:
    """Call a network whose layers take one step a call, from rest."""
    reset(net)
    for _ in range(T):
        net(images)


class _Functional(nn.Module):
    """ReLU, pooling, scaling without modules; layers registered in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.out = sl.IAFSqueeze(num_timesteps=STEPS)
        self.first = sl.IAFSqueeze(num_timesteps=STEPS, spike_fn=SingleSpike)
        self.head = nn.Linear(4 * 6 * 5, 10)
        self.stem = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        current = 0.8 * F.max_pool2d(F.relu(self.stem(x - 0.3)), 2)
        return self.out(self.head(self.first(current).flatten(1)))


class _Residual(nn.Module):
    """Adds a shortcut to the drive of the first layer, and merges spikes later; [N, T, ...]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = sl.Repeat(nn.Conv2d(3, 6, 3, padding=1))
        self.short = sl.Repeat(nn.Conv2d(3, 6, 1))
        self.late = sl.LIF(tau_mem=10.0, norm_input=False)
        self.lif = sl.LIF(tau_mem=20.0, norm_input=False, min_v_mem=-1.0)
        self.conv2 = sl.Repeat(nn.Conv2d(6, 6, 3, padding=1))
        self.merge = sl.Merge()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        spikes = self.lif(self.conv(x) + self.short(x)).to(x)  # they come as float32
        return self.merge(self.late(self.conv2(spikes)), spikes), spikes.sum(1)


class _Itself(nn.Module):
    """Repeats the image over time by itself and returns the mean of its readout."""

    def __init__(self, steps: int = STEPS, reset_fn: Any = None) -> None:
        super().__init__()
        self.num_timesteps = steps
        self.conv = sl.Repeat(nn.Conv2d(1, 4, 3, bias=False))
        self.iaf = sl.IAF(reset_fn=reset_fn or MembraneSubtract())
        self.readout = sl.ExpLeak(tau_mem=10.0)
        self.fc = nn.Linear(4 * 10 * 8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(1).expand(-1, self.num_timesteps, -1, -1, -1)
        return self.readout(self.fc(self.iaf(self.conv(x)).flatten(2))).mean(1)


class _Latency(nn.Module):
    """Shows bright pixels early: its drive changes with t."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(120, 24)
        self.iaf = sl.IAF()

    def forward(self, x: Tensor) -> Tensor:
        due = ((1 - x.flatten(1)) * (STEPS - 1)).round()
        steps = torch.stack([(due == step).to(x) for step in range(STEPS)], 1)
        return self.iaf(self.fc(steps))


class _Filtered(nn.Module):
    """A leaky integrator that does not spike stands before the first layer that does."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(2), nn.Linear(120, 24), sl.ExpLeak(tau_mem=4.0), sl.IAF(), nn.Linear(24, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class _Shared(nn.Module):
    """One layer object at two places: each call goes on from the other's potentials."""

    def __init__(self) -> None:
        super().__init__()
        self.iaf = sl.IAF()
        self.fc1 = nn.Linear(120, 24)
        self.fc2 = nn.Linear(24, 24)

    def forward(self, x: Tensor) -> Tensor:
        return self.iaf(self.fc2(self.iaf(self.fc1(x.flatten(2)))))


class _Unused(nn.Module):
    """Holds a layer that is never called, and a wrapper that shifts the pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.spare = sl.IAFSqueeze(batch_size=1)
        self.net = _Functional()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"spikes": self.net(2 * x - 0.5)}


class _FunctionOnly(nn.Module):
    """sinabs' function for all steps at once: there is no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(120, 24)

    def forward(self, x: Tensor) -> Tensor:
        current = self.fc(x.flatten(2))
        spikes, _, _ = functional.lif_forward(
            current,
            0.9,
            None,
            {"v_mem": torch.zeros_like(current[:, 0])},
            1.0,
            SingleSpike,
            MembraneReset(),
            SingleExponential(),
            None,
            norm_input=False,
        )
        return spikes


class _Random(nn.Module):
    """Draws its input spikes before its first layer: [N, C, H, W]."""

    def __init__(self) -> None:
        super().__init__()
        self.to_spikes = sl.Img2SpikeLayer((1, 12, 10), tw=STEPS, norm=1.0)
        self.fc = nn.Linear(120, 24)
        self.iaf = sl.IAF()

    def forward(self, x: Tensor) -> Tensor:
        return self.iaf(self.fc(self.to_spikes(x).transpose(0, 1).flatten(2)))


def _stepwise() -> nn.Module:
    """One step a call, as a simulator that runs for ever would do it."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        sl.IAFSqueeze(num_timesteps=1),
        nn.Flatten(),
        nn.Linear(320, 10),
        sl.LIFSqueeze(tau_mem=5.0, num_timesteps=1),
    )


def _cropped() -> nn.Module:
    """Crop and quantize before the first layer."""
    return nn.Sequential(
        sl.Cropping2dLayer(((1, 2), (3, 0))),
        nn.Conv2d(1, 4, 3),
        sl.QuantizeLayer(),
        sl.IAFSqueeze(num_timesteps=STEPS, spike_threshold=1.5),
    )


@torch.no_grad()
def _ran_on_five(net: nn.Module) -> None:
    """Leave the potentials of five other images, as it is where nobody resets."""
    net(torch.rand(5, STEPS, 3, 12, 16))


@torch.no_grad()
def _ran_on_two(net: nn.Module) -> None:
    net(torch.ones(2 * STEPS, 1, 12, 10))


def _trained_on_two(net: nn.Module) -> None:
    """Take a step of training: the states hang on a graph."""
    net(torch.ones(2, 1, 12, 10)).sum().backward()


def _own(name: str, make: Any, *args: Any, layer: str, **more: Any) -> Network:
    """Return a network of an own module; what differs from the common case stands in more."""
    common = {
        "neuron": "IAF",
        "reset": "soft",
        "form": "[N, T, ...]",
        "origin": "own module",
        "shape": (1, 12, 10),
        "run": five_axes,
        "build": lively(make, *args, after=more.pop("after", None)),
    }
    return Network(f"sinabs/{name}", framework="sinabs", layer=layer, **common | more)


_COLOUR = {"shape": (3, 12, 16), "neuron": "LIF"}
_SQUEEZED = {"form": "[N*T, ...]", "run": squeezed, "neuron": "IAFSqueeze"}
_ITSELF = {"form": "its own loop", "run": from_rest}

NETWORKS = [
    _own("functional", _Functional, layer="first", **_SQUEEZED),
    _own("residual", _Residual, layer="lif", **_COLOUR),
    _own(
        "residual_double",
        _Residual,
        layer="lif",
        after=nn.Module.double,
        **_COLOUR | {"run": in_double(five_axes)},
    ),
    _own("itself", _Itself, layer="iaf", **_ITSELF),
    _own("itself_six", _Itself, 6, MembraneReset(), layer="iaf", reset="hard", T=6, **_ITSELF),
    _own("latency", _Latency, layer="iaf", **_ITSELF),
    _own("leak_first", _Filtered, layer="net.3"),
    _own("shared_layer", _Shared, layer="iaf"),
    _own("wrapped_unused", _Unused, layer="net.first", **_SQUEEZED | {"run": squeezed_batch}),
    _own(
        "stepwise",
        _stepwise,
        layer="1",
        form="one step a call",
        neuron="IAFSqueeze",
        run=one_by_one,
    ),
    _own("cropped", _cropped, layer="3", **_SQUEEZED),
    _own("left_over_state", _Residual, layer="lif", after=_ran_on_five, **_COLOUR),
    _own(
        "left_over_squeezed",
        _Functional,
        layer="first",
        after=_ran_on_two,
        **_SQUEEZED | {"run": squeezed_batch},
    ),
    _own("after_training", _Itself, layer="iaf", after=_trained_on_two, **_ITSELF),
    _own(
        "data_parallel",
        partial(lambda: nn.DataParallel(_Residual())),
        layer="module.lif",
        **_COLOUR,
    ),
    _own("function_only", _FunctionOnly, layer="", neuron="", refused="no spiking layer"),
    _own("random_input", _Random, layer="iaf", refused="random", **_ITSELF),
]
