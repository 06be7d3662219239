"""What commands print for people and pipes."""

import os
import sys
from contextlib import suppress

import click

from snnviz.errors import ExportError


def say(text: object, *, end_line: bool = True) -> None:
    """Print `text` to stdout.

    Args:
        text: What to print.
        end_line: End it with a new line.

    Raises:
        ExportError: It cannot be written, such as to a file on a full disk.
    """
    try:
        click.echo(text, nl=end_line)
    except BrokenPipeError:
        raise  # `| head` has seen enough; click ends quietly
    except OSError as error:
        _forget_stdout()
        raise ExportError(
            f"cannot write to stdout: {error.strerror or error}; send it elsewhere (files that are "
            "written are whole)"
        ) from error


def note(message: object) -> None:
    """Print `message` to stderr, as one line for people."""
    click.echo("snnviz: " + " ".join(str(message).split()), err=True)


def _forget_stdout() -> None:
    """Keep Python from trying once more, at its end, to write what could not be written."""
    with suppress(OSError):  # a stdout that is no file of the system's has nothing to try with
        number = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
