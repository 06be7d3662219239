"""First-spike times of leaky neurons with a hard reset under constant drive, exact in float32.

Between two spikes such a neuron goes through the same potentials each time, so its first spike is
its whole spike train. In real numbers that time is a step function of the drive. In float32 it is
one only where rounding does not interfere: two floats side by side may be rounded to other sides of
the threshold. So two bounds are computed of the potential, with room for more rounding than a step
has, and they decide on all drives but those in a few narrow windows around the steps. Every float
in these windows is given to the neuron itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnviz.neurons.first_spike import first_spike, from_key, key

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Oracle: TypeAlias = Callable[[Floats], "NDArray[np.unsignedinteger]"]
"""What the neuron itself emits for drives [n] in each of T steps, [T, n]."""

# Rounding of a step, in float32's epsilon times the size of what is added up. Half is one rounding;
# rules have up to eight.
_ROUNDING = 8
# So many floats in windows are given to the neuron, and so many elsewhere.
_MOST_PROBES, _SAMPLE = 1 << 17, 4096
# Cells in which silence is shown where the potential falls with the one before.
_CELLS, _CELL = 1 << 11, 1 / 256


@dataclass(frozen=True)
class Resetting:
    """A neuron whose potential is v = quadratic u² + decay u + gain x + offset before the reset.

    Attributes:
        decay: Of the potential u after the step before; 0 to 1 where `quadratic` is 0.
        gain: Of the drive x, above 0.
        threshold: A spike where v reaches it.
        start: u at the start and after a spike, below `threshold`.
        offset: What is added in each step.
        quadratic: 0 or more.
        size: The largest absolute value among its constants.
        several: Whether a potential of several thresholds is as many spikes.
    """

    decay: float
    gain: float
    threshold: float
    start: float = 0.0
    offset: float = 0.0
    quadratic: float = 0.0
    size: float = 0.0
    several: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether the bounds hold for it, and are no wider than they are worth."""
        values = (self.decay, self.gain, self.threshold, self.start, self.offset, self.size)
        return (
            bool(np.isfinite([*values, self.quadratic]).all())
            and 1e-4 <= self.gain <= 1e3
            and self.threshold - self.start >= 1e-3
            and max(abs(self.threshold), self.size) <= 1e3
            and 0 <= self.quadratic <= 1e3
            and (self.quadratic > 0 or 0 <= self.decay <= 1)
        )

    def range_of(self, low: Doubles, high: Doubles, least: Doubles, most: Doubles) -> "Bounds":
        """Bounds of v for potentials from `low` to `high` and drives from `least` to `most`."""
        ends = [(self.quadratic * u + self.decay) * u for u in (low, high)]
        below, above = np.minimum(*ends), np.maximum(*ends)
        if self.quadratic:
            turn = -self.decay / (2 * self.quadratic)
            inside = (low < turn) & (turn < high)
            below = np.where(inside, (self.quadratic * turn + self.decay) * turn, below)
        u = np.maximum(np.maximum(abs(low), abs(high)), max(abs(self.threshold), self.size))
        x = np.maximum(abs(least), abs(most))
        terms = (1 + abs(self.decay) + 2 * self.gain) * u + self.gain * x + abs(self.offset)
        error = _ROUNDING * np.finfo(np.float32).eps * (terms + 4 * self.quadratic * u * u)
        return (
            below + self.gain * least + self.offset - error,
            above + self.gain * most + self.offset + error,
        )


Bounds: TypeAlias = tuple[Doubles, Doubles]


@dataclass(frozen=True, eq=False)
class FirstSpikes:
    """What `first_spikes` found.

    Attributes:
        thresholds: As `snnviz.neurons.first_spike.drive_thresholds`, for drives in the range.
        low: The least drive for which they hold.
        high: The greatest.
    """

    thresholds: Floats
    low: np.float32
    high: np.float32


def first_spikes(rule: Resetting, T: int, oracle: Oracle) -> FirstSpikes | None:
    """Exact thresholds of first-spike times, of a neuron that `rule` describes but for rounding.

    Args:
        rule: It.
        T: Number of time steps, 1 to 255.
        oracle: The neuron.

    Returns:
        None where first-spike times are not shown to be a step function of the drive.
    """
    if not rule.is_usable:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        low, rising, high = _range(rule, T)
        if rising >= high or not _decides(rule, T, rising, high):
            return None
        silent, fires = _windows(rule, T, rising, high)
    thresholds = _thresholds(silent, fires, oracle)
    if thresholds is None:
        return None
    # That the rule is the neuron's is asked of drives all over the range.
    sample = np.concatenate(
        [
            np.linspace(low, high, _SAMPLE, dtype=np.float32),
            np.linspace(rising, thresholds[-1], _SAMPLE, dtype=np.float32),
        ]
    )
    found = _first(oracle(sample))
    if found is None or not np.array_equal(found, first_spike(sample, thresholds)):
        return None
    return FirstSpikes(thresholds, low, high)


def _thresholds(
    silent: NDArray[np.int64], fires: NDArray[np.int64], oracle: Oracle
) -> Floats | None:
    """Where in its window each step begins, ascending; None where that is not one place.

    Args:
        silent: Key of the greatest drive that surely does not fire by step 0, 1, ...
        fires: Key of the least one that surely does.
        oracle: The neuron.
    """
    windows = [(a, b + 1) for a, b in zip(silent.tolist(), fires.tolist(), strict=True)]
    if any(not 0 < b - a <= _MOST_PROBES for a, b in windows):
        return None
    near = np.unique(np.concatenate([np.arange(a, b) for a, b in windows]))
    times = _first(oracle(from_key(near))) if len(near) <= _MOST_PROBES else None
    if times is None or (times[1:] > times[:-1]).any():
        return None
    # Times fall from place to place, so that the first of them that is early enough is the least.
    places = [int((times > t).sum()) for t in range(len(silent))]
    if places[0] == len(near):
        return None
    least = near[places]
    # What the bounds say of both ends of each window has to be what the neuron does there.
    if (least > fires).any() or (least <= silent).any():
        return None
    return from_key(least)[::-1].copy()


def _range(rule: Resetting, T: int) -> "tuple[np.float32, np.float32, np.float32]":
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


def _windows(
    rule: Resetting, T: int, rising: np.float32, high: np.float32
) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
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


def _decides(rule: Resetting, T: int, rising: np.float32, high: np.float32) -> bool:
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


def _first(trains: "NDArray[np.unsignedinteger]") -> "NDArray[np.uint8] | None":
    """First-spike times of trains [T, n]; None unless each is that of a neuron that starts anew."""
    T = len(trains)
    fired = trains != 0
    times = np.where(fired.any(axis=0), fired.argmax(axis=0), T)
    expected = np.arange(1, T + 1)[:, np.newaxis] % (times + 1) == 0
    return times.astype(np.uint8) if np.array_equal(trains, expected) else None
