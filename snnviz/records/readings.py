"""Other readings of a record: by first-spike time, and of its first steps alone."""

import numpy as np

from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord


def since_first_spike(record: SpikeRecord) -> SpikeRecord:
    """The record of neurons that, once they have fired, fire in every step until the last.

    Its count at step t is how many steps ago the first spike was, t + 1 - first_spike, and 0 before
    it: whoever reads counts of it reads first-spike times of `record`. A code in which each neuron
    fires once, such as latency coding, says nothing by its counts and all by its times.

    Args:
        record: Any; only its first spikes are read.

    Example:
        >>> record = snnviz.SpikeRecord.from_first_spike(np.array([[0, 2, 3]]), T=3)
        >>> since_first_spike(record).count(2).tolist(), record.count(2).tolist()
        ([[3, 1, 0]], [[3, 1, 0]])
    """
    times = record.first_spike
    return SpikeRecord.from_steps((times <= t for t in range(record.T)), record.T)


def first_steps(record: SpikeRecord, T: int) -> SpikeRecord:
    """The record of the first T steps alone.

    Args:
        record: Of T steps or more.
        T: How many of them, >= 1.

    Raises:
        ConfigError: The record has fewer, or T is below 1.
    """
    if not 1 <= T <= record.T:
        raise ConfigError(f"a record of {record.T} steps has no first {T}; take 1 to {record.T}")
    if T == record.T:
        return record
    if record.is_renewal:
        return SpikeRecord.from_first_spike(np.minimum(record.first_spike, T), T)
    steps = record.steps()[:T]
    return (
        SpikeRecord.from_counts(steps, T) if record.most > 1 else SpikeRecord.from_steps(steps, T)
    )
