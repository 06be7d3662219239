"""Exact thresholds against SpikingJelly's own neuron, stepped through time."""

import pytest
import torch
from spikingjelly.activation_based import functional, neuron

from snnviz.first_spike import drive_thresholds, first_spike, is_renewal

STEPS = [1, 2, 4, 8, 64]


def step_first(node, drive, T):
    """First-spike time by asking the neuron at every step."""
    functional.reset_net(node)
    first = torch.full(drive.shape, T)
    for t in range(T):
        fired = node(drive) == 1
        first[fired & (first == T)] = t
    return first


def neighbours(x, count):
    """The `count` floats below and above each of `x`, and itself."""
    bits = x.view(torch.int32)[:, None] + torch.arange(-count, count + 1, dtype=torch.int32)
    return bits.view(torch.float32).flatten()


@pytest.mark.parametrize("T", STEPS)
def test_every_float_near_each_threshold(T):
    thresholds = drive_thresholds(1.0, 0.0, T)
    drive = neighbours(thresholds, 2000)
    expected = step_first(neuron.IFNode(), drive, T)
    assert torch.equal(first_spike(drive, thresholds).long(), expected)
    assert expected.unique().numel() == T + 1  # each step and silence were met


@pytest.mark.parametrize("T", STEPS)
@pytest.mark.parametrize(("v_threshold", "v_reset"), [(1.0, 0.0), (0.7, 0.1), (1.0, -0.5)])
def test_random_constant_silent_and_saturated_drive(T, v_threshold, v_reset):
    node = neuron.IFNode(v_threshold=v_threshold, v_reset=v_reset)
    generator = torch.Generator().manual_seed(3)
    drive = torch.cat(
        [
            torch.randn(3, 7, 5, generator=generator).flatten(),
            torch.tensor([0.0, -0.0, 1e-45, -1e30, 3e38, 1.0, 0.5, 1 / 3, 1 / 64]),
        ]
    )
    thresholds = drive_thresholds(v_threshold, v_reset, T)
    assert torch.equal(first_spike(drive, thresholds).long(), step_first(node, drive, T))


def test_the_thresholds_are_not_the_rounded_fractions():
    """Rounding while summing matters: 1/k is not where a float32 neuron begins to fire at k."""
    thresholds = drive_thresholds(1.0, 0.0, 64).flip(0)
    fractions = torch.tensor([1 / k for k in range(1, 65)])
    assert (thresholds != fractions).sum() > 20
    assert torch.allclose(thresholds, fractions, rtol=1e-5)


def test_a_threshold_below_reset_always_fires():
    thresholds = drive_thresholds(-1.0, 0.0, 4)
    drive = torch.tensor([-0.9, 0.0, 5.0])
    node = neuron.IFNode(v_threshold=-1.0)
    assert torch.equal(first_spike(drive, thresholds).long(), step_first(node, drive, 4))


def test_many_steps_need_a_wider_type():
    thresholds = drive_thresholds(1.0, 0.0, 300)
    drive = torch.tensor([1 / 290, 0.0, 2.0])
    times = first_spike(drive, thresholds)
    assert times.tolist() == step_first(neuron.IFNode(), drive, 300).tolist()
    assert times[1] == 300


def test_only_a_hard_reset_integrate_and_fire_neuron_is_a_renewal_process():
    class Adapting(neuron.IFNode):
        pass

    assert is_renewal(neuron.IFNode())
    assert not is_renewal(neuron.IFNode(v_reset=None))
    assert not is_renewal(neuron.LIFNode())
    assert not is_renewal(Adapting())
