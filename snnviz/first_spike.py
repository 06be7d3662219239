"""Exact first-spike times of a hard-reset integrate-and-fire neuron under constant drive.

Under a drive x that does not change, the membrane potential is a sum of equal terms, and a sum of
equal terms, rounded, is monotone in the term. So the first-spike time is a step function of x,
also in float32: for each step there is one least float that fires by then. These T thresholds are
found on SpikingJelly's own neuron by bisection over the bit patterns of float32, and from then on
a comparison replaces the simulation, with the same result for every float.
"""

from functools import lru_cache
from typing import cast

import torch
from spikingjelly.activation_based import functional, neuron
from torch import Tensor

_MAX_FLOAT = torch.finfo(torch.float32).max


def is_renewal(node: torch.nn.Module) -> bool:
    """Whether `node` starts every interval from the same state under constant drive.

    True for SpikingJelly's `IFNode` with a hard reset, and for nothing that adapts, leaks or
    resets by subtraction: subclasses may do any of these, so only the class itself counts.
    """
    return type(node) is neuron.IFNode and node.v_reset is not None


def reset_parameters(node: torch.nn.Module) -> tuple[float, float]:
    """`v_threshold` and `v_reset` of a neuron for which `is_renewal` holds."""
    return float(cast("float", node.v_threshold)), float(cast("float", node.v_reset))


@lru_cache(maxsize=64)
def drive_thresholds(v_threshold: float, v_reset: float, T: int) -> Tensor:
    """The least drive that fires by step T-1, T-2, ..., 0: float32 [T], ascending.

    A drive x has its first spike at step T - n, where n of the thresholds are <= x. A step that no
    finite drive reaches has the threshold infinity.

    Args:
        v_threshold: Threshold of the neuron.
        v_reset: Its membrane potential at the start and after a spike.
        T: Number of time steps, >= 1.
    """
    node = neuron.IFNode(v_threshold=v_threshold, v_reset=v_reset)
    deadline = torch.arange(T - 1, -1, -1)
    # Invariant: `high` fires in time, or is the one key past the largest float; `low` does not.
    low = _key(torch.full((T,), -_MAX_FLOAT)) - 1
    high = _key(torch.full((T,), _MAX_FLOAT)) + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        fires = simulate_first_spike(node, _from_key(middle), T) <= deadline
        high = torch.where(fires, middle, high)
        low = torch.where(fires, low, middle)
    return torch.where(high > _key(torch.tensor(_MAX_FLOAT)), torch.inf, _from_key(high))


@torch.no_grad()
def simulate_first_spike(node: torch.nn.Module, drive: Tensor, T: int) -> Tensor:
    """First-spike time by stepping the neuron from reset, int64 like `drive`, T where silent."""
    first = torch.full(drive.shape, T)
    functional.reset_net(node)
    for t in range(T):
        fired = node(drive).bool()
        first = torch.where(fired & (first == T), t, first)
    functional.reset_net(node)
    return first


def first_spike(drive: Tensor, thresholds: Tensor) -> Tensor:
    """First-spike time of each drive, ints shaped like `drive`, T where silent.

    Args:
        drive: float32, any shape, finite.
        thresholds: [T] from `drive_thresholds`, on the same device.
    """
    T = len(thresholds)
    step = T - torch.bucketize(drive, thresholds, out_int32=True, right=True)
    return step.to(torch.uint8) if torch.iinfo(torch.uint8).max >= T else step


def _key(x: Tensor) -> Tensor:
    """Integers in the order of the floats `x`: neighbouring floats have neighbouring keys."""
    bits = x.view(torch.int32).to(torch.int64)
    return torch.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))


def _from_key(key: Tensor) -> Tensor:
    magnitude = key.abs().to(torch.int32).view(torch.float32)
    return torch.where(key >= 0, magnitude, -magnitude)
