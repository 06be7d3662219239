"""`snnviz analyze`: how good an encoder is, in numbers and pictures."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from snnviz.cli import Command, options
from snnviz.cli.output import note, say
from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from snnviz.analysis import Analysis
    from snnviz.cli.analyzed import Subject
    from snnviz.data import ImageSet, Split


@click.command("analyze", cls=Command)
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the bundled encoder",
    help="Checkpoint of snnviz or SpikingJelly; with --model the state dict of that.",
)
@options.model_option
@click.option(
    "--layer",
    default=None,
    metavar="NAME",
    show_default="the first",
    help="The layer of spiking neurons of --model, as visualize --list-layers names it.",
)
@options.mean_option
@options.std_option
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
@options.size_option
@options.data_dir_option
@options.image_option
@options.steps_option
@options.neuron_kind_option
@options.neuron_options
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
    model: str | None,
    layer: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    compare: tuple[Path, ...],
    n_images: int | None,
    train_images: int,
    network_images: int,
    untrained: int,
    split: "Split",
    dataset: str,
    size: tuple[int, int] | None,
    data_dir: Path,
    image: tuple[Path, ...],
    max_side: int,
    T: int | None,
    neuron: str | None,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    out_dir: Path,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    figures: bool,
    device: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Say how good an encoder is, beside untrained ones and plain codes of the pixels.

    Writes analysis.json, analysis.npz, channels.csv (a row a channel), scorecard.md, figures and
    spikes.gif, and prints the scorecard. Pictures (--image) are scored as they are, in place of
    --n-images of the data set; the reconstruction is fitted on the data set where they are of its
    size. Under torchrun, ranks share the images.
    """
    from snnviz.analysis import ANALYSIS, analyze, write_analysis
    from snnviz.cli.analyzed import open_checkpoints
    from snnviz.cli.analyzed_models import open_models
    from snnviz.data import load_picture_set
    from snnviz.device import choose_device
    from snnviz.folders import check_folder, hold_folder
    from snnviz.ranks import is_first_rank, joined_ranks

    quiet = quiet or not is_first_rank()
    stated: dict[str, Any] = {"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau}
    with joined_ranks() as ranks, ExitStack() as held:
        with ranks.agreed():
            check_folder(out_dir, ANALYSIS, overwrite=overwrite)
            options.check_model_options(model, mean, std, neuron=neuron, **stated)
            if layer is not None and model is None:
                raise click.UsageError("--layer names a layer of --model; give that, too")
            device = choose_device(device)
            paths = (ckpt, *compare)
            subject: Subject
            if model is None:
                subject = open_checkpoints(paths, T, neuron, stated, device, quiet=quiet)
            else:
                subject = open_models(model, paths, T, layer, (mean, std), device, quiet=quiet)
            channels = subject.channels
            if image:
                images = load_picture_set(image, max_side=max_side).with_channels(channels)
            else:
                images = _load(
                    "n_images", dataset, split, data_dir, n_images, size=size, channels=channels
                )
            fitted_on = _fitting_set(images, dataset, split, data_dir, train_images, size, channels)
            encodings = subject.encodings(fitted_on or images, range(untrained))
            if ranks.is_first:
                output = held.enter_context(hold_folder(out_dir, ANALYSIS, overwrite=overwrite))
        analysis = analyze(
            encodings,
            images,
            fitted_on,
            networks=subject.networks(encodings),
            network_images=network_images,
            snapshots=subject.snapshots(encodings),
            ranks=ranks,
            progress=options.progress_bar(quiet),
            left_out=subject.left_out,
        )
        with ranks.agreed():
            if ranks.is_first:
                looked_at: dict[str, object] = {"dataset": images.name, "split": split}
                looked_at |= options.stated_size(size)
                if image:
                    looked_at = {"dataset": None, "files": [str(path) for path in image]}
                about = {**subject.about, "images": looked_at, "T": encodings[0].T}
                formats = format if figures else ()
                written = write_analysis(
                    analysis, out_dir, about=about, formats=formats, output=output
                )
    if is_first_rank():
        _report(analysis, written, quiet=quiet)


def _load(
    option: str,
    dataset: str,
    split: "Split",
    data_dir: Path,
    count: int | None,
    *,
    size: tuple[int, int] | None,
    channels: int,
) -> "ImageSet":
    """So many images of a data set; all of one that has fewer, where that option was not given."""
    from snnviz.data import load_dataset

    load = partial(load_dataset, dataset, split, data_dir, channels=channels, size=size)
    try:
        return load(count=count)
    except ConfigError:
        ctx = click.get_current_context()
        if ctx.get_parameter_source(option) is not ParameterSource.DEFAULT:
            raise
        return load()


def _fitting_set(
    images: "ImageSet",
    dataset: str,
    split: "Split",
    data_dir: Path,
    count: int,
    size: tuple[int, int] | None,
    channels: int,
) -> "ImageSet | None":
    """Images of the other part of the data set; None where they are not as large as `images`.

    None also of a set without parts: what is fitted on the images themselves says nothing.
    """
    from snnviz.data import KNOWN_SIZES, has_parts

    known = size or KNOWN_SIZES.get(dataset, images.size)
    if known != images.size or not has_parts(dataset):
        return None
    other: Split = "train" if split == "test" else "test"
    found = _load("train_images", dataset, other, data_dir, count, size=size, channels=channels)
    return found if found.size == images.size else None


def _report(analysis: "Analysis", written: list[Path], *, quiet: bool) -> None:
    if quiet:
        return
    from snnviz.analysis import scorecard_text

    for sentence in analysis.left_out:
        note(sentence)
    say(scorecard_text(analysis))
    for path in written:
        say(f"wrote {path}")
