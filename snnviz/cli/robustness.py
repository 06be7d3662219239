"""`snnviz robustness`: what becomes of answers and first spikes as images and spikes get worse."""

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
    ckpt: Path | None,
    model: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    split: "Split",
    dataset: str,
    size: tuple[int, int] | None,
    data_dir: Path,
    n_images: int | None,
    attack_images: int,
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
    """Measure a network on images and spikes that were made worse.

    Accuracy, first spikes and reconstruction under noise, blur, contrast, shift and occlusion;
    accuracy over other numbers of steps, with spikes deleted, jittered and reversed in time, and
    under attack (FGSM, PGD). Each beside the same images as they are. A file that holds an encoder
    alone has no answers; its first spikes and reconstruction are measured.
    """
    from snnviz.cli import worsened
    from snnviz.data import load_dataset
    from snnviz.device import choose_device
    from snnviz.scoring.attacks import CAVEAT
    from snnviz.scoring.robustness import robustness

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
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        found = robustness(
            subject.net,
            images,
            **subject.options,
            start=subject.start(images, seed, device),
            attacked=attack_images,
            seed=seed,
            progress=options.progress_bar(quiet),
        )
        about = {
            **subject.about,
            "images_from": {"dataset": images.name, "split": split, **options.stated_size(size)},
            "seed": seed,
            **found.as_dict(),
        }
        if found.of("pgd"):
            about["attacks"] = CAVEAT
        # First the files: whoever reads stdout may not read to its end.
        with drawn(lambda: worsened.figures(found), folder, format) as paths:
            written = [*write_json({"version": _LAYOUT, **about}, json), *paths]
    if quiet:
        return
    for sentence in found.notes:
        note(sentence)
    if found.of("pgd"):
        note(CAVEAT)
    if json != STDOUT:
        say(f"{subject.name}, T = {found.T}, on {images.name} ({split}), {len(images)} images")
        say("\n".join(worsened.lines(found)))
        for path in written:
            say(f"wrote {path}")


def _layout() -> "Layout":
    from snnviz.cli.worsened import FIGURES
    from snnviz.export import figures_layout

    return figures_layout(
        "a test of robustness", "robustness", FIGURES, FIGURES[:1], argument="figures"
    )
