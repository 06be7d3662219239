"""From a checkpoint to what a command needs of it: time steps, the network, a description."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from snnviz.checkpoint import Checkpoint
    from snnviz.network import ConvSNN


def choose_steps(checkpoint: "Checkpoint", T: int | None, *, quiet: bool) -> int:
    """`T`, or the checkpoint's number of time steps where the user names none."""
    if T is not None:
        return T
    if checkpoint.recorded_T is None and not quiet:
        click.echo(
            f"snnviz: {checkpoint.path} does not record T; taking T = {checkpoint.config.T}, "
            "choose another with -T",
            err=True,
        )
    return checkpoint.config.T


def build_timed(checkpoint: "Checkpoint", T: int, device: str) -> "ConvSNN":
    """The whole network, run for T steps."""
    timed = replace(checkpoint, config=replace(checkpoint.config, T=T))
    return timed.build_network().to(device)


def describe(checkpoint: "Checkpoint", name: str) -> dict[str, Any]:
    """What output files say about the checkpoint, which goes by `name`."""
    return {
        "file": name,
        "sha256": checkpoint.sha256,
        "form": checkpoint.form,
        "epoch": checkpoint.epoch,
        "max_test_acc": checkpoint.max_test_acc,
    }
