"""The numbers that a network was trained on: pixels less a mean, over a standard deviation."""

import math
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def parse_channels(text: str, *, positive: bool = False) -> tuple[float, ...]:
    """The numbers in words such as "0.5" or "0.4914, 0.4822, 0.4465": one, or one a channel.

    Args:
        text: Numbers with commas between.
        positive: Whether each has to be above 0, as a standard deviation is.

    Raises:
        ConfigError: One is no finite number, or not above 0.
    """
    numbers = []
    for word in text.split(","):
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or (positive and number <= 0):
            kind = "a number above 0" if positive else "a number"
            raise ConfigError(
                f"{word.strip()!r} in {text!r} is not {kind}; give one for all channels, or one a "
                "channel with commas between, such as 0.5,0.5,0.5"
            )
        numbers.append(number)
    return tuple(numbers)


def normalize(
    images: "NDArray[np.floating]", mean: "Sequence[float]" = (0,), std: "Sequence[float]" = (1,)
) -> "NDArray[np.float32]":
    """(images - mean) / std, float32 [N, C, H, W]: what a network that was trained so expects.

    Computed in float32, bit for bit as `torchvision.transforms.Normalize` does.

    Args:
        images: Floats in [0, 1], [N, C, H, W].
        mean: One number, or one for each of the C channels.
        std: The same, each above 0.

    Raises:
        ShapeError: The images have another shape, or there is another number of channels.
        ConfigError: A number is not finite, or a standard deviation not above 0.
    """
    if images.ndim != 4 or images.dtype.kind != "f":
        raise ShapeError(
            f"images must be floats [N, C, H, W], got {images.dtype} {list(images.shape)}"
        )
    channels = images.shape[1]
    for name, numbers in (("mean", mean), ("standard deviation", std)):
        if len(numbers) not in (1, channels):
            raise ShapeError(
                f"got {len(numbers)} numbers for the {name} of images of {channels} "
                f"channel{'s' * (channels > 1)}; give 1{f' or {channels}' * (channels > 1)}"
            )
    shift, scale = (np.asarray(numbers, np.float32) for numbers in (mean, std))
    if not (np.isfinite(shift).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise ConfigError(
            f"mean must be finite and the standard deviation above 0 in float32, got {list(mean)} "
            f"and {list(std)}"
        )
    normalized: NDArray[np.float32] = images.astype(np.float32)  # a copy
    normalized -= shift.reshape(-1, 1, 1)
    normalized /= scale.reshape(-1, 1, 1)
    return normalized
