"""`snnviz evaluate`: from a checkpoint and labelled images to numbers and figures."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.asked import Asked
from snnviz.cli.measured import STDOUT, check_output, held_output, say_measured, write_measured
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.data import ImageSet
    from snnviz.folders import Layout
    from snnviz.scoring.progress import Progress
    from snnviz.scoring.report import EvaluationReport

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
# By their files' names.
_FIGURES = ("confusion", "accuracy_at", "firing_rate")


@click.command("evaluate", cls=Command)
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    help="Checkpoint of snnviz or SpikingJelly that holds a whole network; with --model the state "
    "dict of that.",
)
@network_options.images_of_network_options
@click.option(
    "--n-images",
    type=click.IntRange(min=1),
    default=None,
    show_default="all",
    help="Measure on the first N images only.",
)
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@options.batch_size_option
@options.device_option
@options.measured_options(
    "confusion matrix, accuracy after each step, firing rates", instead_of="table"
)
@options.quiet_option
def command(
    n_images: int | None,
    batch_size: int,
    json: Path | None,
    figures: Path | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    overwrite: bool,
    quiet: bool,
    **network: Any,
) -> None:
    """Measure a trained network on labelled images.

    Prints accuracy, by class and after each step, the confusion matrix, the loss, the firing rate
    of each spiking layer, synaptic operations and an estimate of the energy that they take.
    """
    from snnviz.device import choose_device

    asked = Asked(**network, quiet=quiet)
    asked.check()
    if asked.ckpt is None and asked.model is None:
        raise click.UsageError(
            "no --ckpt: the bundled encoder is no whole network; name a checkpoint, for example "
            "one that snnviz train wrote"
        )
    check_output(json, figures, _layout(), overwrite=overwrite)
    device = choose_device(asked.device)
    subject = _of_checkpoint(asked, device) if asked.model is None else _of_model(asked, device)
    images = asked.images(subject.channels, n_images)
    progress = options.progress_bar(quiet)
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        report = subject.report(images, batch_size, progress)
        if report.silent == report.total:
            note(
                f"no output neuron of {subject.name} fires in T = {subject.steps()} steps for any "
                f"of the {report.total} images: the accuracy is that of class 0, a tie"
            )
        values = {
            "version": _LAYOUT,
            **subject.about,
            "images": asked.about(images),
            "T": subject.steps(),
            **report.as_dict(),
        }
        written = write_measured(values, json, lambda: _figures(report), folder, format)
    if not quiet and json != STDOUT:
        say(f"{subject.name}, T = {subject.steps()}, on {images.name} ({asked.split})")
        say_measured(_lines(report), written)


class _Subject(NamedTuple):
    """What is measured.

    Attributes:
        name: What it goes by.
        channels: Those of the images that it takes.
        about: Entries for the JSON.
        report: The report on images, from batch size and progress.
        steps: Number of time steps, once it is measured.
    """

    name: str
    channels: int
    about: dict[str, Any]
    report: "Callable[[ImageSet, int, Progress], EvaluationReport]"
    steps: Callable[[], int]


def _of_checkpoint(asked: Asked, device: str) -> _Subject:
    """The network of the tutorial's in a checkpoint."""
    from snnviz.cli.networks import build_timed, open_timed
    from snnviz.scoring.report import evaluation_report

    checkpoint, steps, name, about = open_timed(
        asked.ckpt, asked.T, **asked.stated, quiet=asked.quiet
    )
    net = build_timed(checkpoint, steps, device)

    def measured(images: "ImageSet", batch_size: int, progress: "Progress") -> "EvaluationReport":
        return evaluation_report(net, images, batch_size=batch_size, progress=progress)

    return _Subject(name, net.config.in_channels, about, measured, lambda: steps)


def _of_model(asked: Asked, device: str) -> _Subject:
    """The network that `--model` names."""
    from snnviz.scoring.networks import network_report

    model = asked.open_model(device)
    answerer = model.answerer()

    def measured(images: "ImageSet", _: int, progress: "Progress") -> "EvaluationReport":
        return network_report(answerer, images, progress=progress)

    if not asked.quiet:
        note(
            "classes are read from the mean output over time; loss is left out, and energy is what "
            "`snnviz energy` counts"
        )
    channels = model.encoder().in_channels
    return _Subject(model.spec, channels, {"model": model.about}, measured, lambda: answerer.T or 0)


def _layout() -> "Layout":
    from snnviz.export import figures_layout

    return figures_layout("an evaluation", "evaluation", _FIGURES, _FIGURES, argument="figures")


def _figures(report: "EvaluationReport") -> "dict[str, Figure]":
    """The figures by their files' names."""
    from snnviz.figures import accuracy_over_time_figure, confusion_figure, firing_rate_figure

    figures = (
        confusion_figure(report.confusion, classes=report.classes),
        accuracy_over_time_figure(report.accuracy_at),
        firing_rate_figure(report.firing_rate),
    )
    return dict(zip(_FIGURES, figures, strict=True))


def _lines(report: "EvaluationReport") -> Iterator[str]:
    """The table for people."""
    low, high = report.interval
    yield (
        f"accuracy {report.accuracy:.4f}  {report.correct} of {report.total}; 95 % "
        f"interval {low:.4f} to {high:.4f}"
    )
    yield (
        f"silent   {report.silent / report.total:.4f}  {report.silent} images for "
        "which no output neuron fires, predicted as class 0"
    )
    if not math.isnan(report.loss):
        yield f"loss     {report.loss:.6f}"
    yield from _classes(report)
    yield from ("", "steps  accuracy")
    for t, accuracy in enumerate(report.accuracy_at, start=1):
        yield f"{t:>5}  {accuracy:.4f}"
    yield from ("", "neurons        firing rate")
    for name, rate in report.firing_rate.items():
        yield f"{name:<13}  {rate:.4f}"
    if not report.macs:
        return
    yield from ("", "synapses       synaptic operations  multiply-accumulates if dense")
    for name, macs in report.macs.items():
        synops = f"{report.synops[name]:,.0f}" if name in report.synops else "-"
        yield f"{name:<13}  {synops:>19}  {macs:>29,}"
    if report.value_steps:
        averaged = ", ".join(name for name in report.macs if name in report.value_steps)
        yield f"averages of spikes enter {averaged}: no additions, but all products at each step"
    energy = report.energy
    yield ""
    yield f"energy an image, arithmetic only (float32, 45 nm): {_joules(energy.total)}"
    values = "pixels and averages" if report.value_steps else "pixels"
    yield f"  {_joules(energy.pixels)} on {values} and {_joules(energy.spikes)} on spikes"
    yield f"  {_joules(energy.dense)} for the same layers without spikes, run once"


def _joules(value: float) -> str:
    return f"{1e6 * value:.3g} uJ"


def _classes(report: "EvaluationReport") -> Iterator[str]:
    """Accuracy and a row of the confusion matrix for each class."""
    labels = [f"{label} {name}" for label, name in enumerate(report.classes)]
    width = max(map(len, labels))
    column = max(4, len(str(report.confusion.max())) + 1)
    numbers = "".join(f"{label:>{column}}" for label in range(len(labels)))
    yield ""
    yield f"{'class':<{width}}  accuracy{numbers}  <- predicted"
    rows = zip(labels, report.accuracy_per_class, report.confusion, strict=True)
    for label, accuracy, row in rows:
        share = f"{accuracy:.4f}" if row.any() else "-"
        yield f"{label:<{width}}  {share:>8}{''.join(f'{count:>{column}}' for count in row)}"
