"""`snnviz energy`: what a network's layers do for an image, and the energy by published models."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.asked import Asked
from snnviz.cli.measured import STDOUT, say_measured, write_json, write_text
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from snnviz.adapters.operations import OperationCounter
    from snnviz.data import ImageSet
    from snnviz.scoring.energy import EnergyReport

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
_IMAGES = 256


@click.command("energy", cls=Command)
@network_options.ckpt_option
@network_options.images_of_network_options
@click.option(
    "--n-images",
    callback=lambda ctx, param, value: value and (options.count_or_all(ctx, param, value) or "all"),
    metavar="N|all",
    default=None,
    show_default=f"{_IMAGES}, or all where there are fewer",
    help="Count on the first N images only.",
)
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@options.device_option
@click.option(
    "--json",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Write all numbers and constants as JSON; '-' prints them instead of the table.",
)
@click.option(
    "--methods",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Write the paragraph for a paper (LaTeX), with its citations (BibTeX); '-' prints it "
    "instead of the table.",
)
@click.option("--overwrite", is_flag=True, help="Replace the files.")
@options.quiet_option
def command(
    n_images: int | str | None,
    json: Path | None,
    methods: Path | None,
    overwrite: bool,
    quiet: bool,
    **network: Any,
) -> None:
    """Count what a network does for an image, and estimate the energy of that.

    Prints, layer by layer, products, synaptic operations, accesses to memory and firing rates, and
    the energy of an image by several published models side by side, with spikes and without. Images
    need no labels. Of an encoder alone, such as the bundled one, the layer behind it is counted,
    too.
    """
    from snnviz.cli.energy_text import energy_lines
    from snnviz.device import choose_device
    from snnviz.scoring.energy import counted
    from snnviz.scoring.methods import methods as paragraph

    asked = Asked(**network, quiet=quiet)
    asked.check()
    _check_output(json, methods, overwrite=overwrite)
    device = choose_device(asked.device)
    subject = _of_checkpoint(asked, device) if asked.model is None else _of_model(asked, device)
    images = _images(asked, n_images, subject.channels)
    with _held((json, "json"), (methods, "methods"), overwrite=overwrite):
        report = counted(subject.counter, images, progress=options.progress_bar(quiet))
        named = f"{images.name} ({asked.split})"
        text = paragraph(report, network=subject.name, images=named, encoder=subject.is_encoder)
        # First the files: whoever reads stdout may not read to its end.
        written = [
            *write_json(_values(report, subject, asked.about(images)), json),
            *write_text(text, methods),
        ]
    if quiet:
        return
    _say_assumptions(report, subject)
    if STDOUT not in (json, methods):
        say(f"{subject.name}, T = {report.T}, on {report.images} images of {named}")
        say_measured(energy_lines(report), written)


class _Subject(NamedTuple):
    """What is counted.

    Attributes:
        name: What it goes by.
        channels: Those of the images that it takes.
        about: Entries for the JSON.
        counter: Counts its operations.
        is_encoder: Whether it is an encoder with the layer behind it, and no whole network.
    """

    name: str
    channels: int
    about: dict[str, Any]
    counter: "OperationCounter"
    is_encoder: bool = False


def _images(asked: Asked, count: int | str | None, channels: int) -> "ImageSet":
    """The images to count on: as many as were asked for, or some."""
    from snnviz.errors import ConfigError

    if count is not None:
        return asked.images(channels, None if isinstance(count, str) else count)
    try:
        return asked.images(channels, _IMAGES)
    except ConfigError:  # there are fewer, or there is no such set, which is said now
        return asked.images(channels)


def _of_checkpoint(asked: Asked, device: str) -> _Subject:
    """The tutorial's network in a checkpoint, or its encoder with the layer behind it."""
    from dataclasses import replace

    from snnviz.adapters.operations import OperationCounter
    from snnviz.cli.networks import build_timed, open_timed
    from snnviz.tutorial.beginning import build_beginning

    checkpoint, steps, name, about = open_timed(
        asked.ckpt, asked.T, bundled_as="bundled", **asked.stated, quiet=asked.quiet
    )
    is_encoder = checkpoint.fault is not None
    if is_encoder:
        timed = replace(checkpoint, config=replace(checkpoint.config, T=steps))
        net: Any = build_beginning(timed).to(device)
    else:
        net = build_timed(checkpoint, steps, device)
    channels = checkpoint.config.in_channels
    return _Subject(name, channels, about, OperationCounter(net.eval(), steps), is_encoder)


def _of_model(asked: Asked, device: str) -> _Subject:
    """The network that `--model` names."""
    from snnviz.adapters.operations import OperationCounter

    model = asked.open_model(device)
    counter = OperationCounter(
        model.net, asked.T, mean=asked.mean, std=asked.std, probes=model.probes
    )
    return _Subject(model.spec, model.encoder().in_channels, {"model": model.about}, counter)


def _check_output(json: Path | None, methods: Path | None, *, overwrite: bool) -> None:
    """Raise before anything is computed where the output may not be written."""
    from snnviz.files import check_absent

    if json is not None and json == methods:
        raise click.UsageError(
            f"--json and --methods both write to {json}; choose another file for one of them"
        )
    for path, argument in ((json, "json"), (methods, "methods")):
        if path is not None and path != STDOUT:
            check_absent(path, overwrite=overwrite, argument=argument)


@contextmanager
def _held(*files: tuple[Path | None, str], overwrite: bool) -> Iterator[None]:
    """In here the files are held, so that no other run writes them."""
    from snnviz.folders import hold_file

    with ExitStack() as held:
        for path, argument in files:
            if path is not None and path != STDOUT:
                held.enter_context(hold_file(path, overwrite=overwrite, argument=argument))
        yield


def _values(report: "EnergyReport", subject: _Subject, images: dict[str, Any]) -> dict[str, Any]:
    """What goes into the JSON."""
    return {
        "version": _LAYOUT,
        **subject.about,
        "encoder_alone": subject.is_encoder,
        **report.as_dict(),
        "images": {**images, "count": report.images},
    }


def _say_assumptions(report: "EnergyReport", subject: _Subject) -> None:
    """What is to be known of the counts, on stderr."""
    if subject.is_encoder:
        note(
            f"{subject.name} holds an encoder alone: what is counted is that and the convolution "
            "behind it, as in the tutorial's network"
        )
    if report.random:
        note("the network draws random numbers: the counts are those of one run, with seed 0")
    if several := [layer.name for layer in report.layers if layer.sees == "counts"]:
        note(
            f"whole numbers above 1 enter {', '.join(several)}: each is taken as so many spikes, "
            "of which each is an operation"
        )
    if report.elsewhere:
        note(
            f"{report.elsewhere:,.0f} products an image are made outside convolutions and linear "
            "layers, as in attention: they are in none of the numbers"
        )
