"""Names as users type them: options in four spellings, and commands nearly right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import click


class AnyCase(click.Choice[str]):
    """A choice that takes small letters for capitals, and names its values as they are."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The choice that `value` is."""
        close = {str(choice).lower(): choice for choice in self.choices}
        return super().convert(close.get(str(value).lower(), value), param, ctx)


def respelled(arguments: Sequence[str], parameters: Iterable[click.Parameter]) -> list[str]:
    """`arguments` with each option by a name that click knows it by.

    Versions of SpikingJelly's script call the same option `-data_dir` and `-data-dir`; here it is
    `--data-dir`, and `--data_dir` as well. Capitals count only where a name has one letter.

    Args:
        arguments: As the user typed them.
        parameters: Those of the command.
    """
    known: dict[str, str] = {}
    exact = set()
    for parameter in parameters:
        for name in (*parameter.opts, *parameter.secondary_opts):
            exact.add(name)
            if len(name.lstrip("-")) > 1:
                known.setdefault(_key(name), name)
    result: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return result + list(arguments[place:])
        name, equals, value = argument.partition("=")
        if name.startswith("-") and name not in exact:
            name = known.get(_key(name), name)
        result.append(name + equals + value)
    return result


def check_command(name: str, commands: Sequence[str], ctx: click.Context) -> None:
    """Raises unless there is such a command.

    Raises:
        UsageError: There is none; it names the one that was most likely meant.
    """
    if name in commands or name.startswith("-"):
        return
    close = get_close_matches(name.lower(), commands, n=1, cutoff=0.5)
    meant = f" Did you mean {close[0]!r}?" if close else f" Choose from {', '.join(commands)}."
    raise click.UsageError(f"No such command {name!r}.{meant}", ctx)


def _key(name: str) -> str:
    return name.lstrip("-").replace("_", "-").lower()
