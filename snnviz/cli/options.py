"""Options that several commands share, so that they read and behave alike."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snnviz.data import DATASETS, dataset_name, parse_channels
from snnviz.errors import ConfigError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


# Far more time steps than anybody looks at, few enough to be computed.
STEPS = click.IntRange(1, 10_000)


def count_or_all(_ctx: click.Context, _param: click.Parameter, value: str) -> int | None:
    """A positive number, or None for "all"."""
    if value == "all":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number from 1 nor 'all'.")
    return int(value)


def ckpt_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--ckpt`: what an encoder is taken from."""
    return click.option(
        "--ckpt",
        type=click.Path(path_type=Path),
        default=None,
        show_default="the bundled encoder",
        help="Checkpoint of snnviz or SpikingJelly; with --model the state dict of that.",
    )(command)


def data_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--data-dir`: where the data set's files are, or go."""
    return click.option(
        "-data_dir",
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        # Read when the command runs, so that SNNVIZ_<COMMAND>_DATA_DIR can win over it.
        default=lambda: os.environ.get("SNNVIZ_DATA_DIR", "data"),
        show_default="SNNVIZ_DATA_DIR, or ./data",
        help="Root of the data sets, as torchvision lays them out; downloaded there if missing.",
    )(command)


def _dataset(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """The name of a data set as it is spelled here, or a path as it is given."""
    try:
        return dataset_name(value)
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None


def dataset_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--dataset`: which images."""
    others = ", ".join(name for name in DATASETS if name not in ("fashion-mnist", "garments"))
    return click.option(
        "--dataset",
        callback=_dataset,
        metavar="NAME|FOLDER|FILE",
        default="fashion-mnist",
        show_default=True,
        help="fashion-mnist, garments (drawn by snnviz, nothing to download) or another of "
        f"torchvision's sets ({others}), in any spelling; a folder of pictures, one folder a "
        "class, below train and test where there are such; or an .npz or .npy file of images.",
    )(command)


def size_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--size`: what images of a data set are scaled to, (H, W) or None."""
    return click.option(
        "--size",
        callback=_size,
        metavar="HxW",
        default=None,
        show_default="as they are",
        help="Scale each image of the data set to this height and width (bilinear), whatever its "
        "shape; one number for a square.",
    )(command)


def _size(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = value.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and 0 < int(side) <= 10_000 for side in sides):
        raise click.BadParameter(
            f"{value!r} is no height and width in pixels, such as 32x48; each is 1 to 10000."
        )
    return int(sides[0]), int(sides[-1])


def stated_size(size: tuple[int, int] | None) -> dict[str, Any]:
    """What a manifest says of it: nothing where images are as they are."""
    return {} if size is None else {"size": list(size)}


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--model`: the user's own code that makes a network."""
    return click.option(
        "--model",
        default=None,
        metavar="MODULE:NAME",
        help="Your own network: package.module:factory or file.py:factory. Your code is run; "
        "--ckpt is then its state dict.",
    )(command)


def images_of_network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `--ckpt` says less of: `--model`, how it takes pixels, and on which images it is run."""
    return _together(
        model_option, mean_option, std_option, split_option, dataset_option, size_option,
        data_dir_option,
    )(command)  # fmt: skip


def _together(*options: Decorator) -> Decorator:
    """Several options as one, in that order."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def check_model_options(
    model: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    **neurons: object,
) -> None:
    """Raise where options contradict `--model`, or need it."""
    if model is None and (mean is not None or std is not None):
        raise click.UsageError(
            "--mean and --std are for a network of --model; the tutorial's takes pixels in [0, 1]"
        )
    given = [name for name, value in neurons.items() if value not in (None, ())]
    if model is not None and given:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(
            f"the network of --model has neurons of its own; leave out {options}"
        )


def mean_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--mean`: a number, or one a channel, as a tuple; None where nothing was said."""
    return click.option(
        "--mean",
        callback=_channel_numbers,
        metavar="M[,M,M]",
        default=None,
        show_default="0",
        help="Subtract this from the pixels in [0, 1], as the network was trained: one number, or "
        "one a channel.",
    )(command)


def std_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--std`: a number above 0, or one a channel, as a tuple; None where nothing was said."""
    return click.option(
        "--std",
        callback=_channel_numbers,
        metavar="S[,S,S]",
        default=None,
        show_default="1",
        help="Divide pixels less the mean by this: one number, or one a channel.",
    )(command)


