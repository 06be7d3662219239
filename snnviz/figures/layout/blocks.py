"""A picture whose pixels become blocks of one colour, drawn a few rows at a time."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.image import AxesImage
from matplotlib.transforms import IdentityTransform

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase

# Picture pixels that are coloured at once: a megabyte of floats.
_AT_ONCE = 1 << 18


class BlockImage(AxesImage):
    """An image that is enlarged by whole factors where its place is so many pixels large.

    It shows what matplotlib's own shows with the interpolation "nearest", which takes 200 bytes a
    pixel: floats of each color in several copies. Here each row is coloured and repeated, four
    bytes a pixel. Where a pixel is no whole block (axes of any size, another resolution, files that
    scale pictures themselves), matplotlib's own is drawn.
    """

    def make_image(
        self, renderer: "RendererBase", magnification: float = 1.0, unsampled: bool = False
    ) -> Any:
        """The colours uint8 [H, W, 4] from the lowest row up, the corner, and the transform."""
        data: Any = self.get_array()
        rows, columns = data.shape[:2]
        box = self.get_window_extent(renderer)
        left, bottom = box.x0 * magnification, box.y0 * magnification
        sides = box.height * magnification / rows, box.width * magnification / columns
        high, wide = (round(side) for side in sides)
        # Figures of their own are laid out on whole pixels; what is off is the float's last bits.
        off = (left % 1, bottom % 1, sides[0] * rows % 1, sides[1] * columns % 1)
        if (
            unsampled
            or self.get_interpolation() != "nearest"
            or min(high, wide) < 1
            or any(0.01 < each < 0.99 for each in off)
            or (round(sides[0] * rows), round(sides[1] * columns)) != (high * rows, wide * columns)
            or not self._is_whole()
        ):
            return super().make_image(renderer, magnification, unsampled)
        colors = np.empty((rows, high, columns, wide, 4), np.uint8)
        step = max(1, _AT_ONCE // columns)
        for first in range(0, rows, step):
            part = slice(first, first + step)
            # matplotlib draws from below.
            colors[::-1][part] = self.to_rgba(data[part], bytes=True)[:, None, :, None]
        return (
            colors.reshape(rows * high, columns * wide, 4),
            round(left) / magnification,
            round(bottom) / magnification,
            IdentityTransform(),
        )

    def _is_whole(self) -> bool:
        """Whether the axes show all of it, not mirrored, not enlarged, and opaque."""
        left, right, bottom, top = self.get_extent()
        limits = (*self.axes.get_xlim(), *self.axes.get_ylim())
        return limits == (left, right, bottom, top) and self.get_alpha() is None
