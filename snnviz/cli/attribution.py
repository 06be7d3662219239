"""`snnviz attribution`: where in images a network looks, and whether that explains its answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.measured import STDOUT, check_output, drawn, held_output, write_json
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from snnviz.data import Split
    from snnviz.folders import Layout

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
    ckpt: Path | None,
    model: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    split: "Split",
    dataset: str,
    size: tuple[int, int] | None,
    data_dir: Path,
    n_images: int | None,
    shown: int,
    method: tuple[str, ...],
    layer: str | None,
    substitute: str,
    T: int | None,
    neuron: str | None,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    seed: int,
    device: str | None,
    json: Path | None,
    figures: Path | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    overwrite: bool,
    quiet: bool,
) -> None:
    """Show where in images a network looks, and what explains answers.

    Maps of a layer's spikes (spike activation maps, first spikes) and of gradients through the
    surrogates; each judged by what becomes of the answer as its pixels are deleted and inserted,
    beside a random order, the picture itself and the network without training. A file that holds an
    encoder alone has no answers; the maps of its spikes are compared.
    """
    from snnviz.cli import attributed, worsened
    from snnviz.data import load_dataset
    from snnviz.device import choose_device
    from snnviz.scoring.attribution import attribution
    from snnviz.scoring.explaining import CAVEAT, GRADIENT_METHODS

    stated: dict[str, Any] = {"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau}
    network_options.check_model_options(model, mean, std, neuron=neuron, **stated)
    check_output(json, figures, _layout(), overwrite=overwrite)
    device = choose_device(device)
    if model is None:
        stated["neuron"] = neuron
        subject = worsened.of_checkpoint(ckpt, T, device, stated, quiet=quiet)
    else:
        subject = worsened.of_model(model, ckpt, T, device, (mean, std), quiet=quiet)
    images = load_dataset(
        dataset, split, data_dir, count=n_images, channels=subject.channels, size=size
    )
    images = images if n_images else images.head(min(_IMAGES, len(images)))
    start = subject.start(images, seed, device)
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
        gradients = {each.method for each in found.outcomes} & set(GRADIENT_METHODS)
        about = {
            **subject.about,
            "images_from": {"dataset": images.name, "split": split, **options.stated_size(size)},
            "seed": seed,
            **found.as_dict(),
        }
        if gradients:
            about["gradients"] = CAVEAT
        # First the files: whoever reads stdout may not read to its end.
        with drawn(lambda: attributed.figures(found, images), folder, format) as paths:
            written = [*write_json({"version": _LAYOUT, **about}, json), *paths]
    if quiet:
        return
    for sentence in found.notes:
        note(sentence)
    if gradients:
        note(CAVEAT)
    if json != STDOUT:
        say(
            f"{subject.name}{f', layer {found.layer}' * bool(found.layer)}, T = {found.T}, on "
            f"{images.name} ({split}), {len(images)} images"
        )
        say("\n".join(attributed.lines(found)))
        for path in written:
            say(f"wrote {path}")


def _layout() -> "Layout":
    from snnviz.cli.attributed import FIGURES
    from snnviz.export import figures_layout

    return figures_layout(
        "a look at attribution", "attribution", FIGURES, FIGURES[:1], argument="figures"
    )
