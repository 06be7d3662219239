"""What `snnviz train` is to do: its options, with those of the run that it goes on with."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch
from click.core import ParameterSource

from snnviz.data import FASHION_MNIST, IN_ITS_PLACE, ImageSet, dataset_name, load_dataset
from snnviz.device import choose_device, default_device
from snnviz.errors import ConfigError
from snnviz.ranks import rank_device
from snnviz.tutorial.cuda import check_available
from snnviz.tutorial.layouts import TrainingState, load_training_state
from snnviz.tutorial.runs import LATEST, MAX, check_run_folder, read_config, read_settings
from snnviz.tutorial.training import TrainConfig

# Options that earlier builds had, and what they were where nobody gave them.
_GONE = {"augment": False, "dropout": 0.0, "votes": 1}


@dataclass(frozen=True)
class Plan:
    """What to train, and where to write it.

    Attributes:
        config: How to train.
        dataset: Name of the data set.
        n_images: How many of its training images; None takes all.
        data_dir: Where its files are.
        folder: The run folder.
        state: Where to go on from; None at the beginning.
        resume: Whether the folder may hold the run already.
        notes: What the user is to know before it begins, a sentence each.
        tutorial_options: The options by the tutorial's names, for args.txt.
    """

    config: TrainConfig
    dataset: str
    n_images: int | None
    data_dir: Path
    folder: Path
    state: TrainingState | None
    resume: bool
    notes: tuple[str, ...]
    tutorial_options: dict[str, Any]

    @property
    def about(self) -> dict[str, Any]:
        """What config.json says of the images."""
        return {
            "dataset": self.dataset,
            "n_images": self.n_images,
            "data_dir": str(self.data_dir.absolute()),
        }

    def load_sets(self) -> tuple[ImageSet, ImageSet]:
        """The images to train on, and those to test on."""
        load = partial(load_dataset, self.dataset, root=self.data_dir, channels=1)
        return load(split="train", count=self.n_images), load(split="test")


def plan_run(ctx: click.Context, given: Mapping[str, Any], *, overwrite: bool) -> Plan:
    """The plan that the options of `ctx` amount to; nothing is written.

    Raises:
        SnnvizError: They contradict each other or the run to go on with, or cannot train.
    """
    if given["resume"] is not None and overwrite:
        raise ConfigError("--resume goes on with a run and --overwrite deletes it; pass one")
    settings, state, begun = dict(given), None, None
    if given["cupy"] and not _is_explicit(ctx, "step_mode"):
        settings["step_mode"] = "m"
    if given["resume"] is not None:
        usual = given["out_dir"] / _config(settings).run_name
        state = _saved(given["resume"], usual)
        begun = state.checkpoint.path.parent if state else _begun(given["resume"], usual)
    if state is not None:
        settings = _adopt(ctx, settings, state.settings, state.checkpoint.path)
    elif begun is not None:
        settings = _adopt(ctx, settings, read_settings(begun), begun)
    config = _config(settings)
    if config.cupy:
        check_available(config.device)
    folder = settings["out_dir"] / config.run_name
    if begun and (state is None or state.settings) and not _is_explicit(ctx, "out_dir"):
        folder = begun
    begun_here = begun is None or begun.resolve() == folder.resolve()
    resume = given["resume"] is not None and begun_here
    check_run_folder(folder, overwrite=overwrite, resume=resume)
    return Plan(
        config=config,
        dataset=settings["dataset"],
        n_images=settings["n_images"],
        data_dir=given["data_dir"] if _is_explicit(ctx, "data_dir") else _data_dir(given, begun),
        folder=folder,
        state=state,
        resume=resume,
        notes=() if begun is None else _notes(begun, config, anew=state is None),
        tutorial_options=_tutorial_options(config, given),
    )


def _config(settings: Mapping[str, Any]) -> TrainConfig:
    names = {field.name for field in fields(TrainConfig)} - {"device"}
    device = _device(settings["device"])
    return TrainConfig(device=device, **{name: settings[name] for name in names})


def _device(named: str | None) -> str:
    if named is None and "LOCAL_RANK" in os.environ:
        # To try the first GPU would take memory on it for every rank.
        named = default_device()
    else:
        named = choose_device(named)
    # Once more: a machine may have a GPU, but not one for each rank.
    return choose_device(rank_device(named))


def _saved(named: str, usual: Path) -> TrainingState | None:
    """The state in the run folder or checkpoint `named`, in the `usual` folder where it is empty.

    None if no epoch was saved there yet.
    """
    path = Path(named) if named else usual
    file = path / LATEST if path.is_dir() or not named else path
    if file.exists() or (named and not (file.name == LATEST and file.parent.is_dir())):
        return load_training_state(file)
    best = file.with_name(MAX)
    # Killed between the two files of its first epoch, a run has this one alone.
    if best.exists() and (epoch := load_training_state(best).epoch) > 0:
        raise ConfigError(
            f"{file} is gone, and {best} is of epoch {epoch}; go on from that with --resume {best}"
        )
    return None


def _begun(named: str, usual: Path) -> Path | None:
    """The folder of a run that was stopped before its first epoch was saved; None without one."""
    path = Path(named) if named else usual
    folder = path.parent if named and not path.is_dir() else path
    if isinstance(read_config(folder).get("training"), dict):
        return folder
    if not named:
        return None
    raise ConfigError(
        f"no epoch is saved in {folder} yet, and no config.json there says what it was begun with; "
        "name another run, or begin this one with all its options and --overwrite"
    )


def _notes(begun: Path, config: TrainConfig, *, anew: bool) -> tuple[str, ...]:
    """What is to be said of going on with the run in that folder."""
    if anew:
        return (
            f"no epoch is saved in {begun} yet: it begins anew, with the options it was begun with",
        )
    before = read_config(begun)
    now = {
        "threads": torch.get_num_threads(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }
    others = [
        f"{name} {now[name]} (before: {before[name]})"
        for name in now
        if before.get(name, now[name]) != now[name]
    ]
    # On a GPU sums are rounded in another order each time.
    if not others or config.device != "cpu":
        return ()
    return (f"the run goes on with {', '.join(others)}, so that it is not bit for bit the same",)


def _adopt(
    ctx: click.Context, settings: Mapping[str, Any], stated: Mapping[str, Any], where: Path
) -> dict[str, Any]:
    """`settings` with those of the run where the user gave none.

    Args:
        ctx: Tells what the user gave.
        settings: What was given, and defaults.
        stated: What the run states; empty for one of SpikingJelly's script.
        where: Its checkpoint or folder, for the error.

    Raises:
        ConfigError: The user gave another value than the run was begun with, or its images are not
            where they were.
    """
    for name, plain in _GONE.items():
        if stated.get(name, plain) != plain:
            raise ConfigError(
                f"{where} was begun with {name} {stated[name]}, which is no option any more; "
                "begin another run"
            )
    # What a run does not state is of a version that had no such option.
    saved = {**asdict(TrainConfig()), **stated} if stated else {}
    train_set = saved.get("train_set")
    dataset = _dataset(train_set)
    if dataset is None and isinstance(train_set, str) and not _is_explicit(ctx, "dataset"):
        raise ConfigError(
            f"{where} was trained on {train_set!r}, and no data set, folder or file is called so "
            "here; go on where it can be found, or say where it is now with --dataset"
        )
    if dataset is not None:
        saved["dataset"] = dataset
        saved["n_images"] = saved.get("train_images", 0) + saved.get("val_split", 0)
    adopted = dict(settings)
    for name in (saved.keys() & settings.keys()) - {"device"}:
        if not _is_explicit(ctx, name):
            adopted[name] = saved[name]
        elif settings[name] != saved[name] and name != "epochs":
            raise ConfigError(
                f"{where} was begun with {name} {saved[name]}, got {settings[name]}; go on with "
                "the same, or begin another run in another --out-dir"
            )
    return adopted


def _dataset(train_set: object) -> str | None:
    """What names the images that a run trained on; None where they were no data set of ours."""
    if train_set in IN_ITS_PLACE:
        return FASHION_MNIST
    try:
        return dataset_name(train_set) if isinstance(train_set, str) else None
    except ConfigError:
        return None


def _data_dir(given: Mapping[str, Any], begun: Path | None) -> Path:
    """Where the run to go on with found its images, if that is still there; else the default."""
    named = read_config(begun).get("data_dir") if begun is not None else None
    return Path(named if named and Path(named).is_dir() else given["data_dir"])


def _is_explicit(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) not in (
        ParameterSource.DEFAULT,
        ParameterSource.DEFAULT_MAP,
    )


def _tutorial_options(config: TrainConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "T": config.T,
        "T_max": config.t_max,
        "amp": config.amp,
        "b": config.batch_size,
        "cupy": config.cupy,
        "data_dir": str(given["data_dir"]),
        "device": config.device,
        "epochs": config.epochs,
        "gamma": config.gamma,
        "j": given["jobs"],
        "lr": config.lr,
        "lr_scheduler": config.lr_scheduler,
        "momentum": config.momentum,
        "opt": config.opt,
        "out_dir": str(given["out_dir"]),
        "resume": given["resume"],
        "step_size": config.step_size,
    }
