"""Pixels normalized for a network, beside torchvision's."""

import numpy as np
import pytest
import torch

from snnviz.data import ImageSet, normalize, parse_channels
from snnviz.errors import ConfigError, ShapeError


@pytest.fixture
def colours(rng):
    return rng.integers(0, 256, (5, 3, 4, 6), np.uint8)


@pytest.mark.parametrize(
    ("text", "numbers"), [("0.5", (0.5,)), ("0.1, .2,-3e-1", (0.1, 0.2, -0.3)), ("0", (0,))]
)
def test_numbers_for_channels(text, numbers):
    assert parse_channels(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "0.5,", "nan", "inf,0", "0.5;0.5", "0x1"])
def test_what_is_no_number_for_a_channel_is_named(text):
    with pytest.raises(ConfigError, match="is not a number; give one for all channels"):
        parse_channels(text)


@pytest.mark.parametrize("text", ["0", "0.5,-1,1"])
def test_a_standard_deviation_is_above_zero(text):
    with pytest.raises(ConfigError, match="not a number above 0"):
        parse_channels(text, positive=True)


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)), ((0.1307,), (0.3081,))],
)
def test_normalized_as_torchvision_does_bit_for_bit(mean, std, colours):
    from torchvision.transforms import Normalize

    images = ImageSet("x", colours).batch(range(5))
    before = images.copy()
    theirs = Normalize(mean, std)(torch.from_numpy(images)).numpy()
    ours = normalize(images, mean, std)
    assert ours.dtype == np.float32
    assert np.array_equal(ours, theirs)
    assert np.array_equal(images, before)
    assert np.array_equal(normalize(images), images)


def test_normalization_for_other_channels_is_refused(colours):
    images = ImageSet("x", colours).batch(range(5))
    with pytest.raises(ShapeError, match="got 2 numbers for the mean of images of 3 channels"):
        normalize(images, (0, 0), (1,))
    with pytest.raises(ShapeError, match=r"got 3 numbers for the standard deviation .* 1 channel;"):
        normalize(images[:, :1], (0,), (1, 1, 1))
    with pytest.raises(ShapeError, match=r"floats \[N, C, H, W\], got uint8"):
        normalize(colours)
    for mean, std in [((0,), (0,)), ((np.nan,), (1,)), ((0,), (1e-60,))]:
        with pytest.raises(ConfigError, match="standard deviation above 0"):
            normalize(images, mean, std)
