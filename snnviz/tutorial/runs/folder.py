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
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnviz.errors import ConfigError, ExportError
from snnviz.files import make_folder, write_bytes
from snnviz.folders import Layout, OutputFolder, hold_folder, is_untouched
from snnviz.tutorial.layouts import checkpoint_bytes, encoder_checkpoint, load_checkpoint
from snnviz.tutorial.runs.events import EVENTS, EventWriter
from snnviz.tutorial.training import EpochResult, TrainConfig

MAX, LATEST = "checkpoint_max.pth", "checkpoint_latest.pth"
_SETTINGS = ("args.txt", "config.json")
_ENCODERS = "encoders"
# Of the images, in config.json as in a checkpoint.
_IMAGES = {"train_set": str, "train_images": int}
# A training can be gone on with as long as it has begun, so that the mark is there for that alone.
_RUN = Layout(
    run="a training",
    manifest="manifest_training.json",  # never written: its files are known by name
    mark=".unfinished_training.json",
    owned=re.compile(
        rf"{'|'.join(map(re.escape, (MAX, LATEST, *_SETTINGS)))}"
        rf"|{EVENTS}/events\.out\.tfevents\..+|{_ENCODERS}/(untrained|epoch_\d+)\.pth"
    ),
    argument="folder",
)
_ANOTHER = "choose another with `folder`"


class RunFolder:
    """The folder of a training that is under way, and this process's alone; see `open_run`.

    Attributes:
        path: The folder.
    """

    def __init__(self, output: OutputFolder, first_epoch: int) -> None:
        self.path = output.folder
        self._output = output
        self._first_epoch = first_epoch
        self._events: EventWriter | None = None

    def write_settings(self, arguments: Mapping[str, object], config: Mapping[str, object]) -> None:
        """Write what the run is made with; from then on it can be gone on with.

        Args:
            arguments: The tutorial's options by their names there, for args.txt.
            config: Everything, as plain values, for config.json.
        """
        write_bytes((json.dumps(config, indent=1) + "\n").encode(), self.path / "config.json")
        self._output.unmark()
        # A name that is no UTF-8 stands in it as Python writes it; JSON escapes it by itself.
        text = str(Namespace(**arguments)).encode(errors="backslashreplace")
        write_bytes(text, self.path / "args.txt")
        make_folder(self.path / EVENTS, argument=_RUN.argument)

    def write_untrained(self, state: Mapping[str, Any], network: Mapping[str, Any]) -> Path:
        """The file with the encoder before the first epoch, from the whole network's state."""
        return self._write_encoder("untrained", state, network, epoch=None, max_test_acc=None)

    def write_epoch(self, result: EpochResult) -> None:
        """Write what an epoch came to.

        Raises:
            ExportError: It cannot be written; the checkpoint of the epoch before is still whole.
        """
        checkpoint = result.checkpoint
        # Not before: to begin voids what earlier files say of this epoch and later ones.
        if self._events is None:
            self._events = EventWriter(self.path / EVENTS, self._first_epoch)
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
        if self._events is not None:
            self._events.close()

    def _write_encoder(
        self, name: str, state: Mapping[str, Any], network: Mapping[str, Any], **about: Any
    ) -> Path:
        data = checkpoint_bytes(encoder_checkpoint(state, network, **about))
        return write_bytes(
            data, make_folder(self.path / _ENCODERS, argument=_RUN.argument) / f"{name}.pth"
        )


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
    with hold_folder(path, _RUN, overwrite=True) as output:
        # Once more: the other training may have ended only now.
        check_run_folder(path, overwrite=overwrite, resume=resume)
        if overwrite or (resume and first_epoch == 0):
            output.clear([*output.earlier(), *_files(path)])
        with closing(RunFolder(output, first_epoch)) as run:
            yield run


def check_run_folder(path: Path, *, overwrite: bool, resume: bool) -> None:
    """Raises unless a training may write into `path`.

    Raises:
        ExportError: It is a file, or a folder with something in it that neither flag allows.
    """
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file, not a folder", _ANOTHER)
    if overwrite or not path.is_dir() or is_untouched(path, _RUN):
        return
    if (path / _RUN.mark).exists():
        raise ExportError(
            f"{path} holds a training that was stopped while it began anew",
            "begin it again with all its options and `overwrite=True`",
        )
    is_run = any((path / name).exists() for name in (LATEST, MAX, EVENTS, *_SETTINGS))
    if not is_run:
        raise ExportError(
            f"the folder {path} is not empty and holds no run", _ANOTHER, "pass `overwrite=True`"
        )
    if not resume:
        raise ExportError(
            f"{path} already holds a run",
            "go on with `resume=True`",
            _ANOTHER,
            "pass `overwrite=True`",
        )


def read_config(path: Path) -> dict[str, Any]:
    """What the config.json of a run folder says; empty where there is none that can be read."""
    try:
        config = json.loads((path / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def read_settings(path: Path) -> dict[str, Any]:
    """The options that the config.json of a run folder says, with the images they trained on.

    As `TrainingState.settings` has them, for a run that saved no epoch yet.

    Raises:
        ConfigError: One of them is of another type than such an option.
    """
    config = read_config(path)
    images = {name: config[name] for name in _IMAGES if name in config}
    found: dict[str, Any] = {**config["training"], **images}
    types = {name: type(value) for name, value in asdict(TrainConfig()).items()}
    for name, kind in {**types, **_IMAGES}.items():
        value = found.get(name)
        if name in found and not (type(value) is kind or (kind is float and type(value) is int)):
            raise ConfigError(
                f"{path / 'config.json'} says {name} {value!r}, which is no {kind.__name__}",
                "begin anew with all options and `overwrite=True`",
            )
    return found


def encoder_files(path: Path) -> list[Path]:
    """The encoders that a run kept, by epoch, the untrained one first; none where it keeps none."""
    epochs = sorted((path / _ENCODERS).glob("epoch_*.pth"), key=lambda p: (len(p.name), p.name))
    return list(filter(Path.exists, (path / _ENCODERS / "untrained.pth", *epochs)))


def encoder_snapshots(path: Path) -> dict[int, NDArray[np.float32]] | None:
    """The kernels [K, C, 3, 3] of the encoders that a run kept, by epoch; -1 is untrained.

    Args:
        path: A run folder.

    Returns:
        None where it keeps none.

    Raises:
        CheckpointError: One of them cannot be read.
    """
    kernels = {}
    for file in encoder_files(path):
        checkpoint = load_checkpoint(file)
        epoch = -1 if checkpoint.epoch is None else checkpoint.epoch
        kernels[epoch] = checkpoint.state["static_conv.0.weight"].numpy()
    return kernels or None


def _files(path: Path) -> Iterator[str]:
    """The names of what may be of a run."""
    for file in [*path.glob("*"), *path.glob(f"{EVENTS}/*"), *path.glob(f"{_ENCODERS}/*")]:
        yield file.relative_to(path).as_posix()
