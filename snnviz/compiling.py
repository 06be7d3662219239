"""C++ of this package, compiled for this machine when it is needed, and kept for the next time."""

import ctypes
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

# Apple's, which is the first there, has no OpenMP; GCC goes by its number beside it.
_COMPILERS = ("c++", "g++", "clang++", *(f"g++-{number}" for number in range(16, 10, -1)))
_FLAGS = ("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC")
_CPUINFO = Path("/proc/cpuinfo")


class CompilerError(Exception):
    """There is no compiler, or it cannot compile what it is given."""


def compiled(source: Path, *flags: str) -> ctypes.CDLL:
    """The library that a file of C++ becomes.

    It is kept in the user's folder of caches, `snnviz` in XDG_CACHE_HOME or ~/.cache, under a name
    that depends on source, flags, compiler and processor; where that folder is not the user's
    alone, or the processor does not say what it can, it is compiled each time.

    Args:
        source: The file, which names headers of its own in quotes.
        *flags: What the compiler is told besides the usual.

    Raises:
        CompilerError: It cannot be compiled here.
    """
    failures = []
    for command in _commands(flags):
        try:
            return _library(command, source)
        except OSError as error:
            failures.append(f"{command[0]} cannot compile: {error}")
        except CompilerError as error:
            failures.append(str(error))
    if not failures:
        names = os.environ.get("CXX", "").strip() or ", ".join(_COMPILERS)
        raise CompilerError(f"no C++ compiler ({names}) was found")
    remedy = " that knows OpenMP" if "-fopenmp" in flags else ""
    raise CompilerError(f"{failures[0]}; CXX can name a compiler{remedy}")


def kept(source: Path, *flags: str) -> bool:
    """Whether `compiled` would find the library that it kept, of the first compiler that is there.

    Args:
        source: As for `compiled`.
        *flags: As for `compiled`.
    """
    command = next(_commands(flags), None)
    place = None if command is None else _kept(command, source)
    return place is not None and _is_private(place)


def _commands(flags: tuple[str, ...]) -> Iterator[list[str]]:
    """The compilers that are there, as commands that want a source and a target."""
    stated = shlex.split(os.environ.get("CXX", ""), posix=os.name == "posix")
    for name, *options in [stated] if stated else [[name] for name in _COMPILERS]:
        if (compiler := shutil.which(name)) is not None:
            yield [compiler, *options, *_FLAGS, *flags]


def _library(command: list[str], source: Path) -> ctypes.CDLL:
    """What was kept, or else what the command makes, kept where there is a place."""
    if (kept := _kept(command, source)) is None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return _compile(command, source, Path(folder) / f"{source.stem}.so")
    if _is_private(kept):
        # What cannot be loaded is made anew.
        with suppress(OSError):
            return ctypes.CDLL(str(kept))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True, dir=kept.parent) as folder:
        made = Path(folder) / kept.name
        library = _compile(command, source, made)
        made.replace(kept)
    return library


def _kept(command: list[str], source: Path) -> Path | None:
    """Where a library is kept, in a folder that is the user's alone; None where there is none."""
    if os.name != "posix" or (processor := _processor()) is None:
        return None
    compiler = Path(command[0]).stat()
    sources = [path.read_bytes() for path in _with_headers(source)]
    made_of = (command, compiler.st_size, compiler.st_mtime_ns, processor, sources)
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        folder = Path(caches).expanduser() / "snnviz"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home
        return None
    if not (_is_private(folder) and os.access(folder, os.W_OK)):
        return None
    return folder / f"{source.stem}-{sha256(repr(made_of).encode()).hexdigest()[:32]}.so"


def _with_headers(source: Path) -> list[Path]:
    """The file, and the headers that it names in quotes, and that they name, each once."""
    found = [source]
    for path in found:
        named = re.findall(r'^#include "(.+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        headers = [(path.parent / name).resolve() for name in named]
        found += [header for header in dict.fromkeys(headers) if header not in found]
    return found


def _is_private(path: Path) -> bool:
    """Whether it is there, is this user's, and nobody else can write to it."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


@cache
def _processor() -> str | None:
    """What this processor is and can, which is what `-march=native` goes by; None: not known."""
    try:
        lines = _CPUINFO.read_text().split("\n\n")[0].splitlines()
    except OSError:
        return None
    known = {"vendor_id", "cpu family", "model", "model name", "flags", "Features", "CPU part"}
    said = [line for line in lines if line.partition(":")[0].strip() in known]
    return "\n".join(said) or None


def _compile(command: list[str], source: Path, target: Path) -> ctypes.CDLL:
    result = subprocess.run(  # noqa: S603
        [*command, str(source), "-o", str(target)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},  # so that an error is called one
    )
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "error" in line]
        lines = lines or [f"exit status {result.returncode}"]
        raise CompilerError(f"{command[0]} failed ({lines[0].strip()})")
    try:
        return ctypes.CDLL(str(target))
    except OSError as error:
        raise CompilerError(f"what {command[0]} compiled cannot be loaded ({error})") from error
