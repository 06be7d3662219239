"""`snnviz visualize`: from a checkpoint and images to figure sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import options

if TYPE_CHECKING:
    from snnviz.checkpoint import Checkpoint
    from snnviz.data import Sample, Split
    from snnviz.grid import Normalize


def _count_or_all(_ctx: click.Context, _param: click.Parameter, value: str) -> int | None:
    """A positive number, or None for "all"."""
    if value == "all":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number from 1 nor 'all'.")
    return int(value)


@click.command()
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the bundled encoder",
    help="Checkpoint of snnviz or SpikingJelly.",
)
@click.option(
    "--n-images",
    callback=_count_or_all,
    metavar="N|all",
    default="2",
    show_default=True,
    help="How many images.",
)
@click.option(
    "--index",
    type=click.IntRange(min=0),
    multiple=True,
    help="This image of the data set, instead of the first ones. Repeatable.",
)
@click.option("--shuffle", is_flag=True, help="Draw the images at random, not the first ones.")
@options.seed_option(0, "--shuffle")
@click.option(
    "--split",
    type=click.Choice(["test", "train"]),
    default="test",
    show_default=True,
    help="Which part of the data set.",
)
@options.dataset_option
@options.data_dir_option
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A picture file of any size, instead of the data set. Repeatable.",
)
@click.option(
    "--max-side",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Scale pictures down to this longest side.",
)
@click.option(
    "-T",
    "--T",
    "T",
    type=click.IntRange(min=1),
    default=None,
    show_default="the checkpoint's",
    help="Number of time steps.",
)
@click.option(
    "--at",
    type=click.IntRange(min=0),
    multiple=True,
    show_default="0 and T-1",
    help="0-based step up to which spikes are summed. Repeatable.",
)
@click.option(
    "--out-dir",
    type=click.Path(path_type=Path),
    default="figures",
    show_default=True,
    help="Folder for the figure sets.",
)
@click.option(
    "--format",
    type=click.Choice(["png", "svg", "pdf", "npz"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="File format. Repeatable.",
)
@click.option(
    "--normalize",
    type=click.Choice(["map", "shared", "none"]),
    default="map",
    show_default=True,
    help="Each map by itself; all on 0..T; or all on 0..t+1.",
)
@click.option("--cmap", default="gray", show_default=True, help="matplotlib colour map.")
@click.option("--labels", is_flag=True, help="Write channel numbers above the maps.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=None,
    show_default="8 for 128 maps",
    help="Rows of the grid.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    default=None,
    show_default="16 for 128 maps",
    help="Columns of the grid.",
)
@click.option(
    "--dpi",
    type=click.IntRange(1, 2400),
    default=200,
    show_default=True,
    help="Output pixels per inch.",
)
@options.device_option
@click.option("--overwrite", is_flag=True, help="Write into a folder that is not empty.")
@options.quiet_option
def command(
    ckpt: Path | None,
    device: str | None,
    out_dir: Path,
    overwrite: bool,
    quiet: bool,
    T: int | None,
    at: tuple[int, ...],
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    normalize: "Normalize",
    cmap: str,
    labels: bool,
    rows: int | None,
    columns: int | None,
    dpi: int,
    **choice: Any,
) -> None:
    """Draw what an encoder makes of images.

    For every image: the input, and for t = 0 and t = T-1 the spikes of all feature maps summed
    over the steps 0..t, in a grid. Without --ckpt it takes the encoder that comes with snnviz.
    """
    from snnviz.checkpoint import load_checkpoint
    from snnviz.device import choose_device
    from snnviz.encoder import bundled, load_encoder
    from snnviz.export import FigureSetOptions, write_figure_sets
    from snnviz.files import check_free

    check_free(out_dir, overwrite=overwrite)
    checkpoint = load_checkpoint(ckpt or bundled())
    encoder = load_encoder(checkpoint).to(choose_device(device))
    figure_options = FigureSetOptions(
        T=T or _steps(checkpoint, quiet),
        at=at,
        formats=format,
        normalize=normalize,
        cmap=cmap,
        labels=labels,
        rows=rows,
        columns=columns,
        dpi=dpi,
    )
    samples, images = _choose(**choice)
    manifest = write_figure_sets(
        encoder,
        samples,
        out_dir,
        figure_options,
        made_from={"checkpoint": _describe(checkpoint, ckpt), "images": images},
        overwrite=overwrite,
        progress=options.progress_bar(quiet),
    )
    if not quiet:
        click.echo(f"{len(samples)} figure sets in {out_dir}, listed in {manifest}")


def _steps(checkpoint: "Checkpoint", quiet: bool) -> int:
    """The number of time steps to record where the user names none."""
    if checkpoint.recorded_T is None and not quiet:
        click.echo(
            f"snnviz: {checkpoint.path} does not record T; taking T = {checkpoint.config.T}, "
            "choose another with -T",
            err=True,
        )
    return checkpoint.config.T


def _choose(
    *,
    n_images: int | None,
    index: tuple[int, ...],
    shuffle: bool,
    seed: int,
    split: "Split",
    dataset: str,
    data_dir: Path,
    image: tuple[Path, ...],
    max_side: int,
) -> tuple[list["Sample"], dict[str, Any]]:
    """The images to draw, and the manifest's entry about them."""
    from snnviz.data import choose_indices, load_dataset, load_pictures

    if image:
        if index or shuffle:
            raise click.UsageError("--image stands for itself; leave out --index and --shuffle")
        return load_pictures(image, max_side=max_side), {"dataset": None, "max_side": max_side}
    count = max(index) + 1 if index else n_images
    drawn = count if dataset == "garments" and not shuffle else None
    images = load_dataset(dataset, split, data_dir, count=drawn)
    chosen = choose_indices(len(images), n_images, indices=index, shuffle=shuffle, seed=seed)
    return list(images.samples(chosen)), {"dataset": images.name, "split": split}


def _describe(checkpoint: "Checkpoint", ckpt: Path | None) -> dict[str, Any]:
    """The manifest's entry about the checkpoint; its name without folders, for repeatable bytes."""
    return {
        "file": ckpt.name if ckpt else "bundled encoder",
        "sha256": checkpoint.sha256,
        "form": checkpoint.form,
        "epoch": checkpoint.epoch,
        "max_test_acc": checkpoint.max_test_acc,
    }
