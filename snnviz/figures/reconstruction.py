"""What can be read back from the spikes, step by step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ShapeError
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, check_maps, to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Titles of one line fit above so many pictures in a row.
_COLUMNS = 3


def reconstruction_figure(
    image: "NDArray[np.generic]",
    reconstructions: "NDArray[np.floating]",
    *,
    psnr: Sequence[float] | None = None,
    steps: Sequence[int] | None = None,
    title: str = "Reconstruction from spike counts",
    columns: int = _COLUMNS,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the input beside what is reconstructed from the counts up to t = 0..T-1.

    All are on one scale of grey, 0..1; values outside it are clipped in the drawing.

    Args:
        image: Grey levels [H, W]: bytes, or floats in [0, 1].
        reconstructions: Grey levels by step, floats [T, H, W]; the input is 0..1.
        psnr: Peak signal-to-noise ratio of each, in dB, [T]; None: of the arrays as they are
            given, 10 log10(1 / mean squared error), infinite where they agree.
        steps: The step t of each, [T]; None: 0..T-1.
        title: Text above.
        columns: Pictures in a row.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Input, reconstructions and ratios do not fit together, or are out of range.
        ConfigError: An option is out of range.

    Example:
        >>> image = snnviz.garments(1).images[0]
        >>> steps = np.stack([image / 255 * share for share in (0.5, 0.75)])
        >>> figure = snnviz.reconstruction_figure(image, steps)
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['input', 't = 0: 14.8 dB', 't = 1: 20.8 dB']
    """
    image, reconstructions = np.asarray(image), np.asarray(reconstructions)
    check_maps(image, "[H, W]", "an input image")
    check_maps(reconstructions, "[T, H, W]", "reconstructions")
    pixels = image.astype(np.float64) / (255 if image.dtype == np.uint8 else 1)
    if pixels.min() < 0 or pixels.max() > 1:
        raise ShapeError(
            f"an input image must be bytes or in [0, 1], got {pixels.min():g} to {pixels.max():g}"
        )
    if reconstructions.shape[1:] != image.shape:
        raise ShapeError(
            f"reconstructions must be [T, {image.shape[0]}, {image.shape[1]}] as the input, got "
            f"{list(reconstructions.shape)}"
        )
    ratios = _psnr(pixels, reconstructions) if psnr is None else [float(value) for value in psnr]
    if len(ratios) != len(reconstructions):
        raise ShapeError(f"{len(reconstructions)} reconstructions, but {len(ratios)} ratios")
    steps = range(len(ratios)) if steps is None else steps
    if len(steps) != len(ratios):
        raise ShapeError(f"{len(ratios)} reconstructions, but {len(steps)} steps")
    gray = mpl.colormaps["gray"]
    shown = np.concatenate([pixels[np.newaxis], reconstructions]).clip(0, 1)
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        to_pixels(gray(shown, bytes=True)),
        Around(
            title=title,
            labels=["input", *(f"t = {t}: {r:.1f} dB" for t, r in zip(steps, ratios, strict=True))],
            bars=[Bar("grey level", gray, LinearNorm(0, 1), (0, 0.5, 1), ("0", "0.5", "1"))],
        ),
        place,
        columns=columns,
    )
    return place.finish(ax, frame.figure)


def _psnr(image: "NDArray[np.float64]", reconstructions: "NDArray[np.floating]") -> list[float]:
    errors = ((reconstructions - image) ** 2).mean(axis=(1, 2))
    with np.errstate(divide="ignore"):
        ratios: list[float] = (-10 * np.log10(errors)).tolist()
    return ratios
