"""`snnviz train`: the tutorial's training, from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import options

if TYPE_CHECKING:
    from snnviz.training import EpochResult


@click.command("train")
@click.option(
    "-T",
    "--T",
    "T",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Number of time steps.",
)
@options.device_option
@click.option(
    "-b",
    "--batch-size",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Images a batch.",
)
@click.option(
    "-epochs",
    "--epochs",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Passes over the training images.",
)
@options.data_dir_option
@click.option(
    "-out_dir",
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="logs",
    show_default=True,
    help="Folder in which the run gets a folder of its own.",
)
@click.option("-amp", "--amp", is_flag=True, help="Automatic mixed precision (bfloat16 on a CPU).")
@click.option(
    "-lr",
    "--lr",
    type=float,
    default=0.1,
    show_default=True,
    help="Learning rate of the first epoch.",
)
@click.option(
    "-momentum", "--momentum", type=float, default=0.9, show_default=True, help="Momentum of SGD."
)
@click.option(
    "-T_max",
    "--t-max",
    type=click.IntRange(min=1),
    default=None,
    show_default="the number of epochs",
    help="Epochs in which the cosine schedule falls to 0.",
)
@click.option(
    "-channels",
    "--channels",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Feature maps of both convolutions.",
)
@click.option(
    "--step-mode",
    type=click.Choice(["s", "m"]),
    default="s",
    show_default=True,
    help="Single-step (time in the outer loop) or multi-step.",
)
@options.dataset_option
@click.option(
    "--n-images",
    type=click.IntRange(min=1),
    default=None,
    show_default="all",
    help="Train on the first N images only (garments: 6,000 by default).",
)
@options.seed_option(2020, "initialization and shuffling")
@click.option("--overwrite", is_flag=True, help="Write into a run folder that is not empty.")
@options.quiet_option
def command(
    data_dir: Path,
    out_dir: Path,
    device: str | None,
    dataset: str,
    n_images: int | None,
    overwrite: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train the tutorial's convolutional spiking network.

    Keeps the best epoch (checkpoint_max.pth) and the last (checkpoint_latest.pth) in
    OUT_DIR/T_4_b_128_SGD_lr_0.1_CosALR_64 (named after the options).
    """
    from snnviz.checkpoint import save_checkpoint
    from snnviz.data import load_dataset
    from snnviz.device import choose_device
    from snnviz.files import check_free, make_folder
    from snnviz.training import TrainConfig, train

    config = TrainConfig(device=choose_device(device), **settings)
    train_set = load_dataset(dataset, "train", data_dir, count=n_images)
    test_set = load_dataset(dataset, "test", data_dir)
    results = train(config, train_set, test_set, options.progress_bar(quiet))
    check_free(out_dir / config.run_name, overwrite=overwrite)
    run = make_folder(out_dir / config.run_name)
    for result in results:
        save_checkpoint(result.checkpoint, run / "checkpoint_latest.pth")
        if result.is_best:
            save_checkpoint(result.checkpoint, run / "checkpoint_max.pth")
        if not quiet:
            click.echo(_line(result))
    if not quiet:
        click.echo(f"best checkpoint: {run / 'checkpoint_max.pth'}")


def _line(result: "EpochResult") -> str:
    return (
        f"epoch={result.epoch}, train_loss={result.train_loss:.6f}, "
        f"train_acc={result.train_acc:.4f}, test_loss={result.test_loss:.6f}, "
        f"test_acc={result.test_acc:.4f}, max_test_acc={result.max_test_acc:.4f}, "
        f"total_time={result.seconds:.1f}"
    )
