"""What in an image a channel may follow: its contours by direction, and its intensity."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

QUANTITIES = ("edge", "intensity", "along x", "along y", "along down-right", "along up-right")
"""What counts are correlated with, in the order of `image_quantities`."""

# Largest whole-number derivative, 4 * 255, and the fixed point of the gradient magnitude.
_SOBEL_SCALE = 4 * 255
_FIXED = 1 << 16


def check_bytes(images: "NDArray[np.uint8]", least: int, most: int | None = None) -> None:
    """Refuse what are no grey levels, uint8, of `least` to `most` dimensions.

    Raises:
        ShapeError: They are not.
    """
    if images.dtype != np.uint8 or not least <= images.ndim <= (most or images.ndim):
        raise ShapeError(
            f"images must be uint8 [n, H, W], got {images.dtype} {list(images.shape)}; multiply "
            "floats in [0, 1] by 255 and round"
        )


def sobel_gradient(images: "NDArray[np.uint8]") -> "tuple[Ints, Ints]":
    """Sobel derivatives along x (to the right) and along y (down), whole numbers [n, H, W].

    They are 4 * 255 = 1020 times the derivatives of the image in [0, 1] as scikit-image defines
    them (`sobel_v` and `sobel_h` up to sign), in -1020..1020. Beyond its border an image goes on
    as its outermost pixels.

    Args:
        images: Grey levels, uint8 [n, H, W].

    Raises:
        ShapeError: They are no bytes of that shape.
    """
    check_bytes(images, 3, 3)
    padded = np.pad(images.astype(np.int64), ((0, 0), (1, 1), (1, 1)), mode="edge")
    smooth_y = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    smooth_x = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    return smooth_y[:, :, 2:] - smooth_y[:, :, :-2], smooth_x[:, 2:] - smooth_x[:, :-2]


def gradient_magnitude(images: "NDArray[np.uint8]") -> "Floats":
    """The strength of contours, floats [n, H, W] in [0, 1].

    sqrt((gx^2 + gy^2) / 2) of the Sobel derivatives of the image in [0, 1]:
    `skimage.filters.sobel` of each image (I. Sobel, G. Feldman 1968).

    Args:
        images: Grey levels, uint8 [n, H, W].
    """
    return _magnitude(*sobel_gradient(images))


def image_quantities(images: "NDArray[np.uint8]") -> "Ints":
    """What counts are correlated with, whole numbers [n, 6, H, W] in the order of `QUANTITIES`.

    Gradient magnitude in units of 2**-16, rounded; intensity in grey levels; and the absolute
    gradient along x, along y and along both diagonals, in the units of `sobel_gradient` (diagonals
    times sqrt 2). A vertical edge has a gradient along x.

    Args:
        images: Grey levels, uint8 [n, H, W].
    """
    x, y = sobel_gradient(images)
    edge = np.rint(_magnitude(x, y) * _FIXED).astype(np.int64)
    absolute = np.abs((x, y, x + y, x - y))
    return np.stack([edge, images.astype(np.int64), *absolute], axis=1)


def _magnitude(x: "Ints", y: "Ints") -> "Floats":
    magnitude: Floats = np.sqrt((x * x + y * y) / 2) / _SOBEL_SCALE
    return magnitude
