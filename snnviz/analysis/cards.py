"""A card: the few numbers of an encoder that a league table and later readers need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from snnviz._version import __version__
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.tables import plain
from snnviz.display import Brief

if TYPE_CHECKING:
    from snnviz.analysis.encodings import Kind

LAYOUT = 1
"""Version of the layout of a card; it grows when a key changes its meaning or goes."""

Better = Literal["higher", "lower"]

_HIGHER = ("accuracy", "probe", "probe_whole", "psnr", "ssim")
_LOWER = ("synops", "macs", "energy", "same_bits")
# Scores that compare maps with images of the maps' size: they are of other images where maps are
# of another size.
_OF_MAPS = ("edge_first", "intensity_first", "edge", "intensity", "mean_intensity", "edge_held",
            "lit_edge", "lit_intensity", "edge_median", "edge_median_held", "neuron_intensity",
            "psnr", "ssim")  # fmt: skip


class LeagueScore(NamedTuple):
    """A number that encoders can be sorted by.

    Attributes:
        key: Its name in files, and of `sort_by`.
        title: Its name for people, with the unit.
        form: How it is written, for `format`.
        better: Which direction is better; None: neither is by itself.
        of_maps: Whether it means the same only for maps of the same size.
    """

    key: str
    title: str
    form: str
    better: Better | None
    of_maps: bool = False


def _better(key: str) -> Better | None:
    if key in _HIGHER:
        return "higher"
    return "lower" if key in _LOWER else None


LEAGUE_SCORES = (
    LeagueScore("accuracy", "accuracy of the network", ".1%", "higher"),
    *(
        LeagueScore(each.key, each.title, each.form, _better(each.key), each.key in _OF_MAPS)
        for each in SCORES
    ),
)
"""All that a league table can be sorted by: the whole network's accuracy, and the scorecard."""


class Interval(NamedTuple):
    """A number with its 95 % interval over images; NaN where that is not known."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


class Tested(NamedTuple):
    """How a number differs from that of the first encoder, on the same images.

    Attributes:
        difference: This encoder's less the first one's.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Two-sided; of this test alone, however many there are.
        test: Which test it is of.
    """

    difference: float
    low: float
    high: float
    p: float
    test: str


@dataclass(frozen=True, eq=False, repr=False)
class Card(Brief):
    """What a league table keeps of an encoder.

    Attributes:
        name: What the table calls it; no other has the same.
        kind: See `Encoding`; "encoder" and "compared" are ranked, all others are baselines.
        T: Number of time steps.
        t: The step at which it is read.
        shape: (K, H, W) of its maps.
        images: Number of images that it was scored on.
        train_images: Number of images that readouts were fitted on; 0 where there were none.
        scores: Each of `LEAGUE_SCORES` that is defined, by key.
        tests: How scores differ from the first encoder's, by key.
        shares: The share of channels of each type, see `ContourResult.shares`.
        about: Where it is from: plain values.
        left_out: What could not be measured or compared and why, a sentence each.
        apart: Keys of scores that cannot be compared with the first encoder's.
    """

    name: str
    kind: "Kind"
    T: int
    t: int
    shape: tuple[int, int, int]
    images: int
    train_images: int
    scores: Mapping[str, Interval]
    tests: Mapping[str, Tested] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    apart: frozenset[str] = frozenset()

    @property
    def is_baseline(self) -> bool:
        """Whether it was not trained, and is in the table to be compared with."""
        return self.kind not in ("encoder", "compared")

    def compared(self, key: str) -> Interval | None:
        """The score of that key, where there is one that can be compared."""
        return None if key in self.apart else self.scores.get(key)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is not defined is null."""
        return {
            "version": LAYOUT,
            "snnviz": __version__,
            "name": self.name,
            "kind": self.kind,
            "from": plain(self.about),
            "T": self.T,
            "t": self.t,
            "shape": list(self.shape),
            "images": self.images,
            "train_images": self.train_images,
            "scores": {
                score.key: {
                    **plain(self.scores.get(score.key, Interval(float("nan")))._asdict()),
                    "better": score.better,
                    "compared": score.key not in self.apart,
                }
                for score in LEAGUE_SCORES
            },
            "tests": {key: plain(each._asdict()) for key, each in self.tests.items()},
            "shares": plain(self.shares),
            "left_out": list(self.left_out),
        }
