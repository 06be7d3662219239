"""Paired differences and bootstrapped means, against SciPy and simulated experiments."""

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    bootstrap_mean,
    drawn_difference,
    jackknife_deviation,
    paired_difference,
    paired_mean,
)


def pair(lost, gained, right=20, wrong=10):
    before = np.array([True] * (lost + right) + [False] * (gained + wrong))
    after = np.array([False] * lost + [True] * (right + gained) + [False] * wrong)
    return before, after


@pytest.mark.parametrize(("lost", "gained"), [(8, 0), (0, 3), (12, 5), (7, 7), (202, 121), (0, 0)])
def test_the_p_is_scipys_exact_binomial_test(lost, gained):
    found = paired_difference(*pair(lost, gained))
    assert (found.lost, found.gained) == (lost, gained)
    assert found.difference == pytest.approx((gained - lost) / (lost + gained + 30))
    expected = stats.binomtest(lost, lost + gained).pvalue if lost + gained else 1
    assert found.p == pytest.approx(expected, rel=1e-9)
    assert found.low <= found.difference <= found.high


def test_the_interval_is_that_of_half_an_image_more_in_each_cell():
    n = [40.5, 12.5, 5.5, 30.5]  # right twice, lost, gained, wrong twice
    total = sum(n)
    values = np.array([0, -1, 1, 0])
    shares = np.array(n) / total
    mean = (shares * values).sum()
    sd = np.sqrt(((values - mean) ** 2 * shares).sum() / total)
    found = paired_difference(*pair(12, 5, 40, 30))
    assert found.low == pytest.approx(mean - stats.norm.ppf(0.975) * sd)
    assert found.high == pytest.approx(mean + stats.norm.ppf(0.975) * sd)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        cells = rng.choice(4, 80, p=[0.6, 0.12, 0.04, 0.24])
        found = paired_difference((cells == 0) | (cells == 1), (cells == 0) | (cells == 2))
        held += found.low <= -0.08 <= found.high
    assert 0.935 < held / 2000 < 0.975


def test_pairs_count_and_not_the_two_accuracies():
    """The same accuracies, with and without images that change: only one is sure."""
    one = paired_difference(*pair(10, 0, 45, 45))
    other = paired_difference(*pair(40, 30, 15, 15))
    assert one.difference == other.difference == -0.1
    assert one.p < 0.01
    assert other.p > 0.2


def test_a_mean_and_its_interval():
    values = np.random.default_rng(3).exponential(2, 150)
    found = bootstrap_mean(values)
    expected = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=1
    ).confidence_interval
    assert found.value == values.mean()
    assert found.low == pytest.approx(expected.low, abs=0.06)
    assert found.high == pytest.approx(expected.high, abs=0.06)
    assert found == bootstrap_mean(values)
    assert found != bootstrap_mean(values, seed=1)
    assert bootstrap_mean(np.full(5, 0.25)) == (0.25, 0.25, 0.25)
    assert bootstrap_mean(np.array([0.5])) == (0.5, 0.5, 0.5)


def test_what_is_refused():
    right = np.ones(3, bool)
    with pytest.raises(ShapeError, match="same images"):
        paired_difference(right, right[:2])
    with pytest.raises(ShapeError, match="bool"):
        paired_difference(right, right.astype(int))
    with pytest.raises(DataError, match="no images"):
        paired_difference(right[:0], right[:0])
    with pytest.raises(ShapeError, match=r"\[3, 2\]"):
        bootstrap_mean(np.ones((3, 2)))
    with pytest.raises(DataError, match="no images"):
        bootstrap_mean(np.ones(0))
    with pytest.raises(ConfigError, match="draws"):
        bootstrap_mean(np.ones(3), draws=0)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_paired_mean_is_scipys_paired_t_test(rng, n):
    before = rng.normal(0, 3, n)
    after = before + rng.normal(0.3, 1, n)
    found = paired_mean(before, after)
    expected = stats.ttest_rel(after, before)
    interval = expected.confidence_interval(0.95)
    assert found.difference == pytest.approx(np.mean(after - before))
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_a_mean_of_equal_differences_is_certain_and_of_one_unknown():
    same = np.arange(5.0)
    assert paired_mean(same, same) == (0, 0, 0, 1)
    assert paired_mean(same, same + 2) == (2, 2, 2, 0)
    one = paired_mean(np.zeros(1), np.ones(1))
    assert one.difference == 1
    assert np.isnan([one.low, one.high, one.p]).all()


def test_a_drawn_difference_counts_draws_on_the_rarer_side():
    draws = np.concatenate([np.full(3, -0.1), np.linspace(0.01, 1, 96), [np.nan]])
    found = drawn_difference(0.4, draws)
    assert found.difference == 0.4
    assert found.p == pytest.approx(2 * 4 / 100)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws[:99], [0.025, 0.975])))
    assert drawn_difference(0.4, np.linspace(1, 2, 999)).p == pytest.approx(0.002)
    assert drawn_difference(0.0, np.zeros(9)).p == 1
    assert np.isnan(drawn_difference(np.nan, draws)[1:]).all()
    assert np.isnan(drawn_difference(0.4, np.full(3, np.nan)).p)


def test_the_jackknife_of_a_mean_is_its_standard_error(rng):
    """Without each value the mean's jackknife is s / sqrt(n), exactly."""
    values = rng.normal(0, 2, 12)
    without = [np.delete(values, i).mean() for i in range(12)]
    expected = values.std(ddof=1) / np.sqrt(12)
    assert jackknife_deviation(np.array(without)) == pytest.approx(expected)
    assert jackknife_deviation(np.full(3, 0.8)) == pytest.approx(0)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ShapeError, match=r"of the same images, got \[3\] and \[4\]"):
        paired_mean(np.zeros(3), np.zeros(4))
    with pytest.raises(DataError, match="no images"):
        paired_mean(np.zeros(0), np.zeros(0))
    with pytest.raises(ShapeError, match=r"\[g\], got \[2, 2\]"):
        jackknife_deviation(np.zeros((2, 2)))
    with pytest.raises(DataError, match="two parts or more, got 1"):
        jackknife_deviation(np.zeros(1))
