"""What a code of an image costs: additions into the next layer, and products to make it.

The next layer is that of the tutorial's network, whoever made the spikes: 2 x 2 max pooling, then
kernels of 3 x 3 with a border of zeros.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, check_shape
from snnviz.metrics.energy import JOULES_PER_ADDITION, JOULES_PER_MAC
from snnviz.metrics.energy_models import break_even_rate, same_bits
from snnviz.metrics.operations import LayerOperations, met_weights, reach
from snnviz.metrics.parts import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# As many steps as an integer has bits.
_WORD = 64


@dataclass(frozen=True, repr=False)
class CostResult(Brief):
    """What a code costs, an image on average.

    Attributes:
        images: Number of images.
        pooled_spikes: Spikes that leave the pooling, over all T steps.
        synops: Synaptic operations into the next layer: each of those spikes times the weights that
            it meets, which are fewer at the border of a map.
        macs: Multiply-accumulates of the encoder's own convolution, which runs once; those with
            zeros that pad a map are left out, as are spikes that never come from there. 0 for a
            code that multiplies nothing.
        rate: Spikes of an input of the next layer in one step, weighted by the weights that it
            meets.
        break_even_rate: The rate below which the next layer takes less energy with spikes than in
            an ordinary network of the same bits, see `snnviz.metrics.energy_models.same_bits`.
        same_bits: How many times as much it takes as there.
    """

    images: int
    pooled_spikes: float
    synops: float
    macs: int
    rate: float
    break_even_rate: float
    same_bits: float

    @property
    def joules(self) -> float:
        """The energy of both, in joules: 4.6 pJ a product and 0.9 pJ an addition.

        Float32 in 45 nm, see `snnviz.metrics.energy` (Horowitz, ISSCC 2014); memory traffic is
        left out.
        """
        return JOULES_PER_MAC * self.macs + JOULES_PER_ADDITION * self.synops


class Cost(Accumulator):
    """Accumulates how many spikes reach each place of the next layer.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
        outputs: Kernels of the next layer, >= 1.
        macs: As in `CostResult`, >= 0.
    """

    def __init__(self, T: int, shape: tuple[int, int, int], *, outputs: int, macs: int = 0) -> None:
        if outputs < 1 or macs < 0:
            raise ConfigError(f"got {outputs} outputs and {macs} products; give 1 or more, and 0")
        check_shape(T, shape)
        super().__init__(
            T, shape, {"pooled": (shape[1] // 2, shape[2] // 2)}, outputs=outputs, macs=macs
        )
        self.outputs, self.macs = outputs, macs

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", _labels: "NDArray[np.intp]"
    ) -> None:
        if tallying.suits(record) and self.T <= _WORD:
            self.state["pooled"] += tallying.pooled_bits(record, _trains(self.T))
            return
        for part, _ in blocks(record, images):
            if part.most > 1:  # of four counts the pooling passes the largest on
                self.state["pooled"] += _pool(part.steps(), np.maximum).sum((0, 1, 2), np.int64)
                continue
            # Bit t of a neuron's word is its spike at step t, and a pooled one's any of four.
            if part.is_renewal and self.T <= _WORD:
                words = _trains(self.T)[part.first_spike]
            else:
                words = part.spikes().view(np.uint8)
            pooled = np.bitwise_count(_pool(words))
            axes = tuple(range(pooled.ndim - 2))
            self.state["pooled"] += pooled.sum(axis=axes, dtype=np.int64)

    def result(self) -> CostResult:
        """The cost so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        pooled = self.state["pooled"]
        met = met_weights([reach(side, side, kernel=3, before=1) for side in pooled.shape])
        spikes = int(pooled.sum()) / self.images
        synops = int((pooled * met).sum()) * self.outputs / self.images
        layer = self._next_layer(spikes, synops, int(met.sum()))
        even, ratio = break_even_rate([layer]), same_bits([layer]).ratio
        return CostResult(
            self.images, spikes, synops, self.macs, layer.rate or 0.0, even or 0.0, ratio
        )

    def _next_layer(self, spikes: float, synops: float, met: int) -> LayerOperations:
        channels, size = self.shape[0], self.state["pooled"].size
        weights = channels * self.outputs * 9
        return LayerOperations(
            name="next layer",
            kind="Conv2d",
            sees="spikes" if self.most == 1 else "counts",
            steps=self.T,
            inputs=channels * size,
            outputs=self.outputs * size,
            weights=weights,
            bias=False,
            channels=self.outputs,
            fan_out=self.outputs,
            kernel=(3, 3),
            stride=(1, 1),
            macs=channels * self.outputs * met,
            padded_macs=weights * size,
            spikes=spikes,
            synops=synops,
            most=self.most,
        )


def _trains(T: int) -> "NDArray[Any]":
    """For each first-spike time up to T the steps of all spikes, as bits of a whole number."""
    words = [sum(1 << t for t in range(f, T, f + 1)) for f in range(T + 1)]
    return np.array(words, np.min_scalar_type(2**T - 1))


def _pool(spikes: "NDArray[Any]", join: np.ufunc = np.bitwise_or) -> "NDArray[Any]":
    """What 2 x 2 neurons come to, [..., H // 2, W // 2]; an odd last row or column is in none."""
    height, width = (side // 2 * 2 for side in spikes.shape[-2:])
    rows = join(spikes[..., :height:2, :width], spikes[..., 1:height:2, :width])
    pooled: NDArray[Any] = join(rows[..., ::2], rows[..., 1::2])
    return pooled
