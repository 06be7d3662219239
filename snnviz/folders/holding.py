"""Which folder a run may take, and that it is that run's alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from snnviz.errors import ExportError
from snnviz.files import LOCK, PART, check_absent, check_free, locked, make_folder, remove
from snnviz.folders.layout import Layout
from snnviz.folders.output import OutputFolder


@contextmanager
def hold_folder(
    folder: Path, layout: Layout, *, overwrite: bool, resume: bool = False
) -> Iterator[OutputFolder]:
    """Keep `folder` for this run for the length of the block; nothing in it changes yet.

    Args:
        folder: Where the files go; it is made.
        layout: What is going to be written.
        overwrite: Take a folder that is not empty.
        resume: Take one that holds a run of this kind.

    Raises:
        ExportError: The folder holds something else, is in use by another run, or cannot be
            written to.
    """
    check_folder(folder, layout, overwrite=overwrite, resume=resume)
    make_folder(folder, argument=layout.argument)
    busy = _busy(f"another run is writing to {folder}", layout.argument)
    with locked(folder, busy, argument=layout.argument):
        # Once more: the other run may have ended only now.
        check_folder(folder, layout, overwrite=overwrite, resume=resume)
        output = OutputFolder(folder, layout)
        for part in list(_parts(folder, layout)):
            remove(part, argument=layout.argument)
        yield output


def _busy(fact: str, argument: str) -> ExportError:
    return ExportError(fact, "wait for its end", f"choose another `{argument}`")


@contextmanager
def hold_file(path: Path, *, overwrite: bool, argument: str) -> Iterator[None]:
    """Keep `path` for this run for the length of the block, which writes it whole.

    Args:
        path: Where the file goes; its folder is made.
        overwrite: Whether there may be a file.
        argument: What the user names it with, for errors.

    Raises:
        ExportError: It is there and not to be overwritten, another run is about to write it, or
            it cannot be written.
    """
    check_absent(path, overwrite=overwrite, argument=argument)
    folder = make_folder(path.parent, argument=argument)
    busy = _busy(f"another run is writing {path}", argument)
    with locked(folder, busy, argument=argument, name=f".{path.name}{LOCK}"):
        check_absent(path, overwrite=overwrite, argument=argument)
        for part in list(folder.glob(f".{escape(path.name)}.*{PART}")):
            remove(part, argument=argument)
        yield


def check_folder(folder: Path, layout: Layout, *, overwrite: bool, resume: bool = False) -> None:
    """Raises unless a run may begin in `folder`, or one may be there to go on with.

    Args:
        folder: Where the files are to go.
        layout: What is going to be written.
        overwrite: Whether the folder may hold something.
        resume: Whether it may hold a run of this kind.

    Raises:
        ExportError: It is a file, or holds something that is not to be overwritten.
    """
    unfinished = (folder / layout.mark).exists()
    if unfinished and not overwrite and not (resume and layout.resumes):
        remedies = (
            ("go on with `resume=True`", "pass `overwrite=True`")
            if layout.resumes
            else ("begin it anew with `overwrite=True`",)
        )
        raise ExportError(f"{folder} holds {layout.run} that was interrupted", *remedies)
    is_run = unfinished or (folder / layout.manifest).exists()
    allowed = overwrite or (resume and is_run) or is_untouched(folder, layout)
    check_free(folder, overwrite=allowed, argument=layout.argument)


def is_untouched(folder: Path, layout: Layout) -> bool:
    """Whether `folder` holds no more than a run leaves that is killed before it has begun."""
    return folder.is_dir() and all(
        path.name.startswith(".") and (path.name.endswith(LOCK) or _is_part(path, folder, layout))
        for path in folder.iterdir()
    )


def _parts(folder: Path, layout: Layout) -> Iterator[Path]:
    """What a run of this kind that was killed was writing."""
    inside = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    for where in (folder, *inside):
        for path in where.glob(f".*{PART}"):
            if _is_part(path, folder, layout):
                yield path


def _is_part(path: Path, folder: Path, layout: Layout) -> bool:
    """Whether it is the beginning of a file that such runs write."""
    name = path.name[1:].removesuffix(PART).rpartition(".")[0]
    whole = path.with_name(name or "-").relative_to(folder).as_posix()
    own = whole in (layout.mark, layout.manifest) or layout.owned.fullmatch(whole) is not None
    return own and path.name.endswith(PART)
