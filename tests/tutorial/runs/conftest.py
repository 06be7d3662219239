"""Fixtures of the tests of runs."""

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Sums are rounded in another order with another number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
