"""What each channel is by itself, against plain loops over spikes."""

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import DataError, ShapeError
from snnviz.metrics import (
    Exciting,
    OperatingPoint,
    ReceptiveField,
    Skeleton,
    SpikeTriggered,
    Synchrony,
    channel_synchrony,
    effective_size,
    most_exciting,
    stable_neurons,
)
from snnviz.metrics.receptive_field import patches
from snnviz.records.spikes import SpikeRecord

SHAPE = (4, 3, 5)  # not square


def trains(rng, T, n=6, *, most=1):
    """Spikes [T, n, K, H, W]; channel 0 is silent, channel 1 fires in every step."""
    spikes = rng.integers(0, most + 1, (T, n, *SHAPE)) * (rng.random((T, n, *SHAPE)) < 0.6)
    spikes[:, :, 0], spikes[:, :, 1] = 0, 1
    spikes[:, 0, 2] = 0  # one image leaves another channel silent
    return spikes


def recorded(spikes):
    return SpikeRecord.from_counts(spikes, len(spikes))


def loop_synchrony(spikes):
    """Golomb's chi squared of neurons [T, N], as it is defined."""
    firing = spikes[:, spikes.any(axis=0)].astype(float)
    if not firing.size:
        return np.nan
    own = np.mean([np.var(train) for train in firing.T])
    return np.nan if own == 0 else np.var(firing.mean(axis=1)) / own


@pytest.mark.parametrize(("T", "most"), [(1, 1), (8, 1), (13, 3)])
def test_synchrony_is_that_of_its_definition(rng, T, most):
    spikes = trains(rng, T, most=most)
    record = recorded(spikes)
    found = channel_synchrony(record)
    expected = [[loop_synchrony(spikes[:, n, k].reshape(T, -1)) for k in range(4)]
                for n in range(6)]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert np.isnan(found[:, :2]).all()  # silent, and in every step
    assert (T == 1 and most == 1) == np.isnan(found[1:, 3]).all()


def test_a_renewal_record_is_as_its_trains(rng):
    first = rng.integers(0, 9, (5, *SHAPE))
    record = SpikeRecord.from_first_spike(first, 8)
    again = SpikeRecord.from_spikes(record.spikes())
    np.testing.assert_array_equal(channel_synchrony(record), channel_synchrony(again))


def test_means_of_synchrony_leave_out_what_is_not_defined(rng):
    spikes = trains(rng, 7)
    record, family = recorded(spikes), Synchrony()
    family.update(record[:4])
    family.update(record[4:])
    found = family.result()
    assert found.images == 6
    each = channel_synchrony(record)
    np.testing.assert_allclose(found.synchrony[3], each[:, 3].mean())
    np.testing.assert_allclose(found.synchrony[2], each[1:, 2].mean())
    assert np.isnan(found.synchrony[:2]).all()
    fires = spikes.any(axis=0)
    expected = np.mean([1 / fires[n, 3].sum() for n in range(6)])
    np.testing.assert_allclose(found.by_chance[3], expected)
    steps = []
    for n in range(6):
        first = [train.argmax() for train in spikes[:, n, 3].reshape(7, -1).T if train.any()]
        steps.append(max(first.count(t) for t in range(7)) / len(first))
    np.testing.assert_allclose(found.same_step[3], np.mean(steps))
    assert found.same_step[1] == 1
    assert np.isnan(found.same_step[0])


def test_independent_neurons_come_to_chance():
    spikes = np.random.default_rng(1).random((4000, 1, 1, 1, 20)) < 0.3
    assert channel_synchrony(recorded(spikes))[0, 0] == pytest.approx(1 / 20, rel=0.1)


def loop_stable(before, copies, T):
    kept = []
    for place, time in np.ndenumerate(before):
        others = [int(copy[place]) for copy in copies]
        kept.append(time < T and all(o < T and abs(o - int(time)) <= 1 for o in others))
    return np.reshape(kept, before.shape)


@pytest.mark.parametrize("T", [1, 4])
def test_stable_neurons_fire_in_all_copies_at_nearly_the_same_step(rng, T):
    before = rng.integers(0, T + 1, (4, *SHAPE)).astype(np.uint8)
    copies = [np.clip(before + rng.integers(-1, 3, before.shape), 0, T).astype(np.uint8)
              for _ in range(2)]  # fmt: skip
    found = stable_neurons(before, copies, T)
    expected = loop_stable(before, copies, T)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(found, expected)


