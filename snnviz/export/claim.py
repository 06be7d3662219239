"""The folder of an export: taken for one run, and taken up again after an interruption.

What makes a run (options, checkpoint, images, versions) is its identity. It stands in a hidden file
while the run lasts and in the manifest afterwards, so that a run is continued with what it was
begun with, or not at all. A lock beside it, which goes with the run, keeps a second one out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from snnviz.errors import ConfigError, ExportError
from snnviz.files import LOCK, PART, check_free, locked, make_folder, remove, write_bytes

MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished.json"

Identity = Mapping[str, Any]


@contextmanager
def claim(
    folder: Path, identity: Identity, stale: Iterable[Path], *, overwrite: bool, resume: bool
) -> Iterator[None]:
    """Make `folder` this run's for the length of the block, or raise and leave it as it is.

    Args:
        folder: Where the figure sets go.
        identity: What makes the run; plain values.
        stale: Files that would pass for this run's own; taken away where a run begins over them.
        overwrite: Take a folder that is not empty.
        resume: Go on with a run of the same identity that was interrupted, or check a finished
            one; a folder that is missing or empty is begun.

    Raises:
        ExportError: The folder holds something else, is in use by another run, or cannot be
            written to.
        ConfigError: It holds a run of another identity.
    """
    check_folder(folder, overwrite=overwrite, resume=resume)
    make_folder(folder)
    busy = f"another run is writing to {folder}; wait for its end, or choose another --out-dir"
    with locked(folder, busy):
        _begin(folder, identity, stale, overwrite=overwrite, resume=resume)
        yield


def _begin(
    folder: Path, identity: Identity, stale: Iterable[Path], *, overwrite: bool, resume: bool
) -> None:
    """Mark `folder`, which no other run is writing to, as this run's; see `claim`."""
    # Once more: the other run may have ended only now.
    check_folder(folder, overwrite=overwrite, resume=resume)
    if resume and (earlier := _earlier(folder)) is not None:
        changed = [key for key in {**identity, **earlier} if identity.get(key) != earlier.get(key)]
        if changed:
            raise ConfigError(
                f"{folder} was begun with other {_differences(identity, earlier, changed)}; "
                "repeat those, or choose another --out-dir"
            )
        stale = ()  # they are this run's own
    elif not overwrite:
        stale = ()  # nothing is there
    # Before the folder is marked as this run's: once it is, a file that is there is whole.
    for path in chain(stale, _temporary(folder)):
        remove(path)
    write_bytes(_dump(identity), folder / _UNFINISHED)
    (folder / MANIFEST).unlink(missing_ok=True)


def _temporary(folder: Path) -> Iterator[Path]:
    """What a run that was killed was writing: in `folder`, or in that of an image."""
    for where in ("", "[0-9]*/"):
        yield from list(folder.glob(f"{where}.*{PART}"))


def check_folder(folder: Path, *, overwrite: bool, resume: bool) -> None:
    """Nothing, if a run may begin in `folder`, or one may be there to go on with.

    Raises:
        ExportError: It is a file, or holds something that is not to be overwritten.
    """
    unfinished = (folder / _UNFINISHED).exists()
    if unfinished and not overwrite and not resume:
        raise ExportError(
            f"{folder} holds an interrupted run; go on with --resume, or pass --overwrite"
        )
    resumable = resume and (unfinished or (folder / MANIFEST).exists())
    # All that a run leaves that is killed before it has begun.
    only_lock = folder.is_dir() and {path.name for path in folder.iterdir()} == {LOCK}
    check_free(folder, overwrite=overwrite or resumable or only_lock)


def finish(folder: Path, identity: Identity, contents: dict[str, Any]) -> Path:
    """The manifest of a finished run: its identity, and all that is in the folder."""
    manifest = write_bytes(_dump({**identity, **contents}), folder / MANIFEST)
    (folder / _UNFINISHED).unlink(missing_ok=True)
    return manifest


def _earlier(folder: Path) -> dict[str, Any] | None:
    """The identity of the run that `folder` holds, None where it holds none."""
    for path in (folder / _UNFINISHED, folder / MANIFEST):
        try:
            earlier = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            raise ExportError(
                f"cannot read {path}: {error}; delete the folder and start again"
            ) from error
        if isinstance(earlier, dict):
            return {
                key: value
                for key, value in earlier.items()
                if key not in ("sets", "sheets", "kernels")
            }
    return None


def _differences(identity: Identity, earlier: Identity, changed: list[str]) -> str:
    """The values that differ, the first few, as "name (was X, is Y)"."""
    texts = []
    for key in changed:
        new, old = identity.get(key), earlier.get(key)
        if isinstance(new, dict) and isinstance(old, dict):
            inner = [name for name in {**new, **old} if new.get(name) != old.get(name)]
            texts += [f"{name} (was {old.get(name)}, is {new.get(name)})" for name in inner]
        else:
            texts.append(f"{key} (was {str(old)[:16]}, is {str(new)[:16]})")
    return ", ".join(texts[:3])


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
