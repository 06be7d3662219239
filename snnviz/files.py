"""Files that are whole or absent: write beside the target, flush to disk, rename over it."""

import errno
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from snnviz.errors import DiskFullError, ExportError

# What the name of a file that is not whole ends with.
PART = ".part"
# What keeps a folder for one run, while it lasts.
LOCK = ".lock"
# No room on the disk, or no more for this user.
_FULL = {errno.ENOSPC, errno.EDQUOT}
# What Windows says of a file that a virus scanner or an indexer is looking at.
_IN_USE = {5, 32}


def json_bytes(values: object) -> bytes:
    r"""Plain values as the text of a JSON file; a number that JSON does not know is a ValueError.

    Example:
        >>> json_bytes({"T": 8})
        b'{\n "T": 8\n}\n'
    """
    return (json.dumps(values, indent=1, allow_nan=False) + "\n").encode()


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears at `path` only when the block ends without an error.

    The bytes go to a temporary file in the same folder, are flushed to disk (fsync) and renamed
    over `path`; a reader sees the old file or the whole new one, and a failure leaves neither a
    half-written file nor a temporary one.

    Raises:
        ExportError: The folder cannot be written to, or the disk is full.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; give this one what open() would have given it. Some mounts
        # have no such rights to give.
        with suppress(OSError):
            temporary.chmod(0o666 & ~_umask())
        _rename(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(data: bytes | memoryview, path: Path, *, durable: bool = True) -> Path:
    """`path`, which holds `data` afterwards, whole or not at all.

    Args:
        data: The bytes.
        path: Where to.
        durable: Flush to disk first, so that the file survives a loss of power as well. Without,
            it survives whatever can happen to this process, and thousands of small files take a
            fraction of the time.

    Raises:
        ExportError: The folder cannot be written to, or the disk is full.
    """
    if durable:
        with atomic_write(path) as file:
            file.write(data)
        return path
    # Another process that writes the same file does not write to this one.
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        temporary.write_bytes(data)
        _rename(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        # Whatever broke it off, Ctrl-C too; once it is renamed there is nothing to take away.
        with suppress(OSError):
            temporary.unlink()
    return path


def _rename(temporary: Path, path: Path) -> None:
    """Put one over the other; on Windows, where others look into new files, after a moment."""
    for moment in (0.02, 0.05, 0.1, 0.2, 0.5):
        try:
            temporary.replace(path)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
            time.sleep(moment)
        else:
            return
    temporary.replace(path)


def cannot_write(path: Path, error: OSError) -> ExportError:
    """The error that says so, with the remedy that fits."""
    reason = error.strerror or error
    if error.errno in _FULL:
        return DiskFullError(f"cannot write {path}: {reason}; free some space")
    return ExportError(f"cannot write {path}: {reason}; choose another place")


def _umask() -> int:
    # The only portable way to read the umask is to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def make_folder(path: Path, *, argument: str) -> Path:
    """`path`, which is a folder that exists and can be written to afterwards.

    Args:
        path: The folder.
        argument: What the user names it with, for the error.

    Raises:
        ExportError: It is a file, or the folder cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot make the folder {path}: {error.strerror or error}"
        if error.errno in _FULL:
            raise DiskFullError(f"{reason}; free some space") from error
        raise ExportError(reason, _another(argument)) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ExportError(f"the folder {path} is not writable", _another(argument))
    return path


def _another(argument: str) -> str:
    return f"choose another with `{argument}`"


@contextmanager
def locked(
    folder: Path, busy: ExportError | None = None, *, argument: str, name: str = LOCK
) -> Iterator[None]:
    """Keep `folder` for the length of the block; another process is turned away, or waits.

    The system gives the lock back when a process ends, however it ends. On a file system without
    locks the file alone says that there is a run, and stays where that is killed.

    Args:
        folder: A folder that exists; it holds a file of that name meanwhile.
        busy: The error where another process has it; None waits for its end.
        argument: What the user names the folder with, for the error.
        name: The file.

    Raises:
        ExportError: Another process has it, or the folder cannot be written to.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 50 ms that most commands can do without

    lock = FileLock(folder / name)
    try:
        lock.acquire(blocking=busy is None)
    except Timeout as error:
        assert busy is not None  # noqa: S101 - else it waits
        raise busy from error
    except OSError as error:
        raise ExportError(
            f"cannot lock {folder}: {error.strerror or error}", _another(argument)
        ) from error
    try:
        yield
    finally:
        # Before it is released, so that it is not another process's that is deleted. Where that
        # cannot be (Windows; a folder that is no longer writable) an empty file stays.
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
        lock.release()


def remove(path: Path, *, argument: str) -> None:
    """Delete the file at `path`, if there is one.

    Args:
        path: The file.
        argument: What the user names its folder with, for the error.

    Raises:
        ExportError: It cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except NotADirectoryError:  # what should be its folder is a file
        pass
    except OSError as error:
        raise ExportError(
            f"cannot delete {path}: {error.strerror or error}", _another(argument)
        ) from error


def check_free(path: Path, *, overwrite: bool, argument: str) -> None:
    """Raises unless `path` is missing or an empty folder, or `overwrite` allows what it holds.

    Args:
        path: Where a folder is to be.
        overwrite: Whether it may hold something.
        argument: What the user names it with, for the error.

    Raises:
        ExportError: It is a file, or a folder that is not empty.
    """
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file, not a folder", _another(argument))
    if not overwrite and path.is_dir() and any(path.iterdir()):
        raise ExportError(
            f"the folder {path} is not empty", _another(argument), "pass `overwrite=True`"
        )


def check_absent(path: Path, *, overwrite: bool, argument: str) -> None:
    """Raises unless there is no file at `path`, or `overwrite` allows one.

    Args:
        path: Where a file is to be.
        overwrite: Whether one may be there.
        argument: What the user names it with, for the error.

    Raises:
        ExportError: It is a folder or a device, or a file that is not to be overwritten.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder, not a file", _another(argument))
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is not a regular file", _another(argument))
    if path.exists() and not overwrite:
        raise ExportError(f"{path} is there already", _another(argument), "pass `overwrite=True`")


def printable(name: str) -> str:
    """`name` as text of one line that UTF-8 can hold.

    A file's name may hold bytes that are no text, and characters that end a line.
    """
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


def path_ends(path: Path) -> list[str]:
    """The name of a path, and then with one folder more each, up to the whole path.

    Example:
        >>> path_ends(Path("/runs/a/max.pth"))[:2]
        ['max.pth', 'a/max.pth']
    """
    parts = path.resolve().parts
    return ["/".join(parts[-depth:]) for depth in range(1, len(parts) + 1)]
