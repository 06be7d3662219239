"""Images made worse on purpose: noise, blur, contrast, shift and occlusion at five severities.

What one changes in an image depends on the seed and the image's number alone, and not on which
others are there; and a higher severity has more of the same: the same noise, the same way to shift.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError, check_integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

CORRUPTIONS: dict[str, tuple[float, float, float, float, float]] = {
    "noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "blur": (0.5, 0.75, 1.0, 1.5, 2.0),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "shift": (1.0, 2.0, 3.0, 4.0, 5.0),
    "occlusion": (0.2, 0.3, 0.4, 0.5, 0.6),
}
"""The strength of each severity from 1 to 5, by kind.

Standard deviation of the noise, in a range of 1; standard deviation of the blur and length of the
shift, in pixels of an image whose shorter side has 28; share of the contrast that is left; side of
the square that hides something, as a share of the shorter side.
"""

# The side that lengths in pixels are meant for.
_SIDE = 28
# Beyond so many standard deviations a blur leaves weights out.
_REACH = 4.0
# The grey of the square that hides something.
_GREY = 128


def corrupt(images: "Bytes", kind: str, severity: int, *, seed: int = 0, first: int = 0) -> "Bytes":
    """The images, corrupted: uint8 of the same shape, rounded and clipped to 0..255.

    "noise" adds Gaussian noise, independent by pixel and channel; "blur" is a Gaussian filter with
    its edges continued; "contrast" draws each image towards its own mean grey level (D. Hendrycks
    and T. Dietterich 2019, arXiv:1903.12261, whose strengths for noise and contrast these are);
    "shift" moves an image by whole pixels in one of eight directions, with black behind it;
    "occlusion" puts a grey square (level 128) somewhere inside (M. Zeiler and R. Fergus 2014,
    arXiv:1311.2901).

    Args:
        images: Grey levels [n, H, W], or of several channels [n, C, H, W], uint8.
        kind: Which of `CORRUPTIONS`.
        severity: 1 to 5.
        seed: Of the random numbers.
        first: The number of the first image in its set, which its random numbers depend on.

    Raises:
        ShapeError: They are no bytes of such a shape.
        ConfigError: There is no such kind or severity.

    Example:
        >>> from snnviz.metrics import corrupt
        >>> corrupt(np.array([[[0, 100]]], np.uint8), "contrast", 3).tolist()
        [[[40, 60]]]
    """
    strength = strength_of(kind, severity)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ShapeError(
            f"images must be uint8 [n, H, W] or [n, C, H, W], got {images.dtype} "
            f"{list(images.shape)}"
        )
    check_integer("seed", seed, 0)
    check_integer("the first image's number", first, 0)
    if kind in ("blur", "contrast"):
        change = _blurred if kind == "blur" else _flattened
        return _bytes(change(images.astype(np.float64), strength))
    found = np.empty_like(images)
    for n, image in enumerate(images):
        rng = np.random.default_rng((list(CORRUPTIONS).index(kind), first + n, seed))
        if kind == "noise":
            found[n] = _bytes(image + 255 * strength * rng.standard_normal(image.shape))
        else:
            found[n] = (
                _shifted(image, strength, rng) if kind == "shift" else _hidden(image, strength, rng)
            )
    return found


def strength_of(kind: str, severity: int) -> float:
    """What a severity of a kind means, see `CORRUPTIONS`.

    Raises:
        ConfigError: There is no such kind or severity.
    """
    if kind not in CORRUPTIONS:
        raise ConfigError(f"no corruption {kind!r}; choose from {', '.join(CORRUPTIONS)}")
    check_integer("severity", severity, 1)
    if severity > len(CORRUPTIONS[kind]):
        raise ConfigError(f"severities go from 1 to {len(CORRUPTIONS[kind])}, got {severity}")
    return CORRUPTIONS[kind][severity - 1]


def _bytes(values: "Floats") -> "Bytes":
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _scale(image: "NDArray[np.generic]") -> float:
    """How many pixels here one of an image of 28 is."""
    return float(min(image.shape[-2:]) / _SIDE)


def _blurred(images: "Floats", sigma: float) -> "Floats":
    """Filtered along both axes, each with weights exp(-x^2 / 2 sigma^2) that add up to 1."""
    sigma *= _scale(images)
    radius = max(1, int(_REACH * sigma + 0.5))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (-2, -1):
        around = [(0, 0)] * images.ndim
        around[axis] = (radius, radius)
        padded = np.pad(images, around, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis)
        images = windows @ weights
    return images


def _flattened(images: "Floats", left: float) -> "Floats":
    mean = images.mean(tuple(range(1, images.ndim)), keepdims=True)
    flattened: Floats = mean + left * (images - mean)
    return flattened


def _shifted(image: "Bytes", pixels: float, rng: np.random.Generator) -> "Bytes":
    """Moved by so many pixels along one axis or both."""
    way = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)][rng.integers(8)]
    length = max(1, round(pixels * _scale(image)))
    moved = np.zeros_like(image)
    (to_y, from_y), (to_x, from_x) = (_slices(length * step) for step in way)
    moved[..., to_y, to_x] = image[..., from_y, from_x]
    return moved


def _slices(offset: int) -> tuple[slice, slice]:
    """Where what is moved by so much goes to, and where it comes from."""
    if offset >= 0:
        return slice(offset, None), slice(None, -offset or None)
    return slice(None, offset), slice(-offset, None)


def _hidden(image: "Bytes", share: float, rng: np.random.Generator) -> "Bytes":
    """With a square inside the image that hides what is there, its middle drawn evenly."""
    height, width = image.shape[-2:]
    side = max(1, round(share * min(height, width)))
    # Of all severities in the same relative place.
    top, left = (math.floor(u * (length - side + 1)) for u, length in
                 zip(rng.random(2), (height, width), strict=True))  # fmt: skip
    hidden = image.copy()
    hidden[..., top : top + side, left : left + side] = _GREY
    return hidden
