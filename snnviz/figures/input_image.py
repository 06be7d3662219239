"""The input image as a figure."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from snnviz.errors import ShapeError
from snnviz.figures.layout.frame import build_frame
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.sizes import measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On


def input_figure(
    image: "NDArray[np.generic]",
    *,
    label: str | None = None,
    title: str | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the image that the encoder was fed, in grey or in colour, pixel for pixel.

    Args:
        image: Grey levels [H, W], or red, green and blue [3, H, W]: bytes, or floats in [0, 1].
        label: The name of its class, for the title.
        title: Text above, "" for none; None: "Input image" and the label.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The image has another shape or range.

    Example:
        >>> [sample] = snnviz.garments(1).samples([0])
        >>> figure = snnviz.input_figure(sample.image, label=sample.class_name)
        >>> figure.axes[0].get_title()
        'Input image: Ankle boot'
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
    shown: NDArray[np.floating] | NDArray[np.uint8] = pixels
    if is_colour:
        if pixels.dtype != np.uint8:
            pixels = np.rint(255 * pixels.astype(np.float64)).astype(np.uint8)
        shown = pixels.transpose(1, 2, 0)
    elif pixels.dtype == np.uint8:
        shown = to_shades(pixels)
    if title is None:
        title = "Input image" if label is None else f"Input image: {label}"
    place = Place(ax, width, font_size, dpi)
    frame = build_frame(
        shown,
        measure(shown.shape, place, inches=4),
        place,
        title=title,
        cmap=mpl.colormaps["gray"],
    )
    return place.finish(ax, frame.figure)


def to_shades(levels: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """Bytes as the floats in [0, 1] that a figure shows."""
    return np.divide(levels, 255, dtype=np.float32)
