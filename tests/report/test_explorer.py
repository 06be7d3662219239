"""The page's maps, time, neuron and pins, in a real browser."""

import numpy as np
import pytest

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.network import split_encoder
from snnviz.grid import SATURATED, SILENT, normalize_counts
from snnviz.neurons.membrane import membrane_potentials
from tests.report.conftest import Integrating, SteppedLeaky

SPECIAL = {SILENT: (42, 63, 82), SATURATED: (230, 159, 0)}


def drawn(counts, t, T, most=1, normalize="map"):
    """How snnviz's figures draw counts [K, H, W], as colours [K, H, W, 3]."""
    values = normalize_counts(counts, t=t, T=T, most=most, normalize=normalize)
    colours = np.repeat((values.clip(0, 1) * 255).round()[..., np.newaxis], 3, -1).astype(np.uint8)
    for value, colour in SPECIAL.items():
        colours[values == value] = colour
    return colours


def assert_maps(page, record, place, T):
    """At every step the canvas has the record's counts, each map on its own range and shared."""
    K, H, W = record.shape[1:]
    for t in range(T):
        page.set(t=t)
        counts = record.count(t)[place]
        for scale in ("map", "shared"):
            page.set(scale=scale)
            expected = drawn(counts, t, T, record.most, scale)
            np.testing.assert_array_equal(page.grid(K, H, W), expected)


def test_the_canvas_has_the_counts_of_the_record(page, chain, samples):
    page.show(chain, samples, 8)
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    record = chain.encode(images, 8)
    assert (record.count(7)[0, 0] == 0).all()
    assert (record.count(7)[0, 1] == 8).all()
    for place in (0, 2):
        page.set(image=place)
        assert_maps(page, record, place, 8)
    page.set(mode="step", t=2)
    expected = record.spikes()[2, 2] * 255
    np.testing.assert_array_equal(page.grid(*record.shape[1:])[..., 1], expected)
    page.set(mode="first", t=7)
    colours = page.grid(*record.shape[1:])
    first = record.first_spike[2]
    kinds = {f: {tuple(c) for c in colours[first == f].tolist()} for f in np.unique(first).tolist()}
    assert all(len(found) == 1 for found in kinds.values())
    assert len(set().union(*kinds.values())) == len(kinds) > 3
    assert kinds[8] == {(0, 0, 0)}
    assert page.complaints() == []
    assert [url.rpartition("/")[2] for url in page.requests()] == ["page.html"]


@pytest.mark.parametrize("T", [1, 16, 300])
def test_times_that_need_other_room_are_read_as_well(page, chain, samples, T):
    page.show(chain, samples[:1], T)
    record = chain.encode(samples[0].image[np.newaxis, np.newaxis] / np.float32(255), T)
    for t in {0, T - 1}:
        page.set(t=t, scale="shared")
        expected = drawn(record.count(t)[0], t, T, 1, "shared")
        np.testing.assert_array_equal(page.grid(*record.shape[1:]), expected)
    assert page.complaints() == []


def test_a_network_of_snntorch_shows_the_spikes_that_it_emits(page, samples):
    encoder = split_encoder(SteppedLeaky())
    page.show(encoder, samples, 10)
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    record = encoder.encode(images, 10)
    assert 0 < record.count(9).mean() < 10
    page.set(image=1)
    assert_maps(page, record, 1, 10)
    assert "every spike" in page.text(".about") or record.is_renewal
    # Its potential leaks, which the page does not compute; the spikes of the neuron are there.
    page.set(channel=2, y=9, x=11)
    steps = np.flatnonzero(record.steps()[:, 1, 2, 9, 11])
    said = f"t = {', '.join(map(str, steps))}" if len(steps) else "no spike in 10 steps"
    assert said in page.text(".sentence")
    assert page.complaints() == []


def test_event_frames_show_the_spikes_of_each_step(page, event_samples):
    encoder = split_encoder(Integrating(2))
    page.show(encoder, event_samples, 6)
    frames = np.stack([sample.frames for sample in event_samples], axis=1)
    record = encoder.encode_sequence(frames, 6)
    assert_maps(page, record, 0, 6)
    assert "changes at each step" in page.text(".sentence")
    page.set(t=0)
    seen = page.js("return document.querySelector('.trio canvas').toDataURL()")
    page.set(t=3)
    assert seen != page.js("return document.querySelector('.trio canvas').toDataURL()")
    assert page.complaints() == []


def test_neurons_that_fire_several_times_a_step_are_counted(page, samples):
    sinabs = pytest.importorskip("sinabs.layers")
    from torch import nn

    net = Integrating(1)
    net.node = nn.Identity()
    net = nn.Sequential(net.conv, sinabs.IAFSqueeze(batch_size=1, spike_threshold=0.3))
    encoder = split_encoder(net)
    page.show(encoder, samples[:1], 5)
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    record = encoder.encode(images, 5)
    assert record.most > 1
    assert_maps(page, record, 0, 5)


