"""Fixtures of the checkpoint tests."""

import sys

import pytest
import torch

from tests.tutorial.layouts.networks import CLASSES_OF_FILES, installed


@pytest.fixture
def save(tmp_path):
    """Write an object with torch.save as a file, and return its path."""

    def write(value, *, legacy=False):
        path = tmp_path / "some.pth"
        with installed(*CLASSES_OF_FILES):
            torch.save(value, path, _use_new_zipfile_serialization=not legacy)
        return path

    return write


@pytest.fixture(autouse=True)
def _nothing_imported():
    yield
    assert not {item.__module__ for item in CLASSES_OF_FILES} & sys.modules.keys()


@pytest.fixture(autouse=True, scope="package")
def _one_thread():
    # These tensors are tiny: to wake a second thread costs more than it saves.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
