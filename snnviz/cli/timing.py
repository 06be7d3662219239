"""`snnviz timing`: when in a run a network is right and sure, and when its weights matter."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.asked import Asked
from snnviz.cli.measured import STDOUT, check_output, held_output, say_measured, write_measured
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.cli.looked_at import Subject
    from snnviz.data import ImageSet
    from snnviz.folders import Layout
    from snnviz.scoring.alignment import LayerAlignment
    from snnviz.scoring.progress import Progress
    from snnviz.scoring.timing import Timing

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
# Where nobody says how many.
_IMAGES = 500
# By their files' names.
_FIGURES = ("early_exit", "fisher", "cka_steps", "cka_steps_untrained", "cka_layers")


@click.command("timing", cls=Command)
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the bundled encoder",
    help="Checkpoint of snnviz or SpikingJelly; with --model the state dict of that. An encoder "
    "alone gives no answers: CKA between its steps is left.",
)
@network_options.images_of_network_options
@click.option(
    "--n-images",
    type=click.IntRange(min=2),
    default=None,
    show_default=f"{_IMAGES}, or all where there are fewer",
    help="The first N images only; half of them serve to fit the confidence.",
)
@click.option(
    "--fisher-images",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Of how many of them Fisher information is taken; 0: none.",
)
@click.option(
    "--cka-images",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="On how many of them steps and layers are compared by CKA; 0: none.",
)
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@options.seed_option(0, "the weights without training")
@options.device_option
@options.measured_options("accuracy by mean number of steps, Fisher information, CKA")
@options.quiet_option
def command(
    n_images: int | None,
    fisher_images: int,
    cka_images: int,
    seed: int,
    json: Path | None,
    figures: Path | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    overwrite: bool,
    quiet: bool,
    **network: Any,
) -> None:
    """Say when in a run a network's answers are there.

    Accuracy after each step; mean number of steps and accuracy where it answers as soon as it is
    sure; Fisher information of its weights at each step, and the centroid of that; CKA between the
    steps of each layer, and between the layers.
    """
    from snnviz.adapters.encoder import Encoder
    from snnviz.cli.looked_at import find_subject

    asked = Asked(**network, quiet=quiet)
    asked.check()
    check_output(json, figures, _layout(), overwrite=overwrite)
    subject = find_subject(asked)
    if isinstance(subject.net, Encoder) and not cka_images:
        raise click.UsageError(
            f"{subject.name} is an encoder, which gives no answers, and no CKA is asked for; "
            "name a network, or leave --cka-images 0 out"
        )
    images = asked.images_or(_IMAGES, subject.channels, n_images)
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        found, aligned, notes = _measured(
            subject, images, seed, (fisher_images, cka_images), options.progress_bar(quiet)
        )
        values = {
            "version": _LAYOUT,
            **subject.about,
            "images_from": asked.about(images),
            "seed": seed,
            **(found.as_dict() if found is not None else {"T": aligned and aligned.T}),
            "alignment": aligned and aligned.as_dict(),
            "notes": notes,
        }
        written = write_measured(values, json, lambda: _figures(found, aligned), folder, format)
    if quiet:
        return
    for sentence in notes:
        note(sentence)
    if json != STDOUT:
        say(f"{subject.name}, T = {values['T']}, on {images.name} ({asked.split})")
        say_measured(_lines(found, aligned), written)


def _measured(
    subject: "Subject",
    images: "ImageSet",
    seed: int,
    counts: tuple[int, int],
    progress: "Progress | None",
) -> "tuple[Timing | None, LayerAlignment | None, list[str]]":
    """When answers are there, CKA, and what was left out.

    Args:
        subject: What is looked at.
        images: All images.
        seed: Of the network without training.
        counts: Images for Fisher information and for CKA.
        progress: Told of images.
    """
    from torch import nn

    from snnviz.errors import ConfigError, DataError
    from snnviz.scoring.alignment import layer_alignment
    from snnviz.scoring.timing import timing

    fisher, cka = counts
    found, aligned = None, None
    start = subject.start(images, seed) if any(counts) else None
    told: dict[str, Any] = {k: v for k, v in subject.options.items() if k != "encoder"}
    if not isinstance(subject.net, nn.Module):
        notes = ["an encoder gives no answers: what is said of them is left out"]
    elif images.labels is None and cka:
        left_out = "accuracy, early answers and Fisher information are left out"
        notes = [f"{images.name} has no labels: {left_out}"]
    else:
        found = timing(
            subject.net, images, **told, fisher=fisher, progress=progress,
            start=start if isinstance(start, nn.Module) and fisher else None,
        )  # fmt: skip
        notes = [*found.notes]
    if cka:
        try:
            aligned = layer_alignment(
                subject.net, images.head(min(cka, len(images))), **told, start=start,
                progress=progress,
            )  # fmt: skip
            notes += aligned.notes
        except (ConfigError, DataError) as error:
            if found is None:
                raise
            notes.append(f"CKA is left out: {error}")
    return found, aligned, notes


def _lines(found: "Timing | None", aligned: "LayerAlignment | None") -> list[str]:
    """The tables for people."""
    from snnviz.cli import timed

    lines = [] if found is None else list(timed.lines(found))
    if aligned is not None:
        lines += [*[""] * bool(lines), *timed.alignment_lines(aligned)]
    return lines


def _figures(found: "Timing | None", aligned: "LayerAlignment | None") -> "dict[str, Figure]":
    from snnviz.cli import timed

    drawn = {} if found is None else timed.figures(found)
    return drawn if aligned is None else {**drawn, **timed.alignment_figures(aligned)}


def _layout() -> "Layout":
    from snnviz.export import figures_layout

    return figures_layout("a look at timing", "timing", _FIGURES, _FIGURES[:1], argument="figures")
