"""Kernels of several input channels, and images in colour, by their pixels' colours."""

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import input_figure, kernel_figure
from snnviz.figures.layout.tiles import COLUMN, pixel_of
from snnviz.figures.levels import DIVERGING, GAP_COLOR
from tests.figures.layout.tiles import check_text, texts, tile_under

T = 4


@pytest.fixture
def colours(rng):
    """Kernels of three input channels; the largest magnitude, 4, is negative and in one of them."""
    kernels = rng.uniform(-2, 2, (5, 3, 2, 4))
    kernels[1] = 0
    kernels[3, 2, 1, 0] = -4
    return kernels


def test_kernels_of_colours_are_in_their_colours_around_grey_on_one_range(colours):
    figure = kernel_figure(colours, channels=[3, 1, 0])
    bar = figure.axes[1]
    assert bar.get_xlim() == (-4, 4)
    assert bar.get_xlabel() == "weight of R, G, B each"
    assert texts(figure) == ["3", "1", "0"]
    for k in (3, 1, 0):
        tile = tile_under(figure, str(k), 2 * 6, 4 * 6)
        expected = (colours[k].transpose(1, 2, 0) / 8 + 0.5) * 255
        assert np.abs(tile[::6, ::6] - expected).max() <= 1, k
        assert (tile == tile[::6, ::6].repeat(6, 0).repeat(6, 1)).all()
    grey = tile_under(figure, "1", 12, 24)
    assert np.unique(grey).tolist() == [128], "no weight is grey"
    assert tile_under(figure, "3", 12, 24)[6, 0, 2] == 0, "-4 of blue has none of it"


def test_kernels_of_one_input_channel_are_drawn_as_without_the_axis(colours):
    plain, stacked = (kernel_figure(given) for given in (colours[:, 0], colours[:, :1]))
    assert np.array_equal(*(np.asarray(f.axes[0].images[0].get_array()) for f in (plain, stacked)))
    assert plain.axes[1].get_xlabel() == stacked.axes[1].get_xlabel() == "kernel weight"
    assert plain.axes[0].get_title() == stacked.axes[0].get_title() == "Kernels"


@pytest.mark.parametrize(("C", "columns", "block"), [(2, 2, 6), (4, 4, 3), (5, 3, 4), (9, 3, 4)])
def test_other_kernels_are_grids_of_their_input_channels(C, columns, block, rng):
    kernels = rng.normal(size=(2, C, 3, 2))
    figure = kernel_figure(kernels)
    top = np.abs(kernels).max()
    rows = -(-C // columns)
    high, wide = 3 * block, 2 * block
    gap = pixel_of(GAP_COLOR).tolist()
    tile = tile_under(figure, "1", rows * (high + 1) - 1, columns * (wide + 1) - 1)
    for channel in range(C):
        y, x = channel // columns * (high + 1), channel % columns * (wide + 1)
        part = tile[y : y + high, x : x + wide]
        expected = mpl.colormaps[DIVERGING](kernels[1, channel] / (2 * top) + 0.5)[..., :3] * 255
        assert np.abs(part[::block, ::block] - expected).max() <= 2, channel
    assert tile[0, wide].tolist() == gap
    title = figure.axes[0].get_title().replace("\n", " ")
    assert title == f"Kernels, of input channels 0 to {C - 1} in reading order"
    assert figure.axes[1].get_xlabel() == "kernel weight"


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 3, 1, 1), (3, 2, 1, 1), (3, 1, 1, 1)])
def test_kernels_of_one_pixel_are_drawn(shape, rng):
    kernels = rng.normal(size=shape)
    maps = rng.uniform(1, 3, (3, 6, 9))
    check_text(kernel_figure(kernels), COLUMN)
    check_text(kernel_figure(kernels, maps, T=T), COLUMN)
    tile = tile_under(kernel_figure(np.float64([[[-1]], [[0]], [[1]]])), "2", 24, 24)
    assert len(np.unique(tile.reshape(-1, 3), axis=0)) == 1
    assert tile[0, 0, 0] > tile[0, 0, 2], "red"


def test_colour_kernels_stand_beside_the_mean_map_of_their_channel(colours, rng):
    maps = rng.uniform(0.5, 3.5, (5, 6, 9))
    maps[2] = 0
    figure = kernel_figure(colours, maps, T=T, types=["a", "b", "a", "silent", "b"])
    check_text(figure, COLUMN)
    labels = [axes.get_xlabel() for axes in figure.axes[1:]]
    assert labels == ["weight of R, G, B each", "mean count of each map"]


def test_kernels_of_another_shape_are_refused(colours):
    for given, form in ((colours[None], r"\[K, kh, kw\]"), (colours[:, :0], r"\[K, C, kh, kw\]")):
        with pytest.raises(ShapeError, match=f"kernels must be numbers {form}"):
            kernel_figure(given)


def test_floats_in_colour_are_drawn_as_their_bytes(rng):
    levels = rng.integers(0, 256, (3, 4, 6), np.uint8)
    levels[:, 0, :3] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    as_bytes = input_figure(levels, label="Bag", dpi=50)
    for dtype in (np.float32, np.float64):
        figure = input_figure(levels / dtype(255), label="Bag", dpi=50)
        drawn = (np.asarray(f.axes[0].images[0].get_array()) for f in (figure, as_bytes))
        assert np.array_equal(*drawn)
    for wrong in (levels.astype(float), levels / -255, np.where(levels > 9, np.nan, 0.5)):
        with pytest.raises(ShapeError, match=r"\[3, H, W\] in colour, in \[0, 1\] or bytes"):
            input_figure(wrong)
