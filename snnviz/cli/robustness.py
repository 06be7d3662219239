"""`snnviz robustness`: what becomes of answers and first spikes as images and spikes get worse."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.asked import Asked
from snnviz.cli.measured import STDOUT, check_output, held_output, say_measured, write_measured
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from snnviz.folders import Layout

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
# Where nobody says how many.
_IMAGES = 500


@click.command("robustness", cls=Command)
@network_options.ckpt_option
@network_options.images_of_network_options
@click.option(
    "--n-images",
    type=click.IntRange(min=1),
    default=None,
    show_default=f"{_IMAGES}, or all where there are fewer",
    help="Measure on the first N images only.",
)
@click.option(
    "--attack-images",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="How many of them are attacked; 0: none.",
)
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@options.seed_option(0, "noise, shifts, occlusions, edited spikes and attacks")
@options.device_option
@options.measured_options("corrupted images, edited spikes, attacks")
@options.quiet_option
def command(
    n_images: int | None,
    attack_images: int,
    seed: int,
    json: Path | None,
    figures: Path | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    overwrite: bool,
    quiet: bool,
    **network: Any,
) -> None:
    """Measure a network on images and spikes that were made worse.

    Accuracy, first spikes and reconstruction under noise, blur, contrast, shift and occlusion;
    accuracy over other numbers of steps, with spikes deleted, jittered and reversed in time, and
    under attack (FGSM, PGD). Each beside the same images as they are. A file that holds an encoder
    alone has no answers; its first spikes and reconstruction are measured.
    """
    from snnviz.cli import worsened
    from snnviz.cli.looked_at import find_subject
    from snnviz.scoring.attacks import CAVEAT
    from snnviz.scoring.robustness import robustness

    asked = Asked(**network, quiet=quiet)
    asked.check()
    check_output(json, figures, _layout(), overwrite=overwrite)
    subject = find_subject(asked)
    images = asked.images_or(_IMAGES, subject.channels, n_images)
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        found = robustness(
            subject.net,
            images,
            **subject.options,
            start=subject.start(images, seed),
            attacked=attack_images,
            seed=seed,
            progress=options.progress_bar(quiet),
        )
        caveat = {"attacks": CAVEAT} if found.of("pgd") else {}
        values = {
            "version": _LAYOUT,
            **subject.about,
            "images_from": asked.about(images),
            "seed": seed,
            **found.as_dict(),
            **caveat,
        }
        written = write_measured(values, json, lambda: worsened.figures(found), folder, format)
    if quiet:
        return
    for sentence in (*found.notes, *caveat.values()):
        note(sentence)
    if json != STDOUT:
        where = f"{images.name} ({asked.split}), {len(images)} images"
        say(f"{subject.name}, T = {found.T}, on {where}")
        say_measured(worsened.lines(found), written)


def _layout() -> "Layout":
    from snnviz.cli.worsened import FIGURES
    from snnviz.export import figures_layout

    return figures_layout(
        "a test of robustness", "robustness", FIGURES, FIGURES[:1], argument="figures"
    )
