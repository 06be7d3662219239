"""A run folder, laid out as the tutorial's script does it.

    args.txt                the options, as the tutorial writes them
    config.json             the same for machines, with versions and data set
    fmnist_logs/            TensorBoard events
    checkpoint_max.pth      the best epoch
    checkpoint_latest.pth   the last epoch, to go on from
    encoders/               the encoder alone, untrained and after each epoch

An epoch's events are written first and checkpoint_latest.pth last, so that a run that is killed
anywhere between them learns that epoch again and writes the same.
"""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnviz.checkpoint import checkpoint_bytes, encoder_checkpoint, load_checkpoint
from snnviz.errors import ExportError
from snnviz.files import LOCK, PART, locked, make_folder, remove, write_bytes
from snnviz.runs.events import EVENTS, EventWriter
from snnviz.training import EpochResult

MAX, LATEST = "checkpoint_max.pth", "checkpoint_latest.pth"
_SETTINGS = ("args.txt", "config.json")
_ENCODERS = "encoders"


class RunFolder:
    """The folder of a training that is under way, and this process's alone; see `open_run`.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path, first_epoch: int) -> None:
        self.path = path
        self._events = EventWriter(path / EVENTS, first_epoch)

    def write_settings(self, arguments: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Write what the run is made with.

        Args:
            arguments: The tutorial's options by their names there, for args.txt.
            config: Everything, as plain values, for config.json.
        """
        # A name that is no UTF-8 stands in it as Python writes it; JSON escapes it by itself.
        text = str(Namespace(**arguments)).encode(errors="backslashreplace")
        write_bytes(text, self.path / "args.txt")
        write_bytes((json.dumps(config, indent=1) + "\n").encode(), self.path / "config.json")

    def write_untrained(self, state: Mapping[str, Any], network: Mapping[str, Any]) -> Path:
        """The file with the encoder before the first epoch, from the whole network's state."""
        return self._write_encoder("untrained", state, network, epoch=None, max_test_acc=None)

    def write_epoch(self, result: EpochResult) -> None:
        """Write what an epoch came to.

        Raises:
            ExportError: It cannot be written; the checkpoint of the epoch before is still whole.
        """
        checkpoint = result.checkpoint
        self._events.add(result)
        self._write_encoder(
            f"epoch_{result.epoch:03d}",
            checkpoint["net"],
            checkpoint["network"],
            epoch=result.epoch,
            max_test_acc=result.max_test_acc,
            training={"seed": checkpoint["training"]["seed"]},
        )
        data = checkpoint_bytes(checkpoint)
        if result.is_best:
            write_bytes(data, self.path / MAX)
        write_bytes(data, self.path / LATEST)

    def close(self) -> None:
        """Let go of the events' file."""
        self._events.close()

    def _write_encoder(
        self, name: str, state: Mapping[str, Any], network: Mapping[str, Any], **about: Any
    ) -> Path:
        data = checkpoint_bytes(encoder_checkpoint(state, network, **about))
        return write_bytes(data, make_folder(self.path / _ENCODERS) / f"{name}.pth")


@contextmanager
def open_run(
    path: Path, *, first_epoch: int = 0, overwrite: bool = False, resume: bool = False
) -> Iterator[RunFolder]:
    """The folder of a training, locked for the length of the block.

    Args:
        path: Where; the folder is made.
        first_epoch: The epoch that is written next; later ones in the events do not count.
        overwrite: Begin anew where a run is; its files are deleted.
        resume: Go on where a run is; a folder that is missing or empty is begun.

    Raises:
        ExportError: The folder holds a run and neither flag is given, holds something else, is in
            use by another training, or cannot be written to.
    """
    check_run_folder(path, overwrite=overwrite, resume=resume)
    make_folder(path)
    busy = (
        f"the run folder {path} is in use by another training; wait for its end, or choose another "
        "with --out-dir"
    )
    with locked(path, busy):
        if overwrite or (resume and first_epoch == 0):
            _clear(path)
        with closing(RunFolder(path, first_epoch)) as run:
            yield run


def check_run_folder(path: Path, *, overwrite: bool, resume: bool) -> None:
    """Nothing, if a training may write into `path`.

    Raises:
        ExportError: It is a file, or a folder with something in it that neither flag allows.
    """
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file, not a folder; choose another with --out-dir")
    inside = {entry.name for entry in path.iterdir()} - {LOCK} if path.is_dir() else set()
    is_run = bool(inside & {LATEST, MAX, EVENTS, *_SETTINGS})
    if inside and not is_run and not overwrite:
        raise ExportError(
            f"the folder {path} is not empty and holds no run; choose another with --out-dir, or "
            "pass --overwrite"
        )
    if is_run and not (overwrite or resume):
        raise ExportError(
            f"{path} already holds a run; go on with --resume, choose another with --out-dir, or "
            "pass --overwrite"
        )


def read_config(path: Path) -> dict[str, Any]:
    """What the config.json of a run folder says; empty where there is none that can be read."""
    try:
        config = json.loads((path / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def encoder_snapshots(path: Path) -> dict[int, NDArray[np.float32]] | None:
    """The kernels [K, C, 3, 3] of the encoders that a run kept, by epoch; -1 is untrained.

    Args:
        path: A run folder.

    Returns:
        None where it keeps none.

    Raises:
        CheckpointError: One of them cannot be read.
    """
    files = (path / _ENCODERS / "untrained.pth", *(path / _ENCODERS).glob("epoch_*.pth"))
    kernels = {}
    for file in filter(Path.exists, files):
        checkpoint = load_checkpoint(file)
        epoch = -1 if checkpoint.epoch is None else checkpoint.epoch
        kernels[epoch] = checkpoint.state["static_conv.0.weight"].numpy()
    return kernels or None


def _clear(path: Path) -> None:
    """Delete what a run wrote; anything else in the folder stays."""
    stale = [path / name for name in (LATEST, MAX, *_SETTINGS)]
    stale += (path / EVENTS).glob("events.out.tfevents.*")
    stale += (path / _ENCODERS).glob("*.pth")
    stale += path.rglob(f".*{PART}")
    for file in stale:
        remove(file)
