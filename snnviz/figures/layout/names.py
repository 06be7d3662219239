"""Names that users chose, as matplotlib draws them letter by letter."""

from collections.abc import Collection
from itertools import takewhile

_LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
# Letters before the first one in which names differ that are kept.
_BEFORE = 6


def literals(names: Collection[str], longest: int) -> dict[str, str]:
    """What to write for each of `names`: no longer than that, and different where they are.

    Of a longer name the middle is left out; where that would make two names one, what all of these
    begin with; and where even that is not enough, the last ones are numbered.

    Args:
        names: The names.
        longest: So many letters at most.

    Example:
        >>> literals(["runs/of/one/network", "runs/of/two/network"], 13)
        {'runs/of/one/network': '…f/one…etwork', 'runs/of/two/network': '…f/two…etwork'}
    """
    short = {name: _shortened(name, longest) for name in names}
    for text in {text for text in short.values() if _times(text, short) > 1}:
        same = [name for name, other in short.items() if other == text]
        letters = zip(*same, strict=False)
        alike = sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, letters))
        start = max(0, alike - max(1, min(_BEFORE, longest // 6)))
        for name in same:
            short[name] = _shortened(_LEFT_OUT + name[start:] if start else name, longest)
    used: set[str] = set()
    for name, text in short.items():
        number, unique = 1, text
        while unique in used:
            number += 1
            mark = f" ({number})"
            unique = text[: max(1, longest - len(mark))] + mark
        used.add(unique)
        short[name] = unique
    return {name: escaped(text) for name, text in short.items()}


def literal(text: str, longest: int | None = None) -> str:
    """`text`, a name that a user chose, such that matplotlib draws it letter by letter.

    Args:
        text: The name.
        longest: So many letters at most; of a longer one the middle is left out.
    """
    return escaped(_shortened(text, longest))


def escaped(text: str) -> str:
    """`text` such that matplotlib takes no part of it for anything else.

    It would read what stands between two dollars as mathematics, and leave a label out of a legend
    that begins with an underscore.
    """
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _shortened(text: str, longest: int | None) -> str:
    # A file's name may hold bytes that are no text, and characters that end a line.
    text = text.encode("utf-8", "replace").decode()
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if longest is not None and len(text) > longest:
        end = longest // 2
        text = f"{text[: longest - end - 1]}{_LEFT_OUT}{text[-end:]}"
    return text


def _times(text: str, short: dict[str, str]) -> int:
    return sum(other == text for other in short.values())
