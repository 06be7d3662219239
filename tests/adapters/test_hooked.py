"""Monitors run with the network, and have gathered nothing afterwards."""

from functools import partial

import pytest
import torch
from spikingjelly.activation_based import monitor, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import record


class Counting:
    """Counts, and keeps by name."""

    def __init__(self):
        self.calls, self.kept = 0, {"outputs": [], "shapes": set()}

    def __call__(self, _, __, output):
        self.calls += 1
        self.kept["outputs"].append(output)
        self.kept["shapes"].add(tuple(output.shape))

    def heard(self, *given):
        self(*given)


def given(net):
    counting = Counting()
    net[1].register_forward_hook(partial(lambda into, *passed: into(*passed), counting))
    return lambda: (counting.calls, *map(len, counting.kept.values()))


def called(net):
    counting = Counting()
    net[1].register_forward_hook(counting)
    return lambda: (counting.calls, *map(len, counting.kept.values()))


def method(net):
    counting = Counting()
    net[1].register_forward_hook(counting.heard)
    return lambda: (counting.calls, *map(len, counting.kept.values()))


def monitored(net):
    found = monitor.OutputMonitor(net, neuron.IFNode)
    return lambda: (len(found.records), *map(len, found.name_records_index.values()))


def attributes(net):
    found = monitor.AttributeMonitor("v", pre_forward=False, net=net, instance=neuron.IFNode)
    return lambda: (len(found.records), *map(len, found.name_records_index.values()))


@pytest.mark.parametrize("hook", [given, called, method, monitored, attributes])
def test_what_monitors_gather_is_what_the_user_ran(hook):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), neuron.IFNode(), nn.Flatten())
    images = torch.rand(2, 1, 6, 6)
    held = hook(net)
    with torch.no_grad():
        net(images)
    before = held()
    record(net, images, 3)
    split_encoder(net).encode(images, 3)
    assert held() == before
    net(images)
    assert held() != before


def test_a_list_that_a_hook_alone_knows_hears_our_runs():
    net, found = nn.Sequential(nn.Conv2d(1, 2, 3), neuron.IFNode(), nn.Flatten()), []
    net[1].register_forward_hook(lambda _, __, output: found.append(output))
    record(net, torch.rand(2, 1, 6, 6), 3)
    assert found


def test_a_hook_that_changes_spikes_is_a_part_of_the_network():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), neuron.IFNode(v_threshold=0.1), nn.Flatten())
    images = torch.ones(2, 1, 6, 6)
    nn.init.constant_(net[0].weight, 1.0)
    net[1].register_forward_hook(lambda _, __, output: output * torch.tensor([[[0.0]], [[1.0]]]))
    steps = record(net, images, 2)["1"].steps()
    assert not steps[:, :, 0].any()
    assert steps[:, :, 1].all()
