"""Exact first-spike times of a hard-reset integrate-and-fire neuron under constant drive.

Under a drive x that does not change, the membrane potential is a sum of equal terms, and a sum of
equal terms, rounded, is monotone in the term. So the first-spike time is a step function of x,
also in float32: for each step there is one least float that fires by then. These T thresholds are
found on the neuron's own float32 sum by bisection over the bit patterns, and from then on a
comparison replaces the simulation, with the same result for every float.
"""

from functools import lru_cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from spikingjelly.activation_based import neuron
from torch import Tensor

_MAX_FLOAT = torch.finfo(torch.float32).max
# Up to so many thresholds, comparing with each is faster than the table of buckets.
_FEW = 16
# Drives that are looked at together: near the cache, but long enough that threads, which take turns
# between the steps, seldom wait for each other.
_BLOCK = 1 << 18

Floats = NDArray[np.float32]
# Of each bucket: the first-spike time of its least float, and the threshold that lies inside.
BucketTable = tuple[NDArray[np.uint8], Floats]


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
    deadline = torch.arange(T - 1, -1, -1)
    # Invariant: `high` fires in time, or is the one key past the largest float; `low` does not.
    most = torch.full((T,), _MAX_FLOAT, dtype=torch.float32)
    low, high = _key(-most) - 1, _key(most) + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        fires = simulate_first_spike(v_threshold, v_reset, _from_key(middle), T) <= deadline
        high = torch.where(fires, middle, high)
        low = torch.where(fires, low, middle)
    never = torch.full_like(most, torch.inf)
    return torch.where(high > _key(most), never, _from_key(high))


def simulate_first_spike(v_threshold: float, v_reset: float, drive: Tensor, T: int) -> Tensor:
    """First-spike time by summing the drive step by step, int64 like `drive`, T where silent.

    The sum and the comparison are those of SpikingJelly's `IFNode`, rounded as it rounds them.
    The node itself is not stepped, because its first step imports torch's compiler: two seconds.
    """
    first = torch.full(drive.shape, T)
    potential = torch.full_like(drive, v_reset)
    for t in range(T):
        potential = potential + drive
        fired = potential - v_threshold >= 0
        first = torch.where(fired & (first == T), t, first)
    return first


def first_spike(drive: Tensor, thresholds: Tensor) -> Tensor:
    """First-spike time of each drive, ints shaped like `drive`, T where silent.

    Args:
        drive: float32, any shape, finite.
        thresholds: [T] from `drive_thresholds`, on the same device.
    """
    T = len(thresholds)
    small = torch.iinfo(torch.uint8).max >= T
    if small and drive.device.type == "cpu":
        cuts = thresholds.numpy()
        table = _bucket_table(cuts.tobytes()) if T > _FEW else None
        if T <= _FEW or table is not None:
            return torch.from_numpy(_in_blocks(drive.numpy(), cuts, table))
    step = T - torch.bucketize(drive, thresholds, out_int32=True, right=True)
    return step.to(torch.uint8) if small else step


def _in_blocks(drive: Floats, thresholds: Floats, table: BucketTable | None) -> NDArray[np.uint8]:
    """`first_spike` by the table, or without one by comparing, a block after the other."""
    times = np.empty(drive.shape, np.uint8)
    flat_drive, flat_times = drive.reshape(-1), times.reshape(-1)
    for start in range(0, flat_drive.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        if table is None:
            _compare(flat_drive[block], thresholds, flat_times[block])
        else:
            _look_up(flat_drive[block], table, flat_times[block])
    return times


def _compare(drive: Floats, thresholds: Floats, times: NDArray[np.uint8]) -> None:
    """Fill `times`: each threshold that a drive reaches lets it fire a step earlier."""
    times.fill(len(thresholds))
    reached = np.empty(drive.shape, np.bool_)
    for threshold in thresholds:
        np.greater_equal(drive, threshold, out=reached)
        np.subtract(times, reached.view(np.uint8), out=times)


def _look_up(drive: Floats, table: BucketTable, times: NDArray[np.uint8]) -> None:
    """Fill `times` at a cost that does not depend on T: two look-ups and one comparison."""
    first, inside = table
    bucket = (drive.view(np.uint32) >> 16).astype(np.intp)
    # No bucket is out of range, and clipping them is faster than checking them.
    reached = drive >= inside.take(bucket, mode="clip")
    np.subtract(first.take(bucket, mode="clip"), reached.view(np.uint8), out=times)


@lru_cache(maxsize=16)
def _bucket_table(thresholds: bytes) -> BucketTable | None:
    """For each value of a float's upper 16 bits, what `_look_up` needs; None where that is more.

    The floats with the same upper 16 bits are a bucket. In it the first-spike time changes at most
    once where at most one threshold lies above its least float, and then that threshold decides.
    Thresholds near 1/k are that far apart up to T = 128.

    Args:
        thresholds: The bytes of the float32 [T] from `drive_thresholds`.
    """
    cuts = np.frombuffer(thresholds, np.float32)
    bits = np.arange(1 << 16, dtype=np.uint32) << 16
    ends = np.sort(np.stack([bits, bits | 0xFFFF]).view(np.float32), axis=0)
    finite = np.isfinite(ends).all(axis=0)
    ends[:, ~finite] = 0
    least, greatest = np.searchsorted(cuts, ends, side="right")
    if (greatest - least > 1).any():
        return None
    inside = np.append(cuts, np.float32(np.inf))[np.where(greatest > least, least, len(cuts))]
    return (len(cuts) - least).astype(np.uint8), inside


def _key(x: Tensor) -> Tensor:
    """Integers in the order of the floats `x`: neighbouring floats have neighbouring keys."""
    bits = x.view(torch.int32).to(torch.int64)
    return torch.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))


def _from_key(key: Tensor) -> Tensor:
    magnitude = key.abs().to(torch.int32).view(torch.float32)
    return torch.where(key >= 0, magnitude, -magnitude)
