"""Levels that mean something of their own, told apart with colour and without.

A silent map and a saturated one have hues that no grey has. Printed in grey these hues are greys
too, those of some counts, so such maps are crossed as well: a silent one once, a saturated one
twice, in a line whose contrast to the map is at least `CONTRAST`.
"""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb

from snnviz.errors import ConfigError
from snnviz.grid import GAP, GAP_COLOR, SATURATED, SATURATED_COLOR, SILENT, SILENT_COLOR

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

LINES = {"silent": (GAP_COLOR, 1), "saturated": (SILENT_COLOR, 2)}
"""In which colour, and how often, such a map is crossed."""
NOTCH_COLOR = "#141414"
"""Types of channels have as many notches of this colour as types come before them."""
CONTRAST = 3.0
"""Least contrast of what means different things (WCAG 2.1, 1.4.11, for parts of graphics)."""
DIVERGING = "cividis"
"""From dark blue over grey to light yellow: signs are told apart in grey, too."""
# A map of fewer pixels a side would be nothing but its lines.
_LEAST_SIDE = 3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as they are in grey, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def canvas_colors(name: str) -> "Colormap":
    """The colour map, with the special values of `snnviz.grid` in colours of their own."""
    if name not in mpl.colormaps:
        raise ConfigError(f"no colour map {name!r}; try gray, viridis, magma or cividis")
    return mpl.colormaps[name].with_extremes(
        bad=GAP_COLOR, under=SILENT_COLOR, over=SATURATED_COLOR
    )


def diagonals(height: int, width: int) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
    """The pixels that cross a map once, from lower left to upper right, and those that do twice.

    Both are bools [height, width], and empty where a map has fewer than three pixels a side.
    """
    once = np.zeros((height, width), bool)
    if min(height, width) >= _LEAST_SIDE:
        n = max(height, width)
        rows = np.linspace(height - 1, 0, n).round().astype(int)
        once[rows, np.linspace(0, width - 1, n).round().astype(int)] = True
    return once, once | once[:, ::-1]


def cross(values: "NDArray[np.floating]", *, in_place: bool = False) -> "NDArray[np.floating]":
    """`values` [..., H, W] with silent and saturated maps crossed; a copy, unless in place."""
    # These are the least and the largest value that there are.
    silent = values.max(axis=(-2, -1)) == SILENT
    saturated = values.min(axis=(-2, -1)) == SATURATED
    crossed = values if in_place else values.copy()
    once, twice = diagonals(*values.shape[-2:])
    crossed[silent[..., None, None] & once] = GAP
    crossed[saturated[..., None, None] & twice] = SILENT
    return crossed
