"""What is drawn of maps of images, and of confidence as their pixels go and come."""

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import attribution_figure, deletion_figure
from tests.figures.layout.tiles import tile_at

N, H, W = 2, 4, 6


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (N, H, W)).astype(np.uint8)


def tile(figure, row, column):
    return tile_at(figure, row, column, H, W)


def test_each_map_stands_beside_its_image_on_its_own_scale(images):
    rng = np.random.default_rng(1)
    sam, signed = rng.random((N, H, W)) * 1e-3, rng.normal(0, 5, (N, H, W))
    sam[1] = 0.4  # the same everywhere
    untrained = rng.random((N, H, W))
    figure = attribution_figure(
        images, {"SAM": sam, "integrated": signed}, {"integrated": untrained}, labels=["a", "b"]
    )
    magma = mpl.colormaps["magma"]

    def colours(each):
        scaled = (each - each.min()) / (each.max() - each.min())
        return magma(scaled, bytes=True)[..., :3]

    for n in range(N):
        grey = np.repeat(images[n][..., None], 3, axis=2)
        np.testing.assert_array_equal(tile(figure, 2 * n, 0), grey)
        np.testing.assert_array_equal(tile(figure, 2 * n, 2), colours(signed[n]))
        np.testing.assert_array_equal(tile(figure, 2 * n + 1, 2), colours(untrained[n]))
        assert (tile(figure, 2 * n + 1, 1) == 255).all()  # no such map
    np.testing.assert_array_equal(tile(figure, 0, 1), colours(sam[0]))
    assert (tile(figure, 2, 1) == magma(0.0, bytes=True)[:3]).all()
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["a", "untrained", "b", "untrained", "image", "SAM", "integrated"]


def test_colour_stays_colour():
    images = np.random.default_rng(2).integers(0, 256, (N, 3, H, W)).astype(np.uint8)
    figure = attribution_figure(images, {"SAM": np.ones((N, H, W))})
    np.testing.assert_array_equal(tile(figure, 1, 0), images[1].transpose(1, 2, 0))


def test_curves_and_bands_stand_where_the_numbers_say():
    falls = {"random": np.array([[0.9, 0.8, 1], [0.5, 0.4, 0.6], [0.1, 0, 0.2]]),
             "SAM": np.array([0.9, 0.2, 0.1])}  # fmt: skip
    rises = {"SAM": np.array([0.1, 0.8, 0.9]), "random": np.array([0.1, 0.4, 0.9])}
    figure = deletion_figure(falls, rises)
    top, below = figure.axes
    assert [line.get_ydata().tolist() for line in top.lines] == [[0.9, 0.5, 0.1], [0.9, 0.2, 0.1]]
    assert [line.get_ydata().tolist() for line in below.lines] == [[0.1, 0.4, 0.9], [0.1, 0.8, 0.9]]
    assert top.lines[1].get_xdata().tolist() == [0, 0.5, 1]
    assert top.lines[1].get_color() == below.lines[1].get_color() != top.lines[0].get_color()
    (band,) = top.collections
    corners = {tuple(vertex) for vertex in band.get_paths()[0].vertices.round(6).tolist()}
    assert {(0.5, 0.4), (0.5, 0.6), (1, 0.2)} <= corners
    assert [text.get_text() for text in figure.legends[0].texts] == ["random", "SAM"]


def test_what_is_refused(images):
    maps = {"SAM": np.ones((N, H, W))}
    for arguments, given in (
        ((images, {}), {}),
        ((images / 255, maps), {}),
        ((images, maps, {"other": maps["SAM"]}), {}),
        ((images, {"SAM": np.ones((N, W, H))}), {}),
        ((images, {"SAM": np.full((N, H, W), np.nan)}), {}),
        ((images, maps), {"labels": ["one"]}),
    ):
        with pytest.raises(ShapeError):
            attribution_figure(*arguments, **given)
    curve = np.ones(3)
    for falls, rises in (
        ({}, {}),
        ({"a": curve}, {"b": curve}),
        ({"a": np.ones(1)}, {"a": curve}),
        ({"a": np.ones((3, 2))}, {"a": curve}),
    ):
        with pytest.raises(ShapeError):
            deletion_figure(falls, rises)
