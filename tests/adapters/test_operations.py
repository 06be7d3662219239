"""Operations of layers with weights, against plain loops and against networks' own runs."""

from collections import defaultdict
from copy import deepcopy

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn
from torch.nn.modules.conv import _ConvNd

from snnviz.adapters.operations import OperationCounter
from snnviz.adapters.tallying import Run
from tests.adapters.zoo import NETWORKS
from tests.adapters.zoo import images as drawn

SETTINGS = [
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (2, 3), "stride": (2, 1), "padding": (0, 2)},
    {"kernel_size": 2, "groups": 2, "stride": 2},
    {"kernel_size": 3, "groups": 4, "padding": 2, "dilation": 2},
    {"kernel_size": 3, "padding": "same"},
    {"kernel_size": 4, "padding": "same"},
]


class Given(nn.Module):
    """A convolution that is given the spikes of neurons, which repeat their input."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.node = layer, neuron.IFNode(v_threshold=0.5)

    def forward(self, x):
        return self.layer(self.node(x))


def synops_by_loop(layer, spikes):
    """Each spike [N, C, H, W] times the windows of kernels of its group that it is in."""
    total, (height, width), (kh, kw) = 0, spikes.shape[2:], layer.kernel_size
    left, top = layer._reversed_padding_repeated_twice[0], layer._reversed_padding_repeated_twice[2]
    rows, columns = layer(torch.zeros(1, *spikes.shape[1:])).shape[2:]
    each = layer.out_channels // layer.groups
    for y in range(rows):
        for x in range(columns):
            for i in range(kh):
                for j in range(kw):
                    at = y * layer.stride[0] + i * layer.dilation[0] - top
                    on = x * layer.stride[1] + j * layer.dilation[1] - left
                    if 0 <= at < height and 0 <= on < width:
                        total += each * float(spikes[:, :, at, on].sum())
    return total


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_synaptic_operations_are_those_of_a_loop(settings, rng):
    """Random spikes, and a silent and a saturated channel, on a map that is not square."""
    layer = nn.Conv2d(4, 8, **settings)
    spikes = (rng.random((3, 4, 7, 9)) < 0.3).astype(np.float32)
    spikes[:, 0], spikes[:, 1] = 0, 1
    counter = OperationCounter(Given(layer), 2)
    counter.count(spikes)
    (found,) = counter.layers
    assert found.sees == "spikes"
    expected = 2 * synops_by_loop(layer, torch.from_numpy(spikes)) / 3
    assert found.synops == pytest.approx(expected, rel=1e-12)
    assert found.macs == synops_by_loop(layer, torch.ones(1, 4, 7, 9))
    assert found.spikes == pytest.approx(2 * spikes.sum() / 3)
    assert (found.inputs, found.steps) == (4 * 7 * 9, 2)


def summed(layer, x):
    """What a copy of a layer with weights of 1 and no bias makes of `x`, summed."""
    ones = deepcopy(layer)
    ones._forward_hooks.clear()
    with torch.no_grad():
        ones.weight.fill_(1)
        if ones.bias is not None:
            ones.bias.zero_()
        return float(ones.double()(x.double()).sum())


def by_hand(network, count=3):
    """Products and synaptic operations of each layer in the network's own run, for one image."""
    net, macs, synops = network.build().eval(), defaultdict(float), defaultdict(float)

    def hear(name, layer, x):
        synops[name] += summed(layer, x.abs()) / count
        macs[name] += summed(layer, torch.ones_like(x)) / count

    for name, layer in net.named_modules():
        if isinstance(layer, (nn.Linear, _ConvNd)):
            layer.register_forward_hook(
                lambda layer, x, _, name=name: hear(name, layer, x[0].detach())
            )
    with torch.no_grad():
        network.run(net, drawn(network, count), network.T)
    return macs, synops


RUNNING = [each for each in NETWORKS if each.run is not None and not each.refused]


@pytest.mark.parametrize("network", RUNNING[::29], ids=lambda network: network.name)
def test_networks_of_all_frameworks_are_counted_in_their_own_runs(network):
    counter = OperationCounter(network.build(), network.T)
    counter.count(drawn(network, 3).numpy())
    macs, synops = by_hand(network)
    assert [layer.name for layer in counter.layers]
    for layer in counter.layers:
        assert layer.macs * layer.steps == pytest.approx(macs[layer.name])
        if layer.synops is not None:
            assert layer.synops == pytest.approx(synops[layer.name], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("feed", "leading", "steps"),
    [
        ("image", (3,), 1),
        ("image", (4, 3), 4),
        ("image", (3, 4), 4),
        ("image", (12,), 4),
        ("image", (3, 7), 1),  # tokens of images
        ("image", (4, 3, 7), 4),
        ("time first", (4, 3), 4),
        ("time first", (3, 4), 1),  # four tokens of each image, outside the loop over time
        ("images first", (3, 4), 4),
        ("steps together", (12,), 4),
        ("together", (12, 5), 4),
        ("time first", (), 1),
    ],
)
def test_steps_are_told_from_other_axes(feed, leading, steps):
    assert Run(3, 4, feed).steps(leading) == steps


def test_a_layer_at_two_places_counts_twice():
    class Twice(nn.Module):
        T = 3

        def __init__(self):
            super().__init__()
            self.shared = nn.Linear(6, 6)
            self.one, self.two = neuron.IFNode(0.1), neuron.IFNode(0.1)

        def forward(self, x):
            functional.reset_net(self)
            x = x.flatten(1)
            return sum(self.shared(self.two(self.shared(self.one(x)))) for _ in range(self.T))

    counter = OperationCounter(Twice().eval())
    counter.count(np.ones((2, 1, 2, 3), np.float32))
    (layer,) = counter.layers
    assert (layer.steps, layer.macs) == (3, 2 * 36)


def test_events_of_both_signs_are_operations_too():
    """Spikes of -1, as ternary neurons emit, are subtracted."""

    class Signed(Given):
        def forward(self, x):
            return self.layer(self.node(x) - self.node(1 - x))

    counter = OperationCounter(Signed(nn.Linear(4, 3)), 1)
    counter.count(np.array([[1, 1, 0, 0]], np.float32)[:, None, None].repeat(2, 0))
    (layer,) = counter.layers
    assert layer.sees == "spikes"
    assert layer.synops == pytest.approx(4 * 3)
