"""Many encoders in one table: each measured by itself, and only its card kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from snnviz.analysis.carding import CardMaker, Entrant
from snnviz.analysis.cards import LEAGUE_SCORES, Card, Interval, LeagueScore
from snnviz.analysis.checks import check_sets, not_measured
from snnviz.analysis.computing import count_classes
from snnviz.analysis.encodings import Encoding, as_encodings
from snnviz.data import ImageSet
from snnviz.display import quantity
from snnviz.errors import ConfigError
from snnviz.ranks import Ranks
from snnviz.scoring.progress import as_progress

if TYPE_CHECKING:
    from snnviz.analysis.encodings import Given
    from snnviz.scoring.progress import Progress

# By what a table is sorted where nobody says: the first of these that an encoder has.
_SORTED_BY = ("accuracy", "probe", "psnr", "firing_rate")


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
    maker = CardMaker(images, train_images, network_images, alignment_images, ranks, progress)
    cards = [maker.card(each) for each in _entrants(encoders, images, T)]
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
