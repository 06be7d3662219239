"""Published models of the energy of an image, side by side: with spikes, and without.

All of them turn counts of operations into joules; none is a measurement of a chip. Each says its
constants, where they come from, and what it leaves out.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from snnviz.metrics.energy import JOULES_PER_ADDITION, JOULES_PER_MAC
from snnviz.metrics.memory import (
    ADD,
    MULTIPLY,
    POINTS,
    QUEUE,
    accesses,
    accesses_without_spikes,
    joules,
)
from snnviz.metrics.operations import LayerOperations, NeuronOperations, Operations

Layers = Sequence[LayerOperations]
Neurons = Sequence[NeuronOperations]


@dataclass(frozen=True)
class ModelEnergy:
    """The energy of one image by one published model, in joules.

    Attributes:
        name: What it goes by: "arithmetic", "memory" or "same bits".
        title: In words.
        spiking: Of the network with spikes.
        ordinary: Of an ordinary network of the same layers without spikes, run once.
        by_layer: Of each layer with weights and each layer of neurons, with spikes.
        constants: What it computes with, by name and with units.
        leaves_out: What it does not count.
        source: Where it is from.
        cite: Keys of its entries in the bibliography, see `snnviz.scoring.methods.BIBLIOGRAPHY`.
    """

    name: str
    title: str
    spiking: float
    ordinary: float
    by_layer: Mapping[str, float]
    constants: Mapping[str, float | int | str]
    leaves_out: str
    source: str
    cite: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """`spiking / ordinary`: below 1 spikes win. NaN where an ordinary network costs nothing."""
        return self.spiking / self.ordinary if self.ordinary else math.nan

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        ratio = None if math.isnan(self.ratio) else self.ratio
        plain = {**asdict(self), "by_layer": dict(self.by_layer), "cite": list(self.cite)}
        return {**plain, "constants": dict(self.constants), "ratio": ratio}


def arithmetic(layers: Layers, _: Neurons = ()) -> ModelEnergy:
    """45 nm, arithmetic alone: 4.6 pJ a multiply-accumulate, 0.9 pJ an addition.

    M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, pp. 10-14,
    doi:10.1109/ISSCC.2014.6757323: float32 at 0.9 V, 3.7 pJ a product and 0.9 pJ an addition.

    Args:
        layers: What the layers with weights do for an image.
    """
    by_layer = {
        layer.name: JOULES_PER_MAC * layer.macs * layer.steps
        if layer.synops is None
        else JOULES_PER_ADDITION * layer.synops
        for layer in layers
    }
    return ModelEnergy(
        "arithmetic",
        "arithmetic alone, float32 in 45 nm",
        sum(by_layer.values()),
        JOULES_PER_MAC * sum(layer.macs for layer in layers),
        by_layer,
        {"joules_per_mac": JOULES_PER_MAC, "joules_per_addition": JOULES_PER_ADDITION},
        "all memory, which costs more than arithmetic on most hardware, the neurons' own updates, "
        "biases, pooling, and what stands still; BatchNorm is taken as folded into the weights",
        "Horowitz 2014",
        ("horowitz2014",),
    )


def memory(layers: Layers, neurons: Neurons) -> ModelEnergy:
    """45 nm with memory and addressing, as Lemaire et al. count them.

    E. Lemaire et al., "An analytical estimation of spiking neural networks energy efficiency",
    ICONIP 2022, arXiv:2210.13107; see `snnviz.metrics.memory`. `spikingjelly.activation_based.
    op_counter.estimate_lemaire_energy` of SpikingJelly 2.0 gives the same for one image.

    Args:
        layers: What the layers with weights do for an image.
        neurons: What the layers of neurons do.
    """
    done: list[Operations] = [*layers, *neurons]
    by_layer = {each.name: joules(accesses(each)) for each in done}
    return ModelEnergy(
        "memory",
        "with memory and addressing, int32 in 45 nm",
        sum(by_layer.values()),
        sum(joules(accesses_without_spikes(layer)) for layer in layers),
        by_layer,
        {
            "joules_per_addition": ADD,
            "joules_per_multiplication": MULTIPLY,
            **{f"joules_per_word_of_{size // 1024}_KiB": cost for size, cost in POINTS if size},
            "word_bits": 32,
            "words_of_a_queue_of_spikes": QUEUE,
        },
        "what moves between layers, DRAM and control; on-chip memory of more than 1 MiB costs as "
        "one of 1 MiB; a spike is sent to all taps of a kernel, at the border of a map, too, and "
        "zeros that pad a map count as inputs of products, as in the paper; pooling and residual "
        "additions are left out",
        "Lemaire et al. 2022",
        ("lemaire2022", "horowitz2014"),
    )


ACCUMULATE = 0.05448e-12
"""Joules of an addition, a comparison or a subtraction in 22 nm (arXiv:2409.08290)."""
SPARSE_MOVE = 3.0e-12
"""Joules to move a spike by one hop of a network on a chip, normalized from Loihi's."""
DENSE_MOVE = 0.25e-12
"""Joules to move one bit of an activation by one hop, in a switched network of 22 nm."""
STORAGE = 0.039e-12
"""Joules to read or write one bit on the chip. Not taken from the paper: see `same_bits`."""
WEIGHT_BITS = 4
STATE_BITS = 8


