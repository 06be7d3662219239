"""Where two bounds of the potential leave no doubt about when neurons fire, and where they do."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnviz.neurons.first_spike import from_key, key
from snnviz.neurons.resetting import Bounds, Doubles, Resetting

Keys: TypeAlias = NDArray[np.int64]

# Cells in which silence is shown where the potential falls with the one before.
_CELLS, _CELL = 1 << 11, 1 / 256


def drive_range(rule: Resetting, T: int) -> "tuple[np.float32, np.float32, np.float32]":
    """From which drive on the time is asked, from where it falls with the drive, and up to where.

    From the first to the second, neurons are silent.
    """
    kept = (rule.quadratic * rule.start + rule.decay) * rule.start + rule.offset
    first = (rule.threshold - kept) / rule.gain
    size = max(abs(first), rule.size, abs(rule.threshold)) + 1
    # Where a potential of two thresholds comes near, there may be two spikes.
    second = first + rule.threshold / rule.gain
    high = second - 1e-3 * size if rule.several else 64 * size
    if rule.quadratic == 0:
        return np.float32(-64 * size), np.float32(-64 * size), np.float32(high)
    turn = -rule.decay / (2 * rule.quadratic)
    if turn >= rule.start:
        return np.float32(0), np.float32(0), np.float32(-1)
    # The least drive of a grid that keeps the potential above the turn: no greater one falls below.
    drives = np.linspace(-64 * size, first, 1 << 16).astype(np.float32).astype(np.float64)
    falls, fired = np.zeros(drives.shape, bool), np.zeros(drives.shape, bool)
    for below, _ in _steps(rule, drives, drives, T):
        fired |= below >= rule.threshold
        falls |= ~fired & ~(below > turn)
    falling = np.flatnonzero(falls)
    if not len(falling) or falling[-1] + 1 >= len(drives):
        return np.float32(0), np.float32(0), np.float32(-1)
    rising = np.float32(drives[falling[-1] + 1])
    most = float(rising) - _CELL * np.arange(_CELLS, dtype=np.float64)
    quiet = np.ones(_CELLS, bool)
    for _, above in _steps(rule, most - _CELL, most, T):
        quiet &= above < rule.threshold  # not a number is not quiet
    cells = _CELLS if quiet.all() else int(quiet.argmin())
    # Rounded up, so that it lies in the last quiet cell.
    low = np.nextafter(np.float32(float(rising) - _CELL * cells), rising, dtype=np.float32)
    return (low if cells else rising), rising, np.float32(high)


def windows(rule: Resetting, T: int, rising: np.float32, high: np.float32) -> "tuple[Keys, Keys]":
    """Keys of the greatest drive that surely does not fire by each step, the least that does."""
    steps = np.arange(T)
    found = []
    for bound in (1, 0):  # silent while the upper one is below; fires where the lower one is not
        # Invariant: `below` is short of the threshold by that step; `above` is not.
        below = np.full(T, key(np.array([rising]))[0])
        above = np.full(T, key(np.array([high]))[0])
        while (above - below > 1).any():
            middle = (below + above) // 2
            drive = from_key(middle).astype(np.float64)
            fired = np.zeros(T, bool)
            for t, bounds in enumerate(_steps(rule, drive, drive, T)):
                fired |= (bounds[bound] >= rule.threshold) & (t <= steps)
            above = np.where(fired, middle, above)
            below = np.where(fired, below, middle)
        found.append((below, above))
    return found[0][0], found[1][1]


def windows_of_several(rule: Resetting, spikes: "NDArray[np.intp]") -> "tuple[Keys, Keys]":
    """Keys of the greatest drive that surely fires less often in the first step; and the least not.

    Args:
        rule: The neuron's, whose threshold is above 0.
        spikes: How often, ascending.
    """
    start = np.full(len(spikes), rule.start)
    enough, found = spikes * rule.threshold, []
    first = (rule.threshold - rule.start) / rule.gain
    ends = np.array([0, 4 * spikes[-1] * (abs(first) + 1)], np.float32)
    for bound in (1, 0):
        below, above = (np.full(len(spikes), end) for end in key(ends))
        while (above - below > 1).any():
            middle = (below + above) // 2
            drive = from_key(middle).astype(np.float64)
            reaches = rule.range_of(start, start, drive, drive)[bound] >= enough
            above, below = np.where(reaches, middle, above), np.where(reaches, below, middle)
        found.append((below, above))
    return found[0][0], found[1][1]


def decides(rule: Resetting, T: int, rising: np.float32, high: np.float32) -> bool:
    """Whether the least drive surely is silent, and the greatest surely fires in the first step."""
    least, most = np.array([rising], np.float64), np.array([high], np.float64)
    quiet = all(above[0] < rule.threshold for _, above in _steps(rule, least, least, T))
    return bool(quiet and _steps(rule, most, most, 1)[0][0][0] >= rule.threshold)


def _steps(rule: Resetting, least: Doubles, most: Doubles, T: int) -> "list[Bounds]":
    """Bounds of the potential of neurons that never fire, for each of T steps."""
    bounds, found = (np.full_like(least, rule.start), np.full_like(least, rule.start)), []
    for _ in range(T):
        bounds = rule.range_of(*bounds, least, most)
        found.append(bounds)
    return found
