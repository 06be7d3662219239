"""Silencing channels, against a network whose spikes of that channel are taken away."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional

from snnviz.data import ImageSet, garments
from snnviz.errors import DataError
from snnviz.ranks import Ranks
from snnviz.scoring.importance import channel_importance
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively


@torch.no_grad()
def correct_without(net, images, channel):
    """Stepping SpikingJelly's modules, with the spikes of `channel` set to 0 on their way."""
    functional.reset_net(net)
    drive = net.static_conv(torch.from_numpy(images.batch(range(len(images)))))
    total = 0
    for _ in range(net.T):
        spikes = net.conv[0](drive)
        if channel is not None:
            spikes[:, channel] = 0
        for layer in (*net.conv[1:], *net.fc):
            spikes = layer(spikes)
        total = total + spikes
    functional.reset_net(net)
    return int((total.argmax(1).numpy() == images.labels).sum())


@pytest.mark.parametrize(("T", "v_reset"), [(1, 0.0), (4, 0.0), (3, -0.5), (3, None)])
def test_a_channel_is_silenced_and_nothing_else(T, v_reset):
    net = lively(build_network(NetworkConfig(T=T, channels=5, v_reset=v_reset), seed=1)).eval()
    with torch.no_grad():
        net.static_conv[1].bias[2] = -100.0  # silent anyway
        net.static_conv[1].weight[3], net.static_conv[1].bias[3] = 0.0, 2.0  # saturated
    before = {name: value.clone() for name, value in net.state_dict().items()}
    images = garments(60)
    calls = []
    found = channel_importance(net, images, batch_size=25, progress=lambda *c: calls.append(c))
    assert found.correct == correct_without(net, images, None)
    expected = [correct_without(net, images, channel) for channel in range(5)]
    assert found.correct_without.tolist() == expected
    assert expected[2] == found.correct
    assert len({found.correct, *expected}) > 1
    np.testing.assert_allclose(found.drop, (found.correct - np.array(expected)) / 60)
    assert calls == [("importance", done, 5) for done in range(1, 6)]
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


class Rank(Ranks):
    """One of two, that meets the other's items when it gathers."""

    others: list

    def gather(self, items):
        return items + self.others


def test_ranks_share_the_channels():
    net = lively(build_network(NetworkConfig(T=2, channels=5), seed=1)).eval()
    images = garments(40)
    alone = channel_importance(net, images)
    assert len(set(alone.correct_without.tolist())) > 1
    for rank, mine in ((0, [0, 2, 4]), (1, [1, 3])):
        ranks, calls = Rank(rank, 2), []
        theirs = [channel for channel in range(5) if channel not in mine]
        object.__setattr__(
            ranks, "others", [(channel, int(alone.correct_without[channel])) for channel in theirs]
        )
        found = channel_importance(
            net, images, ranks=ranks, progress=lambda *call, calls=calls: calls.append(call)
        )
        assert found.correct_without.tolist() == alone.correct_without.tolist()
        assert found.correct == alone.correct
        assert calls[-1] == ("importance", len(mine), len(mine))


def test_images_that_are_not_square():
    config = NetworkConfig(T=2, channels=3, image_size=(8, 13))
    net = lively(build_network(config, seed=2)).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 13), np.uint8)
    images = ImageSet("noise", pixels, np.arange(30, dtype=np.uint8) % 10)
    found = channel_importance(net, images)
    expected = [correct_without(net, images, channel) for channel in range(3)]
    assert found.correct_without.tolist() == expected


def test_images_without_labels_are_refused():
    net = build_network(NetworkConfig(T=1, channels=2))
    with pytest.raises(DataError, match="no labels"):
        channel_importance(net, ImageSet("pictures", garments(3).images))


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_a_network_that_has_just_learned_is_measured_and_keeps_its_potentials(pooling):
    net = lively(build_network(NetworkConfig(T=2, channels=4, pooling=pooling), seed=1))
    images = garments(30)
    fresh = channel_importance(net.eval(), images)
    net(torch.from_numpy(images.batch(range(30)))).sum().backward()
    potential, weights = net.conv[0].v, net.static_conv[1].weight.clone()
    found = channel_importance(net, images)
    assert found.correct_without.tolist() == fresh.correct_without.tolist()
    assert net.conv[0].v is potential
    assert torch.equal(net.static_conv[1].weight, weights)
