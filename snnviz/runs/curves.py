"""The curves of a run, read back from its TensorBoard events."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnviz.errors import DataError

TAGS = ("train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc")


@dataclass(frozen=True, eq=False)
class Curve:
    """One scalar over the epochs of a run.

    Attributes:
        epochs: 0-based epochs, ints [n], increasing.
        values: The scalar after each, float64 [n] (events keep float32).
    """

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def best(self) -> int:
        """Index of the highest value, of several equal ones the first."""
        return int(np.argmax(self.values))

    def place(self, epoch: int) -> int | None:
        """Index of an epoch, None where it is not there."""
        found = np.flatnonzero(self.epochs == epoch)
        return int(found[0]) if len(found) else None


def read_curves(run: str | Path) -> dict[str, Curve]:
    """The curves of a run, by the tags that it has of `TAGS`.

    What an interruption left unfinished and a resumed run wrote again counts once, as written last.

    Args:
        run: A run folder of `snnviz train` or of the tutorial's script, or a folder of events.

    Raises:
        DataError: There are no events in it, they cannot be read, or none of these tags is there.
    """
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415 - slow
        EventAccumulator,
    )

    folder = _events_folder(Path(run))
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    curves = {}
    for tag in TAGS:
        if tag in accumulator.Tags()["scalars"]:
            events = {event.step: event.value for event in accumulator.Scalars(tag)}
            epochs = np.array(sorted(events), np.int64)
            curves[tag] = Curve(epochs, np.array([events[int(epoch)] for epoch in epochs]))
    if not curves:
        raise DataError(f"the events in {folder} have none of {', '.join(TAGS)}; is it a run?")
    return curves


def _events_folder(run: Path) -> Path:
    if not run.is_dir():
        raise DataError(f"there is no folder {run}; name a run folder of snnviz train")
    folders = sorted({path.parent for path in run.rglob("events.out.tfevents.*")})
    if not folders:
        raise DataError(f"{run} holds no TensorBoard events; name a run folder of snnviz train")
    if len(folders) > 1:
        raise DataError(
            f"{run} holds the events of {len(folders)} runs, {folders[0]} the first; name them one "
            "by one"
        )
    return folders[0]
