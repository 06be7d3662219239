"""Correlation, dimension and CKA, against NumPy, SciPy and what is known in closed form."""

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import Redundancy, cka, correlation, participation_ratio
from snnviz.metrics.redundancy import exact_gram
from snnviz.records.spikes import SpikeRecord
from tests.metrics.oracles import song_hsic


@pytest.mark.parametrize("last", [True, False])
def test_every_number_is_that_of_the_counts(case, last):
    t = case.T - 1 if last else case.T // 2
    made = case.fed(Redundancy, slice(0, 4), slice(4, None), t=None if last else t)
    result = made.result()
    rows = case.record.count(t).transpose(1, 0, 2, 3).reshape(case.shape[0], -1).astype(int)
    assert (result.images, result.t) == (9, t)
    np.testing.assert_allclose(result.covariance, np.cov(rows, bias=True), rtol=1e-12, atol=1e-12)
    # Silent and saturated channels are constant, and exactly so.
    constant = rows.min(axis=1) == rows.max(axis=1)
    assert constant[:2].all()
    assert not constant[2]
    assert (result.covariance[constant] == 0).all()
    absolute = []
    for i, j in np.ndindex(result.correlation.shape):
        if constant[i] or constant[j]:
            assert np.isnan(result.correlation[i, j])
        elif i == j:
            assert result.correlation[i, j] == 1
        else:
            expected = stats.pearsonr(rows[i], rows[j]).statistic
            assert result.correlation[i, j] == pytest.approx(expected, abs=1e-12)
            absolute.append(abs(expected))
    expected = sum(absolute) / len(absolute) if absolute else np.nan
    assert result.mean_absolute_correlation == pytest.approx(expected, nan_ok=True)
    values = np.linalg.svd(rows - rows.mean(axis=1, keepdims=True), compute_uv=False) ** 2
    np.testing.assert_allclose(result.eigenvalues, values / rows.shape[1], atol=1e-9)
    expected = values.sum() ** 2 / (values**2).sum()
    assert result.effective_dimension == pytest.approx(expected, rel=1e-9)


def of_counts(first, T):
    made = Redundancy(T, first.shape[1:])
    made.update(
        SpikeRecord.from_first_spike(first, T), np.zeros((len(first), *first.shape[2:]), np.uint8)
    )
    return made.result()


def test_equal_and_opposite_channels(rng):
    first = rng.integers(0, 2, (5, 1, 6, 7))
    result = of_counts(np.concatenate([first, first, 1 - first], axis=1), 1)
    expected = [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]
    np.testing.assert_allclose(result.correlation, expected, rtol=1e-14)
    assert result.mean_absolute_correlation == pytest.approx(1)
    assert result.effective_dimension == pytest.approx(1)


def test_independent_channels_fill_all_dimensions(rng):
    result = of_counts(rng.integers(0, 9, (60, 10, 20, 21)), 8)
    assert result.effective_dimension == pytest.approx(10, abs=0.05)
    assert result.mean_absolute_correlation < 0.01


@pytest.mark.parametrize("first", [0, 8])
def test_constant_encoders_have_none(first):
    result = of_counts(np.full((3, 2, 4, 5), first), 8)
    assert np.isnan(result.correlation).all()
    assert np.isnan([result.mean_absolute_correlation, result.effective_dimension]).all()
    assert (result.eigenvalues == 0).all()


def test_a_real_encoder_is_redundant(drawn):
    result = drawn.fed(Redundancy).result()
    assert 1 < result.effective_dimension < 20
    rows = drawn.record.count(7)[:, ::16].transpose(1, 0, 2, 3).reshape(8, -1)
    np.testing.assert_allclose(result.correlation[::16, ::16], np.corrcoef(rows), atol=1e-9)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 5000), (np.int64, -70000)])
def test_products_are_exact(rng, dtype, top):
    low, high = sorted((top, top // 2))
    rows = rng.integers(low, high + 1, (3, 70_001)).astype(dtype)
    rows[0] = top  # in float32 alone this sum would be rounded
    wide = rows.astype(object)
    assert (exact_gram(rows).astype(np.int64) == wide @ wide.T).all()


def test_cka_is_that_of_the_paper(rng):
    shared = rng.integers(0, 5, (20, 1, 4, 6))
    a = np.minimum(shared + rng.integers(0, 3, (20, 3, 4, 6)), 8).astype(np.uint8)
    b = np.minimum(2 * shared + rng.integers(0, 2, (20, 2, 4, 6)), 8).astype(np.uint8)
    K, L = (x.reshape(20, -1).astype(float) @ x.reshape(20, -1).T.astype(float) for x in (a, b))
    expected = song_hsic(K, L) / np.sqrt(song_hsic(K, K) * song_hsic(L, L))
    assert 0.3 < expected < 0.95
    assert cka(a, b) == pytest.approx(expected, rel=1e-10)
    assert cka(b, a) == pytest.approx(expected, rel=1e-10)
    order = rng.permutation(3 * 4 * 6)  # a rotation of the representation
    assert cka(a, a.reshape(20, -1)[:, order]) == pytest.approx(1, rel=1e-12)
    assert cka(a, 3 * a + 1) == pytest.approx(1, rel=1e-12)


def test_unrelated_encoders_have_no_cka(rng):
    values = [cka(*rng.integers(0, 9, (2, 40, 2000))) for _ in range(20)]
    assert abs(np.mean(values)) < 0.02  # the biased estimate is above 0.9 here
    assert min(values) < 0


def test_cka_of_what_does_not_vary_or_belong_together(rng):
    counts = rng.integers(0, 9, (6, 3, 4, 5))
    for constant in (np.zeros_like(counts), np.full_like(counts, 8)):
        assert np.isnan(cka(counts, constant))
    with pytest.raises(ShapeError, match="6 and 5 images"):
        cka(counts, counts[:5])
    with pytest.raises(DataError, match="at least 4 images, got 3"):
        cka(counts[:3], counts[:3])
    with pytest.raises(ShapeError, match="float64"):
        cka(counts / 2, counts)


def test_dimension_and_correlation_on_arrays():
    assert participation_ratio(np.eye(7)) == 7
    assert participation_ratio(np.diag([3.0, 1.0])) == 1.6
    assert np.isnan(participation_ratio(np.zeros((2, 2))))
    expected = [[1, 0.5, np.nan], [0.5, 1, np.nan], [np.nan] * 3]
    covariance = np.array([[4.0, 1, 0], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(correlation(covariance), expected)


def test_impossible_steps_are_refused():
    for t in (-1, 8):
        with pytest.raises(ConfigError, match=rf"0\.\.7.*got {t}"):
            Redundancy(8, (2, 3, 4), t=t)
    with pytest.raises(ShapeError, match="cannot merge"):
        Redundancy(8, (2, 3, 4), t=3).merge(Redundancy(8, (2, 3, 4)))
