"""The membrane potential of integrate-and-fire neurons under constant drive. Pure NumPy."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError
from snnviz.neurons.rule import IntegrateAndFire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def membrane_potentials(
    drive: "NDArray[np.float32]", T: int, *, v_threshold: float = 1.0, v_reset: float | None = 0.0
) -> "Iterator[NDArray[np.float32]]":
    """The potential at each step, before the reset: T arrays, float32 shaped like `drive`.

    v[t] = u[t-1] + x, a spike where v[t] >= v_threshold; u[t] = v_reset after a spike, or
    v[t] - v_threshold with a soft reset, else v[t]; u[-1] is v_reset, or 0. Rounded at each step as
    SpikingJelly's `IFNode` rounds, so that it spikes in the same steps.

    Args:
        drive: Input current x, float32 of any shape.
        T: Number of time steps, >= 1.
        v_threshold: Threshold of the neurons.
        v_reset: What a spike resets the potential to; None: it subtracts the threshold.

    Raises:
        ConfigError: T is below 1.

    Example:
        >>> drive = np.array([0.4], np.float32)
        >>> [round(v.item(), 1) for v in snnviz.membrane_potentials(drive, T=4)]
        [0.4, 0.8, 1.2, 0.4]
    """
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")
    return _step(np.asarray(drive, dtype=np.float32), T, v_threshold, v_reset)


def _step(
    drive: "NDArray[np.float32]", T: int, v_threshold: float, v_reset: float | None
) -> "Iterator[NDArray[np.float32]]":
    rule = IntegrateAndFire(v_threshold, v_reset)
    kept = np.full_like(drive, rule.start)
    for _ in range(T):
        v: NDArray[np.float32] = rule.charge(kept, drive)
        yield v
        kept = rule.reset(v, rule.fires(v).astype(np.float32))
