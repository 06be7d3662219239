"""What went wrong, in words that help: options misread by the parser, and memory that ran out."""

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches

import click

from snnviz.errors import SnnvizError

# What is called otherwise in Python than by options.
_CALLED = {
    "folder": "out_dir",
    "root": "data_dir",
    "garments()": "dataset=garments",
    "load_picture()": "image=FILE",
    "with_predictions()": "ckpt",
}
# What a user can ask for less of, where memory ran out, in the order to try it.
_SMALLER = ("batch_size", "n_images", "jobs", "max_side", "T", "channels")


def mistyped(error: click.UsageError, arguments: Iterable[str]) -> click.UsageError:
    """`error`, or one that names the option as it was typed.

    click takes `-epoch 3` for `-e -p -o -c -h`, and `-batch-size 3` for `-b atch-size`.
    """
    if error.ctx is None:
        return error
    options = {
        name
        for parameter in error.ctx.command.get_params(error.ctx)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }
    for argument in arguments:
        name, _, _ = argument.partition("=")
        is_word = len(name) > 2 and name[0] == "-" and name[1].isalpha() and not name[2].isdigit()
        if is_word and name[:2] in _accused(error) and name not in options:
            close = get_close_matches(f"-{name}", options) or get_close_matches(name, options)
            return click.NoSuchOption(name, possibilities=close, ctx=error.ctx)
    return error


def _accused(error: click.UsageError) -> list[str]:
    """The option that `error` is about, by all its names."""
    if isinstance(error, click.NoSuchOption):
        return [error.option_name]
    if isinstance(error, click.BadParameter) and error.param is not None:
        return error.param.opts
    return []


def reworded(error: SnnvizError, command: click.Command | None) -> SnnvizError:
    """`error`, whose remedies name options of the command in place of Python's arguments.

    A remedy that the command has no option for is left out, unless it has for none.
    """
    options = _options(command)

    def option(argument: re.Match[str]) -> str:
        name, _, value = _CALLED.get(argument[1], argument[1]).partition("=")
        return " ".join(filter(None, (options[name], value.strip('"').removesuffix("True"))))

    remedies = []
    for remedy in error.remedies:
        with suppress(KeyError):
            remedies.append(re.sub("`([^`]+)`", option, remedy))
    return type(error)(error.with_remedies(remedies or error.remedies))


def _options(command: click.Command | None) -> dict[str | None, str]:
    """The options of a command, in their longest spelling, by the names of its parameters."""
    return {
        parameter.name: max(parameter.opts, key=len)
        for parameter in (command.params if command else [])
    }


def out_of_memory(error: Exception, command: click.Command | None) -> str | None:
    """What to tell the user, or None where `error` is another one.

    Args:
        error: Anything raised by NumPy, CuPy or torch.
        command: Whose options name what to take less of.
    """
    if not _is_out_of_memory(error):
        return None
    options = _options(command)
    *others, last = [options[name] for name in _SMALLER if name in options] or ["input"]
    smaller = f"{', '.join(others)} or {last}" if others else last
    asked = re.search(r"allocat\w+ ([\d.,]+) (\w+)", str(error))
    size = f" for another {_readable(*asked.groups())}" if asked else ""
    return f"not enough memory{size}; choose a smaller {smaller}"


def _readable(number: str, unit: str) -> str:
    """A size as the libraries give it, but not in billions of bytes."""
    count = float(number.replace(",", ""))
    in_bytes = unit == "bytes" and count >= 1 << 30
    return f"{count / (1 << 30):,.0f} GiB" if in_bytes else f"{number} {unit}"


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):  # NumPy's and CuPy's, too
        return True
    torch = sys.modules.get("torch")  # not loaded here: what did not load it did not raise it
    if torch is None or not isinstance(error, RuntimeError):
        return False
    # On a CPU torch raises no kind of its own.
    words = ("DefaultCPUAllocator", "Storage size calculation overflowed")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)
