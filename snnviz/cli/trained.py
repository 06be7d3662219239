"""What `snnviz report` shows of a run folder."""

from filecmp import cmp
from pathlib import Path

from snnviz.cli.output import note
from snnviz.errors import DataError
from snnviz.report import Training, spread
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.layouts import load_checkpoint
from snnviz.tutorial.runs import LATEST, MAX, encoder_files, read_curves

# Scalars by their tags, in the words of the page.
_NAMES = {
    "train_acc": "train accuracy",
    "val_acc": "held-out accuracy",
    "test_acc": "test accuracy",
    "train_loss": "train loss",
    "val_loss": "held-out loss",
    "test_loss": "test loss",
}


def best_checkpoint(run: Path) -> Path:
    """The checkpoint of the best epoch of a run, or of the last one.

    Raises:
        DataError: There is none.
    """
    for name in (MAX, LATEST):
        if (run / name).is_file():
            return run / name
    if not run.is_dir():
        missing = "is no folder" if run.exists() else "does not exist"
        raise DataError(f"{run} {missing}; name a run folder of snnviz train, or give --ckpt")
    raise DataError(f"{run} holds no {MAX}; name a run folder of snnviz train, or give --ckpt")


def holds(run: Path, ckpt: Path) -> bool:
    """Whether a checkpoint lies in a run's folder, or is a copy of one that does."""
    if ckpt.resolve().is_relative_to(run.resolve()):
        return True
    some = [run / MAX, run / LATEST, *encoder_files(run)]
    size = ckpt.stat().st_size
    return any(
        each.is_file() and each.stat().st_size == size and cmp(each, ckpt, shallow=False)
        for each in some
    )


def read_training(run: Path, *, encoders: bool, quiet: bool) -> Training:
    """The curves of a run, and its encoder after up to a dozen of its epochs.

    Raises:
        DataError: It has no events that can be read.
        CheckpointError: One of its encoders cannot be read.
    """
    curves = {
        _NAMES.get(tag, tag): (curve.epochs.tolist(), curve.values.tolist())
        for tag, curve in read_curves(run).items()
    }
    files = encoder_files(run) if encoders else []
    if encoders and not files and not quiet:
        note(f"{run} keeps no encoders of its epochs: the page has its curves alone")
    snapshots = []
    for place in spread(len(files)) if files else ():
        checkpoint = load_checkpoint(files[place])
        epoch = -1 if checkpoint.epoch is None else checkpoint.epoch
        name = "untrained" if epoch < 0 else f"epoch {epoch}"
        snapshots.append((name, epoch, load_encoder(checkpoint)))
    return Training(curves, snapshots)
