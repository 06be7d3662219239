"""What a process that is killed leaves of a folder, without killing one.

SIGKILL leaves the files as they are at that moment: so a copy of the folder before each call that
touches a file in it is what a kill just there would have left.
"""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

# Of `sys.addaudithook`, whose hooks stay: those of calls that change files.
_CALLS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link"}
_watched = []
_installed = []


def _note(event, arguments):
    if _watched and event in _CALLS:
        folder, seen = _watched[-1]
        names = [name for name in arguments if isinstance(name, (str, os.PathLike))]
        if any(Path(name).is_relative_to(folder) for name in map(os.fspath, names)):
            watched, _watched[:] = list(_watched), []  # to look touches files, too
            try:
                state = contents(folder)
                if state not in seen:
                    seen.append(state)
            finally:
                _watched[:] = watched


def contents(folder):
    """Every file below `folder` with its bytes, and every folder with None."""
    found = {}
    for path in sorted(folder.rglob("*")):
        found[str(path.relative_to(folder))] = None if path.is_dir() else path.read_bytes()
    return found


def restore(state, folder):
    """Make of `folder`, which is not there, what it was."""
    folder.mkdir(parents=True)
    for name, data in state.items():
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


@contextmanager
def states(folder):
    """All different states that `folder` goes through in the block, as `contents` tells them."""
    if _note not in _installed:
        sys.addaudithook(_note)
        _installed.append(_note)
    seen = [contents(folder)]
    _watched.append((folder, seen))
    try:
        yield seen
    finally:
        _watched.clear()
