"""Which images to look at, said in words: `correct`, `wrong`, `label=7`, `predicted=3`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snnviz.data.images import Sample
from snnviz.errors import ConfigError, DataError


@dataclass(frozen=True)
class Selection:
    """Conditions that a sample has to meet, all of them.

    Build one with `parse_selection`.

    Attributes:
        conditions: Words as the user gave them, with the number where one belongs to it.
    """

    conditions: tuple[tuple[str, int | None], ...] = ()

    @property
    def needs_predictions(self) -> bool:
        """Whether it asks for what a network says."""
        return any(name != "label" for name, _ in self.conditions)

    def __call__(self, sample: Sample) -> bool:
        """Whether `sample` meets all conditions.

        Raises:
            DataError: It has no label, or no prediction, and a condition asks for it.
        """
        return all(self._holds(name, value, sample) for name, value in self.conditions)

    def _holds(self, name: str, value: int | None, sample: Sample) -> bool:
        if name != "predicted" and sample.label is None:
            raise DataError(f"the selection {name!r} needs labels, and these images have none")
        if name != "label" and sample.predicted is None:
            raise DataError(
                f"the selection {name!r} needs predictions",
                "take them from a whole network with `with_predictions()`",
            )
        return _CONDITIONS[name](sample, value)


_CONDITIONS: dict[str, Callable[[Sample, int | None], bool]] = {
    "correct": lambda sample, _: sample.predicted == sample.label,
    "wrong": lambda sample, _: sample.predicted != sample.label,
    "label": lambda sample, value: sample.label == value,
    "predicted": lambda sample, value: sample.predicted == value,
}
_WITH_NUMBER = ("label", "predicted")


def parse_selection(words: Sequence[str], *, classes: int = 10) -> Selection:
    """The selection that `words` describe, all of which have to hold.

    Args:
        words: Each "correct", "wrong", "label=N" or "predicted=N".
        classes: Number of classes; N is below it.

    Raises:
        ConfigError: A word is none of these, or N is no class.
    """
    return Selection(tuple(_parse(word, classes) for word in words))


def _parse(word: str, classes: int) -> tuple[str, int | None]:
    name, equals, number = word.partition("=")
    if name not in _CONDITIONS or bool(equals) != (name in _WITH_NUMBER):
        raise ConfigError(f"cannot select {word!r}; use correct, wrong, label=N or predicted=N")
    if not equals:
        return name, None
    if not number.isdecimal() or int(number) >= classes:
        raise ConfigError(f"{word!r} names no class; use {name}=0 to {name}={classes - 1}")
    return name, int(number)
