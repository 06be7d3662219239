"""The probe against NumPy's least squares and SciPy, and where the answer is known."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from snnviz.data import to_input
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    ClassProbe,
    ProbeChoice,
    ProbeFit,
    ProbeScore,
    pooled_counts,
    pooling_side,
    wilson_interval,
)
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.encoder import load_encoder


def fit(record, labels, **options):
    accumulator = ProbeFit(record.T, record.shape[1:], **options)
    accumulator.update(record, blank(record), labels)
    return accumulator.result()


def score(probe, record, labels):
    accumulator = ProbeScore(record.T, record.shape[1:], probe)
    accumulator.update(record, blank(record), labels)
    return accumulator.result()


def blank(record):
    """The probe sees spikes only."""
    n, _, height, width = record.shape
    return np.zeros((n, height, width), np.uint8)


@pytest.mark.parametrize(("shape", "side"), [
    ((128, 28, 28), 4), ((1, 28, 28), 28), ((6, 28, 28), 18), ((3000, 9, 9), 1), ((1, 5, 90), 5)
])  # fmt: skip
def test_the_grid_keeps_to_the_limit(shape, side):
    assert pooling_side(shape) == side


def test_cells_hold_the_sums_of_their_pixels(rng):
    record = SpikeRecord.from_first_spike(rng.integers(0, 301, (2, 3, 7, 11)), 300)
    counts = record.count(299).astype(int)
    pooled = pooled_counts(record, 3).reshape(2, 3, 3, 3)
    rows, columns = (0, 2, 4, 7), (0, 3, 7, 11)
    for i, j in np.ndindex(3, 3):
        cell = counts[:, :, rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
        assert np.array_equal(pooled[:, :, i, j], cell.sum((2, 3)))
    trains = SpikeRecord.from_spikes(record.spikes())
    assert np.array_equal(pooled_counts(trains, 3), pooled_counts(record, 3))
    with pytest.raises(ConfigError, match="8 x 8 cells"):
        pooled_counts(record, 8)


def test_the_probe_is_ridge_regression_of_one_hot_labels(rng):
    record = SpikeRecord.from_first_spike(rng.integers(0, 9, (40, 3, 4, 5)), 8)
    labels = rng.integers(0, 4, 40).astype(np.uint8)
    probe = fit(record, labels, classes=4, strength=0.3)
    x = pooled_counts(record, 4).astype(float)
    y = np.eye(4)[labels]
    centered = x - x.mean(0)
    gram = centered.T @ centered
    penalty = 0.3 * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, centered.T @ (y - y.mean(0)))
    assert probe.weights == pytest.approx(weights, abs=1e-9)
    assert probe.bias == pytest.approx(y.mean(0) - x.mean(0) @ weights, abs=1e-9)
    guesses = (x @ weights + y.mean(0) - x.mean(0) @ weights).argmax(1)
    assert np.array_equal(probe.classify(record), guesses)
    assert score(probe, record, labels).correct == (guesses == labels).sum()


@pytest.fixture(scope="module")
def encoded(real_images):
    images = real_images.head(600)
    record = load_encoder().encode(to_input(images.images), 4)
    return record, images.labels


def test_the_bundled_encoder_tells_classes_apart(encoded):
    record, labels = encoded
    result = score(fit(record[:450], labels[:450]), record[450:], labels[450:])
    assert result.accuracy > 0.65
    assert (result.train_images, result.total, result.features) == (450, 150, 2048)
    assert result.interval[0] < result.accuracy < result.interval[1]
    assert result.chance == np.bincount(labels[450:]).max() / 150


def test_where_all_fire_in_the_end_earlier_counts_tell_the_class():
    labels = np.arange(60, dtype=np.uint8) % 3
    # One spike each, earlier or later by class: after the last step all counts are 1.
    steps = (labels + 1)[:, None, None, None] * np.ones((1, 1, 4, 4), int)
    record = SpikeRecord.from_spikes(np.arange(4)[:, None, None, None, None] == steps)
    last, earlier = (fit(record, labels, classes=3, t=t) for t in (None, 1))
    assert score(last, record, labels).correct == 20
    assert score(earlier, record, labels).correct == 40  # class 0 against the others


def test_a_shuffled_encoder_is_at_chance(encoded, rng):
    record, labels = encoded
    few = SpikeRecord.from_first_spike(record.first_spike[:, ::16, ::4, ::4], 4)
    train, test = slice(450), slice(450, None)
    assert score(fit(few[train], labels[train]), few[test], labels[test]).accuracy > 0.5
    rounds, correct, chance = 20, 0, 0
    for _ in range(rounds):
        mixed = SpikeRecord.from_first_spike(few.first_spike[rng.permutation(600)], 4)
        probe = fit(mixed[train], labels[train])
        correct += score(probe, mixed[test], labels[test]).correct
        # How often a guess meets a label that has nothing to do with it.
        guesses = np.bincount(probe.classify(mixed[test]), minlength=10)
        chance += guesses @ np.bincount(labels[test], minlength=10) / 150**2 / rounds
    low, high = binom.interval(0.999, rounds * 150, chance)
    assert low <= correct <= high


@pytest.mark.parametrize("first_spike", [0, 1])
def test_silent_and_saturated_encoders_guess_the_commonest_class(first_spike):
    record = SpikeRecord.from_first_spike(np.full((9, 2, 4, 6), first_spike), 1)
    labels = np.array([3, 3, 1, 1, 1, 0, 0, 2, 4], np.uint8)
    probe = fit(record, labels)
    assert (probe.classify(record) == 1).all()
    result = score(probe, record, labels)
    assert (result.correct, result.accuracy, result.chance) == (3, 1 / 3, 1 / 3)


def test_of_strengths_that_are_right_equally_often_the_largest_is_best():
    record = SpikeRecord.from_first_spike(np.zeros((5, 2, 4, 6), int), 1)
    labels = np.array([1, 1, 1, 0, 2], np.uint8)
    probes = [
        ClassProbe(1, np.zeros((2, 3)), np.eye(3)[guess], 9, strength=strength)
        for strength, guess in ((0.1, 1), (1.0, 1), (0.3, 1), (3.0, 0))
    ]
    for some in (probes, probes[::-1]):
        choice = ProbeChoice(1, (2, 4, 6), some)
        choice.update(record, blank(record), labels)
        assert sorted(choice.state["correct"]) == [1, 3, 3, 3]
        assert choice.result() == 1.0


@given(st.integers(1, 20000), st.floats(0, 1))
def test_the_interval_is_wilsons(total, share):
    correct = round(share * total)
    expected = binomtest(correct, total).proportion_ci(method="wilson")
    assert wilson_interval(correct, total) == pytest.approx(tuple(expected), abs=1e-12)


@settings(max_examples=20)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_merging_in_any_order_is_one_pass(sizes, seed, order):
    rng = np.random.default_rng(seed)
    total, shape = sum(sizes) + 1, (2, 4, 5)
    record = SpikeRecord.from_first_spike(rng.integers(0, 4, (total, *shape)), 3)
    labels = rng.integers(0, 10, total).astype(np.uint8)

    def merged(new):
        parts, start = [], 0
        for size in [*sizes, 1]:
            part, here = new(), slice(start, start + size)
            part.update(record[here], blank(record[here]), labels[here])
            parts.append(pickle.loads(pickle.dumps(part)))
            start += size
        order.shuffle(parts)
        for part in parts[1:]:
            parts[0].merge(part)
        return parts[0].result()

    probe, ours = fit(record, labels), merged(lambda: ProbeFit(3, shape))
    assert np.array_equal(probe.weights, ours.weights)
    assert np.array_equal(probe.bias, ours.bias)
    assert score(probe, record, labels) == merged(lambda: ProbeScore(3, shape, probe))


def test_wrong_input_is_refused(rng):
    record = SpikeRecord.from_first_spike(rng.integers(0, 4, (3, 2, 4, 5)), 3)
    labels = np.array([0, 1, 2], np.uint8)
    with pytest.raises(DataError, match="needs labels"):
        fit(record, None)
    with pytest.raises(DataError, match=r"0\.\.1, got 0 to 2"):
        fit(record, labels, classes=2)
    with pytest.raises(ShapeError, match=r"labels must be \[3\]"):
        fit(record, labels[:2])
    with pytest.raises(DataError, match="no images"):
        ProbeFit(3, (2, 4, 5)).result()
    with pytest.raises(ConfigError, match="2 or more classes apart, got 1"):
        ProbeFit(3, (2, 4, 5), classes=1)
    probe = fit(record, labels)
    with pytest.raises(ShapeError, match="features"):
        ProbeScore(3, (3, 4, 5), probe)
    with pytest.raises(DataError, match="no images"):
        ProbeScore(3, (2, 4, 5), probe).result()
    with pytest.raises(ShapeError, match="cannot merge"):
        ProbeFit(3, (2, 4, 5)).merge(ProbeFit(3, (2, 4, 5), classes=4))
