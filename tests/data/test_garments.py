"""The drawn garments: always the same bytes, balanced, varied, and alike within a class."""

import hashlib
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snnviz.data.fashion_mnist import CLASSES
from snnviz.data.garments import DRAWINGS, garments
from snnviz.errors import ConfigError

MANY = 1000  # more than two chunks of drawing

drawn = cache(garments)


def of_class(name, split="test"):
    images = drawn(MANY, split)
    return images.images[images.labels == CLASSES.index(name)].astype(np.float64)


def test_images_and_labels_are_bytes_of_the_ten_classes():
    images = garments(23)
    assert images.name == "garments"
    assert images.classes == CLASSES
    assert images.images.dtype == images.labels.dtype == np.uint8
    assert images.images.shape == (23, 28, 28)
    assert images.labels.shape == (23,)


def test_one_table_draws_every_class():
    assert sorted(DRAWINGS) == sorted(CLASSES)


@settings(max_examples=20)
@given(count=st.integers(1, 30) | st.integers(1, MANY))
@example(count=480)
@example(count=481)
def test_a_smaller_set_begins_a_larger_one(count):
    few, many = garments(count), drawn(MANY)
    assert np.array_equal(few.images, many.images[:count])
    assert np.array_equal(few.labels, many.labels[:count])


@pytest.mark.parametrize(
    ("split", "seed"), [("train", 0), ("test", 1), ("train", 1), ("test", 2**32)]
)
def test_another_split_or_seed_shares_no_picture(split, seed):
    mine = {image.tobytes() for image in drawn(MANY).images}
    other = garments(200, split, seed=seed).images
    assert not mine & {image.tobytes() for image in other}


def test_every_ten_images_hold_each_class_once():
    labels = drawn(MANY).labels.reshape(-1, 10)
    assert np.array_equal(np.sort(labels, axis=1), np.tile(np.arange(10), (len(labels), 1)))


def test_the_first_two_are_an_ankle_boot_and_a_tshirt():
    assert [CLASSES[label] for label in garments(2).labels] == ["Ankle boot", "T-shirt/top"]


@pytest.mark.parametrize(
    ("split", "seed", "digest"),
    [
        ("test", 0, "ee885d422f23326ecc97e20bf12c2ed5688d98bc0e6a553c4338bd3d837b71af"),
        ("train", 7, "af08b1b7a82e4eda9e9271785a3fc7c90f791e4322fab940ec94629e3b42844e"),
    ],
)
def test_the_bytes_are_the_same_everywhere(split, seed, digest):
    images = garments(20, split, seed=seed).images
    assert hashlib.sha256(images.tobytes()).hexdigest() == digest


def test_no_two_pictures_are_equal():
    assert len({image.tobytes() for image in drawn(MANY).images}) == MANY


@pytest.mark.parametrize("name", CLASSES)
def test_pictures_of_a_class_vary(name):
    images = of_class(name)
    touched = images.max(axis=0) > 0
    assert images.std(axis=0)[touched].mean() > 35
    assert (images.min(axis=0) == images.max(axis=0))[touched].sum() == 0


@pytest.mark.parametrize("name", CLASSES)
def test_the_mean_of_a_class_is_most_like_its_own_new_pictures(name):
    mean = of_class(name, "train").mean(axis=0).ravel()
    likeness = [
        np.mean([np.corrcoef(mean, image.ravel())[0, 1] for image in of_class(other)[:50]])
        for other in CLASSES
    ]
    assert CLASSES[int(np.argmax(likeness))] == name


def test_the_nearest_mean_tells_most_pictures_but_not_all():
    means = np.stack([of_class(name, "train").mean(axis=0).ravel() for name in CLASSES])
    test = drawn(MANY)
    pixels = test.images.reshape(MANY, -1).astype(np.float64)
    distance = np.square(means).sum(axis=1) - 2 * pixels @ means.T
    right = (distance.argmin(axis=1) == test.labels).mean()
    assert 0.6 < right < 0.97


def test_shirts_are_the_hardest_to_tell():
    means = np.stack([of_class(name, "train").mean(axis=0).ravel() for name in CLASSES])
    pixels = of_class("Shirt").reshape(-1, 28 * 28)
    distance = np.square(means).sum(axis=1) - 2 * pixels @ means.T
    taken_for = {CLASSES[index] for index in distance.argmin(axis=1)}
    assert {"Shirt", "Coat", "Pullover"} <= taken_for


def test_the_frame_is_mostly_black_and_its_corners_always():
    images = drawn(MANY).images
    frame = np.ones((28, 28), dtype=bool)
    frame[1:-1, 1:-1] = False
    assert (images[:, frame] == 0).mean() > 0.9
    assert not images[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_a_garment_fills_much_of_the_frame_and_leaves_much_black():
    touched = drawn(MANY).images > 0
    heights, widths = touched.any(axis=2).sum(axis=1), touched.any(axis=1).sum(axis=1)
    assert np.maximum(heights, widths).min() >= 20
    assert touched.mean(axis=(1, 2)).min() > 0.1
    assert touched.mean(axis=(1, 2)).max() < 0.85


def test_every_picture_uses_a_wide_range_of_greys():
    for image in drawn(MANY).images:
        assert image.max() > 150
        assert len(np.unique(image)) > 50


@pytest.mark.parametrize("name", ["Ankle boot", "Sneaker", "Sandal"])
def test_shoes_point_left(name):
    images = of_class(name)
    upper = images * (np.arange(28)[:, np.newaxis] < 14)
    left, right = upper[:, :, :12].sum(axis=(1, 2)), upper[:, :, 12:].sum(axis=(1, 2))
    assert (right > left).all()


def test_a_trouser_has_two_legs_with_a_gap():
    low = of_class("Trouser")[:, 22:26] > 60
    edges = np.diff(low.astype(int), axis=2) == 1
    assert (edges.sum(axis=2) >= 2).any(axis=1).mean() > 0.95


def test_a_bag_has_a_handle_with_a_hole():
    above = of_class("Bag")[:, :13] > 40
    edges = np.diff(above.astype(int), axis=2) == 1
    assert (edges.sum(axis=2) >= 2).any(axis=1).mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "options", "fact"),
    [
        ((0,), {}, "cannot draw 0 garments"),
        ((-3,), {}, "cannot draw -3 garments"),
        ((5,), {"seed": -1}, "seed of the garments is -1"),
        ((5, "validation"), {}, "no split 'validation'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, options, fact):
    with pytest.raises(ConfigError, match=fact):
        garments(*arguments, **options)
