"""The networks of SpikingJelly are what the corpus says they are: nothing here knows snnviz."""

from collections import Counter
from dataclasses import fields, replace

import pytest
import torch

from tests.adapters.zoo.network import Network, images, truth
from tests.adapters.zoo.spikingjelly import NETWORKS

RUNNING = [network for network in NETWORKS if not network.refused]
REFUSED = [network for network in NETWORKS if network.refused]
RESETS = {"hard", "soft", "hard, delayed", "none", "other"}
FORMS = {"one step a call", "[T, N, ...]", "[N, T, ...]", "[N*T, ...]", "its own loop"}
ORIGINS = {"zoo", "example", "constructor", "own module"}


def named(networks: list[Network]):
    return pytest.mark.parametrize("network", networks, ids=lambda network: network.name)


@named(RUNNING)
def test_the_layer_fires_in_every_step_as_the_images_ask(network):
    spikes = truth(network, 3)
    assert spikes.shape[:2] == (network.T, 3)
    assert spikes.ndim >= 3
    assert spikes.isfinite().all()
    assert (spikes >= 0).all()
    counts = (spikes != 0).sum(0)
    assert 0 < counts.sum() < spikes.numel()  # not all silent, not all saturated
    assert not torch.equal(counts[0], counts[1])
    assert not torch.equal(counts[1], counts[2])


@named(RUNNING)
def test_the_layer_is_the_first_that_is_called(network):
    net, called = network.build().eval(), []
    layer = dict(net.named_modules())[network.layer]
    assert type(layer).__name__ == network.neuron

    def note(module, *_):
        called.append(module)

    for module in net.modules():
        if _spikes(module):
            module.register_forward_pre_hook(note)
    with torch.no_grad():
        network.run(net, images(network), network.T)
    assert called[0] is layer


@named(RUNNING)
def test_the_reset_is_what_the_neuron_says(network):
    layer = dict(network.build().named_modules())[network.layer]
    if hasattr(layer, "v_reset"):
        allowed = {"soft"} if layer.v_reset is None else {"hard"}
        assert network.reset in allowed | {"other"}


@named(RUNNING[::5])
def test_a_network_is_built_alike_each_time(network):
    before = torch.random.get_rng_state()
    spikes = truth(network, 2)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(77)
    assert torch.equal(spikes, truth(network, 2))


@named(REFUSED)
def test_what_is_refused_is_built(network):
    assert network.build() is not None
    assert network.run is None


def test_the_oracle_takes_the_first_of_several_calls_in_a_step():
    shared = next(network for network in RUNNING if network.name == "spikingjelly/own/shared")
    calls = []
    net = shared.build().eval()
    net.act.register_forward_hook(lambda *given: calls.append(given[2].clone()))
    with torch.no_grad():
        shared.run(net, images(shared), 4)
    assert len(calls) == 8
    assert torch.equal(truth(shared), torch.stack(calls[0::2]))
    assert not torch.equal(truth(shared), torch.stack(calls[1::2]))


def test_the_oracle_gives_time_first_whatever_the_form():
    by_name = {network.name.rpartition("/")[2]: network for network in RUNNING}
    first, second = by_name["loop_time_first"], by_name["loop_time_second"]
    assert torch.equal(truth(first), truth(second))
    stepped, many = by_name["if_soft"], by_name["simple_if_soft_m"]
    assert torch.equal(truth(stepped), truth(many))


def test_the_oracle_does_not_guess_the_steps_of_a_loop_that_is_not_its_own():
    looping = next(network for network in RUNNING if network.form == "its own loop")
    with pytest.raises(AssertionError, match="sets its own T"):
        truth(looping, 3, 2)


def test_images_are_textured_seeded_and_different():
    colour = next(network for network in NETWORKS if network.shape == (3, 32, 32))
    drawn = images(colour, 4)
    assert drawn.shape == (4, 3, 32, 32)
    assert (drawn.min(), drawn.max()) == (0, 1)
    assert torch.equal(drawn, images(replace(colour, name="another"), 4))
    assert torch.equal(drawn[:2], images(colour, 2))
    assert not torch.equal(drawn[0], drawn[1])


def test_the_corpus_is_as_wide_as_it_says():
    assert max(Counter(network.name for network in NETWORKS).values()) == 1
    for network in NETWORKS:
        assert network.name.startswith("spikingjelly/")
        assert {network.reset} <= RESETS
        assert {network.form} <= FORMS
        assert {network.origin} <= ORIGINS
        assert len(fields(network)) == 12
    assert len(RUNNING) >= 150
    assert len({network.neuron for network in RUNNING}) >= 36


def _spikes(module):
    """Say whether a module is a neuron of its framework, or made of one, that emits spikes."""
    for kind in type(module).__mro__:
        room = kind.__module__
        if room.startswith("spikingjelly.activation_based.neuron"):
            return "NonSpiking" not in type(module).__name__
    return False
