"""What maps of images are worth: their areas under deletion and insertion, and what they equal."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics.attribution import rank_correlations
from snnviz.metrics.deletion import SHARES, area_under
from snnviz.metrics.differences import Estimate, bootstrap_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BASELINES = ("random", "intensity")
"""Maps that need no network: an order that is drawn, and how far pixels are from what they become
where they are deleted."""


class Gain(NamedTuple):
    """By how much a map's areas are better than those of another map of the same images.

    Attributes:
        deletion: The other's area under deletion less this one's; above 0 this one is better.
        insertion: This one's area under insertion less the other's; above 0 this one is better.
    """

    deletion: Estimate
    insertion: Estimate

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {"deletion": self.deletion._asdict(), "insertion": self.insertion._asdict()}


@dataclass(frozen=True, repr=False)
class MapOutcome(Brief):
    """What the maps of one method are worth.

    Attributes:
        method: One of `snnviz.scoring.explaining.METHODS`, or of `BASELINES`.
        untrained: Whether they are of the network without training; they are judged by what the
            trained one answers.
        total: Number of images.
        constant: Of how many the map is the same everywhere, which is as good as none.
        deletion: Area under the confidence as pixels are deleted, in [0, 1]; the smaller, the
            better. None where nothing answers, as are `insertion` and the curves.
        insertion: The same as pixels are inserted; the larger, the better.
        deletion_curve: The confidence at each of `snnviz.metrics.SHARES` of deleted pixels.
        insertion_curve: The same of inserted pixels.
        gains: By how much the areas are better than those of other maps: "random", "intensity",
            and for a map of the trained network "untrained", the same method without training.
        correlations: Spearman's correlation with other maps: "intensity", "untrained"; of the
            images whose maps are not the same everywhere, None where there are none.
    """

    method: str
    untrained: bool
    total: int
    constant: int
    deletion: Estimate | None
    insertion: Estimate | None
    deletion_curve: tuple[Estimate, ...]
    insertion_curve: tuple[Estimate, ...]
    gains: dict[str, Gain]
    correlations: dict[str, Estimate | None]

    @property
    def name(self) -> str:
        """The method, and whether it is of the network without training."""
        return self.method + ", untrained" * self.untrained

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "method": self.method,
            "untrained": self.untrained,
            "images": self.total,
            "constant": self.constant,
            "deletion": self.deletion and self.deletion._asdict(),
            "insertion": self.insertion and self.insertion._asdict(),
            "deletion_curve": [each._asdict() for each in self.deletion_curve],
            "insertion_curve": [each._asdict() for each in self.insertion_curve],
            "better_than": {name: gain.as_dict() for name, gain in self.gains.items()},
            "correlation_with": {
                name: each and each._asdict() for name, each in self.correlations.items()
            },
        }


@dataclass(frozen=True, repr=False)
class Attribution(Brief):
    """Where in images a network looks, by several methods; what `snnviz.attribution` gives.

    Attributes:
        T: Number of time steps.
        total: Number of images.
        layer: The layer whose spikes are looked at.
        explained: "label" or "answer": the class that is explained, of each image; None where
            nothing answers.
        substitute: What deleted pixels become, one of `snnviz.metrics.SUBSTITUTES`.
        temperature: What outputs are divided by before softmax; None where nothing answers.
        confidence: That in the images as they are; None where nothing answers.
        outcomes: Baselines first, then each method, each with and without training.
        maps: The maps of the first images by `MapOutcome.name`, bytes [n, H, W]: from the lowest
            value of each map, 0, to its highest, 255; 0 where it is the same everywhere.
        notes: What was left out, and why.

    Example:
        >>> found = snnviz.attribution(snnviz.load_encoder(), snnviz.garments(4), T=4)
        >>> [outcome.name for outcome in found.outcomes], found.maps["sam"].shape
        (['sam', 'first-spike'], (4, 28, 28))
        >>> found.notes[0]
        'an encoder gives no answers: deletion and insertion are left out'
    """

    T: int
    total: int
    layer: str
    explained: str | None
    substitute: str
    temperature: float | None
    confidence: Estimate | None
    outcomes: tuple[MapOutcome, ...]
    maps: "dict[str, NDArray[np.uint8]]"
    notes: tuple[str, ...]

    def outcome(self, method: str, *, untrained: bool = False) -> MapOutcome:
        """The outcome of one method.

        Args:
            method: Such as "sam" or "random".
            untrained: Whether that of the network without training.

        Raises:
            ConfigError: It was not looked at.
        """
        for each in self.outcomes:
            if (each.method, each.untrained) == (method, untrained):
                return each
        there = "; ".join(each.name for each in self.outcomes)
        raise ConfigError(f"no map {method + ', untrained' * untrained!r}; there are {there}")

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON: maps as base64 of their bytes, rows first."""
        found: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("T", "layer", "explained", "substitute", "temperature")
        }
        return {
            **found,
            "images": self.total,
            "confidence": self.confidence and self.confidence._asdict(),
            "shares": list(SHARES),
            "maps": {
                name: {"shape": list(maps.shape), "bytes": b64encode(maps.tobytes()).decode()}
                for name, maps in self.maps.items()
            },
            "outcomes": [each.as_dict() for each in self.outcomes],
            "notes": list(self.notes),
        }


