"""Predictions that a thread finds, against those that one waits for."""

import warnings

import numpy as np
import pytest

from snnviz.data import Sample, garments
from snnviz.errors import ShapeError
from snnviz.scoring import beside
from snnviz.scoring.beside import predicted_beside
from snnviz.scoring.evaluation import with_predictions
from snnviz.tutorial import acceleration
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively


@pytest.fixture
def net():
    return lively(build_network(NetworkConfig(T=4, channels=8), seed=0))


@pytest.mark.parametrize("worth", [0, float("inf")])
def test_they_are_those_of_with_predictions(worth, net, monkeypatch):
    samples = list(garments(30).samples(range(30)))
    expected = [sample.predicted for sample in with_predictions(net, samples)]
    monkeypatch.setattr(acceleration, "_WORTH_COUNTING", worth)
    monkeypatch.setattr(beside, "_BATCH", 7)
    with warnings.catch_warnings(action="error"):
        found = predicted_beside(net, samples)()
    assert [sample.predicted for sample in found] == expected
    assert [sample.index for sample in found] == list(range(30))
    assert len(set(expected)) > 1


def test_ties_of_silence_are_said_by_who_waits(net):
    for parameter in net.fc.parameters():
        parameter.data.zero_()
    wait = predicted_beside(net, list(garments(5).samples(range(5))))
    with pytest.warns(UserWarning, match="for 5 of 5 images: the class 0") as said:
        assert {sample.predicted for sample in wait()} == {0}
    assert len(said) == 1


def test_errors_come_to_who_waits(net):
    wait = predicted_beside(net, [Sample(0, np.zeros((5, 9), np.uint8))])
    with pytest.raises(ShapeError, match="28, 28"):
        wait()
