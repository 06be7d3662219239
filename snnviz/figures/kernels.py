"""What each channel looks for, and where it finds it: kernels beside mean maps."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz._renaming import renamed
from snnviz.errors import ShapeError
from snnviz.figures.layout.choice import check_channels
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import (
    Around,
    Bar,
    build_tiles,
    check_maps,
    page_columns,
    pixel_of,
    to_pixels,
)
from snnviz.figures.levels import DIVERGING, NOTCH_COLOR
from snnviz.figures.means import (
    check_means,
    mean_bar,
    mean_pixels,
    scale_means,
    special_swatches,
)
from snnviz.figures.types import check_types, type_colors, type_notches, type_swatches
from snnviz.grid import GAP_COLOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On
    from snnviz.figures.layout.tiles import Pixels

# About so many pixels a kernel is drawn wide where no map gives the size.
_SIDE = 24
# As many input channels stand in one row; more are in a square.
_IN_A_ROW = 4
# So many pairs stand beside each other at least.
_PAIRS = 8


@renamed(order="channels")
def kernel_figure(
    kernels: "NDArray[np.floating]",
    maps: "NDArray[np.floating] | None" = None,
    *,
    T: int = 1,
    channels: Sequence[int] | None = None,
    types: Sequence[str] | None = None,
    colors: Mapping[str, str] | None = None,
    scale: str = "map",
    cmap: str = "gray",
    most: int = 1,
    title: str | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of kernels, each beside the mean map of its channel, with channel numbers.

    Kernels are from dark blue (negative) over grey to light yellow (positive), all on one range: it
    is symmetric around zero and ends at the largest magnitude among all K. Kernels of three input
    channels are in their colours: grey where red, green and blue have no weight, brighter and
    darker on one such range.
    Of any other number each kernel is shown as a grid of its input channels, in reading order.

    Args:
        kernels: Weights, floats [K, kh, kw]; or [K, C, kh, kw] of C input channels.
        maps: Mean spike counts over images, floats [K, H, W] in 0..T; None draws kernels alone.
        T: Number of time steps that the counts are of.
        channels: The channels to show, in reading order, ints in 0..K-1; None: all.
        types: The type of each of the K channels, for a colour strip and a legend, or None.
        colors: Colours of types; those that have none get one.
        scale: "map": each mean map from its lowest to its highest mean; "shared": all on 0..T.
        cmap: Name of the colour map of the mean maps.
        most: The largest number of spikes of a neuron in one step, of which T * most is the top.
        title: Text above.
        columns: Pairs in a row; None chooses.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: Kernels, maps and types are not for the same K channels, or out of range.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> figure = snnviz.kernel_figure(encoder.kernels, channels=range(16), width=3.3)
        >>> f"{figure.get_figwidth():.2f} in"
        '3.30 in'
    """
    kernels = np.asarray(kernels)
    check_maps(kernels, "[K, C, kh, kw]" if kernels.ndim == 4 else "[K, kh, kw]", "kernels")
    count = len(kernels)
    shown = check_channels(channels, count)
    named = check_types(types, count)
    palette = type_colors([named[k] for k in shown], colors) if named else {}
    top = float(np.abs(kernels).max()) or 1.0
    pixels, bar = draw_kernels(kernels[shown], top)
    bars = [bar]
    swatches = type_swatches([named[k] for k in shown], palette) if named else []
    if maps is None:
        tiles = enlarge(pixels, _SIDE, _SIDE)
    else:
        maps = np.asarray(maps)
        check_means(maps, T, most=most)
        if len(maps) != count:
            raise ShapeError(f"{count} kernels need as many mean maps, got {len(maps)}")
        values = scale_means(maps[shown], T=T, scale=scale, most=most)
        tiles = _pair(pixels, mean_pixels(values, cmap))
        bars.append(mean_bar(T=T, scale=scale, most=most, cmap=cmap))
        swatches += special_swatches(values, named)
    if named:
        tiles = add_strips(tiles, [named[k] for k in shown], palette)
    title = title or ("Kernels" if maps is None else "Kernels beside their mean maps")
    if kernels.ndim == 4 and kernels.shape[1] not in (1, 3):
        title += f", of input channels 0 to {kernels.shape[1] - 1} in reading order"
    around = Around(
        title=title,
        labels=[str(k) for k in shown],
        bars=bars,
        swatches=swatches,
    )
    if columns is None and maps is not None:
        # As wide as a grid of single maps at least, and so many that a page holds 128 pairs.
        columns = page_columns(len(shown), tiles.shape[1], tiles.shape[2], _PAIRS)
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(tiles, around, place, columns=columns)
    return place.finish(ax, frame.figure)


