"""Numbers as JSON and figures in a folder, of commands that measure networks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnviz.cli.output import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.folders import Layout, OutputFolder

STDOUT = Path("-")
"""What a user calls stdout."""


def check_output(
    json: Path | None, figures: Path | None, layout: "Layout", *, overwrite: bool
) -> None:
    """Raise before anything is computed where the output may not be written."""
    from snnviz.files import check_absent
    from snnviz.folders import check_folder

    if json is not None and json != STDOUT:
        check_absent(json, overwrite=overwrite, argument="json")
    if figures is not None:
        check_folder(figures, layout, overwrite=overwrite)


@contextmanager
def held_output(
    json: Path | None, figures: Path | None, layout: "Layout", *, overwrite: bool
) -> Iterator["OutputFolder | None"]:
    """The folder of the figures, if any; it and the JSON are this run's alone in the block."""
    from snnviz.folders import hold_file, hold_folder

    with ExitStack() as held:
        folder = None
        if figures is not None:
            folder = held.enter_context(hold_folder(figures, layout, overwrite=overwrite))
        if json is not None and json != STDOUT:
            held.enter_context(hold_file(json, overwrite=overwrite, argument="json"))
        yield folder


def write_measured(
    values: Mapping[str, Any],
    json: Path | None,
    draw: "Callable[[], Mapping[str, Figure]]",
    folder: "OutputFolder | None",
    formats: tuple[str, ...],
) -> list[Path]:
    """The files written: the JSON and the figures, if any."""
    with _drawn(draw, folder, formats) as paths:
        return [*write_json(values, json), *paths]


def say_measured(lines: Iterable[str], written: Sequence[Path]) -> None:
    """Print the lines, and which files were written.

    Whoever reads stdout may not read to its end, so that the files come first.
    """
    say("\n".join(lines))
    for path in written:
        say(f"wrote {path}")


def write_json(values: Mapping[str, Any], path: Path | None) -> list[Path]:
    """The file written, if any; the version of snnviz is added."""
    from snnviz._version import __version__
    from snnviz.files import json_bytes

    values = {"snnviz": __version__, **values}
    return write_text(json_bytes(values).decode(), path)


def write_text(text: str, path: Path | None) -> list[Path]:
    """The file written, if any; what goes to stdout is printed."""
    from snnviz.files import write_bytes

    if path == STDOUT:
        say(text, end_line=False)
    return [write_bytes(text.encode(), path)] if path not in (None, STDOUT) else []


@contextmanager
def _drawn(
    draw: "Callable[[], Mapping[str, Figure]]",
    folder: "OutputFolder | None",
    formats: tuple[str, ...],
) -> Iterator[list[Path]]:
    """The figures written, if any; they count as whole once the block has written the rest."""
    if folder is None:
        yield []
        return
    from snnviz.export import render_figures, settled

    with settled():
        content = render_figures(draw(), formats)
    with folder.replaced(content) as paths:
        yield paths


def table(rows: "Sequence[Sequence[str]]") -> list[str]:
    """Rows as lines, their head first; columns that hold nothing but "-" are left out."""
    from snnviz.display import aligned

    columns = [column for column in zip(*rows, strict=True) if set(column[1:]) != {"-"}]
    return aligned(list(zip(*columns, strict=True)), left={0})
