"""Accuracy without a channel, against networks that leave its spikes out themselves."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.answering import Answerer
from snnviz.data import garments, to_input
from snnviz.errors import ConfigError
from snnviz.scoring import ablation
from snnviz.scoring.ablation import AnsweringLayer, affordable, counting, network_importance

K, T, COUNT = 4, 3, 60


class Muted(nn.Module):
    """A network that leaves out the spikes of channel `mute`, where it is told one."""

    def __init__(self, node):
        super().__init__()
        self.conv = nn.Conv2d(1, K, 5, stride=3)
        self.node = node
        self.fc = nn.Linear(K * 64, 10)
        self.mute = None
        with torch.no_grad():
            self.conv.weight.mul_(4)
            self.fc.weight.mul_(10)

    def without(self, spikes, axis):
        if self.mute is None:
            return spikes
        mask = torch.ones(K)
        mask[self.mute] = 0
        return spikes * mask.reshape(-1, *[1] * (spikes.ndim - axis - 1))


class Steps(Muted):
    def forward(self, x):
        return sum(self.fc(self.without(self.node(self.conv(x)), 1).flatten(1)) for _ in range(T))


class TimeFirst(Muted):
    def forward(self, xs):
        drive = self.conv(xs.flatten(0, 1)).unflatten(0, xs.shape[:2])
        return self.fc(self.without(self.node(drive), 2).flatten(2))


class ImagesFirst(TimeFirst):
    """Axes the other way round; the same code."""


class WithState(Muted):
    def forward(self, x):
        state, total = None, 0
        for _ in range(T):
            spikes, state = self.node(self.conv(x), state)
            total = total + self.fc(self.without(spikes, 1).flatten(1))
        return total


def spikingjelly_steps():
    return Steps(neuron.LIFNode(tau=1.5))


def spikingjelly_time_first():
    return TimeFirst(neuron.IFNode(step_mode="m"))


def sinabs_images_first():
    layers = pytest.importorskip("sinabs.layers")
    return ImagesFirst(layers.IAF())


def norse_state():
    norse = pytest.importorskip("norse.torch")
    net = WithState(norse.LIFCell())
    with torch.no_grad():  # which charges by a hundredth a step
        net.conv.weight.mul_(30)
    return net


def snntorch_steps():
    snntorch = pytest.importorskip("snntorch")

    class Own(Muted):
        def forward(self, x):
            mem, total = self.node.init_leaky(), 0
            for _ in range(T):
                spikes, mem = self.node(self.conv(x), mem)
                total = total + self.fc(self.without(spikes, 1).flatten(1))
            return total

    return Own(snntorch.Leaky(beta=0.9))


def by_hand(net, images):
    """The answers of the network in its framework's own way, [N]."""
    x = torch.from_numpy(to_input(images.images))
    if isinstance(net, ImagesFirst):
        net.node.reset_states()
        output = net(x.unsqueeze(1).repeat(1, T, 1, 1, 1)).mean(1)
        net.node.reset_states()
    elif isinstance(net, TimeFirst):
        output = net(x.unsqueeze(0).repeat(T, 1, 1, 1, 1)).mean(0)
    else:
        output = net(x)
    functional.reset_net(net)
    return output.argmax(1).numpy()


MAKERS = [
    spikingjelly_steps,
    spikingjelly_time_first,
    sinabs_images_first,
    norse_state,
    snntorch_steps,
]


@pytest.mark.parametrize("make", MAKERS)
@torch.no_grad()
def test_it_is_that_of_a_network_without_the_channel(make):
    torch.manual_seed(0)
    net = make().eval()
    images = garments(COUNT)
    answers = by_hand(net, images)
    # Labels that the network finds at times, and each channel matters to.
    labels = np.where(np.arange(COUNT) % 3 == 0, images.labels, answers)
    images = type(images)(images.name, images.images, labels.astype(np.int64), images.classes)
    hooks = len(net.node._forward_hooks)
    found = network_importance(AnsweringLayer(net, Answerer(net, T), "node"), images, K)
    assert found.correct == (answers == labels).sum()
    want = []
    for net.mute in range(K):
        want.append(int((by_hand(net, images) == labels).sum()))
    assert found.correct_without.tolist() == want
    assert len({found.correct, *want}) > 2
    assert len(net.node._forward_hooks) == hooks


def test_other_channels_than_it_has_are_refused():
    net = spikingjelly_steps().eval()
    studied = AnsweringLayer(net, Answerer(net, T), "node")
    with pytest.raises(ConfigError, match="does not emit 5 channels"):
        network_importance(studied, garments(4), 5)
    assert not net.node._forward_hooks


def test_work_is_that_of_products_neurons_and_calls():
    net = spikingjelly_steps()
    with counting(net) as work, torch.no_grad():
        net(torch.zeros(2, 1, 28, 28))
    products = 2 * T * (K * 64 * 25 + 10 * K * 64)
    neurons = 2 * T * K * 64
    calls = 3 * T
    assert work.products == products + 200 * neurons + 10**6 * calls


def test_how_many_images_can_be_afforded(monkeypatch):
    monkeypatch.setattr(ablation, "MOST_WORK", 10**6)
    assert affordable(10, 1000, 500) == 100
    assert affordable(10, 1001, 500) == 0
    assert affordable(10, 1001, 99) == 99
    assert affordable(10, 2000, 51) == 0
    assert affordable(1, 10, 500) == 500
