"""CKA of batches, against HSIC as its definition has it."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import BatchedAlignment, cka
from snnviz.metrics.redundancy import exact_gram
from tests.metrics.oracles import song_hsic


def counts(rng, n):
    """Three representations of n images, of which the last hardly varies and the first does."""
    first = rng.integers(0, 5, (n, 7))
    return [first, first[:, ::-1] @ rng.integers(-1, 2, (7, 9)), rng.integers(0, 2, (n, 3))]


def test_it_is_the_quotient_of_mean_hsic_over_batches(rng):
    batches = [counts(rng, n) for n in (5, 8, 4)]
    aligned = BatchedAlignment(3)
    for some in batches:
        aligned.update([exact_gram(each) for each in some])
    hsic = np.mean(
        [[[song_hsic(a @ a.T, b @ b.T) for b in some] for a in some] for some in batches], axis=0
    )
    expected = hsic / np.sqrt(np.outer(hsic.diagonal(), hsic.diagonal()))
    np.testing.assert_allclose(aligned.result(), expected, rtol=1e-9)
    assert abs(expected[0, 1]) < 0.999


def test_one_batch_is_cka(rng):
    some = counts(rng, 12)
    aligned = BatchedAlignment(3)
    aligned.update([exact_gram(each) for each in some])
    assert aligned.result()[0, 2] == pytest.approx(cka(some[0], some[2]))


def test_what_is_the_same_for_all_images_has_none(rng):
    first, _, other = counts(rng, 6)
    silent, saturated = np.zeros((6, 4), int), np.full((6, 4), 8)
    aligned = BatchedAlignment(4)
    aligned.update([exact_gram(each) for each in (first, silent, saturated, other)])
    found = aligned.result()
    assert np.isnan(found[1:3]).all()
    assert np.isnan(found[:, 1:3]).all()
    assert found[0, 0] == pytest.approx(1)
    assert np.isfinite(found[0, 3])


def test_what_is_refused():
    aligned = BatchedAlignment(2)
    with pytest.raises(DataError, match="no images"):
        aligned.result()
    with pytest.raises(DataError, match="at least 4 images a batch, got 3"):
        aligned.update([np.eye(3), np.eye(3)])
    for grams in ([np.eye(4)], [np.eye(4), np.eye(5)], []):
        with pytest.raises(ShapeError, match="expected 2 matrices"):
            aligned.update(grams)
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        BatchedAlignment(0)
