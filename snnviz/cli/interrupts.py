"""Ctrl-C while something is under way that is better finished."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click


class Stopped(click.ClickException):
    """A training that Ctrl-C ended after an epoch."""

    exit_code = 130

    def __init__(self, epoch: int, folder: Path) -> None:
        words = ["snnviz", "train", "--resume", str(folder)]
        command = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
        super().__init__(f"interrupted after epoch {epoch}, which is saved; go on with: {command}")


@contextmanager
def finish_first(quiet: bool) -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed in the block; only a second one ends it.

    Args:
        quiet: Do not say so when it is pressed.
    """
    pressed = False

    def take_note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            signal.default_int_handler(number, frame)
        pressed = True
        if not quiet:
            click.echo(
                "snnviz: stopping when this epoch is done; Ctrl-C again stops at once and loses it",
                err=True,
            )

    # A process in the background may have been told to ignore the signal, and goes on doing so.
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, take_note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, usual)
