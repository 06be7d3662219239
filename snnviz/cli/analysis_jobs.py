"""The two things that `snnviz analyze` does: analyze an encoder, or sort several into a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from snnviz.analysis import (
    ANALYSIS,
    LEAGUE,
    Analysis,
    Encoding,
    League,
    analyze,
    league,
    league_text,
    scorecard_text,
    write_analysis,
    write_league,
)
from snnviz.data import ImageSet

if TYPE_CHECKING:
    from snnviz.cli.analyzed import Subject
    from snnviz.cli.contestants import Contestants
    from snnviz.folders import Layout, OutputFolder
    from snnviz.ranks import Ranks
    from snnviz.scoring.progress import Progress

NETWORK_IMAGES = 500
"""On how many images an analysis measures networks, which it runs once a channel, unless told."""


@dataclass(frozen=True, eq=False)
class Given:
    """What encoders are measured on.

    Attributes:
        images: Images to score on.
        fitted_on: Images to fit readouts on, or None.
        seeds: Of untrained encoders.
        network_images: On how many images networks are measured, or None where nobody says.
        probed: More images to score the probes of an analysis on, or None.
    """

    images: ImageSet
    fitted_on: ImageSet | None
    seeds: Sequence[int]
    network_images: int | None
    probed: ImageSet | None = None


class Job(Protocol):
    """What is done, step by step: what can fail comes before anything is measured or written."""

    layout: "Layout"

    @property
    def channels(self) -> int:
        """Channels of the images that the encoders take."""

    @property
    def left_out(self) -> Sequence[str]:
        """What could not be measured and why, a sentence each."""

    def begin(self, given: Given) -> None:
        """Take what is measured on."""

    def measure(self, ranks: "Ranks", progress: "Progress") -> str:
        """The table for people."""

    def write(
        self, about: Mapping[str, object], formats: Sequence[str], output: "OutputFolder"
    ) -> list[Path]:
        """The files written."""


class AnalysisJob:
    """An encoder beside what it is compared with.

    Args:
        subject: What is studied.
    """

    layout = ANALYSIS

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject
        self._given: Given | None = None
        self._encodings: list[Encoding] = []
        self._found: Analysis | None = None

    @property
    def channels(self) -> int:
        """As `Job` says."""
        return self._subject.channels

    @property
    def left_out(self) -> Sequence[str]:
        """As `Job` says."""
        return () if self._found is None else self._found.left_out

    def begin(self, given: Given) -> None:
        """As `Job` says."""
        self._given = given
        self._encodings = self._subject.encodings(given.fitted_on or given.images, given.seeds)

    def measure(self, ranks: "Ranks", progress: "Progress") -> str:
        """As `Job` says."""
        given, subject, encodings = self._given, self._subject, self._encodings
        assert given is not None  # noqa: S101 - it was begun
        self._found = analyze(
            encodings,
            given.images,
            given.fitted_on,
            networks=subject.networks(encodings),
            probe_images=given.probed,
            cost_steps=subject.own_steps,
            network_images=NETWORK_IMAGES if given.network_images is None else given.network_images,
            snapshots=subject.snapshots(encodings),
            ranks=ranks,
            progress=progress,
            left_out=subject.left_out,
        )
        return scorecard_text(self._found)

    def write(
        self, about: Mapping[str, object], formats: Sequence[str], output: "OutputFolder"
    ) -> list[Path]:
        """As `Job` says."""
        assert self._found is not None  # noqa: S101 - it was measured
        about = {**self._subject.about, **about, "T": self._encodings[0].T}
        return write_analysis(
            self._found, output.folder, about=about, formats=formats, output=output
        )


class LeagueJob:
    """Checkpoints in the order of a score.

    Args:
        contestants: Which they are.
        sort_by: The key of the score, or None.
    """

    layout = LEAGUE

    def __init__(self, contestants: "Contestants", sort_by: str | None) -> None:
        self._contestants, self._sort_by = contestants, sort_by
        self._given: Given | None = None
        self._found: League | None = None

    @property
    def channels(self) -> int:
        """As `Job` says."""
        return self._contestants.channels

    @property
    def left_out(self) -> Sequence[str]:
        """As `Job` says."""
        return () if self._found is None else self._found.left_out

    def begin(self, given: Given) -> None:
        """As `Job` says."""
        self._given = given

    def measure(self, ranks: "Ranks", progress: "Progress") -> str:
        """As `Job` says."""
        given = self._given
        assert given is not None  # noqa: S101 - it was begun
        self._found = league(
            self._contestants.entrants(given.fitted_on or given.images, given.seeds),
            given.images,
            given.fitted_on,
            sort_by=self._sort_by,
            network_images=given.network_images,
            ranks=ranks,
            progress=progress,
        )
        return league_text(self._found)

    def write(
        self, about: Mapping[str, object], formats: Sequence[str], output: "OutputFolder"
    ) -> list[Path]:
        """As `Job` says; there are no figures."""
        del formats
        assert self._found is not None  # noqa: S101 - it was measured
        about = {**about, "T": self._found.cards[0].T}
        return write_league(self._found, output.folder, about=about, output=output)
