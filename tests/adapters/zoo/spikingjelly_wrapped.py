"""Users' networks of SpikingJelly in containers and wrappers, left in states, with own neurons."""

import contextlib
import io

import torch
from spikingjelly.activation_based import (
    ann2snn,
    functional,
    layer,
    monitor,
    neuron,
    surrogate,
)
from spikingjelly.activation_based.model import spiking_resnet
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_layers import GREY, ROW, head, network, sequential
from tests.adapters.zoo.spikingjelly_run import OWN, TIME_FIRST, lively, stepping


class Threshold(neuron.BaseNode):
    """A neuron that a user derives: a threshold a map that grows with each spike."""

    def __init__(self, maps: int):
        super().__init__()
        self.register_memory("bar", 1.0)
        self.base = nn.Parameter(torch.linspace(0.4, 1.6, maps).view(maps, 1, 1))

    def single_step_functional_forward(self, inputs, states, **_):
        v, bar = states[0] + inputs[0], states[1]
        spikes = self.surrogate_function(v - self.base * bar)
        return (spikes,), (v * (1.0 - spikes), bar + 0.25 * spikes)


class Refractory(neuron.SimpleLIFNode):
    """A neuron that a user derives: silent for two steps after a spike."""

    def __init__(self):
        super().__init__(tau=1.5, decay_input=False)
        self.register_memory("rest", 0.0)

    def neuronal_fire(self):
        free = torch.as_tensor(self.rest, dtype=self.v.dtype) <= 0
        return super().neuronal_fire() * free

    def neuronal_reset(self, spike):
        super().neuronal_reset(spike)
        self.rest = (torch.as_tensor(self.rest, dtype=spike.dtype) - 1).clamp_min(0) + 2 * spike


class Renamed(neuron.LIFNode):
    """A neuron that a user derives to set its defaults, and no more."""

    def __init__(self):
        super().__init__(tau=1.25, v_reset=None, surrogate_function=surrogate.ATan())


class Inner(nn.Module):
    """Holds a network two names down, behind a method of another name."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.parts = nn.ModuleList([nn.Identity(), net])

    def features(self, x: Tensor) -> Tensor:
        return self.parts[1](x)

    def forward(self, batch: Tensor, labels: Tensor | None = None) -> Tensor:
        out = self.features(batch)
        return out if labels is None else nn.functional.cross_entropy(out, labels)


class Potentials(nn.Module):
    """Sums the potentials of neurons that do not spike before those that do."""

    def __init__(self):
        super().__init__()
        self.fc1, self.potential = nn.Linear(24, 10), neuron.NonSpikingLIFNode(tau=2.0)
        self.fc2, self.sn = nn.Linear(10, 8), neuron.IFNode(step_mode="m")

    def forward(self, x_seq: Tensor) -> Tensor:
        return self.sn(self.fc2(torch.stack(self.potential(self.fc1(x_seq)))))


class LastAxis(nn.Module):
    """Has time on its last axis."""

    def __init__(self, T: int):
        super().__init__()
        self.T = T
        self.steps = layer.TLastMultiStepContainer(nn.Linear(24, 8), neuron.LIFNode(1.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.steps(x.unsqueeze(-1).repeat(1, 1, self.T)).mean(-1)


def conv_if(mode: str = "") -> nn.Module:
    """Return the plainest network of all."""
    return sequential(layer.Conv2d(1, 4, 3), neuron.IFNode(), *head(), mode=mode)


def trained(mode: str) -> nn.Module:
    """Return a network left as training leaves it: gradients, and the state of another batch."""
    net = lively(sequential(layer.Conv2d(1, 4, 3), neuron.LIFNode(), *head(), mode=mode), 3.0)
    batch = torch.rand(5, *GREY)
    net.train()(torch.stack([batch] * 2) if mode == "m" else batch).sum().backward()
    return net


class Autocast(nn.Module):
    """Computes its drive in bfloat16, whatever it is given."""

    def __init__(self):
        super().__init__()
        self.net = conv_if()

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.net(x).float()


def for_small_images() -> nn.Module:
    """Return a network of the zoo as its users change it for grey images of 28 pixels."""
    net = spiking_resnet.spiking_resnet18(spiking_neuron=neuron.ParametricLIFNode, num_classes=5)
    net.conv1 = layer.Conv2d(1, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    functional.set_step_mode(net, "m")
    return net


def monitored() -> nn.Module:
    """Return a network that one of SpikingJelly's monitors is listening to."""
    net = conv_if()
    net.__dict__["spikes"] = monitor.OutputMonitor(net, neuron.IFNode)
    return net


