"""Several pictures in one figure: what each of them shows."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import comparison_figure, composed_figure, feature_map_figure
from snnviz.figures.layout.tiles import to_pixels

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


def pictures(figure, columns, height, width):
    """The pictures of a grid of tiles, in reading order, without what is around them."""
    canvas = figure.axes[0].images[0].get_array()
    gap = np.array([169, 188, 208])
    found = []
    rows = [y for y in range(canvas.shape[0]) if not (canvas[y] == gap).all()]
    tops = [y for y in rows if y - 1 not in rows]
    for top in tops:
        for n in range(columns):
            left = 1 + n * (width + 1)
            found.append(canvas[top : top + height, left : left + width])
    return found


def test_two_encoders_channel_by_channel(counts):
    from snnviz.figures.levels import canvas_colors, cross
    from snnviz.grid import normalize_counts

    second = counts[::-1].copy()
    figure = comparison_figure(
        counts, second, t=7, T=8, partner=[5, 4, 3, 2, 1, -1], channels=[2, 4], columns=2
    )
    tiles = pictures(figure, 6, 5, 7)
    colors = canvas_colors("gray")
    for n, (k, m) in enumerate([(2, 3), (4, 1)]):
        for place, each in enumerate((counts[k], second[m])):
            maps = cross(normalize_counts(each[np.newaxis], t=7, T=8, normalize="shared"))
            assert np.array_equal(tiles[3 * n + place], to_pixels(colors(maps))[0])
    # Those are the same maps, so that there is no difference.
    assert len(np.unique(tiles[2].reshape(-1, 3), axis=0)) == 1
    labels = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    assert [text for text in labels if text.isdecimal()] == ["2", "3", "4", "1"]


def test_a_difference_says_which_has_more(counts):
    more = counts.copy()
    more[2] = 0
    tiles = pictures(comparison_figure(counts, more, t=7, channels=[2, 3], columns=2), 6, 5, 7)
    fewer, same = tiles[2].reshape(-1, 3).astype(int), tiles[5].reshape(-1, 3)
    assert len(np.unique(same, axis=0)) == 1
    # Fewer spikes are on the dark side of the colours.
    assert (fewer.sum(axis=1) < same[0].sum()).all()


def test_what_cannot_be_compared(counts):
    with pytest.raises(ShapeError, match="maps of one size"):
        comparison_figure(counts, counts[:, :4], t=7)
    with pytest.raises(ShapeError, match="need a partner each"):
        comparison_figure(counts, counts, t=7, partner=[0, 1])
    with pytest.raises(ConfigError, match=r"channels \[1\] have no partner"):
        comparison_figure(counts, counts, t=7, partner=[0, -1, 2, 3, 4, 5], channels=[0, 1])
    figure = comparison_figure(counts, counts[:4], t=7, columns=4)
    assert len(pictures(figure, 12, 5, 7)) == 12
