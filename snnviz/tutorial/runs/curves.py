"""The curves of trainings, read back from their TensorBoard events."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnviz.errors import DataError
from snnviz.tutorial.runs.passes import Scalars, trainings_in
from snnviz.tutorial.runs.records import PATTERN
from snnviz.tutorial.runs.tags import TAGS, choose_tags, of_single_batches

# Evaluating every so many epochs is rare; epochs of fewer batches are, too.
_EPOCHS_APART = 20
_BATCHES = 10
# Beyond rounding of float32.
_ONE = 1 + 1e-6


@dataclass(frozen=True, eq=False)
class Curve:
    """One scalar over the epochs of a run.

    Attributes:
        epochs: 0-based epochs, ints [n], increasing.
        values: The scalar after each, finite float64 [n] (events keep float32).
        unit: What `epochs` counts: "epoch", or "step" where a script logs by iterations.
        spread: Where the values are means of several runs, the standard deviation of each, floats
            [n]; else None.
    """

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str = "epoch"
    spread: NDArray[np.float64] | None = None

    @property
    def best(self) -> int:
        """Index of the highest value, of several equal ones the first."""
        return int(np.argmax(self.values))

    def place(self, epoch: int) -> int | None:
        """Index of an epoch, None where it is not there."""
        found = np.flatnonzero(self.epochs == epoch)
        return int(found[0]) if len(found) else None


def mean_curves(runs: Mapping[str, Mapping[str, Curve]]) -> dict[str, Curve]:
    """The mean of several runs' curves, each with its standard deviation, by their tags.

    The mean is over the epochs that all of the runs have; the standard deviation is that of a
    sample (n - 1). What only some runs have is left out. A warning says what was not used.

    Args:
        runs: Two runs or more by their names; for each its curves by their tags.

    Raises:
        DataError: They are fewer, their curves count other things, or they share no epoch.
    """
    if len(runs) < 2:
        raise DataError(f"a mean needs two runs or more, got {len(runs)}")
    tags = list(dict.fromkeys(tag for curves in runs.values() for tag in curves))
    result = {}
    fewer: dict[str, list[str]] = {}
    for tag in tags:
        without = [name for name, curves in runs.items() if tag not in curves]
        if without:
            warnings.warn(f"{', '.join(without)}: no {tag}, so there is no mean", stacklevel=2)
            continue
        curves = [run[tag] for run in runs.values()]
        if len({curve.unit for curve in curves}) > 1:
            raise DataError(f"{tag} is by epoch in some of {', '.join(runs)}, by step in others")
        epochs = reduce(np.intersect1d, [curve.epochs for curve in curves])
        if not len(epochs):
            raise DataError(f"{tag}: {', '.join(runs)} have no {curves[0].unit} in common")
        if len(epochs) < max(len(curve.epochs) for curve in curves):
            fewer.setdefault(f"{len(epochs)} {curves[0].unit}s", []).append(tag)
        values = np.stack([curve.values[np.isin(curve.epochs, epochs)] for curve in curves])
        result[tag] = Curve(epochs, values.mean(0), curves[0].unit, values.std(0, ddof=1))
    for count, affected in fewer.items():
        warnings.warn(
            f"the runs have other lengths: the mean of {', '.join(affected)} is over the {count} "
            "that all have",
            stacklevel=2,
        )
    if not result:
        raise DataError(f"{', '.join(runs)} have no curve in common; draw them one by one")
    return result


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """The curves of one training.

    Attributes:
        name: What follows the folder's name to tell it from others there; empty where it is alone.
        folder: The folder of the run.
        curves: Its curves by the tags that it has of `TAGS`.
    """

    name: str
    folder: Path
    curves: dict[str, Curve]


def read_curves(run: str | Path) -> dict[str, Curve]:
    """The curves of a run, by the tags that it has of `TAGS`; see `read_trainings`.

    Args:
        run: A run folder of `snnviz train` or of the tutorial's script, or a folder of events.

    Raises:
        DataError: There are no events in it, those of several trainings, they cannot be read, or
            none of these tags is there.

    Example:
        >>> config = snnviz.TrainConfig(T=1, channels=2, batch_size=8, epochs=2)
        >>> images = snnviz.garments(8)
        >>> _ = list(snnviz.record_training(config, images, images, "run"))
        >>> curves = snnviz.read_curves("run")
        >>> sorted(curves)
        ['test_acc', 'test_loss', 'train_acc', 'train_loss']
        >>> curves["test_acc"].epochs.tolist()
        [0, 1]
    """
    found = read_trainings(run)
    if len(found) > 1:
        raise DataError(
            f"{run} holds the events of {len(found)} runs, {run}{found[0].name} the first; name "
            "them one by one"
        )
    return found[0].curves


def read_trainings(run: str | Path) -> list[TrainingCurves]:
    """The trainings whose events lie in `run` or below, each by itself.

    What an interruption left unfinished and a resumed run wrote again counts once, as written last.
    Other spellings of the tags are understood. What has to be assumed is said in warnings: which
    spelling was taken, accuracies in per cent, values that are no numbers, steps that are no
    epochs, damaged files.

    Args:
        run: A run folder of `snnviz train` or of the tutorial's script, a folder of events, or one
            with several of these.

    Raises:
        DataError: There are no events in it, they cannot be read, none of these tags is there, no
            value is a number, or an accuracy is neither a share nor a per cent.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise DataError(f"there is no folder {run}; name a run folder of snnviz train")
    folders = sorted({path.parent for path in folder.rglob(PATTERN)})
    if not folders:
        raise DataError(f"{run} holds no TensorBoard events; name a run folder of snnviz train")
    notes: list[str] = []
    trainings = trainings_in(folder, folders, notes)
    known = [training for training in trainings if choose_tags(training.scalars)[0]]
    if not known:
        tags = sorted({tag for training in trainings for tag in training.scalars})
        theirs = f"they have {', '.join(tags[:6])}" if tags else "they hold no values"
        raise DataError(
            f"the events in {folders[0]} have none of {', '.join(TAGS)} "
            f"({'; '.join([theirs, *notes[:1]])}); is it a run?"
        )
    found = [
        TrainingCurves(each.name, each.folder, _curves(each.scalars, f"{run}{each.name}", notes))
        for each in known
    ]
    if not any(each.curves for each in found):
        raise DataError(f"there is no curve to draw in {run}: {notes[0]}")
    for note in notes:
        warnings.warn(note, stacklevel=1)
    return [each for each in found if each.curves]


