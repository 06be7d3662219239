"""Correlations of one map an image, against NumPy, SciPy and residuals of straight lines."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from snnviz.errors import DataError, ShapeError
from snnviz.metrics import (
    CORRELATIONS,
    correlations,
    draw_correlations,
    edge_with_intensity,
    image_moments,
    partial_correlation,
)


@pytest.fixture
def images(rng):
    """Not square, half of it black."""
    drawn = rng.integers(1, 256, (7, 5, 9), np.uint8)
    drawn[rng.random(drawn.shape) < 0.5] = 0
    return drawn


@pytest.fixture
def maps(rng, images):
    """Counts above 1 a step that have something of the image."""
    return (images // 40 + rng.integers(0, 9, images.shape)).astype(np.uint16)


def left_of(values, held):
    """What a straight line through `held` leaves of the values."""
    slope, bias = np.polyfit(held, values, 1)
    return values - slope * held - bias


def expected(maps, first, images):
    """The nine numbers, each from its own definition."""
    edge = np.stack([filters.sobel(image / 255) for image in images])
    mean = np.stack([ndimage.uniform_filter(i.astype(float), 3, mode="constant") for i in images])
    grey = images.astype(float)

    def r(one, other, at):
        return np.corrcoef(one[at], other[at])[0, 1]

    def held(at):
        return np.corrcoef(left_of(maps[at], grey[at]), left_of(edge[at], grey[at]))[0, 1]

    everywhere, lit = np.ones(images.shape, bool), images > 0
    return [
        r(maps, edge, everywhere), r(maps, grey, everywhere), r(maps, mean, everywhere),
        held(everywhere), r(first, edge, everywhere), r(first, grey, everywhere),
        r(maps, edge, lit), r(maps, grey, lit), held(lit),
    ]  # fmt: skip


def test_each_correlation_is_that_of_its_definition(maps, images, rng):
    first = rng.integers(0, 3, maps.shape).astype(np.uint8) + (images > 99)
    moments = image_moments(maps, first, images)
    assert moments.shape == (7, 2, 6, 6)
    found = correlations(moments.sum(axis=0))
    assert len(found) == len(CORRELATIONS) == 9
    np.testing.assert_allclose(found, expected(maps, first, images), atol=2e-5)
    edge = np.stack([filters.sobel(image / 255) for image in images])
    between = np.corrcoef(edge.ravel(), images.ravel())[0, 1]
    assert edge_with_intensity(moments.sum(axis=0)) == pytest.approx(between, abs=2e-5)


def test_images_add_up_in_any_parts(maps, images):
    whole = image_moments(maps, maps, images)
    parts = [image_moments(*(a[s] for a in (maps, maps, images))) for s in (slice(3), slice(3, 7))]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("count", [0, 5])
def test_a_silent_or_saturated_map_follows_nothing(count, images):
    still = np.full(images.shape, count, np.uint8)
    found = correlations(image_moments(still, still, images).sum(axis=0))
    assert np.isnan(found).all()


def test_a_black_image_has_no_lit_pixel(maps):
    black = np.zeros(maps.shape, np.uint8)
    assert np.isnan(correlations(image_moments(maps, maps, black).sum(axis=0))).all()


def test_a_map_that_is_the_image_has_nothing_left(images):
    found = dict(zip(CORRELATIONS, correlations(
        image_moments(images, images, images).sum(axis=0)), strict=True))  # fmt: skip
    assert found["intensity"] == pytest.approx(1)
    assert np.isnan(found["edge, intensity held"])


def test_partial_correlation_of_known_triples():
    # With nothing shared it is r itself; what only the held variable explains is gone.
    assert partial_correlation(np.array(0.5), np.array(0.0), 0.3) == pytest.approx(
        0.5 / np.sqrt(1 - 0.09)
    )
    assert partial_correlation(np.array(0.42), np.array(0.6), 0.7) == pytest.approx(0, abs=1e-12)
    assert np.isnan(partial_correlation(np.array(0.5), np.array(1.0), 0.5))


def test_drawn_images_are_counted_as_often_as_they_are_drawn(maps, images):
    moments = image_moments(maps, maps, images)
    found = draw_correlations(moments, draws=5, seed=3)
    rng = np.random.default_rng(3)
    drawn = rng.integers(7, size=(5, 7))
    for row, places in zip(found, drawn, strict=True):
        np.testing.assert_allclose(row, correlations(moments[places].sum(axis=0)), rtol=1e-9)
    assert np.array_equal(draw_correlations(moments, draws=5, seed=3), found)
    assert found[:, 0].std() > 0


def test_intervals_hold_the_truth_about_as_often_as_they_say(rng):
    """Of images whose map is noise, 95 % of the intervals hold 0."""
    held = 0
    for _ in range(60):
        images = rng.integers(0, 256, (30, 6, 6), np.uint8)
        noise = rng.integers(0, 9, images.shape).astype(np.uint8)
        drawn = draw_correlations(image_moments(noise, noise, images), draws=200)[:, 1]
        low, high = np.quantile(drawn, (0.025, 0.975))
        held += low < 0 < high
    assert 50 <= held <= 60


def test_what_does_not_belong_together_is_refused(maps, images):
    with pytest.raises(ShapeError, match=r"maps must be \[7, 5, 9\]"):
        image_moments(maps[:3], maps, images)
    with pytest.raises(ShapeError, match="uint8"):
        image_moments(maps, maps, images / 255)
    with pytest.raises(ShapeError, match=r"\[n, 2, 6, 6\], got \[2, 6, 6\]"):
        draw_correlations(np.zeros((2, 6, 6)))
    with pytest.raises(DataError, match="no images"):
        draw_correlations(np.zeros((0, 2, 6, 6)))
