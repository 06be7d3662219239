"""Corrupted images against SciPy's filters, plain loops, and what may not depend on what."""

import numpy as np
import pytest
from scipy import ndimage

from snnviz.data import garments
from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import CORRUPTIONS, corrupt

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (3, 28, 40)).astype(np.uint8)  # not square
COLOUR = RNG.integers(0, 256, (3, 3, 28, 40)).astype(np.uint8)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_what_becomes_of_an_image_depends_on_its_number_and_the_seed_alone(kind):
    images = garments(6).images
    for severity in (1, 5):
        whole = corrupt(images, kind, severity, seed=3)
        assert whole.dtype == np.uint8
        assert whole.shape == images.shape
        np.testing.assert_array_equal(
            whole[4:], corrupt(images[4:], kind, severity, seed=3, first=4)
        )
        np.testing.assert_array_equal(whole, corrupt(images, kind, severity, seed=3))
    drawn = kind in ("noise", "shift", "occlusion")
    assert np.array_equal(whole, corrupt(images, kind, 5, seed=4)) != drawn
    assert np.array_equal(whole[1:], corrupt(images[1:], kind, 5, seed=3)) != drawn


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_higher_severity_changes_more(kind):
    images = garments(20).images
    errors = [
        np.square(corrupt(images, kind, s).astype(float) - images).mean() for s in range(1, 6)
    ]
    assert errors == sorted(errors)
    assert errors[0] > 0


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_blur_is_scipys_gaussian_filter(images, severity):
    sigma = CORRUPTIONS["blur"][severity - 1]
    expected = np.stack([
        ndimage.gaussian_filter(
            image.astype(float), (*[0] * (image.ndim - 2), sigma, sigma), mode="nearest",
            truncate=4.0,
        )
        for image in images
    ])  # fmt: skip
    found = corrupt(images, "blur", severity).astype(int)
    assert np.abs(found - expected).max() <= 0.5 + 1e-6


def test_lengths_grow_with_the_image():
    large = RNG.integers(0, 256, (1, 56, 56)).astype(np.uint8)
    expected = ndimage.gaussian_filter(large[0].astype(float), 2.0, mode="nearest")
    assert np.abs(corrupt(large, "blur", 3)[0] - expected).max() <= 0.5 + 1e-6
    dot = np.zeros((1, 56, 56), np.uint8)
    dot[0, 28, 28] = 255
    (y,), (x,) = np.nonzero(corrupt(dot, "shift", 3)[0])
    assert max(abs(y - 28), abs(x - 28)) == 6


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("severity", range(1, 6))
def test_shift_is_scipys_by_whole_pixels_one_of_eight_ways(images, severity):
    ways = {}
    for seed in range(30):
        moved = corrupt(images[:1], "shift", severity, seed=seed)[0]
        found = [
            (y, x)
            for y in (-severity, 0, severity)
            for x in (-severity, 0, severity)
            if np.array_equal(
                moved, ndimage.shift(images[0], (*[0] * (images.ndim - 3), y, x), order=0)
            )
        ]
        assert len(found) == 1
        ways[found[0]] = True
    assert (0, 0) not in ways
    assert len(ways) == 8


def test_contrast_keeps_the_mean_and_scales_what_is_around_it():
    found = corrupt(COLOUR, "contrast", 2).astype(float)
    for image, before in zip(found, COLOUR.astype(float), strict=True):
        np.testing.assert_allclose(image, before.mean() + 0.3 * (before - before.mean()), atol=0.5)


def test_noise_has_the_stated_spread_where_nothing_is_clipped():
    grey = np.full((40, 28, 28), 128, np.uint8)
    for severity in (1, 2):
        noise = corrupt(grey, "noise", severity).astype(float) - 128
        spread = 255 * CORRUPTIONS["noise"][severity - 1]
        assert noise.std() == pytest.approx(spread, rel=0.02)
        assert abs(noise.mean()) < 0.02 * spread
        assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.15
    assert corrupt(grey, "noise", 5).min() == 0
    assert corrupt(grey, "noise", 5).max() == 255


def test_occlusion_hides_one_square_inside():
    black = np.zeros((200, 3, 28, 40), np.uint8)
    found = corrupt(black, "occlusion", 3)
    corners = set()
    for image in found:
        assert (image == image[0]).all()  # the same in each channel
        rows, columns = np.nonzero(image[0])
        assert set(np.unique(image[0])) == {0, 128}
        assert len(rows) == 11 * 11  # 0.4 of the shorter side
        assert (np.ptp(rows), np.ptp(columns)) == (10, 10)
        corners.add((rows.min(), columns.min()))
    tops, lefts = (set(values) for values in zip(*corners, strict=True))
    assert (min(tops), max(tops), min(lefts), max(lefts)) == (0, 17, 0, 29)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((GREY.astype(float), "noise", 1), ShapeError, "float64"),
        ((GREY[0], "noise", 1), ShapeError, r"\[28, 40\]"),
        ((GREY, "fog", 1), ConfigError, "'fog'; choose from noise"),
        ((GREY, "blur", 6), ConfigError, "1 to 5, got 6"),
        ((GREY, "blur", 0), ConfigError, "at least 1"),
    ],
)
def test_what_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        corrupt(*arguments)
