"""Exact first-spike times of leaky neurons, against the neurons stepped for each float."""

from dataclasses import replace

import numpy as np
import pytest
import sinabs.layers
import torch
from sinabs.activation import MaxSpike, MembraneReset, SingleSpike
from spikingjelly.activation_based import functional, neuron

from snnviz.adapters.frameworks.sinabs import FRAMEWORK as SINABS
from snnviz.adapters.frameworks.spikingjelly import FRAMEWORK
from snnviz.neurons.first_spike import first_spike, simulate_first_spike
from snnviz.neurons.repeating import first_spikes, integrating
from snnviz.neurons.resetting import Resetting

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


SEVERAL = {
    "IAF": lambda: sinabs.layers.IAF(reset_fn=MembraneReset()),
    "IAF, higher": lambda: sinabs.layers.IAF(spike_threshold=0.7, reset_fn=MembraneReset()),
    "LIF": lambda: sinabs.layers.LIF(10.0, reset_fn=MembraneReset()),
    "LIF, whole input": lambda: sinabs.layers.LIF(
        3.0, norm_input=False, spike_threshold=1.3, reset_fn=MembraneReset()
    ),
}


def stepped_by_sinabs(node, T):
    @torch.no_grad()
    def emit(drives):
        node.reset_states()
        given = torch.from_numpy(drives)[:, None].repeat(1, T)
        return node(given).numpy().T.astype(np.uint8)

    return emit


def looked_up(found, drives):
    """Trains by first-spike times and numbers, and the places where they are not known."""
    short = len(found.cuts) - np.searchsorted(found.cuts, drives, side="right")
    times, each, unknown = found.read(short.astype(np.uint8))
    fires = np.arange(1, len(found.thresholds) + 1)[:, None] % (times.astype(int) + 1) == 0
    return fires * (1 if each is None else each), unknown


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("T", [1, 5, 32])
def test_each_float_near_a_further_spike(name, T):
    emit = stepped_by_sinabs(node := SEVERAL[name](), T)
    found = first_spikes(SINABS.resets(node), T, emit)
    assert len(found.several) == 31
    bits = np.unique(found.cuts[1:]).view(np.int32)[:, None] + np.arange(-1500, 1500)
    drives = bits.astype(np.int32).ravel().view(np.float32)
    drives = np.concatenate([drives, np.float32([0, -0.0, -3, found.low, found.high])])
    expected = emit(drives)
    trains, unknown = looked_up(found, drives)
    np.testing.assert_array_equal(unknown, np.flatnonzero(drives > found.high))
    known = np.delete(np.arange(len(drives)), unknown)
    np.testing.assert_array_equal(trains[:, known], expected[:, known])
    assert set(expected[:, known].ravel().tolist()) == set(range(33))


@pytest.mark.parametrize("name", SEVERAL)
def test_any_drive_of_neurons_that_fire_several_times(name):
    emit = stepped_by_sinabs(node := SEVERAL[name](), 32)
    found = first_spikes(SINABS.resets(node), 32, emit)
    drives = np.random.default_rng(0).normal(0, found.high / 4, 100_000).astype(np.float32)
    trains, unknown = looked_up(found, drives)
    assert len(unknown) < 100
    known = np.delete(np.arange(len(drives)), unknown)
    np.testing.assert_array_equal(trains[:, known], emit(drives)[:, known])


@pytest.mark.parametrize("spike", [SingleSpike, MaxSpike(4)])
def test_neurons_whose_spikes_are_limited(spike):
    node = sinabs.layers.IAF(spike_fn=spike, reset_fn=MembraneReset())
    emit = stepped_by_sinabs(node, 8)
    found = first_spikes(SINABS.resets(node), 8, emit)
    assert len(found.several) == 0
    drives = np.random.default_rng(0).normal(0, 2, 10_000).astype(np.float32)
    trains, unknown = looked_up(found, drives)
    assert set(unknown.tolist()) == set(np.flatnonzero(drives > found.high).tolist())
    known = np.delete(np.arange(len(drives)), unknown)
    np.testing.assert_array_equal(trains[:, known], emit(drives)[:, known])


def test_a_number_of_spikes_that_is_not_the_neurons_is_not_used():
    emit = stepped(node := neuron.LIFNode(), 8)
    found = first_spikes(replace(FRAMEWORK.resets(node), several=True), 8, emit)
    assert len(found.several) == 0
    assert found.high < 4.0


@pytest.mark.parametrize("T", [1, 16, 253, 254, 300])
def test_neurons_that_integrate_are_known_for_each_drive(T):
    found = integrating(1.0, -0.2, T)
    drives = np.random.default_rng(0).normal(0, 1, 5000).astype(np.float32)
    drives[:4] = np.float32([3.4e38, -3.4e38, 0.0, 1.2])
    times, each, unknown = found.read(first_spike(drives, found.cuts))
    np.testing.assert_array_equal(times, simulate_first_spike(1.0, -0.2, drives, T))
    assert times.dtype == np.min_scalar_type(T)
    assert each is None
    assert not len(unknown)


def test_drives_beyond_the_range_are_said():
    found = first_spikes(FRAMEWORK.resets(node := neuron.QIFNode()), 8, stepped(node, 8))
    above = np.nextafter(found.high, np.float32(np.inf))
    below = np.nextafter(found.low, np.float32(-np.inf))
    drives = np.float32([[0.5, above, found.high], [below, found.low, 1.5]])
    short = first_spike(drives, found.cuts)
    times, each, unknown = found.read(short)
    assert unknown.tolist() == [1, 3]
    assert each is None
    assert times[0, 2] == 0
    assert times[1, 1] == 8
