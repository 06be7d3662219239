"""An image and its spikes in one figure: what each picture shows."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import composed_figure, feature_map_figure

IMAGE = np.arange(30, dtype=np.uint8).reshape(5, 6)


@pytest.fixture
def counts(rng):
    counts = rng.integers(1, 8, (6, 5, 7))
    counts[0], counts[1] = 0, 8
    return counts


def shown(axes):
    return np.ma.filled(axes.images[0].get_array(), -9)


@pytest.mark.parametrize("width", [3.3, 7])
def test_an_image_and_its_spikes_at_two_steps(counts, width):
    early = np.minimum(counts, 1)
    figure = composed_figure(IMAGE, {0: early, 7: counts}, T=8, width=width, channels=[3, 0])
    assert figure.get_figwidth() == width
    picture, first, last = figure.axes
    assert np.array_equal(shown(picture), shown_input())
    for axes, each, t in ((first, early, 0), (last, counts, 7)):
        alone = feature_map_figure(each, t=t, T=8, channels=[3, 0]).axes[0]
        assert np.array_equal(shown(axes), shown(alone))
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    beside = boxes[0].x1 <= boxes[1].x0
    assert beside == (width == 7)
    if beside:
        assert boxes[0].height == pytest.approx(boxes[1].height)


def test_grids_with_numbers_fill_their_room(rng):
    counts = rng.integers(1, 8, (16, 28, 28))
    figure = composed_figure(IMAGE, {7: counts}, T=8, labels=True)
    grid = figure.axes[1]
    grid.figure.draw_without_rendering()
    room = grid.get_position(original=True)
    used = grid.get_position(original=False)
    assert used.width > 0.9 * room.width


def shown_input():
    from snnviz.figures import input_figure

    return shown(input_figure(IMAGE).axes[0])


def test_no_counts_and_no_room(counts):
    with pytest.raises(ShapeError, match="one step or more"):
        composed_figure(IMAGE, {}, T=8)
    with pytest.raises(ConfigError, match="leaves no room"):
        composed_figure(IMAGE, {7: counts}, T=8, normalize="shared", width=1, font_size=20)
