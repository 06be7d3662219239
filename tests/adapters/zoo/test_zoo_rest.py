"""The networks of snnTorch, Norse and sinabs do what the corpus says of them, without snnviz."""

import pytest
import torch

from tests.adapters.zoo.network import Network, images, truth
from tests.adapters.zoo.rest import NETWORKS

RECORDED = [network for network in NETWORKS if not network.refused]


@pytest.mark.parametrize("network", RECORDED, ids=lambda network: network.name)
def test_the_layer_emits_T_steps_of_N_images_that_differ(network: Network):
    T, N = network.T, 3
    spikes = truth(network)
    assert spikes.shape[:2] == (T, N)
    assert 0 < torch.count_nonzero(spikes) < spikes.numel()
    assert not torch.equal(spikes[:, 0], spikes[:, 1])
    values = spikes.unique()
    assert values.min() == 0
    assert len(values) == 2 or torch.equal(values, values.round())
    assert torch.equal(spikes, truth(network))


@pytest.mark.parametrize("network", RECORDED, ids=lambda network: network.name)
def test_the_layer_is_the_first_that_is_called(network: Network):
    net, order = network.build().eval(), []
    for name, module in net.named_modules():
        if type(module).__name__ == network.neuron:
            module.register_forward_hook(lambda *_, name=name: order.append(name))
    with torch.no_grad():
        network.run(net, images(network), network.T)
    assert order[0] == network.layer


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_two_builds_are_equal(network: Network):
    one, other = network.build().state_dict(), network.build().state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_names_are_unique_and_there_are_enough():
    names = [network.name for network in NETWORKS]
    assert len(set(names)) == len(names) >= 55
