"""What runs leave in a folder of pictures, by which `snnviz.folders` knows their files."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from snnviz.data import Sample
from snnviz.export.options import CAPTION_FORMS, COMPARISON, FORMATS, KINDS, FigureSetOptions
from snnviz.folders import Layout

DRAWN = tuple(form for form in FORMATS if form != "npz")
"""The formats of a figure."""


def _one_of(names: Iterable[str]) -> str:
    return "|".join(name.replace("{t}", r"\d+") for name in names)


_PICTURES = _one_of([*(name for names in KINDS.values() for name in names), COMPARISON])
_WRITTEN = _one_of((*DRAWN, *CAPTION_FORMS))


def _listed(manifest: Mapping[str, object]) -> Iterator[object]:
    """The files of all figure sets, and what belongs to all of them together."""
    for entry in _list(manifest.get("sets")):
        if isinstance(entry, dict):
            for name in _list(entry.get("files")):
                yield f"{entry.get('folder')}/{name}"
    for key in ("sheets", "kernels"):
        yield from _list(manifest.get(key))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _unlisted(folder: Path) -> Iterator[str]:
    """The files of an interrupted run of an earlier version, whose mark did not list them."""
    if (folder / SETS.mark).exists():
        for path in [*folder.glob("*"), *folder.glob("[0-9]*/*")]:
            yield path.relative_to(folder).as_posix()


SETS = Layout(
    run="an export",
    manifest="manifest.json",
    mark=".unfinished.json",
    owned=re.compile(
        rf"\d{{5,}}/((input|composed|{_PICTURES})"
        rf"\.({_WRITTEN})|counts\.npz)|kernels\.({_WRITTEN})|sheet_\d{{3,}}\.({_one_of(DRAWN)})"
    ),
    listed=_listed,
    results=("sets", "sheets", "kernels"),
    unlisted=_unlisted,
    resumes=True,
)
"""What a folder of figure sets holds."""


def set_folder(sample: Sample) -> str:
    """The name of the folder of an image."""
    return f"{sample.index:05d}"


def planned_files(samples: Sequence[Sample], options: FigureSetOptions) -> Iterator[str]:
    """The names of all files that an export of these samples writes, but for the manifest."""
    for sample in samples:
        for name in options.file_names:
            yield f"{set_folder(sample)}/{name}"
    yield from options.kernel_files
    if options.sheet:
        from snnviz.export.sheets import sheet_names  # noqa: PLC0415 - matplotlib

        yield from sheet_names(samples, options)


def figures_layout(
    run: str, key: str, names: Sequence[str], always: Sequence[str], argument: str = "out_dir"
) -> Layout:
    """What a folder of single figures holds.

    Args:
        run: What to call the run that draws them, with its article.
        key: What tells its files from those of other runs: part of their names.
        names: The figures that there may be.
        always: Those that are always there: by them an earlier version's are told from others'.
        argument: What the user names the folder with, for errors.
    """

    def unlisted(folder: Path) -> Iterator[str]:
        for form in DRAWN:
            if all((folder / f"{name}.{form}").is_file() for name in always):
                yield from (f"{name}.{form}" for name in names)

    owned = re.compile(rf"({_one_of(names)})\.({_one_of(DRAWN)})")
    return Layout(
        run=run,
        manifest=f"manifest_{key}.json",
        mark=f".unfinished_{key}.json",
        owned=owned,
        unlisted=unlisted,
        argument=argument,
    )
