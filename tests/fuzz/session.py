"""Inputs made and read, one after the other."""

import gc
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

import snnviz.cli.visualize  # noqa: F401 - so that no fork has to import it
from tests.fuzz.inputs import Input, make
from tests.fuzz.readers import READERS, command
from tests.fuzz.runner import SENTINEL, Limits, Outcome, run

# Leaves a trace wherever it is imported.
_SENTINEL = "open('ran', 'w').close()\n\n\nclass Thing:\n    pass\n"


def outcomes(seed: int, numbers: Iterable[int]) -> Iterator[tuple[Input, Outcome]]:
    """Each input, and what became of it."""
    torch.set_num_threads(1)  # the pool of threads would not survive a fork
    with tempfile.TemporaryDirectory() as modules:
        Path(modules, f"{SENTINEL}.py").write_text(_SENTINEL)
        sys.path.insert(0, modules)
        try:
            gc.freeze()
            for number in numbers:
                yield _read(make(seed, number))
        finally:
            sys.path.remove(modules)


def _read(made: Input) -> tuple[Input, Outcome]:
    read = command(made.kind) if made.by_command else READERS[made.kind]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made.write(folder)
        return made, run(read, folder, Limits())
