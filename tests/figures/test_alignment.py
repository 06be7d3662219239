"""Maps of CKA."""

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import alignment_figure
from snnviz.figures.alignment import _UNDEFINED
from snnviz.figures.layout.tiles import pixel_of, to_pixels
from tests.figures.layout.tiles import legend, texts, tile_under


def test_each_value_is_a_block_of_its_colour():
    values = np.array([[1, 0.25, -0.1], [0.25, 1, np.nan], [-0.1, np.nan, np.nan]])
    figure = alignment_figure({"conv.0": np.ones((3, 3)), "fc.2": values})
    right = tile_under(figure, "fc.2", 63, 63)
    colors = mpl.colormaps["viridis"]
    for row in range(3):
        for column in range(3):
            value = values[row, column]
            expected = pixel_of(_UNDEFINED) if np.isnan(value) else to_pixels(
                np.array(colors(max(0, value), bytes=True)))  # fmt: skip
            block = right[21 * row : 21 * row + 21, 21 * column : 21 * column + 21]
            assert (block == expected).all()
    assert texts(figure) == ["conv.0", "fc.2"]
    assert legend(figure) == {
        "not defined: the same spikes for all images": tuple(pixel_of(_UNDEFINED).tolist())
    }


@pytest.mark.parametrize(
    "matrices",
    [{}, {"a": np.ones((2, 3))}, {"a": np.ones(2)}, {"a": np.full((2, 2), 1.5)},
     {"a": np.ones((0, 0))}],
)  # fmt: skip
def test_what_is_refused(matrices):
    with pytest.raises(ShapeError):
        alignment_figure(matrices)
