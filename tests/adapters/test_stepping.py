"""Layers of leaky neurons by exact first-spike times, against the frameworks' own steps."""

import numpy as np
import pytest
import sinabs.layers
import snntorch
import torch
from norse.torch.module.lif_box import LIFBoxCell
from sinabs.activation import MembraneReset, SingleSpike
from spikingjelly.activation_based import functional, neuron
from torch import nn

import snnviz
from snnviz.adapters import stepping


def stepped(node, drive, T):
    functional.reset_net(node)
    return torch.stack([node(drive) for _ in range(T)])


def own_snntorch(node, drive, T):
    mem, found = node.reset_mem(), []
    for _ in range(T):
        spikes, mem = node(drive, mem)
        found.append(spikes)
    return torch.stack(found)


def own_norse(node, drive, T):
    state, found = None, []
    for _ in range(T):
        spikes, state = node(drive, state)
        found.append(spikes)
    return torch.stack(found)


def own_sinabs(node, drive, T):
    return node.reset_states() or node(torch.stack([drive] * T, 1)).transpose(0, 1)


class Net(nn.Module):
    """A stem whose loop over time is the framework's usual one."""

    def __init__(self, node, own, T, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        with torch.no_grad():
            self.norm.running_var.fill_(0.02)
            self.norm.weight[1] = -2.0  # falls where the others rise
            self.norm.weight[2:4] = 0.0
            self.norm.bias[2], self.norm.bias[3] = -1.0, 12.0  # silent; saturated
        self.node, self.own, self.T = node, own, T

    def forward(self, images):
        return self.own(self.node, self.norm(self.conv(images)), self.T)


NODES = {
    "LIF": (neuron.LIFNode, stepped),
    "PLIF": (neuron.ParametricLIFNode, stepped),
    "QIF": (neuron.QIFNode, stepped),
    "Leaky zero": (lambda: snntorch.Leaky(beta=0.9, reset_mechanism="zero"), own_snntorch),
    "LIFBox": (LIFBoxCell, own_norse),
    "IAF": (lambda: sinabs.layers.IAF(reset_fn=MembraneReset()), own_sinabs),
    "LIF of sinabs": (
        lambda: sinabs.layers.LIF(10.0, reset_fn=MembraneReset(), spike_fn=SingleSpike),
        own_sinabs,
    ),
}
RULES_OUT = {
    "soft": (lambda: neuron.LIFNode(v_reset=None), stepped),
    "subtract": (lambda: snntorch.Leaky(beta=0.9, reset_mechanism="subtract"), own_snntorch),
    "each its own": (
        lambda: snntorch.Leaky(beta=torch.rand(8, 1, 1), reset_mechanism="zero"),
        own_snntorch,
    ),
    "subtract, of sinabs": (sinabs.layers.IAF, own_sinabs),
}


def recorded(name, monkeypatch, *, T=12, stride=1, nodes=NODES):
    """The record, what the network itself emits, and what was found of its neurons."""
    torch.manual_seed(1)
    make, own = nodes[name]
    net = Net(make(), own, T, stride).eval()
    images = torch.rand(3, 1, 9, 14)
    monkeypatch.setattr(stepping, "_WORTH", 1)
    encoder = snnviz.split_encoder(net)
    found = []
    times = stepping.Stepping.first_spikes
    monkeypatch.setattr(
        stepping.Stepping, "first_spikes", lambda *a: found.append(times(*a)) or found[-1]
    )
    record = encoder.encode(images, T)
    with torch.no_grad():
        spikes = net(images).numpy()
    return record, spikes, found


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize(("T", "stride"), [(1, 1), (12, 2), (33, 1)])
def test_the_frameworks_own_spikes(name, T, stride, monkeypatch):
    record, spikes, found = recorded(name, monkeypatch, T=T, stride=stride)
    assert found
    assert found[-1] is not None
    np.testing.assert_array_equal(record.steps(), spikes)
    assert spikes.any()
    assert not spikes.all()
    assert record.is_renewal == (record.most == 1)
    assert (record.most > 1) == (name == "IAF")


@pytest.mark.parametrize("name", RULES_OUT)
def test_other_neurons_are_stepped(name, monkeypatch):
    record, spikes, found = recorded(name, monkeypatch, nodes=RULES_OUT)
    assert not any(found)
    np.testing.assert_array_equal(record.steps(), spikes)
