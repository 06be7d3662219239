"""Where in images a network looks."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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

    Maps = Mapping[str, NDArray[np.generic]]

_WHITE = 255
_NOTHING: "Maps" = MappingProxyType({})


def attribution_figure(
    images: "NDArray[np.uint8]",
    maps: "Maps",
    untrained: "Maps" = _NOTHING,
    *,
    labels: Sequence[str] = (),
    title: str = "Where in the image",
    cmap: str = "magma",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of images (rows), each beside its map by every method (columns).

    Each map is drawn from its own lowest value to its own highest; one that is the same everywhere
    as lowest. Under an image's maps stand those of the network without training, where there are.

    Args:
        images: Bytes [N, H, W], or in colour [N, 3, H, W].
        maps: By the name of each method, numbers [N, H, W].
        untrained: The same of the network without training, by the same names.
        labels: What stands beside each image; none: nothing.
        title: Text above.
        cmap: Name of a matplotlib colour map, for the maps.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Images, maps and labels do not belong together, or there are none.
        ConfigError: An option is out of range.

    Example:
        >>> image = snnviz.garments(1).images
        >>> figure = snnviz.attribution_figure(image, {"SAM": image / 255.0}, labels=["Coat"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['Coat', 'image', 'SAM']
    """
    pictures = _pictures(np.asarray(images))
    if not maps or not set(untrained) <= set(maps):
        raise ShapeError(
            f"there must be maps, and untrained ones of the same names, got {list(maps)} and "
            f"{list(untrained)}"
        )
    if len(labels) not in (0, len(pictures)):
        raise ShapeError(f"{len(pictures)} images, but {len(labels)} labels")
    blank = np.full_like(pictures, _WHITE)
    rows = [[pictures, *(_coloured(maps[name], name, pictures, cmap) for name in maps)]]
    if untrained:
        rows.append([blank, *(
            _coloured(untrained[name], name, pictures, cmap) if name in untrained else blank
            for name in maps
        )])  # fmt: skip
    # By image, then by row, then by column.
    tiles = np.stack([np.stack(row, axis=1) for row in rows], axis=1)
    names = [list(pair) for pair in zip(labels, strict=True)] or [[""] for _ in pictures]
    beside = [[name, "untrained"][: len(rows)] for (name,) in names]
    place = Place(ax, width, font_size, dpi)
    scale = mpl.colormaps[cmap]
    frame, _ = build_tiles(
        tiles.reshape(-1, *tiles.shape[3:]),
        Around(
            title=title,
            rows=[name for pair in beside for name in pair] if any(map(any, beside)) else [],
            columns=["image", *maps],
            bars=[Bar("each map", scale, LinearNorm(0, 1), (0, 1), ("lowest", "highest"))],
        ),
        place,
        rows=len(pictures) * len(rows),
        columns=1 + len(maps),
    )
    return place.finish(ax, frame.figure)


def _pictures(images: "NDArray[np.generic]") -> "NDArray[np.uint8]":
    """Bytes [N, H, W, 3] of images."""
    is_colour = images.ndim == 4 and images.shape[1] == 3
    if images.dtype != np.uint8 or not (is_colour or images.ndim == 3) or 0 in images.shape:
        raise ShapeError(
            f"images must be bytes [N, H, W], or [N, 3, H, W] in colour, got {images.dtype} "
            f"{list(images.shape)}"
        )
    pixels = images.astype(np.uint8, copy=False)
    if is_colour:
        return pixels.transpose(0, 2, 3, 1)
    return np.repeat(pixels[..., np.newaxis], 3, axis=3)


def _coloured(
    values: "NDArray[np.generic]", name: str, pictures: "NDArray[np.uint8]", cmap: str
) -> "NDArray[np.uint8]":
    """Bytes [N, H, W, 3] of maps, each from its lowest value to its highest."""
    maps = np.asarray(values)
    check_maps(maps, "[N, H, W]", f"maps of {name}")
    if maps.shape != pictures.shape[:3]:
        raise ShapeError(
            f"maps of {name} must be {list(pictures.shape[:3])} as the images, got "
            f"{list(maps.shape)}"
        )
    low = maps.min(axis=(1, 2), keepdims=True).astype(np.float64)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    return to_pixels(mpl.colormaps[cmap]((maps - low) / np.where(span > 0, span, 1), bytes=True))