def test_the_skeleton_of_channels_beside_chance(rng):
    T = 5
    before = rng.integers(0, T + 1, (4, *SHAPE)).astype(np.uint8)
    before[:, 0], before[:, 1] = T, 0
    copies = [np.clip(before + rng.integers(0, 3, before.shape), 0, T).astype(np.uint8)
              for _ in range(2)]  # fmt: skip
    for copy in copies:
        copy[:, :2] = before[:, :2]
    family = Skeleton(T, SHAPE, 1)
    for some in (slice(0, 2), slice(2, 3), slice(3, 4)):
        family.update(before[some], [copy[some] for copy in copies])
    found = family.result()
    expected = loop_stable(before, copies, T)
    fires = before < T
    for k in range(1, 4):
        assert found.stable[k] == expected[:, k].sum() / fires[:, k].sum()
        other = loop_stable(before[1:], [copy[:3] for copy in copies], T)
        assert found.by_chance[k] == other[:, k].sum() / fires[1:, k].sum()
    assert np.isnan(found.stable[0])
    assert np.isnan(found.by_chance[0])
    assert found.stable[1] == 1
    np.testing.assert_allclose(found.maps, expected.mean(axis=0))
    assert found.overall == pytest.approx(expected.sum() / fires.sum())
    assert (found.images, found.copies, found.severity) == (4, 2, 1)


@pytest.mark.parametrize("most", [1, 3])
def test_the_operating_point_is_that_of_a_line_through_rates(rng, most):
    T = 6
    spikes = trains(rng, T, most=most)
    drive = rng.normal(0.4, 0.3, (6, *SHAPE)).astype(np.float32)
    drive[:, 0] = 0.1  # does not vary
    family = OperatingPoint(SHAPE, threshold=0.5)
    record = recorded(spikes)
    for some in (slice(0, 2), slice(2, 6)):
        family.update(record[some], drive[some])
    found = family.result()
    rate = spikes.sum(axis=0) / T
    for k in range(4):
        x, r = drive[:, k].ravel().astype(float) / 0.5, rate[:, k].ravel()
        assert found.mean_drive[k] == pytest.approx(x.mean())
        if k:
            assert found.gain[k] == pytest.approx(stats.linregress(x, r).slope, abs=1e-12)
            assert found.drive_deviation[k] == pytest.approx(x.std())
        fired = spikes[:, :, k].any(axis=0)
        at_once = spikes[0, :, k] > 0
        assert found.silent[k] == pytest.approx(1 - fired.mean())
        assert found.first_step[k] == pytest.approx(at_once.mean())
        assert found.linear_range[k] == pytest.approx((fired & ~at_once).mean())
    assert np.isnan(found.gain[0])
    assert found.drive_deviation[0] == 0
    assert (found.silent[0], found.first_step[1], found.gain[1]) == (1, 1, 0)


def test_integrate_and_fire_neurons_in_their_range_have_a_gain_of_one():
    T, drive = 200, np.linspace(0.1, 0.9, 60, dtype=np.float32).reshape(1, 1, 6, 10)
    spikes, v = [], np.zeros_like(drive)
    for _ in range(T):  # by subtraction, whose rate is the drive
        v = v + drive
        spikes.append(v >= 1)
        v = v - spikes[-1]
    family = OperatingPoint((1, 6, 10), 1.0)
    family.update(SpikeRecord.from_spikes(np.array(spikes)), drive)
    assert family.result().gain[0] == pytest.approx(1, abs=0.01)


def test_without_a_drive_shares_are_left():
    family = OperatingPoint(SHAPE)
    family.update(SpikeRecord.from_first_spike(np.zeros((2, *SHAPE), int), 1))
    found = family.result()
    assert found.gain is found.mean_drive is found.threshold is None
    assert (found.silent + found.linear_range == 0).all()


FIELDS = [
    ReceptiveField(-1, -1, 3, 3, 1, 1),
    ReceptiveField(0, -2, 2, 5, 3, 2),
    ReceptiveField(0, 0, 9, 11, 0, 0),
]


def loop_patch(image, field, y, x):
    found = np.zeros((field.height, field.width))
    for row in range(field.height):
        for column in range(field.width):
            at = field.top + y * field.down + row, field.left + x * field.right + column
            if 0 <= at[0] < image.shape[0] and 0 <= at[1] < image.shape[1]:
                found[row, column] = image[at]
    return found


