"""The command line: one file a command; it parses, calls and prints.

Nothing outside this folder knows click, and a command's file is imported only when that command
is asked for, so that `snnviz --help` loads no torch and no matplotlib.
"""

import gc
import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from snnviz._version import __version__
from snnviz.cli.effects import say_ineffective
from snnviz.cli.mistakes import mistyped, out_of_memory, reworded
from snnviz.cli.output import note
from snnviz.cli.spelling import check_command, respelled
from snnviz.errors import DiskFullError, OtherRankError, SnnvizError
from snnviz.ranks import is_first_rank

# One row a command: its name and the line that `snnviz --help` shows for it.
COMMANDS = {
    "train": "Train the tutorial's network on Fashion-MNIST.",
    "evaluate": "Measure a trained network on labelled images.",
    "energy": "Estimate what an image costs a network, by published models.",
    "robustness": "Measure a network on images and spikes that were made worse.",
    "timing": "Say when in a run a network's answers are there.",
    "attribution": "Show where in images a network looks, and what explains answers.",
    "curves": "Draw accuracy and loss per epoch of trainings.",
    "analyze": "Say how good an encoder is, beside fair baselines.",
    "report": "Make one page that shows an encoder, live.",
    "visualize": "Draw what an encoder makes of images, as figure sets.",
}
# Those that run any network as it is: a few images and one layer at a time.
_IN_SMALL_STEPS = ("energy", "robustness", "timing", "attribution", "report")


class Interrupted(click.ClickException):
    """Ctrl-C during a command."""

    exit_code = 130

    def __init__(self, command: click.Command | None) -> None:
        super().__init__(
            "interrupted; what is written is whole"
            + ", --resume goes on with it" * _resumes(command)
        )


class Command(click.Command):
    """A command that says which of the options it was given change nothing, and is quiet with -q.

    It says so when it is through, so that a mistake stays one line; one that takes long calls
    `say_ineffective` itself when it knows that all is well.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with warnings.catch_warnings():
            if ctx.params.get("quiet"):
                warnings.filterwarnings("ignore", module=r"snnviz\.")
            result = super().invoke(ctx)
        say_ineffective(ctx)
        return result


class LazyGroup(click.Group):
    """A group that imports `snnviz.cli.<command>` when the command is used, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of the commands, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now; None where there is no such."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _IN_SMALL_STEPS:
            # Torch's threads read this when they are loaded. They would wait for one another by
            # computing, and so keep each other off the processors where other programs run.
            os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        module = importlib.import_module(f"snnviz.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is left of `args`, the group's own options taken."""
        return super().parse_args(ctx, respelled(args, self.get_params(ctx)))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for, and its arguments with options as click knows them."""
        check_command(args[0], list(COMMANDS), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, respelled(rest, command.get_params(ctx) if command else ())

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            # click's own way would print an empty line first.
            raise Interrupted(self._invoked(ctx)) from error
        except DiskFullError as error:
            remedy = "go on with --resume" if _resumes(self._invoked(ctx)) else "start again"
            raise DiskFullError(f"{error} and {remedy}") from error
        except SnnvizError as error:
            raise reworded(error, self._invoked(ctx)) from error
        except (MemoryError, RuntimeError) as error:
            said = out_of_memory(error, self._invoked(ctx))
            if said is None:
                raise
            raise click.ClickException(said) from error

    def _invoked(self, ctx: click.Context) -> click.Command | None:
        return self.get_command(ctx, ctx.invoked_subcommand or "")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands in `snnviz --help`, from the table and without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _resumes(command: click.Command | None) -> bool:
    """Whether it has --resume."""
    return any(parameter.name == "resume" for parameter in (command.params if command else []))


@click.group(
    cls=LazyGroup,
    context_settings={"auto_envvar_prefix": "SNNVIZ", "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="snnviz")
def cli() -> None:
    """See what a spiking encoder has learned, and say it in numbers.

    Every option can also be set in the environment: --n-images of visualize, for example, as
    SNNVIZ_VISUALIZE_N_IMAGES.
    """


@contextmanager
def loading() -> Iterator[None]:
    """In here a command imports what it needs; none of that is ever looked through for garbage.

    torch and matplotlib make a million objects that stay. To look through them, again and again
    while they are made and once more at the end of the process, takes half a second.
    """
    # A process that lives on has other objects, and other habits.
    if "torch" in sys.modules and not gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; what the user can mend is one line on stderr."""
    _prepare()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            status = cli.main(arguments, prog_name="snnviz", standalone_mode=False)
    except OtherRankError:
        sys.exit(1)
    except SnnvizError as error:
        _fail(str(error), status=1)
    except OSError as error:
        if error.filename is None:  # of no file: nothing the user can mend
            raise
        _fail(f"cannot use {error.filename}: {error.strerror}; choose another path", status=1)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        if not is_first_rank():  # all ranks were given the same options
            sys.exit(error.exit_code)
        command = error.ctx.command_path if error.ctx else "snnviz"
        parameters = error.ctx.command.get_params(error.ctx) if error.ctx else ()
        typed = respelled(sys.argv[1:] if arguments is None else arguments, parameters)
        error = mistyped(error, typed)
        _fail(f"{error.format_message()} (see {command} --help)", status=2)
    except click.ClickException as error:
        _fail(error.format_message(), status=error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", status=130)
    sys.exit(status if isinstance(status, int) else 0)


def _prepare() -> None:
    # NumPy's BLAS reads this when it is loaded. The products here are many and small: its threads
    # would wait for one another, up to ten times as long as they compute where other programs run.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if isinstance(sys.stdout, TextIOWrapper):
        # As stderr is: a path that its encoding lacks is no reason to end.
        sys.stdout.reconfigure(errors="backslashreplace")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Our own warnings as one line for people; others as Python shows them."""
    if Path(filename).is_relative_to(Path(__file__).parents[1]):
        if not is_first_rank():  # all ranks are told the same
            return
        note(message)
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        (file or sys.stderr).write(text)


def _fail(message: str, *, status: int) -> None:
    note(message)
    sys.exit(status)
