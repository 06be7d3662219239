"""What differs between two encoders, against plain loops."""

import math

import numpy as np
import pytest

from snnviz.errors import DataError, ShapeError
from snnviz.metrics import EncoderSide, bootstrap_mean, encoder_diff

T = 4


def side(counts, *, steps=T, types=None, kernels=None, biases=None, saturated=True):
    """An encoder of those counts."""
    spikes = counts.sum(axis=(0, 2, 3))
    full = spikes == steps * counts[:, 0].size
    return EncoderSide(
        counts,
        steps,
        types or ["mixed"] * counts.shape[1],
        spikes == 0,
        full if saturated else None,
        kernels,
        biases,
    )


def counts_of(rng, K, n=3, steps=T):
    """Counts of maps that are not square."""
    return rng.integers(0, steps + 1, (n, K, 4, 6)).astype(np.uint8)


def test_numbers_are_those_of_a_plain_loop(rng):
    """Another order, and noise; T differs."""
    counts = counts_of(rng, 5)
    order = [3, 0, 4, 1, 2]
    other = 2 * counts[:, order] + (rng.random((3, 5, 4, 6)) < 0.2)
    found = encoder_diff(side(counts), side(other, steps=2 * T + 1))
    assert [order[p] for p in found.partner] == list(range(5))
    assert set(found.paired_by) == {"responses"}
    for k in range(5):
        a, b = counts[:, k].astype(float), other[:, found.partner[k]].astype(float)
        pairs = list(zip((a / T).ravel(), (b / (2 * T + 1)).ravel(), strict=True))
        squares = [(x - y) ** 2 for x, y in pairs]
        assert found.moved[k] == pytest.approx(math.sqrt(sum(squares) / len(squares)))
        assert found.rate[k] == pytest.approx(sum(x for x, _ in pairs) / len(pairs))
        assert found.partner_rate[k] == pytest.approx(sum(y for _, y in pairs) / len(pairs))
        assert found.correlation[k] == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
        change = [(b[i] / (2 * T + 1) - a[i] / T).mean() for i in range(3)]
        assert found.rate_change[k] == pytest.approx(bootstrap_mean(np.array(change)))
    assert found.moved[found.order].tolist() == sorted(found.moved, reverse=True)
    assert found.mean_correlation == pytest.approx(np.mean(found.correlation))
    assert (found.kernel_change, found.kernel_rotation, found.bias_change) == (None, None, None)
    assert (found.images, found.unpaired.tolist(), found.retyped) == (3, [], [])


