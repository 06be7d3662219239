"""The one family of errors that snnviz raises on purpose.

Every message is one sentence a user can act on: the fact, the value received, the remedy. Remedies
name arguments of Python; the command line puts its options in their place (`snnviz.cli.mistakes`),
prints the sentence as one line and exits with status 1, and so it does what the system says of a
file, and memory that ran out; everything else is a bug and shows its traceback. Those about values
are of the type `ValueError` too, as Python's own functions raise them.
"""

from collections.abc import Sequence
from numbers import Integral


class SnnvizError(Exception):
    """Base of every error that snnviz raises on purpose.

    Attributes:
        remedies: What helps, each for itself. Arguments of Python stand between backticks.
    """

    def __init__(self, fact: str, *remedies: str) -> None:
        """The error that says so.

        Args:
            fact: What is wrong, and the value received; the remedy as well, where it names no
                argument.
            remedies: Such as "pass `overwrite=True`"; any one of them helps. They hold no text of
                the user's, such as a path.
        """
        super().__init__(fact, *remedies)
        self.remedies = remedies

    def __str__(self) -> str:
        """The whole sentence."""
        return self.with_remedies(self.remedies)

    def with_remedies(self, remedies: Sequence[str]) -> str:
        """The whole sentence, with these remedies in place of its own."""
        *others, last = remedies or ("",)
        either = f"{', '.join(others)}, or {last}" if others else last
        return "; ".join(filter(None, (self.args[0], either)))


class ConfigError(SnnvizError, ValueError):
    """An option or argument is out of its range, or two of them contradict each other."""


class DataError(SnnvizError, ValueError):
    """A data set or a picture is missing, unreadable or not what its name says."""


class CheckpointError(SnnvizError):
    """A checkpoint is missing, unreadable, unsafe, or holds no network that snnviz knows."""


class ShapeError(SnnvizError, ValueError):
    """An array has another shape, type or range than the function takes."""


class ExportError(SnnvizError):
    """Output cannot be written where it was asked for."""


class DiskFullError(ExportError):
    """There is no room for the output; what is there already is whole."""


class OtherRankError(SnnvizError):
    """Another of several cooperating processes met an error, which it says itself."""


class TrainingError(SnnvizError):
    """Training went wrong by itself: the weights are no finite numbers any more."""


def check_integer(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, `least` or more.

    Raises:
        ConfigError: It is not.
    """
    if not isinstance(value, Integral):
        raise ConfigError(f"{name} must be a whole number, got {value}")
    if value < least:
        raise ConfigError(f"{name} must be at least {least}, got {value}")
