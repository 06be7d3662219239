"""Published models of energy: their published numbers, and sums by hand."""

import math
from dataclasses import replace
from unittest.mock import patch

import pytest

from snnviz.metrics import energy_models
from snnviz.metrics.energy_models import (
    activation_bits,
    arithmetic,
    break_even_rate,
    memory,
    same_bits,
)
from snnviz.metrics.memory import joules
from snnviz.metrics.operations import LayerOperations, NeuronOperations


def linear(inputs, outputs, T, rate=None, *, name="fc", bias=False):
    """A linear layer whose inputs fire at a rate, or are values."""
    spikes = None if rate is None else inputs * T * rate
    return LayerOperations(
        name=name,
        kind="Linear",
        sees="values" if rate is None else "spikes",
        steps=1 if rate is None else T,
        inputs=inputs,
        outputs=outputs,
        weights=inputs * outputs,
        bias=bias,
        channels=outputs,
        fan_out=outputs,
        kernel=(),
        stride=(),
        macs=inputs * outputs,
        padded_macs=inputs * outputs,
        spikes=spikes,
        synops=None if spikes is None else spikes * outputs,
    )


@pytest.mark.parametrize("T", range(1, 70))
def test_bits_are_as_many_as_the_rates_of_T_steps_need(T):
    assert activation_bits(T) == math.ceil(math.log2(T + 1))


def test_counts_need_more_bits():
    assert activation_bits(4, 3) == math.ceil(math.log2(13))


# Of arXiv:2409.08290: the first stands in its abstract (version 4), the others are reported of it.
PUBLISHED = [
    (5, 4096, 4, {}, 0.057, 0.0005),
    (5, 64, 4, {}, 0.054, 0.0005),
    (2, 4096, 4, {}, 0.104, 0.001),
    (2, 4096, 8, {}, 0.123, 0.001),
    (3, 4096, 8, {}, 0.082, 0.001),
    # The extremes of a search over constants, one of them half or one and a half as large.
    (5, 4096, 4, {"STORAGE": 0.5}, 0.0539, 0.0005),
    (5, 4096, 4, {"STORAGE": 1.5}, 0.0608, 0.0005),
    (5, 4096, 4, {"DENSE_MOVE": 0.5}, 0.0341, 0.001),
    (5, 4096, 4, {"SPARSE_MOVE": 0.5}, 0.1080, 0.002),
]


@pytest.mark.parametrize(("T", "inputs", "bits", "scaled", "published", "within"), PUBLISHED)
def test_spikes_win_below_the_published_rates(T, inputs, bits, scaled, published, within):
    values = {name: share * getattr(energy_models, name) for name, share in scaled.items()}
    with patch.multiple(energy_models, WEIGHT_BITS=bits, **values):
        rate = break_even_rate([linear(inputs, 10, T, 0.5)])
        assert rate == pytest.approx(published, abs=within)
        # And there both networks take the same.
        model = same_bits([linear(inputs, 10, T, rate)])
        assert model.spiking == pytest.approx(model.ordinary, rel=1e-9)
        assert same_bits([linear(inputs, 10, T, rate * 1.1)]).ratio > 1
        assert same_bits([linear(inputs, 10, T, rate * 0.9)]).ratio < 1


def test_many_steps_lose_even_in_near_silence():
    rates = [break_even_rate([linear(4096, 10, T, 0.1)]) for T in (1, 2, 4, 8, 16, 64)]
    assert rates == sorted(rates, reverse=True)
    # Potentials that are read and written at each step cost more than few products do.
    assert break_even_rate([linear(4, 10, 64, 0.1)]) == 0
    assert break_even_rate([linear(4, 10, 4)]) is None


def test_arithmetic_is_that_of_horowitz():
    layers = [linear(784, 64, 4), linear(64, 10, 4, 0.25, name="out")]
    model = arithmetic(layers)
    assert model.by_layer == {
        "fc": pytest.approx(784 * 64 * 4.6e-12),
        "out": pytest.approx(64 * 0.25 * 4 * 10 * 0.9e-12),
    }
    assert model.ordinary == pytest.approx((784 * 64 + 640) * 4.6e-12)
    assert model.ratio == pytest.approx(model.spiking / model.ordinary)


def test_memory_is_counted_as_on_paper():
    """100 spikes into 10 outputs: each reads itself, and 10 weights and potentials, and adds."""
    layer = linear(256, 10, 4, 100 / 1024)
    kib = 10e-12 / (8 << 10)  # a word of a memory of up to 8 KiB, by its bytes
    weights = 10e-12 + (20e-12 - 10e-12) * (10240 - 8192) / (32768 - 8192)
    expected = 100 * 4000 * kib + 1000 * (weights + 2 * 40 * kib) + (1000 + 1000) * 0.1e-12
    assert memory([layer], []).by_layer["fc"] == pytest.approx(expected)
    neurons = NeuronOperations("n", "LIFNode", 10, 4, 7.0, leaky=True)
    expected = 80 * 40 * kib + 7 * 4000 * kib + 7 * 0.1e-12 + 40 * 3.2e-12
    assert memory([], [neurons]).by_layer["n"] == pytest.approx(expected)
    still = replace(neurons, leaky=False)
    assert memory([], [still]).spiking == pytest.approx(expected - 40 * 3.2e-12)


def test_large_memories_cost_as_one_of_a_mebibyte():
    costs = [memory([linear(inputs, 1000, 1)], []).spiking / inputs for inputs in (1000, 4000)]
    assert costs[0] == pytest.approx(costs[1], rel=0.01)


def test_silence_reads_nothing_but_potentials():
    silent = linear(100, 10, 4, 0.0)
    assert arithmetic([silent]).spiking == memory([silent], []).spiking == 0
    assert same_bits([silent]).spiking > 0
    assert joules(energy_models.accesses(silent)) == 0


def test_every_model_says_what_it_is_from():
    layers = [linear(784, 64, 4), linear(64, 10, 4, 0.25, name="out")]
    for model in (each(layers, []) for each in energy_models.MODELS):
        told = model.as_dict()
        assert told["constants"]
        assert told["cite"]
        assert told["source"]
        assert told["leaves_out"]
    assert math.isnan(same_bits([linear(4, 4, 2)]).ratio)
    assert same_bits([linear(4, 4, 2)]).as_dict()["ratio"] is None
