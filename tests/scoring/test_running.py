"""Answers with other spikes of the first layer, against networks that are run piece by piece."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.data import garments, to_input
from snnviz.errors import ConfigError
from snnviz.metrics import edit_trains
from snnviz.scoring.running import Runner

K, T, COUNT = 4, 5, 11  # more than a chunk, and no multiple of one


class Two(nn.Module):
    """Two layers of neurons, the second of which keeps a state that order matters to."""

    def __init__(self, first, second):
        super().__init__()
        self.conv = nn.Conv2d(1, K, 5, stride=3)
        self.first, self.second = first, second
        self.fc = nn.Linear(K * 64, 10)
        with torch.no_grad():
            self.conv.weight.mul_(4)
            self.fc.weight.mul_(6)

    def restart(self):
        functional.reset_net(self)


class Steps(Two):
    T = T

    def encode(self, x):
        return torch.stack([self.first(self.conv(x)) for _ in range(T)])

    def rest(self, spikes):
        return torch.stack([self.second(self.fc(s.flatten(1))) for s in spikes]).mean(0)

    def forward(self, x):
        total = 0
        for _ in range(T):
            total = total + self.second(self.fc(self.first(self.conv(x)).flatten(1)))
        return total / T


class TimeFirst(Two):
    def encode(self, x):
        return self.first(self.conv(x).unsqueeze(0).repeat(T, 1, 1, 1, 1))

    def rest(self, spikes):
        return self.second(self.fc(spikes.flatten(2))).mean(0)

    def forward(self, xs):
        drive = self.conv(xs.flatten(0, 1)).unflatten(0, xs.shape[:2])
        return self.second(self.fc(self.first(drive).flatten(2)))


class ImagesFirst(TimeFirst):
    def encode(self, x):
        return self.first(self.conv(x).unsqueeze(1).repeat(1, T, 1, 1, 1)).transpose(0, 1)

    def rest(self, spikes):
        return self.second(self.fc(spikes.transpose(0, 1).flatten(2))).mean(1)

    def restart(self):
        self.first.reset_states()
        self.second.reset_states()


class WithState(Two):
    T = T

    def encode(self, x):
        mem, steps = self.first.init_leaky(), []
        for _ in range(T):
            spikes, mem = self.first(self.conv(x), mem)
            steps.append(spikes)
        return torch.stack(steps)

    def rest(self, spikes):
        mem, steps = self.second.init_leaky(), []
        for step in spikes:
            out, mem = self.second(self.fc(step.flatten(1)), mem)
            steps.append(out)
        return torch.stack(steps).mean(0)

    def forward(self, x):
        one, two = self.first.init_leaky(), self.second.init_leaky()
        steps = []
        for _ in range(T):
            spikes, one = self.first(self.conv(x), one)
            out, two = self.second(self.fc(spikes.flatten(1)), two)
            steps.append(out)
        return torch.stack(steps)

    def restart(self):
        pass


def steps():
    return Steps(neuron.IFNode(), neuron.LIFNode(tau=1.5))


def time_first():
    return TimeFirst(neuron.IFNode(step_mode="m"), neuron.LIFNode(tau=1.5, step_mode="m"))


def images_first():
    layers = pytest.importorskip("sinabs.layers")
    return ImagesFirst(layers.IAF(), layers.LIF(tau_mem=2.0))


def with_state():
    snntorch = pytest.importorskip("snntorch")
    return WithState(snntorch.Leaky(beta=0.9), snntorch.Leaky(beta=0.6))


@pytest.fixture(params=[steps, time_first, images_first, with_state])
def net(request):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return request.param().eval()


def by_hand(net, pixels, kind, severity, seed):
    with torch.no_grad():
        net.restart()
        spikes = net.encode(torch.from_numpy(pixels))
        assert torch.equal(spikes, spikes.round())
        edited = edit_trains(spikes.long().numpy(), kind, severity, seed=seed, first=3)
        net.restart()
        scores = net.rest(torch.from_numpy(edited).float())
        net.restart()
        return spikes, scores.numpy()


@pytest.mark.parametrize("edit", [("reversed", 1), ("jittered", 5), ("deleted", 4)])
def test_the_rest_of_the_network_sees_the_edited_spikes(net, edit):
    pixels = to_input(garments(COUNT).images)
    spikes, expected = by_hand(net, pixels, *edit, 2)
    assert 0.02 < (spikes > 0).float().mean() < 0.98
    with Runner(net, T).running(pixels) as running:
        plain = running.answers(pixels)
        (found,) = running.edited(
            pixels, [lambda trains, first: edit_trains(trains, *edit, seed=2, first=first)], 3
        )
        again = running.answers(pixels)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(plain, again)  # the hooks are gone
    assert not np.allclose(found, plain)
    assert not net.first._forward_hooks


def test_unedited_spikes_change_nothing(net):
    pixels = to_input(garments(COUNT).images)
    with Runner(net, T).running(pixels) as running:
        (same,) = running.edited(pixels, [lambda trains, _: trains])
        np.testing.assert_array_equal(same, running.answers(pixels))


def test_images_are_normalized_as_the_network_expects():
    net = steps().eval()
    pixels = to_input(garments(3).images)
    with Runner(net, T, mean=(0.2,), std=(0.5,)).running(pixels) as running:
        found = running.answers(pixels)
    with Runner(net, T).running(pixels) as running:
        expected = running.answers((pixels - np.float32(0.2)) / np.float32(0.5))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_one_object_at_two_places_is_refused():
    class Shared(Two):
        def forward(self, x):
            total = 0
            for _ in range(T):
                half = self.first(self.conv(x))
                total = total + self.fc(self.first(half * 2).flatten(1))
            return total

    net = Shared(neuron.IFNode(), neuron.IFNode()).eval()
    pixels = to_input(garments(2).images)
    with (
        Runner(net, T).running(pixels) as running,
        pytest.raises(ConfigError, match="at several places"),
    ):
        running.edited(pixels, [lambda trains, _: trains])
