"""An analysis of neurons that fire several times in a step: nothing of it counts them as one."""

import csv
import io
import json

import numpy as np
import pytest

from snnviz.analysis import (
    SCORES,
    Encoding,
    analyze,
    pixel_encodings,
    scorecard_text,
    write_analysis,
)
from snnviz.analysis.tables import channels_csv
from snnviz.data import garments
from snnviz.records.spikes import SpikeRecord
from tests.analysis.varied import cut

T = 4


def steps_of(images):
    """Channel k fires (k + 1) times brightness, cut to 3, in all steps but the first."""
    bright = images.astype(int) / 128
    counts = np.stack([np.minimum(3, bright * (k + 1)).astype(int) for k in range(3)], axis=1)
    steps = np.stack([counts] * T)
    steps[0] = 0
    return steps


def encode(images):
    return SpikeRecord.from_counts(steps_of(images), T)


@pytest.fixture(scope="module")
def found():
    images, others = cut(garments(30)), cut(garments(40, "train"))
    encodings = [Encoding("mine", "encoder", 3, T, T - 1, encode), *pixel_encodings(T)]
    return analyze(encodings, images, others), images


def test_scores_count_every_spike(found):
    analysis, images = found
    steps = steps_of(images.images)
    assert steps.max() == 3
    of = {score.key: score.of(analysis.studied) for score in SCORES}
    assert of["firing_rate"] == pytest.approx(steps.mean())
    assert of["spikes"] == pytest.approx(steps.sum() / len(images))
    assert np.isnan(of["saturated"])
    summed = steps.sum(axis=(0, 2)).reshape(-1)
    r = np.corrcoef(summed, images.images.reshape(-1))[0, 1]
    assert of["intensity"] == pytest.approx(r, abs=1e-6)


def test_what_does_not_apply_is_left_out_by_name(found):
    analysis, _ = found
    (sentence,) = analysis.left_out
    assert sentence == (
        "mine: neurons fire up to 3 times in a step, so that saturated channels and rasters are "
        "left out"
    )
    assert "mine (up to 3 spikes a step)" in scorecard_text(analysis)
    rows = list(csv.DictReader(io.StringIO(channels_csv(analysis))))
    assert [row["saturated"] for row in rows] == ["", "", ""]
    information = analysis.studied.information
    assert [float(row["count_entropy"]) for row in rows] == pytest.approx(
        information.count_entropy_corrected.tolist()
    )


def test_figures_are_drawn(found, tmp_path):
    analysis, _ = found
    written = {path.name for path in write_analysis(analysis, tmp_path / "out")}
    assert {"firing_rates.png", "channels.png", "class_atlas.png", "spikes.gif"} <= written
    assert "raster.png" not in written
    found = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert found["encoders"][0]["activity"]["saturated"] is None
    assert found["encoders"][0]["activity"]["most"] == 3
