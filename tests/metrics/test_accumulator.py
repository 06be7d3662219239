"""What all families promise: exact merging, in any order and any batches, and clear refusals."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    Activity,
    Classes,
    Contours,
    Cost,
    Information,
    ProbeFit,
    ReconstructionFit,
    Redundancy,
)
from snnviz.records.spikes import SpikeRecord
from tests.metrics.conftest import random_case

FAMILIES = {
    Activity: {},
    Classes: {"classes": 4},
    Contours: {},
    Cost: {"outputs": 3},
    Information: {"classes": 4, "bins": 5},
    ProbeFit: {"classes": 4},
    ReconstructionFit: {},
    Redundancy: {},
}
LABELLED = [family for family, options in FAMILIES.items() if "classes" in options]


def assert_equal(one, other):
    """Both results are the same, bit for bit."""
    assert type(one) is type(other)
    for name, value in vars(one).items():
        assert np.asarray(value).tobytes() == np.asarray(getattr(other, name)).tobytes(), name


@settings(max_examples=15)
@given(data=st.data())
@pytest.mark.parametrize("kind", ["renewal", "trains"])
@pytest.mark.parametrize("family", FAMILIES)
def test_merging_in_any_order_and_any_batches_is_one_pass(family, kind, data):
    case = random_case(np.random.default_rng(data.draw(st.integers(0, 99))), kind, 5)
    n = len(case.images)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    parts = [slice(a, b) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]
    parts = data.draw(st.permutations(parts))
    split = data.draw(st.integers(0, len(parts)))
    options = FAMILIES[family]
    # An accumulator that has seen nothing is merged like any other.
    left, right = (
        case.fed(family, slice(0), *some, **options) for some in (parts[:split], parts[split:])
    )
    left.merge(pickle.loads(pickle.dumps(right)))
    assert_equal(left.result(), case.fed(family, **options).result())


@pytest.mark.parametrize("family", FAMILIES)
def test_memory_does_not_grow_with_the_images(family, rng):
    case = random_case(rng, "renewal", 5)
    sizes = []
    for times in (1, 4):
        accumulator = case.fed(family, *[slice(None)] * times, **FAMILIES[family])
        sizes.append(sum(values.nbytes for values in accumulator.state.values()))
        assert all(values.dtype == np.int64 for values in accumulator.state.values())
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_seen_is_no_result(family):
    with pytest.raises(DataError, match="no images"):
        family(8, (2, 3, 4), **FAMILIES[family]).result()


@pytest.mark.parametrize("family", FAMILIES)
def test_what_does_not_belong_together_is_refused(family, rng):
    options = FAMILIES[family]
    mine = family(8, (2, 3, 4), **options)
    for other in (family(7, (2, 3, 4), **options), family(8, (2, 4, 3), **options)):
        with pytest.raises(ShapeError, match="cannot merge"):
            mine.merge(other)
    case = random_case(rng, "renewal", 8, 6, (2, 3, 4))
    record, images, labels = case.record, case.images, case.labels
    refused = [
        (SpikeRecord.from_first_spike(record.first_spike // 2, 4), images, "T = 4"),
        (random_case(rng, "renewal", 8, 6, (2, 4, 3)).record, images, r"\(2, 4, 3\)"),
        (record, images[:5], r"\[6, 3, 4\].*\[5, 3, 4\]"),
        (record, images.astype(float), "float64"),
        (record, images.transpose(0, 2, 1), r"\[6, 4, 3\]"),
    ]
    for wrong, pictures, message in refused:
        with pytest.raises(ShapeError, match=message):
            mine.update(wrong, pictures, labels)
    with pytest.raises(DataError):
        mine.result()  # nothing of it was counted


@pytest.mark.parametrize("family", LABELLED)
def test_labels_are_read_and_checked(family, rng):
    case = random_case(rng, "renewal", 8, 6, (2, 3, 4))
    mine = family(8, (2, 3, 4), **FAMILIES[family])
    with pytest.raises(DataError, match="needs labels"):
        mine.update(case.record, case.images, None)
    with pytest.raises(DataError, match=r"0\.\.3, got \d to 4"):
        mine.update(case.record, case.images, np.maximum(case.labels, [4, 0, 0, 0, 0, 0]))
    with pytest.raises(ShapeError, match=r"\[6\].*\[5\]"):
        mine.update(case.record, case.images, case.labels[:5])
    with pytest.raises(ShapeError, match="cannot merge"):
        mine.merge(family(8, (2, 3, 4), **{**FAMILIES[family], "classes": 5}))
    with pytest.raises(ConfigError, match=r"at least 1, got 0|2 or more classes apart, got 0"):
        family(8, (2, 3, 4), classes=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_impossible_shapes_are_refused(family):
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        family(0, (2, 3, 4), **FAMILIES[family])
    for shape in ((2, 3), (0, 3, 4), (2, 0, 4)):
        with pytest.raises(ShapeError, match="K, H, W"):
            family(8, shape, **FAMILIES[family])
