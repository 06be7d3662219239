"""Exact thresholds against SpikingJelly's own neuron, stepped through time."""

import subprocess
import sys

import pytest
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.neurons import first_spike as thresholding

STEPS = [1, 2, 4, 8, 64]


def step_first(node, drive, T):
    """First-spike time by asking the neuron at every step."""
    functional.reset_net(node)
    first = torch.full(drive.shape, T)
    for t in range(T):
        fired = node(drive) == 1
        first[fired & (first == T)] = t
    return first


def drive_thresholds(v_threshold, v_reset, T):
    return torch.from_numpy(thresholding.drive_thresholds(v_threshold, v_reset, T).copy())


def first_spike(drive, thresholds):
    return torch.from_numpy(thresholding.first_spike(drive.numpy(), thresholds.numpy()).astype(int))


def simulate_first_spike(v_threshold, v_reset, drive, T):
    found = thresholding.simulate_first_spike(v_threshold, v_reset, drive.numpy(), T)
    return torch.from_numpy(found)


def neighbours(x, count):
    """The `count` floats below and above each of `x`, and itself."""
    bits = x.view(torch.int32)[:, None] + torch.arange(-count, count + 1, dtype=torch.int32)
    return bits.view(torch.float32).flatten()


@pytest.mark.parametrize("T", STEPS)
@pytest.mark.parametrize(("v_threshold", "v_reset"), [(1.0, 0.0), (0.7, 0.1), (1.0, -0.5)])
def test_every_float_near_each_threshold(T, v_threshold, v_reset):
    thresholds = drive_thresholds(v_threshold, v_reset, T)
    drive = neighbours(thresholds, 2000)
    node = neuron.IFNode(v_threshold=v_threshold, v_reset=v_reset)
    expected = step_first(node, drive, T)
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


# Few thresholds, a bucket for each, one bucket too few (from 129), a wider type.
MANY_STEPS = [1, 2, 4, 8, 16, 17, 64, 128, 129, 255, 256, 300, 1000]


@pytest.mark.parametrize("T", MANY_STEPS)
def test_all_numbers_of_steps_near_thresholds_and_bucket_edges(T):
    thresholds = drive_thresholds(1.0, 0.0, T)
    # A bucket is all floats with the same upper 16 bits; take those in which thresholds lie.
    edges = torch.cat([thresholds.view(torch.int32) & -0x10000, torch.tensor([-(2**31), 0]).int()])
    random = torch.rand(1000, generator=torch.Generator().manual_seed(T)) * 4 / T
    special = [0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 3.4e38, -3.4e38, 1.0, -1.0, 1e-9, 2.0]
    drive = torch.cat(
        [
            neighbours(thresholds, 4),
            neighbours(edges.view(torch.float32), 3).nan_to_num(0),
            random,
            random / 2 - 1 / T,
            torch.tensor(special),
        ]
    )
    expected = step_first(neuron.IFNode(), drive, T)
    assert torch.equal(first_spike(drive, thresholds).long(), expected)
    assert expected.unique().numel() == T + 1


def test_every_bucket_at_its_ends_and_beside_them():
    """All 65,280 buckets of finite floats, both signs, denormals and the largest among them."""
    bits = torch.arange(0, 1 << 32, 1 << 16).to(torch.int32)
    drive = torch.cat([bits, bits + 1, bits | 0xFFFE, bits | 0xFFFF]).view(torch.float32)
    drive = drive[drive.isfinite()]
    for T in (8, 64):
        expected = step_first(neuron.IFNode(), drive, T)
        assert torch.equal(first_spike(drive, drive_thresholds(1.0, 0.0, T)).long(), expected)


@pytest.mark.parametrize("T", [8, 64])
def test_long_drives_are_looked_at_in_blocks(T):
    thresholds = drive_thresholds(1.0, 0.0, T)
    drive = torch.rand(3, 300_001, generator=torch.Generator().manual_seed(5)) - 0.2
    expected = step_first(neuron.IFNode(), drive, T)
    assert torch.equal(first_spike(drive, thresholds).long(), expected)
    # Neither strides nor an empty batch confuse the blocks.
    assert torch.equal(first_spike(drive.T, thresholds).long(), expected.T)
    assert first_spike(drive[:0], thresholds).shape == (0, 300_001)


def test_thresholds_that_coincide_are_not_put_into_one_bucket():
    """A small drive does not move a large potential: many steps share a threshold."""
    thresholds = drive_thresholds(1.0, -60000.0, 40)
    node = neuron.IFNode(v_threshold=1.0, v_reset=-60000.0)
    drive = torch.cat([neighbours(thresholds, 3), torch.tensor([0.0, 1e-3, 1e5])])
    assert torch.equal(first_spike(drive, thresholds).long(), step_first(node, drive, 40))
    same = torch.tensor([0.5, 0.5, 0.5] + [1.0] * 20)
    assert first_spike(torch.tensor([0.4, 0.5, 1.0]), same).tolist() == [23, 20, 0]


@pytest.mark.parametrize(("v_threshold", "v_reset"), [(1.0, 0.0), (0.7, 0.1), (-1.0, 0.0)])
def test_the_sum_is_that_of_the_node(v_threshold, v_reset):
    """`simulate_first_spike` stands in for SpikingJelly's node, so it must agree to the bit."""
    node = neuron.IFNode(v_threshold=v_threshold, v_reset=v_reset)
    drive = torch.randn(100_000, generator=torch.Generator().manual_seed(11))
    drive = torch.cat([drive, drive / 50, torch.tensor([0.0, -0.0, 3.4e38, -3.4e38, 1e-45])])
    simulated = simulate_first_spike(v_threshold, v_reset, drive, 64)
    assert torch.equal(simulated, step_first(node, drive, 64))


def test_thresholds_need_no_compiler():
    """SpikingJelly's first step imports torch's compiler, which takes longer than all else."""
    code = (
        "import sys, torch\n"
        "from snnviz import load_encoder\n"
        "load_encoder().encode(torch.rand(1, 1, 8, 8), 64)\n"
        "heavy = {'torch._inductor', 'torch._dynamo', 'torchvision'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_only_a_hard_reset_integrate_and_fire_neuron_is_a_renewal_process():
    class Adapting(neuron.IFNode):
        pass

    assert ChainEncoder(nn.Sequential(), neuron.IFNode()).is_renewal
    assert not ChainEncoder(nn.Sequential(), neuron.IFNode(v_reset=None)).is_renewal
    assert not ChainEncoder(nn.Sequential(), neuron.LIFNode()).is_renewal
    assert not ChainEncoder(nn.Sequential(), Adapting()).is_renewal
