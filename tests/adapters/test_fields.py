"""Receptive fields, against what in fact changes a neuron's drive."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.fields import field_of
from snnviz.adapters.network import NetworkEncoder
from snnviz.errors import ConfigError
from snnviz.records.receptive_field import ReceptiveField
from snnviz.tutorial.encoder import load_encoder

SIZE = (22, 30)  # not square


def seen(prefix, place):
    """Rows and columns of the pixels that have a gradient from that place of the output."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(1, 1, *SIZE, generator=generator, requires_grad=True)
    for module in prefix.modules():  # all weights count, and no sum is 0 by chance
        if isinstance(module, nn.Conv2d):
            with torch.no_grad():
                module.weight.abs_().add_(0.1)
    out = prefix(pixels)
    out[(0, 0, *place)].backward()
    rows, columns = np.nonzero(pixels.grad[0, 0].numpy())
    return rows.min(), rows.max(), columns.min(), columns.max()


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 3, stride=2, padding=1), nn.ReLU(),
                                  nn.Conv2d(3, 3, (1, 5), padding=(0, 2)))  # fmt: skip
        self.short = nn.Conv2d(3, 3, 1, stride=2)

    def forward(self, x):
        return torch.cat([self.body(x) + self.short(x), self.short(x)], dim=1)


PREFIXES = {
    "plain": lambda: [nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3)],
    "stride": lambda: [nn.Conv2d(1, 3, (5, 3), stride=(3, 2), padding=(2, 0))],
    "dilation": lambda: [nn.Conv2d(1, 3, 3, dilation=(2, 3), bias=False), nn.ReLU()],
    "two": lambda: [
        nn.Conv2d(1, 2, 3, stride=2, padding=1),
        nn.AvgPool2d(2),
        nn.Conv2d(2, 3, 3),
    ],
    "residual": lambda: [nn.Conv2d(1, 3, 3, padding=1), Residual()],
    "padded": lambda: [nn.ZeroPad2d((1, 2, 3, 0)), nn.Conv2d(1, 3, 4)],
}


@pytest.mark.parametrize("name", PREFIXES)
def test_it_is_what_has_a_gradient(name):
    prefix = nn.Sequential(*PREFIXES[name]()).eval()
    pixels = torch.rand(1, 1, *SIZE, requires_grad=True)
    field = field_of(prefix(pixels), pixels)
    for place in ((0, 0), (1, 2), (2, 2)):
        first_row, first_column = (
            start + step * at for start, step, at in
            zip((field.top, field.left), (field.down, field.right), place, strict=True)
        )  # fmt: skip
        rows = np.arange(first_row, first_row + field.height)
        columns = np.arange(first_column, first_column + field.width)
        rows = rows[(rows >= 0) & (rows < SIZE[0])]
        columns = columns[(columns >= 0) & (columns < SIZE[1])]
        assert seen(prefix, place) == (rows[0], rows[-1], columns[0], columns[-1])


def test_a_maximum_may_be_anywhere_in_its_window():
    pixels = torch.rand(1, 1, *SIZE, requires_grad=True)
    prefix = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(3, stride=2, padding=1))
    assert field_of(prefix(pixels), pixels) == ReceptiveField(-2, -2, 5, 5, 2, 2)


def test_encoders_say_theirs():
    assert load_encoder().receptive_field() == ReceptiveField(-1, -1, 3, 3, 1, 1)
    chain = ChainEncoder.of(
        nn.Sequential(nn.Conv2d(1, 2, 5, stride=2), nn.Conv2d(2, 2, 3)), neuron.IFNode(), 4
    )
    assert chain.receptive_field() == ReceptiveField(0, 0, 9, 9, 2, 2)


def test_deeper_layers_and_layers_without_maps_of_a_network():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), neuron.IFNode(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 3), neuron.IFNode(),
        nn.Flatten(), nn.Linear(3 * 8 * 12, 5), neuron.IFNode(),
    )  # fmt: skip
    images = np.random.default_rng(0).random((2, 1, *SIZE), np.float32)

    def field(layer):
        encoder = NetworkEncoder(net, layer)
        encoder.prepare(images, 4)
        before = encoder.encode(images, 4)
        found = encoder.receptive_field()
        np.testing.assert_array_equal(encoder.encode(images, 4).first_spike, before.first_spike)
        return found

    assert field("1") == ReceptiveField(0, 0, 3, 3, 1, 1)
    assert field("4") == ReceptiveField(0, 0, 8, 8, 2, 2)
    assert field("7") == ReceptiveField(0, 0, *SIZE, 0, 0)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_all_steps_in_one_call():
    net = nn.Sequential(layer.Conv2d(1, 2, 3, stride=2, step_mode="m"),
                        neuron.IFNode(step_mode="m"))  # fmt: skip
    encoder = NetworkEncoder(net)
    encoder.prepare(np.random.default_rng(0).random((2, 1, *SIZE), np.float32), 4)
    assert encoder.receptive_field() == ReceptiveField(0, 0, 3, 3, 2, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: nn.functional.interpolate(x, scale_factor=2), "rearranges places"),
        (lambda x: x.permute(0, 1, 3, 2) * 1, "rearranges places"),
        (lambda x: nn.functional.conv_transpose2d(x, torch.ones(1, 1, 3, 3)), "transposed"),
        (lambda x: nn.functional.pixel_unshuffle(x, 2), "not known|rearranges"),
        (lambda x: x.reshape(1, 1, SIZE[1], SIZE[0]) + 0, "rearranges places"),
        (lambda x: x.detach(), "no gradient that leads to the pixels"),
        (lambda x: x[..., ::2, ::2] + nn.functional.conv2d(x, torch.ones(1, 1, 1, 1), stride=2),
         "rearranges places"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(make, words):
    pixels = torch.rand(1, 1, *SIZE, requires_grad=True)
    with pytest.raises(ConfigError, match=words):
        field_of(make(pixels), pixels)


def test_what_mixes_all_places_sees_the_whole_image():
    pixels = torch.rand(1, 1, *SIZE, requires_grad=True)
    gated = pixels * nn.functional.adaptive_avg_pool2d(pixels, 1)
    assert field_of(gated, pixels) == ReceptiveField(0, 0, *SIZE, 0, 0)
    assert field_of(pixels * pixels.mean((2, 3), keepdim=True), pixels).height == SIZE[0]
