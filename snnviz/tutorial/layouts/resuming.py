"""`load_training_state`: a checkpoint with all that training needs to go on from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from snnviz.checkpoint.reading import as_dict
from snnviz.checkpoint.values import kind_of, number, plain
from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts.loading import Checkpoint, accuracy, load_with_metadata, whole_number


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Where a training stood when a file was saved.

    Attributes:
        checkpoint: The network.
        optimizer: State dict of the optimizer.
        lr_scheduler: State dict of the schedule.
        scaler: State dict of the scaler of the loss; empty where nothing was scaled.
        averaging: What learns, where the checkpoint holds averages of its weights; else empty.
        epoch: 0-based epoch after which it was saved.
        max_val_acc: The best accuracy on held-out images up to then, in [0, 1]; None without any.
        settings: The options it was trained with, as the file states them; empty for a file of
            SpikingJelly's script.
    """

    checkpoint: Checkpoint
    optimizer: dict[str, Any]
    lr_scheduler: dict[str, Any]
    scaler: dict[str, Any]
    averaging: dict[str, Any]
    epoch: int
    max_val_acc: float | None
    settings: dict[str, Any]

    def best(self, *, on_held_out: bool) -> float | None:
        """The best accuracy so far on the images that choose the best epoch."""
        return self.max_val_acc if on_held_out else self.checkpoint.max_test_acc


def load_training_state(path: str | Path) -> TrainingState:
    """The state of training in `path`, read like any checkpoint: no code of the file runs.

    Args:
        path: A file that `snnviz train` or the script of SpikingJelly's tutorial wrote.

    Raises:
        CheckpointError: It is no checkpoint of a whole network, or lacks what training needs.

    Example:
        >>> config = snnviz.TrainConfig(T=1, channels=2, batch_size=8, epochs=2)
        >>> images = snnviz.garments(8)
        >>> _ = list(snnviz.record_training(config, images, images, "run"))
        >>> snnviz.load_training_state("run/checkpoint_latest.pth").epoch
        1
    """
    checkpoint, metadata = load_with_metadata(path)
    if checkpoint.fault is not None:
        raise CheckpointError(f"{path}: {checkpoint.fault}; resume from a checkpoint_latest.pth")
    parts = {}
    for name in ("optimizer", "lr_scheduler"):
        if name not in metadata:
            raise CheckpointError(
                f"{path}: has no {name!r}, so that training cannot go on from it; resume from a "
                "checkpoint_latest.pth"
            )
        parts[name] = _plain_dict(metadata[name], f"{path}: its {name!r}")
    # Rates and their like; the optimizer's state of each parameter stays tensors.
    parts["lr_scheduler"] = _with_numbers(parts["lr_scheduler"])
    if "param_groups" in parts["optimizer"]:
        parts["optimizer"]["param_groups"] = _with_numbers(parts["optimizer"]["param_groups"])
    stated = metadata.get("epoch")
    if (epoch := whole_number(stated)) is None:
        said = f" (its 'epoch' is {kind_of(stated)})" if stated is not None else ""
        raise CheckpointError(f"{path}: does not say after which epoch it was saved{said}")
    _accuracy(metadata, "max_test_acc", path)
    return TrainingState(
        checkpoint=checkpoint,
        scaler=_plain_dict(metadata.get("scaler", {}), f"{path}: its 'scaler'"),
        averaging=_plain_dict(metadata.get("averaging", {}), f"{path}: its 'averaging'"),
        epoch=epoch,
        max_val_acc=_accuracy(metadata, "max_val_acc", path),
        settings=_plain_dict(metadata.get("training", {}), f"{path}: its 'training'"),
        **parts,
    )


def _accuracy(metadata: Mapping[object, object], name: str, path: str | Path) -> float | None:
    """The accuracy called `name`, which decides what is overwritten: it has to be readable."""
    found, notes = accuracy(metadata, name)
    if notes and found is None:
        raise CheckpointError(f"{path}: {notes[0].removesuffix('; left out')}; set it right there")
    return found


def _with_numbers(value: Any) -> Any:
    """Plain values in which tensors of one element are numbers."""
    if isinstance(value, dict):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    found = number(value) if isinstance(value, Tensor) else None
    return value if found is None else found


def _plain_dict(value: object, what: str) -> dict[str, Any]:
    """`value` as dicts, lists, tensors and numbers.

    Raises:
        CheckpointError: It is no dict, or holds something else.
    """
    if (found := as_dict(value)) is None:
        raise CheckpointError(f"{what} is {kind_of(value)}, expected a dict")
    return {str(key): plain(item, what) for key, item in found.items()}
