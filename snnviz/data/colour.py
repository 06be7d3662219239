"""Colours as grey levels."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# ITU-R BT.601, in units of 1 / 65536, as Pillow rounds them.
_LUMA = np.array([19595, 38470, 7471], np.uint32)
_HALF = np.uint32(0x8000)
# Images at once: their 32-bit sums take twelve times the bytes.
_AT_ONCE = 256


def luma(colours: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Grey levels of red, green and blue, uint8 [..., H, W] of [..., 3, H, W].

    Luma of ITU-R BT.601, byte for byte as Pillow's `convert("L")` has it.

    Raises:
        ShapeError: They are no bytes of three channels.
    """
    if colours.ndim < 3 or colours.shape[-3] != 3 or colours.dtype != np.uint8:
        raise ShapeError(
            f"colours must be uint8 [..., 3, H, W], got {colours.dtype} {list(colours.shape)}"
        )
    flat = colours.reshape(-1, *colours.shape[-3:])
    grey = np.empty((len(flat), *flat.shape[2:]), np.uint8)
    for some in batches(len(flat), _AT_ONCE):
        summed = np.einsum("nchw,c->nhw", flat[some].astype(np.uint32), _LUMA)
        grey[some] = (summed + _HALF) >> 16
    return grey.reshape(*colours.shape[:-3], *colours.shape[-2:])
