"""Does a channel follow the image's contours, its areas, or its background?

The tutorial looks at four pictures and finds that "the summed spikes are very close to the contours
of the image". Here that is a correlation, for every channel and for their sum, at every step.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.metrics import tallying
from snnviz.metrics.accumulator import Accumulator
from snnviz.metrics.gradients import QUANTITIES, image_quantities
from snnviz.metrics.levels import level_matrix
from snnviz.metrics.parts import blocks, count_table, counts_by_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

CHANNEL_TYPES = (
    "vertical edge",
    "horizontal edge",
    "diagonal edge",
    "edge",
    "area",
    "background",
    "mixed",
    "silent",
    "saturated",
)
"""The types of `channel_types`."""

THRESHOLD = 0.3
"""Correlation from which a channel counts as following something."""

_DIRECTED = {
    "edge": "edge",
    "along x": "vertical edge",
    "along y": "horizontal edge",
    "along down-right": "diagonal edge",
    "along up-right": "diagonal edge",
}


def channel_types(
    correlation: "Floats", firing_rate: "Floats", threshold: float = THRESHOLD, *, most: int = 1
) -> tuple[str, ...]:
    """What each channel follows: K names of `CHANNEL_TYPES`.

    A channel whose rate is 0 is silent, one whose rate is 1 is saturated, unless neurons fire
    several times in a step: those can be at 1 by chance. Of any other the largest
    of these correlations decides: with the gradient magnitude ("edge"), with the gradient along x
    ("vertical edge"), along y ("horizontal edge") or along a diagonal ("diagonal edge"), with
    intensity ("area") and with inverted intensity ("background"). An edge has an orientation,
    therefore, where one direction explains the counts better than the magnitude does. Where none
    reaches `threshold`, or none is defined, the channel is "mixed".

    Args:
        correlation: [K, 6] in the order of `QUANTITIES`; NaN where undefined.
        firing_rate: [K] in [0, most], over the same images and steps.
        threshold: Least correlation, in [0, 1].
        most: The largest number of spikes of a neuron in one step.
    """
    bounds = {0.0: "silent"} if most > 1 else {0.0: "silent", 1.0: "saturated"}
    return tuple(
        bounds.get(rate) or _channel_type(dict(zip(QUANTITIES, row, strict=True)), threshold)
        for row, rate in zip(correlation.tolist(), firing_rate.tolist(), strict=True)
    )


def _channel_type(correlation: dict[str, float], threshold: float) -> str:
    scores = [("area", correlation["intensity"]), ("background", -correlation["intensity"])]
    scores += [(name, correlation[quantity]) for quantity, name in _DIRECTED.items()]
    # NaN, which no comparison finds large enough, must not be chosen either.
    name, score = max(scores, key=lambda pair: -np.inf if np.isnan(pair[1]) else pair[1])
    return name if score >= threshold else "mixed"


@dataclass(frozen=True, repr=False)
class ContourResult(Brief):
    """How counts go with contours and intensity.

    Attributes:
        images: Number of images.
        correlation: Pearson's r of each channel's spike count up to step t with each of
            `QUANTITIES`, over all pixels of all images: [T, K, 6] in [-1, 1]; NaN where either is
            constant.
        summed: The same for the sum of all channels' counts (or their mean, which has the same r):
            [T, 6].
        firing_rate: Spikes a step and neuron up to step t, [T, K] in [0, most].
        most: The largest number of spikes of a neuron in one step.
    """

    images: int
    correlation: "Floats"
    summed: "Floats"
    firing_rate: "Floats"
    most: int = 1

    def types(self, t: int = -1, threshold: float = THRESHOLD) -> tuple[str, ...]:
        """`channel_types` of the counts up to step t; the last step where omitted."""
        return channel_types(self.correlation[t], self.firing_rate[t], threshold, most=self.most)

    def shares(self, t: int = -1, threshold: float = THRESHOLD) -> dict[str, float]:
        """The share of channels that follow edges, areas, background, or none: sums to 1.

        Keys: "edge" (of any orientation), "area", "background", "mixed", "silent", "saturated".
        """
        types = [name.split()[-1] for name in self.types(t, threshold)]
        kinds = dict.fromkeys(name.split()[-1] for name in CHANNEL_TYPES)
        return {kind: types.count(kind) / len(types) for kind in kinds}


class Contours(Accumulator):
    """Accumulates products of counts with contours and intensity.

    Renewal neurons cost one sparse product an image, whatever T is.

    Args:
        T: Number of time steps of the records.
        shape: (K, H, W) of the records.
    """

    def __init__(self, T: int, shape: tuple[int, int, int]) -> None:
        channels, columns = shape[0], len(QUANTITIES)
        sizes = {
            "products": (T, channels, columns),
            "counts": (T, channels),
            "squares": (T, channels),
            "summed squares": (T,),
            "quantities": (columns,),
            "quantity squares": (columns,),
        }
        super().__init__(T, shape, sizes)

    def _add(
        self, record: "SpikeRecord", images: "NDArray[np.uint8]", _labels: "NDArray[np.intp]"
    ) -> None:
        for part, pictures in blocks(record, images):
            quantities = image_quantities(pictures).reshape(len(pictures), len(QUANTITIES), -1)
            self.state["quantities"] += quantities.sum((0, 2))
            self.state["quantity squares"] += (quantities * quantities).sum((0, 2))
            if part.is_renewal:
                self._add_renewal(part, quantities)
            else:
                self._add_trains(part, quantities)

    def _add_renewal(self, record: "SpikeRecord", quantities: "Ints") -> None:
        """First sums by first-spike time; the counts at every step are multiples of those."""
        T, table = self.T, count_table(self.T)
        if tallying.suits(record):
            self.state["summed squares"] += tallying.summed_squares(record)
            self._add_levels(tallying.level_sums(record.first_spike, T + 1, _with_ones(quantities)))
            return
        steps = table[:, :-1].astype(np.float64)  # float products are faster, and exact here
        by_level = np.zeros((self.shape[0] * (T + 1), len(QUANTITIES) + 1))
        for first_spike, values in zip(record.first_spike, quantities, strict=True):
            columns = np.ascontiguousarray(_with_ones(values).T, np.float64)
            by_level += level_matrix(first_spike, T) @ columns
            summed = steps @ _channels_by_level(first_spike, T)
            self.state["summed squares"] += np.einsum("tp,tp->t", summed, summed).astype(np.int64)
        self._add_levels(by_level.reshape(self.shape[0], T + 1, -1).astype(np.int64))

    def _add_levels(self, sums: "Ints") -> None:
        """Add sums of the quantities and of ones by first-spike time, [K, T + 1, 7]."""
        table = count_table(self.T)
        self.state["products"] += np.tensordot(table, sums[:, :, :-1], (1, 1))
        self.state["counts"] += table @ sums[:, :, -1].T
        self.state["squares"] += (table * table) @ sums[:, :, -1].T

    def _add_trains(self, record: "SpikeRecord", quantities: "Ints") -> None:
        if tallying.suits_trains(record) and record.packed is not None:
            sums = tallying.train_sums(record.packed, self.T, _with_ones(quantities)).cumsum(axis=0)
            squares, summed = tallying.train_squares(record.packed, self.T)
            self.state["products"] += sums[:, :, :-1]
            self.state["counts"] += sums[:, :, -1]
            self.state["squares"] += squares
            self.state["summed squares"] += summed
            return
        columns = _with_ones(quantities.swapaxes(0, 1).reshape(len(QUANTITIES), -1))
        columns = columns.astype(np.float64)
        for t, counts in enumerate(counts_by_step(record)):
            flat = counts.swapaxes(0, 1).reshape(self.shape[0], -1).astype(np.float64)
            products = (flat @ columns.T).astype(np.int64)
            self.state["products"][t] += products[:, :-1]
            self.state["counts"][t] += products[:, -1]
            self.state["squares"][t] += np.einsum("kp,kp->k", flat, flat).astype(np.int64)
            summed = flat.sum(0).astype(np.int64)
            self.state["summed squares"][t] += int(summed @ summed)

    def result(self) -> ContourResult:
        """The correlations so far.

        Raises:
            DataError: There were no images yet.
        """
        self._check_filled()
        sums = self.state
        pixels = self.images * self.shape[1] * self.shape[2]
        others = (sums["quantities"], sums["quantity squares"])
        correlation = _pearson(pixels, sums["products"], sums["counts"], sums["squares"], *others)
        summed = _pearson(
            pixels,
            sums["products"].sum(1),
            sums["counts"].sum(1),
            sums["summed squares"],
            *others,
        )
        steps = np.arange(1, self.T + 1)[:, np.newaxis]
        rate = sums["counts"] / (pixels * steps)
        return ContourResult(self.images, correlation, summed, rate, self.most)


def _with_ones(values: "Ints") -> "Ints":
    """`values` [..., Q, P] and a row of ones, so that a product also gives the plain sum."""
    return np.concatenate([values, np.ones_like(values[..., :1, :])], axis=-2)


def _channels_by_level(first_spike: "NDArray[np.unsignedinteger]", T: int) -> "Ints":
    """How many channels first spike at each step, ints [T, H W]."""
    flat = first_spike.reshape(len(first_spike), -1)
    result = np.zeros((T, flat.shape[1]), np.int64)
    # Bytes add fastest, and up to 255 of them cannot overflow.
    for some in batches(len(flat), 255):
        part = flat[some]
        for step in range(T):
            result[step] += np.add.reduce((part == step).view(np.uint8), axis=0, dtype=np.uint8)
    return result


def _pearson(
    n: int, products: "Ints", sums: "Ints", squares: "Ints", others: "Ints", other_squares: "Ints"
) -> "Floats":
    """Pearson's r, [..., Q], from sums over n pairs; NaN where one side is constant.

    r = (n Sxy - Sx Sy) / sqrt((n Sxx - Sx^2) (n Syy - Sy^2)), the differences in whole numbers of
    any size, so that nothing cancels and a constant is recognized.
    """
    sums, squares, others, other_squares, products = (
        array.astype(object) for array in (sums, squares, others, other_squares, products)
    )
    covariance = n * products - sums[..., np.newaxis] * others
    variance = (n * squares - sums * sums).astype(np.float64)[..., np.newaxis]
    other_variance = (n * other_squares - others * others).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        r: Floats = covariance.astype(np.float64) / (np.sqrt(variance) * np.sqrt(other_variance))
    return np.clip(r, -1, 1)
