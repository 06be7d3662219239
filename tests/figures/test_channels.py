"""Figures of kernels and channels by their pixels' colours, labels, bars and legends."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import kernel_figure, sorted_channels_figure
from snnviz.figures.layout.tiles import COLUMN
from snnviz.figures.levels import DIVERGING, NOTCH_COLOR, SILENT_COLOR
from tests.figures.layout.tiles import check_text, crossed, legend, rgb, texts, tile_under

T = 4
SATURATED_TEXT = "saturated: a spike everywhere, always"


@pytest.fixture
def kernels(rng):
    kernels = rng.normal(size=(7, 2, 3))
    kernels[3] = 0
    kernels[5, 1, 2] = -4  # the largest magnitude
    return kernels


@pytest.fixture
def maps(rng):
    """Seven mean maps of 6 x 9 after four steps: silent, saturated, constant, and four others."""
    maps = rng.uniform(0.5, 3.5, (7, 6, 9))
    maps[0], maps[1], maps[2] = 0, T, 1
    return maps


def test_kernels_are_on_one_symmetric_range(kernels):
    figure = kernel_figure(kernels, columns=3)
    bar = figure.axes[1]
    assert bar.get_xlim() == (-4, 4)
    assert [tick.get_text() for tick in bar.get_xticklabels()] == ["-4", "0", "4"]
    assert bar.get_xlabel() == "kernel weight"
    assert texts(figure) == [str(k) for k in range(7)]
    factor = 24 // 3
    for k, kernel in enumerate(kernels):
        tile = tile_under(figure, str(k), 2 * factor, 3 * factor)
        expected = mpl.colormaps[DIVERGING]((kernel + 4) / 8)[..., :3] * 255
        assert np.abs(tile[::factor, ::factor] - expected).max() <= 1, k
        assert (tile == tile[::factor, ::factor].repeat(factor, 0).repeat(factor, 1)).all()


def test_kernels_stand_beside_the_mean_map_of_their_own_channel(kernels, maps):
    order = [4, 1, 0, 2, 6]
    figure = kernel_figure(kernels, maps, T=T, channels=order, columns=2)
    assert texts(figure) == [str(k) for k in order]
    for k in order:
        # A kernel of 2 x 3 fits three times into 6 x 9, then a gap, then the map.
        tile = tile_under(figure, str(k), 6, 9 + 1 + 9)
        kernel = mpl.colormaps[DIVERGING]((kernels[k] + 4) / 8)[..., :3] * 255
        assert np.abs(tile[1:6:3, 1:9:3] - kernel).max() <= 1
        shown = tile[:, 10:]
        if k in (0, 1):
            assert (shown == crossed("saturated" if k else "silent", 6, 9)).all()
        elif k == 2:
            assert np.abs(shown - 255 / T).max() <= 2
        else:
            low, high = maps[k].min(), maps[k].max()
            assert np.abs(shown[..., 0] - 255 * (maps[k] - low) / (high - low)).max() <= 2
    assert set(legend(figure)) == {
        "silent: no spike anywhere",
        SATURATED_TEXT,
    }
    assert figure.axes[2].get_xlabel() == "mean count of each map"


def test_zero_kernels_and_large_ones_are_drawn(rng):
    figure = kernel_figure(np.zeros((2, 3, 3)))
    assert figure.axes[1].get_xlim() == (-1, 1)
    figure = kernel_figure(rng.normal(size=(2, 5, 5)), rng.uniform(0, 1, (2, 2, 4)))
    assert tile_under(figure, "1", 5, 5 + 1 + 4).shape == (5, 10, 3)


def test_channels_come_in_the_order_given_with_their_types(maps):
    types = ["silent", "area", "area", "edge", "edge", "edge", "area"]
    order = [3, 5, 4, 1, 0, 2]
    figure = sorted_channels_figure(
        maps,
        T=T,
        channels=order,
        types=types,
        colors={"edge": "#123456"},
        title="By type",
        columns=6,
    )
    assert figure.axes[0].get_title() == "By type"
    assert texts(figure) == [str(k) for k in order]
    entries = legend(figure)
    # Channel 6 is not shown, and not counted.
    assert list(entries) == ["edge: 3", "area: 2", "silent: 1", SATURATED_TEXT]
    assert entries["silent: 1"] == tuple(rgb(SILENT_COLOR))
    assert entries["edge: 3"] == tuple(rgb("#123456"))
    assert len(set(entries.values())) == len(entries)
    for k in order:
        tile = tile_under(figure, str(k), 2 + 6, 9)
        [color] = [entries[name] for name in entries if name.startswith(types[k] + ":")]
        # An area has one notch, in the middle: edges come before it.
        notches = [4] if types[k] == "area" else []
        assert (np.delete(tile[:2], notches, axis=1) == color).all()
        assert (tile[:2, notches] == rgb(NOTCH_COLOR)).all()
    low, high = maps[4].min(), maps[4].max()
    shown = tile_under(figure, "4", 8, 9)[2:, :, 0]
    assert np.abs(shown - 255 * (maps[4] - low) / (high - low)).max() <= 2


def test_a_shared_scale_ends_at_T(maps):
    figure = sorted_channels_figure(maps, T=8, scale="shared", cmap="viridis")
    assert figure.axes[1].get_xlim() == (0, 8)
    assert "8 steps" in figure.axes[1].get_xlabel()
    for k in range(1, 7):  # nothing is saturated at T = 8
        tile = tile_under(figure, str(k), 6, 9)
        assert np.abs(tile - 255 * mpl.colormaps["viridis"](maps[k] / 8)[..., :3]).max() <= 1


@pytest.mark.parametrize("steps", [1, 64])
def test_one_channel_and_any_number_of_steps(steps, rng):
    figure = sorted_channels_figure(rng.uniform(0, steps, (1, 5, 3)), T=steps, scale="shared")
    assert texts(figure) == ["0"]
    assert figure.axes[1].get_xlim() == (0, steps)


def test_text_can_be_read_in_a_column(rng):
    maps = rng.uniform(0, 8, (128, 28, 28))
    types = [f"type {k % 5}" for k in range(128)]
    for figure in (
        sorted_channels_figure(maps, T=8, types=types, title="A title that is so long that one "
                               "line of a column does not hold it, and the second is needed"),
        kernel_figure(rng.normal(size=(128, 3, 3)), maps, T=8),
    ):  # fmt: skip
        check_text(figure, COLUMN, 6.4)  # numbers of three digits shrink a little


def test_wrong_input_is_refused(kernels, maps):
    with pytest.raises(ShapeError, match=r"kernels must be numbers \[K, kh, kw\]"):
        kernel_figure(kernels[0])
    with pytest.raises(ShapeError, match="finite; 1 are not"):
        kernel_figure(np.where(kernels == -4, np.nan, kernels))
    with pytest.raises(ShapeError, match="7 kernels need as many mean maps, got 6"):
        kernel_figure(kernels, maps[:6], T=T)
    with pytest.raises(ShapeError, match=r"mean counts must be in 0..3 for T = 3, got 0 to 4"):
        kernel_figure(kernels, maps, T=3)
    with pytest.raises(ConfigError, match=r"channels must be in 0..6, got \[7\]"):
        kernel_figure(kernels, channels=[0, 7])
    with pytest.raises(ConfigError, match=r"scale must be one of map, shared, got 'each'"):
        sorted_channels_figure(maps, T=T, scale="each")
    with pytest.raises(ConfigError, match="T must be at least 1, got 0"):
        sorted_channels_figure(maps, T=0)
    with pytest.raises(ShapeError, match="7 channels need as many types, got 2"):
        sorted_channels_figure(maps, T=T, types=["a", "b"])
    with pytest.raises(ConfigError, match="8 types have no colour yet and only 6"):
        sorted_channels_figure(np.ones((8, 2, 2)), T=T, types=list("abcdefgh"))
    with pytest.raises(ConfigError, match="no colour map"):
        sorted_channels_figure(maps, T=T, cmap="grey-ish")
    with pytest.raises(ConfigError, match="dpi must be at least 1"):
        sorted_channels_figure(maps, T=T, dpi=0)


@pytest.mark.slow
def test_labels_of_many_channels_do_not_run_into_each_other(rng):
    figure = sorted_channels_figure(rng.uniform(0, 4, (300, 28, 28)), T=4, dpi=100)
    labels = [text for text in figure.axes[0].texts if text.get_text().isdecimal()]
    assert len(labels) == 300
    boxes = [text.get_window_extent() for text in labels]
    for one, other in pairwise(boxes):
        assert one.x1 < other.x0 or one.y0 > other.y1, "beside, or in the next row"
