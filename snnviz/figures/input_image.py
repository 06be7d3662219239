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
        image: Grey levels [H, W], or red, green and blue [3, H, W]: bytes, or floats in [0, 1].
        label: The name of its class, for the title.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The image has another shape or range.
    """
    pixels = np.asarray(image)
    is_colour = pixels.ndim == 3 and len(pixels) == 3
    is_image = (pixels.ndim == 2 or is_colour) and pixels.size > 0 and pixels.dtype.kind in "buif"
    if not is_image or not (
        pixels.dtype == np.uint8 or (pixels.min() >= 0 and pixels.max() <= 1)  # NaN is neither
    ):
        raise ShapeError(
            "an input image must be [H, W], or [3, H, W] in colour, in [0, 1] or bytes, "
            f"got {pixels.dtype} {list(pixels.shape)}"
        )
    if is_colour:
        if pixels.dtype != np.uint8:
            pixels = np.rint(255 * pixels.astype(np.float64)).astype(np.uint8)
        return _figure(pixels.transpose(1, 2, 0), label, dpi)
    return _figure(to_shades(pixels) if pixels.dtype == np.uint8 else pixels, label, dpi)


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
