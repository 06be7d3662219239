"""Two encoders beside each other, and one over the epochs of its training."""

import numpy as np
import pytest

import snnviz
from snnviz.adapters.network import split_encoder
from snnviz.errors import ConfigError
from snnviz.metrics import match_channels
from snnviz.report import Compared, Training, report_data, spread
from tests.report.conftest import Integrating
from tests.report.test_explorer import drawn


def test_the_same_encoder_is_matched_with_itself(page, chain, samples):
    page.show(chain, samples, 8, "#view=compare", compared=Compared(chain, "the same"))
    record = chain.encode(np.stack([s.image for s in samples])[:, None] / np.float32(255), 8)
    page.set(image=1, t=4)
    for side in ("figure:first-child", "figure:last-child"):
        shown = page.grid(6, 28, 28, f".halves {side} canvas")
        np.testing.assert_array_equal(shown, drawn(record.count(4)[1], 4, 8))
    page.find(".halves figure:last-child .tile[data-channel='4']").click()
    assert page.state("channel") == 4
    assert "r = 1.00" in page.text(".pair")
    assert page.complaints() == []


def test_two_encoders_are_shown_pair_by_pair(page, samples):
    one, two = split_encoder(Integrating(1)), split_encoder(Integrating(1, K=6))
    page.show(one, samples, 6, "#view=compare", compared=Compared(two, "<b>two</b>"))
    images = np.stack([s.image for s in samples])[:, None] / np.float32(255)
    records = [encoder.encode(images, 6) for encoder in (one, two)]
    match = match_channels(records[0].count(5), records[1].count(5)).partner
    shown = page.grid(4, 28, 28, ".halves figure:last-child canvas")
    np.testing.assert_array_equal(shown, drawn(records[1].count(5)[0][match], 5, 6))
    assert "<b>two</b>" in page.text(".halves")
    assert "2 channels of <b>two</b> are matched with none" in page.text(".compare")
    page.button("Best matched first").click()
    tiles = page.js("return [...document.querySelectorAll('.halves figure:last-child .tile')]"
                    ".map((t) => +t.dataset.channel)")  # fmt: skip
    assert sorted(tiles) == sorted(match.tolist())


def test_maps_of_other_sizes_cannot_be_compared(samples):
    two = split_encoder(Integrating(1, stride=2))
    with pytest.raises(ConfigError, match="maps of 28 x 28 and of 14 x 14 neurons cannot be"):
        report_data(split_encoder(Integrating(1)), samples, 6, compared=Compared(two, "two"))


def test_a_dozen_epochs_stand_for_all():
    assert spread(64) == [0, 6, 11, 17, 23, 29, 34, 40, 46, 52, 57, 63]
    assert spread(12) == list(range(12))
    assert spread(1) == [0]


def test_the_slider_over_epochs_shows_each_encoder(page, samples):
    nets = [Integrating(1) for _ in range(3)]
    for n, net in enumerate(nets):
        net.norm.bias.data -= n  # falls silent
    encoders = [split_encoder(net) for net in nets]
    curves = {"test accuracy": ([0, 1, 2], [0.5, 0.7, 0.6]), "train loss": ([0, 1, 2], [3, 2, 1])}
    training = Training(curves, [(f"epoch {n}", n, each) for n, each in enumerate(encoders)])
    page.show(encoders[0], samples, 8, "#view=training&epoch=1", training=training)
    images = np.stack([s.image for s in samples])[:, None] / np.float32(255)
    from selenium.webdriver.common.keys import Keys

    for epoch, key in ((1, None), (2, Keys.ARROW_RIGHT), (0, Keys.HOME)):
        if key:
            page.keys(".epoch input", key)
        assert page.state("epoch") == epoch
        page.set(image=epoch % 2, t=5)
        counts = encoders[epoch].encode(images, 8).count(5)[epoch % 2]
        shown = page.grid(4, 28, 28, "section.training .maps-canvas")
        np.testing.assert_array_equal(shown, drawn(counts, 5, 8))
    assert page.text(".epoch b") == "epoch 0"
    rates = [float(text) for text in page.js(
        "return [...document.querySelectorAll('.strip small')]"
        ".map((s) => s.textContent.match(/([\\d.]+) %/)[1])"
    )]  # fmt: skip
    channel = page.state("channel")
    expected = [e.encode(images, 8).count(7)[:, channel].mean() / 8 for e in encoders]
    np.testing.assert_allclose(rates, np.multiply(expected, 100), atol=0.06)
    assert rates[0] > rates[2]
    label = page.find(".curve").get_attribute("aria-label")
    assert "test accuracy 0.50 to 0.60" in label
    assert page.complaints() == []


def test_encoders_of_another_network_are_refused(colour_samples):
    training = Training({}, [("epoch 0", 0, snnviz.load_encoder())])
    with pytest.raises(ConfigError, match="the encoders of the run are of another network"):
        report_data(split_encoder(Integrating(3)), colour_samples[:1], 4, training=training)
