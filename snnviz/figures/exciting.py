"""The images, and the patches of them, that make channels spike most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ShapeError
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, build_tiles, check_maps, pixel_of
from snnviz.grid import GAP_COLOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

# Letters of the name of a channel.
_LONGEST = 24


def exciting_figure(
    images: "NDArray[np.uint8]",
    patches: "NDArray[np.uint8] | None" = None,
    *,
    names: Sequence[str] = (),
    title: str = "What makes channels spike most",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of the images that channels answer most, a row a channel, the best first.

    Args:
        images: Grey levels, bytes [C, M, H, W].
        patches: What a neuron sees where the channel answers most, bytes [C, N, h, w], drawn to the
            right of the images and as large as fits; None: nothing.
        names: Of the channels, [C]; none: their numbers.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The arrays or names do not fit each other.
        ConfigError: dpi is out of range.

    Example:
        >>> figure = snnviz.exciting_figure(snnviz.garments(6).images.reshape(2, 3, 28, 28))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0', '1', '1.', '2.', '3.']
    """
    shown = np.asarray(images)
    check_maps(shown, "[C, M, H, W]", "images")
    names = list(names) or [str(row) for row in range(len(shown))]
    close = None if patches is None else np.asarray(patches)
    if close is not None:
        check_maps(close, "[C, N, h, w]", "patches")
    for values in (shown, close):
        if values is not None and (values.dtype != np.uint8 or len(values) != len(names)):
            raise ShapeError(
                f"images and patches must be bytes, a row for each of {len(names)} names, got "
                f"{values.dtype} {list(values.shape)}"
            )
    pictures = _grey(shown)
    columns = [f"{number + 1}." for number in range(shown.shape[1])]
    if close is not None:
        columns += [f"{number + 1}." for number in range(close.shape[1])]
        pictures = np.concatenate([pictures, _enlarged(close, *shown.shape[2:])], axis=1)
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(
        pictures.reshape(-1, *pictures.shape[2:]),
        Around(
            title=title, rows=list(literals(names, _LONGEST).values()), columns=columns
        ),
        place,
        rows=len(names),
        columns=len(columns),
    )  # fmt: skip
    return place.finish(ax, frame.figure)


def _grey(images: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Grey levels [...] as colours [..., 3]."""
    return np.repeat(images[..., np.newaxis], 3, axis=-1)


def _enlarged(patches: "NDArray[np.uint8]", height: int, width: int) -> "NDArray[np.uint8]":
    """Patches in the middle of pictures of that size, each pixel a block; cut where larger."""
    h, w = patches.shape[2:]
    block = max(1, min((height - 2) // h, (width - 2) // w))
    large = patches.repeat(block, axis=2).repeat(block, axis=3)[..., :height, :width]
    found = np.empty((*patches.shape[:2], height, width, 3), np.uint8)
    found[:] = pixel_of(GAP_COLOR)
    top, left = (height - large.shape[2]) // 2, (width - large.shape[3]) // 2
    found[:, :, top : top + large.shape[2], left : left + large.shape[3]] = _grey(large)
    return found
