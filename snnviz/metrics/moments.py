"""How one map an image goes with contours and brightness, image by image and so with intervals.

`snnviz.metrics.contours` has the same correlations of every channel at every step. These are of
one map, the sum over the channels, and of more than they: with brightness held, where there is
something to be seen, with the brightness of a kernel's nine pixels. The unit that is drawn anew for
an interval is an image, since the pixels of one are no independent samples.
"""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.errors import DataError, ShapeError, check_integer
from snnviz.metrics.gradients import check_bytes, gradient_magnitude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CORRELATIONS = (
    "edge",
    "intensity",
    "mean intensity",
    "edge, intensity held",
    "first step, edge",
    "first step, intensity",
    "lit, edge",
    "lit, intensity",
    "lit, edge, intensity held",
)
"""What `correlations` gives, in its order."""

_ONE, _MAP, _FIRST, _EDGE, _INTENSITY, _MEAN = range(6)
# Means that are drawn at once.
_BLOCK = 1 << 22
# The fixed point of the gradient magnitude, as in `image_quantities`.
_FIXED = 1 << 16


def image_moments(
    maps: "NDArray[np.unsignedinteger]",
    first: "NDArray[np.unsignedinteger]",
    images: "NDArray[np.uint8]",
) -> "Floats":
    """Sums of products of all pairs of six variables over an image's pixels, [n, 2, 6, 6].

    The variables are 1, the map, its first step, gradient magnitude (in 2**-16, rounded), intensity
    (in grey levels), and the sum of the 3 x 3 intensities around a pixel, with zeros beyond the
    border as a convolution has them. The second of the two is over pixels above 0 alone.

    All are whole numbers, exact as long as they are below 2**53.

    Args:
        maps: One map an image, unsigned ints [n, H, W].
        first: The same after the first step.
        images: Those images, grey bytes [n, H, W].

    Raises:
        ShapeError: The arrays do not belong together.
    """
    check_bytes(images, 3, 3)
    if not maps.shape == first.shape == images.shape:
        raise ShapeError(
            f"maps must be {list(images.shape)} as the images are, got {list(maps.shape)} and "
            f"{list(first.shape)}"
        )
    edge = np.rint(gradient_magnitude(images) * _FIXED)
    variables = [np.ones(images.shape), maps, first, edge, images, _window_sums(images)]
    rows = np.stack(variables, axis=1).astype(np.float64).reshape(len(images), len(variables), -1)
    lit = rows * (images > 0).reshape(len(images), 1, -1)
    return np.stack([rows @ rows.swapaxes(1, 2), lit @ rows.swapaxes(1, 2)], axis=1)


def _window_sums(images: "NDArray[np.uint8]") -> "NDArray[np.int64]":
    """The sum of the 3 x 3 grey levels around each pixel, ints [n, H, W]; 0 beyond the border."""
    padded = np.pad(images.astype(np.int64), ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    sums: NDArray[np.int64] = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return sums


def correlations(moments: "Floats") -> "Floats":
    """Pearson's r by `CORRELATIONS`, float64 [..., 9] in [-1, 1]; NaN where one is constant.

    "held" is the partial correlation: what of the map and of the contours is left when what a
    straight line through intensity tells of each is taken away (`partial_correlation`). "lit" is
    over pixels above 0 alone, which in Fashion-MNIST is the garment.

    Args:
        moments: Sums of those of the images, `image_moments` summed over n: [..., 2, 6, 6].
    """
    everywhere, lit = moments[..., 0, :, :], moments[..., 1, :, :]
    found = []
    for sums in (everywhere, lit):
        edge, intensity = _pearson(sums, _MAP, _EDGE), _pearson(sums, _MAP, _INTENSITY)
        held = partial_correlation(edge, intensity, _pearson(sums, _EDGE, _INTENSITY))
        found += [edge, intensity, held]
    between = _pearson(everywhere, _MAP, _MEAN)
    first = [_pearson(everywhere, _FIRST, other) for other in (_EDGE, _INTENSITY)]
    result: Floats = np.stack([*found[:2], between, found[2], *first, *found[3:]], axis=-1)
    return result


def edge_with_intensity(moments: "Floats") -> "Floats":
    """Pearson's r of the contours with intensity over all pixels, [...]: of the images alone."""
    return _pearson(moments[..., 0, :, :], _EDGE, _INTENSITY)


def partial_correlation(
    with_one: "Floats", with_other: "Floats", between: "Floats | float"
) -> "Floats":
    """Pearson's r with one variable, the other held: (r1 - r2 r12) / sqrt((1 - r2^2) (1 - r12^2)).

    The correlation of what is left of both when a straight line through the other is taken away
    (G. U. Yule 1907). NaN where that is nothing.

    Args:
        with_one: r with the one variable.
        with_other: r with that which is held.
        between: r of both.

    Example:
        >>> from snnviz.metrics import partial_correlation
        >>> round(float(partial_correlation(np.array(0.6), np.array(0.6), 0.5)), 3)
        0.433
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        left = (1 - with_other**2) * (1 - np.asarray(between) ** 2)
        r = (with_one - with_other * between) / np.sqrt(left)
    # What is left of a copy of the held variable is rounding.
    return np.where(left > 1e-12, np.clip(r, -1, 1), np.nan)


def _pearson(sums: "Floats", one: int, other: int) -> "Floats":
    """Pearson's r of two of the variables, from the sums of their products."""
    n, x, y = sums[..., _ONE, _ONE], sums[..., _ONE, one], sums[..., _ONE, other]
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = n * sums[..., one, other] - x * y
        variances = [n * sums[..., v, v] - s * s for v, s in ((one, x), (other, y))]
        # Rounding leaves something of a constant, too.
        moves = np.logical_and(*(
            v > 1e-13 * n * sums[..., i, i] for v, i in zip(variances, (one, other), strict=True)
        ))  # fmt: skip
        r = covariance / np.sqrt(variances[0]) / np.sqrt(variances[1])
    return np.where(moves, np.clip(r, -1, 1), np.nan)


def draw_correlations(moments: "Floats", *, draws: int = 1000, seed: int = 0) -> "Floats":
    """`correlations` of images drawn anew with replacement, so many times, float64 [draws, 9].

    As many images each time (B. Efron 1979). The draws follow from the seed and the number of
    images, so that differences between two encoders of the same images are paired draw by draw.

    Args:
        moments: `image_moments` of each image, [n, 2, 6, 6].
        draws: How many times, >= 1.
        seed: Of the draws.

    Raises:
        ShapeError: They are of another shape.
        DataError: There are no images.
    """
    check_integer("the number of draws", draws, 1)
    if moments.ndim != 4 or moments.shape[1:] != (2, 6, 6):
        raise ShapeError(f"moments must be [n, 2, 6, 6], got {list(moments.shape)}")
    n = len(moments)
    if not n:
        raise DataError("there are no images to draw from")
    rng = np.random.default_rng(seed)
    flat, sums = moments.reshape(n, -1), np.empty((draws, moments[0].size))
    for some in batches(draws, max(1, _BLOCK // n)):
        count = some.stop - some.start
        drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, np.newaxis]
        times = np.bincount(drawn.reshape(-1), minlength=count * n).reshape(count, n)
        sums[some] = times.astype(np.float64) @ flat
    return correlations(sums.reshape(draws, *moments.shape[1:]))
