"""What the figures of an analysis show, by their artists, from dense spikes and the images."""

import re
from itertools import groupby, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text
from scipy import signal

import snnviz
from snnviz.analysis import SCORES, analyze, encoding_of
from snnviz.analysis.pictures import analysis_figures
from snnviz.data import garments
from snnviz.figures.levels import DIVERGING
from snnviz.metrics import CORRELATIONS, draw_correlations
from snnviz.tutorial.encodings import baseline_encodings
from snnviz.tutorial.network import NetworkConfig
from tests.analysis.varied import AREA, BACKGROUND, EDGES, SATURATED, SILENT, cut, varied_encoder
from tests.figures.layout.tiles import canvas_of, crossed, texts, tile_at, tile_under
from tests.metrics.oracles import scikit_quantities, stepped

T, H, W = 4, 12, 28
# Rates neither rise nor fall with a channel's number, and seven types, so that one is there twice.
CHANNELS = [*SILENT, *BACKGROUND, *SATURATED[:2], *AREA, *EDGES[:3], *EDGES[4:]]
K = len(CHANNELS)
EPOCHS = (-1, *range(3, 15))
CLASSES = (1, 3, 4, 8)


@pytest.fixture(scope="module")
def images():
    """Of four classes only; the first image is not the brightest one."""
    drawn = cut(garments(40))
    return drawn.take(np.flatnonzero(np.isin(drawn.labels, CLASSES)))


@pytest.fixture(scope="module")
def snapshots():
    """Each kernel turned by another angle in the end, not in the order of the channels."""
    rng = np.random.default_rng(3)
    turns = rng.permutation(K) * 8.0
    first, aside = np.zeros((K, 1, 3, 3)), np.zeros((K, 1, 3, 3))
    first[:, 0, 0, 1] = aside[:, 0, 2, 2] = 1 + rng.random(K)
    angles = [np.radians(turns * i / 12)[:, None, None, None] for i in range(13)]
    kernels = [(np.cos(a) * first + np.sin(a) * aside).astype(np.float32) for a in angles]
    return turns, dict(zip(EPOCHS, kernels, strict=True))


@pytest.fixture(scope="module")
def analysis(images, snapshots):
    train_images = cut(garments(24, "train"))
    encodings = [
        encoding_of("mine", varied_encoder(CHANNELS, T), T),
        *baseline_encodings(NetworkConfig(T=T, channels=4), T, train_images, seeds=(0, 1)),
    ]
    return analyze(encodings, images, train_images, snapshots=snapshots[1])


@pytest.fixture(scope="module")
def figures(analysis):
    return analysis_figures(analysis)


@pytest.fixture(scope="module")
def spikes(analysis, images):
    """Bools [T, n, K, H, W]."""
    return analysis.studied.encoding.encode(images.images).spikes()


@pytest.fixture(scope="module")
def types(analysis):
    return analysis.studied.contours.types()


def grey_levels(maps):
    """Maps as they are drawn, from their lowest to their highest value."""
    return 255 * (maps - maps.min()) / (maps.max() - maps.min())


def assert_shows_means(shown, means):
    """Silent and saturated means are in their colours, others stretched."""
    if means.max() == 0 or means.min() == T:
        kind = "saturated" if means.max() else "silent"
        assert (shown == crossed(kind, *means.shape)).all()
    else:
        assert np.abs(shown[..., 0] - grey_levels(means)).max() <= 2


def assert_by_type_and_rate(order, types, spikes):
    """The largest type first, and falling rates within each."""
    assert sorted(order) == list(range(K))
    rates = spikes.mean(axis=(0, 1, 3, 4))
    groups = [list(group) for _, group in groupby(order, key=lambda k: types[k])]
    assert len(groups) == len(set(types)) == 7
    assert all(len(one) >= len(other) for one, other in pairwise(groups))
    assert all(rates[a] >= rates[b] for group in groups for a, b in pairwise(group))
    assert any(rates[a] > rates[b] and a > b for group in groups for a, b in pairwise(group))


