"""Fixtures of the export tests."""

import pytest

from snnviz.adapters.network import split_encoder


@pytest.fixture
def encoder(network):
    return split_encoder(network)


@pytest.fixture
def samples(drawn_images):
    return list(drawn_images.samples([3, 17]))
