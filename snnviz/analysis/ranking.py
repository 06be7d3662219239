"""Many encoders in one table: each measured by itself, and only its card kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from snnviz.analysis.cards import LEAGUE_SCORES, Card, Interval, LeagueScore, Tested
from snnviz.analysis.checks import ALIGNABLE, check_sets, not_measured
from snnviz.analysis.computing import compute_metrics, count_classes
from snnviz.analysis.encodings import Encoding, as_encodings
from snnviz.analysis.keeping import Kept
from snnviz.analysis.paired import compared, intervals
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.within import right_answers
from snnviz.data import ImageSet
from snnviz.display import quantity
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    bootstrap_mean,
    edge_with_intensity,
    paired_difference,
    wilson_interval,
)
from snnviz.metrics.redundancy import centered_gram, gram_cka
from snnviz.ranks import Ranks
from snnviz.scoring.progress import as_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.encodings import Given
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.analysis.within import Network
    from snnviz.scoring.progress import Progress

# By what a table is sorted where nobody says: the first of these that an encoder has.
_SORTED_BY = ("accuracy", "probe", "psnr", "firing_rate")
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


@dataclass(frozen=True, eq=False, repr=False)
class League:
    """Encoders in the order of a score.

    Attributes:
        cards: A card an encoder, in the order in which they came; the first is that which the
            others are tested against.
        score: What they are sorted by.
        left_out: What could not be measured of any and why, a sentence each.
        notes: What has to be known to compare them, a sentence each.

    Example:
        >>> encoders = {name: snnviz.load_encoder() for name in ("a", "b")}
        >>> table = snnviz.league(encoders, snnviz.garments(8), T=2, sort_by="firing_rate")
        >>> [(rank, card.name) for rank, card in table.ranked()]
        [(1, 'a'), (1, 'b')]
    """

    cards: tuple[Card, ...]
    score: LeagueScore
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def ranked(self) -> list[tuple[int | None, Card]]:
        """All cards, sorted, with their ranks from 1; equal ones share theirs.

        Baselines, and encoders without that score, have no rank; the latter come last.
        """
        sign = 1 if self.score.better == "lower" else -1
        values = {card.name: card.compared(self.score.key) for card in self.cards}
        known = [card for card in self.cards if values[card.name] is not None]
        known.sort(key=lambda card: sign * _value(values[card.name]))
        trained = [_value(values[card.name]) for card in known if not card.is_baseline]
        ranked: list[tuple[int | None, Card]] = [
            (None if card.is_baseline else 1 + trained.index(_value(values[card.name])), card)
            for card in known
        ]
        return [*ranked, *((None, card) for card in self.cards if card not in known)]

    def __repr__(self) -> str:
        """How many it is of, and by what they are sorted."""
        trained = sum(not card.is_baseline for card in self.cards)
        return (
            f"<League of {quantity(trained, 'encoder')} and "
            f"{quantity(len(self.cards) - trained, 'baseline')}, by {self.score.title}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the table, and what has to be said of it."""
        from snnviz.analysis.ranking_text import league_html  # noqa: PLC0415 - it needs this

        return league_html(self)


def _value(interval: Interval | None) -> float:
    assert interval is not None  # noqa: S101 - says so to type checkers
    return interval.value


