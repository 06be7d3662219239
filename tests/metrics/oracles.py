"""The same numbers once more, from their definitions: slow, and for arrays of any origin."""

import numpy as np
import pytest
from skimage import filters


def stepped(drive, T, v_threshold=1.0):
    """Spikes of hard-reset neurons under constant drive, bool [T, ...], step by step."""
    potential, spikes = np.zeros_like(drive), []
    for _ in range(T):
        potential = potential + drive
        spikes.append(potential >= v_threshold)
        potential = np.where(spikes[-1], np.zeros_like(drive), potential)
    return np.stack(spikes)


def scikit_quantities(images):
    """What counts are correlated with, floats [6, n, H, W] in the order of `QUANTITIES`."""
    x, y, magnitude = (
        np.stack([f(image / 255) for image in images])
        for f in (filters.sobel_v, filters.sobel_h, filters.sobel)
    )
    # scikit-image's signs of the two derivatives agree, so their sum runs along a diagonal.
    return np.stack([magnitude, images, abs(x), abs(y), abs(x + y), abs(x - y)])


def loop_sparseness(responses):
    """Vinje and Gallant's S, as they write it."""
    r = [float(value) for value in responses]
    n = len(r)
    if n == 1 or not any(r):
        return None
    a = (sum(r) / n) ** 2 / (sum(x * x for x in r) / n)
    return (1 - a) / (1 - 1 / n)


def mean_of_some(values):
    some = [value for value in values if value is not None]
    return sum(some) / len(some) if some else np.nan


def assert_activity(result, spikes):
    """Every field of `result` is what loops over the spikes [T, n, K, H, W] find."""
    T, n, K, H, W = spikes.shape
    counts = spikes.sum(axis=0, dtype=np.int64)
    assert result.images == n
    for k in range(K):
        assert result.rate[k] == spikes[:, :, k].mean()
        assert result.silent[k] == (not spikes[:, :, k].any())
        assert result.saturated[k] == spikes[:, :, k].all()
        begins = [0] * (T + 1)
        for train in spikes[:, :, k].reshape(T, -1).T.tolist():
            begins[train.index(True) if True in train else T] += 1
        assert result.first_spike[k].tolist() == begins
    assert result.mean_rate == pytest.approx(spikes.mean(), rel=1e-14)
    assert result.spikes_per_image == counts.sum() / n
    assert result.sparsity == (counts == 0).mean()
    lifetime = [
        [loop_sparseness(counts[:, k, y, x]) for y, x in np.ndindex(H, W)] for k in range(K)
    ]
    expected = [mean_of_some(neurons) for neurons in lifetime]
    np.testing.assert_allclose(result.lifetime_sparseness, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        result.mean_lifetime_sparseness,
        mean_of_some([s for each in lifetime for s in each]),
        rtol=1e-12,
    )
    population = mean_of_some([loop_sparseness(image.reshape(-1)) for image in counts])
    np.testing.assert_allclose(result.population_sparseness, population, atol=2**-32)


def song_hsic(K, L):
    """Equation 5 of Song et al. (2012), as it stands there."""
    n, one = len(K), np.ones(len(K))
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    total = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
    return (np.trace(K @ L) + total - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))
