"""What an analysis takes, and what a notebook shows of it."""

import warnings

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import snnviz
from snnviz.adapters.network import NetworkEncoder
from snnviz.analysis import SCORES, encoding_of
from snnviz.errors import ConfigError
from snnviz.scoring.importance import Importance


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), neuron.IFNode(), nn.Flatten(), nn.Linear(3 * 784, 10),
        neuron.IFNode(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def images():
    return snnviz.garments(6)


@pytest.fixture(scope="module")
def analysis(net, images):
    return snnviz.analyze(net, images, T=4)


def test_a_network_alone_is_its_first_layer_beside_codes_of_the_pixels(analysis, net, images):
    names = [measured.encoding.name for measured in analysis.measured]
    assert names == ["encoder", "Poisson coding", "latency coding", "pixels"]
    split = snnviz.split_encoder(net)
    record = split.encode(snnviz.to_input(images.images), 4)
    by_hand = snnviz.analyze([encoding_of("encoder", split, 4)], images, None)
    assert analysis.studied.encoding.T == 4
    assert SCORES[0].of(analysis.studied) == SCORES[0].of(by_hand.studied)
    assert SCORES[0].of(analysis.studied) == pytest.approx(record.count(3).mean() / 4)


def test_an_encoder_alone_brings_its_own_steps(net, images):
    found = snnviz.analyze(NetworkEncoder(net, T=3), images.head(2))
    assert [each.encoding.T for each in found.measured] == [3, 3, 3, 255]


def test_several_get_names_that_differ(net, images):
    split = NetworkEncoder(net, T=3)
    split.prepare(snnviz.to_input(images.images))
    own = encoding_of("encoder", split, 3)
    found = snnviz.analyze([split, own, net], images.head(2))
    assert [each.encoding.name for each in found.measured] == ["encoder 2", "encoder", "encoder 3"]
    assert {each.encoding.T for each in found.measured} == {3}


def test_what_is_no_encoder_is_refused(images):
    with pytest.raises(ConfigError, match=r"an Encoder, a torch\.nn\.Module or an Encoding, .*int"):
        snnviz.analyze([3], images)


def test_it_is_told_in_a_line_and_shown_as_a_table(analysis):
    assert repr(analysis) == "<Analysis of 'encoder', T=4, on 6 images, beside 3 others>"
    shown = analysis._repr_html_()
    assert "<th>latency coding</th>" in shown
    assert f"<td>{SCORES[0].of(analysis.studied):.3f}</td>" in shown
    assert "data:image/png;base64," in shown
    assert "Left out: there are no training images" in shown
    assert ">linear probe, accuracy<" not in shown  # a row without a number
    assert len(shown) < 40_000
    for each in (analysis.studied, analysis.studied.contours, analysis.shown):
        assert len(repr(each)) < 900, each
    importance = Importance(6, 3, np.zeros(40, int))
    assert repr(importance) == "Importance(total=6, correct=3, correct_without=int64 [40])"


def test_what_one_makes_the_others_take(analysis, net, images, tmp_path):
    """As a user goes on from each result."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = snnviz.to_input(images.images)
        recording = snnviz.record(net, pixels, T=4)
        record = recording[snnviz.list_layers(net, pixels, T=4)[0].name]
        encoder = snnviz.load_encoder(net)
        assert (encoder.encode(pixels, 4).first_spike == record.first_spike).all()
        report = snnviz.evaluation_report(net, images, T=4)
        figures = [
            snnviz.kernel_figure(encoder.kernels),
            snnviz.feature_map_figure(record.count(3)[0], t=3),
            snnviz.first_spike_figure(record.first_spike[0], T=record.T),
            snnviz.confusion_figure(report.confusion, classes=report.classes),
            snnviz.accuracy_over_time_figure(report.accuracy_at),
            snnviz.firing_rate_figure(report.firing_rate),
            snnviz.rate_histogram_figure(analysis.studied.activity.rate),
            snnviz.input_figure(images.images[0]),
        ]
        assert all(figure._repr_png_() for figure in figures)
        written = snnviz.write_analysis(analysis, tmp_path / "made")
    assert written
