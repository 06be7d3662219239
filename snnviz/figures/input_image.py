"""The input image as a figure."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import build_frame, whole_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def input_figure(
    image: "NDArray[np.generic]", *, label: str | None = None, dpi: int = 200
) -> "Figure":
    """A figure of the image that the encoder was fed, in grey or in colour, pixel for pixel.

    Args:
        image: Grey levels [H, W]: bytes, or floats in [0, 1]. Or red, green and blue [3, H, W],
            bytes.
        label: The name of its class, for the title.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The image has another shape or range.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[0] == 3 and pixels.dtype == np.uint8 and pixels.size:
        return _figure(pixels.transpose(1, 2, 0), label, dpi)
    if pixels.dtype == np.uint8:
        pixels = to_shades(pixels)
    if pixels.ndim != 2 or 0 in pixels.shape or not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ShapeError(
            f"an input image must be [H, W] in [0, 1] or bytes, "
            f"got {image.dtype} {list(image.shape)}"
        )
    return _figure(pixels, label, dpi)


def _figure(
    pixels: "NDArray[np.floating] | NDArray[np.uint8]", label: str | None, dpi: int
) -> "Figure":
    frame = build_frame(
        pixels,
        scale=whole_scale(pixels.shape, inches=4, dpi=dpi),
        dpi=dpi,
        title="Input image" if label is None else f"Input image: {label}",
        cmap=mpl.colormaps["gray"],
    )
    return frame.figure


def to_shades(levels: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """Bytes as the floats in [0, 1] that a figure shows."""
    return np.divide(levels, 255, dtype=np.float32)
