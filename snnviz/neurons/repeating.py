"""First-spike times of leaky neurons with a hard reset under constant drive, exact in float32.

Between two spikes such a neuron goes through the same potentials each time, so its first spike is
its whole spike train. In real numbers that time is a step function of the drive. In float32 it is
one only where rounding does not interfere: two floats side by side may be rounded to other sides of
the threshold. So two bounds are computed of the potential, with room for more rounding than a step
has, and they decide on all drives but those in a few narrow windows around the steps. Every float
in these windows is given to the neuron itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnviz.neurons.bounding import Keys, decides, drive_range, windows, windows_of_several
from snnviz.neurons.first_spike import drive_thresholds, first_spike, from_key
from snnviz.neurons.resetting import Resetting

Floats: TypeAlias = NDArray[np.float32]
Oracle: TypeAlias = Callable[[Floats], "NDArray[np.unsignedinteger]"]
"""What the neuron itself emits for drives [n] in each of T steps, [T, n]."""

# So many floats in windows are given to the neuron, and so many elsewhere.
_MOST_PROBES, _SAMPLE = 1 << 17, 4096
# Up to so many spikes a step are told apart, and up to so many places in a byte.
_MOST_SPIKES, _MOST_CUTS = 32, 255


@dataclass(frozen=True, eq=False)
class FirstSpikes:
    """What `first_spikes` found.

    Attributes:
        thresholds: As `snnviz.neurons.first_spike.drive_thresholds`, for drives in the range.
        low: The least drive for which they hold.
        high: The greatest.
        several: The least drives that fire 2, 3, ... times, which they do in every step.
    """

    thresholds: Floats
    low: np.float32
    high: np.float32
    several: Floats

    @cached_property
    def cuts(self) -> Floats:
        """Where neurons change what they do, ascending.

        The least drive of the range, the thresholds, those of several spikes, and the least drive
        beyond the range.
        """
        with np.errstate(over="ignore"):  # infinity lies beyond the greatest float
            beyond = np.nextafter(self.high, np.float32(np.inf), dtype=np.float32)
        parts = ([self.low], self.thresholds, self.several, [beyond])
        return np.concatenate(parts, dtype=np.float32)

    def read(
        self, short: "NDArray[np.unsignedinteger]"
    ) -> "tuple[NDArray[np.unsignedinteger], NDArray[np.uint8] | None, NDArray[np.intp]]":
        """First-spike times, how often neurons fire each time, and where neither is known.

        Args:
            short: Of how many `cuts` each drive falls short, [N, ...].

        Returns:
            Times, T where silent, and numbers from 1, None where all are 1, both as `short`; and
            places in the flat array, of drives beyond the range.
        """
        least, most = int(short.min(initial=1)), int(short.max(initial=1))
        unknown = np.empty(0, np.intp)
        if least == 0 or most == len(self.cuts):
            unknown = np.flatnonzero((short == 0) | (short == len(self.cuts)))
            short = np.clip(short, 1, len(self.cuts) - 1)
        once = short.dtype.type(len(self.several) + 1)
        dtype = np.min_scalar_type(len(self.thresholds))
        times = (np.maximum(short, once) - once).astype(dtype, copy=False)
        if max(least, 1) >= once:
            return times, None, unknown
        each = (once + short.dtype.type(1)) - np.minimum(short, once)
        return times, each.astype(np.uint8, copy=False), unknown


def integrating(v_threshold: float, v_reset: float, T: int) -> FirstSpikes:
    """Those of integrate-and-fire neurons with a hard reset, for each finite drive.

    Args:
        v_threshold: Threshold of the neuron.
        v_reset: Its membrane potential at the start and after a spike.
        T: Number of time steps, >= 1.
    """
    most = np.float32(np.finfo(np.float32).max)
    thresholds = drive_thresholds(v_threshold, v_reset, T)
    return FirstSpikes(thresholds, -most, most, np.empty(0, np.float32))


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
        low, rising, high = drive_range(rule, T)
        if rising >= high or not decides(rule, T, rising, high):
            return None
        silent, fires = windows(rule, T, rising, high)
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
    once = FirstSpikes(thresholds, low, high, np.empty(0, np.float32))
    most = min(_MOST_SPIKES, _MOST_CUTS - 1 - T) if rule.several and rule.threshold > 0 else 1
    return once if most < 2 else _with_several(once, rule, most, oracle)


def _with_several(once: FirstSpikes, rule: Resetting, most: int, oracle: Oracle) -> FirstSpikes:
    """The same, and where neurons fire twice and more often in every step, up to `most` times.

    It is as it was where the neuron does otherwise.
    """
    spikes = np.arange(2, most + 2)
    fewer, fires = windows_of_several(rule, spikes)
    if int((fires - fewer).max()) > _MOST_PROBES // most:
        return once
    ends = zip(fewer[:-1].tolist(), fires[:-1].tolist(), strict=True)
    near = np.unique(np.concatenate([np.arange(a, b + 1) for a, b in ends]))
    counts = _each(oracle(from_key(near)))
    if counts is None or (counts[1:] < counts[:-1]).any() or counts[-1] < most:
        return once
    least = near[[int((counts < number).sum()) for number in spikes[:-1].tolist()]]
    if (least > fires[:-1]).any() or (least <= fewer[:-1]).any():
        return once
    found = replace(once, several=from_key(least), high=from_key(fewer[-1:])[0])
    sample = np.linspace(once.thresholds[-1], found.high, _SAMPLE, dtype=np.float32)
    expected = 1 + np.searchsorted(found.several, sample, side="right")
    counts = _each(oracle(sample))
    return once if counts is None or (counts != expected).any() else found


def _thresholds(silent: Keys, fires: Keys, oracle: Oracle) -> Floats | None:
    """Where in its window each step begins, ascending; None where that is not one place.

    Args:
        silent: Key of the greatest drive that surely does not fire by step 0, 1, ...
        fires: Key of the least one that surely does.
        oracle: The neuron.
    """
    ends = [(a, b + 1) for a, b in zip(silent.tolist(), fires.tolist(), strict=True)]
    if any(not 0 < b - a <= _MOST_PROBES for a, b in ends):
        return None
    near = np.unique(np.concatenate([np.arange(a, b) for a, b in ends]))
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


def _first(trains: "NDArray[np.unsignedinteger]") -> "NDArray[np.uint8] | None":
    """First-spike times of trains [T, n]; None unless each is that of a neuron that starts anew."""
    T = len(trains)
    fired = trains != 0
    times = np.where(fired.any(axis=0), fired.argmax(axis=0), T)
    expected = np.arange(1, T + 1)[:, np.newaxis] % (times + 1) == 0
    return times.astype(np.uint8) if np.array_equal(trains, expected) else None


def _each(trains: "NDArray[np.unsignedinteger]") -> "NDArray[np.int64] | None":
    """How often neurons fire in every step, [n]; None where the steps of one differ."""
    same = (trains == trains[:1]).all()
    return trains[0].astype(np.int64) if same else None
