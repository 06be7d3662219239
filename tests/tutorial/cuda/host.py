"""The kernels' very source, compiled by a C++ compiler and run thread by thread on CPU tensors."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

from snnviz.tutorial.cuda.launching import SOURCE, compile_options

THREADS, BLOCKS = 32, 5


def compiler():
    """A C++ compiler, or None."""
    names = [os.environ["CXX"]] if "CXX" in os.environ else ["c++", "g++", "clang++"]
    return next(filter(None, map(shutil.which, names)), None)


@cache
def library(dtype, T):
    macros = [option for option in compile_options(dtype, T) if option.startswith("-D")]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "neurons.so"
        flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC"]
        source = ["-include", str(Path(__file__).with_name("host.h")), "-x", "c++", str(SOURCE)]
        subprocess.run(
            [compiler(), *flags, *macros, *source, "-o", str(target)],
            check=True,
            capture_output=True,
        )
        return ctypes.CDLL(str(target))


def launch(name, T, count, arguments):
    """As `launching.launch`, with so few threads that each takes several items."""
    kernels = library(arguments[0].dtype, T)
    kernel, place = getattr(kernels, name), kernels.place
    given = [_as_c(argument) for argument in arguments]
    blocks = min(BLOCKS, (count + THREADS - 1) // THREADS)
    for block in range(blocks):
        for thread in range(THREADS):
            place(thread, block, THREADS, blocks)
            kernel(*given)


def _as_c(argument):
    if isinstance(argument, torch.Tensor):
        assert argument.device.type == "cpu"
        return ctypes.c_void_p(argument.data_ptr())
    kind = ctypes.c_int64 if isinstance(argument, int) else ctypes.c_float
    return kind(argument)
