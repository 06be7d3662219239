"""Options that name a network: its file or the code that makes it, its neurons, its steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snnviz.cli.options import (
    STEPS,
    data_dir_option,
    dataset_option,
    size_option,
    split_option,
    together,
)
from snnviz.data import parse_channels
from snnviz.errors import ConfigError


def ckpt_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--ckpt`: what an encoder is taken from."""
    return click.option(
        "--ckpt",
        type=click.Path(path_type=Path),
        default=None,
        show_default="the bundled encoder",
        help="Checkpoint of snnviz or SpikingJelly; with --model the state dict of that.",
    )(command)


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
    return together(
        model_option, mean_option, std_option, split_option, dataset_option, size_option,
        data_dir_option,
    )(command)  # fmt: skip


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
    return together(
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
    )(command)


def neuron_kind_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--neuron`: which neurons, where a checkpoint does not say."""
    return click.option(
        "--neuron",
        type=click.Choice(["if", "lif"]),
        default=None,
        show_default="if",
        help="Integrate-and-fire neurons or leaky ones, where the checkpoint does not say.",
    )(command)
