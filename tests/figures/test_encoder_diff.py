"""Two encoders channel by channel, by the pixels' colours."""

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import encoder_diff_figure
from snnviz.figures.layout.tiles import COLUMN
from snnviz.figures.levels import DIVERGING
from tests.figures.layout.tiles import check_text, crossed, legend, texts, tile_under

T = 4


@pytest.fixture
def sides(rng):
    """Mean maps of 6 x 9 and kernels of 2 x 3, of five channels and of four."""
    maps, others = rng.uniform(0.5, 3.5, (5, 6, 9)), rng.uniform(0, 2, (4, 6, 9))
    maps[1], others[2] = T, 0
    kernels, other_kernels = rng.normal(size=(5, 1, 2, 3)), rng.normal(size=(4, 1, 2, 3))
    other_kernels[3, 0, 1, 2] = -4  # the largest magnitude, of a channel that is not shown
    return maps, others, kernels, other_kernels


def test_kernels_above_and_maps_below_the_first_encoders_to_the_left(sides):
    maps, others, kernels, other_kernels = sides
    pairs = [(4, 0), (1, 1), (0, 2)]
    figure = encoder_diff_figure(maps, others, T=T, pairs=pairs, kernels=kernels,
                                 other_kernels=other_kernels, columns=2)  # fmt: skip
    assert texts(figure) == ["4→0", "1", "0→2"]
    assert figure.axes[1].get_xlim() == (-4, 4)
    for label, (k, p) in zip(texts(figure), pairs, strict=True):
        tile = tile_under(figure, label, 6 + 1 + 6, 9 + 1 + 9)
        for left, weights in ((0, kernels[k, 0]), (10, other_kernels[p, 0])):
            expected = mpl.colormaps[DIVERGING]((weights + 4) / 8)[..., :3] * 255
            shown = tile[1:6:3, left + 1 : left + 9 : 3]
            assert np.abs(shown - expected).max() <= 1, label
        low = min(maps[k].min(), others[p].min())
        high = max(maps[k].max(), others[p].max())
        for left, mean in ((0, maps[k]), (10, others[p])):
            grey = 255 * (mean - low) / (high - low)
            shown = tile[7:13, left : left + 9]
            if mean.max() == 0 or mean.min() == T:
                kind = "silent" if mean.max() == 0 else "saturated"
                assert (shown == crossed(kind, 6, 9)).all(), label
            else:
                assert np.abs(shown - grey[..., np.newaxis]).max() <= 2, label
    assert set(legend(figure)) == {
        "silent: no spike anywhere", "saturated: a spike everywhere, always",
    }  # fmt: skip
    check_text(figure, COLUMN)


def test_maps_alone_on_one_range(sides):
    maps, others, *_ = sides
    figure = encoder_diff_figure(maps, others, T=T, pairs=[(3, 1)], scale="shared")
    tile = tile_under(figure, "3→1", 6, 19)
    for left, mean in ((0, maps[3]), (10, others[1])):
        shown = tile[:, left : left + 9]
        assert np.abs(shown - 255 * mean[..., np.newaxis] / T).max() <= 2
    assert len(figure.axes) == 2


def test_kernels_larger_than_maps_have_room(rng):
    """Eight input channels in a square are 50 pixels wide."""
    maps, kernels = rng.random((3, 4, 9)), rng.normal(size=(3, 8, 3, 3))
    figure = encoder_diff_figure(maps, maps[::-1], T=1, pairs=[(2, 0)], kernels=kernels,
                                 other_kernels=kernels[::-1])  # fmt: skip
    check_text(figure, COLUMN)


def test_bad_input(sides):
    maps, others, kernels, other_kernels = sides
    for pairs, words in (([], "got none"), ([(0, 4)], "0..3"), ([(0, 1), (0, 2)], "must differ")):
        with pytest.raises(ConfigError, match=words):
            encoder_diff_figure(maps, others, T=T, pairs=pairs)
    with pytest.raises(ShapeError, match="of one size"):
        encoder_diff_figure(maps, others[:, :5], T=T, pairs=[(0, 0)])
    for wrong in (other_kernels[..., :2], other_kernels[:3]):
        with pytest.raises(ShapeError, match="of one size, and as many as maps"):
            encoder_diff_figure(maps, others, T=T, pairs=[(0, 0)], kernels=kernels,
                                other_kernels=wrong)  # fmt: skip
    with pytest.raises(ConfigError, match="scale must be one of pair, shared, got 'map'"):
        encoder_diff_figure(maps, others, T=T, pairs=[(0, 0)], scale="map")