def test_channels_that_fell_silent_or_saturated_are_found_by_their_kernels(rng):
    """Their responses tell nothing: of several such channels kernels say which is which."""
    counts, kernels = counts_of(rng, 6), rng.normal(size=(6, 2, 3, 5))
    order = np.array([5, 3, 0, 4, 1, 2])
    other, moved = counts[:, order].copy(), kernels[order] * 1.5
    partner = np.argsort(order)
    other[:, partner[[1, 4]]], other[:, partner[2]] = 0, T
    first = side(counts, kernels=kernels, biases=np.arange(6.0))
    found = encoder_diff(first, side(other, kernels=moved, biases=np.arange(6.0) ** 2))
    assert found.partner.tolist() == partner.tolist()
    by = ["responses", "kernels", "kernels", "responses", "kernels", "responses"]
    assert list(found.paired_by) == by
    assert found.became("silent") == [(1, partner[1]), (4, partner[4])]
    assert found.became("saturated") == [(2, partner[2])]
    assert found.became("active") == []
    assert np.isnan(found.correlation[[1, 2, 4]]).all()
    np.testing.assert_allclose(found.correlation[[0, 3, 5]], 1)
    # What is gone is as far as it was from nothing.
    gone = counts[:, [1, 4]] / T
    expected = np.sqrt((gone**2).mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(found.moved[[1, 4]], expected)
    np.testing.assert_allclose(found.moved[[0, 3, 5]], 0)
    assert set(found.order[:3]) == {1, 2, 4}
    np.testing.assert_allclose(found.kernel_change, 0.5)
    np.testing.assert_allclose(found.kernel_rotation, 0, atol=1e-5)
    np.testing.assert_allclose(found.bias_change, partner**2.0 - np.arange(6))


def test_channels_that_woke(rng):
    counts = counts_of(rng, 4)
    before = counts.copy()
    before[:, 1], before[:, 2] = 0, T
    found = encoder_diff(side(before), side(counts))
    assert found.became("active") == [(1, 1), (2, 2)]
    assert found.became("silent") == found.became("saturated") == []
    # Nothing but their number tells these apart.
    assert found.paired_by == ("responses", "rest", "rest", "responses")


def test_what_stays_silent_or_saturated_has_not_moved(rng):
    counts = counts_of(rng, 3)
    counts[:, 0], counts[:, 1] = 0, T
    found = encoder_diff(side(counts), side(counts))
    assert found.partner.tolist() == [0, 1, 2]
    assert found.moved.tolist() == [0, 0, 0]
    assert found.states == found.partner_states == ("silent", "saturated", "active")
    assert not any(map(found.became, ("silent", "saturated", "active")))


def test_a_kernel_of_zeros_tells_nothing(rng):
    counts, kernels = counts_of(rng, 2), rng.normal(size=(2, 1, 3, 3))
    gone, none = counts.copy(), kernels.copy()
    gone[:, 1], none[1] = 0, 0
    found = encoder_diff(side(counts, kernels=kernels), side(gone, kernels=none))
    assert found.partner.tolist() == [0, 1]
    assert found.paired_by == ("responses", "rest")
    assert found.kernel_change.tolist() == [0, 1]
    assert np.isnan(found.kernel_rotation[1])


@pytest.mark.parametrize(("K", "L"), [(5, 3), (3, 5)])
def test_unequal_numbers_of_maps(K, L, rng):
    counts = counts_of(rng, 5)
    types = ["edge", "area", "edge", "area", "edge"]
    first = side(counts[:, :K], types=types[:K])
    found = encoder_diff(first, side(counts[:, 5 - L :], types=["edge"] * L))
    alike = {k: k - (5 - L) for k in range(5 - L, K)}
    assert {k: found.partner[k] for k in alike} == alike
    assert (found.partner >= 0).sum() == min(K, L)
    assert len(found.unpaired) == max(0, L - K)
    assert set(found.unpaired) | set(found.partner[found.partner >= 0]) == set(range(L))
    alone = found.partner < 0
    numbers = (found.moved, found.correlation, found.partner_rate, found.rate_change[:, 0])
    assert all(np.isnan(each[alone]).all() for each in numbers)
    assert [word for word, one in zip(found.partner_types, alone, strict=True) if one] == [""] * (
        K - min(K, L)
    )
    assert len(found.order) == min(K, L)
    assert [k for k, _ in found.retyped] == [
        k for k in range(K) if types[k] == "area" and found.partner[k] >= 0
    ]
    assert np.isfinite(found.rate).all()


def test_counts_above_1_a_step_know_no_saturation(rng):
    counts = 3 * counts_of(rng, 2)
    counts[:, 1] = 3 * T
    found = encoder_diff(side(counts, saturated=False), side(counts, saturated=False))
    assert found.states == ("active", "active")


def test_one_image_and_one_step(rng):
    counts = counts_of(rng, 3, n=1, steps=1)
    found = encoder_diff(side(counts, steps=1), side(counts[:, ::-1], steps=1))
    assert found.partner.tolist() == [2, 1, 0]
    assert found.moved.tolist() == [0, 0, 0]


def test_kernels_of_another_size_are_not_compared(rng):
    counts = counts_of(rng, 2)
    small, large = rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(2, 1, 5, 5))
    found = encoder_diff(side(counts, kernels=small), side(counts, kernels=large))
    assert found.kernel_change is found.kernel_rotation is None


def test_what_does_not_fit_is_refused(rng):
    counts = counts_of(rng, 3)
    with pytest.raises(ShapeError, match=r"do not fit: \[2, 3, 3\]"):
        encoder_diff(side(counts), side(counts, types=["edge", "area"]))
    with pytest.raises(ShapeError, match="matched by their counts"):
        encoder_diff(side(counts), side(counts.swapaxes(2, 3)))
    with pytest.raises(DataError, match="there are none"):
        encoder_diff(side(counts[:0]), side(counts[:0]))
