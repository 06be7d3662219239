"""Samples to figure sets, as a stream: encoded, drawn and written a batch at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snnviz.data import Sample
from snnviz.export.captions import Captions
from snnviz.export.encoding import encode_samples, encoded
from snnviz.export.layout import SETS, set_folder
from snnviz.export.pool import work
from snnviz.export.sets import figure_set, is_templated
from snnviz.export.sheets import Rates
from snnviz.export.views import Currents, find_currents
from snnviz.files import make_folder, write_bytes
from snnviz.scoring.progress import Progress

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

Predict = Callable[[Iterable[Sample]], Iterable[Sample]]
# What is asked for them when everything else is done.
PredictBeside = Callable[[Sequence[Sample]], Callable[[], list[Sample]]]

# Images that a worker gets at once: few, so that nobody waits.
_TASK = 8


@dataclass(frozen=True)
class _Task:
    """A batch for a worker: samples, their record, where and how to draw them, and their captions.

    What to draw is in `captions.options`.
    """

    samples: list[Sample]
    record: "SpikeRecord"
    out_dir: Path
    captions: Captions
    currents: Currents | None
    other: "SpikeRecord | None"


@dataclass(frozen=True, eq=False)
class Run:
    """What draws and writes figure sets of samples, as the arguments of `write_figure_sets` say.

    What to draw is in `captions.options`.
    """

    encoder: "Encoder"
    other: "Encoder | None"
    out_dir: Path
    captions: Captions
    known: "dict[int, SpikeRecord]"
    rates: Rates
    jobs: int
    progress: Progress | None

    def listed(
        self, samples: Sequence[Sample], predict: Predict | PredictBeside | None
    ) -> list[Sample]:
        """The samples, with what they are taken for; their files are all there afterwards."""
        chosen: Iterable[Sample] | Callable[[], list[Sample]]
        chosen = predict(samples) if predict else samples
        streamed = samples if callable(chosen) else chosen
        threads = is_templated(samples, self.known, self.captions.options)
        written = self._written(streamed, len(samples), threads=threads)
        return list(chosen()) if callable(chosen) else written

    def _written(self, samples: Iterable[Sample], total: int, *, threads: bool) -> list[Sample]:
        """All `samples`, whose files are all there afterwards."""
        names = self.captions.options.file_names
        seen: list[Sample] = []
        there = drawn = 0

        def report() -> None:
            if self.progress is not None:
                self.progress("figures", there + drawn, total)

        def pending() -> Iterator[Sample]:
            nonlocal there
            for sample in samples:
                seen.append(sample)
                if _is_whole(self.out_dir / set_folder(sample), names):
                    there += 1
                    continue
                if len(seen) == there + 1:  # the first to draw: those before took no time
                    report()
                yield sample

        for count in self._drawn(pending(), threads=threads):
            drawn += count
            report()
        report()
        return seen

    def _drawn(self, samples: Iterable[Sample], *, threads: bool) -> Iterator[int]:
        """How many sets were drawn and written, a batch after another."""
        options = self.captions.options
        parts = encoded(self.encoder, samples, options.T, part=_TASK, known=self.known)
        tasks = (
            _Task(
                part,
                record,
                self.out_dir,
                self.captions,
                find_currents(self.encoder, part, options),
                None if self.other is None else encode_samples(self.other, part, options.T),
            )
            for part, record in self.rates.noted(parts)
        )
        return work(_draw, tasks, jobs=self.jobs, threads=threads)


def _draw(task: _Task) -> int:
    """How many sets were drawn and written: those of one batch. Runs in a worker."""
    for n, sample in enumerate(task.samples):
        folder = make_folder(task.out_dir / set_folder(sample), argument=SETS.argument)
        currents = None if task.currents is None else task.currents[n : n + 1]
        captions = task.captions
        other = None if task.other is None else task.other[n]
        content = figure_set(sample, task.record[n], captions.options, currents, captions, other)
        for name, data in content.items():
            write_bytes(data, folder / name, durable=False)
    return len(task.samples)


def _is_whole(folder: Path, names: list[str]) -> bool:
    """Whether all files are there; a file that is there is whole."""
    return all((folder / name).exists() for name in names)
