"""What a layer emitted, as spikes or counts; what is neither is refused with the reason."""

import torch
from torch import Tensor

from snnviz.adapters.finding import Layer
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord


class Emissions:
    """What a layer emits for some images, step by step.

    Whole numbers from 0 are counts; 0 and one other number above 0 are spikes of that size.

    Args:
        layer: Which layer; its name is in messages.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._several = layer.framework.fires_several(layer.module)
        self._steps: list[Tensor] = []

    def add(self, steps: Tensor) -> None:
        """Take further steps, [t, N, ...] on the CPU; bool where they are known to be 0 or 1."""
        self._steps += list(steps)

    @property
    def T(self) -> int:  # noqa: N802 - the field's name
        """How many steps there are."""
        return len(self._steps)

    def sizes(self) -> set[float]:
        """The sizes of spikes, or the counts of a step; 0 is left out."""
        found: set[float] = set()
        for step in self._steps:
            if step.dtype != torch.bool:
                found.update(step[step != 0].unique().tolist())
            elif step.any():
                found.add(1.0)
        return found

    def total(self, images: int) -> float:
        """How many spikes there are for the first so many images, each of any size as one."""
        return float(self.values(self.T)[:, :images].sum(dtype=torch.float64))

    def equals(self, other: "Emissions") -> bool:
        """Whether both hold the same values."""
        pairs = zip(self._steps, other._steps, strict=False)  # noqa: SLF001 - of this class
        return self.T == other.T and all(torch.equal(a.double(), b.double()) for a, b in pairs)

    def values(self, T: int) -> Tensor:
        """The first T steps, [T, N, ...]; counts as int64, spikes as bool.

        Raises:
            ConfigError: They are neither.
        """
        if all(step.dtype == torch.bool for step in self._steps[:T]):
            return torch.stack(self._steps[:T])
        found = torch.stack([step.double() for step in self._steps[:T]])
        self._check(found)
        sizes = found[found > 0].unique()
        if len(sizes) == 1 and not (self._several and (sizes == sizes.round()).all()):
            return found > 0
        if not torch.equal(found, found.round()):
            raise ConfigError(
                f"{self._name} emits analog values such as {sizes[0]:g} and {sizes[-1]:g}, no "
                "spikes: its output has other values than 0 and one size of a spike; name another "
                "layer"
            )
        return found.long()

    def by_step(self, T: int) -> list[Tensor]:
        """The same step by step, without all of them in one tensor where they are spikes.

        Raises:
            ConfigError: As `values`.
        """
        spikes = all(step.dtype == torch.bool for step in self._steps[:T])
        return self._steps[:T] if spikes else list(self.values(T))

    def record(self, T: int) -> SpikeRecord:
        """The record of the first T steps."""
        values = self.values(T)
        if values.dtype == torch.bool:
            return SpikeRecord.from_steps(values.numpy(), T)
        return SpikeRecord.from_counts(values.numpy(), T)

    def _check(self, found: Tensor) -> None:
        if not torch.isfinite(found).all():
            raise ConfigError(
                f"{self._name} emits values that are not finite; check the network's weights"
            )
        if (low := found.min()) < 0:
            raise ConfigError(
                f"{self._name} emits values of both signs, down to {low:g}: those are no spike "
                "train; name another layer"
            )

    @property
    def _name(self) -> str:
        return f"{self._layer.name or 'the network'} ({self._layer.kind})"


def compact(emitted: Tensor) -> Tensor:
    """The same on the CPU, as bool where it holds 0 and 1 alone; a copy."""
    fired = emitted == 1
    if torch.equal(fired.to(emitted.dtype), emitted):
        return fired.cpu()
    return emitted.detach().to("cpu", copy=True)


def check_sizes(layer: Layer, sizes: set[float]) -> None:
    """Nothing, if the spikes of a layer are of one size.

    Raises:
        ConfigError: They are not: what it emits is analog.
    """
    if len(sizes) > 1 and any(size != round(size) for size in sizes):
        raise ConfigError(
            f"{layer.name} ({layer.kind}) emits analog values such as {min(sizes):g} and "
            f"{max(sizes):g}, no spikes; name another layer"
        )
