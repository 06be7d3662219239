"""How many weights an input meets, against plain loops over the windows of a kernel."""

import numpy as np
import pytest
import torch
from torch import nn

from snnviz.metrics.operations import LayerOperations, NeuronOperations, met_weights, reach


def by_loop(side, outputs, kernel, stride, before, dilation):
    met = [0] * side
    for place in range(outputs):
        for tap in range(kernel):
            at = place * stride + tap * dilation - before
            if 0 <= at < side:
                met[at] += 1
    return met


@pytest.mark.parametrize("side", [1, 5, 9])
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_what_an_input_meets_is_that_of_a_loop(side, kernel, stride, before, dilation):
    outputs = max(0, (side + 2 * before - dilation * (kernel - 1) - 1) // stride + 1)
    found = reach(side, outputs, kernel=kernel, stride=stride, before=before, dilation=dilation)
    assert found.tolist() == by_loop(side, outputs, kernel, stride, before, dilation)
    if not before:
        assert found.sum() == outputs * kernel


def used(layer, shape):
    """How often each input is used by one kernel: the derivative of what a kernel of ones sums."""
    with torch.no_grad():
        layer.weight.fill_(1)
    x = torch.zeros(1, 1, *shape, dtype=torch.float64, requires_grad=True)
    layer.double()(x).sum().backward()
    return x.grad[0, 0].numpy()


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
@pytest.mark.parametrize("shape", [(5, 8), (6, 3)])
def test_what_pads_a_map_counts_where_it_is_no_zero(mode, shape):
    layer = nn.Conv2d(1, 1, (3, 2), stride=(1, 2), padding=(2, 1), bias=False, padding_mode=mode)
    outputs = layer(torch.zeros(1, 1, *shape)).shape[2:]
    directions = [
        reach(side, out, kernel=kernel, stride=stride, before=before, mode=mode)
        for side, out, kernel, stride, before in zip(
            shape, outputs, layer.kernel_size, layer.stride, layer.padding, strict=True
        )
    ]
    np.testing.assert_array_equal(met_weights(directions), used(layer, shape))


def test_transposed_convolutions_cut_at_the_border():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1, bias=False)
    outputs = layer(torch.zeros(1, 1, 4, 3)).shape[2:]
    directions = [
        reach(side, out, kernel=3, stride=2, before=1, transposed=True)
        for side, out in zip((4, 3), outputs, strict=True)
    ]
    np.testing.assert_array_equal(met_weights(directions), used(layer, (4, 3)))


def test_a_linear_layer_has_no_directions():
    assert met_weights([]).tolist() == 1


def test_rates_are_shares_of_what_could_be():
    layer = LayerOperations(
        "x", "Linear", "spikes", 4, 10, 5, 50, False, 5, 5, (), (), 50, 50, 8.0, 40.0
    )
    assert layer.rate == 40 / 200
    neurons = NeuronOperations("y", "IFNode", 10, 4, 8.0, leaky=False)
    assert neurons.rate == 8 / 40
