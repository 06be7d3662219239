"""Neurons that fire several times in a step: every family against plain loops over their counts."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import DataError
from snnviz.metrics import (
    Activity,
    Classes,
    Contours,
    Cost,
    Information,
    ProbeFit,
    ProbeScore,
    ReconstructionFit,
    ReconstructionScore,
    Redundancy,
    pooled_counts,
)
from snnviz.records.spikes import SpikeRecord
from tests.metrics.conftest import Case
from tests.metrics.oracles import loop_sparseness, mean_of_some, scikit_quantities
from tests.metrics.test_accumulator import FAMILIES, assert_equal

T, N, K, H, W = 6, 9, 4, 5, 6


@pytest.fixture(params=[3, 90, 3000], ids=lambda most: f"up to {most}")
def counted(request, rng):
    """Channel 0 is silent, 1 fires twice everywhere and always, 2 once on average.

    90 a step are more than a byte holds after three, 3,000 more than two bytes hold after 22.
    """
    steps = rng.integers(0, request.param + 1, (T, N, K, H, W))
    steps *= rng.random(steps.shape) < 0.4
    steps[:, :, 0], steps[:, :, 1] = 0, 2
    steps[:, :, 2] = np.arange(T).reshape(T, 1, 1, 1) % 2 * 2
    steps[:, 4] = np.minimum(steps[:, 4], 1)  # in one image nobody fires twice
    images = rng.integers(0, 256, (N, H, W), np.uint8)
    labels = rng.integers(0, 4, N)
    return steps, Case(SpikeRecord.from_counts(steps, T), images, labels)


def both(case, family, **settings):
    """The result of one pass, which is that of parts merged: of one without double spikes, too."""
    whole = case.fed(family, **settings)
    first, second, third = (
        case.fed(family, part, **settings) for part in (slice(4, 5), slice(5, None), slice(0, 4))
    )
    first.merge(second)
    first.merge(third)
    assert first.most == whole.most == case.record.most
    assert_equal(first.result(), whole.result())
    return whole.result()


def test_activity(counted):
    steps, case = counted
    found = both(case, Activity)
    counts = steps.sum(axis=0)
    assert found.most == steps.max()
    for k in range(K):
        assert found.rate[k] == pytest.approx(steps[:, :, k].mean(), rel=1e-14)
        begins = [0] * (T + 1)
        for train in steps[:, :, k].reshape(T, -1).T.tolist():
            begins[next((t for t, spikes in enumerate(train) if spikes), T)] += 1
        assert found.first_spike[k].tolist() == begins
    assert found.silent.tolist() == [True, *[False] * 3]
    assert found.saturated is None
    assert found.mean_rate == pytest.approx(steps.mean())
    assert found.spikes_per_image == counts.sum() / N
    assert found.sparsity == (counts == 0).mean()
    lifetime = [
        mean_of_some([loop_sparseness(counts[:, k, y, x]) for y, x in np.ndindex(H, W)])
        for k in range(K)
    ]
    np.testing.assert_allclose(found.lifetime_sparseness, lifetime, rtol=1e-12, atol=1e-12)
    population = mean_of_some([loop_sparseness(image.reshape(-1)) for image in counts])
    np.testing.assert_allclose(found.population_sparseness, population, atol=2**-32)


def test_classes(counted):
    steps, case = counted
    for t in (2, T - 1):
        found = both(case, Classes, classes=4, t=t)
        counts = steps[: t + 1].sum(axis=0)
        for label in np.unique(case.labels):
            mean = counts[case.labels == label].mean(axis=0)
            np.testing.assert_allclose(found.atlas[label], mean, rtol=1e-14)


def test_contours(counted):
    """r of counts with what scikit-image finds, at each step; channel 2 is at 1 by chance."""
    steps, case = counted
    found = both(case, Contours)
    quantities = scikit_quantities(case.images).reshape(6, -1)
    for t, counts in enumerate(steps.cumsum(axis=0)):
        for q, quantity in enumerate(quantities):
            r = stats.pearsonr(counts[:, 3].reshape(-1), quantity).statistic
            assert found.correlation[t, 3, q] == pytest.approx(r, abs=1e-5)
            r = stats.pearsonr(counts.sum(axis=1).reshape(-1), quantity).statistic
            assert found.summed[t, q] == pytest.approx(r, abs=1e-5)
        np.testing.assert_allclose(
            found.firing_rate[t], counts.mean(axis=(0, 2, 3)) / (t + 1), rtol=1e-14
        )
    types = found.types()
    assert types[0] == "silent"
    assert "saturated" not in types
    assert sum(found.shares().values()) == pytest.approx(1)


def test_cost_takes_the_largest_of_four(counted):
    steps, case = counted
    pooled = synops = 0
    for t, n, k, y, x in np.ndindex(T, N, K, H // 2, W // 2):
        spikes = int(steps[t, n, k, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max())
        rows = sum(0 <= y + step < H // 2 for step in (-1, 0, 1))
        columns = sum(0 <= x + step < W // 2 for step in (-1, 0, 1))
        pooled += spikes
        synops += spikes * rows * columns * 7
    found = both(case, Cost, outputs=7, macs=3)
    assert (found.pooled_spikes, found.synops) == (pooled / N, synops / N)


def bits(values):
    """Entropy of what was seen, from its definition."""
    seen = Counter(values)
    total = sum(seen.values())
    return -sum(n / total * math.log2(n / total) for n in seen.values())


def test_information_of_counts_has_as_many_values_as_there_are(counted):
    steps, case = counted
    found = both(case, Information, classes=4, bins=5)
    grey = (case.images.astype(int) * 5 // 256).reshape(-1).tolist()
    first = case.record.first_spike
    for k in range(K):
        counts = steps.sum(axis=0)[:, k].reshape(-1).tolist()
        told = bits(counts) + bits(grey) - bits(zip(counts, grey, strict=True))
        assert found.count_entropy[k] == pytest.approx(bits(counts), abs=1e-12)
        assert found.count_information[k] == pytest.approx(max(told, 0), abs=1e-12)
        extra = (len(set(counts)) - 1) / (2 * math.log(2) * len(counts))
        corrected = found.count_entropy_corrected[k] - found.count_entropy[k]
        assert corrected == pytest.approx(extra, abs=1e-12)
        assert found.entropy[k] == pytest.approx(bits(first[:, k].reshape(-1).tolist()), abs=1e-12)
    mean = steps.sum(axis=0).mean(axis=(0, 2, 3))
    np.testing.assert_allclose(
        found.bits_per_spike[1:], found.intensity_information_corrected[1:] / mean[1:], rtol=1e-12
    )
    assert found.count_entropy[3] > found.entropy[3]


def test_one_spike_a_step_has_no_information_of_counts(rng):
    record = SpikeRecord.from_spikes(rng.random((T, N, K, H, W)) < 0.3)
    case = Case(record, rng.integers(0, 256, (N, H, W), np.uint8), np.zeros(N, int))
    assert case.fed(Information).result().count_entropy is None


def test_redundancy(counted):
    steps, case = counted
    found = both(case, Redundancy, t=3)
    rows = steps[:4].sum(axis=0).swapaxes(0, 1).reshape(K, -1)
    np.testing.assert_allclose(found.covariance, np.cov(rows, bias=True), rtol=1e-10, atol=1e-10)


def test_reconstruction(counted):
    """A rule of least squares, whose errors on other images are those that NumPy finds."""
    steps, case = counted
    rule = both(case, ReconstructionFit)
    score = case.fed(ReconstructionScore, reconstruction=rule).result()
    parts = slice(0, 3), slice(3, None)
    merged = case.fed(ReconstructionScore, *parts, reconstruction=rule).result()
    assert merged.psnr.tobytes() == score.psnr.tobytes()
    for t, counts in enumerate(steps.cumsum(axis=0)):
        features = counts.swapaxes(0, 1).reshape(K, -1).astype(float)
        centered = features - features.mean(axis=1, keepdims=True)
        covariance = centered @ centered.T / features.shape[1]
        grey = case.images.reshape(-1).astype(float)
        penalty = 1e-5 * np.trace(covariance) / K
        cross = centered @ (grey - grey.mean()) / features.shape[1]
        weights = np.linalg.solve(covariance + penalty * np.eye(K), cross)
        np.testing.assert_allclose(rule.weights[t], weights, rtol=1e-6, atol=1e-9)
        read = weights @ features + grey.mean() - weights @ features.mean(axis=1)
        read = np.clip(np.rint(read), 0, 255)
        assert score.mse[t] == pytest.approx(((grey - read) ** 2).mean() / 255**2, rel=1e-3)


def test_probe(counted):
    steps, case = counted
    fitted = case.fed(ProbeFit, classes=4)
    features = pooled_counts(case.record, fitted.side)
    assert features.shape == (N, K * H * H)
    cells = [0, 1, 2, 3, 4, 6]
    loop = [
        [
            steps[:, n, k, y, cells[x] : cells[x + 1]].sum()
            for k in range(K)
            for y in range(H)
            for x in range(H)
        ]
        for n in range(N)
    ]
    assert features.tolist() == loop
    fitted.complete()
    assert (fitted.state["gram"] == np.array(loop).T @ np.array(loop)).all()
    probe = fitted.result()
    scores = np.array(loop) @ probe.weights + probe.bias
    found = both(case, ProbeScore, probe=probe)
    assert found.correct == (scores.argmax(axis=1) == case.labels).sum()


@pytest.mark.parametrize("family", FAMILIES)
def test_more_spikes_than_sums_are_exact_for_are_refused(family):
    steps = np.full((2, 1, 1, 2, 2), 40_000)
    record = SpikeRecord.from_counts(steps, 2)
    with pytest.raises(DataError, match="fire up to 40000 times in a step"):
        family(2, (1, 2, 2), **FAMILIES[family]).update(
            record, np.zeros((1, 2, 2), np.uint8), np.zeros(1, int)
        )
