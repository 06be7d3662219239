"""Makes the cards of encoders: each is measured by itself and tested against the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.analysis.cards import LEAGUE_SCORES, Card, Interval, Tested
from snnviz.analysis.checks import ALIGNABLE
from snnviz.analysis.computing import compute_metrics
from snnviz.analysis.encodings import Encoding
from snnviz.analysis.keeping import Kept
from snnviz.analysis.paired import compared, intervals
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.within import right_answers
from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    bootstrap_mean,
    edge_with_intensity,
    paired_difference,
    wilson_interval,
)
from snnviz.metrics.redundancy import centered_gram, gram_cka
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.results import EncodingMetrics
    from snnviz.analysis.within import Network
    from snnviz.scoring.progress import Progress

# Scores that have intervals and tests over images, and their names in `CORRELATIONS`.
_CORRELATIONS = {
    "edge": "edge",
    "intensity": "intensity",
    "mean_intensity": "mean intensity",
    "edge_held": "edge, intensity held",
    "edge_first": "first step, edge",
    "intensity_first": "first step, intensity",
    "lit_edge": "lit, edge",
    "lit_intensity": "lit, intensity",
}


@dataclass(frozen=True, eq=False)
class Entrant:
    """An encoder with what is known of it besides.

    Attributes:
        encoding: The encoder.
        network: The whole network that it is the encoder of, for its accuracy; None: there is none.
        about: Where it is from, for its card: plain values.
        left_out: What the caller knows to be missing, a sentence each.
    """

    encoding: Encoding
    network: "Network | None" = None
    about: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(eq=False)
class CardMaker:
    """Makes cards, each tested against the first; of that alone more is kept."""

    images: ImageSet
    train_images: ImageSet | None
    network_images: int | None
    alignment_images: int
    ranks: Ranks
    progress: "Progress | None"
    first: Card | None = None
    studied: "EncodingMetrics | None" = None
    right: "NDArray[np.bool_] | None" = None
    gram: "NDArray[np.float64] | None" = None
    outputs: int = 0

    def card(self, entrant: Entrant) -> Card:
        """The card of the next encoder."""
        encoding = entrant.encoding
        if self.first is None and encoding.kind == "pixels":
            raise ConfigError("pixels are no spikes to study; put an encoder first")
        self.outputs = self.outputs or encoding.channels
        sample = self.images.head(min(self.alignment_images, len(self.images)))
        kept = Kept(encoding, len(sample) if len(sample) >= ALIGNABLE else 0, shown=False)
        measured = compute_metrics(
            encoding, self.images, self.train_images, outputs=self.outputs, ranks=self.ranks,
            progress=self.progress, kept=kept,
        )  # fmt: skip
        if len(sample) >= ALIGNABLE:
            gram = centered_gram(kept.counts(sample))
            self.gram = gram if self.gram is None else self.gram
            measured = replace(measured, cka=gram_cka(self.gram, gram))
        if measured.each is not None:
            between = float(edge_with_intensity(measured.each.moments.sum(axis=0)))
            measured = replace(measured, between=between)
        right, why = self._answers(entrant)
        return self._of(entrant, measured, right, why)

    def _of(
        self,
        entrant: Entrant,
        measured: "EncodingMetrics",
        right: "NDArray[np.bool_] | None",
        why: str,
    ) -> Card:
        """The card of what was found."""
        encoding = entrant.encoding
        apart, sentence = self._apart(measured)
        card = Card(
            name=encoding.name,
            kind=encoding.kind,
            T=encoding.T,
            t=encoding.t,
            shape=measured.shape,
            images=len(self.images),
            train_images=len(self.train_images or ()),
            scores=_scores(measured, right),
            tests={} if self.studied is None else self._tests(self.studied, measured, right, apart),
            shares=measured.contours.shares(encoding.t),
            about=entrant.about,
            left_out=(*entrant.left_out, *(each for each in (why, sentence) if each)),
            apart=apart,
        )
        if self.first is None:
            self.first, self.studied, self.right = card, measured, right
        return card

    def _answers(self, entrant: Entrant) -> "tuple[NDArray[np.bool_] | None, str]":
        """Which images its network answers rightly, or why that is not known."""
        count = len(self.images) if self.network_images is None else self.network_images
        if entrant.network is None or not count or self.images.labels is None:
            return None, ""
        try:
            seen = self.images.head(min(count, len(self.images)))
            return right_answers(entrant.network, seen), ""
        except (ConfigError, DataError, ShapeError) as error:
            return None, f"{error}: accuracy of the network is left out"

    def _apart(self, measured: "EncodingMetrics") -> tuple[frozenset[str], str]:
        """The keys of what cannot be compared with the first encoder, and why."""
        if self.first is None or measured.shape[1:] == self.first.shape[1:]:
            return frozenset(), ""
        scores = [score for score in LEAGUE_SCORES if score.of_maps]
        size, first = (
            " x ".join(map(str, each[1:])) for each in (measured.shape, self.first.shape)
        )
        return frozenset(score.key for score in scores), (
            f"maps are {size}, those of {self.first.name} {first}: what compares them with images "
            f"of their size is not compared ({', '.join(score.key for score in scores)})"
        )

    def _tests(
        self,
        first: "EncodingMetrics",
        measured: "EncodingMetrics",
        right: "NDArray[np.bool_] | None",
        apart: frozenset[str],
    ) -> dict[str, Tested]:
        """What can be tested against the first encoder on the same images."""
        found: dict[str, Tested] = {}
        if self.right is not None and right is not None:
            answers = paired_difference(self.right, right)
            found["accuracy"] = Tested(*answers[2:], "McNemar's test")
        for against in compared([first, measured]).values():
            # What that says is the first one's less the other's.
            if against.probe is not None:
                found["probe"] = _turned(*against.probe[2:], "McNemar's test")
            if against.psnr is not None:
                found["psnr"] = _turned(*against.psnr, "Student's paired t-test")
            for key, name in _CORRELATIONS.items():
                found[key] = _turned(*against.correlations[name], "images drawn anew")
        defined = {key: each for key, each in found.items() if not np.isnan(each.difference)}
        return {key: each for key, each in defined.items() if key not in apart}


def _turned(difference: float, low: float, high: float, p: float, test: str) -> Tested:
    """The difference the other way round."""
    return Tested(-difference, -high, -low, p, test)


def _scores(measured: "EncodingMetrics", right: "NDArray[np.bool_] | None") -> dict[str, Interval]:
    """All scores that are defined, by key."""
    found = {score.key: Interval(score.of(measured)) for score in SCORES}
    if measured.each is not None and measured.each.psnr is not None:
        found["psnr"] = Interval(found["psnr"].value, *bootstrap_mean(measured.each.psnr)[1:])
    of_correlations = intervals(measured)
    for key, name in _CORRELATIONS.items():
        if name in of_correlations:
            found[key] = Interval(found[key].value, *of_correlations[name])
    if measured.probe is not None:
        found["probe"] = Interval(measured.probe.accuracy, *measured.probe.interval)
    if right is not None:
        correct, total = int(right.sum()), len(right)
        found["accuracy"] = Interval(correct / total, *wilson_interval(correct, total))
    return {key: each for key, each in found.items() if not np.isnan(each.value)}
