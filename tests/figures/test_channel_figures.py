"""Figures of what each channel is by itself."""

import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import exciting_figure, operating_point_figure, stability_figure
from snnviz.figures.layout.tiles import pixel_of
from snnviz.grid import GAP_COLOR
from tests.figures.layout.tiles import canvas_of


def test_images_and_patches_stand_in_rows():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 3, 12, 20)).astype(np.uint8)  # not square
    patches = rng.integers(0, 256, (2, 1, 3, 2)).astype(np.uint8)
    canvas = canvas_of(exciting_figure(images, patches))
    tiles = [(row, column) for row in range(2) for column in range(4)]
    gap = (canvas.shape[1] - 4 * 20) // 5
    for row, column in tiles:
        top, left = gap + row * (12 + gap), gap + column * (20 + gap)
        tile = canvas[top : top + 12, left : left + 20]
        if column < 3:
            assert (tile == images[row, column][..., np.newaxis]).all()
            continue
        large = patches[row, 0].repeat(3, axis=0).repeat(3, axis=1)  # 9 x 6, in the middle
        assert (tile[1:10, 7:13] == large[..., np.newaxis]).all()
        assert (tile[0] == pixel_of(GAP_COLOR)).all()


def test_a_patch_larger_than_its_place_is_cut():
    images = np.zeros((1, 1, 4, 4), np.uint8)
    patches = np.arange(36, dtype=np.uint8).reshape(1, 1, 6, 6)
    canvas = canvas_of(exciting_figure(images, patches))
    gap = (canvas.shape[1] - 8) // 3
    assert (canvas[gap : gap + 4, -gap - 4 : -gap, 0] == patches[0, 0, :4, :4]).all()


def test_shares_are_stacked_in_the_order_of_drives():
    shares = np.array([[0.2, 0.5, 0.3], [1, 0, 0], [0, 0.25, 0.75]])
    drive = np.array([[0.5, 0.1], [-1, 0], [2, 0.5]])
    above, below = operating_point_figure(shares, drive).axes
    assert above.lines[0].get_ydata().tolist() == [-1, 0.5, 2]
    bars = [(bar.get_y(), bar.get_height()) for bar in below.patches]
    silent, between, first = bars[:3], bars[3:6], bars[6:]
    assert [height for _, height in silent] == [1, 0.2, 0]
    assert [height for _, height in between] == [0, 0.5, 0.25]
    np.testing.assert_allclose([bottom for bottom, _ in first], [1, 0.7, 0.25])


def test_without_drives_the_most_silent_come_first():
    (axes,) = operating_point_figure(np.array([[0.2, 0.8, 0], [0.9, 0.1, 0]])).axes
    assert [bar.get_height() for bar in axes.patches[:2]] == [0.9, 0.2]


def test_what_is_not_defined_is_left_out_of_stability():
    figure = stability_figure(
        {"one": (np.array([np.nan, 0.5, 0.25]), np.array([np.nan, 0.1, np.nan]))}
    )
    channels, chance = figure.axes[0].lines
    assert channels.get_ydata().tolist() == [0.25, 0.5]
    assert np.isnan(chance.get_ydata()[0])
    assert chance.get_ydata()[1] == 0.1


@pytest.mark.parametrize(
    "draw",
    [
        lambda: exciting_figure(np.zeros((2, 3, 4, 4))),
        lambda: exciting_figure(np.zeros((2, 3, 4, 4), np.uint8), names=["one"]),
        lambda: exciting_figure(np.zeros((2, 3, 4, 4), np.uint8),
                                np.zeros((1, 3, 2, 2), np.uint8)),
        lambda: operating_point_figure(np.ones((2, 3))),
        lambda: operating_point_figure(np.ones((2, 2))),
        lambda: operating_point_figure(np.array([[0, 0, 1.0]]), np.zeros((2, 2))),
        lambda: stability_figure({}),
        lambda: stability_figure({"a": (np.ones(2), np.ones(3))}),
    ],
)  # fmt: skip
def test_what_is_refused(draw):
    with pytest.raises(ShapeError):
        draw()
