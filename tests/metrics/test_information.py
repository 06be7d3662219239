"""Bits, against SciPy's entropy, plain loops and distributions whose bits are known."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import ConfigError
from snnviz.metrics import Information, entropy, mutual_information
from snnviz.records.spikes import SpikeRecord


def loop_information(xs, ys):
    """Sum of p(x, y) log2 p(x, y) / (p(x) p(y)), pair by pair, and Panzeri and Treves' bias."""
    n, x, y, xy = len(xs), Counter(xs), Counter(ys), Counter(zip(xs, ys, strict=True))
    bits = sum(m / n * math.log2(m * n / (x[a] * y[b])) for (a, b), m in xy.items())
    return bits, (len(xy) - len(x) - len(y) + 1) / (2 * n * math.log(2))


def test_every_number_is_that_of_the_pairs(case):
    bins = 5
    parts = slice(0, 4), slice(4, None)
    information = case.fed(Information, *parts, bins=bins, classes=4)
    result = information.result()
    first, counts = case.record.first_spike, case.record.count(case.T - 1)
    n, K, H, W = first.shape
    assert (result.images, result.pairs, result.bins) == (n, n * H * W, bins)
    for k in range(K):
        f, v, c = zip(
            *(
                (int(first[i, k, y, x]), int(case.images[i, y, x]) * bins // 256, case.labels[i])
                for i, y, x in np.ndindex(n, H, W)
            ),
            strict=True,
        )
        times = list(Counter(f).values())
        assert result.entropy[k] == pytest.approx(stats.entropy(times, base=2), abs=1e-12)
        miller = (len(times) - 1) / (2 * len(f) * math.log(2))
        assert result.entropy_corrected[k] == pytest.approx(result.entropy[k] + miller, abs=1e-12)
        told = {}
        for name, others in (("intensity", v), ("label", c)):
            bits, bias = loop_information(f, others)
            assert getattr(result, f"{name}_information")[k] == pytest.approx(bits, abs=1e-12)
            told[name] = getattr(result, f"{name}_information_corrected")[k]
            if name == "label":
                bias = result.label_bias[k]
            assert told[name] == pytest.approx(bits - bias, abs=1e-12)
            joint = getattr(information, f"{name}_histogram")[k]
            pairs = Counter(zip(f, map(int, others), strict=True))
            assert {pair: int(joint[pair]) for pair in zip(*joint.nonzero(), strict=True)} == pairs
        spikes = counts[:, k].sum(dtype=int)
        if spikes:
            expected = told["intensity"] * len(f) / spikes
            assert result.bits_per_spike[k] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        else:
            assert np.isnan(result.bits_per_spike[k])
    assert np.isnan(result.bits_per_spike[0])
    # Silent and saturated channels say nothing, exactly.
    for bits in (result.entropy, result.intensity_information, result.label_information):
        assert bits[:2].tolist() == [0, 0]


def test_an_identity_encoder_tells_the_intensity(rng):
    images = rng.integers(0, 256, (6, 5, 7), np.uint8)
    first = np.stack([images // 32, 7 - images // 32], axis=1)
    information = Information(8, (2, 5, 7), bins=8)
    information.update(SpikeRecord.from_first_spike(first, 8), images)
    result = information.result()
    assert result.entropy[0] > 2.9
    np.testing.assert_allclose(result.intensity_information, result.entropy, rtol=1e-12)
    assert result.label_information is None
    with pytest.raises(ConfigError, match="labels were not read"):
        _ = information.label_histogram


def test_a_shuffled_encoder_tells_nothing_and_the_correction_finds_it(rng):
    images = rng.integers(0, 256, (360, 2, 4), np.uint8)
    labels = rng.integers(0, 10, 360).astype(np.uint8)
    first = rng.integers(0, 9, (360, 50, 2, 4))
    information = Information(8, (50, 2, 4), classes=10)
    information.update(SpikeRecord.from_first_spike(first, 8), images, labels)
    result = information.result()
    for name in ("intensity", "label"):
        plug_in = getattr(result, f"{name}_information")
        assert (plug_in > 0.01).all()
        assert abs(getattr(result, f"{name}_information_corrected").mean()) < plug_in.mean() / 20
    assert abs(result.entropy_corrected.mean() - math.log2(9)) < 2e-4
    assert result.entropy.mean() < math.log2(9) - 1e-3


def test_neurons_that_all_fire_together_tell_nothing_of_a_class_by_chance(rng):
    """The pairs of an image are one sample then, and Miller-Madow's term takes them for many."""
    labels = rng.integers(0, 10, 300).astype(np.uint8)
    first = np.broadcast_to(rng.integers(0, 9, (300, 12, 1, 1)), (300, 12, 5, 6))
    images = rng.integers(0, 256, (300, 5, 6), np.uint8)
    information = Information(8, (12, 5, 6), classes=10)
    information.update(SpikeRecord.from_first_spike(first, 8), images, labels)
    result = information.result()
    naive = mutual_information(information.label_histogram, corrected=True)
    assert naive.mean() > 0.1
    assert abs(result.label_information_corrected.mean()) < naive.mean() / 10
    # What is measured is what shuffled labels would seem to tell.
    shuffled = Information(8, (12, 5, 6), classes=10)
    shuffled.update(SpikeRecord.from_first_spike(first, 8), images, rng.permutation(labels))
    assert result.label_bias.mean() == pytest.approx(
        shuffled.result().label_information.mean(), rel=0.1
    )


def test_one_spike_per_class_tells_the_class(rng):
    labels = np.repeat(np.arange(4, dtype=np.uint8), 3)
    first = np.broadcast_to(labels[:, None, None, None], (12, 1, 2, 3))
    information = Information(4, (1, 2, 3), classes=4)
    images = rng.integers(0, 256, (12, 2, 3), np.uint8)
    information.update(SpikeRecord.from_first_spike(first, 4), images, labels)
    assert information.result().label_information.tolist() == [2.0]
    assert information.result().entropy.tolist() == [2.0]


def test_a_real_encoder_tells_more_of_intensity_than_of_class(drawn):
    result = drawn.fed(Information, classes=10).result()
    assert (result.intensity_information <= result.entropy + 1e-12).all()
    assert np.nanmean(result.intensity_information_corrected) > 5 * result.label_information.mean()
    assert result.intensity_information.max() > 0.3


def test_on_arrays():
    assert entropy(np.array([[4, 4, 0, 0], [0, 9, 0, 0]])).tolist() == [1, 0]
    assert np.isnan(entropy(np.zeros(3, int)))
    assert mutual_information(np.diag([5, 5, 5, 5])) == 2
    assert mutual_information(np.ones((4, 6), int)) == 0
    assert np.isnan(mutual_information(np.zeros((2, 3, 4), int))).all()


@pytest.mark.parametrize("bins", [0, 257])
def test_impossible_bins_are_refused(bins):
    with pytest.raises(ConfigError, match=rf"1\.\.256, got {bins}"):
        Information(8, (2, 3, 4), bins=bins)


def test_labels_that_do_not_vary_have_no_bias(rng):
    """One class of two, and two of ten: the bias is that of the classes that are there."""
    images = rng.integers(0, 256, (2, 1, 1), np.uint8)
    record = SpikeRecord.from_first_spike(np.array([0, 1]).reshape(2, 1, 1, 1), 2)
    alone = Information(2, (1, 1, 1), classes=2)
    alone.update(record, images, np.zeros(2, np.uint8))
    assert alone.result().label_bias.tolist() == [0]
    assert alone.result().label_information_corrected.tolist() == [0]

    first = rng.integers(0, 9, (400, 20, 1, 1))
    labels = rng.integers(0, 2, 400).astype(np.uint8) * 7
    images = rng.integers(0, 256, (400, 2, 2), np.uint8)
    first = np.broadcast_to(first, (400, 20, 2, 2))
    bias = {}
    for classes in (8, 10, 50):
        information = Information(8, (20, 2, 2), classes=classes)
        information.update(SpikeRecord.from_first_spike(first, 8), images, labels)
        bias[classes] = information.result().label_bias.mean()
        assert abs(information.result().label_information_corrected.mean()) < bias[classes] / 5
    assert bias[8] == pytest.approx(bias[50], rel=0.15)
