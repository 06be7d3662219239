"""Bits of single neurons, against histograms that a loop makes of each."""

import numpy as np
import pytest
from scipy import stats

from snnviz.errors import DataError
from snnviz.metrics import NeuronInformation, neuron_information
from snnviz.metrics.surrogates import surrogate_labels
from snnviz.records.spikes import SpikeRecord
from tests.metrics.conftest import random_case

pytestmark = pytest.mark.usefixtures("way")


def bits(values, *, corrected):
    counts = np.unique(values, return_counts=True, axis=0)[1]
    miller = (len(counts) - 1) / (2 * len(values) * np.log(2))
    return stats.entropy(counts, base=2) + corrected * miller


def information(one, other, *, corrected):
    both = np.stack([one, other], axis=1)
    one, other, both = (bits(values, corrected=corrected) for values in (one, other, both))
    return one + other - both


@pytest.mark.parametrize(("kind", "T"), [("renewal", 1), ("renewal", 8), ("trains", 13)])
def test_each_neuron_is_looked_at_by_itself(rng, kind, T):
    case = random_case(rng, kind, T, n=40)
    result = case.fed(NeuronInformation, slice(0, 7), slice(7, 40), classes=4).result()
    assert (result.images, result.stride, result.neurons) == (40, 1, 5 * 4 * 6)
    times, binned = case.record.first_spike, case.images // 16
    drawn = surrogate_labels(case.images, 4)[0]
    for k in range(5):
        entropies, told, label = [], [], []
        for y, x in np.ndindex(4, 6):
            time = times[:, k, y, x].astype(int)
            entropies.append(bits(time, corrected=True))
            told.append(information(time, binned[:, y, x], corrected=True))
            label.append(
                information(time, case.labels, corrected=False)
                - information(time, drawn, corrected=False)
            )
        assert result.entropy[k] == pytest.approx(np.mean(entropies), abs=1e-10)
        assert result.intensity_information[k] == pytest.approx(np.mean(told), abs=1e-10)
        assert result.label_information[k] == pytest.approx(np.mean(label), abs=1e-10)
    # A silent and a saturated channel tell nothing.
    assert result.entropy[:2].tolist() == result.label_information[:2].tolist() == [0, 0]


def test_a_neuron_that_tells_its_class_tells_all_of_it(rng):
    """In a pooled histogram two positions that mean opposite things would cancel out."""
    labels = rng.integers(0, 2, 400).astype(np.uint8)
    times = np.empty((400, 1, 1, 2), int)
    times[:, 0, 0, 0], times[:, 0, 0, 1] = labels, 1 - labels
    images = rng.integers(0, 256, (400, 1, 2), np.uint8)
    seen = NeuronInformation(2, (1, 1, 2), classes=2)
    seen.update(SpikeRecord.from_first_spike(times, 2), images, labels)
    assert seen.result().label_information[0] == pytest.approx(1, abs=0.02)
    assert abs(seen.result().intensity_information[0]) < 0.02


def test_parts_merge_to_the_whole(rng):
    case = random_case(rng, "renewal", 5, n=20)
    whole = case.fed(NeuronInformation, classes=4)
    one, other = (case.fed(NeuronInformation, part, classes=4) for part in (slice(9), slice(9, 20)))
    one.merge(other)
    for name, values in whole.state.items():
        assert np.array_equal(one.state[name], values)


def test_of_large_maps_some_rows_and_columns_are_looked_at(rng, monkeypatch):
    case = random_case(rng, "renewal", 3, n=12)
    monkeypatch.setattr(neuron_information, "_CELLS", 5 * 2 * 3 * 4)
    found = case.fed(NeuronInformation).result()
    assert (found.stride, found.neurons, found.label_information) == (2, 5 * 2 * 3, None)
    few = SpikeRecord.from_first_spike(case.record.first_spike[:, :, ::2, ::2], 3)
    seen = NeuronInformation(3, (5, 2, 3))
    seen.update(few, np.ascontiguousarray(case.images[:, ::2, ::2]))
    assert found.entropy.tolist() == seen.result().entropy.tolist()
    monkeypatch.setattr(neuron_information, "_CELLS", 1)
    assert case.fed(NeuronInformation).result().neurons == 5


def test_without_images_there_is_nothing():
    with pytest.raises(DataError, match="no images"):
        NeuronInformation(2, (1, 2, 2)).result()
