"""Records read by first-spike time, and cut to their first steps, from dense spikes."""

import numpy as np
import pytest

from snnviz.errors import ConfigError
from snnviz.records.readings import first_steps, since_first_spike
from snnviz.records.spikes import SpikeRecord

SHAPE = (2, 3, 4, 5)


def records(rng, T):
    """Renewal, any trains, and several spikes a step; each with silent and saturated neurons."""
    first = rng.integers(0, T + 1, SHAPE)
    first[0, 0, 0], first[0, 0, 1] = T, 0
    trains = rng.random((T, *SHAPE)) < 0.3
    several = rng.integers(0, 4, (T, *SHAPE))
    return [
        SpikeRecord.from_first_spike(first, T),
        SpikeRecord.from_spikes(trains),
        SpikeRecord.from_counts(several, T),
    ]


@pytest.mark.parametrize("T", [1, 4, 11])
def test_counts_of_the_reading_are_steps_since_the_first_spike(rng, T):
    for record in records(rng, T):
        fired = record.spikes()
        found = since_first_spike(record)
        assert (found.first_spike == record.first_spike).all()
        for t in range(T):
            expected = sum((fired[: s + 1].any(axis=0)).astype(int) for s in range(t + 1))
            assert (found.count(t) == expected).all()


@pytest.mark.parametrize("T", [1, 4, 11])
def test_first_steps_are_those_of_the_record(rng, T):
    for record in records(rng, T):
        steps = record.steps()
        for few in {1, max(1, T // 2), T}:
            found = first_steps(record, few)
            assert (found.T, found.is_renewal) == (few, record.is_renewal)
            assert (found.steps() == steps[:few]).all()
            fired = steps[:few] > 0
            times = np.where(fired.any(axis=0), fired.argmax(axis=0), few)
            assert (found.first_spike == times).all()
        assert first_steps(record, T) is record
        for wrong in (0, T + 1):
            with pytest.raises(ConfigError, match=f"has no first {wrong}"):
                first_steps(record, wrong)
