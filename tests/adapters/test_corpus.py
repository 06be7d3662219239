"""Every network of the corpus: its spikes are those of its framework, and it is left as it was."""

import numpy as np
import pytest
import torch

from snnviz.adapters import chunks, stepping, still
from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import record
from snnviz.errors import SnnvizError
from tests.adapters.catalogue import (
    by_encoder,
    by_record,
    expected,
    names,
    sentence,
)
from tests.adapters.photographs import photograph
from tests.adapters.zoo import MISSING, NETWORKS, PACKAGES, images

# What frameworks say of their own future, and the encoder of networks that it cannot copy.
pytestmark = pytest.mark.filterwarnings("ignore")

RECORDED = [network for network in NETWORKS if not network.refused]
REFUSED = [network for network in NETWORKS if network.refused]


def of(networks):
    """All of them by name."""
    return pytest.mark.parametrize(
        "network", [pytest.param(each, id=each.name) for each in networks]
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_corpus_is_whole(package):
    if package in MISSING:
        pytest.skip(f"{package} is not installed, its networks are left out: .[frameworks]")
    assert len(NETWORKS) > 350


@pytest.mark.parametrize("way", [by_record, pytest.param(by_encoder, marks=pytest.mark.slow)])
@of(RECORDED)
def test_spikes_are_those_of_the_frameworks_own_run(network, way):
    name, found = way(network)
    want = expected(network)
    assert name in names(network)
    assert found.steps().shape == want.shape
    assert np.array_equal(found.steps(), want)
    assert np.array_equal(found.count(network.T - 1), want.sum(0))
    first = np.where(want.any(0), (want > 0).argmax(0), network.T)
    assert np.array_equal(found.first_spike, first)


@pytest.mark.slow
@of(RECORDED)
def test_so_are_those_of_layers_that_pass_for_large(network, monkeypatch):
    """Their times are looked up, and found from pixels at once, however few neurons there are."""
    monkeypatch.setattr(stepping, "_WORTH", 1)
    monkeypatch.setattr(still, "_WORTH_LOADING", 0)
    monkeypatch.setattr(chunks, "_IMAGES", 2)
    _, found = by_encoder(network)
    np.testing.assert_array_equal(found.steps(), expected(network))


@pytest.mark.parametrize("way", [by_record, by_encoder])
@of(REFUSED)
def test_what_has_no_record_is_refused_with_the_reason(network, way):
    with pytest.raises(SnnvizError) as refused:
        way(network)
    assert sentence(network) in str(refused.value)
    assert "\n" not in str(refused.value)


def used(network):
    """The network as found amid training: with gradients, and with what an earlier run left."""
    net = network.build().eval()
    if not network.refused:
        with torch.no_grad():
            network.run(net, images(network, 3).flip(0), network.T)
    net.train()
    for number, parameter in enumerate(net.parameters()):
        if parameter.is_floating_point() and parameter.requires_grad:
            parameter.grad = torch.full_like(parameter, number / 7)
    return net


@pytest.mark.slow  # all of them together
@of(NETWORKS)
def test_the_network_is_left_as_it_was_found(network):
    net = used(network)
    before = photograph(net)
    for run in (
        lambda: record(net, images(network), network.T),
        lambda: split_encoder(net).encode(images(network), network.T),
    ):
        if network.refused:
            with pytest.raises(SnnvizError):
                run()
        else:
            run()
        after = photograph(net)
        assert [key for key in before if before[key] != after.get(key)] == []
        assert before.keys() == after.keys()


@of(RECORDED[::4])
def test_the_network_is_left_as_it_was_found_after_an_error(network):
    net, called = used(network), []

    def failing(*_):
        called.append(True)
        raise ValueError("a user's own hook fails")

    net.get_submodule(network.layer).register_forward_hook(failing)
    before = photograph(net)
    for wrong in (images(network), torch.zeros(2, 5, 3, 1, 7)):
        with pytest.raises(SnnvizError):
            record(net, wrong, network.T)
    assert called
    after = photograph(net)
    assert [key for key in before if before[key] != after.get(key)] == []
    assert before.keys() == after.keys()
