"""Edited trains: what is kept, what is drawn, and in which order."""

from itertools import permutations

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import EDITS, edit_trains
from snnviz.metrics.trains import DELETED

RNG = np.random.default_rng(1)
TRAINS = RNG.random((6, 5, 3, 7)) < 0.4
TRAINS[:, :, 0, 0], TRAINS[:, :, 0, 1] = False, True  # silent, saturated
CASES = [(kind, s) for kind, strengths in EDITS.items() for s in range(1, len(strengths) + 1)]


@pytest.mark.parametrize(("kind", "severity"), CASES)
def test_an_edit_depends_on_the_images_number_and_the_seed_alone(kind, severity):
    whole = edit_trains(TRAINS, kind, severity, seed=2)
    assert whole.shape == TRAINS.shape
    part = edit_trains(TRAINS[:, 3:], kind, severity, seed=2, first=3)
    np.testing.assert_array_equal(whole[:, 3:], part)
    other = edit_trains(TRAINS, kind, severity, seed=3)
    assert np.array_equal(whole, other) == (kind == "reversed")


@pytest.mark.parametrize("severity", range(1, 6))
def test_jitter_keeps_the_spikes_of_each_neuron_and_one_a_step(severity):
    found = edit_trains(TRAINS, "jittered", severity)
    np.testing.assert_array_equal(found.sum(0), TRAINS.sum(0))
    assert found.max() == 1


def test_jitter_moves_further_with_severity_and_at_last_anywhere():
    one = np.zeros((8, 1, 4000), np.int64)
    one[3] = 1
    moved = [np.abs(edit_trains(one, "jittered", s).argmax(0) - 3).mean() for s in range(1, 6)]
    assert moved == sorted(moved)
    where = np.bincount(edit_trains(one, "jittered", 5).argmax(0).ravel(), minlength=8)
    assert (np.abs(where - 500) < 5 * np.sqrt(500)).all()
    # With j = T / 4 = 2 a step moves by fewer than two steps' worth of both keys.
    near = edit_trains(one, "jittered", 1).argmax(0)
    assert set(np.unique(near)) <= {0, 1, 2, 3, 4, 5, 6}


def test_any_order_is_equally_likely_at_the_last_severity():
    trains = np.tile(np.arange(3).reshape(3, 1, 1), (1, 1, 6000))
    found = edit_trains(trains, "jittered", 5)
    counts = dict.fromkeys(permutations(range(3)), 0)
    for order in found[:, 0].T:
        counts[tuple(order)] += 1
    assert all(abs(count - 1000) < 5 * np.sqrt(1000) for count in counts.values())


def test_reversed_is_the_last_step_first():
    counts = RNG.integers(0, 4, (5, 2, 3))
    found = edit_trains(counts, "reversed", 1)
    for t in range(5):
        np.testing.assert_array_equal(found[t], counts[4 - t])


@pytest.mark.parametrize("severity", range(1, 6))
def test_deletion_leaves_out_that_share_and_adds_nothing(severity):
    share = DELETED[severity - 1]
    spikes = np.ones((4, 2, 5000), bool)
    spikes[:, :, :100] = False
    found = edit_trains(spikes, "deleted", severity)
    assert (found <= spikes).all()
    assert found.sum() / spikes.sum() == pytest.approx(1 - share, abs=0.01)
    several = np.full((4, 2, 3000), 3)
    found = edit_trains(several, "deleted", severity)
    assert set(np.unique(found)) == {0, 1, 2, 3}
    assert found.mean() / 3 == pytest.approx(1 - share, abs=0.02)
    # Each spike by itself, not each neuron's step with all its spikes.
    assert (found == 3).mean() == pytest.approx((1 - share) ** 3, abs=0.02)


def test_more_is_deleted_of_the_same():
    before = TRAINS
    for severity in range(1, 6):
        found = edit_trains(TRAINS, "deleted", severity)
        assert (found <= before).all()
        before = found


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((TRAINS * 0.5, "deleted", 1), ShapeError, "float64"),
        ((TRAINS[0, 0], "deleted", 1), ShapeError, r"\[3, 7\]"),
        ((-TRAINS.astype(int), "deleted", 1), ShapeError, "from 0"),
        ((TRAINS, "moved", 1), ConfigError, "'moved'"),
        ((TRAINS, "reversed", 2), ConfigError, "1 to 1, got 2"),
    ],
)
def test_what_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        edit_trains(*arguments)
