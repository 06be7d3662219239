"""Names of encoders as parts of names of files, and of tables."""

from collections.abc import Iterable
from pathlib import PurePath

# Of what a name says, a file's keeps so many letters: a folder's entry has 255 bytes.
_LONGEST = 60
_WEIGHTS = (".pth", ".pt")


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """For each name one that a file can have, all different, by whatever a disk tells names apart.

    Letters, digits, ".", "_" and "-" stay; what ends a file of weights goes.

    Args:
        names: They differ.

    Example:
        >>> from snnviz.analysis.naming import file_stems
        >>> file_stems(["a/net.pth", "A net.pt", "b net"])
        {'a/net.pth': 'a_net', 'A net.pt': 'A_net_2', 'b net': 'b_net'}
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        stem = name[: -len(PurePath(name).suffix)] if name.endswith(_WEIGHTS) else name
        kept = "".join(letter if _stays(letter) else "_" for letter in stem)[-_LONGEST:]
        kept = kept.strip(".") or "_"
        number, found = 1, kept
        while found.casefold() in taken:
            number += 1
            found = f"{kept}_{number}"
        taken.add(found.casefold())
        stems[name] = found
    return stems


def _stays(letter: str) -> bool:
    return letter.isascii() and (letter.isalnum() or letter in "._-")


def table_cell(name: str) -> str:
    """A name that cannot end a cell or a line of the table."""
    return " ".join(name.replace("|", "\\|").split())
