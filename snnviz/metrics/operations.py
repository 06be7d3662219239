"""What the layers of a network do for one image: products, synaptic operations, neurons' updates.

One rule holds for the zeros that pad a map, everywhere here: nothing is computed with them. A
kernel that hangs over the border makes as many products as it has taps inside, and a spike there
meets as many weights as there are kernels that see it. So a layer whose inputs all fire at each of
T steps has T times as many synaptic operations as it has products in one step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sees = Literal["values", "spikes", "counts"]
"""What enters a layer: analog values, spikes of one size, or whole numbers of spikes a step."""


@dataclass(frozen=True)
class LayerOperations:
    """What a convolution or linear layer does for one image, on average over images.

    Attributes:
        name: The layer's, as in the state dict.
        kind: Its class.
        sees: What enters it. Analog values make a product of each input and weight; spikes make an
            addition, a count of several as many.
        steps: At how many time steps it is run: T, or 1 where it is outside the loop over time.
        inputs: Numbers that enter it in one step.
        outputs: Numbers that leave it in one step.
        weights: How many it has, without the bias.
        bias: Whether it has one.
        channels: Channels, or features, that leave it.
        fan_out: To how many of those each channel or feature that enters it is connected.
        kernel: Taps in each direction; () for a linear layer.
        stride: Of the kernel in each direction.
        macs: Multiply-accumulates in one step if every input counts; those with zeros that pad a
            map are left out.
        padded_macs: The same with those zeros, as a dense convolution is usually counted.
        spikes: Spikes that enter it over all steps; None for values.
        synops: Synaptic operations over all steps: each spike times the weights that it meets; None
            for values.
        most: The largest number of spikes of one input in one step, >= 1.
    """

    name: str
    kind: str
    sees: Sees
    steps: int
    inputs: int
    outputs: int
    weights: int
    bias: bool
    channels: int
    fan_out: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    macs: int
    padded_macs: int
    spikes: float | None = None
    synops: float | None = None
    most: int = 1

    @property
    def rate(self) -> float | None:
        """Spikes of an input in one step, each input weighted by the weights that it meets."""
        return None if self.synops is None else self.synops / max(1, self.steps * self.macs)


@dataclass(frozen=True)
class NeuronOperations:
    """What a layer of neurons does for one image, on average over images.

    Attributes:
        name: The layer's.
        kind: Its class.
        neurons: How many it has.
        steps: Number of time steps, T.
        spikes: Spikes that it emits over all steps.
        leaky: Whether its potentials decay, which takes a product at each step.
    """

    name: str
    kind: str
    neurons: int
    steps: int
    spikes: float
    leaky: bool

    @property
    def rate(self) -> float:
        """Spikes a neuron and step: the firing rate."""
        return self.spikes / (self.neurons * self.steps)


Operations = LayerOperations | NeuronOperations


def reach(
    side: int,
    outputs: int,
    *,
    kernel: int,
    stride: int = 1,
    before: int = 0,
    dilation: int = 1,
    mode: str = "zeros",
    transposed: bool = False,
) -> NDArray[np.int64]:
    """How many weights of one kernel each input meets in one direction, int64 [side].

    Args:
        side: Inputs in that direction.
        outputs: Outputs in that direction.
        kernel: Taps of the kernel.
        stride: Inputs from one place of the kernel to the next; of a transposed convolution the
            outputs between two inputs.
        before: Inputs that are put before the first, what they are says `mode`; of a transposed
            convolution the outputs that are cut off there.
        dilation: Inputs from one tap to the next.
        mode: What pads: "zeros", which is not counted, "circular", "reflect" or "replicate", as
            torch has them.
        transposed: Whether it is a transposed convolution.
    """
    taps = np.arange(kernel) * dilation
    if transposed:
        places = np.arange(side)[:, None] * stride + taps - before
        met: NDArray[np.int64] = ((places >= 0) & (places < outputs)).sum(1)
        return met
    seen = (np.arange(outputs)[:, None] * stride + taps - before).reshape(-1)
    seen = _PADDING[mode](seen, side)
    return np.bincount(seen[(seen >= 0) & (seen < side)], minlength=side)


def _reflected(seen: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    seen = np.abs(seen)
    return np.where(seen >= side, 2 * (side - 1) - seen, seen)


# From a place beside the map to the place whose value stands there.
_PADDING: dict[str, Callable[[NDArray[np.int64], int], NDArray[np.int64]]] = {
    "zeros": lambda seen, _: seen,
    "circular": lambda seen, side: seen % side,
    "replicate": lambda seen, side: seen.clip(0, side - 1),
    "reflect": _reflected,
}


def met_weights(directions: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """How many weights of one kernel each input of a map meets, from `reach` in each direction."""
    met: NDArray[np.int64] = np.ones((1,) * len(directions), np.int64)
    for axis, each in enumerate(directions):
        met = met * each.reshape([-1 if n == axis else 1 for n in range(len(directions))])
    return met


def taps(layer: LayerOperations) -> int:
    """Taps of a kernel in all directions; 1 for a linear layer."""
    return prod(layer.kernel)
