"""Exact first-spike times of leaky neurons, against the neurons stepped for each float."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron

from snnviz.adapters.frameworks.spikingjelly import FRAMEWORK
from snnviz.neurons.first_spike import first_spike
from snnviz.neurons.resetting import Resetting, first_spikes

NODES = {
    "LIF": neuron.LIFNode,
    "LIF, slower": lambda: neuron.LIFNode(tau=3.7),
    "LIF, from below": lambda: neuron.LIFNode(tau=1.3, v_threshold=0.6, v_reset=-0.4),
    "LIF, whole input": lambda: neuron.LIFNode(tau=5.0, decay_input=False),
    "PLIF": lambda: neuron.ParametricLIFNode(init_tau=2.7),
    "QIF": neuron.QIFNode,
}


def stepped(node, T):
    @torch.no_grad()
    def emit(drives):
        functional.reset_net(node)
        given = torch.from_numpy(drives)
        return np.stack([node(given).numpy().astype(np.uint8) for _ in range(T)])

    return emit


def first_of(trains):
    return np.where(trains.any(axis=0), trains.argmax(axis=0), len(trains))


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("T", [1, 4, 32])
def test_each_float_near_a_threshold(name, T):
    emit = stepped(node := NODES[name](), T)
    found = first_spikes(FRAMEWORK.resets(node), T, emit)
    bits = np.unique(found.thresholds).view(np.int32)[:, None] + np.arange(-3000, 3000)
    odd = np.float32([0, -0.0, 1e-45, -1e-45, 1e-38, found.low, found.high])
    drives = np.concatenate([bits.astype(np.int32).ravel().view(np.float32), odd])
    trains = emit(drives)
    times = first_spike(drives, found.thresholds)
    np.testing.assert_array_equal(times, first_of(trains))
    steps = np.arange(1, T + 1)[:, None]
    np.testing.assert_array_equal(trains, steps % (times.astype(int) + 1) == 0)
    assert len(set(times.tolist())) > T / 3


@pytest.mark.parametrize("name", NODES)
def test_drives_all_over_the_range(name):
    emit = stepped(node := NODES[name](), 32)
    found = first_spikes(FRAMEWORK.resets(node), 32, emit)
    drives = np.random.default_rng(0).normal(0, 3, 200_000).astype(np.float32)
    inside = drives[(drives >= found.low) & (drives <= found.high)]
    assert len(inside) > 190_000
    np.testing.assert_array_equal(first_spike(inside, found.thresholds), first_of(emit(inside)))


def test_quadratic_neurons_do_fire_below_the_range():
    emit = stepped(node := neuron.QIFNode(), 32)
    found = first_spikes(FRAMEWORK.resets(node), 32, emit)
    assert found.low < -4
    assert emit(np.float32([-40.0])).any()


@pytest.mark.parametrize("change", [{"gain": 0.55}, {"threshold": 1.01}, {"decay": 0.52}])
def test_a_rule_that_is_not_the_neurons_is_not_used(change):
    node = neuron.LIFNode()
    rule = FRAMEWORK.resets(node)
    assert first_spikes(replace(rule, **change), 8, stepped(node, 8)) is None


def test_a_neuron_that_does_not_start_anew_is_not_used():
    node = neuron.LIFNode(v_reset=None)
    assert first_spikes(Resetting(0.5, 0.5, 1.0), 8, stepped(node, 8)) is None


def test_a_rounding_that_is_no_step_function_is_not_used():
    emit = stepped(neuron.LIFNode(), 4)
    odd = np.nextafter(np.float32(2), np.float32(3))

    def holed(drives):
        trains = emit(drives)
        trains[0, drives == odd] = 0
        return trains

    assert first_spikes(Resetting(0.5, 0.5, 1.0), 4, emit) is not None
    assert first_spikes(Resetting(0.5, 0.5, 1.0), 4, holed) is None


@pytest.mark.parametrize(
    "rule",
    [
        Resetting(0.5, float("nan"), 1.0),
        Resetting(1.5, 0.5, 1.0),
        Resetting(0.5, 0.5, 1.0, start=1.0),
        Resetting(0.5, -0.5, 1.0),
        Resetting(0.5, 0.5, 1.0, quadratic=-1.0),
    ],
)
def test_rules_without_bounds(rule):
    assert first_spikes(rule, 4, lambda drives: pytest.fail(f"asked about {drives}")) is None