def test_channels_are_their_mean_maps_by_type_and_falling_rate(figures, spikes, types):
    figure = figures["channels"]
    order = [int(text) for text in texts(figure)]
    assert_by_type_and_rate(order, types, spikes)
    means = spikes.sum(axis=0).mean(axis=0)
    for k in range(K):
        assert_shows_means(tile_under(figure, str(k), 3 + H, W)[3:], means[k])


def test_kernels_stand_beside_the_mean_map_of_their_channel(figures, spikes):
    figure = figures["kernels"]
    assert texts(figure) == texts(figures["channels"])
    means = spikes.sum(axis=0).mean(axis=0)
    kernels = np.array([kernel for kernel, _ in CHANNELS])
    colors = mpl.colormaps[DIVERGING](kernels / np.abs(kernels).max() / 2 + 0.5)[..., :3] * 255
    for k in range(K):
        # A strip, a kernel of 3 x 3 enlarged to 12 x 12, a gap, and the map.
        width = H + 1 + W
        tile = tile_under(figure, str(k), round(width / 10) + H, width)[-H:]
        assert np.abs(tile[::4, :H:4] - colors[k]).max() <= 1
        assert_shows_means(tile[:, H + 1 :], means[k])


def by_turns(order, types):
    """The first of each type in that order, then the second of each, and so on."""
    turns = {k: sum(types[j] == types[k] for j in order[:n]) for n, k in enumerate(order)}
    return sorted(order, key=lambda k: (turns[k], order.index(k)))


def test_the_atlas_is_of_each_types_channels_least_like_the_mean_of_all(
    figures, images, spikes, types
):
    figure = figures["class_atlas"]
    counts = spikes.sum(axis=0)
    atlas = np.stack([counts[images.labels == label].mean(axis=0) for label in CLASSES])
    shown = [grey_levels(atlas[:, k]) / 255 for k in range(K) if np.ptp(atlas[:, k])]
    mean = np.mean(shown, axis=0)
    away = {k: np.linalg.norm(grey_levels(atlas[:, k]) / 255 - mean)
            for k in range(K) if np.ptp(atlas[:, k])}  # fmt: skip
    chosen = by_turns(sorted(away, key=lambda k: -away[k]), types)[:10]
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    names = [images.classes[label] for label in CLASSES]
    columns = sorted((name for name in places if name.isdecimal()), key=lambda n: places[n][0])
    rows = sorted((name for name in places if name in names), key=lambda n: places[n][1])
    assert columns == [str(k) for k in chosen]
    assert rows == names
    assert len({types[k] for k in chosen}) == len({types[k] for k in away})
    for column, k in enumerate(chosen):
        for row, expected in enumerate(grey_levels(atlas[:, k])):
            assert np.abs(tile_at(figure, row, column, H, W)[..., 0] - expected).max() <= 2


def pearson_of_sums(spikes, quantity):
    """r of all spikes up to each step with a quantity of the images, [T]."""
    sums = spikes.sum(axis=2).cumsum(axis=0)
    return [np.corrcoef(each.reshape(-1), quantity.reshape(-1))[0, 1] for each in sums]


def test_the_curves_over_time_are_what_the_spikes_say_at_each_step(
    figures, analysis, images, spikes
):
    panels = {axes.get_title(loc="left"): axes.lines for axes in figures["over_time"].axes}
    edge, intensity, *_ = scikit_quantities(images.images)
    first, curve, follows, psnr = panels.values()
    assert [name.split(" with ")[-1] for name in list(panels)[1:3]] == ["edges", "intensity"]
    assert [line.get_label() for line in first] == [
        "mine", "untrained (2 seeds)", "Sobel bank", "Poisson coding", "latency coding",
    ]  # fmt: skip
    untrained = [m.encoding.encode(images.images).spikes() for m in analysis.measured[1:3]]
    for place, some in enumerate([[spikes], untrained]):
        new = [np.diff(each.cumsum(axis=0) > 0, axis=0, prepend=False) for each in some]
        values = [
            np.mean([each.mean(axis=(1, 2, 3, 4)) for each in new], axis=0),
            np.mean([pearson_of_sums(each, edge) for each in some], axis=0),
            np.mean([pearson_of_sums(each, intensity) for each in some], axis=0),
        ]
        for lines, expected in zip((first, curve, follows), values, strict=True):
            assert lines[place].get_ydata() == pytest.approx(expected, rel=1e-4)
    assert psnr[0].get_ydata() == pytest.approx(analysis.studied.reconstruction.psnr)


