"""Images that encoders take, checked."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnviz.errors import ShapeError


def check_images(images: Tensor | NDArray[Any], in_channels: int) -> Tensor:
    """`images` as a float32 tensor [N, in_channels, H, W] in [0, 1].

    Raises:
        ShapeError: They have another shape, type or range.
    """
    if isinstance(images, np.ndarray):
        # torch takes no foreign byte order and no negative stride, and warns of read-only memory.
        native = images.dtype.newbyteorder("=")
        images = np.require(images, native, ("C_CONTIGUOUS", "WRITEABLE"))
    images = torch.as_tensor(images)
    if images.ndim != 4 or images.shape[1] != in_channels or 0 in images.shape:
        raise ShapeError(
            f"images must be [N, {in_channels}, H, W] with no side of 0, got {list(images.shape)}"
        )
    if not images.is_floating_point():
        raise ShapeError(f"images must be floats in [0, 1], got {images.dtype}; divide by 255")
    low, high = _extremes(images.detach())
    if not (low >= 0 and high <= 1):
        raise ShapeError(f"images must be in [0, 1], got {low:g} to {high:g}; scale them")
    return images.to(torch.float32)


def _extremes(images: Tensor) -> tuple[float, float]:
    """The least and the greatest value, NaN where one is not a number."""
    if images.device.type == "cpu" and images.dtype == torch.float32:
        # NumPy, since torch's threads would wait for more, and keep others from their processors.
        return float(images.numpy().min()), float(images.numpy().max())
    low, high = images.aminmax()
    return low.item(), high.item()
