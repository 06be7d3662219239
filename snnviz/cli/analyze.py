"""`snnviz analyze`: how good an encoder is, in numbers and pictures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snnviz.cli import options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from snnviz.analysis import Analysis, Coder
    from snnviz.checkpoint import Checkpoint
    from snnviz.data import ImageSet, Split
    from snnviz.network import ConvSNN


@click.command("analyze")
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the bundled encoder",
    help="Checkpoint of snnviz or SpikingJelly.",
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Another checkpoint, measured on the same images. Repeatable.",
)
@click.option(
    "--n-images",
    callback=options.count_or_all,
    metavar="N|all",
    default="2000",
    show_default=True,
    help="How many images to score on, the first ones.",
)
@click.option(
    "--train-images",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many training images readouts are fitted on.",
)
@click.option(
    "--network-images",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    help="How many images for cost and importance, where the checkpoint holds the whole network.",
)
@click.option(
    "--untrained",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many untrained encoders to compare with, one a seed.",
)
@options.split_option
@options.dataset_option
@options.data_dir_option
@options.steps_option
@click.option(
    "--out-dir",
    type=click.Path(path_type=Path),
    default="analysis",
    show_default=True,
    help="Folder for tables and figures.",
)
@click.option(
    "--format",
    type=click.Choice(["png", "svg", "pdf"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="File format of the figures. Repeatable.",
)
@click.option(
    "--figures/--no-figures", default=True, show_default=True, help="Draw, beside the tables."
)
@options.device_option
@click.option("--overwrite", is_flag=True, help="Write into a folder that is not empty.")
@options.quiet_option
def command(
    ckpt: Path | None,
    compare: tuple[Path, ...],
    n_images: int | None,
    train_images: int,
    network_images: int,
    untrained: int,
    split: "Split",
    dataset: str,
    data_dir: Path,
    T: int | None,
    out_dir: Path,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    figures: bool,
    device: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Say how good an encoder is, beside untrained ones and plain codes of the pixels.

    Writes analysis.json, channels.csv (a row a channel), scorecard.md and figures, and prints the
    scorecard. Under torchrun, ranks share the images.
    """
    from snnviz.analysis import analyze, write_tables
    from snnviz.checkpoint import load_checkpoint
    from snnviz.cli.networks import choose_steps, describe
    from snnviz.data import load_dataset
    from snnviz.device import choose_device
    from snnviz.encoder import bundled
    from snnviz.files import check_free, make_folder
    from snnviz.ranks import is_first_rank, joined_ranks

    quiet = quiet or not is_first_rank()
    check_free(out_dir, overwrite=overwrite)
    device = choose_device(device)
    checkpoint = load_checkpoint(ckpt or bundled())
    others = [load_checkpoint(path) for path in compare]
    steps = choose_steps(checkpoint, T, quiet=quiet)
    images = load_dataset(dataset, split, data_dir, count=n_images)
    fitted_on = load_dataset(dataset, _other(split), data_dir, count=train_images)
    coders = [
        *_coders([checkpoint, *others], [ckpt, *compare], steps, device),
        *_baselines(checkpoint, steps, fitted_on, untrained),
    ]
    with joined_ranks() as ranks:
        analysis = analyze(
            coders,
            images,
            fitted_on,
            network=_network(checkpoint, steps, device, images),
            network_images=network_images,
            snapshots=_snapshots(ckpt),
            ranks=ranks,
            progress=options.progress_bar(quiet),
        )
        if ranks.is_first:
            name = ckpt.name if ckpt else "bundled encoder"
            about = {
                "checkpoint": describe(checkpoint, name),
                "compared": [describe(c, p.name) for c, p in zip(others, compare, strict=True)],
                "images": {"dataset": images.name, "split": split},
                "T": steps,
            }
            make_folder(out_dir)
            written = write_tables(analysis, out_dir, about)
            if figures:
                written += _draw(analysis, checkpoint, images, out_dir, format)
            _report(analysis, written, quiet=quiet)


def _other(split: "Split") -> "Split":
    """Where readouts are fitted: never on the images they are scored on."""
    return "train" if split == "test" else "test"


def _coders(
    checkpoints: "list[Checkpoint]", paths: "list[Path | None]", T: int, device: str
) -> "list[Coder]":
    from snnviz.analysis import encoder_coder
    from snnviz.encoder import load_encoder

    coders: list[Coder] = []
    for checkpoint, path in zip(checkpoints, paths, strict=True):
        name = _name(path, [coder.name for coder in coders])
        encoder = load_encoder(checkpoint).to(device)
        coders.append(encoder_coder(name, encoder, T, "compared" if coders else "encoder"))
    return coders


def _name(path: Path | None, taken: list[str]) -> str:
    """The file's name, with its folder where that alone would not tell it from others."""
    if path is None:
        return "bundled encoder"
    parts = path.resolve().parts
    for depth in range(1, len(parts) + 1):
        name = "/".join(parts[-depth:])
        if name not in taken:
            return name
    return f"{path} again"


def _baselines(
    checkpoint: "Checkpoint", T: int, train_images: "ImageSet", untrained: int
) -> "list[Coder]":
    from snnviz.analysis import baseline_coders

    config = replace(checkpoint.config, T=T)
    return baseline_coders(config, T, train_images, seeds=range(untrained))


def _network(checkpoint: "Checkpoint", T: int, device: str, images: "ImageSet") -> "ConvSNN | None":
    """The whole network, where the checkpoint holds one for images of this size."""
    from snnviz.cli.networks import build_timed

    fits = checkpoint.holds_network and checkpoint.config.image_size == images.images.shape[1:]
    return build_timed(checkpoint, T, device) if fits else None


def _snapshots(ckpt: Path | None) -> "dict[int, NDArray[np.float32]] | None":
    """The kernels after each epoch of the run that the checkpoint lies in, if it keeps them."""
    from snnviz.runs import encoder_snapshots

    return encoder_snapshots(ckpt.parent) if ckpt else None


def _draw(
    analysis: "Analysis",
    checkpoint: "Checkpoint",
    images: "ImageSet",
    out_dir: Path,
    formats: tuple[str, ...],
) -> list[Path]:
    from snnviz.analysis.pictures import analysis_figures
    from snnviz.encoder import load_encoder
    from snnviz.export import write_figure

    figures = analysis_figures(analysis, load_encoder(checkpoint), images)
    return [
        write_figure(figure, out_dir / f"{name}.{form}")
        for name, figure in figures.items()
        for form in dict.fromkeys(formats)
    ]


def _report(analysis: "Analysis", written: list[Path], *, quiet: bool) -> None:
    if quiet:
        return
    from snnviz.analysis.tables import scorecard_text

    click.echo(scorecard_text(analysis))
    for path in written:
        click.echo(f"wrote {path}")
