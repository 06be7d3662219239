"""Class structure, against plain loops and what is known in closed form."""

import numpy as np
import pytest

from snnviz.metrics import Classes, class_selectivity
from snnviz.records.spikes import SpikeRecord
from tests.metrics.conftest import CASES, random_case


def assert_same(result, counts, labels, classes):
    """Every field of `result` is what loops find."""
    members = [[i for i, label in enumerate(labels) if label == c] for c in range(classes)]
    assert result.label_counts.tolist() == [len(some) for some in members]
    for c, some in enumerate(members):
        if some:
            expected = sum(counts[i].astype(int) for i in some) / len(some)
            np.testing.assert_array_equal(result.atlas[c], expected)
            np.testing.assert_allclose(result.response[c], expected.mean(axis=(1, 2)), rtol=1e-12)
        else:
            assert np.isnan(result.atlas[c]).all()
            assert np.isnan(result.response[c]).all()
    for k in range(counts.shape[1]):
        means = {c: counts[some, k].mean() for c, some in enumerate(members) if some}
        best = max(means, key=means.get)
        rest = np.mean([mean for c, mean in means.items() if c != best])
        if means[best] == 0:
            assert np.isnan(result.selectivity[k])
            assert result.preferred[k] == -1
        else:
            expected = (means[best] - rest) / (means[best] + rest)
            assert result.selectivity[k] == pytest.approx(expected, abs=1e-12)
            assert result.preferred[k] == best


@pytest.mark.parametrize(("kind", "T"), [*CASES, ("renewal", 64)])
def test_every_number_is_that_of_the_counts(rng, kind, T):
    case = random_case(rng, kind, T, n=25)
    case.labels[case.labels == 2] = 3  # a class without images
    parts = slice(0, 11), slice(11, None)
    result = case.fed(Classes, *parts, classes=5).result()
    assert_same(result, case.record.count(T - 1), case.labels, 5)
    assert result.selectivity[1] == 0  # saturated
    assert result.images == 25


def test_many_images_of_one_class(rng):
    first = np.zeros((300, 2, 2, 3), int)
    first[:, 1] = rng.integers(0, 9, (300, 2, 3))
    labels = np.zeros(300, np.uint8)
    classes = Classes(8, (2, 2, 3), classes=1)
    record = SpikeRecord.from_first_spike(first, 8)
    classes.update(record, np.zeros((300, 2, 3), np.uint8), labels)
    result = classes.result()
    assert (result.atlas[0, 0] == 8).all()
    np.testing.assert_array_equal(result.atlas[0], record.count(7).mean(axis=0))
    assert np.isnan(result.selectivity).all()
    assert result.preferred.tolist() == [-1, -1]


def test_a_real_encoder(drawn):
    result = drawn.fed(Classes, classes=10).result()
    assert_same(result, drawn.record.count(7), drawn.labels, 10)
    assert 0 < np.nanmean(result.selectivity) < 0.5


def test_selectivity_on_arrays():
    response = np.array([[0.0, 2, 1, 0.1], [6, 2, 3, 0.1], [0, 2, 1, 0.1]])
    selectivity, preferred = class_selectivity(response)
    assert selectivity.tolist() == [1, 0, 0.5, 0]
    assert preferred.tolist() == [1, 0, 1, 0]
