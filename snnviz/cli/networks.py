"""From a checkpoint to what a command needs of it: neurons, time steps, network, description."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
