"""`SpikeRecord` against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from snnviz.errors import ConfigError, ShapeError
from snnviz.records.spikes import SpikeRecord

SHAPE = (2, 3, 4, 5)  # two images, not square


def loop_spikes(first_spike, T):
    """The renewal process step by step: fire, start again, fire after the same interval."""
    spikes = np.zeros((T, *first_spike.shape), dtype=bool)
    waited = np.zeros(first_spike.shape, dtype=int)
    for t in range(T):
        fires = waited == first_spike
        spikes[t] = fires
        waited = np.where(fires, 0, waited + 1)
    return spikes


@st.composite
def first_spikes(draw):
    T = draw(st.sampled_from([1, 2, 3, 4, 8, 13, 64, 255, 300]))
    times = draw(hnp.arrays(np.int64, SHAPE, elements=st.integers(0, T)))
    times[0, 0], times[0, 1] = T, 0  # always a silent map and a saturated one
    return times, T


@given(first_spikes())
def test_renewal_record_says_what_the_process_does(case):
    times, T = case
    record = SpikeRecord.from_first_spike(times, T)
    expected = loop_spikes(times, T)
    assert record.is_renewal
    assert np.array_equal(record.spikes(), expected)
    for t in {0, T // 2, T - 1}:
        assert np.array_equal(record.count(t), expected[: t + 1].sum(axis=0))
    assert (record.count(T - 1)[0, 0] == 0).all()
    assert (record.count(T - 1)[0, 1] == T).all()


@given(hnp.arrays(np.bool_, (13, *SHAPE)))
def test_any_spike_trains_round_trip(spikes):
    record = SpikeRecord.from_spikes(spikes)
    assert not record.is_renewal
    assert np.array_equal(record.spikes(), spikes)
    for t in range(13):
        assert np.array_equal(record.count(t), spikes[: t + 1].sum(axis=0))
    for where in np.ndindex(SHAPE):
        train = spikes[(slice(None), *where)]
        assert record.first_spike[where] == (train.tolist().index(True) if train.any() else 13)


@pytest.mark.parametrize("T", [1, 7, 8, 9, 64, 255, 256, 300])
def test_trains_of_any_length_are_counted_from_their_bits(T, rng):
    spikes = rng.random((T, *SHAPE)) < 0.2
    spikes[:, 0, 0], spikes[:, 0, 1] = False, True
    spikes[:-1, 1, 0], spikes[-1, 1, 0] = False, True  # the first spike in the last step
    for record in (SpikeRecord.from_spikes(spikes), SpikeRecord.from_steps(iter(spikes), T)):
        for t in {0, T // 2, max(T - 2, 0), T - 1}:
            assert np.array_equal(record.count(t), spikes[: t + 1].sum(axis=0))
        assert record.count(T - 1).dtype == record.first_spike.dtype == np.min_scalar_type(T)
        first = np.where(spikes.any(axis=0), spikes.argmax(axis=0), T)
        assert np.array_equal(record.first_spike, first)
        assert np.array_equal(record.spikes(), spikes)


@pytest.mark.parametrize("kind", ["renewal", "trains"])
def test_joined_records_are_one(kind, rng):
    if kind == "renewal":
        record = SpikeRecord.from_first_spike(rng.integers(0, 10, SHAPE), 9)
    else:
        record = SpikeRecord.from_spikes(rng.random((9, *SHAPE)) < 0.3)
    joined = SpikeRecord.joined([record[1:], record[:1]])
    assert joined.is_renewal == record.is_renewal
    assert np.array_equal(joined.spikes(), record.spikes()[:, ::-1])
    assert np.array_equal(joined.count(8), record.count(8)[::-1])


@pytest.mark.parametrize(("T", "dtype"), [(1, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_types_are_the_smallest_that_hold_T(T, dtype):
    record = SpikeRecord.from_first_spike(np.full(SHAPE, T), T)
    assert record.first_spike.dtype == dtype
    assert record.count(T - 1).dtype == dtype


@pytest.mark.parametrize("T", [8, 255, 256])
def test_counts_of_more_neurons_than_a_block(T, rng):
    times = rng.integers(0, T + 1, (3, 2, 150, 200))
    record = SpikeRecord.from_first_spike(times, T)
    for view, expected in ((record, times), (record[::-2], times[::-2])):
        for t in (0, 1, T // 2, T - 1):
            counts = view.count(t)
            assert np.array_equal(counts, (t + 1) // (expected + 1))
            assert counts.flags.writeable
            assert counts.flags.c_contiguous


@pytest.mark.parametrize("kind", ["renewal", "trains"])
def test_a_slice_holds_only_its_images(kind, rng):
    if kind == "renewal":
        record = SpikeRecord.from_first_spike(rng.integers(0, 9, SHAPE), 8)
    else:
        record = SpikeRecord.from_spikes(rng.random((8, *SHAPE)) < 0.3)
    second = record[1:2]
    assert second.shape == (1, *SHAPE[1:])
    assert np.array_equal(second.count(7), record.count(7)[1:2])
    assert np.array_equal(second.spikes(), record.spikes()[:, 1:2])


@pytest.mark.parametrize("T", [1, 5, 8, 9])
def test_as_many_steps_as_T_are_needed(T):
    step = np.zeros(SHAPE, bool)
    for found, message in ((T - 1, f"expected {T} steps, got {T - 1}"), (T + 1, "got more")):
        with pytest.raises(ShapeError, match=message):
            SpikeRecord.from_steps([step] * found, T)
    with pytest.raises(ShapeError, match=r"a step must be \[N, ...\]"):
        SpikeRecord.from_steps([step[0, 0, 0]] * T, T)


def test_records_that_differ_are_not_joined():
    four = SpikeRecord.from_first_spike(np.zeros(SHAPE, int), 4)
    eight = SpikeRecord.from_first_spike(np.zeros(SHAPE, int), 8)
    narrow = SpikeRecord.from_first_spike(np.zeros((*SHAPE[:3], 1), int), 4)
    for other in (eight, narrow):
        with pytest.raises(ShapeError, match="got 2 kinds"):
            SpikeRecord.joined([four, other])
    with pytest.raises(ShapeError, match="got 0 kinds"):
        SpikeRecord.joined([])


def test_wrong_input_is_refused():
    good = np.zeros(SHAPE, int)
    with pytest.raises(ShapeError, match=r"\[N, ...\]"):
        SpikeRecord.from_first_spike(good[0, 0, 0], 8)
    with pytest.raises(ShapeError, match="must be ints, got float64"):
        SpikeRecord.from_first_spike(good + 1.7, 8)
    with pytest.raises(ShapeError, match=r"0\.\.8, got 0 to 9"):
        SpikeRecord.from_first_spike(np.where(np.arange(5) == 4, 9, good), 8)
    with pytest.raises(ShapeError, match="0 or 1"):
        SpikeRecord.from_spikes(np.full((8, *SHAPE), 2))
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        SpikeRecord.from_first_spike(good, 0)
    with pytest.raises(ConfigError, match="at least 1"):
        SpikeRecord.from_spikes(np.zeros((0, *SHAPE)))
    for t in (-1, 8):
        with pytest.raises(ConfigError, match=rf"0\.\.7.*got {t}"):
            SpikeRecord.from_first_spike(good, 8).count(t)


@pytest.mark.parametrize("kind", ["renewal", "bits", "counts"])
@pytest.mark.parametrize(
    "images", [0, -1, np.int64(1), slice(1, 3), [2, 0], np.array([True, False, True]), []], ids=str
)
def test_some_of_the_images(kind, images, rng):
    if kind == "renewal":
        record = SpikeRecord.from_first_spike(rng.integers(0, 6, (3, 2, 4)), 5)
    elif kind == "bits":
        record = SpikeRecord.from_spikes(rng.integers(0, 2, (5, 3, 2, 4)))
    else:
        record = SpikeRecord.from_counts(rng.integers(0, 4, (5, 3, 2, 4)), 5)
    part = record[images]
    chosen = np.atleast_1d(np.arange(3)[[] if isinstance(images, list) and not images else images])
    assert len(part) == len(chosen)
    assert part.steps().tolist() == record.steps()[:, chosen].tolist()
    assert part.first_spike.tolist() == record.first_spike[chosen].tolist()


def test_a_record_has_a_length_and_gives_one_image_after_the_other():
    record = SpikeRecord.from_first_spike(np.arange(6).reshape(3, 2), 5)
    assert len(record) == 3
    assert [each.first_spike.tolist() for each in record] == [[[0, 1]], [[2, 3]], [[4, 5]]]


@pytest.mark.parametrize("images", [3, -4, (0, 1), [0.5], "a", [[0]]])
def test_images_that_a_record_has_not(images):
    record = SpikeRecord.from_first_spike(np.zeros((3, 2), int), 5)
    with pytest.raises(IndexError):
        record[images]


def test_packed_spikes_are_those_of_trains_alone():
    spikes = np.arange(9 * 6).reshape(9, 2, 3) % 4 == 0
    record = SpikeRecord.from_spikes(spikes)
    assert (np.unpackbits(record.packed, axis=0, count=9) == spikes).all()
    assert SpikeRecord.from_first_spike(np.zeros((2, 3), int), 9).packed is None
    assert SpikeRecord.from_counts([[[2, 1, 0]]], 1).packed is None


@pytest.mark.parametrize("T", [1, 7, 8, 9, 255])
def test_neurons_that_fire_until_they_stop(T):
    steps = np.random.default_rng(T).integers(0, T + 1, (3, 2, 4, 5)).astype(np.uint8)
    steps[0, 0, 0, :2] = 0, T
    record = SpikeRecord.from_durations(steps, T)
    trains = np.arange(T)[:, None, None, None, None] < steps
    expected = SpikeRecord.from_spikes(trains)
    np.testing.assert_array_equal(record.spikes(), trains)
    np.testing.assert_array_equal(record.first_spike, expected.first_spike)
    assert record.first_spike.dtype == expected.first_spike.dtype
    for t in {0, T // 2, T - 1}:
        np.testing.assert_array_equal(record.count(t), expected.count(t))


def repeating(rng, T, most):
    """First-spike times, silent and saturated maps among them, and how often each neuron fires."""
    times = rng.integers(0, T + 1, SHAPE).astype(np.uint8)
    times[0, 0], times[0, 1], times[1, 0] = T, 0, T - 1
    each = rng.integers(1, most + 1, SHAPE).astype(np.uint8)
    each[1, 2, 0, 0] = most
    return times, each, loop_spikes(times, T) * each.astype(int)


@pytest.mark.parametrize(("T", "most"), [(1, 3), (9, 2), (32, 200), (255, 255)])
def test_neurons_that_fire_as_often_each_time(T, most, rng):
    times, each, expected = repeating(rng, T, most)
    record = SpikeRecord.from_repeating(times, T, each)
    assert not record.is_renewal
    assert record.most == most
    np.testing.assert_array_equal(record.steps(), expected)
    np.testing.assert_array_equal(record.spikes(), expected > 0)
    for t in {0, T // 2, T - 1}:
        np.testing.assert_array_equal(record.count(t), expected[: t + 1].sum(axis=0))
        np.testing.assert_array_equal(record[1].maps().count(t), record.count(t)[1:])
    counted = SpikeRecord.from_counts(expected, T)
    np.testing.assert_array_equal(record.first_spike, counted.first_spike)
    assert SpikeRecord.from_repeating(times, T, np.ones_like(times)).is_renewal


@pytest.mark.parametrize("some", [1, 3])
@pytest.mark.parametrize("others", [1, 300])
def test_a_few_neurons_may_have_other_trains(some, others, rng):
    times, each, expected = repeating(rng, 11, some)
    record = SpikeRecord.from_repeating(times, 11, each)
    places = np.array([0, 7, 119])
    trains = rng.integers(0, 2, (11, 3)).astype(np.uint16)
    trains[:, 1], trains[4, 2] = 0, others
    expected.reshape(11, -1)[:, places] = trains
    changed = record.with_trains(places, trains)
    np.testing.assert_array_equal(changed.steps(), expected)
    np.testing.assert_array_equal(
        changed.first_spike, SpikeRecord.from_counts(expected, 11).first_spike
    )
    np.testing.assert_array_equal(changed.count(10), expected.sum(axis=0))
    np.testing.assert_array_equal(record.first_spike, times)
    assert record.with_trains(places[:0], trains[:, :0]) is record


def test_records_of_any_forms_are_joined(rng):
    times, each, counts = repeating(rng, 9, 3)
    spikes = rng.random((9, *SHAPE)) < 0.3
    forms = {
        "once": (SpikeRecord.from_first_spike(times, 9), loop_spikes(times, 9)),
        "several": (SpikeRecord.from_repeating(times, 9, each), counts),
        "trains": (SpikeRecord.from_spikes(spikes), spikes),
        "counts": (SpikeRecord.from_counts(spikes * 2, 9), spikes * 2),
    }
    for one, (record, steps) in forms.items():
        for other, (record_too, steps_too) in forms.items():
            joined = SpikeRecord.joined([record, record_too[1:]])
            expected = np.concatenate([steps, steps_too[:, 1:]], axis=1)
            np.testing.assert_array_equal(joined.steps(), expected, f"{one}, {other}")
            np.testing.assert_array_equal(joined.count(8), expected.sum(axis=0))
            assert joined.is_renewal == (one == other == "once")
    # Images without a neuron that fires twice, cut from a record with such.
    quiet = SpikeRecord.from_counts(counts * (np.arange(2) == 0)[:, None, None, None], 9)[1:]
    joined = SpikeRecord.joined([quiet, forms["trains"][0]])
    np.testing.assert_array_equal(joined.steps()[:, 1:], spikes)
    assert not joined.steps()[:, 0].any()