@pytest.mark.parametrize("most", [4, 99_999])
@pytest.mark.parametrize("field", FIELDS)
def test_the_spike_triggered_average_is_that_of_a_loop(rng, field, most):
    images = rng.integers(0, 256, (3, 9, 11), np.uint8)
    counts = rng.integers(0, most, (3, *SHAPE))
    counts[:, 0] = 0
    family = SpikeTriggered(SHAPE, field)
    family.update(images[:1], counts[:1])
    family.update(images[1:], counts[1:])
    found = family.result()
    under = np.array([[[loop_patch(image, field, y, x) for x in range(5)] for y in range(3)]
                      for image in images])  # fmt: skip
    np.testing.assert_array_equal(patches(images, field, SHAPE[1:]), under)
    for k in range(1, 4):
        weights = counts[:, k, :, :, np.newaxis, np.newaxis]
        expected = (weights * under).sum((0, 1, 2)) / weights.sum() - under.mean((0, 1, 2))
        np.testing.assert_allclose(found.average[k], expected, atol=1e-9)
        far = np.abs(found.average[k])
        assert found.effective[k] == (far >= far.max() / 2).sum()
    assert np.isnan(found.average[0]).all()
    assert found.effective[0] == 0


def test_a_neuron_that_fires_with_one_pixel_is_found(rng):
    images = rng.integers(0, 256, (40, 9, 11), np.uint8)
    field = ReceptiveField(0, 0, 3, 3, 2, 2)
    seen = patches(images, field, (4, 5))
    counts = (seen[..., 1, 2] > 150).astype(int)[:, np.newaxis]  # [n, 1, H, W]
    family = SpikeTriggered((1, 4, 5), field)
    family.update(images, counts)
    found = family.result()
    assert np.unravel_index(found.average[0].argmax(), (3, 3)) == (1, 2)
    assert found.effective.tolist() == [1]


def test_half_of_the_farthest_counts():
    rows = np.array([[4.0, -2, 1.9, 0], [0, 0, 0, 0], [np.nan] * 4, [-1, -1, -1, -1]])
    assert effective_size(rows).tolist() == [2, 0, 0, 4]


def test_patches_that_are_too_many_are_not_made():
    field = ReceptiveField(0, 0, 300, 300, 0, 0)
    family = SpikeTriggered((1, 20, 20), field)
    assert not family.fits
    family.update(np.zeros((2, 300, 300), np.uint8), np.zeros((2, 1, 20, 20), int))
    found = family.result()
    assert (found.average, found.effective, found.images) == (None, None, 2)


def test_the_most_exciting_images_are_those_of_a_sorted_list(rng):
    counts = rng.integers(0, 3, (7, *SHAPE))
    counts[:, 0], counts[:, 1] = 0, 4
    family = Exciting(SHAPE, keep=3)
    family.update(counts[:2])
    family.update(counts[2:])
    found = family.result()
    assert found.images == 7
    for k in range(4):
        totals = [int(counts[n, k].sum()) for n in range(7)]
        order = sorted(range(7), key=lambda n, totals=totals: (-totals[n], n))[:3]
        assert found.top_images[k].tolist() == order
        assert found.top_counts[k].tolist() == [totals[n] for n in order]
        peaks = [int(counts[n, k].max()) for n in range(7)]
        order = sorted(range(7), key=lambda n, peaks=peaks: (-peaks[n], n))[:3]
        assert found.patch_images[k].tolist() == order
        for n, (y, x), count in zip(
            order, found.patch_places[k], found.patch_counts[k], strict=True
        ):
            assert counts[n, k, y, x] == count == peaks[n]
            assert not (counts[n, k].ravel()[: y * 5 + x] == count).any()
        assert found.patch_ties[k] == peaks.count(max(peaks))
    assert found.top_images[0].tolist() == found.top_images[1].tolist() == [0, 1, 2]
    assert most_exciting(np.array([[2], [5]]), 9).tolist() == [[1, 0]]


def test_what_is_refused():
    for family in (Skeleton(2, SHAPE, 1), Synchrony(), OperatingPoint(SHAPE), Exciting(SHAPE),
                   SpikeTriggered(SHAPE, FIELDS[0])):  # fmt: skip
        with pytest.raises(DataError, match="has seen no images"):
            family.result()
    with pytest.raises(ShapeError, match="one copy or more"):
        stable_neurons(np.zeros((1, 2), int), [], 2)
    with pytest.raises(ShapeError, match=r"in 0\.\.2"):
        stable_neurons(np.zeros((1, 2), int), [np.full((1, 2), 3)], 2)
    with pytest.raises(ShapeError, match="expected counts"):
        Exciting(SHAPE).update(np.zeros((1, 2, 3, 5), int))
    with pytest.raises(ShapeError, match="grey bytes"):
        patches(np.zeros((2, 2)), FIELDS[0], (2, 2))
    record = SpikeRecord.from_first_spike(np.zeros((2, *SHAPE), int), 1)
    with pytest.raises(ShapeError, match="and their drives"):
        OperatingPoint(SHAPE).update(record, np.zeros((2, 2)))