def test_neurons_that_fire_are_shown_of_all_types_where_the_first_image_is_brightest(
    figures, images, spikes, types
):
    """The busiest of each type that fires there, then the second of each."""
    y, x = np.argwhere(images.images[0] == images.images[0].max())[0]
    there = spikes[:, 0, :, y, x].sum(axis=0)
    firing = sorted(np.flatnonzero(there).tolist(), key=lambda k: (-there[k], k))
    chosen = sorted(by_turns(firing, types)[:8])
    assert len({types[k] for k in chosen}) >= 3
    assert there[chosen].min() > 0
    names = [f"{k}, {types[k]}" for k in chosen]
    trains = spikes[:, 0, chosen, y, x]
    (raster,) = figures["raster"].axes
    title = raster.get_title().replace("\n", " ")
    assert title == f"Spikes at row {y}, column {x}, of channels that fire there"
    labels = [text.get_text() for text in raster.get_yticklabels()]
    assert labels == [f"{name}: {sum(n)}" for name, n in zip(names, trains.T, strict=True)]
    marks = [list(lines.get_positions()) for lines in raster.collections]
    assert marks == [np.flatnonzero(train).tolist() for train in trains.T]
    assert [axes.get_title(loc="left") for axes in figures["membrane"].axes] == names
    for axes, k, train in zip(figures["membrane"].axes, chosen, trains.T, strict=True):
        kernel, bias = CHANNELS[k]
        drive = (signal.correlate2d(images.images[0] / 255, kernel, "same") + bias)[y, x]
        assert stepped(np.array(drive), T).tolist() == train.tolist()
        potentials, v = [], 0
        for fired in train:
            potentials += [v + drive, 0 if fired else v + drive]
            v = potentials[-1]
        assert axes.lines[0].get_ydata() == pytest.approx(potentials, abs=1e-5)


def test_the_first_image_is_shown_as_first_spikes_and_read_back(figures, analysis, images, spikes):
    figure = figures["first_spike"]
    columns = (canvas_of(figure).shape[1] - 1) // (W + 1)
    times = np.where(spikes[:, 0].any(axis=0), spikes[:, 0].argmax(axis=0), T)
    colors = np.vstack([mpl.colormaps["viridis"](0.6 * np.log(range(1, T + 1)) / np.log(T))[:, :3],
                        np.ones((1, 3))])  # fmt: skip
    for k in range(K):
        shown = tile_at(figure, *divmod(k, columns), H, W)
        assert np.abs(shown - 255 * colors[times[k]]).max() <= 1
    rule, encoding = analysis.studied.rule, analysis.studied.encoding
    read = rule.reconstruct(encoding.encode(images.images[:1]))[:, 0]
    figure = figures["reconstruction"]
    names = texts(figure)
    assert [name.split(":")[0] for name in names] == ["input", *(f"t = {t}" for t in range(T))]
    for name, expected in zip(names, [images.images[0], *read], strict=True):
        assert np.abs(tile_under(figure, name, H, W)[..., 0] - expected.astype(int)).max() <= 2


def test_the_histogram_has_every_channel_once(figures, spikes):
    (axes,) = figures["firing_rates"].axes
    rates = spikes.mean(axis=(0, 1, 3, 4))
    assert axes.lines[0].get_xdata()[0] == pytest.approx(rates.mean())
    heights = np.array([[bar.get_height() for bar in group] for group in axes.containers])
    assert heights.sum(axis=1).tolist() == [1, K - 3, 2]
    edges = np.linspace(0, 1, heights.shape[1] + 1)
    assert heights.sum(axis=0).tolist() == np.histogram(rates, edges)[0].tolist()


