"""Figures by their values, their artists and, where it is the point, their pixels."""

import io
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from scipy import ndimage

from snnviz.errors import ConfigError, ShapeError
from snnviz.export import render
from snnviz.figures import (
    SheetEntry,
    contact_sheet_figure,
    feature_map_figure,
    input_figure,
    spike_map_figure,
)
from snnviz.figures.feature_maps import TUTORIAL_TITLE
from snnviz.figures.levels import GAP_COLOR, SATURATED_COLOR, SILENT_COLOR, cross
from snnviz.grid import choose_layout, compose, normalize_counts


@pytest.fixture
def counts(rng):
    """Nine maps of 5 x 7 after step 3: random, silent, saturated, constant between."""
    counts = rng.integers(0, 5, (9, 5, 7)).astype(np.uint8)
    counts[1], counts[2], counts[3] = 0, 4, 2
    counts[4] = np.where(np.arange(7) < 3, 1, 2)
    return counts


def picture(figure):
    """The output pixels of the figure's first axes, [H, W, 3] in 0..255."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi)
    pixels = np.asarray(Image.open(buffer).convert("RGB"))
    box = figure.axes[0].get_window_extent()
    left, right = round(box.x0), round(box.x1)
    top, bottom = round(len(pixels) - box.y1), round(len(pixels) - box.y0)
    return pixels[top:bottom, left:right]


def expected_picture(canvas, scale, cmap="gray"):
    """The canvas coloured one pixel at a time and enlarged by a whole factor."""
    colors = np.zeros((*canvas.shape, 3))
    for where in np.ndindex(canvas.shape):
        value = canvas[where]
        if np.isnan(value):
            colors[where] = to_rgb(GAP_COLOR)
        elif value < 0:
            colors[where] = to_rgb(SILENT_COLOR)
        elif value > 1:
            colors[where] = to_rgb(SATURATED_COLOR)
        else:
            colors[where] = mpl.colormaps[cmap](float(value))[:3]
    return np.rint(colors * 255).repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize("normalize", ["map", "shared", "none"])
@pytest.mark.parametrize("cmap", ["gray", "viridis"])
@pytest.mark.parametrize("dpi", [200, 73])
@pytest.mark.parametrize("labels", [False, True])
def test_every_map_pixel_is_a_block_of_its_colour(counts, normalize, cmap, dpi, labels):
    figure = feature_map_figure(
        counts, t=3, T=8, normalize=normalize, cmap=cmap, dpi=dpi, labels=labels
    )
    strip = round(0.25 * 7) if labels else 0
    layout = choose_layout(counts.shape, strip=strip)
    canvas = compose(cross(normalize_counts(counts, t=3, T=8, normalize=normalize)), layout)
    pixels = picture(figure)
    scale, remainder = divmod(pixels.shape[0], canvas.shape[0])
    assert remainder == 0
    assert pixels.shape[1] == scale * canvas.shape[1]
    expected = expected_picture(canvas, scale, cmap)
    if labels:  # text is drawn in the strips; the maps themselves must be untouched
        inside = ~np.isnan(canvas).repeat(scale, axis=0).repeat(scale, axis=1)
        pixels, expected = pixels[inside], expected[inside]
    # Rounding of colours to bytes may differ by one level.
    assert np.abs(pixels - expected).max() <= 1


def test_silent_saturated_and_constant_maps_look_different(counts):
    pixels = picture(feature_map_figure(counts, t=3))
    layout = choose_layout(counts.shape)
    scale = pixels.shape[0] // layout.shape[0]
    colors = []
    for k in (1, 2, 3):
        top, left = (scale * side for side in layout.corner(k))
        tile = pixels[top : top + scale * 5, left : left + scale * 7].reshape(-1, 3)
        usual, times = np.unique(tile, axis=0, return_counts=True)
        colors.append(tuple(usual[times.argmax()]))
    assert len(set(colors)) == 3
    greys = {color for color in colors if len(set(color)) == 1}
    assert greys == {colors[2]}  # only the constant map is on the grey scale


def test_the_published_grid_has_a_title_and_eight_rows(rng):
    figure = feature_map_figure(rng.integers(0, 9, (128, 28, 28)), t=7)
    axes = figure.axes[0]
    assert axes.get_title() == r"$\sum_{\tau \leq t} S_{\tau}$ at $t = 7$"
    tutorial = feature_map_figure(np.ones((1, 3, 3), int), t=7, title=TUTORIAL_TITLE.format(t=7))
    assert tutorial.axes[0].get_title() == r"$\sum_{t} S_{t}$ at $t = 7$"
    assert axes.images[0].get_array().shape == (8 * 29 + 1, 16 * 29 + 1)
    assert axes.images[0].get_interpolation() == "nearest"
    assert figure.get_figwidth() == pytest.approx(7, abs=0.5)


def test_the_title_is_inside_the_figure(rng):
    for count, options in ((128, {}), (1, {}), (128, {"dpi": 60, "labels": True})):
        figure = feature_map_figure(rng.integers(0, 9, (count, 28, 28)), t=7, **options)
        figure.draw_without_rendering()
        box = figure.axes[0].title.get_window_extent()
        assert box.y1 <= figure.bbox.y1
        assert box.y0 > figure.axes[0].get_window_extent().y1 - 1
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1


@pytest.mark.parametrize(("normalize", "top"), [("map", None), ("shared", 8), ("none", 4)])
def test_a_colorbar_comes_with_scales_that_compare(counts, normalize, top):
    figure = feature_map_figure(counts, t=3, T=8, normalize=normalize)
    bars = figure.axes[1:]
    assert len(bars) == (0 if top is None else 1)
    if top is not None:
        # The counts of four steps that can occur at a steady drive, each with the colour of a map.
        names = [text.get_text() for text in bars[0].get_yticklabels()]
        assert names == ["0", "1", "2", "3", "4"]  # the third map holds a 3
        mesh = bars[0].collections[-1]
        shades = mesh.to_rgba(mesh.get_array())[..., 0].ravel()
        assert np.allclose(shades, np.arange(5) / top, atol=1 / 255)
        regular = np.where(counts == 3, 2, counts)
        bar = feature_map_figure(regular, t=3, T=8, normalize=normalize).axes[1]
        assert [text.get_text() for text in bar.get_yticklabels()] == ["0", "1", "2", "4"]


def test_labels_are_channel_numbers_above_their_maps(counts):
    figure = feature_map_figure(counts, t=3, labels=True, columns=4)
    texts = figure.axes[0].texts
    assert [text.get_text() for text in texts] == [str(k) for k in range(9)]
    layout = choose_layout(counts.shape, columns=4, strip=2)
    for k, text in enumerate(texts):
        top, left = layout.corner(k)
        x, y = text.get_position()
        assert x == left - 0.5
        assert top - 0.5 - layout.strip <= y < top


@pytest.mark.parametrize("shape", [(6, 2, 2), (6, 5, 1), (40, 1, 1)])
@pytest.mark.parametrize("dpi", [1, 20, 200])
def test_labels_of_the_narrowest_maps_can_be_drawn(shape, dpi):
    figure = feature_map_figure(np.ones(shape, np.uint8), t=1, labels=True, dpi=dpi)
    assert all(text.get_fontsize() > 0 for text in figure.axes[0].texts)
    assert figure.axes[0].images[0].get_array().shape == choose_layout(shape, strip=1).shape
    picture(figure)


def test_the_legend_says_what_the_two_colours_mean(counts):
    for t, words in ((0, "step 0"), (3, "all 4 steps")):
        figure = feature_map_figure(np.minimum(counts, t + 1), t=t)
        [legend] = figure.legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert labels[0].startswith("silent")
        assert words in labels[1]
        figure.draw_without_rendering()
        box = legend.get_window_extent()
        assert box.y0 >= 0
        assert box.x0 >= 0


def test_the_legend_explains_what_occurs(counts):
    found = []
    for special in ([], [1], [2], [1, 2]):
        maps = counts.copy()
        for k in {1, 2} - set(special):
            maps[k] = counts[0]
        legends = feature_map_figure(maps, t=3).legends
        found.append([text.get_text().split(":")[0] for box in legends for text in box.get_texts()])
    assert found == [[], ["silent"], ["saturated"], ["silent", "saturated"]]
    [legend] = feature_map_figure(counts[:1], t=3, legend=["saturated"]).legends
    assert len(legend.get_texts()) == 1
    with pytest.raises(ConfigError, match=r"explains silent and saturated, got \['dead'\]"):
        feature_map_figure(counts, t=3, legend=["dead"])


def test_figures_stay_out_of_pyplot(counts):
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    feature_map_figure(counts, t=3)
    input_figure(np.zeros((3, 4)))
    assert plt.get_fignums() == before


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_input_image_is_drawn_pixel_for_pixel(dtype, rng):
    image = rng.integers(0, 256, (6, 9)).astype(np.uint8)
    given = image if dtype == np.uint8 else image / np.float32(255)
    figure = input_figure(given, label="Bag", dpi=50)
    pixels = picture(figure)
    scale = len(pixels) // 6
    expected = image.repeat(scale, axis=0).repeat(scale, axis=1)
    assert np.abs(pixels - expected[..., None].astype(int)).max() <= 1
    assert figure.axes[0].get_title() == "Input image: Bag"
    assert input_figure(given).axes[0].get_title() == "Input image"


def test_a_dim_input_is_not_brightened():
    pixels = picture(input_figure(np.full((4, 4), 0.25), dpi=50))
    assert np.abs(pixels.astype(int) - 64).max() <= 1


@pytest.mark.parametrize("dpi", [200, 800])
def test_a_tall_grid_is_as_large_as_can_be_drawn(dpi):
    counts = np.tile(np.arange(28, dtype=np.uint8) % 5, (128, 28, 1))
    figure = feature_map_figure(counts, t=3, columns=1, dpi=dpi)
    height, width = 128 * 29 + 1, 30
    box = figure.axes[0].bbox
    assert (box.width, box.height) == pytest.approx((16 * width, 16 * height))
    assert figure.bbox.height < 1 << 16
    # A grid no higher than that keeps its width.
    assert feature_map_figure(counts[:20], t=3, columns=1).axes[0].bbox.width == 47 * width


@pytest.mark.parametrize(
    "options",
    [
        {"columns": 10**5},
        {"rows": 10**5},
        {"columns": 10**12},  # no memory holds its canvas
        {"rows": 10**12},
        {"dpi": 10**4},
    ],
)
def test_a_figure_too_large_to_draw_is_refused_before_it_is_composed(options):
    counts = np.ones((128, 28, 28), np.uint8)
    with pytest.raises(ConfigError, match="more than can be drawn; choose a lower dpi"):
        feature_map_figure(counts, t=3, **options)
    with pytest.raises(ConfigError, match="more than can be drawn; choose a lower dpi"):
        spike_map_figure(counts, t=0, **options)


def test_wrong_input_is_refused(counts):
    with pytest.raises(ConfigError, match="no colour map 'grey-ish'"):
        feature_map_figure(counts, t=3, cmap="grey-ish")
    with pytest.raises(ConfigError, match="dpi must be at least 1, got 0"):
        feature_map_figure(counts, t=3, dpi=0)
    with pytest.raises(ConfigError, match="do not fit"):
        feature_map_figure(counts, t=3, rows=2, columns=2)
    with pytest.raises(ShapeError, match="check t"):
        feature_map_figure(counts, t=0)
    for image in (np.zeros((1, 4, 4)), np.full((4, 4), 2.0), np.full((4, 4), np.nan)):
        with pytest.raises(ShapeError, match="input image"):
            input_figure(image)


def test_captions_of_a_sheet_stay_over_their_pair(rng):
    captions = ["9999 Ankle boot \N{RIGHTWARDS ARROW} 7", "_x", "$A_$B.png", "y" * 90, "12"]
    entries = [
        SheetEntry(rng.integers(0, 256, (28, 28), np.uint8), rng.random((28, 28)), caption, True)
        for caption in captions * 4
    ]
    figure = contact_sheet_figure(entries, title="")
    render(figure, "png")
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 20
    for one, other in pairwise(boxes):
        assert one.x1 < other.x0 or one.y0 > other.y1, "beside, or in the next row"
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    assert figure.axes[0].texts[2].get_text() == r"\$A_\$B.png"


def test_each_image_of_a_sheet_is_beside_its_own_rate(rng):
    """Grey levels as they are, rates stretched one by one; the place of a fourth is empty."""
    images = rng.integers(0, 256, (3, 5, 7), np.uint8)
    rates = np.stack([rng.uniform(low, high, (5, 7)) for low, high in ((0.1, 0.3), (0.4, 0.9))])
    constant = np.full((5, 7), 0.5)
    entries = [SheetEntry(*pair) for pair in zip(images, [*rates, constant], strict=True)]
    figure = contact_sheet_figure(entries, title="", columns=2)
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    places = ndimage.find_objects(ndimage.label(~np.isnan(canvas))[0])
    lows, highs = (f(rates, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    stretched = [*(rates - lows) / (highs - lows), np.zeros((5, 7))]
    assert len(places) == 3
    for place, image, rate in zip(places, images, stretched, strict=True):
        assert canvas[place] == pytest.approx(np.hstack([image / 255, rate]), abs=1e-6)
    first, second, third = places
    assert first[0] == second[0]
    assert first[1] == third[1]
    assert first[1].stop < second[1].start
    assert first[0].stop < third[0].start


def test_chosen_channels_keep_their_numbers(rng):
    counts = rng.integers(0, 5, (9, 4, 6))
    figure = feature_map_figure(counts, t=3, channels=[7, 2], labels=True)
    assert [text.get_text() for text in figure.axes[0].texts] == ["7", "2"]
    same = feature_map_figure(counts[[7, 2]], t=3, labels=True)
    shown, expected = (each.axes[0].images[0].get_array() for each in (figure, same))
    assert np.array_equal(np.ma.filled(shown, -9), np.ma.filled(expected, -9))


@pytest.mark.parametrize("channels", [[9], [-1], [], [1, 1]])
def test_channels_that_cannot_be_shown(channels, rng):
    with pytest.raises(ConfigError, match="channels must"):
        feature_map_figure(rng.integers(0, 5, (9, 4, 6)), t=3, channels=channels)


def test_without_title_and_legend_there_is_no_room_for_them(rng):
    counts = rng.integers(1, 5, (9, 4, 6))
    usual = feature_map_figure(counts, t=3)
    bare = feature_map_figure(counts, t=3, title="", legend=False)
    assert not bare.legends
    assert not bare.axes[0].get_title()
    assert bare.get_figheight() < usual.get_figheight()
    assert bare.get_figwidth() == usual.get_figwidth()


def test_an_argument_by_its_old_name(rng):
    from snnviz import kernel_figure

    kernels = rng.normal(size=(5, 3, 3))
    with pytest.warns(DeprecationWarning, match="order of kernel_figure is called channels now"):
        figure = kernel_figure(kernels, order=[4, 1])
    assert [text.get_text() for text in figure.axes[0].texts][:2] == ["4", "1"]
