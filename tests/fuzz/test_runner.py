"""The watch itself: each kind of fault is seen, and nothing else is taken as one."""

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import time

import pytest

from snnviz.errors import DataError
from tests.fuzz.runner import (
    CODE,
    LINES,
    MEMORY,
    OPENED,
    OUT,
    REFUSED,
    SENTINEL,
    SIGNAL,
    TIME,
    TRACEBACK,
    Limits,
    run,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and counts as Linux has")
QUICK = Limits(memory=1 << 30, seconds=0.2)
SMALL = Limits(memory=100 << 20)


def fail(error):
    raise error


def refuse(_folder):
    raise DataError("a.png is no picture; give another one")


def out_of_memory(_folder):
    try:  # more than a process has free that did other things before
        bytearray(64 << 30)
    except MemoryError:
        raise DataError("a.png is no picture") from None


def call_library(_folder):
    ctypes.string_at(0)


def leave(line, status=1):
    def read(_folder):
        sys.stderr.write(f"{line}\n")
        sys.exit(status)

    return read


def import_and_forget(_folder):
    try:
        __import__(SENTINEL)
    except ImportError:
        raise DataError("no such class") from None


def write_out(folder):
    (folder / OUT).mkdir()
    (folder / OUT / "a.png").write_bytes(b"")


FAULTS = {
    "imports a module": (import_and_forget, CODE, f"import {SENTINEL}"),
    "calls the shell": (lambda _f: os.system("true"), CODE, "os.system"),
    "starts a program": (lambda _f: subprocess.run(["true"], check=True), CODE, "subprocess.Popen"),
    "writes a file": (lambda f: (f / "ran").touch(), CODE, "left or removed ran"),
    "removes a file": (lambda f: (f / "input").unlink(), CODE, "left or removed input"),
    "allocates": (lambda _f: bytearray(64 << 30), MEMORY, "MemoryError"),
    "allocates and refuses": (out_of_memory, MEMORY, "asked for more"),
    "raises": (lambda _f: fail(KeyError("weight")), TRACEBACK, "KeyError"),
    "recurses": (lambda _f: fail(RecursionError("maximum")), TRACEBACK, "RecursionError"),
    "aborts": (lambda _f: os.abort(), SIGNAL, "SIGABRT"),
    "reads nowhere": (call_library, SIGNAL, "SIGSEGV"),
    "is killed": (lambda _f: os.kill(os.getpid(), signal.SIGKILL), SIGNAL, "SIGKILL"),
    "ends the process": (lambda _f: os._exit(0), SIGNAL, "status 0"),
    "two lines": (lambda _f: fail(DataError("a\nb")), LINES, "a\\nb"),
    "escapes": (lambda _f: fail(DataError("\x1b[31m")), LINES, "x1b"),
    "no end of words": (lambda _f: fail(DataError("a " * 2000)), LINES, "a a"),
    "says nothing": (lambda _f: fail(DataError("")), LINES, ""),
    "command of two lines": (leave("snnviz: no\nsuch file"), LINES, "2 lines"),
    "command of another's line": (leave("libtiff: no"), LINES, "libtiff"),
    "command with a traceback": (leave("Traceback (most recent call last):\nKeyError"),
                                 TRACEBACK, "KeyError"),
    "command out of memory": (leave("snnviz: not enough memory"), MEMORY, "memory"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "input").write_bytes(b"a")
    return tmp_path


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_seen(folder, kind):
    read, verdict, detail = FAULTS[kind]
    outcome = run(read, folder, SMALL)
    assert outcome.verdict == verdict
    assert detail in outcome.detail


@pytest.mark.parametrize(
    "wait", [lambda _f: time.sleep(60), lambda _f: [None for _ in iter(int, 1)]]
)
def test_what_takes_too_long_is_stopped(folder, wait):
    assert run(wait, folder, QUICK).verdict == TIME


def test_memory_within_the_address_space_counts_where_it_is_touched(folder):
    def touch(_folder):
        mapped = mmap.mmap(-1, 120 << 20)  # new, where a heap may have as much to give
        for page in range(0, len(mapped), mmap.PAGESIZE):
            mapped[page] = 1

    outcome = run(touch, folder, SMALL)
    assert outcome.verdict == MEMORY
    assert 110 << 20 < outcome.memory < 140 << 20
    # Allocated, and never written to.
    assert run(lambda _f: mmap.mmap(-1, 120 << 20), folder, SMALL).verdict == OPENED


def test_what_is_no_fault(folder):
    assert run(refuse, folder, SMALL).verdict == REFUSED
    assert run(lambda _f: None, folder, SMALL).verdict == OPENED
    assert run(write_out, folder, SMALL).verdict == OPENED
    assert run(leave("snnviz: no such file; name another"), folder, SMALL).verdict == REFUSED
    assert run(leave("snnviz: assumed a neuron\nsnnviz: wrote", 0), folder, SMALL).verdict == OPENED
