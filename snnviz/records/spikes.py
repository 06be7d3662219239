"""`SpikeRecord`: what a batch of images became in a spiking layer.

Pure NumPy: numbers and drawings are made from this, and nothing here knows torch.
"""

from dataclasses import dataclass, field, replace
from math import isqrt, prod
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import quantity
from snnviz.errors import ConfigError, ShapeError
from snnviz.records.checks import (
    check_dimensions,
    check_steps,
    chosen_images,
    next_steps,
    smallest_type,
    whole_counts,
)
from snnviz.records.renewal import renewal_bits, renewal_counts, renewal_spikes
from snnviz.records.shown import record_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Unsigned = np.unsignedinteger


@dataclass(frozen=True, eq=False, repr=False)
class SpikeRecord:
    """The spikes of a layer's neurons for N images over T steps.

    Neurons have any shape: K feature maps are [K, H, W], a linear layer's K neurons are [K].

    A hard-reset integrate-and-fire neuron under constant drive is a renewal process: with first
    spike at step f it fires at f, 2f + 1, 3f + 2, ..., so `first_spike` alone is the whole record.
    Where the neuron is none, the record also keeps every spike; where it can fire several times in
    a step, how often. A neuron that fires as often whenever it does needs that number alone.

    Build one with `from_first_spike`, `from_spikes`, `from_steps` or `from_counts`.

    Attributes:
        T: Number of time steps, >= 1.
        first_spike: First-spike time, unsigned ints [N, K, H, W]: 0-based step, T where silent.

    Example:
        >>> record = SpikeRecord.from_counts([[[0, 2]], [[1, 0]]], T=2)
        >>> record.count(1).tolist(), record.first_spike.tolist(), record.most
        ([[1, 2]], [[1, 0]], 2)
    """

    T: int
    first_spike: "NDArray[Unsigned]"
    _packed: "NDArray[np.uint8] | None" = field(default=None, repr=False)
    _counts: "NDArray[Unsigned] | None" = field(default=None, repr=False)
    _each: "NDArray[np.uint8] | None" = field(default=None, repr=False)

    @classmethod
    def from_first_spike(cls, first_spike: "NDArray[np.integer]", T: int) -> "Self":
        """The record of renewal neurons.

        Args:
            first_spike: 0-based steps, ints [N, ...] in 0..T; T means silent.
            T: Number of time steps, >= 1.

        Raises:
            ShapeError: The array has no neurons, or holds anything but ints in 0..T.
            ConfigError: T is below 1.
        """
        check_steps(T)
        first_spike = np.asarray(first_spike)
        check_dimensions(first_spike, "first_spike", "[N, ...]")
        if not np.issubdtype(first_spike.dtype, np.integer):
            raise ShapeError(f"first-spike times must be ints, got {first_spike.dtype}")
        if first_spike.size and not 0 <= first_spike.min() <= first_spike.max() <= T:
            raise ShapeError(
                f"first-spike times must be in 0..{T}, got {first_spike.min()} to "
                f"{first_spike.max()}; use T for silent"
            )
        return cls(T, first_spike.astype(smallest_type(T), copy=False))

    @classmethod
    def from_spikes(cls, spikes: "NDArray[np.generic]") -> "Self":
        """The record of any spike trains.

        Args:
            spikes: Zeros and ones (any dtype), [T, N, ...].

        Raises:
            ShapeError: The array has no neurons, or holds anything but 0 and 1.
            ConfigError: There are no steps.
        """
        spikes = np.asarray(spikes)
        check_dimensions(spikes, "spikes", "[T, N, ...]")
        T = len(spikes)
        check_steps(T)
        return cls.from_steps(spikes, T)

    @classmethod
    def from_steps(cls, steps: "Iterable[NDArray[np.generic]]", T: int) -> "Self":
        """The record of spike trains that come step by step; they are never all there unpacked.

        Args:
            steps: Zeros and ones (any dtype), [N, ...] for each of T steps.
            T: Number of time steps, >= 1.

        Raises:
            ShapeError: A step has no neurons or holds anything but 0 and 1, or there are more or
                fewer than T.
            ConfigError: T is below 1.
        """
        check_steps(T)
        dtype = smallest_type(T)
        coming = iter(steps)
        first, packed = None, []
        for start in range(0, T, 8):
            block = next_steps(coming, start, T)
            fired = block.astype(bool, copy=False)
            if not np.array_equal(fired, block):
                raise ShapeError("spikes must be 0 or 1; threshold them first")
            found = fired.argmax(axis=0).astype(dtype) + dtype.type(start)
            found[~fired.any(axis=0)] = T
            first = found if first is None else np.minimum(first, found)
            packed.append(np.packbits(fired, axis=0))
        if next(coming, None) is not None:
            raise ShapeError(f"expected {T} steps, got more")
        assert first is not None  # noqa: S101 - T is at least 1
        return cls(T, first, np.concatenate(packed))

    @classmethod
    def from_counts(cls, steps: "Iterable[ArrayLike]", T: int) -> "Self":
        """The record of neurons that fire several times in a step, from steps as they come.

        Args:
            steps: How often each neuron fires, whole numbers from 0 (any dtype), [N, ...] for each
                of T steps.
            T: Number of time steps, >= 1.

        Raises:
            ShapeError: A step has no neurons or holds anything but whole numbers from 0, or there
                are more or fewer than T.
            ConfigError: T is below 1.
        """
        check_steps(T)
        kept = [whole_counts(np.asarray(step)) for step in steps]
        if len(kept) != T:
            raise ShapeError(f"expected {T} steps, got {len(kept)}")
        bytes_ = isinstance(steps, np.ndarray) and steps.dtype == np.uint8
        counts: NDArray[Unsigned] = np.asarray(steps) if bytes_ else np.stack(kept)
        if counts.max(initial=0) <= 1:
            return cls.from_steps(counts, T)
        counts = counts.astype(np.min_scalar_type(int(counts.max())), copy=False)
        first = np.full(counts.shape[1:], T, smallest_type(T))
        for t in reversed(range(T)):
            np.copyto(first, first.dtype.type(t), where=counts[t] > 0)
        return cls(T, first, None, counts)

    @classmethod
    def from_repeating(
        cls, first_spike: "NDArray[Unsigned]", T: int, each: "NDArray[np.uint8] | None" = None
    ) -> "Self":
        """The record of neurons that repeat their first interval, some of them with several spikes.

        Args:
            first_spike: 0-based steps [N, ...] in 0..T, of the smallest type; T means silent.
            T: Number of time steps, >= 1.
            each: How often a neuron fires whenever it does, from 1, like `first_spike`; None: once.

        Example:
            >>> first, each = np.array([[0, 1, 3]], np.uint8), np.array([[2, 1, 1]], np.uint8)
            >>> SpikeRecord.from_repeating(first, 3, each).steps().tolist()
            [[[2, 0, 0]], [[2, 1, 0]], [[2, 0, 0]]]
        """
        return cls(T, first_spike, _each=None if each is None or each.max(initial=1) == 1 else each)

    def with_trains(self, places: "NDArray[np.intp]", trains: "NDArray[Unsigned]") -> "Self":
        """The same record, but for some neurons whose spikes are given.

        Args:
            places: Where those are in the flat array [N, ...].
            trains: How often they fire, [T, n].

        Example:
            >>> record = SpikeRecord.from_first_spike(np.array([[0, 1, 3]]), 3)
            >>> trains = np.array([[0], [1], [1]], np.uint8)
            >>> record.with_trains(np.array([2]), trains).steps().tolist()
            [[[1, 0, 0]], [[1, 1, 1]], [[1, 0, 1]]]
        """
        if not len(places):
            return self
        fired = trains > 0
        first = self.first_spike.copy()
        times = np.where(fired.any(axis=0), fired.argmax(axis=0), self.T).astype(first.dtype)
        first.reshape(-1)[places] = times
        if max(self.most, int(trains.max(initial=0))) > 1:
            dtype = np.min_scalar_type(max(self.most, int(trains.max(initial=0))))
            counts = self._numbers().astype(dtype)
            counts.reshape(self.T, -1)[:, places] = trains
            return type(self)(self.T, first, None, counts)
        packed = self._bits().copy()
        packed.reshape(len(packed), -1)[:, places] = np.packbits(fired, axis=0)
        return type(self)(self.T, first, packed)

    @classmethod
    def from_durations(cls, steps: "NDArray[np.uint8]", T: int) -> "Self":
        """The record of neurons that fire at each step from the first on, until they stop.

        Args:
            steps: For how many steps, bytes [N, ...] in 0..T.
            T: Number of time steps, 1 to 255.
        """
        check_steps(T)
        trains = np.packbits(np.arange(T)[:, np.newaxis] < np.arange(T + 1), axis=0)
        first = np.where(steps > 0, 0, T).astype(smallest_type(T))
        return cls(T, first, trains[:, steps])

    @classmethod
    def joined(cls, records: "Sequence[Self]") -> "Self":
        """The record of all images of `records`, which are of one T and one shape of neurons.

        Raises:
            ShapeError: They are not.
        """
        kinds = {(record.T, record.shape[1:]) for record in records}
        if len(kinds) != 1:
            raise ShapeError(f"expected records of one T and one shape, got {len(kinds)} kinds")
        first = np.concatenate([record.first_spike for record in records])
        if all(record._repeats for record in records):  # noqa: SLF001
            several = any(record._each is not None for record in records)  # noqa: SLF001
            each = np.concatenate([record._spikes_each for record in records]) if several else None  # noqa: SLF001
            return cls(records[0].T, first, _each=each)
        # In some of them no neuron happened to fire twice in a step, or to break its rhythm.
        if any(record.most > 1 for record in records):
            counts = [record._numbers() for record in records]  # noqa: SLF001
            return cls(records[0].T, first, None, np.concatenate(counts, axis=1))
        packed = [record._bits() for record in records]  # noqa: SLF001
        return cls(records[0].T, first, np.concatenate(packed, axis=1))

    def _numbers(self) -> "NDArray[Unsigned]":
        """How often each neuron fires at each step, as `steps`, which may be the record's own."""
        return self.steps() if self._counts is None else self._counts

    def _bits(self) -> "NDArray[np.uint8]":
        """Whether it fires, the bits of [ceil(T / 8), N, ...], which may be the record's own."""
        if self._packed is not None:
            return self._packed
        if self._counts is not None:
            return np.packbits(self._counts > 0, axis=0)
        return renewal_bits(self.first_spike, self.T)

    @property
    def _repeats(self) -> bool:
        """Whether neurons repeat their first interval, with one spike or several each time."""
        return self._packed is None and self._counts is None

    @property
    def _spikes_each(self) -> "NDArray[np.uint8]":
        """How often a neuron fires whenever it does, where it repeats its first interval."""
        return np.ones(self.shape, np.uint8) if self._each is None else self._each

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...): images and the layer's own shape, (N, K, H, W) for feature maps."""
        return self.first_spike.shape

    @property
    def most(self) -> int:
        """The largest number of spikes of a neuron in one step; 1 for most kinds of neurons."""
        several = self._each if self._counts is None else self._counts
        return 1 if several is None else int(several.max(initial=1))

    @property
    def packed(self) -> "NDArray[np.uint8] | None":
        """Every spike of neurons that are no renewals, eight steps a byte, the first one highest.

        [ceil(T / 8), N, ...]; None of renewals, and of neurons that fire several times in a step.
        """
        return self._packed

    @property
    def is_renewal(self) -> bool:
        """Whether `first_spike` alone is the whole record."""
        return self._repeats and self._each is None

    def __len__(self) -> int:
        """Number of images, N."""
        return len(self.first_spike)

    def __getitem__(self, images: "int | slice | ArrayLike") -> "Self":
        """The record of some of the images: `record[3]` of one, `record[3:5]`, `record[[0, 7]]`.

        It is a view where NumPy gives one. Even one image keeps its axis: [1, ...].

        Raises:
            IndexError: There is no such image.
        """
        images = chosen_images(images, len(self))
        packed = None if self._packed is None else self._packed[:, images]
        counts = None if self._counts is None else self._counts[:, images]
        each = None if self._each is None else self._each[images]
        first = self.first_spike[images]
        return replace(self, first_spike=first, _packed=packed, _counts=counts, _each=each)

    def __iter__(self) -> "Iterator[Self]":
        """The record of each image, [1, ...]."""
        return (self[image] for image in range(len(self)))

    def __repr__(self) -> str:
        """What it is of, and how many neurons never fire."""
        several = f", up to {self.most} spikes a step" if self.most > 1 else ""
        return (
            f"<SpikeRecord of {quantity(len(self), 'image')}, neurons {list(self.shape[1:])}, "
            f"T={self.T}{several}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: its facts, and the counts of the first image."""
        return record_html(self)

    def maps(self) -> "Self":
        """The same record as feature maps [N, K, H, W], whatever the neurons' shape.

        A linear layer's K neurons are one map of K cells, in rows of the length that makes it most
        nearly square; [K, L] are K maps of one row; further axes count as further maps.
        """
        return self._reshaped(map_shape(self.shape[1:]))

    def by_channel(self) -> "Self":
        """The same record as channels [N, K, H, W]; a linear layer's K neurons are K of one cell.

        [K, L] are K channels of one row; further axes count as further channels.
        """
        shape = self.shape[1:]
        return self._reshaped((*shape, 1, 1) if len(shape) == 1 else map_shape(shape))

    def _reshaped(self, neurons: tuple[int, ...]) -> "Self":
        shape = (len(self.first_spike), *neurons)
        if shape == self.shape:
            return self
        arrays = (self._packed, self._counts)
        packed, counts = (a if a is None else a.reshape(len(a), *shape) for a in arrays)
        first = self.first_spike.reshape(shape)
        each = None if self._each is None else self._each.reshape(shape)
        return replace(self, first_spike=first, _packed=packed, _counts=counts, _each=each)

    def count(self, t: int) -> "NDArray[Unsigned]":
        """Spike count of steps 0..t, unsigned ints [N, ...] in 0..(t + 1) * most.

        For renewal neurons it is floor((t + 1) / (first_spike + 1)).

        Raises:
            ConfigError: t is outside 0..T-1.
        """
        if not 0 <= t < self.T:
            raise ConfigError(f"t must be in 0..{self.T - 1} for T = {self.T}, got {t}")
        dtype = smallest_type(self.T * self.most)
        if self._counts is not None:
            total: NDArray[Unsigned] = self._counts[: t + 1].sum(0, dtype=dtype)
            return total
        if self._packed is not None:
            # Step t and the seven before and after it are the bits of one byte, the first highest.
            whole, rest = divmod(t + 1, 8)
            summed: NDArray[Unsigned] = np.bitwise_count(self._packed[:whole]).sum(0, dtype=dtype)
            if rest:
                summed += np.bitwise_count(self._packed[whole] >> np.uint8(8 - rest))
            return summed
        times = renewal_counts(self.first_spike, self.T, t, dtype)
        return times if self._each is None else np.multiply(times, self._each, out=times)

    def spikes(self) -> "NDArray[np.bool_]":
        """Which neurons fire at each step, bool [T, N, ...]; as many bytes as that has elements.

        How often, where `most` is above 1, is in `steps`.
        """
        if self._counts is not None:
            return self._counts > 0
        if self._packed is not None:
            return np.unpackbits(self._packed, axis=0, count=self.T).view(bool)
        return renewal_spikes(self.first_spike, self.T)

    def steps(self) -> "NDArray[Unsigned]":
        """How often each neuron fires at each step, unsigned ints [T, N, ...]; a copy."""
        if self._counts is not None:
            return self._counts.copy()
        spikes = self.spikes().view(np.uint8)
        return spikes if self._each is None else np.multiply(spikes, self._each, out=spikes)


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(K, H, W) of the maps that neurons of that shape are drawn as, see `SpikeRecord.maps`.

    Example:
        >>> map_shape((100,)), map_shape((6, 20)), map_shape((2, 3, 5, 5)), map_shape((7,))
        ((1, 10, 10), (6, 1, 20), (6, 5, 5), (1, 1, 7))
    """
    if len(shape) == 1:
        rows = next(rows for rows in range(isqrt(shape[0]), 0, -1) if shape[0] % rows == 0)
        return 1, rows, shape[0] // rows
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    return prod(shape[:-2]), shape[-2], shape[-1]
