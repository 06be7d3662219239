"""Accesses to memory, and their energy, as Lemaire et al. count them.

E. Lemaire, L. Cordone, A. Castagnetti, P. E. Novac, J. Courtois and B. Miramond, "An analytical
estimation of spiking neural networks energy efficiency", ICONIP 2022, arXiv:2210.13107,
doi:10.1007/978-3-031-30105-6_48. Operations are of 32-bit integers in 45 nm; an access to SRAM
costs the more, the larger the memory is, between Horowitz's points for 8 KiB, 32 KiB and 1 MiB.
Each layer has its own memories: for weights, potentials, and what enters and leaves.

Where the paper contradicts itself it is read as SpikingJelly 2.0 does: a spike into a linear layer
is added to each output once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, prod

import numpy as np

from snnviz.metrics.operations import LayerOperations, NeuronOperations, Operations, taps

ADD = 0.1e-12
"""Joules of an addition of 32-bit integers."""
MULTIPLY = 3.1e-12
"""Joules of a product of 32-bit integers."""
POINTS = ((0, 0.0), (8 << 10, 10e-12), (32 << 10, 20e-12), (1 << 20, 100e-12))
"""Bytes of a memory, and joules to access one 32-bit word of it; linear in between."""
QUEUE = 1000
"""Spikes that a queue before or behind a layer holds."""
_WORD = 4


@dataclass(frozen=True)
class Accesses:
    """What a layer does for one image by this count; accesses are of 32-bit words.

    Attributes:
        read_inputs: Inputs, or spikes, that are read.
        read_weights: Weights and biases that are read.
        read_potentials: Membrane potentials that are read.
        write_potentials: Those that are written.
        write_outputs: Outputs, or spikes, that are written.
        input_bytes: Size of the memory of inputs; those for the rest follow.
        weight_bytes: Of weights.
        potential_bytes: Of potentials.
        output_bytes: Of outputs.
        additions: Additions.
        products: Multiply-accumulates.
        address_additions: Additions that compute addresses.
        address_products: Multiply-accumulates that do.
    """

    read_inputs: float = 0
    read_weights: float = 0
    read_potentials: float = 0
    write_potentials: float = 0
    write_outputs: float = 0
    input_bytes: int = 0
    weight_bytes: int = 0
    potential_bytes: int = 0
    output_bytes: int = 0
    additions: float = 0
    products: float = 0
    address_additions: float = 0
    address_products: float = 0

    @property
    def total(self) -> float:
        """All accesses."""
        return sum(count for count, _ in self.with_sizes())

    def with_sizes(self) -> Iterator[tuple[float, int]]:
        """How many accesses there are to each memory, and how many bytes it holds."""
        yield self.read_inputs, self.input_bytes
        yield self.read_weights, self.weight_bytes
        yield self.read_potentials + self.write_potentials, self.potential_bytes
        yield self.write_outputs, self.output_bytes


def accesses(layer: Operations) -> Accesses:
    """What one layer does for an image."""
    if isinstance(layer, NeuronOperations):
        return _of_neurons(layer)
    return _of_values(layer) if layer.spikes is None else _of_spikes(layer, layer.spikes)


def accesses_without_spikes(layer: LayerOperations) -> Accesses:
    """What the same layer does in an ordinary network, where analog values enter it once."""
    values = replace(layer, sees="values", steps=1, spikes=None, synops=None)
    size = layer.outputs * _WORD
    return replace(_of_values(values), write_outputs=layer.outputs, output_bytes=size)


def _of_neurons(layer: NeuronOperations) -> Accesses:
    updates = layer.neurons * layer.steps
    return Accesses(
        read_potentials=updates,
        write_potentials=updates,
        potential_bytes=layer.neurons * _WORD,
        write_outputs=layer.spikes,
        output_bytes=QUEUE * _WORD,
        additions=layer.spikes,
        products=updates if layer.leaky else 0,
    )


def _of_values(layer: LayerOperations) -> Accesses:
    """Of a layer that sees values; what it writes is read by the neurons behind it, or by none."""
    runs, outputs = layer.steps, layer.outputs
    products = layer.padded_macs * runs
    biases = outputs * runs * layer.bias
    addresses = layer.inputs + outputs + layer.channels * taps(layer) * bool(layer.kernel)
    return Accesses(
        read_inputs=products if layer.kernel else layer.inputs * runs,
        input_bytes=layer.inputs * _WORD,
        read_weights=products + biases,
        weight_bytes=_weight_bytes(layer),
        additions=biases,
        products=products,
        address_additions=addresses * runs,
    )


def _of_spikes(layer: LayerOperations, spikes: float) -> Accesses:
    reached = spikes * layer.fan_out * taps(layer)
    biases = layer.outputs * layer.steps * layer.bias
    pairs = zip(layer.kernel, layer.stride, strict=True)
    places = prod(ceil(kernel / stride) for kernel, stride in pairs)
    return Accesses(
        read_inputs=spikes,
        input_bytes=QUEUE * _WORD,
        read_weights=reached + biases,
        weight_bytes=_weight_bytes(layer),
        read_potentials=reached,
        write_potentials=reached,
        potential_bytes=layer.outputs * _WORD,
        additions=spikes * layer.fan_out * places + biases,
        address_additions=reached,
        address_products=2 * spikes * bool(layer.kernel),
    )


def _weight_bytes(layer: LayerOperations) -> int:
    return (layer.weights + layer.channels * layer.bias) * _WORD


def joules(done: Accesses) -> float:
    """The energy of all of that, in joules."""
    additions = done.additions + done.address_additions
    products = done.products + done.address_products
    sizes, costs = zip(*POINTS, strict=True)
    kept = sum(count * float(np.interp(size, sizes, costs)) for count, size in done.with_sizes())
    return additions * ADD + products * (ADD + MULTIPLY) + kept
