"""`snnviz attribution`: where in images a network looks, and whether that explains its answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.asked import Asked
from snnviz.cli.measured import STDOUT, check_output, held_output, say_measured, write_measured
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from snnviz.folders import Layout
    from snnviz.scoring.explained import Attribution

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
# Where nobody says how many.
_IMAGES, _SHOWN = 50, 6
# As `snnviz.scoring.explaining` and `snnviz.metrics` have them, which load torch or SciPy.
_METHODS = ("sam", "first-spike", "saliency", "integrated-gradients")
_SUBSTITUTES = ("black", "mean", "blur")


@click.command("attribution", cls=Command)
@network_options.ckpt_option
@network_options.images_of_network_options
@click.option(
    "--n-images",
    type=click.IntRange(min=1),
    default=None,
    show_default=f"{_IMAGES}, or all where there are fewer",
    help="Look at the first N images only.",
)
@click.option(
    "--shown",
    type=click.IntRange(min=0, max=100),
    default=_SHOWN,
    show_default=True,
    help="Of how many of them the maps are drawn and written; 0: none.",
)
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    multiple=True,
    show_default="all that can be had",
    help="A way to the maps: spike activation maps, first spikes, or gradients by Captum (pip "
    "install 'snnviz[attribution]'). Repeatable.",
)
@click.option(
    "--layer",
    default=None,
    metavar="NAME",
    show_default="the first",
    help="Whose spikes are looked at, as visualize --list-layers names it.",
)
@click.option(
    "--substitute",
    type=click.Choice(_SUBSTITUTES),
    default="black",
    show_default=True,
    help="What pixels become where they are deleted.",
)
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@options.seed_option(0, "random orders and of the weights without training")
@options.device_option
@options.measured_options("maps of the first images, confidence as pixels are deleted")
@options.quiet_option
def command(
    n_images: int | None,
    shown: int,
    method: tuple[str, ...],
    layer: str | None,
    substitute: str,
    seed: int,
    json: Path | None,
    figures: Path | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    overwrite: bool,
    quiet: bool,
    **network: Any,
) -> None:
    """Show where in images a network looks, and what explains answers.

    Maps of a layer's spikes (spike activation maps, first spikes) and of gradients through the
    surrogates; each judged by what becomes of the answer as its pixels are deleted and inserted,
    beside a random order, the picture itself and the network without training. A file that holds an
    encoder alone has no answers; the maps of its spikes are compared.
    """
    from snnviz.cli import attributed
    from snnviz.cli.looked_at import find_subject
    from snnviz.scoring.attribution import attribution

    asked = Asked(**network, quiet=quiet)
    asked.check()
    check_output(json, figures, _layout(), overwrite=overwrite)
    subject = find_subject(asked)
    images = asked.images_or(_IMAGES, subject.channels, n_images)
    start = subject.start(images, seed)
    subject = subject._replace(checkpoint=None)  # as large as the network
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        found = attribution(
            subject.net,
            images,
            **subject.options,
            layer=layer,
            start=start,
            methods=method or None,
            substitute=substitute,
            shown=shown,
            seed=seed,
            progress=options.progress_bar(quiet),
        )
        caveat = _caveat(found)
        values = {
            "version": _LAYOUT,
            **subject.about,
            "images_from": asked.about(images),
            "seed": seed,
            **found.as_dict(),
            **caveat,
        }
        written = write_measured(
            values, json, lambda: attributed.figures(found, images), folder, format
        )
    if quiet:
        return
    for sentence in (*found.notes, *caveat.values()):
        note(sentence)
    if json != STDOUT:
        layer_name = f", layer {found.layer}" if found.layer else ""
        where = f"{images.name} ({asked.split}), {len(images)} images"
        say(f"{subject.name}{layer_name}, T = {found.T}, on {where}")
        say_measured(attributed.lines(found), written)


def _caveat(found: "Attribution") -> dict[str, str]:
    """What is to be known of gradients, where there are some."""
    from snnviz.scoring.explaining import CAVEAT, GRADIENT_METHODS

    has_gradients = any(each.method in GRADIENT_METHODS for each in found.outcomes)
    return {"gradients": CAVEAT} if has_gradients else {}


def _layout() -> "Layout":
    from snnviz.cli.attributed import FIGURES
    from snnviz.export import figures_layout

    return figures_layout(
        "a look at attribution", "attribution", FIGURES, FIGURES[:1], argument="figures"
    )
