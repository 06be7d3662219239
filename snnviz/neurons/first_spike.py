"""Exact first-spike times of a hard-reset integrate-and-fire neuron under constant drive.

Under a drive x that does not change, the membrane potential is a sum of equal terms, and a sum of
equal terms, rounded, is monotone in the term. So the first-spike time is a step function of x,
also in float32: for each step there is one least float that fires by then. These T thresholds are
found on the neuron's own float32 sum by bisection over the bit patterns, and from then on a
comparison replaces the simulation, with the same result for every float.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from snnviz.batching import batches
from snnviz.neurons.rule import IntegrateAndFire

_MAX_FLOAT = np.finfo(np.float32).max
# Up to so many thresholds, comparing with each is faster than the table of buckets.
_FEW = 16
# Drives that are looked at together: near the cache, but long enough that threads, which take turns
# between the steps, seldom wait for each other.
_BLOCK = 1 << 18

Floats = NDArray[np.float32]
# Of each bucket: the first-spike time of its least float, and the threshold that lies inside. Then
# the buckets with several thresholds, and all thresholds.
BucketTable = tuple[NDArray[np.uint8], Floats, NDArray[np.intp], Floats]
# Up to so many buckets with several thresholds: each is a pass over all drives.
_MOST_CROWDED = 4


@lru_cache(maxsize=64)
def drive_thresholds(v_threshold: float, v_reset: float, T: int) -> Floats:
    """The least drive that fires by step T-1, T-2, ..., 0: float32 [T], ascending, read-only.

    A drive x has its first spike at step T - n, where n of the thresholds are <= x. A step that no
    finite drive reaches has the threshold infinity.

    Args:
        v_threshold: Threshold of the neuron.
        v_reset: Its membrane potential at the start and after a spike.
        T: Number of time steps, >= 1.
    """
    deadline = np.arange(T - 1, -1, -1)
    # Invariant: `high` fires in time, or is the one key past the largest float; `low` does not.
    most = np.full(T, _MAX_FLOAT, np.float32)
    low, high = key(-most) - 1, key(most) + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        fires = simulate_first_spike(v_threshold, v_reset, from_key(middle), T) <= deadline
        high = np.where(fires, middle, high)
        low = np.where(fires, low, middle)
    found = from_key(np.minimum(high, key(most)))
    found[high > key(most)] = np.inf
    found.setflags(write=False)
    return found


def simulate_first_spike(
    v_threshold: float, v_reset: float, drive: Floats, T: int
) -> "NDArray[np.int64]":
    """First-spike time by summing the drive step by step, ints like `drive`, T where silent.

    The sum and the comparison are those of SpikingJelly's `IFNode`, rounded as it rounds them.
    """
    first = np.full(drive.shape, T)
    with np.errstate(over="ignore"):
        for t, v in enumerate(_charging(IntegrateAndFire(v_threshold, v_reset), drive, T)):
            first[v & (first == T)] = t
    return first


def _charging(rule: IntegrateAndFire, drive: Floats, T: int) -> Iterator[NDArray[np.bool_]]:
    """Whether the threshold is reached at each of T steps, where nothing is reset."""
    potential = np.full_like(drive, rule.start)
    for _ in range(T):
        potential = rule.charge(potential, drive)
        yield rule.fires(potential)


def first_spike(drive: Floats, thresholds: Floats) -> "NDArray[np.unsignedinteger]":
    """First-spike time of each drive, unsigned ints shaped like `drive`, T where silent.

    Args:
        drive: float32, any shape, finite.
        thresholds: [T] from `drive_thresholds`.
    """
    T = len(thresholds)
    if np.iinfo(np.uint8).max >= T:
        table = _bucket_table(thresholds.tobytes()) if T > _FEW else None
        if T <= _FEW or table is not None:
            return _in_blocks(drive, thresholds, table)
    found = T - np.searchsorted(thresholds, drive, side="right")
    return found.astype(np.min_scalar_type(T))


def _in_blocks(drive: Floats, thresholds: Floats, table: BucketTable | None) -> NDArray[np.uint8]:
    """`first_spike` by the table, or without one by comparing, a block after the other."""
    times = np.empty(drive.shape, np.uint8)
    flat_drive, flat_times = drive.reshape(-1), times.reshape(-1)
    for block in batches(flat_drive.size, _BLOCK):
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
    first, inside, crowded, thresholds = table
    bucket = (drive.view(np.uint32) >> 16).astype(np.intp)
    # No bucket is out of range, and clipping them is faster than checking them.
    reached = drive >= inside.take(bucket, mode="clip")
    np.subtract(first.take(bucket, mode="clip"), reached.view(np.uint8), out=times)
    for each in crowded:
        several = np.flatnonzero(bucket == each)
        found = np.searchsorted(thresholds, drive[several], side="right")
        times[several] = len(thresholds) - found


@lru_cache(maxsize=16)
def _bucket_table(thresholds: bytes) -> BucketTable | None:
    """For each value of a float's upper 16 bits, what `_look_up` needs; None where too much.

    The floats with the same upper 16 bits are a bucket. In it the first-spike time changes at most
    once where at most one threshold lies above its least float, and then that threshold decides; in
    a few others all are compared with, as those near 1 of leaky neurons.
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
    crowded = greatest - least > 1
    if crowded.sum() > _MOST_CROWDED:
        return None
    inside = np.append(cuts, np.float32(np.inf))[np.where(greatest > least, least, len(cuts))]
    return (len(cuts) - least).astype(np.uint8), inside, np.flatnonzero(crowded), cuts


def key(x: Floats) -> NDArray[np.int64]:
    """Integers in the order of the floats `x`: neighbouring floats have neighbouring keys."""
    bits = x.view(np.int32).astype(np.int64)
    return np.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))


def from_key(keys: NDArray[np.int64]) -> Floats:
    """The floats of which `key` gives `keys`."""
    magnitude: Floats = np.abs(keys).astype(np.int32).view(np.float32)
    return np.where(keys >= 0, magnitude, -magnitude)
