"""Predictions that a thread finds, against those that one waits for."""

import threading
import warnings

import numpy as np
import pytest

from snnviz.data import Sample, garments
from snnviz.errors import ShapeError
from snnviz.scoring import beside
from snnviz.scoring.beside import PredictedBeside
from snnviz.scoring.predicting import with_predictions
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
        found = PredictedBeside(net, samples)()
    assert [sample.predicted for sample in found] == expected
    assert [sample.index for sample in found] == list(range(30))
    assert len(set(expected)) > 1


def test_ties_of_silence_are_said_by_who_waits(net):
    for parameter in net.fc.parameters():
        parameter.data.zero_()
    wait = PredictedBeside(net, list(garments(5).samples(range(5))))
    with pytest.warns(UserWarning, match="for 5 of 5 images: the class 0") as said:
        assert {sample.predicted for sample in wait()} == {0}
    assert len(said) == 1


def test_errors_come_to_who_waits(net):
    wait = PredictedBeside(net, [Sample(0, np.zeros((5, 9), np.uint8))])
    with pytest.raises(ShapeError, match="28, 28"):
        wait()


def test_who_needs_no_answers_ends_the_thread_before_the_next_batch(net, monkeypatch):
    monkeypatch.setattr(beside, "_BATCH", 1)
    monkeypatch.setattr(acceleration, "_WORTH_COUNTING", float("inf"))
    begun, go_on, looked = threading.Event(), threading.Event(), []

    def of(_self, samples):
        begun.set()
        assert go_on.wait(60)
        looked.append(samples[0].index)
        return [0] * len(samples)

    monkeypatch.setattr(beside.Answers, "of", of)
    before = threading.active_count()
    wait = PredictedBeside(net, list(garments(9).samples(range(9))))
    assert begun.wait(60)
    threading.Timer(0.2, go_on.set).start()
    wait.stop()  # which waits for the batch that is under way
    assert looked == [0]
    assert threading.active_count() <= before + 1  # the timer's
