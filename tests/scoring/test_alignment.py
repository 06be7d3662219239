"""CKA between steps and layers, against networks that are stepped by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import garments, to_input
from snnviz.errors import ConfigError, DataError
from snnviz.metrics import cka
from snnviz.scoring import alignment
from snnviz.scoring.alignment import layer_alignment
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively
from tests.metrics.oracles import song_hsic

T = 4


def network():
    """Two layers, the second with a stride, for images that need not be square."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), neuron.IFNode(),
            nn.Conv2d(3, 4, 3, stride=2), neuron.IFNode(v_reset=None),
        )  # fmt: skip
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(3)
    return net.eval()


def stepped(net, images, steps=T):
    """The spikes of both layers, [T, N, ...], by the framework itself."""
    pixels = torch.from_numpy(to_input(images))
    functional.reset_net(net)
    heard = []
    with torch.no_grad():
        for _ in range(steps):
            first = net[1](net[0](pixels))
            heard.append([first.numpy(), net[3](net[2](first)).numpy()])
    functional.reset_net(net)
    return [np.stack(each).astype(int) for each in zip(*heard, strict=True)]


@pytest.fixture
def images():
    some = garments(10)
    return replace(some, images=some.images[:, :20])  # not square


def test_steps_are_spikes_of_a_step_and_layers_are_trains(images):
    net = network()
    found = layer_alignment(net, images, T=T)
    assert (found.layers, found.T, found.images, found.batches) == (("1", "3"), T, 10, 1)
    layers = stepped(net, images.images)
    for n, spikes in enumerate(layers):
        assert 0 < spikes.mean() < 1
        for s in range(T):
            for t in range(T):
                expected = cka(spikes[s].reshape(10, -1), spikes[t].reshape(10, -1))
                np.testing.assert_allclose(found.cka.steps[n, s, t], expected, rtol=1e-9)
    trains = [np.moveaxis(each, 0, 1).reshape(10, -1) for each in layers]
    assert found.cka.layers[0, 1] == pytest.approx(cka(*trains))
    assert found.cka.layers[0, 1] == found.cka.layers[1, 0] < 0.999


def test_batches_are_averaged_and_hold_few_images(images, monkeypatch):
    monkeypatch.setattr(alignment, "_BATCH", 5)
    net = network()
    found = layer_alignment(net, images, T=T)
    assert found.batches == 2
    first, second = stepped(net, images.images)
    trains = [np.moveaxis(each, 0, 1).reshape(10, -1) for each in (first, second)]

    def hsic(a, b):
        return np.mean([song_hsic(a[s] @ a[s].T, b[s] @ b[s].T)
                        for s in (slice(5), slice(5, 10))])  # fmt: skip

    a, b = trains
    expected = hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b))
    assert found.cka.layers[0, 1] == pytest.approx(expected)
    # Nine images make no two batches of five.
    assert layer_alignment(net, images.head(9), T=T).batches == 2
    assert layer_alignment(net, images.head(7), T=T).batches == 1


def test_an_encoder_has_one_layer_and_a_start_beside_it(images):
    net, other = network(), network()
    with torch.no_grad():
        other[0].weight.neg_()
    encoder = split_encoder(net[:2])
    found = layer_alignment(encoder, images, T=T, start=split_encoder(other[:2]))
    assert found.cka.layers.tolist() == [[pytest.approx(1)]]
    np.testing.assert_allclose(found.cka.steps[0], layer_alignment(net, images, T=T).cka.steps[0])
    expected = layer_alignment(other, images, T=T).cka.steps[0]
    np.testing.assert_allclose(found.untrained.steps[0], expected)
    assert not np.allclose(found.untrained.steps[0], found.cka.steps[0])


def test_a_silent_layer_and_a_silent_step_are_said(images):
    net = network()
    with torch.no_grad():
        net[0].weight.abs_().div_(9e9)
        net[0].bias.fill_(0.3)  # all fire at t = 3 for the first time, whatever they see
        net[2].bias.fill_(-99)
    found = layer_alignment(net, images, T=T)
    assert np.isnan(found.cka.layers).all()
    assert any("1 emits the same for all images" in note for note in found.notes)
    assert any("3 emits the same for all images, so" in note for note in found.notes)
    beside = layer_alignment(network(), images, T=T, start=net)
    assert np.isfinite(beside.cka.layers).all()
    assert beside.notes[-1].startswith("without training 3 emits the same for all images, so")
    with torch.no_grad():
        net[0].weight.mul_(9e7)
        net[0].bias.fill_(0.245)  # whether they fire at the last step depends on the image
    found = layer_alignment(net, images, T=T)
    assert any(note.startswith("1 emits the same for all images at t = 0, 1, 2,")
               for note in found.notes)  # fmt: skip
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["cka"]["steps"][0][0] == [None] * 4
    assert values["cka"]["steps"][0][3][3] == pytest.approx(1)
    assert values["untrained"] is None


def test_one_step_and_counts_above_one(images):
    sinabs = pytest.importorskip("sinabs.layers")
    net = nn.Sequential(nn.Conv2d(1, 3, 3), sinabs.IAFSqueeze(batch_size=1, spike_threshold=0.1))
    found = layer_alignment(net, images, T=1)
    assert found.cka.steps.shape == (1, 1, 1)
    assert found.cka.steps[0, 0, 0] == pytest.approx(1)


def test_the_tutorials_network_over_other_steps():
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0)).eval()
    found = layer_alignment(net, garments(8), T=3)
    assert found.T == 3
    assert found.cka.steps.shape == (4, 3, 3)
    assert net.config.T == 2


def test_what_is_refused(images):
    with pytest.raises(DataError, match="4 images or more, got 3"):
        layer_alignment(network(), images.head(3))
    with pytest.raises(ConfigError, match="no spiking neurons"):
        layer_alignment(nn.Sequential(nn.Flatten(), nn.Linear(560, 2)), images)
