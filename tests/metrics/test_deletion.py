"""Pixels deleted and inserted, one by one."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import (
    SHARES,
    SUBSTITUTES,
    area_under,
    corrupt,
    pixel_order,
    random_ranks,
    replace_first,
    substitutes,
)

N, C, H, W = 3, 3, 4, 5


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (N, C, H, W)).astype(np.uint8)


def test_what_pixels_become(images):
    assert not substitutes(images, "black").any()
    mean = substitutes(images, "mean")
    for n, c in np.ndindex(N, C):
        assert (mean[n, c] == np.rint(images[n, c].mean())).all()
    np.testing.assert_array_equal(substitutes(images, "blur"), corrupt(images, "blur", 5))
    grey = substitutes(images[:, 0], "mean")
    np.testing.assert_array_equal(grey, mean[:, 0])
    with pytest.raises(ConfigError, match="no substitute 'red'; choose from black, mean, blur"):
        substitutes(images, "red")
    for kind in SUBSTITUTES:
        with pytest.raises(ShapeError, match="uint8"):
            substitutes(images / 255, kind)


def test_the_highest_come_first_and_ties_in_the_images_own_order():
    maps = np.random.default_rng(1).permutation(N * H * W).reshape(N, H, W).astype(float)
    order = pixel_order(maps)
    for n in range(N):
        assert maps[n].ravel()[order[n]].tolist() == sorted(maps[n].ravel(), reverse=True)
    same = pixel_order(np.full((N, H, W), 7.0), seed=4, first=10)
    ranks = random_ranks(N, H * W, seed=4, first=10)
    for n in range(N):
        assert ranks[n][same[n]].tolist() == list(range(H * W))
    # Half of the pixels are tied.
    halves = np.zeros((1, H, W))
    halves[0, 2:] = 1
    first, last = np.split(pixel_order(halves, first=10, seed=4)[0], 2)
    assert set(first) == set(range(10, 20))
    assert ranks[0][first].tolist() == sorted(ranks[0][first])
    assert ranks[0][last].tolist() == sorted(ranks[0][last])


def test_an_images_order_depends_on_its_number_and_the_seed():
    whole = random_ranks(3, 20, seed=1)
    np.testing.assert_array_equal(random_ranks(1, 20, seed=1, first=2), whole[2:])
    assert (random_ranks(3, 20, seed=2) != whole).any(axis=1).all()
    assert (whole[0] != whole[1]).any()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 1])
def test_pixels_are_taken_in_all_channels_at_once(images, share):
    others = substitutes(images, "mean")
    order = pixel_order(np.random.default_rng(2).random((N, H, W)))
    found = replace_first(images, others, order, share)
    expected = images.copy()
    for n in range(N):
        for place in order[n][: round(share * H * W)]:
            expected[n, :, place // W, place % W] = others[n, :, place // W, place % W]
    np.testing.assert_array_equal(found, expected)
    grey = replace_first(images[:, 1], others[:, 1], order, share)
    np.testing.assert_array_equal(grey, expected[:, 1])


def test_area():
    assert area_under(np.array([[1, 1, 1.0], [1, 0, 0.0]])).tolist() == [1, 0.25]
    rising = np.array([SHARES])
    assert area_under(rising)[0] == pytest.approx(0.5)
    for bad in (np.zeros(3), np.zeros((2, 1))):
        with pytest.raises(ShapeError, match="two shares or more"):
            area_under(bad)


def test_what_does_not_belong_together(images):
    order = pixel_order(np.zeros((N, H, W)))
    for others, places in ((images[:2], order), (images, order[:, :3]), (images, order[:2])):
        with pytest.raises(ShapeError, match="do not belong together"):
            replace_first(images, others, places, 0.5)
    with pytest.raises(ConfigError, match="seed"):
        random_ranks(1, 2, seed=-1)
