"""How an integrate-and-fire neuron charges, fires and resets: the one place where that is written.

The rule is arithmetic alone, so it takes NumPy's arrays and torch's tensors. What is compiled for
speed (the kernels of a training on a GPU and of one on a CPU) is tested against it.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class IntegrateAndFire:
    """The rule of SpikingJelly's `IFNode`, or of its `LIFNode` where `tau` is given.

    With input x and potential u after the step before:

    - charge: v = u + x; leaky: v = u + (x - (u - v_reset)) / tau, or
      v = u - (u - v_reset) / tau + x where the input does not decay;
    - fire: a spike where v - v_threshold >= 0;
    - reset: u = v_reset after a spike; v - v_threshold with a soft reset.

    Each operation is rounded as SpikingJelly rounds it, in the type of the arrays.

    Attributes:
        v_threshold: Threshold.
        v_reset: Potential at the start and after a spike (hard reset); None: 0 at the start, and a
            spike subtracts the threshold (soft reset).
        tau: Membrane time constant of leaky neurons in steps, above 1; None for others.
        decay_input: Whether the input of leaky neurons is divided by `tau`, as the leak is.

    Example:
        >>> rule, u, spikes = IntegrateAndFire(), 0.0, []
        >>> for x in (0.5, 0.5, 0.5):
        ...     v = rule.charge(u, x)
        ...     spikes.append(bool(rule.fires(v)))
        ...     u = rule.reset(v, spikes[-1])
        >>> spikes
        [False, True, False]
    """

    v_threshold: float = 1.0
    v_reset: float | None = 0.0
    tau: float | None = None
    decay_input: bool = True

    @property
    def start(self) -> float:
        """The potential before the first step."""
        return self.v_reset or 0.0

    def charge(self, potential: Any, drive: Any) -> Any:
        """The potential v after the input of a step.

        Args:
            potential: That after the step before; a number or an array like `drive`.
            drive: Input current x.
        """
        if self.tau is None:
            return drive + potential
        above = potential - self.start if self.start else potential
        if self.decay_input:
            return potential + (drive - above) / self.tau
        return potential - above / self.tau + drive

    def fires(self, potential: Any) -> Any:
        """Whether there is a spike at the charged potential v; bools like it."""
        return potential - self.v_threshold >= 0

    def reset(self, potential: Any, spikes: Any) -> Any:
        """The potential u after the step.

        Args:
            potential: The charged potential v.
            spikes: Zeros and ones, or bools, like it.
        """
        if self.v_reset is None:
            return potential - spikes * self.v_threshold
        return spikes * self.v_reset + (1 - spikes) * potential
