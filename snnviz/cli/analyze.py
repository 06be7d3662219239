"""`snnviz analyze`: how good an encoder is, in numbers and pictures."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, options
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from snnviz.analysis import Analysis, Coder
    from snnviz.data import ImageSet, Split
    from snnviz.tutorial.layouts import Checkpoint
    from snnviz.tutorial.network import ConvSNN


@click.command("analyze", cls=Command)
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
    from snnviz.cli.networks import choose_steps, open_checkpoint
    from snnviz.data import load_dataset, load_picture_set
    from snnviz.device import choose_device
    from snnviz.folders import check_folder, claim
    from snnviz.ranks import is_first_rank, joined_ranks
    from snnviz.tutorial.coders import checkpoint_coders
    from snnviz.tutorial.encoder import bundled

    quiet = quiet or not is_first_rank()
    with joined_ranks() as ranks, ExitStack() as held:
        with ranks.agreed():
            check_folder(out_dir, ANALYSIS, overwrite=overwrite)
            device = choose_device(device)
            stated: dict[str, Any] = {"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau}
            checkpoints = [
                open_checkpoint(path, neuron=neuron, **stated, quiet=quiet)
                for path in (ckpt or bundled(), *compare)
            ]
            for checkpoint in checkpoints:
                if checkpoint.holds_other_network and not quiet:
                    note(f"no cost and importance: {checkpoint.path} {checkpoint.fault}")
            steps = choose_steps(checkpoints[0], T, quiet=quiet)
            if image:
                images = load_picture_set(image, max_side=max_side)
            else:
                images = load_dataset(
                    dataset, split, data_dir, count=n_images, channels=1, size=size
                )
            fitted_on = _fitting_set(images, dataset, split, data_dir, train_images, size)
            coders = checkpoint_coders(
                checkpoints, steps, fitted_on or images, seeds=range(untrained), device=device
            )
            if ranks.is_first:
                claimed = held.enter_context(claim(out_dir, ANALYSIS, overwrite=overwrite))
        analysis = analyze(
            coders,
            images,
            fitted_on,
            networks=_networks(checkpoints, coders, steps, device),
            network_images=network_images,
            snapshots=_snapshots(checkpoints[0], coders),
            ranks=ranks,
            progress=options.progress_bar(quiet),
        )
        with ranks.agreed():
            if ranks.is_first:
                looked_at: dict[str, object] = {"dataset": images.name, "split": split}
                looked_at |= options.stated_size(size)
                if image:
                    looked_at = {"dataset": None, "files": [str(path) for path in image]}
                about = _about(checkpoints, looked_at, steps)
                formats = format if figures else ()
                written = write_analysis(
                    analysis, images, out_dir, about=about, formats=formats, claimed=claimed
                )
    if is_first_rank():
        _report(analysis, written, quiet=quiet)


def _fitting_set(
    images: "ImageSet",
    dataset: str,
    split: "Split",
    data_dir: Path,
    count: int,
    size: tuple[int, int] | None,
) -> "ImageSet | None":
    """Grey images of the other part of the data set; None where they are not as large as `images`.

    None also of a set without parts: what is fitted on the images themselves says nothing.
    """
    from snnviz.data import KNOWN_SIZES, has_parts, load_dataset

    known = size or KNOWN_SIZES.get(dataset, images.size)
    if known != images.size or not has_parts(dataset):
        return None
    other: Split = "train" if split == "test" else "test"
    found = load_dataset(dataset, other, data_dir, count=count, channels=1, size=size)
    return found if found.size == images.size else None


def _networks(
    checkpoints: "list[Checkpoint]", coders: "list[Coder]", T: int, device: str
) -> "dict[str, ConvSNN]":
    """The networks of those that hold one, by the names of their encoders."""
    from snnviz.cli.networks import build_timed

    return {
        coder.name: build_timed(checkpoint, T, device)
        for checkpoint, coder in zip(checkpoints, coders, strict=False)
        if checkpoint.holds_network
    }


def _snapshots(
    checkpoint: "Checkpoint", coders: "list[Coder]"
) -> "dict[int, NDArray[np.float32]] | None":
    """The kernels up to the checkpoint's epoch, where the run that it lies in keeps them.

    Otherwise the first and the last of them, where the first follow from a seed.
    """
    from snnviz.tutorial.runs import encoder_snapshots

    found = encoder_snapshots(checkpoint.path.parent) or {}
    last = checkpoint.epoch
    kept = {epoch: kernels for epoch, kernels in found.items() if last is None or epoch <= last}
    start = next((coder.encoder for coder in coders if coder.kind == "start"), None)
    if not kept and start is not None and coders[0].encoder is not None and last is not None:
        kept = {-1: start.kernels, last: coders[0].encoder.kernels}
    return kept or None


def _about(checkpoints: "list[Checkpoint]", images: dict[str, object], T: int) -> dict[str, object]:
    """What analysis.json says of where its numbers come from."""
    from snnviz.cli.networks import describe
    from snnviz.tutorial.encoder import bundled

    described = [
        describe(checkpoint, "bundled encoder" if path == bundled() else path.name)
        for checkpoint in checkpoints
        for path in [checkpoint.path]
    ]
    return {
        "checkpoint": described[0],
        "compared": described[1:],
        "images": images,
        "T": T,
    }


def _report(analysis: "Analysis", written: list[Path], *, quiet: bool) -> None:
    if quiet:
        return
    from snnviz.analysis import scorecard_text

    for sentence in analysis.left_out:
        note(sentence)
    say(scorecard_text(analysis))
    for path in written:
        say(f"wrote {path}")
