"""How much an encoder spikes: rates, sparsity, first-spike times, sparseness."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator, mean_defined, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Unsigned = np.unsignedinteger

# Sparseness of an image is a quotient; it is summed in units of 2**-32.
_UNIT = 1 << 32
# Levels whose tallies are kept at once, so that they stay in the cache.
_LEVELS = 8
# Up to so many steps, a tally at each is faster than a histogram of the times.
_FEW = 16


@dataclass(frozen=True, repr=False)
class ActivityResult(Brief):
    """How much an encoder spikes, over all images seen.

    A response r is the spike count of one neuron (a position of a map) for one image.

    Attributes:
        images: Number of images.
        rate: Firing rate of each channel, spikes / (T * H * W * images), float64 [K] in [0, most].
        mean_rate: The same over all channels.
        spikes_per_image: Mean number of spikes an image, of all K * H * W neurons.
        sparsity: Share of responses that are 0, in [0, 1].
        silent: Channels without a spike in this sample, bool [K].
        saturated: Channels that spike everywhere at every step in this sample, bool [K]; None where
            neurons fire several times in a step, which know no such bound.
        first_spike: How many responses begin at each step, int64 [K, T+1]; the last column
            counts the silent ones.
        lifetime_sparseness: `sparseness` of a neuron's responses over the images, averaged over
            the neurons of a map that spike at least once, float64 [K] in [0, 1]. NaN for a silent
            channel, and where there is only one image.
        mean_lifetime_sparseness: The same average over the neurons of all maps.
        population_sparseness: `sparseness` of the responses of all K * H * W neurons to an image,
            averaged over the images that cause a spike; each is rounded to 2**-32. NaN where no
            image does, or there is only one neuron.
        most: The largest number of spikes of a neuron in one step.
    """

    images: int
    rate: "NDArray[np.float64]"
    mean_rate: float
    spikes_per_image: float
    sparsity: float
    silent: "NDArray[np.bool_]"
    saturated: "NDArray[np.bool_] | None"
    first_spike: "NDArray[np.int64]"
    lifetime_sparseness: "NDArray[np.float64]"
    mean_lifetime_sparseness: float
    population_sparseness: float
    most: int = 1


def sparseness(responses: "NDArray[np.generic]", axis: int = -1) -> "NDArray[np.float64]":
    """How unevenly responses are distributed along an axis, float64 in [0, 1].

    With n responses r it is (1 - a) / (1 - 1/n), a = (sum r / n)^2 / (sum r^2 / n): 0 where all are
    equal, 1 where all but one are 0. NaN where all are 0, or n is 1.

    The activity ratio a is of Treves and Rolls (Network 2, 1991), the scaling of Vinje and Gallant
    (Science 287, 2000).

    Args:
        responses: Numbers >= 0, any shape.
        axis: Along the stimuli it is lifetime sparseness, along the neurons population sparseness.
    """
    r = np.asarray(responses, np.float64)
    return _sparseness(r.sum(axis=axis), (r * r).sum(axis=axis), r.shape[axis])


class Activity(Accumulator):
    """Accumulates how much an encoder spikes; `result` has the numbers.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
    """

    def __init__(self, T: int, shape: tuple[int, int, int]) -> None:
        sizes = {"first_spike": (shape[0], T + 1), "moments": (2, *shape), "population": (2,)}
        super().__init__(T, shape, sizes)

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", _labels: "NDArray[np.intp]"
    ) -> None:
        if record.most > 1:
            self._add_counts(record)
            return
        if tallying.suits(record):
            self.state["first_spike"] += tallying.level_counts(record)
            self._add_moments(*tallying.moments(record.count(self.T - 1)))
            return
        n, neurons = len(images), int(np.prod(self.shape))
        steps = np.arange(self.T + 1)
        if record.is_renewal:
            counts, values = self.T // (steps + 1), record.first_spike.reshape(n, -1)
        else:
            counts, values = steps, record.count(self.T - 1).reshape(n, -1)
        # The sum of g(v) is n g(T) and g(l) - g(l+1) for each level l that v does not exceed.
        powers = np.stack([counts, counts**2]).astype(np.float64)
        gains = powers[:, :-1] - powers[:, 1:]
        levels = np.flatnonzero(gains[0])
        tallied = record.is_renewal and self.T <= _FEW
        if tallied:
            levels = steps[:-1]
            # All, of which those that spike are taken away again.
            self.state["first_spike"][:, -1] += n * self.shape[1] * self.shape[2]
        else:
            self._count_first_spikes(record)
        of_neurons = np.repeat(n * powers[:, -1:], neurons, axis=1)
        of_images = np.repeat(neurons * powers[:, -1:], n, axis=1)
        for some, by_neuron, by_image in _tallies(values, levels):
            of_neurons += gains[:, some] @ by_neuron.astype(np.float64)
            of_images += gains[:, some] @ by_image
            if tallied:
                self._add_first_spikes(some, by_neuron)
        self._add_moments(of_neurons.reshape(2, *self.shape), of_images)

    def _add_counts(self, record: "SpikeRecord") -> None:
        """Neurons that fire several times in a step: too many levels to tally."""
        self._count_first_spikes(record)
        counts = record.count(self.T - 1).astype(np.int64)
        squares = counts * counts
        self._add_moments(
            np.stack([counts.sum(axis=0), squares.sum(axis=0)]),
            np.stack([counts.sum(axis=(1, 2, 3)), squares.sum(axis=(1, 2, 3))]),
        )

    def _add_moments(self, of_neurons: "NDArray[Any]", of_images: "NDArray[Any]") -> None:
        """Add sums of responses and of their squares, [2, K, H, W] and, by image, [2, n]."""
        self.state["moments"] += of_neurons.astype(np.int64)
        uneven = _sparseness(of_images[0], of_images[1], int(np.prod(self.shape)))
        uneven = uneven[~np.isnan(uneven)]
        units = np.rint(uneven * _UNIT).astype(np.int64)
        self.state["population"] += (units.sum(), len(units))

    def _count_first_spikes(self, record: "SpikeRecord") -> None:
        for channel in range(self.shape[0]):
            times = record.first_spike[:, channel].reshape(-1)
            self.state["first_spike"][channel] += np.bincount(times, minlength=self.T + 1)

    def _add_first_spikes(self, steps: "NDArray[np.intp]", by_neuron: "NDArray[np.uint8]") -> None:
        """Count first spikes from how many images have theirs at each step or before."""
        by_then = by_neuron.reshape(len(steps), self.shape[0], -1).sum(axis=2, dtype=np.int64).T
        histogram = self.state["first_spike"]
        histogram[:, steps] += by_then
        histogram[:, steps + 1] -= by_then

    def result(self) -> ActivityResult:
        """The numbers so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        K, H, W = self.shape
        total, squares = self.state["moments"]
        spikes = total.sum(axis=(1, 2))
        most = self.T * H * W * self.images
        lifetime = _sparseness(total, squares, self.images)
        first_spike = self.state["first_spike"].copy()
        units, spiking = self.state["population"]
        return ActivityResult(
            images=self.images,
            rate=spikes / most,
            mean_rate=float(spikes.sum() / (K * most)),
            spikes_per_image=float(spikes.sum() / self.images),
            sparsity=float(first_spike[:, -1].sum() / first_spike.sum()),
            silent=spikes == 0,
            saturated=spikes == most if self.most == 1 else None,
            first_spike=first_spike,
            lifetime_sparseness=mean_defined(lifetime, axis=(1, 2)),
            mean_lifetime_sparseness=float(mean_defined(lifetime)),
            population_sparseness=float(ratio(units / _UNIT, spiking)),
            most=self.most,
        )