def league(
    encoders: "Mapping[str, Given] | Iterable[Given | Entrant]",
    images: ImageSet,
    train_images: ImageSet | None = None,
    *,
    T: int | None = None,
    sort_by: str | None = None,
    network_images: int | None = None,
    alignment_images: int = 500,
    ranks: Ranks | None = None,
    progress: "Progress | Literal[True] | None" = None,
    left_out: Sequence[str] = (),
) -> League:
    """Encoders measured on the same images, sorted by a score, and tested against the first.

    They are taken one by one, and of each but the first only a card is kept: with a generator,
    memory does not grow with their number. Each image is encoded once by each.

    Args:
        encoders: Encoders, networks or encodings, by their names; or without names, one after
            another. Names that are the same are numbered.
        images: Images to score on.
        train_images: Other images of the same size, to fit readouts on; None leaves out
            reconstruction and probe.
        T: Number of time steps of encoders and networks; None: as many as the first says.
        sort_by: The key of one of `snnviz.analysis.LEAGUE_SCORES`; None: accuracy of the networks,
            else of the probe, else PSNR, else the firing rate, whichever the first encoder has.
        network_images: On how many of the images, the first ones, networks answer; None: on all.
        alignment_images: On how many of the first images encoders are held against the first (CKA).
        ranks: Processes that share the images; each gets the same result as one alone would.
        progress: Called as `progress(phase, done, total)`; True draws a bar.
        left_out: What the caller knows to be missing of all, a sentence each.

    Raises:
        ConfigError: There is no encoder, no such score, or a network cannot be run so.
        ShapeError: The images do not fit each other or an encoder.
        DataError: There are no images.

    Example:
        >>> table = snnviz.league([snnviz.load_encoder()], snnviz.garments(8), T=2)
        >>> table
        <League of 1 encoder and 0 baselines, by firing rate>
    """
    check_score(sort_by)
    check_sets(images, train_images)
    progress, ranks = as_progress(progress), ranks or Ranks()
    measuring = _Measuring(images, train_images, network_images, alignment_images, ranks, progress)
    cards = [measuring.card(each) for each in _entrants(encoders, images, T)]
    if not cards:
        raise ConfigError("there is no encoder to measure; give one or more")
    labelled = count_classes(images, train_images) is not None
    sample = images.head(min(alignment_images, len(images)))
    missing = not_measured(images, train_images, sample, cards[0].shape, labelled=labelled)
    return League(
        tuple(cards), _chosen(sort_by, cards), (*left_out, *missing), tuple(_notes(cards))
    )


def check_score(key: str | None) -> None:
    """Raises unless it is the key of a score, or None.

    Raises:
        ConfigError: It is not.
    """
    keys = [score.key for score in LEAGUE_SCORES]
    if key is not None and key not in keys:
        raise ConfigError(f"no score {key!r}; choose from {', '.join(keys)}")


def _chosen(key: str | None, cards: Sequence[Card]) -> LeagueScore:
    """What the table is sorted by."""
    wanted = key or next(key for key in _SORTED_BY if key in cards[0].scores)
    return next(score for score in LEAGUE_SCORES if score.key == wanted)


def _entrants(
    encoders: "Mapping[str, Given] | Iterable[Given | Entrant]", images: ImageSet, T: int | None
) -> Iterator[Entrant]:
    """Each encoder, by a name that none before it has."""
    named: Iterable[tuple[str | None, Given | Entrant]] = (
        encoders.items() if isinstance(encoders, Mapping) else ((None, each) for each in encoders)
    )
    taken: list[str] = []
    for name, given in named:
        entrant = given
        if not isinstance(entrant, Entrant):
            steps = None if isinstance(given, Encoding) else T
            (encoding,) = as_encodings([given], images, steps)  # type: ignore[list-item]
            entrant = Entrant(encoding)
        encoding = entrant.encoding
        T = encoding.T if T is None else T
        wanted = name or encoding.name
        numbered = (f"{wanted} ({number})" for number in range(2, len(taken) + 3))
        unique = next(each for each in (wanted, *numbered) if each not in taken)
        taken.append(unique)
        yield replace(entrant, encoding=replace(encoding, name=unique))


@dataclass(eq=False)
class _Measuring:
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


def _notes(cards: Sequence[Card]) -> Iterator[str]:
    """What has to be known to compare them."""
    trained = [card for card in cards if not card.is_baseline]
    first = cards[0]
    steps = [f"{card.name} {card.T}" for card in trained if card.T != first.T]
    if steps:
        yield (
            f"Numbers of steps differ: {first.name} takes {first.T}, {', '.join(steps)}; more "
            "steps can say more, and cost more"
        )
    widths = [f"{card.name} {card.shape[0]}" for card in trained if card.shape[0] != first.shape[0]]
    if widths:
        yield (
            f"Numbers of maps differ: {first.name} has {first.shape[0]}, {', '.join(widths)}; more "
            "maps give a readout more to read"
        )
    for card in trained:
        yield from (f"{card.name}: {sentence}" for sentence in card.left_out)
    tests = sum(len(card.tests) > 0 for card in trained if card is not first)
    if tests > 1:
        yield (
            f"Each p is of its test alone: of {tests} encoders that are as good as the first, "
            "about one in twenty falls below 0.05 by chance"
        )
