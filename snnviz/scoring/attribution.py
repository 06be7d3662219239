"""Where in images a network looks: maps by several methods, and whether they explain answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.state import release_freed_memory
from snnviz.batching import batches
from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError, check_integer
from snnviz.metrics.attribution import GAMMA
from snnviz.metrics.deletion import SHARES, SUBSTITUTES, pixel_order, substitutes
from snnviz.metrics.differences import Estimate, bootstrap_mean
from snnviz.scoring.checks import check_size
from snnviz.scoring.explained import BASELINES, Attribution, MapOutcome, MapTally, map_levels
from snnviz.scoring.judging import Judge, answers_of
from snnviz.scoring.looking import Looker, Target, possible_methods
from snnviz.scoring.progress import Progress, as_progress
from snnviz.scoring.worsened import Settings, with_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from snnviz.scoring.explaining import Maps

    Bytes = NDArray[np.uint8]
    Numbers = Sequence[float]

SHOWN = 6
"""Images whose maps are kept where nobody says how many."""

# Images that everything is done with before the next.
_BATCH = 16

Key = tuple[str, bool]
"""A method, and whether the map is of the network without training."""


def attribution(
    net: "nn.Module | Encoder",
    images: ImageSet,
    *,
    T: int | None = None,
    mean: "Numbers | None" = None,
    std: "Numbers | None" = None,
    layer: str | None = None,
    encoder: Encoder | None = None,
    start: "nn.Module | Encoder | None" = None,
    methods: Sequence[str] | None = None,
    substitute: str = "black",
    gamma: float = GAMMA,
    shown: int = SHOWN,
    seed: int = 0,
    progress: "Progress | Literal[True] | None" = None,
) -> Attribution:
    """Where in each image `net` looks, by several methods, and whether that explains its answers.

    Maps come from a layer's spikes (`snnviz.scoring.explaining.spike_maps`) and from gradients
    through the neurons' surrogates (`gradient_maps` there). Each is judged by deletion and
    insertion (V. Petsiuk et al. 2018, arXiv:1806.07421): pixels are taken from the image, or put
    into what is left of it without any, in the order of the map, and the confidence in the class is
    followed. Beside it a random order, the picture's own intensity, and the same maps of the
    network without training, judged by what the trained one answers. What is explained is each
    image's label, or the network's answer where there are none. What needs a network that answers
    is left out where there is none, which `notes` says.

    Args:
        net: A network that returns a row of scores for each image; or an encoder, which has maps of
            its spikes alone.
        images: Images as the network takes them.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What the network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        layer: The layer whose spikes are looked at; None: the first.
        encoder: The network's encoder, where there is a faster one than `snnviz.split_encoder`'s;
            it is used where no layer is named.
        start: The same network or encoder without training, to be compared with.
        methods: Which of `snnviz.scoring.explaining.METHODS`; None: all that can be had.
        substitute: What deleted pixels become, one of `snnviz.metrics.SUBSTITUTES`; the paths of
            integrated gradients begin there.
        gamma: As for `snnviz.metrics.spike_activation_maps`.
        shown: Of how many images, the first ones, the maps are kept.
        seed: Of the random orders.
        progress: Called as `progress("attribution", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: The network cannot be run so, or gives no scores of classes; a method that was
            asked for cannot be had, or there is none.
        DataError: There are no images, or labels that the network has no output for.
        ShapeError: The images do not suit it.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.attribution(net, snnviz.garments(4), methods=["first-spike"])
        >>> gain = found.outcome("first-spike").gains["random"].deletion
        >>> gain.low <= gain.value <= gain.high
        True
    """
    check_integer("seed", seed, 0)
    check_integer("shown", shown, 0)
    if substitute not in SUBSTITUTES:
        raise ConfigError(f"no substitute {substitute!r}; choose from {', '.join(SUBSTITUTES)}")
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    check_size(net, images)
    settings, notes = Settings(T, mean, std, seed), list[str]()
    looker = Looker(net, settings, layer=layer, encoder=encoder, gamma=gamma)
    possible = possible_methods(looker, images, methods, notes)
    lookers = {False: looker}
    if start is None:
        notes.append("there is no network without training to compare with")
    else:
        lookers[True] = Looker(start, settings, layer=layer, gamma=gamma)
        lookers[True].prepare(images)
    comparing = _Comparing(lookers, possible, substitute, seed, shown)
    target = None
    if isinstance(net, Encoder):
        notes.insert(0, "an encoder gives no answers: deletion and insertion are left out")
    else:
        target = comparing.judge_by(net, settings, images, notes)
    release_freed_memory()  # what checking and preparing took
    told = as_progress(progress)
    for some in batches(len(images), _BATCH):
        comparing.add(images, some)
        if told is not None:
            told("attribution", some.stop, len(images))
    return Attribution(
        T=looker.T,
        total=len(images),
        layer=looker.encoder.layer,
        explained=target and target.explained,
        substitute=substitute,
        temperature=target and target.temperature,
        confidence=comparing.confidence(),
        outcomes=comparing.outcomes(),
        maps=comparing.levels(),
        notes=tuple(notes),
    )


class _Comparing:
    """The maps of a network with and without training, and of baselines, image by image."""

    def __init__(
        self,
        lookers: dict[bool, Looker],
        methods: list[str],
        substitute: str,
        seed: int,
        shown: int,
    ) -> None:
        self.lookers, self.methods, self.substitute = lookers, methods, substitute
        self.seed, self.shown = seed, shown
        self.judge: Judge | None = None
        self.target: Target | None = None
        self.tallies: dict[Key, MapTally] = {}

    def judge_by(
        self, net: "nn.Module", settings: Settings, images: ImageSet, notes: list[str]
    ) -> Target:
        """Have maps judged by what the network answers; what they are to explain."""
        runner = self.lookers[False].runner
        assert runner is not None  # noqa: S101 - it is a network
        looks = 2 * len(self.methods) + 2
        answer = answers_of(
            with_steps(net, settings.T), runner, 2 * looks * len(SHARES) * len(images)
        )
        self.target = Target.of(answer, images)
        self.judge = Judge(answer, self.target.temperature)
        if self.target.explained == "answer":
            notes.append(
                f"{images.name} has no labels: what is explained is the network's own answer"
            )
        if self.target.is_blind:
            notes.append(
                f"the network's answers do not tell the {self.target.explained}s apart: its "
                "confidence is that of guessing, whatever is deleted"
            )
        return self.target

    def add(self, images: ImageSet, some: slice) -> None:
        """Look at those images."""
        seen = images.images[some]
        others = substitutes(seen, self.substitute)
        classes = None if self.target is None else self.target.classes[some]
        intensity = _apart(seen, others)
        by_key: dict[Key, NDArray[np.float64]] = {}
        if self.judge is not None:
            by_key = {("random", False): np.zeros_like(intensity), ("intensity", False): intensity}
        for untrained, looker in self.lookers.items():
            maps: Maps = looker.maps(seen, others, classes, self.methods)
            by_key |= {(name, untrained): maps[name] for name in self.methods}
        ends = None
        if self.judge is not None and classes is not None:
            ends = self.judge.confidence(seen, classes), self.judge.confidence(others, classes)
        for (method, untrained), maps_of in by_key.items():
            tally = self.tallies.setdefault((method, untrained), MapTally())
            same = maps_of.max(axis=(1, 2)) == maps_of.min(axis=(1, 2))
            tally.constant.append(same & (method != "random"))
            if some.start < self.shown and method != "random":
                tally.levels.append(map_levels(maps_of[: self.shown - some.start]))
            if method in self.methods:
                tally.compare("intensity", maps_of, intensity)
                if not untrained and (method, True) in by_key:
                    tally.compare("untrained", maps_of, by_key[method, True])
            if self.judge is not None and classes is not None and ends is not None:
                order = pixel_order(maps_of, seed=self.seed, first=some.start)
                tally.curves.append(self.judge.curves(seen, others, order, classes, ends))

    def confidence(self) -> "Estimate | None":
        """That in the images as they are."""
        if self.judge is None:
            return None
        return bootstrap_mean(np.concatenate(self.tallies["random", False].curves)[:, 0, 0])

    def outcomes(self) -> tuple[MapOutcome, ...]:
        """Of each map, in the order in which they were made."""
        found = []
        for (method, untrained), tally in self.tallies.items():
            others = {
                name: self.tallies[name, False]
                for name in BASELINES[: BASELINES.index(method) if method in BASELINES else None]
                if self.judge is not None
            }
            if not untrained and (method, True) in self.tallies:
                others["untrained"] = self.tallies[method, True]
            found.append(tally.outcome(method, others, untrained=untrained))
        return tuple(found)

    def levels(self) -> "dict[str, Bytes]":
        """The maps of the first images, by the names of their outcomes."""
        return {
            method + ", untrained" * untrained: np.concatenate(tally.levels)
            for (method, untrained), tally in self.tallies.items()
            if tally.levels
        }


def _apart(images: "Bytes", others: "Bytes") -> "NDArray[np.float64]":
    """How far each pixel is from what it becomes where it is deleted, mean over channels."""
    apart = np.abs(images.astype(np.float64) - others) / 255
    return apart if apart.ndim == 3 else apart.mean(axis=1)