def test_pictures_in_colour_and_of_several_sizes(page, colour_samples):
    encoder = split_encoder(Integrating(3, v_threshold=0.7, v_reset=-0.2))
    page.show(encoder, colour_samples, 6)
    for place, sample in enumerate(colour_samples):
        page.set(image=place)
        record = encoder.encode(sample.colour[np.newaxis] / np.float32(255), 6)
        assert_maps(page, record, place=0, T=6)
    assert page.complaints() == []


@pytest.mark.parametrize("T", [8, 21])
def test_spikes_that_do_not_repeat_are_bits_of_bytes(page, samples, T):
    encoder = split_encoder(Integrating(1, v_reset=None))
    page.show(encoder, samples[:2], T)
    images = np.stack([sample.image for sample in samples[:2]])[:, np.newaxis] / np.float32(255)
    record = encoder.encode(images, T)
    assert not record.is_renewal
    assert_maps(page, record, 0, T)
    page.set(image=1, mode="first", t=T - 1)
    first, colours = record.first_spike[1], page.grid(*record.shape[1:])
    kinds = {f: {tuple(c) for c in colours[first == f].tolist()} for f in np.unique(first).tolist()}
    assert all(len(found) == 1 for found in kinds.values())
    assert len(set().union(*kinds.values())) == len(kinds) > 4
    shown = page.js("return document.querySelector('#snnviz').snnviz.spikes().histogram()")
    assert shown == record.spikes()[:, 1].reshape(T, -1).sum(1).tolist()


@pytest.mark.parametrize("neurons", [{}, {"v_reset": None}])
def test_neurons_of_a_linear_layer_are_channels_of_one_cell(page, samples, neurons):
    import torch
    from spikingjelly.activation_based import neuron
    from torch import nn

    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), neuron.IFNode(**neurons))
    with torch.no_grad():
        net[1].weight.normal_(0.002, 0.06, generator=torch.Generator().manual_seed(1))
    encoder = split_encoder(net)
    page.show(encoder, samples, 5)
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    record = encoder.encode(images, 5)
    page.set(image=2, t=4)
    counts = record.count(4)[2].reshape(300, 1, 1)
    np.testing.assert_array_equal(page.grid(300, 1, 1), drawn(counts, 4, 5))
    channel = int(np.flatnonzero(record.first_spike[2] == 1)[0])
    page.set(channel=channel)
    steps = np.flatnonzero(record.spikes()[:, 2, channel])
    assert page.text(".sentence").endswith(f"t = {', '.join(map(str, steps))}")
    value = encoder.drive(images)[2, channel]
    assert page.text(".why .equation:last-child b") == f"{value:.3f}"
    assert page.complaints() == []