def _sparseness(
    total: "NDArray[np.generic]", squares: "NDArray[np.generic]", n: int
) -> "NDArray[np.float64]":
    """`sparseness` of n responses of which the sum and the sum of squares are known."""
    if n == 1:
        return np.full(total.shape, np.nan)
    evenness = ratio(np.asarray(total, np.float64) ** 2, np.asarray(squares, np.float64) * n)
    # Rounding can take equal responses a little below 0.
    return np.clip((1 - evenness) / (1 - 1 / n), 0, 1)


def _tallies(
    values: "NDArray[Unsigned]", levels: "NDArray[np.intp]"
) -> Iterator[tuple["NDArray[np.intp]", "NDArray[np.uint8]", "NDArray[np.float64]"]]:
    """How many values are at most l, for each of the levels l, some of them at a time.

    Args:
        values: Ints [n, D], n at most 255.
        levels: Ints [L].

    Yields:
        Some levels; how many of the n are at most each [L, D]; how many of the D [L, n].
    """
    n, size = values.shape
    at_most = np.empty(size, bool)
    ones = at_most.view(np.uint8)
    for part in batches(len(levels), _LEVELS):
        some = levels[part]
        by_neuron = np.zeros((len(some), size), np.uint8)
        by_image = np.zeros((len(some), n))
        for number, row in enumerate(values):
            for place, level in enumerate(some.tolist()):
                np.less_equal(row, level, out=at_most)
                by_neuron[place] += ones
                by_image[place, number] = np.count_nonzero(at_most)
        yield some, by_neuron, by_image
