"""`snnviz timing`: when in a run a network is right and sure, and when its weights matter."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snnviz.cli import Command, options
from snnviz.cli.measured import STDOUT, check_output, drawn, held_output, table, write_json
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.data import Split
    from snnviz.folders import Layout
    from snnviz.scoring.timing import Answered, Timing

# Of the layout of the JSON; it grows when a key changes its meaning or goes.
_LAYOUT = 1
# Where nobody says how many.
_IMAGES = 500
# By their files' names.
_FIGURES = ("early_exit", "fisher")


@click.command("timing", cls=Command)
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    help="Checkpoint of snnviz or SpikingJelly that holds a whole network; with --model the state "
    "dict of that.",
)
@options.model_option
@options.mean_option
@options.std_option
@options.split_option
@options.dataset_option
@options.size_option
@options.data_dir_option
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
@options.steps_option
@options.neuron_kind_option
@options.neuron_options
@options.seed_option(0, "the weights without training")
@options.device_option
@options.measured_options("accuracy by mean number of steps, Fisher information")
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
    fisher_images: int,
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
    """Say when in a run a network's answers are there.

    Accuracy after each step; mean number of steps and accuracy where it answers as soon as it is
    sure; Fisher information of its weights at each step, and the centroid of that.
    """
    from torch import nn

    from snnviz.cli import worsened
    from snnviz.data import load_dataset
    from snnviz.device import choose_device
    from snnviz.scoring.timing import timing

    stated = {"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau}
    options.check_model_options(model, mean, std, neuron=neuron, **stated)
    if ckpt is None and model is None:
        raise click.UsageError(
            "no --ckpt: the bundled encoder is no whole network; name a checkpoint, for example "
            "one that snnviz train wrote"
        )
    check_output(json, figures, _layout(), overwrite=overwrite)
    device = choose_device(device)
    if model is None:
        subject = worsened.of_checkpoint(ckpt, T, device, {**stated, "neuron": neuron}, quiet=quiet)
    else:
        subject = worsened.of_model(model, ckpt, T, device, (mean, std), quiet=quiet)
    if not isinstance(subject.net, nn.Module):
        raise click.UsageError(f"{ckpt} holds an encoder, which gives no answers; name a network")
    images = load_dataset(
        dataset, split, data_dir, count=n_images, channels=subject.channels, size=size
    )
    images = images if n_images else images.head(min(_IMAGES, len(images)))
    start = subject.start(images, seed, device) if fisher_images else None
    told = {name: value for name, value in subject.options.items() if name != "encoder"}
    with held_output(json, figures, _layout(), overwrite=overwrite) as folder:
        found = timing(
            subject.net,
            images,
            **told,
            start=start if isinstance(start, nn.Module) else None,
            fisher=fisher_images,
            progress=options.progress_bar(quiet),
        )
        values = {
            "version": _LAYOUT,
            **subject.about,
            "images_from": {"dataset": images.name, "split": split, **options.stated_size(size)},
            "seed": seed,
            **found.as_dict(),
        }
        # First the files: whoever reads stdout may not read to its end.
        with drawn(lambda: _figures(found), folder, format) as paths:
            written = [*write_json(values, json), *paths]
    if quiet:
        return
    for sentence in found.notes:
        note(sentence)
    if json != STDOUT:
        say(f"{subject.name}, T = {found.T}, on {images.name} ({split})")
        say("\n".join(_lines(found)))
        for path in written:
            say(f"wrote {path}")


def _layout() -> "Layout":
    from snnviz.export import figures_layout

    return figures_layout("a look at timing", "timing", _FIGURES, _FIGURES[:1], argument="figures")


def _lines(found: "Timing") -> Iterator[str]:
    """The tables for people."""
    yield (
        f"{found.total} images are answered; the temperature of softmax, {found.temperature:.3g}, "
        f"is fitted to {found.fitted} others; chance {found.chance:.4f}"
    )
    yield from ("", "answered after so many steps, beside the last")
    yield from _table(found.at)
    yield from ("", "answered when so sure, beside the last step")
    yield from _table(found.exits)
    if not found.fisher:
        return
    yield from (
        "",
        f"Fisher information of the weights, mean of {found.fisher_images} images (95 %)",
    )
    for t, (value, low, high) in enumerate(found.fisher, start=1):
        yield f"{t:>5}  {value:.4g} ({low:.4g} to {high:.4g})"
    even = (found.T + 1) / 2
    for name, centroid in (("", found.centroid), ("without training ", found.untrained_centroid)):
        if centroid is not None:
            value, low, high = centroid
            yield (
                f"centroid {name}{value:.2f} ({low:.2f} to {high:.2f}) of steps 1 to {found.T}; "
                f"{even:g} where all steps matter alike"
            )


def _table(answered: "tuple[Answered, ...]") -> Iterator[str]:
    rows = [("confidence", "steps (95 %)", "accuracy (95 %)", "difference (95 %)", "p")]
    for each in answered:
        low, high = each.interval
        paired = each.paired
        rows.append((
            "-" if each.confidence is None else f"{each.confidence:g}",
            f"{each.steps.value:g}" if each.confidence is None
            else "{:.2f} ({:.2f} to {:.2f})".format(*each.steps),
            f"{each.accuracy:.4f} ({low:.4f} to {high:.4f})",
            f"{paired.difference:+.4f} ({paired.low:+.4f} to {paired.high:+.4f})",
            f"{paired.p:.2g}",
        ))  # fmt: skip
    yield from table(rows)


def _figures(found: "Timing") -> "dict[str, Figure]":
    import numpy as np

    from snnviz.figures import early_exit_figure, over_time_figure

    def accuracy(each: "Answered") -> tuple[float, ...]:
        return (each.accuracy, *each.interval)

    drawn = {
        "early_exit": early_exit_figure(
            np.array([accuracy(each) for each in found.at]),
            np.array([(each.steps.value, *accuracy(each)) for each in found.exits]),
            [each.confidence for each in found.exits if each.confidence is not None],
        )
    }
    if found.fisher:
        values = np.array([each.value for each in found.fisher])
        panels = {"mean over images": {"Fisher information": values}}
        drawn["fisher"] = over_time_figure(panels, title="Where in time weights matter")
    return drawn