def draw_kernels(kernels: "NDArray[np.floating]", top: float) -> "tuple[Pixels, Bar]":
    """The kernels [n, kh, kw] or [n, C, kh, kw] in colours, [n, H, W, 3], and what these mean."""
    norm = LinearNorm(-top, top)
    C = kernels.shape[1] if kernels.ndim == 4 else 1
    if C == 3:
        colours = np.moveaxis(norm(kernels), 1, 3)
        cmap, label = mpl.colormaps["gray"], "weight of R, G, B each"
        pixels = to_pixels(np.ma.getdata(colours))
    else:
        cmap, label = mpl.colormaps[DIVERGING], "kernel weight"
        pixels = to_pixels(cmap(norm(kernels), bytes=True))
    if kernels.ndim == 4 and C == 1:
        pixels = pixels[:, 0]
    elif C not in (1, 3):
        pixels = _side_by_side(pixels)
    names = (f"{-top:.2g}", "0", f"{top:.2g}")
    return pixels, Bar(label, cmap, norm, (-top, 0, top), names)


def _side_by_side(pixels: "Pixels") -> "Pixels":
    """Pictures [n, C, h, w, 3] as one each, their C parts in rows with gaps between."""
    n, C, height, width = pixels.shape[:4]
    columns = C if C <= _IN_A_ROW else math.ceil(math.sqrt(C))
    rows = -(-C // columns)
    # A weight is as wide as a few gaps, so that these take little.
    block = max(1, _SIDE // (columns * width))
    high, wide = height * block, width * block
    blocks = fill((n, rows * (high + 1) - 1, columns * (wide + 1) - 1, 3))
    large = pixels.repeat(block, axis=2).repeat(block, axis=3)
    for channel in range(C):
        row, column = divmod(channel, columns)
        y, x = row * (high + 1), column * (wide + 1)
        blocks[:, y : y + high, x : x + wide] = large[:, channel]
    return blocks


def add_strips(pictures: "Pixels", types: Sequence[str], palette: Mapping[str, str]) -> "Pixels":
    """`pictures` [n, H, W, 3] with a strip of its type's colour and notches on top of each."""
    high, width = max(2, round(pictures.shape[2] / 10)), pictures.shape[2]
    strips = np.empty((len(pictures), high, *pictures.shape[2:]), np.uint8)
    notches = type_notches(palette)
    for strip, kind in zip(strips, types, strict=True):
        strip[:] = pixel_of(palette[kind])
        places = np.linspace(0, width - 1, notches[kind] + 2)[1:-1]
        strip[:, places.round().astype(int)] = pixel_of(NOTCH_COLOR)
    return np.concatenate([strips, pictures], axis=1)


def _pair(kernels: "Pixels", maps: "Pixels") -> "Pixels":
    """Each kernel, enlarged about to the size of its map, and the map, a gap between."""
    height, width = maps.shape[1:3]
    enlarged = enlarge(kernels, height, width)
    tall = max(height, enlarged.shape[1])
    gap = fill((len(maps), tall, 1, 3))
    return np.concatenate([center(enlarged, tall), gap, center(maps, tall)], axis=2)


def enlarge(kernels: "Pixels", height: int, width: int) -> "Pixels":
    """Each pixel as a block, as large as fits into height and width."""
    factor = max(1, min(height // kernels.shape[1], width // kernels.shape[2]))
    return kernels.repeat(factor, axis=1).repeat(factor, axis=2)


def center(pictures: "Pixels", height: int, width: int = 0) -> "Pixels":
    """`pictures` [n, H, W, 3] in the middle of so many pixels, or of as many as they have."""
    _, high, wide, _ = pictures.shape
    placed = fill((len(pictures), max(height, high), max(width, wide), 3))
    top, left = (placed.shape[1] - high) // 2, (placed.shape[2] - wide) // 2
    placed[:, top : top + high, left : left + wide] = pictures
    return placed


def fill(shape: tuple[int, ...]) -> "Pixels":
    """Pictures of that shape [..., 3] in the colour of gaps."""
    filled = np.empty(shape, np.uint8)
    filled[:] = pixel_of(GAP_COLOR)
    return filled
