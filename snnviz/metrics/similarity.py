"""How like two grey images are: squared error, PSNR, SSIM; for many pairs at once."""

import math
from typing import TYPE_CHECKING

import numpy as np

from snnviz.metrics.gradients import check_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SSIM_WINDOW = 7
"""Side of the window in which SSIM compares, in pixels."""

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def squared_error(images: "NDArray[np.uint8]", others: "NDArray[np.uint8]") -> "Ints":
    """Sum of squared differences of grey levels, whole numbers [..., n].

    Args:
        images: uint8 [..., n, H, W].
        others: uint8 of a shape that broadcasts with it.

    Raises:
        ShapeError: They are no bytes of that shape.
    """
    check_bytes(images, 3)
    check_bytes(others, 2)
    difference = images.astype(np.int64) - others
    total: Ints = np.einsum("...hw,...hw->...", difference, difference)
    return total


def peak_signal_to_noise(error: int, pixels: int) -> float:
    """PSNR in decibels: 10 log10(255^2 / mean squared error), for images of grey bytes.

    An image without any error counts like one with a single pixel a single grey level off
    (77.1 dB for 28 x 28 pixels), so that one of them does not make a mean infinite.

    Args:
        error: Sum of squared differences of grey levels.
        pixels: Number of pixels.
    """
    return 10 * math.log10(255**2 * pixels / max(error, 1))


def structural_similarity(images: "NDArray[np.uint8]", others: "NDArray[np.uint8]") -> "Floats":
    """Mean SSIM of each pair, floats [..., n] in [-1, 1]; NaN below 7 x 7 pixels.

    Uniform windows of 7 x 7 pixels that lie within the image, sample covariance, K1 = 0.01 and
    K2 = 0.03 (Z. Wang et al. 2004): what `skimage.metrics.structural_similarity` gives for bytes.
    The windows' sums are whole numbers, and each window's value is rounded to 2**-30, so a pair's
    value does not depend on what it is computed with.

    Args:
        images: uint8 [..., n, H, W].
        others: uint8 of a shape that broadcasts with it.

    Raises:
        ShapeError: They are no bytes of that shape.
    """
    check_bytes(images, 3)
    check_bytes(others, 2)
    if min(images.shape[-2:]) < SSIM_WINDOW:
        return np.full(np.broadcast_shapes(images.shape, others.shape)[:-2], np.nan)
    x, y = images.astype(np.int64), others.astype(np.int64)
    samples = SSIM_WINDOW**2
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = (
        _window_sums(values) / samples for values in (x, y, x * x, y * y, x * y)
    )
    unbiased = samples / (samples - 1)
    var_x = unbiased * (mean_xx - mean_x * mean_x)
    var_y = unbiased * (mean_yy - mean_y * mean_y)
    shared = unbiased * (mean_xy - mean_x * mean_y)
    ssim = ((2 * mean_x * mean_y + _C1) * (2 * shared + _C2)) / (
        (mean_x * mean_x + mean_y * mean_y + _C1) * (var_x + var_y + _C2)
    )
    fixed = np.rint(ssim * 2**30).astype(np.int64).sum((-2, -1))
    mean: Floats = fixed / (2**30 * ssim.shape[-2] * ssim.shape[-1])
    return mean


def _window_sums(values: "Ints") -> "Ints":
    """Sums over all 7 x 7 windows within the last two axes."""
    for axis in (-1, -2):
        total = np.cumsum(values, axis=axis)
        total = np.concatenate([np.zeros_like(total.take([0], axis)), total], axis=axis)
        ends, starts = [slice(None)] * values.ndim, [slice(None)] * values.ndim
        ends[axis], starts[axis] = slice(SSIM_WINDOW, None), slice(None, -SSIM_WINDOW)
        values = total[tuple(ends)] - total[tuple(starts)]
    return values
