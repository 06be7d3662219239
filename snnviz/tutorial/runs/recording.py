"""`record_training`: a training whose every epoch is on disk before the next begins."""

import platform
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from snnviz._version import __version__
from snnviz.data import ImageSet
from snnviz.device import autocast_type
from snnviz.errors import CheckpointError
from snnviz.ranks import Ranks
from snnviz.scoring.progress import Progress
from snnviz.tutorial.layouts import TrainingState
from snnviz.tutorial.layouts.loading import accuracy, load_with_metadata
from snnviz.tutorial.network import build_network
from snnviz.tutorial.runs.folder import MAX, RunFolder, open_run
from snnviz.tutorial.training import EpochResult, TrainConfig, train


def record_training(
    config: TrainConfig,
    train_set: ImageSet,
    test_set: ImageSet,
    folder: str | Path,
    *,
    about: Mapping[str, object] | None = None,
    tutorial_options: Mapping[str, object] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    state: TrainingState | None = None,
    ranks: Ranks | None = None,
    progress: Progress | Literal[True] | None = None,
) -> Generator[EpochResult, None, None]:
    """The results of `train`, each one yielded when it is written into the run folder.

    Args:
        config: How to train.
        train_set: Labelled images to learn from.
        test_set: Labelled images to measure on.
        folder: The run folder; only the first rank writes into it.
        about: What else config.json is to say.
        tutorial_options: What args.txt is to say; by default the fields of `config`.
        overwrite: Begin anew where a run is; its files are deleted.
        resume: The folder may hold the run already.
        state: Go on from here.
        ranks: The processes that train together.
        progress: Called as `progress(phase, done, total)`, in images, after each batch; True draws
            a bar.

    Raises:
        SnnvizError: As `train` and `open_run`, before anything is written; and where an epoch
            cannot be written, with the one before it whole.

    Example:
        >>> config = snnviz.TrainConfig(T=1, channels=2, batch_size=8, epochs=1)
        >>> images = snnviz.garments(8)
        >>> for result in snnviz.record_training(config, images, images, "run"):
        ...     print(result.epoch, result.is_best)
        0 True
        >>> from pathlib import Path
        >>> sorted(path.name for path in Path("run").glob("*.pth"))
        ['checkpoint_latest.pth', 'checkpoint_max.pth']
    """
    folder, ranks = Path(folder), ranks or Ranks()
    if state is not None:
        state = _with_best(state, folder, on_held_out=config.val_split > 0)
    results = train(config, train_set, test_set, progress, resume=state, ranks=ranks)
    with ExitStack() as stack:
        run = None
        with ranks.agreed():
            if ranks.is_first:
                first_epoch = 0 if state is None else state.epoch + 1
                run = stack.enter_context(
                    open_run(folder, first_epoch=first_epoch, overwrite=overwrite, resume=resume)
                )
                amp_type = _type_name(autocast_type(config.device)) if config.amp else None
                run.write_settings(
                    tutorial_options or asdict(config),
                    {
                        "version": 1,
                        "training": asdict(config),
                        "autocast": amp_type,
                        "train_set": train_set.name,
                        "train_images": len(train_set) - config.val_split,
                        "test_set": test_set.name,
                        "test_images": len(test_set),
                        **(about or {}),
                        **_environment(ranks, torch.device(config.device)),
                    },
                )
                if state is None:
                    _write_untrained(run, config, train_set)
        for result in results:
            with ranks.agreed():
                if run is not None:
                    run.write_epoch(result)
            yield result


def _with_best(state: TrainingState, folder: Path, *, on_held_out: bool) -> TrainingState:
    """`state` with the best accuracy so far, from the best checkpoint where it does not say itself.

    Raises:
        CheckpointError: Neither says it, so that a worse epoch would take the best one's place.
    """
    best = folder / MAX
    if state.best(on_held_out=on_held_out) is not None or not best.exists():
        return state
    checkpoint, beside = load_with_metadata(best)
    if on_held_out:
        accuracy_kept, _ = accuracy(beside, "max_val_acc")
        found = replace(state, max_val_acc=accuracy_kept)
    else:
        known = replace(state.checkpoint, max_test_acc=checkpoint.max_test_acc)
        found = replace(state, checkpoint=known)
    if found.best(on_held_out=on_held_out) is None:
        raise CheckpointError(
            f"{best} would be replaced by the next epoch, good or bad: neither it nor "
            f"{state.checkpoint.path} says how accurate it is; move it elsewhere first"
        )
    return found


def _write_untrained(run: RunFolder, config: TrainConfig, train_set: ImageSet) -> None:
    net = build_network(config.network(train_set.size), seed=config.seed)
    run.write_untrained(net.state_dict(), net.config.as_dict())


def _environment(ranks: Ranks, device: torch.device) -> dict[str, Any]:
    """What the numbers may depend on besides the options."""
    return {
        "ranks": ranks.world,
        "threads": torch.get_num_threads(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "cuda": torch.version.cuda,
        "cupy": getattr(sys.modules.get("cupy"), "__version__", None),
        "tf32": _tf32(),
        "snnviz": __version__,
        "spikingjelly": version("spikingjelly"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _tf32() -> dict[str, bool]:
    """Whether the GPU may round the factors of float32 products to TF32."""
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    try:
        return {"matmul": cuda.matmul.allow_tf32, "cudnn": cudnn.allow_tf32}
    except RuntimeError:  # what torch answers once anybody has used the newer names
        precisions = {"matmul": cuda.matmul, "cudnn": cudnn.conv}  # type: ignore[attr-defined]
        return {name: each.fp32_precision == "tf32" for name, each in precisions.items()}


def _type_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
