"""Channels matched by their responses."""

from itertools import permutations

import numpy as np
import pytest

from snnviz.errors import DataError, ShapeError
from snnviz.metrics import match_channels


def test_channels_that_were_moved_are_found_again(rng):
    counts = rng.integers(0, 9, (5, 7, 4, 6)).astype(np.uint8)
    order = rng.permutation(7)
    matching = match_channels(counts, counts[:, order])
    assert order[matching.partner].tolist() == list(range(7))
    np.testing.assert_allclose(matching.correlation, 1)


@pytest.mark.parametrize(("K", "L"), [(4, 4), (3, 5), (5, 3)])
def test_the_total_correlation_is_the_largest_of_all_assignments(K, L, rng):
    first, second = rng.integers(0, 9, (3, K, 4, 5)), rng.integers(0, 9, (3, L, 4, 5))
    related = np.array(
        [
            [np.corrcoef(first[:, k].ravel(), second[:, m].ravel())[0, 1] for m in range(L)]
            for k in range(K)
        ]
    )
    if K <= L:
        best = max(sum(related[range(K), p]) for p in permutations(range(L), K))
    else:
        best = max(sum(related[p, range(L)]) for p in permutations(range(K), L))
    matching = match_channels(first, second)
    paired = matching.partner >= 0
    assert paired.sum() == min(K, L)
    assert len(set(matching.partner[paired])) == min(K, L)
    np.testing.assert_allclose(matching.correlation[paired].sum(), best)
    np.testing.assert_allclose(
        matching.correlation[paired], related[paired, matching.partner[paired]]
    )
    assert np.isnan(matching.correlation[~paired]).all()


def test_silent_and_saturated_channels_are_nobodys_match(rng):
    counts = rng.integers(0, 9, (3, 4, 4, 5))
    counts[:, 0], counts[:, 1] = 0, 8
    other = counts[:, [3, 0, 2, 1]]
    matching = match_channels(counts, other)
    assert matching.partner[2:].tolist() == [2, 0]
    assert matching.correlation[:2].tolist() == [0, 0]


def test_large_counts_are_no_trouble(rng):
    counts = rng.integers(0, 60_000, (2, 3, 40, 50)).astype(np.uint16)
    matching = match_channels(counts, counts[:, ::-1])
    assert matching.partner.tolist() == [2, 1, 0]
    np.testing.assert_allclose(matching.correlation, 1)


def test_responses_to_other_images_are_refused(rng):
    counts = rng.integers(0, 9, (3, 4, 4, 5))
    with pytest.raises(ShapeError, match="for the same images"):
        match_channels(counts, counts[:2])
    with pytest.raises(ShapeError, match="for the same images"):
        match_channels(counts, counts[..., :4])
    with pytest.raises(DataError, match="there are none"):
        match_channels(counts[:0], counts[:0])
