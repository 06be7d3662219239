"""What a code costs, against plain loops and against what a whole network was measured to do."""

import numpy as np
import pytest
import torch

from snnviz.data import garments, to_input
from snnviz.errors import ConfigError
from snnviz.metrics import Cost
from snnviz.metrics.energy import JOULES_PER_ADDITION, JOULES_PER_MAC
from snnviz.records.spikes import SpikeRecord
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively
from tests.metrics.conftest import random_case


def loop_cost(spikes, outputs):
    """Pooled spikes and synaptic operations of all images: bool [T, n, K, H, W]."""
    pooled = synops = 0
    *some, H, W = spikes.shape
    for at in np.ndindex(*some, H // 2, W // 2):
        y, x = 2 * at[-2], 2 * at[-1]
        if spikes[(*at[:-2], slice(y, y + 2), slice(x, x + 2))].any():
            pooled += 1
            rows = sum(0 <= at[-2] + step < H // 2 for step in (-1, 0, 1))
            columns = sum(0 <= at[-1] + step < W // 2 for step in (-1, 0, 1))
            synops += rows * columns * outputs
    return pooled, synops


@pytest.mark.parametrize("kind", ["renewal", "trains"])
@pytest.mark.parametrize("T", [1, 8, 13, 70])
def test_costs_are_those_of_a_loop(kind, T, rng):
    """Maps of odd sides, a silent and a saturated channel among them."""
    case = random_case(rng, kind, T, 3, (3, 5, 7))
    result = case.fed(Cost, outputs=6, macs=11).result()
    pooled, synops = loop_cost(case.record.spikes(), 6)
    assert (result.pooled_spikes, result.synops) == (pooled / 3, synops / 3)
    assert result.joules == pytest.approx(11 * JOULES_PER_MAC + synops / 3 * JOULES_PER_ADDITION)


@pytest.mark.parametrize("v_reset", [0.0, None])
def test_costs_are_those_of_the_network_behind(v_reset):
    """`evaluation_report` counts what enters the second convolution; so does SpikingJelly."""
    config = NetworkConfig(T=4, channels=5, image_size=(12, 15), v_reset=v_reset)
    net = lively(build_network(config, seed=2)).eval()
    images = garments(6)
    images = type(images)(images.name, images.images[:, :12, :15], images.labels, images.classes)
    record = load_encoder(net).encode(torch.from_numpy(to_input(images.images)), 4)
    assert record.is_renewal == (v_reset is not None)
    cost = Cost(4, (5, 12, 15), outputs=5)
    cost.update(record, images.images)
    expected = evaluation_report(net, images).synops["conv.2"]
    assert cost.result().synops == pytest.approx(expected, rel=1e-12)
    assert expected > 0


def test_silence_is_free_and_saturation_costs_all():
    images = np.zeros((2, 4, 4), np.uint8)
    for first, spikes in ((8, 0), (0, 8 * 3 * 4)):
        record = SpikeRecord.from_first_spike(np.full((2, 3, 4, 4), first), 8)
        cost = Cost(8, (3, 4, 4), outputs=7)
        cost.update(record, images)
        # All four places of a pooled 2 x 2 map lie in a corner, where 4 of 9 weights reach.
        assert cost.result().pooled_spikes == spikes
        assert cost.result().synops == spikes * 4 * 7


def test_maps_too_small_to_pool_reach_nothing():
    record = SpikeRecord.from_first_spike(np.zeros((1, 1, 1, 5), int), 3)
    cost = Cost(3, (1, 1, 5), outputs=2)
    cost.update(record, np.zeros((1, 1, 5), np.uint8))
    assert cost.result().synops == 0


@pytest.mark.parametrize("wrong", [{"outputs": 0}, {"outputs": 1, "macs": -1}])
def test_impossible_layers_are_refused(wrong):
    with pytest.raises(ConfigError, match="give 1 or more"):
        Cost(8, (2, 3, 4), **wrong)


def test_energy_is_that_of_the_same_bits():
    """By hand: 4 bits for 8 steps, and half of all neurons' steps with a spike."""
    cost = Cost(8, (2, 4, 6), outputs=3)
    first = np.full((1, 2, 4, 6), 1, np.uint8)  # fires at every second step
    record = SpikeRecord.from_first_spike(first, 8)
    cost.update(record, np.zeros((1, 4, 6), np.uint8))
    result = cost.result()
    macs = 2 * 3 * (2 * 2) * (3 * 3 - 2)  # taps of 3 x 3 inside 2 x 3 places
    assert (result.synops, result.rate) == (4 * macs, 0.5)
    spiking = 4 * macs * (0.05448 + 3 + 4 * 0.039) + 18 * 8 * (1.5 * 0.05448 + 16 * 0.039)
    nonzero = min(1, 2 * 8 * 0.5 / 9)
    ordinary = macs * (nonzero * 4 * 0.05448 + 0.25 * 4 + 4 * 0.039)
    assert result.same_bits == pytest.approx(spiking / ordinary)
    assert 0 <= result.break_even_rate < 0.05
