"""Whether a map of an image says what a network's answer rests on: pixels deleted and inserted."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError, check_integer
from snnviz.metrics.attribution import check_maps
from snnviz.metrics.corruptions import corrupt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

SHARES = tuple(n / 10 for n in range(11))
"""Shares of an image's pixels that are deleted or inserted."""

SUBSTITUTES = ("black", "mean", "blur")
"""What deleted pixels become, see `substitutes`."""

# Severity of the blur.
_BLUR = 5


def substitutes(images: "Bytes", kind: str) -> "Bytes":
    """What the pixels of images become where they are deleted, uint8 of the same shape.

    "black": level 0; "mean": each channel's mean in that image; "blur": the image, blurred as
    `snnviz.metrics.corrupt` does at severity 5. What is deleted leaves something else behind,
    which a network may answer to as well: black pixels on a light picture are dots.

    Args:
        images: Grey levels [N, H, W], or of several channels [N, C, H, W], uint8.
        kind: One of `SUBSTITUTES`.

    Raises:
        ConfigError: There is no such kind.
        ShapeError: They are no bytes of such a shape.

    Example:
        >>> from snnviz.metrics import substitutes
        >>> substitutes(np.array([[[0, 100, 50]]], np.uint8), "mean").tolist()
        [[[50, 50, 50]]]
    """
    if kind not in SUBSTITUTES:
        raise ConfigError(f"no substitute {kind!r}; choose from {', '.join(SUBSTITUTES)}")
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ShapeError(
            f"images must be uint8 [N, H, W] or [N, C, H, W], got {images.dtype} "
            f"{list(images.shape)}"
        )
    if kind == "blur":
        return corrupt(images, "blur", _BLUR)
    if kind == "black":
        return np.zeros_like(images)
    means = np.rint(images.mean(axis=(-2, -1), keepdims=True)).astype(np.uint8)
    return np.broadcast_to(means, images.shape).copy()


def random_ranks(count: int, pixels: int, *, seed: int = 0, first: int = 0) -> "NDArray[np.int64]":
    """An order drawn for each image, ints [count, pixels]: the rank of each pixel.

    Args:
        count: How many images.
        pixels: How many pixels each has.
        seed: Of the random numbers.
        first: The number of the first image in its set, which its order depends on.

    Example:
        >>> from snnviz.metrics import random_ranks
        >>> sorted(random_ranks(1, 4)[0].tolist())
        [0, 1, 2, 3]
    """
    check_integer("seed", seed, 0)
    check_integer("the first image's number", first, 0)
    drawn = [np.random.default_rng((first + n, seed)).permutation(pixels) for n in range(count)]
    return np.array(drawn, np.int64).reshape(count, pixels)


def pixel_order(
    maps: "NDArray[np.floating]", *, seed: int = 0, first: int = 0
) -> "NDArray[np.int64]":
    """The pixels of each image, the highest in its map first: places in the flat image [N, H W].

    Pixels of one value come in the order that is drawn for the image: that of `random_ranks` with
    the same numbers. So a map that is the same everywhere deletes exactly as the random order does.

    Args:
        maps: Floats [N, H, W].
        seed: Of the random numbers.
        first: The number of the first image in its set.

    Raises:
        ShapeError: They are no such maps.

    Example:
        >>> from snnviz.metrics import pixel_order
        >>> pixel_order(np.array([[[0.5, 0.1], [0.9, 0.2]]])).tolist()
        [[2, 0, 3, 1]]
    """
    check_maps(maps)
    flat = maps.reshape(len(maps), -1)
    ties = random_ranks(*flat.shape, seed=seed, first=first)
    return np.lexsort((ties, -flat), axis=1)


def replace_first(
    images: "Bytes", others: "Bytes", order: "NDArray[np.integer]", share: float
) -> "Bytes":
    """The images with the first pixels of an order taken from others, uint8 of the same shape.

    Deletion takes pixels of an image from its substitute, insertion those of the substitute from
    the image (V. Petsiuk et al. 2018, RISE, arXiv:1806.07421).

    Args:
        images: Grey levels [N, H, W], or of several channels [N, C, H, W].
        others: The same shape.
        order: Places in the flat image [N, H W], as `pixel_order` gives them.
        share: Which share of the pixels, in [0, 1]; their number is rounded.

    Raises:
        ShapeError: They do not belong together.

    Example:
        >>> from snnviz.metrics import replace_first
        >>> image, black = np.array([[[7, 8, 9]]], np.uint8), np.zeros((1, 1, 3), np.uint8)
        >>> replace_first(image, black, np.array([[2, 0, 1]]), 2 / 3).tolist()
        [[[0, 8, 0]]]
    """
    pixels = int(np.prod(images.shape[-2:]))
    if others.shape != images.shape or order.shape != (len(images), pixels):
        raise ShapeError(
            f"images {list(images.shape)}, others {list(others.shape)} and an order "
            f"{list(order.shape)} do not belong together"
        )
    changed = images.reshape(len(images), -1, pixels).copy()
    taken = order[:, np.newaxis, : round(share * pixels)]
    there = others.reshape(changed.shape)
    np.put_along_axis(changed, taken, np.take_along_axis(there, taken, axis=2), axis=2)
    return changed.reshape(images.shape)


def area_under(curves: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """The area under each curve over the shares 0 to 1, evenly apart, floats [N]: trapezoids.

    Of deletion the smaller is the better, of insertion the larger.

    Args:
        curves: Floats [N, S] with S >= 2.

    Raises:
        ShapeError: They are not.

    Example:
        >>> from snnviz.metrics import area_under
        >>> area_under(np.array([[1.0, 0.5, 0.0]])).tolist()
        [0.5]
    """
    if curves.ndim != 2 or curves.shape[1] < 2:
        raise ShapeError(f"curves must be [N, S] with two shares or more, got {list(curves.shape)}")
    area: NDArray[np.float64] = np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1)
    return area
