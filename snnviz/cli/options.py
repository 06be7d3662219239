"""Options that several commands share, so that they read and behave alike."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snnviz.data import DATASETS, dataset_name
from snnviz.errors import ConfigError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
# Far more time steps than anybody looks at, few enough to be computed.
STEPS = click.IntRange(1, 10_000)


def together(*options: Decorator) -> Decorator:
    """Several options as one, in that order."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def count_or_all(_ctx: click.Context, _param: click.Parameter, value: str) -> int | None:
    """A positive number, or None for "all"."""
    if value == "all":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number from 1 nor 'all'.")
    return int(value)


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
    return together(
        click.option(
            "--image",
            type=click.Path(path_type=Path),
            multiple=True,
            help="A picture file of any size, instead of the data set. Repeatable.",
        ),
        click.option(
            "--max-side",
            type=click.IntRange(min=1),
            default=256,
            show_default=True,
            help="Scale pictures down to this longest side.",
        ),
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
    return together(
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
        figure_format_option,
        click.option(
            "--overwrite",
            is_flag=True,
            help="Replace the JSON; write into a folder that is not empty.",
        ),
    )


def figure_format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--format`: of figures that matplotlib draws."""
    return click.option(
        "--format",
        type=click.Choice(["png", "svg", "pdf"]),
        multiple=True,
        default=["png"],
        show_default=True,
        help="File format of the figures. Repeatable.",
    )(command)


def overwrite_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--overwrite`: of commands that fill a folder."""
    return click.option("--overwrite", is_flag=True, help="Write into a folder that is not empty.")(
        command
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
