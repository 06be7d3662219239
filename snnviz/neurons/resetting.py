"""The rule of leaky neurons with a hard reset, and bounds of their potential in float32."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Doubles: TypeAlias = NDArray[np.float64]
Bounds: TypeAlias = tuple[Doubles, Doubles]

# Rounding of a step, in float32's epsilon times the size of what is added up. Half is one rounding;
# rules have up to eight.
_ROUNDING = 8


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

    def range_of(self, low: Doubles, high: Doubles, least: Doubles, most: Doubles) -> Bounds:
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
