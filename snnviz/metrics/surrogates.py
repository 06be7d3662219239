"""Labels that say nothing, drawn by chance: what they seem to tell is the bias of information."""

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURROGATES = 8
"""How many times the bias of the information on the label is measured."""


def surrogate_labels(images: "NDArray[np.uint8]", classes: int) -> "NDArray[np.intp]":
    """`SURROGATES` labels of each image, drawn by chance from its pixels, ints [SURROGATES, n]."""
    return (
        np.array(
            [
                np.random.default_rng(zlib.crc32(image.tobytes())).integers(
                    classes, size=SURROGATES
                )
                for image in images
            ]
        )
        .reshape(-1, SURROGATES)
        .T
    )
