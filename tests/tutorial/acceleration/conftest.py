"""What all tests of the fast network need."""

import ctypes
import ctypes.util
import os
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def _two_threads() -> Iterator[None]:
    """Threads share what a region writes; elsewhere tests run on one."""
    name = ctypes.util.find_library("gomp")  # which the regions are linked with, and torch is not
    setters = [torch.set_num_threads]
    if name is not None and os.name == "posix":
        setters.append(ctypes.CDLL(name).omp_set_num_threads)
    before = torch.get_num_threads()
    for setter in setters:
        setter(2)
    yield
    for setter in setters:
        setter(before)
