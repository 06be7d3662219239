"""What a layer emitted, as spikes or counts; what is neither is refused with the reason."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnviz.adapters.finding import Layer
from snnviz.batching import batches
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord

# So many values are looked at together, which stay in the cache.
_BLOCK = 1 << 16


class _Packed:
    """One step of spikes, a bit each."""

    def __init__(self, fired: Tensor) -> None:
        self.shape = fired.shape
        self.bits = np.packbits(fired.numpy().reshape(-1))

    def tensor(self) -> Tensor:
        """The spikes, bool."""
        count = math.prod(self.shape)
        return torch.from_numpy(np.unpackbits(self.bits, count=count).view(bool)).view(self.shape)


class Emissions:
    """What a layer emits for some images, step by step.

    Whole numbers from 0 are counts; 0 and one other number above 0 are spikes of that size.

    Args:
        layer: Which layer; its name is in messages.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._several = layer.framework.fires_several(layer.module)
        self._steps: list[Tensor | _Packed] = []

    def add(self, steps: Tensor) -> None:
        """Take further steps, [t, N, ...], as `compact` gives them."""
        self._steps += [_Packed(s) if s.dtype == torch.bool else s for s in steps]

    @property
    def T(self) -> int:  # noqa: N802 - the field's name
        """How many steps there are."""
        return len(self._steps)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of a step, [N, ...]."""
        return tuple(self._steps[0].shape)

    def sizes(self) -> set[float]:
        """The sizes of spikes, or the counts of a step; 0 is left out."""
        found: set[float] = set()
        for step in self._steps:
            if isinstance(step, Tensor):
                found.update(step[step != 0].unique().tolist())
            elif step.bits.any():
                found.add(1.0)
        return found

    def extremes(self) -> set[float]:
        """The least and the greatest of `sizes`; less is to be done for them."""
        found: set[float] = set()
        for step in self._steps:
            if isinstance(step, _Packed):
                found.update([1.0] * bool(step.bits.any()))
            elif step.dtype == torch.uint8:
                numbers = step.numpy()
                # A zero less one is 255, above all but that.
                least, most = int((numbers - np.uint8(1)).min()) + 1, int(numbers.max())
                found.update([float(min(least, most)), float(most)] * (most > 0))
            else:
                sizes = step[step != 0]
                found.update([float(sizes.min()), float(sizes.max())] if len(sizes) else [])
        return {min(found), max(found)} if found else found

    def total(self, images: int) -> float:
        """How many spikes there are for the first so many images, each of any size as one."""
        steps = (step[:images].numpy() for step in self.by_step(self.T))
        return float(sum(np.count_nonzero(s) if s.dtype == bool else s.sum() for s in steps))

    def equals(self, other: "Emissions") -> bool:
        """Whether both hold the same values."""
        pairs = zip(self._steps, other._steps, strict=False)  # noqa: SLF001 - of this class
        return self.T == other.T and all(_equal(a, b) for a, b in pairs)

    def equals_for(self, other: "Emissions", images: list[int]) -> bool:
        """Whether both hold the same values of those images."""
        pairs = zip(self._steps, other._steps, strict=False)  # noqa: SLF001 - of this class
        return self.T == other.T and all(
            a.shape == b.shape
            and torch.equal(_values(a)[images].double(), _values(b)[images].double())
            for a, b in pairs
        )

    def values(self, T: int) -> Tensor:
        """The first T steps, [T, N, ...]; counts as uint8 or int64, spikes as bool.

        Raises:
            ConfigError: They are neither.
        """
        if self._are_spikes(T):
            return torch.stack([_values(step) for step in self._steps[:T]])
        if all(isinstance(step, _Packed) or step.dtype == torch.uint8 for step in self._steps[:T]):
            counts = torch.stack([_values(step).to(torch.uint8) for step in self._steps[:T]])
            return counts if self._several or len(self.extremes()) > 1 else counts > 0
        found = torch.stack([_values(step).double() for step in self._steps[:T]])
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

    def by_step(self, T: int) -> Iterator[Tensor]:
        """The same step by step, without all of them in one tensor where they are spikes.

        Raises:
            ConfigError: As `values`.
        """
        return map(_values, self._steps[:T]) if self._are_spikes(T) else iter(self.values(T))

    def record(self, T: int) -> SpikeRecord:
        """The record of the first T steps.

        Raises:
            ConfigError: As `values`.
        """
        if self._are_spikes(T):
            return SpikeRecord.from_steps((step.numpy() for step in self.by_step(T)), T)
        values = self.values(T)
        if values.dtype == torch.bool:
            return SpikeRecord.from_steps(values.numpy(), T)
        return SpikeRecord.from_counts(values.numpy(), T)

    def _are_spikes(self, T: int) -> bool:
        """Whether the first T steps hold 0 and 1 alone."""
        return all(isinstance(step, _Packed) for step in self._steps[:T])

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


def _values(step: Tensor | _Packed) -> Tensor:
    return step if isinstance(step, Tensor) else step.tensor()


def _equal(some: Tensor | _Packed, other: Tensor | _Packed) -> bool:
    if isinstance(some, _Packed) and isinstance(other, _Packed):
        return some.shape == other.shape and np.array_equal(some.bits, other.bits)
    return torch.equal(_values(some).double(), _values(other).double())


def compact(emitted: Tensor) -> Tensor:
    """The same on the CPU, as bool where it holds 0 and 1 alone, uint8 where counts; a copy."""
    emitted = emitted.detach()
    if emitted.device.type == "cpu" and emitted.dtype in (torch.float32, torch.float64):
        numbers = _as_bytes(emitted.numpy())
    else:
        narrow = emitted.to(torch.uint8)
        same = torch.equal(narrow.to(emitted.dtype), emitted)
        numbers = narrow.cpu().numpy() if same else None
    if numbers is None:
        return emitted.to("cpu", copy=True)
    return torch.from_numpy(numbers.view(bool) if numbers.max(initial=0) <= 1 else numbers)


def _as_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8] | None:
    """The same as bytes, where all are whole numbers in 0..255; parts of it at a time."""
    flat = values.reshape(-1)  # a copy where steps are not in the order of memory
    numbers, back = np.empty(flat.shape, np.uint8), np.empty(min(flat.size, _BLOCK), flat.dtype)
    for some in batches(flat.size, _BLOCK):
        with np.errstate(invalid="ignore"):  # what is too large is seen below
            numbers[some] = flat[some]
        again = back[: len(flat[some])]
        again[:] = numbers[some]
        if not np.array_equal(again, flat[some]):
            return None
    return numbers.reshape(values.shape)


def check_sizes(layer: Layer, sizes: set[float]) -> None:
    """Raises unless the spikes of a layer are of one size.

    Raises:
        ConfigError: They are not: what it emits is analog.
    """
    if len(sizes) > 1 and any(size != round(size) for size in sizes):
        raise ConfigError(
            f"{layer.name} ({layer.kind}) emits analog values such as {min(sizes):g} and "
            f"{max(sizes):g}, no spikes; name another layer"
        )
