"""An estimate of the energy that a network's arithmetic takes.

One float32 operation in 45 nm at 0.9 V: 0.9 pJ to add, 3.7 pJ to multiply. M. Horowitz,
"Computing's energy problem (and what we can do about it)", ISSCC 2014, pp. 10-14,
doi:10.1109/ISSCC.2014.6757323.
"""

from collections.abc import Mapping
from dataclasses import dataclass

JOULES_PER_ADDITION = 0.9e-12
JOULES_PER_MAC = 4.6e-12


@dataclass(frozen=True)
class Energy:
    """An estimate of the energy that one image takes, in joules.

    It counts the arithmetic of convolutions and linear layers only. BatchNorm is taken as folded
    into the convolutions; the neurons' own updates, pooling and all memory traffic, which costs
    more than arithmetic on most hardware, are left out.

    Attributes:
        pixels: Of the layers that see grey levels, or averages of spikes: a multiply-accumulate for
            each weight used.
        spikes: Of the layers that see spikes: an addition for each synaptic operation.
        dense: Of an ordinary network of the same layers, run once: multiply-accumulates everywhere.

    Example:
        >>> energy = snnviz.Energy(pixels=1e-6, spikes=3e-6, dense=40e-6)
        >>> round(energy.dense / energy.total, 1)
        10.0
    """

    pixels: float
    spikes: float
    dense: float

    @property
    def total(self) -> float:
        """`pixels + spikes`."""
        return self.pixels + self.spikes

    def as_dict(self) -> dict[str, object]:
        """The same as plain values, with the constants that it comes from."""
        return {
            "joules": self.total,
            "pixels": self.pixels,
            "spikes": self.spikes,
            "dense": self.dense,
            "joules_per_mac": JOULES_PER_MAC,
            "joules_per_addition": JOULES_PER_ADDITION,
            "source": "float32 in 45 nm, Horowitz 2014, doi:10.1109/ISSCC.2014.6757323",
        }


def estimate_energy(
    macs: Mapping[str, int], synops: Mapping[str, float], steps: Mapping[str, int] | None = None
) -> Energy:
    """The energy of one image, at 4.6 pJ a multiply-accumulate and 0.9 pJ an addition.

    The constants are those of float32 in 45 nm (Horowitz, ISSCC 2014,
    doi:10.1109/ISSCC.2014.6757323), as most papers on spiking networks use them.

    Args:
        macs: Multiply-accumulates per image of each layer, if every input counts.
        synops: Synaptic operations per image of those that see spikes; the others see grey levels
            or averages.
        steps: How often those others are run; once, where they are not named.
    """
    steps = steps or {}
    values = sorted(macs.keys() - synops.keys())
    return Energy(
        pixels=JOULES_PER_MAC * sum(macs[name] * steps.get(name, 1) for name in values),
        spikes=JOULES_PER_ADDITION * sum(synops.values()),
        dense=JOULES_PER_MAC * sum(macs.values()),
    )