def activation_bits(T: int, most: int = 1) -> int:
    """Bits of an activation that tells as much as spikes in T steps: ceil(log2(T + 1)).

    Args:
        T: Number of time steps.
        most: Spikes of a neuron in one step, at most.
    """
    return max(1, (T * most).bit_length())


def same_bits(layers: Layers, _: Neurons = ()) -> ModelEnergy:
    """Against an ordinary network whose activations have as many bits as T steps tell apart.

    Z. Yan, Z. Bai, K. Tang and W. F. Wong, "Reconsidering the energy efficiency of spiking neural
    networks inference from analytical perspectives", arXiv:2409.08290v4. The rates of T steps are
    T + 1 levels, so an ordinary network of ceil(log2(T + 1)) bits an activation can tell the same.
    Each synaptic operation fetches a weight, moves a spike and adds; each neuron and step reads and
    writes a potential and compares; each spike resets. The ordinary network fetches each weight and
    moves each activation once, and multiplies those that are not 0: between r and T r of them, for
    a rate r, of which the paper's mean case is taken, 2 T r / (T + 1). A product of b bits is taken
    as b additions, potentials as 8 bits wide, weights as 4 in both networks, one hop a move.

    `STORAGE` is no number of the paper. It is chosen so that `break_even_rate` gives the rates that
    the paper is reported to publish: 5.7 % for T = 5 and 4,096 inputs a neuron, in its abstract;
    5.4 % for 64 inputs; 10.4 % for T = 2; 12.3 and 8.2 % for T = 2 and 3 with weights of 8 bits;
    5.39 to 6.08 % with weights half and one and a half as dear. One comes out otherwise: for T = 1
    and 8 bits 29.7 % are reported, here it is 17 %.

    Args:
        layers: What the layers with weights do for an image; those that see values are left out,
            and the same in both networks if they are run once.
    """
    spiking = [layer for layer in layers if layer.synops is not None]
    by_layer = {layer.name: _with_spikes(layer) for layer in spiking}
    return ModelEnergy(
        "same bits",
        "with moves, against activations of the same bits, 22 nm",
        sum(by_layer.values()),
        sum(map(_of_same_bits, spiking)),
        by_layer,
        {
            "joules_per_addition": ACCUMULATE,
            "joules_per_move_of_a_spike": SPARSE_MOVE,
            "joules_per_move_of_a_bit": DENSE_MOVE,
            "joules_per_stored_bit": STORAGE,
            "stored_bit_from": "chosen so that published break-even rates come out",
            "weight_bits": WEIGHT_BITS,
            "state_bits": STATE_BITS,
            "hops": 1,
        },
        "layers that see values, which are the same in both networks if they are run once; "
        "control, DRAM, biases, pooling; how layers are placed on a chip (one hop a move is taken)",
        "Yan et al. 2024",
        ("yan2024",),
    )


def _synapse() -> float:
    """What one synaptic operation takes."""
    return ACCUMULATE + SPARSE_MOVE + STORAGE * WEIGHT_BITS


def _update() -> float:
    """What one neuron takes at one step."""
    return ACCUMULATE + 2 * STATE_BITS * STORAGE


def _with_spikes(layer: LayerOperations) -> float:
    rate = layer.rate or 0.0
    synops = layer.synops or 0.0
    return synops * _synapse() + layer.outputs * layer.steps * (_update() + rate * ACCUMULATE)


def _of_same_bits(layer: LayerOperations) -> float:
    bits = activation_bits(layer.steps, layer.most)
    nonzero = min(1.0, 2 * layer.steps * (layer.rate or 0.0) / (layer.steps + 1))
    product = nonzero * bits * ACCUMULATE
    return layer.macs * (product + DENSE_MOVE * bits + STORAGE * WEIGHT_BITS)


def break_even_rate(layers: Iterable[LayerOperations]) -> float | None:
    """The rate of the spikes that enter these layers below which spikes win, by `same_bits`.

    It is one rate for all layers; 0 where an ordinary network wins even against silence, since the
    neurons' potentials cost more. None where no layer sees spikes.

    Args:
        layers: What they do for an image; how much they fire does not matter.
    """
    fixed = slope = 0.0
    for layer in layers:
        if layer.synops is None:
            continue
        T, bits = layer.steps, activation_bits(layer.steps, layer.most)
        fixed += layer.macs * (DENSE_MOVE * bits + STORAGE * WEIGHT_BITS)
        fixed -= layer.outputs * T * _update()
        slope += layer.macs * (T * _synapse() - 2 * T / (T + 1) * bits * ACCUMULATE)
        slope += layer.outputs * T * ACCUMULATE
    return max(0.0, fixed / slope) if slope else None


MODELS: tuple[Callable[[Layers, Neurons], ModelEnergy], ...] = (arithmetic, memory, same_bits)
"""All of them, in the order in which they are shown."""
