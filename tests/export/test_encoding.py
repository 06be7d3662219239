"""Images to records: each image once, whatever is drawn of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import Sample, garments, to_input
from snnviz.export import FigureSetOptions, encoding, write_figure_sets
from snnviz.export.encoding import encoded
from snnviz.records.spikes import SpikeRecord
from tests.export.folders import contents

T = 3
ALL = FigureSetOptions(T=T, kinds=("counts", "spikes", "first-spike", "raster"), sheet=True, dpi=50)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), neuron.IFNode(v_threshold=0.2))
    return split_encoder(net)


@pytest.fixture
def samples():
    """Images of two sizes."""
    drawn = list(garments(9).samples(range(9)))
    return [*drawn[:6], *(replace(each, image=each.image[4:24]) for each in drawn[6:])]


@pytest.fixture
def seen(encoder, monkeypatch):
    """The number of images in each call of `encode`."""
    calls, encode = [], encoder.encode

    def counting(images, T=None):
        calls.append(len(images))
        return encode(images, T)

    monkeypatch.setattr(encoder, "encode", counting)
    return calls


def test_each_image_is_encoded_once(encoder, samples, seen, tmp_path):
    write_figure_sets(encoder, samples, tmp_path / "out", ALL)
    assert sum(seen) == len(samples)
    assert (tmp_path / "out" / "sheet_001.png").exists()


def test_without_room_for_rates_pages_are_the_same(encoder, samples, seen, tmp_path, monkeypatch):
    write_figure_sets(encoder, samples, tmp_path / "one", ALL)
    monkeypatch.setattr("snnviz.export.sheets._RATE_BYTES", 0)
    seen.clear()
    write_figure_sets(encoder, samples, tmp_path / "other", ALL)
    assert sum(seen) == 2 * len(samples)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.mark.parametrize("known", [(), (0,), (2, 5), (0, 1, 2, 3, 4, 5, 6, 7, 8)])
def test_known_records_stand_where_they_belong(encoder, samples, seen, known):
    want = [encoder.encode(to_input(each.image[np.newaxis]), T).maps() for each in samples]
    seen.clear()
    there = {index: want[index] for index in known}
    parts = list(encoded(encoder, samples, T, part=4, known=there))
    assert sum(seen) == len(samples) - len(known)
    found = [(sample, record[n : n + 1]) for some, record in parts for n, sample in enumerate(some)]
    assert [sample.index for sample, _ in found] == list(range(9))
    for (_, record), own in zip(found, want, strict=True):
        assert np.array_equal(record.spikes(), own.spikes())


def test_a_record_of_another_kind_is_made_anew(encoder, samples, seen):
    """The neurons alone were found not to be enough, by images that came later."""
    train = encoder.encode(to_input(samples[0].image[np.newaxis]), T).maps().spikes()
    other = {0: SpikeRecord.from_spikes(train)}
    seen.clear()
    ((_, record),) = encoded(encoder, samples[:6], T, part=8, known=other)
    assert record.is_renewal
    assert seen == [5, 6]


def test_images_that_each_have_a_size_are_not_all_kept(encoder, monkeypatch):
    monkeypatch.setattr(encoding, "_BATCH_BYTES", 1 << 12)
    kept = {}
    for side in range(20, 30):
        sample = Sample(side, np.full((side, side), 90, np.uint8))
        record = encoder.encode(to_input(sample.image[np.newaxis]), T).maps()
        encoding.keep_few(encoder, kept, record, sample)
    assert 1 <= len(kept) <= 3