def converted() -> nn.Module:
    """Return what SpikingJelly makes of a network without spikes, by the rates it calibrates."""
    ann = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 8 * 7, 5),
        nn.ReLU(),
    )
    lively(ann).eval()
    data = [(torch.rand(4, *GREY), torch.zeros(4)) for _ in range(2)]
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        return ann2snn.FXConverter(ann2snn.RateCodingRecipe(data, mode="Max")).convert(ann)


def wrapped() -> list[Network]:
    """Return networks in containers and wrappers, in other states, and with other neurons."""
    as_whole = {"form": TIME_FIRST}
    return [
        network(
            "folding_container",
            "1",
            "IFNode",
            lambda: sequential(
                layer.SeqToANNContainer(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
                neuron.IFNode(step_mode="m"),
            ),
            **as_whole,
        ),
        network(
            "stepping_container",
            "0.1",
            "LIFNode",
            lambda: layer.MultiStepContainer(
                nn.Sequential(nn.Conv2d(1, 4, 3), neuron.LIFNode(1.5)), nn.AvgPool2d(2)
            ),
            **as_whole,
        ),
        network(
            "container_of_a_mode",
            "0.1",
            "IFNode",
            lambda: sequential(
                layer.StepModeContainer(True, "m", nn.Conv2d(1, 4, 3), neuron.IFNode()),
                neuron.IFNode(step_mode="m"),
            ),
            **as_whole,
        ),
        network("time_last", "steps.1", "LIFNode", lambda: LastAxis(5), ROW, OWN, T=5),
        network(
            "recurrent",
            "1.sub_module",
            "IFNode",
            lambda: sequential(
                nn.Linear(24, 8), layer.LinearRecurrentContainer(neuron.IFNode(), 8, 8)
            ),
            ROW,
            gain=1.5,
            T=6,
        ),
        network(
            "recurrent_sum",
            "1.sub_module",
            "LIFNode",
            lambda: sequential(
                layer.Linear(24, 8),
                layer.ElementWiseRecurrentContainer(
                    neuron.LIFNode(1.5), element_wise_function=torch.sub
                ),
                mode="m",
            ),
            ROW,
            TIME_FIRST,
            gain=7.0,
            T=6,
        ),
        network("data_parallel", "module.1", "IFNode", lambda: nn.DataParallel(conv_if())),
        network(
            "data_parallel_m",
            "module.1",
            "IFNode",
            lambda: nn.DataParallel(conv_if("m"), dim=1),
            **as_whole,
        ),
        network(
            "compiled",
            "_orig_mod.1",
            "IFNode",
            lambda: torch.compile(conv_if()),
            run=lambda net, still, T: stepping(net._orig_mod, still, T),
        ),
        network("zoo_changed", "sn1", "ParametricLIFNode", for_small_images, **as_whole),
        network("nested", "parts.1.parts.1.1", "IFNode", lambda: Inner(Inner(conv_if()))),
        network(
            "averaged", "module.1", "IFNode", lambda: torch.optim.swa_utils.AveragedModel(conv_if())
        ),
        network("trained", "1", "LIFNode", lambda: trained("s"), gain=1.0),
        network("trained_m", "1", "LIFNode", lambda: trained("m"), gain=1.0, **as_whole),
        network(
            "double",
            "1",
            "IFNode",
            lambda: conv_if().double(),
            run=lambda net, still, T: stepping(net, still.double(), T),
        ),
        network("frozen", "1", "IFNode", lambda: conv_if().requires_grad_(False).eval()),
        network(
            "channels_last", "1", "IFNode", lambda: conv_if().to(memory_format=torch.channels_last)
        ),
        network(
            "bfloat16",
            "1",
            "IFNode",
            lambda: conv_if().bfloat16(),
            run=lambda net, still, T: stepping(net, still.bfloat16(), T),
        ),
        network("autocast", "net.1", "IFNode", Autocast),
        network("monitored", "1", "IFNode", monitored),
        network("potentials_first", "sn", "IFNode", Potentials, ROW, T=6, **as_whole),
        network(
            "derived",
            "1",
            "Renamed",
            lambda: sequential(nn.Conv2d(1, 4, 3), Renamed()),
            reset="soft",
        ),
        network(
            "derived_threshold",
            "1",
            "Threshold",
            lambda: sequential(nn.Conv2d(1, 4, 3), Threshold(4)),
            T=6,
            reset="other",
        ),
        network(
            "derived_refractory",
            "1",
            "Refractory",
            lambda: sequential(layer.Conv2d(1, 4, 3), Refractory(), mode="m"),
            T=8,
            reset="other",
            **as_whole,
        ),
        network("converted", "spiking_0.if_node", "IFNode", converted, gain=1.0, T=8, reset="soft"),
    ]


NETWORKS = wrapped()
