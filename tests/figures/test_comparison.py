"""Two encoders side by side: what each picture shows."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import comparison_figure
from snnviz.figures.layout.tiles import to_pixels


@pytest.fixture
def counts(rng):
    counts = rng.integers(1, 8, (6, 5, 7))
    counts[0], counts[1] = 0, 8
    return counts


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
