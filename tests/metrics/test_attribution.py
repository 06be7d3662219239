"""Maps of spikes, against plain loops and torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr

from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import (
    first_spike_maps,
    rank_correlations,
    resize_maps,
    spike_activation_maps,
)
from snnviz.records.spikes import SpikeRecord

T, N, K, H, W = 6, 2, 3, 4, 5


def looped_sam(trains, gamma):
    """The paper's formula, spike by spike."""
    maps = np.zeros((len(trains), *trains.shape[1:2], *trains.shape[3:]))
    for t, n, k, y, x in np.argwhere(trains):
        score = 0.0
        for before in range(t):
            score += trains[before, n, k, y, x] * np.exp(-gamma * (t - before))
        maps[t, n, y, x] += score * trains[t, n, k, y, x]
    return maps


def trains_of(kind):
    rng = np.random.default_rng(3)
    if kind == "counts":
        return rng.integers(0, 4, (T, N, K, H, W))
    trains = (rng.random((T, N, K, H, W)) < 0.4).astype(int)
    trains[:, 0, 0], trains[:, 1, 1] = 0, 1  # a silent map, and a saturated one
    return trains[:1] if kind == "one step" else trains


@pytest.mark.parametrize("kind", ["spikes", "counts", "one step"])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_sam_is_the_papers_formula(kind, gamma):
    trains = trains_of(kind)
    make = SpikeRecord.from_counts if kind == "counts" else SpikeRecord.from_steps
    found = spike_activation_maps(make(trains, len(trains)), gamma)
    np.testing.assert_allclose(found, looped_sam(trains, gamma), rtol=1e-12)
    assert found[1:].any() == (kind != "one step")


def test_sam_of_renewal_neurons_is_that_of_their_trains():
    times = np.random.default_rng(0).integers(0, T + 1, (N, K, H, W))
    record = SpikeRecord.from_first_spike(times, T)
    expected = looped_sam(np.asarray(record.spikes()).astype(int), 0.5)
    np.testing.assert_allclose(spike_activation_maps(record), expected, rtol=1e-12)


def test_first_spike_maps_are_mean_earliness():
    trains = trains_of("spikes")
    found = first_spike_maps(SpikeRecord.from_steps(trains, T))
    assert found.shape == (N, H, W)
    for n, y, x in np.ndindex(N, H, W):
        early = []
        for k in range(K):
            steps = np.flatnonzero(trains[:, n, k, y, x])
            early.append((T - steps[0]) / T if len(steps) else 0.0)
        assert found[n, y, x] == pytest.approx(sum(early) / K)
    silent, saturated = np.full((1, K, H, W), T), np.zeros((1, K, H, W), int)
    assert not first_spike_maps(SpikeRecord.from_first_spike(silent, T)).any()
    assert (first_spike_maps(SpikeRecord.from_first_spike(saturated, T)) == 1).all()


@pytest.mark.parametrize("size", [(8, 10), (28, 17), (4, 5), (9, 6), (3, 2)])
def test_resizing_is_torchs_bilinear(size):
    maps = np.random.default_rng(1).random((N, H, W))
    theirs = F.interpolate(
        torch.from_numpy(maps)[:, None], size=size, mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(resize_maps(maps, size), theirs[:, 0], atol=1e-12)


def test_rank_correlation_is_scipys_with_ties():
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 5, (2, N, H, W)).astype(float)
    found = rank_correlations(one, other)
    for n in range(N):
        expected = spearmanr(one[n].ravel(), other[n].ravel()).statistic
        assert found[n] == pytest.approx(expected)
    other[1] = 7
    assert np.isnan(rank_correlations(one, other)).tolist() == [False, True]


def test_what_is_refused():
    record = SpikeRecord.from_first_spike(np.zeros((1, 3), int), T)
    for measure in (spike_activation_maps, first_spike_maps):
        with pytest.raises(ShapeError, match=r"neurons \(3\) are no feature maps"):
            measure(record)
    maps = SpikeRecord.from_first_spike(np.zeros((1, 1, 1, 1), int), T)
    for gamma in (-1, np.nan, np.inf):
        with pytest.raises(ConfigError, match="gamma must be a finite number from 0"):
            spike_activation_maps(maps, gamma)
    for bad in (np.zeros((2, 2)), np.full((1, 2, 2), np.nan), np.zeros((1, 0, 2))):
        with pytest.raises(ShapeError, match="maps must be finite"):
            resize_maps(bad, (4, 4))
    with pytest.raises(ShapeError, match="one shape"):
        rank_correlations(np.zeros((1, 2, 2)), np.zeros((1, 2, 3)))
