"""`batches`: slices that take everything once, in order."""

import pytest

from snnviz.batching import batches


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_every_one_is_in_one_batch_in_order(count, size):
    parts = [list(range(count))[some] for some in batches(count, size)]
    assert [one for part in parts for one in part] == list(range(count))
    assert all(len(part) == size for part in parts[:-1])
    assert all(1 <= len(part) <= size for part in parts)


def test_a_slice_ends_where_the_things_end():
    assert [some.stop for some in batches(5, 2)] == [2, 4, 5]


def test_batches_of_nothing_are_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        list(batches(5, 0))