def _curves(scalars: Scalars, where: str, notes: list[str]) -> dict[str, Curve]:
    """The curves of one training, in epochs, of numbers, accuracies as shares of 1."""
    chosen, left_out = choose_tags(scalars)
    for name, others in left_out.items():
        notes.append(f"{where}: of {chosen[name]} and {', '.join(others)}, {chosen[name]} is drawn")
    epochs = scalars.get("epoch", {})  # as Lightning logs it, beside steps of its own
    points = {name: _by_epoch(scalars[tag], epochs) for name, tag in chosen.items()}
    points = _without_batches(points, chosen, where, notes)
    unit = _unit(points, chosen, where, notes)
    curves = {}
    for name, values in points.items():
        steps = np.array(sorted(values), np.int64)
        curve = np.array([values[int(step)] for step in steps], np.float64)
        if not (finite := np.isfinite(curve)).all():
            notes.append(
                f"{where}: {chosen[name]} is not finite (NaN or infinite) in {(~finite).sum()} of "
                f"{len(curve)} {unit}s; drawn without these"
            )
        if finite.any():
            share = curve[finite]
            if name.endswith("_acc"):
                share = _as_share(chosen[name], share, where, notes)
            curves[name] = Curve(steps[finite], share, unit)
    return curves


def _by_epoch(values: dict[int, float], epochs: dict[int, float]) -> dict[int, float]:
    """`values` by epoch where `epochs` says of each step which it is, and there is one of each."""
    if not (values.keys() <= epochs.keys() and np.isfinite([*epochs.values()]).all()):
        return values
    moved = {int(epochs[step]): value for step, value in values.items()}
    return moved if len(moved) == len(values) else values


def _without_batches(
    points: dict[str, dict[int, float]], chosen: dict[str, str], where: str, notes: list[str]
) -> dict[str, dict[int, float]]:
    """Those that count epochs, where others count iterations, as the tutorial's script of 2020."""
    fewest = min(points.values(), key=max)
    first = max(fewest)
    kept = {}
    for name, values in points.items():
        told = of_single_batches(chosen[name]) and max(values) > first
        # One value alone, such as a test at the end, is no measure of what the others count.
        more = max(values) > _BATCHES * max(first, 1)
        if told or (more and (len(fewest) > 1 or _apart(values) >= _EPOCHS_APART)):
            notes.append(
                f"{where}: {chosen[name]} is logged by iterations (of single batches, up to step "
                f"{max(values)}) where others count epochs (up to {first}); it is not drawn"
            )
        else:
            kept[name] = values
    return kept


def _unit(
    points: dict[str, dict[int, float]], chosen: dict[str, str], where: str, notes: list[str]
) -> str:
    """What the steps count: "epoch", or "step" where they lie too far apart for that."""
    for name, values in points.items():
        if _apart(values) >= _EPOCHS_APART:
            begin = ", ".join(map(str, sorted(values)[:3]))
            notes.append(
                f"{where}: {chosen[name]} is logged at steps {begin}, ..., which are no epochs; "
                "drawn over steps"
            )
            return "step"
    return "epoch"


def _apart(values: dict[int, float]) -> float:
    """How far the steps lie apart, of most of them; 0 of one alone."""
    return float(np.median(np.diff(sorted(values)))) if len(values) > 1 else 0.0


def _as_share(
    tag: str, values: NDArray[np.float64], where: str, notes: list[str]
) -> NDArray[np.float64]:
    """An accuracy as a share of 1."""
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 100 * _ONE:
        raise DataError(
            f"{where}: {tag} is from {low:g} to {high:g}, neither a share (0 to 1) nor per cent (0 "
            "to 100); is it an accuracy?"
        )
    if high <= _ONE:
        return values.clip(0, 1)
    notes.append(f"{where}: {tag} is taken as per cent (up to {high:g})")
    return (values / 100).clip(0, 1)
