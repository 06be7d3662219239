"""The command line as tests use it: in this process, in one of its own, and in several ranks."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import snnviz
from snnviz.cli import main

_PACKAGE = Path(snnviz.__file__).resolve().parent


def status_of(*arguments):
    """The exit status of `snnviz ARGUMENTS`, run in this process."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def process(*arguments, module=("snnviz",), **options):
    """`snnviz ARGUMENTS`, or another module's, once its process has ended."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, module), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def ranks(count, *arguments, script=("-m", "snnviz")):
    """The same in `count` processes that share the work, each on one thread."""
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", count)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return process(*arguments, module=(*launcher, *script), env=environment)


def start(*arguments, prepare=None, **options):
    """`snnviz ARGUMENTS` in a process that runs on; `prepare` is called in it first."""
    return subprocess.Popen(
        [sys.executable, "-m", "snnviz", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare or restore_interrupt,  # noqa: PLW1509 - nothing threaded runs here
        **options,
    )


def restore_interrupt():
    """Whoever runs the tests in the background has Ctrl-C ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def one_line(text):
    """`text`, which is one line of ours."""
    assert text.count("\n") == 1, text
    assert text.startswith("snnviz: ")
    return text


def one_line_of_ranks(text):
    """The one line of ours in what ranks and torchrun wrote; no traceback leads into the package.

    torchrun adds a report of its own. Folders may be called anything, `snnviz` above all.
    """
    lines = [line for line in text.splitlines() if line.startswith("snnviz: ")]
    assert len(lines) == 1, text
    assert not frames_of_ours(text), text
    return lines[0]


def frames_of_ours(text):
    """The package's files that tracebacks in `text` name."""
    files = re.findall(r'File "([^"]+)", line \d+', text)
    return [file for file in files if Path(file).resolve().is_relative_to(_PACKAGE)]
