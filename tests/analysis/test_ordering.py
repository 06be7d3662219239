"""The order of channels: by rate, type, edges and importance."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from spikingjelly.activation_based import neuron
from torch import nn

import snnviz
from snnviz.analysis.ordering import ORDERS, channel_order
from snnviz.data import ImageSet
from snnviz.errors import ConfigError
from snnviz.scoring.ablation import AnsweringLayer


@pytest.fixture(scope="module")
def samples():
    return list(snnviz.garments(12).samples(range(12)))


@pytest.fixture(scope="module")
def encoder():
    return snnviz.load_encoder()


def counts_of(encoder, samples, T):
    images = np.stack([sample.channels for sample in samples])
    return encoder.encode(snnviz.to_input(images), T).count(T - 1)


def test_by_rate(encoder, samples):
    rate = counts_of(encoder, samples, 8).reshape(12, 128, -1).mean(axis=(0, 2))
    assert channel_order(encoder, samples, 8, "rate") == tuple(np.argsort(-rate, kind="stable"))


def test_by_correlation_with_edges(encoder, samples):
    counts = counts_of(encoder, samples, 8).swapaxes(0, 1).reshape(128, -1).astype(float)
    edges = []
    for sample in samples:
        image = sample.image.astype(float)
        edges.append(np.hypot(*(ndimage.sobel(image, axis) for axis in (0, 1))))
    edges = np.array(edges).ravel()
    varied = counts.std(axis=1) > 0
    r = np.full(128, -2.0)
    r[varied] = [np.corrcoef(row, edges)[0, 1] for row in counts[varied]]
    order = np.array(channel_order(encoder, samples, 8, "edges"))
    assert sorted(order) == list(range(128))
    # A step that differs only by how the gradient treats the border is no other order.
    assert np.all(np.diff(r[order]) < 0.03)
    assert np.corrcoef(r[order], -np.arange(128))[0, 1] > 0.9


def test_by_type_then_rate(encoder, samples):
    from snnviz.metrics import CHANNEL_TYPES, Contours

    images = np.stack([sample.image for sample in samples])
    record = encoder.encode(snnviz.to_input(images), 8)
    contours = Contours(8, record.shape[1:])
    contours.update(record, images, None)
    types = contours.result().types()
    rate = record.count(7).mean(axis=(0, 2, 3))
    order = channel_order(encoder, samples, 8, "type")
    keys = [(CHANNEL_TYPES.index(types[k]), -rate[k]) for k in order]
    assert keys == sorted(keys)


class Answering(nn.Module):
    """Class 1 where channel 2 fires; the other channels say nothing."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 1, bias=False)
        self.conv.weight.data[:] = torch.tensor([0.3, 0.2, 1.0]).reshape(3, 1, 1, 1)
        self.node = neuron.IFNode()

    def forward(self, x):
        spikes = self.node(self.conv(x)).mean((2, 3))
        return torch.stack([torch.full_like(spikes[:, 2], 0.1), spikes[:, 2]], 1)


def test_by_importance():
    from snnviz.adapters.answering import Answerer

    rng = np.random.default_rng(0)
    bright = rng.integers(0, 2, 120)
    pixels = np.where(bright[:, None, None] == 1, 255, 0) * np.ones((1, 4, 5), int)
    images = ImageSet("x", pixels.astype(np.uint8), bright, ("dark", "bright"))
    samples = list(images.samples(range(120)))
    net = Answering()
    encoder = snnviz.split_encoder(net)
    encoder.encode(images.batch([0, 1]), 4)
    whole = AnsweringLayer(net, Answerer(net, 4), encoder.layer)
    assert channel_order(encoder, samples, 4, "importance", network=whole)[0] == 2


def test_what_an_order_needs(encoder, samples):
    with pytest.raises(ConfigError, match=f"choose from {', '.join(ORDERS)}"):
        channel_order(encoder, samples, 8, "beauty")
    with pytest.raises(ConfigError, match="in a whole network"):
        channel_order(encoder, samples, 8, "importance")
    assert channel_order(encoder, samples, 8, "index") == tuple(range(128))
