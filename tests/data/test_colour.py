"""Images in colour, and their grey levels beside Pillow's."""

import warnings

import numpy as np
import pytest
from PIL import Image

from snnviz.data import ImageSet, luma
from snnviz.errors import ConfigError, DataError, ShapeError


@pytest.fixture
def colours(rng):
    return rng.integers(0, 256, (5, 3, 4, 6), np.uint8)


def test_luma_is_that_of_pillow_for_every_level(rng):
    levels = rng.integers(0, 256, (300, 3, 16, 17), np.uint8)
    levels[0, :, 0, :3] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    for image, grey in zip(levels, luma(levels), strict=True):
        theirs = Image.fromarray(image.transpose(1, 2, 0)).convert("L")
        assert np.array_equal(grey, np.asarray(theirs))
    assert np.array_equal(luma(levels[7]), luma(levels)[7])
    with pytest.raises(ShapeError, match=r"uint8 \[300, 16, 17\]"):
        luma(levels[:, 0])


def test_a_set_in_colour_keeps_its_colours(colours):
    images = ImageSet("x", colours, np.arange(5), tuple("abcde"))
    assert (images.channels, images.size, images.shape) == (3, (4, 6), (3, 4, 6))
    assert np.array_equal(images.grey, luma(colours))
    batch = images.batch([3, 1])
    assert batch.shape == (2, 3, 4, 6)
    assert np.array_equal(batch, colours[[3, 1]].astype(np.float32) / np.float32(255))
    (sample,) = images.take(np.array([4, 2])).samples([1])
    assert (sample.label, sample.class_name) == (2, "c")
    assert np.array_equal(sample.channels, colours[2])
    assert np.array_equal(sample.image, luma(colours[2]))
    assert images.head(2).shape == (3, 4, 6)


def test_one_channel_is_grey_whichever_way_it_is_given(colours):
    images = ImageSet("x", colours[:, :1])
    assert images.images.shape == (5, 4, 6)
    assert (images.channels, images.shape) == (1, (1, 4, 6))
    assert images.grey is images.images
    assert next(images.samples([2])).colour is None
    assert images.batch([0]).shape == (1, 1, 4, 6)


def test_three_grey_images_are_not_one_in_colour(colours):
    images = ImageSet("x", colours[0])
    assert (len(images), images.channels) == (3, 1)


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_other_numbers_of_channels_are_refused(channels):
    with pytest.raises(DataError, match=rf"x: images must be .*\[2, {channels}, 3, 4\]"):
        ImageSet("x", np.zeros((2, channels, 3, 4), np.uint8))


def test_an_encoder_of_other_channels_is_given_luma_or_equal_colours_and_it_is_said(colours):
    images = ImageSet("photos", colours, np.arange(5))
    with pytest.warns(UserWarning, match="photos is in colour .* luma"):
        grey = images.with_channels(1)
    assert np.array_equal(grey.images, luma(colours))
    assert np.array_equal(grey.labels, np.arange(5))
    with pytest.warns(UserWarning, match="photos is grey"):
        again = grey.with_channels(3)
    assert again.shape == (3, 4, 6)
    assert (again.images == grey.images[:, None]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert images.with_channels(3) is images
    with pytest.raises(ConfigError, match="2 channels, those of photos"):
        images.with_channels(2)
