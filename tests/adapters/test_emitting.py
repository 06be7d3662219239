"""What a layer emitted becomes spikes or counts, or a sentence."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.emitting import Emissions, compact
from snnviz.adapters.finding import UNKNOWN, Layer
from snnviz.adapters.frameworks.spikingjelly import FRAMEWORK
from snnviz.errors import ConfigError


def emitted(*steps, several=False):
    """Emissions of [t, N = 1, K] steps; of neurons that may fire several times a step."""
    node = neuron.ILIFNode() if several else neuron.IFNode()
    found = Emissions(Layer("conv.1", node, FRAMEWORK))
    for step in steps:
        found.add(compact(torch.tensor([[step]])))
    return found


def test_zeros_and_ones_are_spikes():
    found = emitted([0.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    assert found.T == 2
    assert found.values(2).dtype == torch.bool
    record = found.record(2)
    assert record.most == 1
    assert record.count(1).tolist() == [[1, 2, 0]]
    assert record.first_spike.tolist() == [[1, 0, 2]]


def test_counts_may_exceed_the_steps():
    found = emitted([0.0, 4.0, 1.0], [3.0, 2.0, 0.0])
    record = found.record(2)
    assert record.most == 4
    assert record.count(0).tolist() == [[0, 4, 1]]
    assert record.count(1).tolist() == [[3, 6, 1]]
    assert record.spikes().sum() == 4
    assert found.sizes() == {1.0, 2.0, 3.0, 4.0}


@pytest.mark.parametrize("size", [0.3, 6.0, 20.0, 1.0])
def test_spikes_of_one_size_count_as_one_each(size):
    record = emitted([0.0, size], [size, size]).record(2)
    assert record.most == 1
    assert record.count(1).tolist() == [[1, 2]]


def test_one_size_is_a_count_where_neurons_fire_several_times():
    assert emitted([0.0, 3.0], several=True).record(1).count(0).tolist() == [[0, 3]]
    # A size that is no whole number is none.
    assert emitted([0.0, 0.5], several=True).record(1).count(0).tolist() == [[0, 1]]


def test_a_negative_zero_is_silence():
    found = emitted([-0.0, 1.0], [-0.0, -0.0])
    assert found.values(2).tolist() == [[[False, True]], [[False, False]]]
    assert emitted([-0.0, 2.0, 3.0]).record(1).count(0).tolist() == [[0, 2, 3]]
    assert emitted([-0.0, 1.0]).equals(emitted([0.0, 1.0]))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([0.0, 1.0, -1.0], r"conv.1 \(IFNode\) emits values of both signs, down to -1"),
        ([0.0, 0.25, 1.0], r"conv.1 \(IFNode\) emits analog values such as 0.25 and 1, no spikes"),
        ([0.0, 1.0, float("nan")], "not finite"),
        ([0.0, float("inf"), 1.0], "not finite"),
    ],
)
def test_what_is_no_spike_train_is_refused_with_the_reason(steps, message):
    with pytest.raises(ConfigError, match=message):
        emitted(steps).record(1)


def test_one_bad_step_among_good_ones_is_seen():
    good = [0.0, 1.0, 0.0]
    found = emitted(good, good, [0.0, -1.0, 1.0])
    assert found.record(2).count(1).tolist() == [[0, 2, 0]]
    with pytest.raises(ConfigError, match="both signs"):
        found.record(3)


def test_spikes_of_two_sizes_at_two_steps_are_analog():
    with pytest.raises(ConfigError, match=r"0\.5 and 0\.7"):
        emitted([0.0, 0.5], [0.0, 0.7]).record(2)


def test_a_network_that_is_its_own_layer_is_named():
    found = Emissions(Layer("", nn.Identity(), UNKNOWN))
    found.add(torch.tensor([[[-1.0]]]))
    with pytest.raises(ConfigError, match=r"the network \(Identity\) emits"):
        found.record(1)


def test_equal_emissions_are_told_from_others():
    some = emitted([0.0, 1.0], [1.0, 1.0])
    assert some.equals(emitted([0.0, 1.0], [1.0, 1.0]))
    assert not some.equals(emitted([0.0, 1.0]))
    assert not some.equals(emitted([0.0, 1.0], [1.0, 2.0]))
    assert not emitted([0.0, 0.5]).equals(emitted([0.0, 1.0]))


def test_what_is_kept_is_a_copy():
    for values in ([0.0, 1.0], [0.0, 0.5]):
        there = torch.tensor([values])
        kept = compact(there)
        assert kept.dtype == (torch.bool if 1.0 in values else torch.float32)
        there.fill_(7)
        assert kept.double().tolist() == [values]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64])
@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([0, 1, 1], torch.bool),
        ([2, 0, 1], torch.uint8),
        ([255, 0, 1], torch.uint8),
        ([256, 0, 1], None),
        ([-1, 0, 1], None),
        ([-255, 0, 1], None),
    ],
)
def test_whole_numbers_are_bytes(values, kept, dtype):
    # A block more, and axes that are not in the order of memory.
    there = torch.tensor([values, values[::-1]] * 50_000).to(dtype).T
    found = compact(there)
    assert found.dtype == (kept or dtype)
    assert torch.equal(found.double(), there.double())
    assert found.data_ptr() != there.data_ptr()


@pytest.mark.parametrize("odd", [0.5, float("nan"), float("inf"), -float("inf"), 1e20])
@pytest.mark.parametrize("place", [0, 70_000])
def test_other_numbers_stay_as_they_are(odd, place):
    there = torch.ones(100_000)
    there[place] = odd
    assert torch.equal(compact(there).nan_to_num(7), there.nan_to_num(7))
    assert compact(there).dtype == torch.float32


def test_the_least_and_the_greatest_size():
    assert emitted([0.0, 4.0, 2.0], [1.0, 0.0, 3.0]).extremes() == {1.0, 4.0}
    assert emitted([0.0, 5.0, 2.0]).extremes() == {2.0, 5.0}
    assert emitted([0.0, 0.5, 0.5]).extremes() == {0.5}
    assert emitted([0.0, 0.0], [0.0, 7.0]).extremes() == {7.0}
    assert emitted([0.0, 0.0], [0.0, 0.0]).extremes() == set()
    assert emitted([0.0, 1.0]).extremes() == {1.0}
    assert emitted([255.0, 0.0]).extremes() == {255.0}


def test_types_of_numbers_do_not_matter():
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16):
        found = Emissions(Layer("1", neuron.IFNode(), FRAMEWORK))
        found.add(compact(torch.tensor([[[0, 1, 1]]]).to(dtype)))
        assert np.array_equal(found.record(1).steps(), [[[0, 1, 1]]])


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (3, 2, 3, 5)])
def test_spikes_are_kept_a_bit_each_and_come_back(shape):
    steps = torch.rand(5, *shape, generator=torch.Generator().manual_seed(1)) < 0.4
    found = Emissions(Layer("1", neuron.IFNode(), FRAMEWORK))
    found.add(steps)
    assert torch.equal(found.values(5), steps)
    assert torch.equal(torch.stack(list(found.by_step(4))), steps[:4])
    assert (found.shape, found.total(1)) == (shape, float(steps[:, :1].sum()))
    assert np.array_equal(found.record(5).steps(), steps.numpy())
    other = Emissions(Layer("1", neuron.IFNode(), FRAMEWORK))
    steps[4].view(-1)[-1] ^= True
    other.add(steps)
    assert not found.equals(other)
