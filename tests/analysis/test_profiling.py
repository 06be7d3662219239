"""What channels are by themselves, in an analysis and its tables."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import snnviz
from snnviz.adapters.network import split_encoder
from snnviz.analysis import encoding_of, profiling
from snnviz.analysis.keeping import Kept
from snnviz.analysis.pictures import analysis_figures
from snnviz.analysis.profiling import COPIES, SEVERITY, profiles
from snnviz.analysis.tables import as_json, channels_csv
from snnviz.data import garments, to_input
from snnviz.metrics import (
    ReceptiveField,
    channel_synchrony,
    corrupt,
    stable_neurons,
)
from tests.analysis.varied import CHANNELS, cut, varied_encoder

T = 4


@pytest.fixture(scope="module")
def analysis():
    """An encoder with channels of every kind, on images that are not square."""
    encoding = encoding_of("mine", varied_encoder(CHANNELS), T)
    return snnviz.analyze([encoding], cut(garments(30)))


def test_each_family_is_that_of_the_records(analysis):
    images, studied = cut(garments(30)), analysis.studied
    encoder = studied.encoding.encoder
    record = encoder.encode(to_input(images.images), T)
    together = np.nanmean(channel_synchrony(record)[:, 6:], axis=0)
    np.testing.assert_allclose(studied.synchrony.synchrony[6:], together)
    assert studied.skeleton.images == 30
    copies = [corrupt(images.images, "noise", SEVERITY, seed=seed) for seed in range(COPIES)]
    times = [encoder.encode(to_input(copy), T).first_spike for copy in copies]
    stable = stable_neurons(record.first_spike, times, T)
    np.testing.assert_allclose(studied.skeleton.maps, stable.mean(axis=0))
    drive = encoder.drive(to_input(images.images)).numpy()
    point = studied.operating_point
    np.testing.assert_allclose(point.mean_drive, drive.mean((0, 2, 3)), atol=1e-5)
    assert (point.silent[0], point.first_step[1], point.threshold) == (1, 1, 1)
    assert studied.receptive_field.field == ReceptiveField(-1, -1, 3, 3, 1, 1)
    totals = record.count(T - 1).sum((2, 3), dtype=int)
    assert (studied.exciting.top_counts[:, 0] == totals.max(axis=0)).all()
    assert (studied.exciting.top_images[:, 0] == totals.argmax(axis=0)).all()
    assert studied.exciting.images == 30


def test_tables_have_them(analysis):
    rows = list(csv.DictReader(io.StringIO(channels_csv(analysis))))
    studied = analysis.studied
    assert len(rows) == len(CHANNELS)
    assert float(rows[7]["stable"]) == studied.skeleton.stable[7]
    assert float(rows[7]["gain"]) == studied.operating_point.gain[7]
    assert int(rows[7]["top_image"]) == studied.exciting.top_images[7, 0]
    assert (rows[0]["field_height"], rows[0]["stable"], rows[0]["synchrony"]) == ("3", "", "")
    values = json.loads(json.dumps(as_json(analysis, {}), allow_nan=False))["encoders"][0]
    assert values["skeleton"]["stable"][0] is None
    assert values["skeleton"]["stable"][7] == studied.skeleton.stable[7]
    assert values["receptive_field"]["field"]["height"] == 3
    assert values["exciting"]["patch_places"][3] == studied.exciting.patch_places[3].tolist()


def test_figures_show_them(analysis):
    figures = analysis_figures(analysis)
    assert {"exciting", "operating_point", "stability"} <= set(figures)
    names = [text.get_text() for text in figures["exciting"].axes[0].texts]
    types = analysis.studied.contours.types(T - 1)
    assert any(name.endswith(types[7]) for name in names)
    drives = np.sort(analysis.studied.operating_point.mean_drive)
    drawn = figures["operating_point"].axes[0].lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, drives)


def profiled(net, layer=None, count=6, steps=3):
    images = garments(count)
    images = replace(images, images=images.images[:, :20])
    encoder = split_encoder(net, layer)
    encoder.prepare(to_input(images.images[:2]), steps)
    encoding = encoding_of("mine", encoder, steps)
    shape = encoding.encode(images.images[:2]).shape[1:]
    kept = Kept(encoding, 0, shown=False, records=profiling.PROFILED)
    # As another rank would, which has seen some of the images alone.
    kept.note(np.arange(0, count, 2), encoding.encode(images.images[::2]))
    return profiles(encoding, images, shape, kept)


def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3, stride=2), neuron.IFNode(), nn.Conv2d(3, 4, 3), neuron.LIFNode(),
            nn.Flatten(), nn.Linear(4 * 7 * 11, 5), neuron.IFNode(),
        )  # fmt: skip
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(3)
    return net.eval()


def test_a_deeper_layer_has_no_still_drive_but_a_field():
    found, left_out = profiled(network(), "3")
    assert found["operating_point"].gain is None
    assert found["operating_point"].threshold is None
    (sentence,) = left_out
    assert sentence.startswith("mean drive and gain of mine are left out: ")
    assert found["receptive_field"].field == ReceptiveField(0, 0, 7, 7, 2, 2)
    assert found["receptive_field"].average.shape == (4, 7, 7)


def test_neurons_without_maps_see_the_whole_image():
    found, _ = profiled(network(), "6")
    assert found["receptive_field"].field == ReceptiveField(0, 0, 20, 28, 0, 0)
    assert found["receptive_field"].average.shape == (5, 20, 28)
    assert found["exciting"].patch_places.max() == 0


def test_an_unknown_operation_is_said_and_the_rest_is_there():
    class Flipped(nn.Module):
        def forward(self, x):
            return x.flip(-1)

    found, left_out = profiled(nn.Sequential(Flipped(), *network()[:2]))
    assert "receptive_field" not in found
    assert any("not known here (Flip)" in sentence for sentence in left_out)
    assert found["operating_point"].gain.shape == (3,)


def test_one_step_and_one_image():
    found, _ = profiled(network()[:2], count=1, steps=1)
    assert np.isnan(found["skeleton"].by_chance).all()
    assert np.isnan(found["synchrony"].synchrony).all()
    assert (found["operating_point"].linear_range == 0).all()
    assert found["exciting"].top_images.shape == (3, 1)


def test_counts_above_one():
    sinabs = pytest.importorskip("sinabs.layers")
    net = nn.Sequential(nn.Conv2d(1, 3, 3), sinabs.IAFSqueeze(batch_size=1, spike_threshold=0.1))
    found, _ = profiled(net)
    assert found["exciting"].patch_counts.max() > 3
    assert 0 <= np.nanmin(found["synchrony"].synchrony) <= np.nanmax(found["synchrony"].synchrony)


def test_few_images_are_looked_at(monkeypatch):
    monkeypatch.setattr(profiling, "PROFILED", 8)
    monkeypatch.setattr(profiling, "MEASURED", 5)
    monkeypatch.setattr(profiling, "DISTURBED", 4)
    monkeypatch.setattr(profiling, "_NEURONS", 1)
    found, _ = profiled(network()[:2], count=10)
    assert (found["exciting"].images, found["synchrony"].images) == (8, 8)
    assert (found["operating_point"].images, found["receptive_field"].images) == (5, 5)
    assert found["skeleton"].images == 4
    assert np.isfinite(found["skeleton"].by_chance).any()
