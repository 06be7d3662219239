"""From a checkpoint to what a command needs of it: neurons, time steps, network, description."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from snnviz.cli.output import note

if TYPE_CHECKING:
    from snnviz.tutorial.layouts import Checkpoint
    from snnviz.tutorial.network import ConvSNN


def open_checkpoint(
    path: Path,
    *,
    neuron: str | None,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    quiet: bool,
) -> "Checkpoint":
    """The checkpoint in `path`, with the neurons that the user states where the file does not.

    What is assumed, and what else is worth knowing of the file, goes to stderr.
    """
    from snnviz.errors import ConfigError
    from snnviz.tutorial.layouts import load_checkpoint

    stated: dict[str, Any] = {"neuron": neuron, "v_threshold": v_threshold, "tau": tau}
    stated = {name: value for name, value in stated.items() if value is not None}
    if v_reset:  # None in it is a value, too: it subtracts the threshold
        (stated["v_reset"],) = v_reset
    checkpoint = load_checkpoint(path)
    if stated:
        try:
            checkpoint = checkpoint.with_neurons(**stated)
        except ConfigError as error:
            raise click.UsageError(
                f"{error} (--neuron, --v-threshold, --v-reset, --tau)"
            ) from error
    elif checkpoint.neurons_from == "assumed" and not quiet:
        # What lies behind the encoder matters to those who open a whole network.
        pooling = f", and {checkpoint.config.pooling} pooling" if checkpoint.holds_network else ""
        note(
            f"{path} does not say which neurons its network has; taking "
            f"{checkpoint.config.neurons}{pooling}; state others with --neuron, --v-threshold, "
            "--v-reset and --tau"
        )
    for sentence in () if quiet else checkpoint.notes:
        note(f"{path} {sentence}")
    return checkpoint


def choose_steps(checkpoint: "Checkpoint", T: int | None, *, quiet: bool) -> int:
    """`T`, or the checkpoint's number of time steps where the user names none."""
    if T is not None:
        return T
    if checkpoint.recorded_T is None and not quiet:
        note(
            f"{checkpoint.path} does not record T; taking T = {checkpoint.config.T}, choose "
            "another with -T"
        )
    return checkpoint.config.T


class Timed(NamedTuple):
    """A checkpoint that a command measures.

    Attributes:
        checkpoint: The checkpoint.
        T: Number of time steps.
        name: What it goes by.
        about: Entries for the JSON.
    """

    checkpoint: "Checkpoint"
    T: int
    name: str
    about: dict[str, Any]


def open_timed(
    ckpt: Path | None, T: int | None, *, bundled_as: str = "", quiet: bool, **stated: Any
) -> Timed:
    """The tutorial's network or encoder in `ckpt`, and for how many steps it runs.

    Args:
        ckpt: The file; None: the bundled encoder.
        T: Number of time steps, where the user names one.
        bundled_as: What the JSON calls the bundled encoder; its file's name where that is empty.
        quiet: Whether what is assumed goes unsaid.
        stated: What the user says of neurons, as for `open_checkpoint`.
    """
    from snnviz.errors import CheckpointError
    from snnviz.tutorial.encoder import bundled

    path = ckpt or bundled()
    try:
        checkpoint = open_checkpoint(path, **stated, quiet=quiet)
    except CheckpointError as error:
        from snnviz.cli.subjects import check_runs_whole

        check_runs_whole(path, error)
        raise
    steps = choose_steps(checkpoint, T, quiet=quiet)
    file = str(ckpt) if ckpt is not None else bundled_as or path.name
    name = "the bundled encoder" if ckpt is None else str(ckpt)
    return Timed(checkpoint, steps, name, {"checkpoint": describe(checkpoint, file)})


def build_timed(checkpoint: "Checkpoint", T: int, device: str) -> "ConvSNN":
    """The whole network, run for T steps."""
    timed = replace(checkpoint, config=replace(checkpoint.config, T=T))
    return timed.build_network().to(device)


def describe(checkpoint: "Checkpoint", name: str) -> dict[str, Any]:
    """What output files say about the checkpoint, which goes by `name`."""
    config = checkpoint.config
    return {
        "file": name,
        "sha256": checkpoint.sha256,
        "form": checkpoint.form,
        "epoch": checkpoint.epoch,
        "max_test_acc": checkpoint.max_test_acc,
        "neurons": {
            "kind": config.neuron,
            "v_threshold": config.v_threshold,
            "v_reset": config.v_reset,
            "tau": config.tau,
            "from": checkpoint.neurons_from,
        },
        "no_network": checkpoint.fault,
        "notes": list(checkpoint.notes),
    }
