"""Each image is encoded once, whatever is made of it; and what is kept of it is what it was."""

from dataclasses import replace

import numpy as np
import pytest

from snnviz.analysis import analyze, encoding_of, pixel_encodings, streaming, write_analysis
from snnviz.analysis.keeping import Kept
from snnviz.data import garments
from snnviz.metrics import alignment
from snnviz.ranks import Ranks
from tests.analysis.varied import AREA, EDGES, MIXED, cut, varied_encoder

T = 4


class Counting:
    """An encoding's way of encoding that counts the images it is given."""

    def __init__(self, encoding):
        self.encode, self.seen = encoding.encode, 0

    def __call__(self, images):
        self.seen += len(images)
        return self.encode(images)


@pytest.mark.parametrize("batch", [7, 128])
def test_each_image_is_encoded_once(batch, tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "_BATCH", batch)
    images, others = cut(garments(33)), cut(garments(21, "train"))
    encoder = varied_encoder([*AREA, *EDGES, *MIXED], T)
    encodings = [encoding_of("mine", encoder, T), *pixel_encodings(T)]
    counting = [Counting(encoding) for encoding in encodings]
    encodings = [
        replace(encoding, encode=each) for encoding, each in zip(encodings, counting, strict=True)
    ]
    analysis = analyze(encodings, images, others, alignment_images=20)
    write_analysis(analysis, tmp_path / "out")
    # What is studied also in four copies with noise.
    assert [each.seen for each in counting] == [33 + 21 + 4 * 33, *[33 + 21] * 3]
    # And what they were aligned and drawn by is what they became.
    counts = [
        c.readout(each.encode(images.images[:20])).count(c.t)
        for each, c in zip(counting, encodings, strict=True)
    ]
    np.testing.assert_array_equal(analysis.alignment, alignment(counts))
    record = counting[0].encode(images.images)
    assert np.array_equal(analysis.shown.first.spikes(), record[:1].spikes())
    assert np.array_equal(analysis.shown.means, record.count(T - 1).mean(axis=0))
    assert analysis.shown.images == 33


def test_what_other_ranks_saw_is_encoded_and_what_they_kept_is_added(monkeypatch):
    images = cut(garments(9))
    encoding = encoding_of("mine", varied_encoder(AREA, T), T)
    counting = Counting(encoding)
    kept = []
    for rank in range(2):
        indices = Ranks(rank, 2).share(np.arange(9))
        each = Kept(replace(encoding, encode=counting), 6, shown=True)
        each.note(indices, encoding.encode(images.images[indices]))
        kept.append(each)
    record = encoding.encode(images.images)
    for each in kept:
        assert np.array_equal(each.counts(images.head(6)), record.count(T - 1)[:6])
    assert counting.seen == 6  # three of each rank
    parts = [(each._first, each._sums, each._shown) for each in kept]
    monkeypatch.setattr(Ranks, "gather", lambda *_: parts)
    shown = kept[1].shown(Ranks())
    assert shown.images == 9
    assert np.array_equal(shown.means, record.count(T - 1).mean(axis=0))
    assert np.array_equal(shown.first.spikes(), record[:1].spikes())
