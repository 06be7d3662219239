"""Centroids, temperatures and early exits, against plain loops and SciPy."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import early_exit, fit_temperature, information_centroid

RNG = np.random.default_rng(0)


def test_the_centroid_is_the_mean_step():
    values = RNG.exponential(1, (40, 5)) * [5, 3, 1, 1, 0]
    mean = [sum(row[t] for row in values) / 40 for t in range(5)]
    expected = sum((t + 1) * mean[t] for t in range(5)) / sum(mean)
    found = information_centroid(values)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    assert information_centroid(np.ones((3, 7))) == (4, 4, 4)
    assert information_centroid(values * 1000).value == pytest.approx(expected)


def test_the_centroids_interval_is_that_of_images_drawn_anew():
    values = RNG.exponential(1, (30, 4)) * [4, 2, 1, 1]
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(3000):
        mean = values[rng.integers(30, size=30)].mean(0)
        drawn.append(mean @ [1, 2, 3, 4] / mean.sum())
    found = information_centroid(values)
    np.testing.assert_allclose(found[1:], np.quantile(drawn, (0.025, 0.975)), atol=0.03)
    assert found == information_centroid(values)


def test_images_without_information_do_not_spoil_the_interval():
    values = np.zeros((2, 3))
    values[0] = [0, 1, 0]  # a draw of the other image alone has no centroid
    assert information_centroid(values) == (2, 2, 2)
    assert np.isnan(information_centroid(values[1:])).all()


@pytest.mark.parametrize("scale", [0.01, 1, 50])
def test_the_temperature_is_the_best_of_many(scale):
    labels = RNG.integers(0, 4, 300)
    scores = scale * (RNG.normal(0, 1, (300, 4)) + 1.2 * np.eye(4)[labels])
    found = fit_temperature(scores, labels)
    targets = np.where(np.eye(4)[labels] > 0, 301 / 302, 1 / 302 / 3)

    def loss(temperature):
        return -(targets * log_softmax(scores / temperature, axis=1)).sum(1).mean()

    grid = np.geomspace(found / 30, found * 30, 2001)
    assert loss(found) <= min(map(loss, grid)) + 1e-9
    sure = softmax(scores / found, axis=1)
    # Calibrated: as often right as it is sure.
    assert sure.max(1).mean() == pytest.approx((sure.argmax(1) == labels).mean(), abs=0.05)


def test_images_without_a_mistake_do_not_make_every_answer_sure():
    scores = np.tile([0.5, 0.0], (10, 1))
    found = softmax(scores[0] / fit_temperature(scores, np.zeros(10, int)))
    assert found[0] == pytest.approx(11 / 12, abs=1e-4)


@pytest.mark.parametrize("confidence", [0.3, 0.6, 0.9, 1.0])
def test_early_exits_are_those_of_a_plain_loop(confidence):
    scores = RNG.normal(0, 1, (5, 60, 3)) * np.linspace(0.2, 1, 5)[:, None, None]
    steps, answers = early_exit(scores, confidence, temperature=0.4)
    for n in range(60):
        for t in range(5):
            p = np.exp(scores[t, n] / 0.4) / np.exp(scores[t, n] / 0.4).sum()
            if p.max() >= confidence or t == 4:
                break
        assert (steps[n], answers[n]) == (t + 1, scores[t, n].argmax())
    if confidence in (0.6, 0.9):
        assert len(set(steps.tolist())) > 2


def test_surer_answers_come_later():
    scores = np.cumsum(RNG.normal(0, 1, (8, 50, 4)) + 0.5 * np.eye(4)[0], axis=0) / 3
    means = [early_exit(scores, c)[0].mean() for c in (0.3, 0.5, 0.7, 0.9, 0.99)]
    assert means == sorted(means)
    assert means[0] < means[-1]


def test_what_is_refused():
    with pytest.raises(ShapeError, match=r"\[N, T\] from 0"):
        information_centroid(-np.ones((2, 3)))
    with pytest.raises(DataError, match="no images"):
        information_centroid(np.ones((0, 3)))
    with pytest.raises(ShapeError, match="same images"):
        fit_temperature(np.ones((3, 2)), np.zeros(2, int))
    with pytest.raises(DataError, match="no images"):
        fit_temperature(np.ones((0, 2)), np.zeros(0, int))
    for confidence in (0, 1.2, np.nan):
        with pytest.raises(ConfigError, match="confidence"):
            early_exit(np.ones((2, 3, 4)), confidence)
    with pytest.raises(ConfigError, match="temperature"):
        early_exit(np.ones((2, 3, 4)), 0.5, 0)
    with pytest.raises(ShapeError, match=r"\[T, N, classes\]"):
        early_exit(np.ones((2, 3)), 0.5)
