"""Images read back, by the package's own fit and score on the same halves."""

import numpy as np
import pytest

from snnviz.data import garments, to_input
from snnviz.metrics import ReconstructionFit, ReconstructionScore
from snnviz.scoring.reading import Reading, one_half
from snnviz.tutorial.encoder import load_encoder


def test_the_halves_hold_all_classes_of_a_set_that_goes_through_them_in_turn():
    labels = garments(200).labels
    for half in (one_half(200), ~one_half(200)):
        assert half.sum() == 100
        assert set(labels[half]) == set(range(10))
    assert one_half(5).sum() == 2
    assert one_half(1).sum() == 0


def test_it_is_the_reconstruction_of_one_half_by_the_other():
    images, T = garments(12), 3
    encoder, half = load_encoder(), one_half(12)
    record = encoder.encode(to_input(images.images), T)
    fit = ReconstructionFit(T, record.shape[1:])
    fit.update(record[np.nonzero(half)[0]], images.grey[half])
    score = ReconstructionScore(T, record.shape[1:], fit.result())
    score.update(record[np.nonzero(~half)[0]], images.grey[~half])
    expected = score.result()
    reading, note = Reading.fitted(encoder, images, T)
    assert note == ""
    parts = [slice(0, 5), slice(5, 12)]
    found = [reading.psnr(record[some], images, some) for some in parts]
    assert np.concatenate(found).mean() == pytest.approx(expected.psnr[-1])
    for some in parts:
        reading.guess(images, some)
    assert reading.floor.value == pytest.approx(expected.floors["mean image"][1])
    fitted = next(n for n in range(12) if half[n])
    assert not len(reading.psnr(record[[fitted]], images, slice(fitted, fitted + 1)))


def test_what_is_left_out_is_said():
    reading, note = Reading.fitted(load_encoder(), garments(1), 2)
    assert "half of the images" in note
    assert reading.rule is reading.floor is None