def test_the_scorecards_dots_are_the_scores(figures, analysis):
    groups = [[m] for m in analysis.measured]
    groups[1:3] = [[*groups[1], *groups[2]]]
    by_title = {score.title: score for score in SCORES}
    shown = [axes for axes in figures["scorecard"].axes if axes.get_visible()]
    assert len(shown) == 7
    for axes in shown:
        score = by_title[axes.get_title(loc="left").replace("\n", " ")]
        means = [np.mean([score.of(m) for m in group]) for group in groups]
        dots = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() in "oDs"}
        assert dots.keys() == set(np.flatnonzero(~np.isnan(means)))
        assert [dot.get_xdata()[0] for dot in dots.values()] == pytest.approx(
            [means[place] for place in dots]
        )
        filled = [place for place, dot in dots.items() if dot.get_markerfacecolor() != "white"]
        assert filled == [0]
        # As the table says: one standard deviation over seeds, the probe's interval of others.
        lines = {line.get_ydata()[0]: line.get_xdata() for line in axes.lines
                 if line.get_marker() == "|"}  # fmt: skip
        seeds = [score.of(m) for m in groups[1]]
        if not np.isnan(seeds).any():
            apart = abs(seeds[0] - seeds[1]) / np.sqrt(2)
            assert lines.pop(1) == pytest.approx([means[1] - apart, means[1] + apart])
        expected = {}
        if score.key == "probe":
            expected = {n: group[0].probe.interval
                        for n, group in enumerate(groups) if n != 1}  # fmt: skip
        elif score.key in ("edge", "intensity"):
            place = CORRELATIONS.index(score.key)
            expected = {n: np.quantile(draw_correlations(group[0].each.moments)[:, place],
                                       [0.025, 0.975])
                        for n, group in enumerate(groups) if n != 1}  # fmt: skip
        assert lines.keys() == expected.keys()
        for n, ends in lines.items():
            assert ends == pytest.approx(expected[n])
    assert "95 % interval" in figures["scorecard"].get_suptitle().replace("\n", " ")


def test_the_history_is_of_the_kernels_that_turned_most(figures, snapshots):
    """Eight of them, at eight of thirteen snapshots, the first and the last among them."""
    turns, kernels = snapshots
    figure = figures["kernels_over_epochs"]
    names = texts(figure)
    channels = [int(name.split()[1]) for name in names if name.startswith("channel")]
    assert channels == np.argsort(-turns)[:8].tolist()
    epochs = [int(re.sub("epoch ", "", name)) for name in names[8:]]
    assert (epochs[0], epochs[-1], len(set(epochs))) == (-1, 14, 8)
    shown = np.array([kernels[epoch][channels, 0] for epoch in epochs])
    colors = mpl.colormaps[DIVERGING](shown / np.abs(shown).max() / 2 + 0.5)[..., :3] * 255
    for column, row in np.ndindex(8, 8):
        tile = tile_at(figure, row, column, 24, 24)[::8, ::8]
        assert np.abs(tile - colors[column, row]).max() <= 1
    change, rotation = figures["weight_change"].axes
    angles = np.median(turns) * np.arange(13) / 12
    assert rotation.lines[0].get_ydata() == pytest.approx(angles, abs=0.01)
    assert change.lines[0].get_ydata() == pytest.approx(
        2 * np.sin(np.radians(angles / 2)), abs=1e-4
    )
    assert rotation.lines[0].get_xdata().tolist() == list(EPOCHS)


def test_a_scorecard_is_drawn_of_an_analysis_itself(figures, analysis):
    def told(figure):
        return [text.get_text() for text in figure.findobj(Text)]

    drawn = snnviz.scorecard_figure(analysis)
    assert told(drawn) == told(figures["scorecard"])
    assert drawn.get_suptitle().startswith("Scorecard, ")
    narrow = snnviz.scorecard_figure(analysis, title="Mine", width=3.3)
    assert narrow.get_suptitle() == "Mine"
    assert narrow.get_figwidth() == pytest.approx(3.3)
    numbers = {text for axes in drawn.axes for text in told(axes)}
    assert f"{analysis.studied.probe.accuracy:.1%}" in numbers
