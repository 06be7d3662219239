"""Ridge regression against least squares with a row for each penalty."""

import numpy as np
import pytest

from snnviz.metrics.ridge import ridge_weights


def sums(x, y):
    return x.T @ x, x.T @ y, x.sum(0), y.sum(0), len(x)


@pytest.mark.parametrize("strength", [1e-5, 0.1, 10.0])
def test_it_is_least_squares_with_rows_for_the_penalty(strength):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, (300, 12)), rng.integers(0, 256, (300, 2))
    x[:, 3] = 4  # never changes
    # The same as the last of several, which share the covariance, and among them.
    weights, bias = ridge_weights(*sums(x, y), [0.5, strength])[1]
    for place in (0, 1):
        strengths = [strength, strength, 2.0][place:]
        assert (ridge_weights(*sums(x, y), strengths)[0][0] == weights).all()
    centered = x - x.mean(0)
    penalty = strength * centered.var(0).mean()
    rows = np.vstack([centered, np.sqrt(penalty * len(x)) * np.eye(12)])
    expected = np.linalg.lstsq(rows, np.vstack([y - y.mean(0), np.zeros((12, 2))]), rcond=None)[0]
    np.testing.assert_allclose(weights, expected, atol=1e-8)
    assert (weights[3] == 0).all()
    np.testing.assert_allclose(bias, y.mean(0) - x.mean(0) @ weights)


def test_features_that_repeat_need_no_penalty_that_counts():
    """What rounding makes not positive definite is solved as well."""
    x = np.repeat(np.random.default_rng(1).integers(0, 9, (50, 1)), 3, axis=1)
    y = 2 * x[:, :1] + 1
    for weights, bias in ridge_weights(*sums(x, y), [1e-17, 1e-17]):
        np.testing.assert_allclose(x @ weights + bias, y, rtol=1e-6)