@dataclass
class MapTally:
    """What is known of each image's map.

    Attributes:
        curves: Floats [n, 2, S], as `Judge.curves` gives them.
        constant: Whether each map is the same everywhere.
        alike: Correlations with other maps, by their names.
        levels: The first maps as bytes.
    """

    curves: "list[Floats]" = field(default_factory=list)
    constant: "list[NDArray[np.bool_]]" = field(default_factory=list)
    alike: "dict[str, list[Floats]]" = field(default_factory=dict)
    levels: "list[NDArray[np.uint8]]" = field(default_factory=list)

    def compare(self, name: str, maps: "Floats", others: "Floats") -> None:
        """Take how alike these maps and others of the same images are."""
        self.alike.setdefault(name, []).append(rank_correlations(maps, others))

    def areas(self) -> "tuple[Floats, Floats] | None":
        """Of each image, under deletion and insertion."""
        if not self.curves:
            return None
        curves = np.concatenate(self.curves)
        return area_under(curves[:, 0]), area_under(curves[:, 1])

    def outcome(self, method: str, others: "dict[str, MapTally]", *, untrained: bool) -> MapOutcome:
        """All of it, beside other maps of the same images.

        Args:
            method: Its name.
            others: Those that areas are compared with, by the names of gains.
            untrained: As in the outcome.
        """
        areas, constant = self.areas(), np.concatenate(self.constant)
        deletion = insertion = None
        curves: tuple[tuple[Estimate, ...], tuple[Estimate, ...]] = ((), ())
        gains = {}
        if areas is not None:
            deletion, insertion = map(bootstrap_mean, areas)
            whole = np.concatenate(self.curves)
            curves = (_means(whole[:, 0]), _means(whole[:, 1]))
            for name, other in others.items():
                theirs = other.areas()
                assert theirs is not None  # noqa: S101 - all maps are judged, or none
                gains[name] = Gain(
                    bootstrap_mean(theirs[0] - areas[0]), bootstrap_mean(areas[1] - theirs[1])
                )
        alike = {name: np.concatenate(values) for name, values in self.alike.items()}
        return MapOutcome(
            method,
            untrained,
            len(constant),
            int(constant.sum()),
            deletion,
            insertion,
            *curves,
            gains,
            {name: _mean(values[~np.isnan(values)]) for name, values in alike.items()},
        )


def _means(curves: "Floats") -> tuple[Estimate, ...]:
    return tuple(bootstrap_mean(values) for values in curves.T)


def _mean(values: "Floats") -> Estimate | None:
    return bootstrap_mean(values) if len(values) else None


def map_levels(maps: "NDArray[np.floating]") -> "NDArray[np.uint8]":
    """Maps as bytes [N, H, W], each from its lowest value, 0, to its highest, 255."""
    low = maps.min(axis=(1, 2), keepdims=True)
    range_ = maps.max(axis=(1, 2), keepdims=True) - low
    scaled = 255 * (maps - low) / np.where(range_ > 0, range_, 1)
    levels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return levels
