"""How much an encoder spikes, against plain loops over its spike trains."""

import numpy as np
import pytest

from snnviz.metrics import Activity, sparseness
from snnviz.records.spikes import SpikeRecord
from tests.metrics.oracles import assert_activity, loop_sparseness


def test_every_number_is_that_of_the_spikes(case):
    record = case.record
    assert record.first_spike[:, 2:].min() < record.first_spike[:, 2:].max()
    assert_activity(case.fed(Activity).result(), record.spikes())
    parts = slice(0, 4), slice(4, None)
    assert_activity(case.fed(Activity, *parts).result(), record.spikes())


def test_a_real_encoder(drawn):
    first = drawn.record.first_spike[:, ::9, 6:20:3, 5:23:4]  # not square, and not contiguous
    record = SpikeRecord.from_first_spike(first, 8)
    activity = Activity(8, record.shape[1:])
    activity.update(record, np.zeros((len(first), *first.shape[2:]), np.uint8))
    assert_activity(activity.result(), record.spikes())


def test_more_images_than_a_block_holds(rng):
    first = rng.integers(0, 10, (600, 2, 1, 3))
    first[:, :, :, 0] = 0  # a byte would overflow here
    record = SpikeRecord.from_first_spike(first, 9)
    activity = Activity(9, (2, 1, 3))
    activity.update(record, np.zeros((600, 1, 3), np.uint8))
    assert_activity(activity.result(), record.spikes())


@pytest.mark.parametrize("T", [1, 8])
def test_silent_and_saturated_encoders(T):
    images = np.zeros((3, 4, 5), np.uint8)
    for first, rate, uneven in ((T, 0.0, np.nan), (0, 1.0, 0.0)):
        activity = Activity(T, (2, 4, 5))
        activity.update(SpikeRecord.from_first_spike(np.full((3, 2, 4, 5), first), T), images)
        result = activity.result()
        assert result.rate.tolist() == [rate, rate]
        assert result.spikes_per_image == rate * T * 40
        assert result.sparsity == 1 - rate
        assert result.silent.all() == (rate == 0)
        assert result.saturated.all() == (rate == 1)
        np.testing.assert_equal(result.lifetime_sparseness, [uneven, uneven])
        np.testing.assert_equal(result.population_sparseness, uneven)


def test_one_spike_of_all_is_as_sparse_as_can_be():
    first = np.full((4, 1, 2, 3), 8)
    first[2, 0, 1, 1] = 3
    activity = Activity(8, (1, 2, 3))
    activity.update(SpikeRecord.from_first_spike(first, 8), np.zeros((4, 2, 3), np.uint8))
    result = activity.result()
    assert result.lifetime_sparseness.tolist() == [1.0]
    assert result.population_sparseness == 1.0
    assert result.first_spike.tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 23]]


def test_sparseness_on_arrays(rng):
    responses = rng.poisson(1.5, (6, 7)).astype(np.uint8)
    responses[2] = 0
    for axis, rows in ((0, responses.T), (1, responses)):
        expected = [loop_sparseness(row) for row in rows]
        expected = [np.nan if value is None else value for value in expected]
        np.testing.assert_allclose(sparseness(responses, axis), expected, rtol=1e-12)
    assert np.isnan(sparseness(np.ones(1)))
    # Bytes whose squares do not fit into a byte.
    assert sparseness(np.array([200, 0], np.uint8)) == 1


def test_one_image_has_no_lifetime(rng):
    first = rng.integers(0, 9, (1, 2, 3, 4))
    activity = Activity(8, (2, 3, 4))
    activity.update(SpikeRecord.from_first_spike(first, 8), np.zeros((1, 3, 4), np.uint8))
    assert np.isnan(activity.result().lifetime_sparseness).all()
    assert 0 < activity.result().population_sparseness < 1