def _channel_numbers(
    _ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    try:
        return None if value is None else parse_channels(value, positive=param.name == "std")
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None


def split_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--split`: which part of the data set."""
    return click.option(
        "--split",
        type=click.Choice(["test", "train"]),
        default="test",
        show_default=True,
        help="Which part of the data set.",
    )(command)


def image_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--image` and `--max-side`: pictures instead of a data set."""
    image = click.option(
        "--image",
        type=click.Path(path_type=Path),
        multiple=True,
        help="A picture file of any size, instead of the data set. Repeatable.",
    )
    max_side = click.option(
        "--max-side",
        type=click.IntRange(min=1),
        default=256,
        show_default=True,
        help="Scale pictures down to this longest side.",
    )
    return image(max_side(command))


def steps_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`-T`: how long a trained network runs."""
    return click.option(
        "-T",
        "--T",
        "T",
        type=STEPS,
        default=None,
        show_default="the checkpoint's",
        help="Number of time steps.",
    )(command)


def reset_value(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[float | None, ...]:
    """The potential after a spike, None for "none"; nothing where nothing was said."""
    if value is None:
        return ()
    if value.lower() == "none":
        return (None,)
    try:
        return (float(value),)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor 'none'.") from None


def neuron_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--v-threshold`, `--v-reset` and `--tau`: the neurons, where a checkpoint does not say."""
    unsaid = "where the checkpoint does not say"
    options = (
        click.option(
            "--v-threshold",
            type=float,
            default=None,
            show_default="1",
            help=f"Threshold of the neurons, {unsaid}.",
        ),
        click.option(
            "--v-reset",
            callback=reset_value,
            metavar="FLOAT|none",
            default=None,
            show_default="0",
            help=f"Their potential after a spike, {unsaid}; none subtracts the threshold.",
        ),
        click.option(
            "--tau",
            type=float,
            default=None,
            help=f"Membrane time constant of leaky neurons, in steps, {unsaid}.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def neuron_kind_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--neuron`: which neurons, where a checkpoint does not say."""
    return click.option(
        "--neuron",
        type=click.Choice(["if", "lif"]),
        default=None,
        show_default="if",
        help="Integrate-and-fire neurons or leaky ones, where the checkpoint does not say.",
    )(command)


def batch_size_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--batch-size`: images at once."""
    return click.option(
        "-b",
        "--batch-size",
        type=click.IntRange(min=1),
        default=128,
        show_default=True,
        help="Images a batch.",
    )(command)


def device_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--device`: where torch computes."""
    return click.option(
        "-device",
        "--device",
        default=None,
        show_default="cuda:0 where there is one, else cpu",
        help="Torch device.",
    )(command)


def measured_options(figures: str, *, instead_of: str = "tables") -> Decorator:
    """`--json`, `--figures`, `--format` and `--overwrite`: where numbers and figures of them go.

    Args:
        figures: Which figures there are, for the help.
        instead_of: What is not printed where the numbers go to stdout.
    """
    return _together(
        click.option(
            "--json",
            type=click.Path(path_type=Path),
            default=None,
            metavar="FILE",
            help=f"Write the numbers as JSON; '-' prints them instead of the {instead_of}.",
        ),
        click.option(
            "--figures",
            type=click.Path(path_type=Path),
            default=None,
            metavar="DIR",
            help=f"Folder for figures: {figures}.",
        ),
        click.option(
            "--format",
            type=click.Choice(["png", "svg", "pdf"]),
            multiple=True,
            default=["png"],
            show_default=True,
            help="File format of the figures. Repeatable.",
        ),
        click.option(
            "--overwrite",
            is_flag=True,
            help="Replace the JSON; write into a folder that is not empty.",
        ),
    )


def quiet_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--quiet`: print only what went wrong."""
    return click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")(command)


def dpi_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--dpi`: how fine figures are."""
    return click.option(
        "--dpi",
        type=click.IntRange(10, 2400),
        default=200,
        show_default=True,
        help="Output pixels per inch.",
    )(command)


def seed_option(default: int, what: str) -> Decorator:
    """`--seed`: of `what`."""
    return click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=default,
        show_default=True,
        help=f"Seed of {what}.",
    )


def progress_bar(quiet: bool) -> "Callable[[str, int, int], None]":
    """A `progress(phase, done, total)` that draws a bar, where stdout and stderr are terminals.

    What is done when a phase is first heard of does not count into the rate: it was there already.
    """
    from tqdm import tqdm

    # The bar goes to stderr; whoever sends stdout elsewhere does not sit and watch.
    # A stream that was closed before the start is None.
    hide = quiet or not all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr))
    bar: tqdm[Any] | None = None
    shown = ("", 0)

    def progress(phase: str, done: int, total: int) -> None:
        nonlocal bar, shown
        if bar is None or phase != shown[0] or done < shown[1]:
            bar = tqdm(total=total, initial=done, desc=phase, unit="img", leave=False, disable=hide)
        else:
            bar.update(done - shown[1])
        shown = (phase, done)
        if done >= total:
            bar.close()  # it stays, closed, until another phase begins

    return progress
