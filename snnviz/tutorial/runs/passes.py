"""Which training each value in a folder of events belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from snnviz.tutorial.runs.records import Events, Point, Restart, read_events
from snnviz.tutorial.runs.tags import has_split, split_of

# A tag's values by step.
Scalars = dict[str, dict[int, float]]
# The tutorial's name for the folder of the events; `EVENTS` in `events`, which loads torch.
_USUAL = "fmnist_logs"


class Training(NamedTuple):
    """The scalars of one training.

    Attributes:
        name: What follows the folder's name to tell it from others there; empty where it is alone.
        folder: The run's folder.
        scalars: Its values.
    """

    name: str
    folder: Path
    scalars: Scalars


def trainings_in(top: Path, folders: Sequence[Path], notes: list[str]) -> list[Training]:
    """The trainings whose event files are in `folders`, all at or below `top`.

    A subfolder is no training where it is a part of the one above: what `add_hparams` and
    `add_scalars` make, or `train` beside `validation`, as Keras does.

    Args:
        top: The folder that the user named.
        folders: Those with event files.
        notes: What has to be said is added here.

    Raises:
        DataError: A file cannot be opened.
    """
    read = {folder: read_events(folder) for folder in folders}
    for events in read.values():
        notes += [f"{fault}; what is before that is drawn" for fault in events.faults]
    together: dict[Path, list[Scalars]] = {}
    for folder, events in read.items():
        if events.is_hparams and any(folder.is_relative_to(other) for other in folders
                                     if other != folder):  # fmt: skip
            continue
        home, renamed = _home(events, read)
        for number, scalars in enumerate(_passes(events, home, notes)):
            passes = together.setdefault(home, [])
            if number == len(passes):
                passes.append({})
            for tag, values in scalars.items():
                passes[number][renamed.get(tag, tag)] = values
    return _named(top, together)


def _home(events: Events, read: dict[Path, Events]) -> tuple[Path, dict[str, str]]:
    """The folder of the run that these events are of, and what their tags are to be called."""
    folder, tags = events.folder, events.tags
    if folder.parent in read and len(tags) == 1:
        (tag,) = tags
        begin = tag.replace("/", "_") + "_"
        if folder.name.startswith(begin):  # add_scalars("loss", {"train": 0.1}, step)
            return folder.parent, {tag: f"{tag}/{folder.name.removeprefix(begin)}"}
    if split_of(folder.name) and tags and not any(map(has_split, tags)):
        return folder.parent, {tag: f"{folder.name}/{tag}" for tag in tags if tag != "epoch"}
    return folder, {}


def _named(top: Path, together: dict[Path, list[Scalars]]) -> list[Training]:
    several = [home for home, passes in together.items() if any(passes)]
    found = []
    for home, passes in together.items():
        run = home.parent if home.name == _USUAL and home != top else home
        name = f"/{run.relative_to(top)}" if len(several) > 1 and run != top else ""
        filled = [scalars for scalars in passes if scalars]
        for number, scalars in enumerate(filled, start=1):
            which = f", training {number}" if len(filled) > 1 else ""
            found.append(Training(name + which, run, scalars))
    return found


def _passes(events: Events, home: Path, notes: list[str]) -> list[Scalars]:
    """The trainings that were written into one folder, one after the other.

    A training begins where a tag goes back to its first step, in a file of its own or in the same
    one, and no restart says that what was there is void. Where it goes back to a later step, an
    interrupted training was taken up again.
    """
    series: dict[str, _Series] = {}
    count = 1  # of trainings so far
    for item in events.items:
        if isinstance(item, Restart):
            for each in series.values():
                if len(each.passes) == count:
                    each.cut(item.step)
            continue
        each = series.setdefault(item.tag, _Series([{} for _ in range(count)]))
        each.add(item)
        count = max(count, len(each.passes))
    repeated = [tag for tag, each in series.items() if each.repeated]
    again = [tag for tag, each in series.items() if each.again]
    for tags, what in (
        (repeated, "several values at one step; the last of each counts"),
        (again, "written again from an earlier step on; the later values count"),
    ):
        if tags:
            others = f" and {len(tags) - 1} more" if len(tags) > 1 else ""
            notes.append(f"{home}: {tags[0]}{others}: {what}")
    return [
        {
            tag: each.passes[number]
            for tag, each in series.items()
            if number < len(each.passes) and each.passes[number]
        }
        for number in range(count)
    ]


@dataclass
class _Series:
    """The values of one tag, as they come, by training.

    Attributes:
        passes: The values of each training by step.
        first: The step at which the last of them begins; none yet where it is above `last`.
        last: Its highest step.
        before: The value before.
        repeated: Whether a step came twice in a row.
        again: Whether a training was taken up again from an earlier step.
    """

    passes: list[dict[int, float]]
    first: int = 0
    last: int = -1
    before: Point | None = None
    repeated: bool = False
    again: bool = False

    def add(self, point: Point) -> None:
        """Take the next value."""
        values = self.passes[-1]
        if values and point.step <= self.last and self.before is not None:
            if point.file == self.before.file and point.step == self.before.step:
                self.repeated = True
            elif point.step <= self.first:
                values = {}
                self.passes.append(values)
            else:
                self.again = True
                values = self.cut(point.step)
        self.first = min(self.first, point.step) if values else point.step
        self.last = max(self.last, point.step) if values else point.step
        values[point.step] = point.value
        self.before = point

    def cut(self, step: int) -> dict[int, float]:
        """What the training under way says of steps before `step`; the rest is forgotten."""
        kept = {each: value for each, value in self.passes[-1].items() if each < step}
        self.passes[-1] = kept
        self.last = max(kept, default=-1)
        return kept