def test_the_slider_moves_time_and_says_so(page, chain, samples):
    from selenium.webdriver.common.keys import Keys

    page.show(chain, samples, 8)
    record = chain.encode(samples[0].image[np.newaxis, np.newaxis] / np.float32(255), 8)
    page.keys(".time input", Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.state("t") == 2
    spikes = int(record.spikes()[2].sum())
    said = page.find(".time input").get_attribute("aria-valuetext")
    assert said == f"t = 2 of 0 to 7, {spikes:,} spikes in this step"
    assert page.text(".now b") == "t = 2"
    heights = page.js(
        "return [...document.querySelectorAll('.bars rect')].map(r => +r.getAttribute('height'))"
    )
    sums = record.spikes().reshape(8, -1).sum(1)
    np.testing.assert_allclose(heights, np.maximum(0.02, sums / sums.max()))
    page.find(".play").click()
    page.wait("return document.querySelector('#snnviz').snnviz.state.t > 4")
    assert page.find(".play").get_attribute("aria-label") == "Stop"
    page.find(".play").click()
    assert not page.state("playing")


def test_arrows_go_over_maps_images_and_pixels(page, chain, samples):
    from selenium.webdriver.common.keys import Keys

    page.show(chain, samples, 8)
    page.set(channel=0, y=5, x=5)
    page.keys(".tile[tabindex='0']", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.state("channel") == 2
    focused = page.js("return document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Channel 2, ")
    page.keys(".tile[tabindex='0']", Keys.END)
    assert page.state("channel") == 5
    page.keys(".thumb[tabindex='0']", Keys.ARROW_RIGHT)
    assert page.state("image") == 1
    page.keys(".trio figure:last-child canvas", Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    assert page.state("y", "x") == [6, 4]
    page.wait(
        "return document.querySelector('[aria-live]').textContent.includes('Row 6, column 4')"
    )


def test_a_click_on_a_map_and_on_a_pixel_tells_why(page, chain, samples):
    page.show(chain, samples, 8)
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    drive = chain.drive(images).numpy()[0]
    record = chain.encode(images, 8)
    first = record.first_spike[0]
    channel, y, x = next(
        (k, y, x) for k, y, x in np.argwhere(first == 2).tolist() if k > 1 and 0 < y < 27 > x > 0
    )
    page.find(f".tile[data-channel='{channel}']").click()
    assert page.text(".neuron h2") == f"Channel {channel}"
    page.js(
        "const box = arguments[0].getBoundingClientRect(), [y, x] = [arguments[1], arguments[2]];"
        "arguments[0].dispatchEvent(new MouseEvent('click', {clientX: box.left + box.width * "
        "(x + .5) / 28, clientY: box.top + box.height * (y + .5) / 28, bubbles: true}))",
        page.find(".trio figure:last-child canvas"), y, x,
    )  # fmt: skip
    assert page.state("channel", "y", "x") == [channel, y, x]
    value = drive[channel, y, x]
    assert page.text(".sentence") == f"3 \u00d7 {value:.3f} \u2265 1: spikes at t = 2, 5"
    cells = page.js(
        "return [...document.querySelectorAll('.cells')].map(t => [...t.querySelectorAll('td')]"
        ".map(c => Number(c.textContent.replace(/\\u2212/, '-'))))"
    )
    patch = images[0, 0, y - 1 : y + 2, x - 1 : x + 2].ravel()
    kernel = chain.kernels[channel, 0].ravel()
    for shown, true in zip(cells, (patch, kernel, patch * kernel), strict=True):
        np.testing.assert_allclose(shown, true, atol=0.051 if np.abs(true).max() >= 1 else 0.0051)
    assert f"{value:.3f}" in page.text(".why")
    # The plot climbs through the potentials that snnviz has, in proportion.
    heights = page.js(
        "return [...document.querySelectorAll('.potential circle')].map(c => -c.getAttribute('cy'))"
    )
    steps = [float(v) for v in membrane_potentials(np.float32(value), 8)]
    slope, start = np.polyfit(steps, heights, 1)
    assert slope > 0
    np.testing.assert_allclose(heights, np.multiply(steps, slope) + start, atol=1e-3)


@pytest.mark.parametrize("neurons", [{"v_reset": None}, {"v_threshold": 0.5, "v_reset": -0.25}])
def test_why_of_other_neurons_agrees_with_their_record(page, samples, neurons):
    encoder = split_encoder(Integrating(1, stride=2, padding=0, **neurons))
    page.show(encoder, samples, 9)
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    record = encoder.encode(images, 9)
    drive = encoder.drive(images).numpy()[0]
    for channel, y, x in [(0, 0, 0), (1, 5, 7), (2, 12, 12), (3, 6, 6)]:
        page.set(channel=channel, y=y, x=x)
        steps = np.flatnonzero(record.spikes()[:, 0, channel, y, x]).tolist()
        said = f"t = {', '.join(map(str, steps))}" if steps else "no spike in 9 steps"
        text = page.text(".sentence")
        assert said in text
        assert "As it is computed here" not in text
        shown = page.js("return document.querySelector('.why .equation:last-child b').textContent")
        assert float(shown.replace("\u2212", "-")) == pytest.approx(drive[channel, y, x], abs=6e-4)


@pytest.mark.parametrize("decays", [True, False])
def test_the_potential_of_leaky_neurons_leaks(page, samples, decays):
    from snnviz.neurons.rule import IntegrateAndFire
    from snnviz.tutorial.network import NetworkConfig, build_network

    config = NetworkConfig(T=8, channels=4, neuron="lif", tau=3.0, v_reset=-0.1, decay_input=decays)
    net = build_network(config, seed=3).eval()
    net.static_conv[1].running_var.fill_(0.02)
    chain = ChainEncoder.of(net.static_conv, net.conv[0], 8)
    page.show(chain, samples, 8)
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    record, drive = chain.encode(images, 8), chain.drive(images).numpy()[0]
    spiking = np.argwhere((record.count(7)[0] > 0) & (record.count(7)[0] < 8))
    for channel, y, x in spiking[:: len(spiking) // 5].tolist():
        page.set(channel=channel, y=y, x=x)
        steps = np.flatnonzero(record.spikes()[:, 0, channel, y, x])
        text = page.text(".sentence")
        assert text.endswith(f"t = {', '.join(map(str, steps))}")
        assert "As it is computed here" not in text
    rule, u, potentials = IntegrateAndFire(1.0, -0.1, 3.0, decays), np.float32(-0.1), []
    for _ in range(8):
        v = rule.charge(u, drive[channel, y, x])
        potentials.append(float(v))
        u = rule.reset(v, np.float32(rule.fires(v)))
    heights = page.js(
        "return [...document.querySelectorAll('.potential circle')].map(c => -c.getAttribute('cy'))"
    )
    slope, start = np.polyfit(potentials, heights, 1)
    np.testing.assert_allclose(heights, np.multiply(potentials, slope) + start, atol=1e-3)


def test_neurons_are_pinned_and_come_back(page, chain, samples):
    page.show(chain, samples, 8)
    page.set(channel=3, y=4, x=6)
    page.button("Pin").click()
    page.set(channel=5, y=20, x=7, image=1)
    page.button("Pin").click()
    assert page.state("pins") == ["0.3.4.6", "1.5.20.7"]
    page.find(".card .go").click()
    assert page.state("image", "channel", "y", "x") == [0, 3, 4, 6]
    page.button("Unpin").click()
    assert page.state("pins") == ["1.5.20.7"]
    page.find(".card .plain").click()
    assert page.state("pins") == []
    assert not page.find(".pinboard").is_displayed()
