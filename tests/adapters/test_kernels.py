"""Kernels are those of the one layer of weights between pixels and neurons."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.errors import ConfigError


def encoder_of(*layers, shape=(1, 6, 5)):
    encoder = split_encoder(nn.Sequential(*layers))
    encoder.prepare(torch.rand(2, *shape))
    return encoder


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_kernels_of_a_convolution_have_its_channels(channels):
    conv = nn.Conv2d(channels, 4, (3, 2))
    kernels = encoder_of(conv, neuron.IFNode(), shape=(channels, 6, 5)).kernels
    assert kernels.dtype == np.float32
    assert np.array_equal(kernels, conv.weight.detach().numpy())


def test_they_are_a_copy():
    encoder = encoder_of(nn.Conv2d(1, 4, 3), neuron.IFNode())
    kernels = encoder.kernels
    kernels[:] = 7
    assert not (encoder.kernels == 7).any()


@pytest.mark.parametrize("shape", [(1, 6, 5), (3, 2, 5)])
def test_weights_of_a_linear_layer_are_receptive_fields(shape):
    linear = nn.Linear(30, 7)
    kernels = encoder_of(nn.Flatten(), linear, neuron.IFNode(), shape=shape).kernels
    assert kernels.shape == (7, *shape)
    C, H, W = shape
    weight = linear.weight.detach().numpy()
    for c, y, x in ((0, 1, 3), (C - 1, H - 1, 0)):
        assert np.array_equal(kernels[:, c, y, x], weight[:, (c * H + y) * W + x])


def test_layers_behind_the_neurons_and_others_that_are_not_called_do_not_matter():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode(), nn.Conv2d(4, 2, 1), neuron.IFNode())
    net[1].unused = nn.Conv2d(9, 9, 1)
    encoder = split_encoder(net)
    encoder.prepare(torch.rand(2, 1, 6, 5))
    assert np.array_equal(encoder.kernels, net[0].weight.detach().numpy())


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 1)], "^2 layers of weights lie between"),
        ([nn.Flatten()], "^0 layers of weights lie between"),
        (
            [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(6, 4)],
            "take 6 numbers, an image has 30: they show no pixels",
        ),
    ],
)
def test_where_they_would_show_no_pixels_they_are_refused(layers, message):
    with pytest.raises(ConfigError, match=message) as refused:
        _ = encoder_of(*layers, neuron.IFNode()).kernels
    assert "leave out the kind kernels" in str(refused.value)


def test_half_precision_is_shown_in_single():
    conv = nn.Conv2d(1, 4, 3).double()
    kernels = encoder_of(conv, neuron.IFNode()).kernels
    assert kernels.dtype == np.float32
    assert np.array_equal(kernels, conv.weight.detach().float().numpy())
