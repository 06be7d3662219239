"""Maps of a network, against gradients and spikes taken by hand."""

import sys

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import garments, to_input
from snnviz.errors import ConfigError
from snnviz.metrics import first_spike_maps, resize_maps, spike_activation_maps
from snnviz.scoring.explaining import gradient_maps, spike_maps
from snnviz.scoring.running import Runner

T, COUNT = 3, 5  # more than a chunk, and no multiple of one


class Net(nn.Module):
    """A convolution with a stride, of images that are wider than high."""

    T = T

    def __init__(self, channels=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 5, stride=3, padding=2)
        self.node = neuron.IFNode(surrogate_function=surrogate.ATan())
        self.fc = nn.LazyLinear(3)
        with torch.no_grad():
            self.conv.weight.mul_(4)

    def forward(self, x):
        total = 0
        for _ in range(T):
            total = total + self.fc(self.node(self.conv(x)).flatten(1))
        return total / T


def made(channels, size):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        net = Net(channels).eval()
        images = torch.rand(COUNT, channels, *size)
        net(images)
        functional.reset_net(net)
    return net, images.numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_are_those_of_each_image_by_itself(channels):
    net, images = made(channels, (12, 21))
    target = np.array([0, 1, 2, 2, 1])
    others = np.full_like(images, 0.25)
    with Runner(net, T).running(images) as running:
        found = gradient_maps(running, images, others, target, steps=4)
    nodes, weights = np.polynomial.legendre.leggauss(4)

    def gradient(pixels, label):
        functional.reset_net(net)
        wanted = torch.from_numpy(pixels[None]).requires_grad_()
        (slope,) = torch.autograd.grad(net(wanted)[0, label], wanted)
        return slope[0].numpy()

    for n, label in enumerate(target.tolist()):
        slope = gradient(images[n], label)
        assert np.abs(slope).max() > 0
        np.testing.assert_allclose(found["saliency"][n], np.abs(slope).max(0), atol=1e-5)
        apart, total = images[n] - others[n], 0
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            total = total + weight * gradient((others[n] + node * apart).astype(np.float32), label)
        expected = (total * apart).sum(0)
        np.testing.assert_allclose(found["integrated-gradients"][n], expected, atol=1e-4)
    functional.reset_net(net)


def test_maps_of_spikes_are_brought_to_the_images_size():
    net, images = made(1, (12, 21))
    encoder = split_encoder(net)
    found = spike_maps(encoder, images, T, gamma=1.0)
    record = encoder.encode(images, T)
    assert record.shape == (COUNT, 4, 4, 7)
    sam = spike_activation_maps(record, 1.0).sum(0)
    assert sam.any()
    np.testing.assert_allclose(found["sam"], resize_maps(sam, (12, 21)))
    np.testing.assert_allclose(
        found["first-spike"], resize_maps(first_spike_maps(record), (12, 21))
    )
    assert list(spike_maps(encoder, images, T, ["sam"])) == ["sam"]


def test_without_captum_one_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    net, images = made(1, (12, 12))
    with (
        Runner(net, T).running(images) as running,
        pytest.raises(ConfigError, match=r"pip install 'snnviz\[attribution\]'"),
    ):
        gradient_maps(running, images, images, np.zeros(COUNT, int))


def test_a_network_without_gradients_says_so():
    class Closed(Net):
        def forward(self, x):
            with torch.no_grad():
                return super().forward(x)

    pixels = to_input(garments(2).images)
    net = Closed().eval()
    net(torch.from_numpy(pixels))
    functional.reset_net(net)
    with (
        Runner(net, T).running(pixels) as running,
        pytest.raises(ConfigError, match="passes no gradient on to its input"),
    ):
        gradient_maps(running, pixels, pixels, np.zeros(2, int))
