"""One input, read in a process of its own: with limits, and watched for all it must not do.

A reader runs in a fork of this process, which has the libraries loaded already. Linux only.
"""

import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from snnviz.errors import SnnvizError

OPENED, REFUSED = "opened", "refused"
# What must never happen, the worst first.
CODE, SIGNAL, MEMORY, TIME, TRACEBACK, LINES = (
    "ran code",
    "signal",
    "memory",
    "time",
    "traceback",
    "lines",
)
FAULTS = (CODE, SIGNAL, MEMORY, TIME, TRACEBACK, LINES)
# No reader imports these, and none is imported by what it uses: only a file may ask for them.
SENTINEL = "fuzz_sentinel"
NAMED_MODULES = (SENTINEL, "antigravity", "this", "turtledemo", "idlelib", "lib2to3", "venv")
# The folder that a reader may write to.
OUT = "out"
# Raised by the interpreter when a program, a connection or an unpickled name is asked for.
_FORBIDDEN = {
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn",
    "subprocess.Popen", "socket.connect", "socket.getaddrinfo", "pickle.find_class",
    "webbrowser.open",
}  # fmt: skip
# How torch, NumPy and C++ say that memory ran out, where it is no MemoryError.
_OUT_OF_MEMORY = ("DefaultCPUAllocator", "bad_alloc", "Cannot allocate memory")
_LONGEST_LINE = 2000


@dataclass(frozen=True)
class Limits:
    """What reading an input may take.

    Attributes:
        memory: Bytes of memory beyond those that the fork has to begin with. Of address space there
            is half as much again: threads take some that they never use.
        seconds: Of processor time. Three times as many may pass: other programs run as well.
    """

    memory: int = 1 << 30
    seconds: float = 20


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes:
        verdict: `OPENED`, `REFUSED` or one of `FAULTS`.
        detail: The message, or what is wrong.
        memory: Bytes of memory at most, beyond what the fork had to begin with.
        seconds: Of processor time.
    """

    verdict: str
    detail: str
    memory: int
    seconds: float


def run(read: Callable[[Path], None], folder: Path, limits: Limits) -> Outcome:
    """What `read(folder)` does, in a fork.

    Args:
        read: Returns where it opens the input, raises a `SnnvizError` where it refuses it, or
            leaves through `SystemExit` as a command does.
        folder: Holds the input, and nothing else; it is the working folder meanwhile.
        limits: What it may take.
    """
    before = _files(folder)
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        _serve(read, folder, limits, send)
    os.close(send)
    with open(receive, "rb") as pipe:  # noqa: PTH123 - a descriptor
        said = pipe.read()
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    verdict, detail, own = _judge(said, status)
    memory = usage.ru_maxrss * 1024 - own
    if memory > limits.memory and verdict not in (CODE, SIGNAL):
        verdict, detail = MEMORY, f"{memory >> 20} MiB; {detail}"
    if left := sorted(_files(folder) ^ before):
        verdict, detail = CODE, f"left or removed {', '.join(left)}"
    return Outcome(verdict, detail, memory, seconds)


def _files(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {name for name in names if Path(name).parts[0] != OUT}


def _sizes() -> tuple[int, int]:
    """Bytes of address space and of memory that this process has."""
    pages = Path("/proc/self/statm").read_text().split()[:2]
    space, resident = (int(count) * resource.getpagesize() for count in pages)
    return space, resident


def _judge(said: bytes, status: int) -> tuple[str, str, int]:
    """Verdict, detail and first size of a child, from what it wrote and how it ended."""
    first, *rest = said.decode().splitlines()
    own = int(first)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number in (signal.SIGALRM, signal.SIGPROF):
        return TIME, "was stopped", own
    if number or not rest:
        end = signal.Signals(number).name if number else f"status {os.WEXITSTATUS(status)}"
        return SIGNAL, f"died: {end}", own
    verdict, detail = json.loads(rest[0])
    return verdict, detail, own


def _serve(read: Callable[[Path], None], folder: Path, limits: Limits, send: int) -> None:
    """The child: it ends here."""
    try:
        with tempfile.TemporaryFile() as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
            sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
            faulthandler.disable()
            os.chdir(folder)
            seen = _watch()
            space, resident = _sizes()
            os.write(send, b"%d\n" % resident)
            _limit(limits, space)
            verdict = _read(read, folder, output.fileno())
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
        if seen:
            verdict = CODE, ", ".join(seen[:5])
        os.write(send, json.dumps(verdict).encode()[:60_000])
    finally:
        os._exit(0)


def _watch() -> list[str]:
    """A list that fills with what is done and must not be."""
    seen: list[str] = []

    def hook(event: str, args: tuple) -> None:
        if event in _FORBIDDEN:
            seen.append(event)
        elif event == "import" and args[0].partition(".")[0] in NAMED_MODULES:
            seen.append(f"import {args[0]}")

    sys.addaudithook(hook)
    return seen


def _limit(limits: Limits, space: int) -> None:
    allowed = space + limits.memory + limits.memory // 2
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.memory, limits.memory))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    signal.setitimer(signal.ITIMER_REAL, 3 * limits.seconds)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def _read(read: Callable[[Path], None], folder: Path, output: int) -> tuple[str, str]:
    try:
        read(folder)
    except SnnvizError as error:
        verdict = _refusal(error, str(error))
    except SystemExit as error:
        sys.stdout.flush()
        sys.stderr.flush()
        verdict = _ending(error.code, os.pread(output, 1 << 20, 0).decode(errors="replace"))
    except BaseException as error:  # noqa: BLE001 - all that would end in a traceback
        verdict = (MEMORY if _no_memory(error) else TRACEBACK), _where(error)
    else:
        verdict = OPENED, ""
    return verdict


def _refusal(error: BaseException, message: str) -> tuple[str, str]:
    if _no_memory(error):
        return MEMORY, f"asked for more than there is; {message}"
    fine = message.isprintable() and 0 < len(message) < _LONGEST_LINE
    return (REFUSED if fine else LINES), ascii(message[:_LONGEST_LINE])


def _ending(status: object, printed: str) -> tuple[str, str]:
    """Verdict on a command, from its exit status and all that it printed."""
    lines = printed.splitlines()
    if "Traceback" in printed:
        return TRACEBACK, lines[-1]
    if status in (None, 0):
        return OPENED, ""
    if "not enough memory" in printed:
        return MEMORY, printed
    if len(lines) != 1 or not lines[0].startswith("snnviz: ") or not lines[0].isprintable():
        return LINES, f"status {status}, {len(lines)} lines: {printed[:_LONGEST_LINE]!a}"
    return REFUSED, ascii(lines[0])


def _no_memory(error: BaseException | None) -> bool:
    """Whether it, or one that it was raised from, says that memory ran out."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or any(word in str(error) for word in _OUT_OF_MEMORY):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _where(error: BaseException) -> str:
    """The error, and the last line of our own that it passed."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}snnviz{os.sep}" in code.co_filename:
            place = f" at {code.co_filename.rpartition('snnviz' + os.sep)[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:300]!a}{place}"
