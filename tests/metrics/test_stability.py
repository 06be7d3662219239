"""First spikes that stay or move, against plain loops."""

import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.metrics import first_spike_delay, first_spikes_kept, tallying

T = 5


def by_loops(before, after):
    kept, delay = [], []
    for one, other in zip(before, after, strict=True):
        same = total = moved = 0
        for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True):
            if a == T and b == T:
                continue
            total += 1
            same += a == b
            moved += abs(a - b)
        kept.append(same / total if total else 1.0)
        delay.append(moved / total if total else 0.0)
    return kept, delay


@pytest.mark.parametrize("compiled", [True, False])
def test_they_are_those_of_plain_loops(compiled, monkeypatch):
    monkeypatch.setattr(tallying, "is_worth", lambda _: compiled)
    rng = np.random.default_rng(0)
    # Unsigned bytes, as records keep them: a difference of those would wrap around.
    before, after = rng.integers(0, T + 1, (2, 6, 4, 3, 5)).astype(np.uint8)
    before[1], after[1] = T, T  # silent twice
    before[2], after[2] = T, 0  # begins to fire
    kept, delay = by_loops(before, after)
    np.testing.assert_allclose(first_spikes_kept(before, after, T), kept)
    np.testing.assert_allclose(first_spike_delay(before, after, T), delay)
    assert (kept[1], delay[1], kept[2], delay[2]) == (1, 0, 0, T)
    np.testing.assert_array_equal(first_spikes_kept(before, before, T), 1)


def test_bytes_of_more_steps_than_bytes_count(monkeypatch):
    monkeypatch.setattr(tallying, "is_worth", lambda _: True)
    times = np.array([[44, 45, 255]], np.uint8)  # 300 as a byte is 44
    assert first_spikes_kept(times, times[:, ::-1].copy(), 300) == pytest.approx([1 / 3])


def test_what_is_refused():
    times = np.zeros((2, 3), np.uint8)
    for function in (first_spikes_kept, first_spike_delay):
        with pytest.raises(ShapeError, match=r"\[2, 3\] and \[1, 3\]"):
            function(times, times[:1], T)
        with pytest.raises(ShapeError, match=r"0\.\.5, got 0 to 6"):
            function(times, np.array([[0, 6, 0]] * 2), T)
