"""Garments drawn by the package: the ten classes of Fashion-MNIST with no file and no network."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.data.fashion_mnist import CLASSES
from snnviz.data.garments.bag import bag
from snnviz.data.garments.canvas import DRAWS, SIDE, Sheet
from snnviz.data.garments.clothes import coat, dress, pullover, shirt, trouser, tshirt
from snnviz.data.garments.shoes import ankle_boot, sandal, sneaker
from snnviz.data.images import ImageSet
from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from snnviz.data.fashion_mnist import Split

__all__ = ["garments"]

DRAWINGS: "dict[str, Callable[[Sheet], None]]" = {
    "Ankle boot": ankle_boot,
    "T-shirt/top": tshirt,
    "Sandal": sandal,
    "Trouser": trouser,
    "Bag": bag,
    "Dress": dress,
    "Sneaker": sneaker,
    "Pullover": pullover,
    "Shirt": shirt,
    "Coat": coat,
}
"""What draws each class, in the order in which the classes take turns."""

_ORDER = np.array([CLASSES.index(name) for name in DRAWINGS], dtype=np.uint8)
_BLOCK = len(DRAWINGS)
_CHUNK = 48  # blocks drawn at once: a class's 48 pictures stay in the cache, memory stays flat
_SPLITS = {"train": 0, "test": 1}
_EDITION = 1  # of the drawings; a new one keeps old pictures from passing for new


def garments(count: int, split: "Split" = "test", *, seed: int = 0) -> ImageSet:
    """Drawn garments, 28 x 28, grey on black, in the classes of Fashion-MNIST.

    The classes take turns, so every ten images from a multiple of ten on hold each class once.
    Image i depends on `split`, `seed` and i alone: a smaller set is the beginning of a larger one.

    The same bytes come out everywhere: the random numbers are PCG64's uniform draws, and the
    drawing uses only operations that IEEE 754 rounds correctly (``+ - * /``, sqrt, comparisons,
    rounding), one array operation each, so that neither the width of vectors nor a fused
    multiply-add nor the order of a sum can change a bit.

    Args:
        count: How many images, 1 or more.
        split: "train" or "test": two sets that share no picture.
        seed: Not negative; another seed draws other pictures.

    Raises:
        ConfigError: `count` is below 1, `seed` is negative, or there is no such split.

    Example:
        >>> images = snnviz.garments(4)
        >>> [sample.class_name for sample in images.samples(range(4))]
        ['Ankle boot', 'T-shirt/top', 'Sandal', 'Trouser']
    """
    if count < 1:
        raise ConfigError(f"cannot draw {count} garments; ask for 1 or more")
    if seed < 0:
        raise ConfigError(f"the seed of the garments is {seed}; choose 0 or more")
    if split not in _SPLITS:
        raise ConfigError(f"garments have no split {split!r}; choose 'train' or 'test'")
    blocks = -(-count // _BLOCK)
    images = np.empty((blocks * _BLOCK, SIDE, SIDE), dtype=np.uint8)
    for some in batches(blocks, _CHUNK):
        drawn = range(blocks)[some]
        images[some.start * _BLOCK : some.stop * _BLOCK] = _draw_blocks(drawn, split, seed)
    return ImageSet("garments", images[:count], np.resize(_ORDER, count), CLASSES)


def _draw_blocks(blocks: range, split: "Split", seed: int) -> "NDArray[np.uint8]":
    """The images of these blocks, uint8 [10 len(blocks), 28, 28]."""
    draws = np.stack([_draws(block, split, seed) for block in blocks])
    images = np.empty((len(blocks), _BLOCK, SIDE, SIDE), dtype=np.uint8)
    for place, draw in enumerate(DRAWINGS.values()):
        sheet = Sheet(draws[:, place])
        draw(sheet)
        images[:, place] = sheet.finish()
    return images.reshape(-1, SIDE, SIDE)


def _draws(block: int, split: "Split", seed: int) -> "NDArray[np.float64]":
    """All that is random in one block of ten images, uniform in [0, 1), float64 [10, DRAWS]."""
    entropy = np.random.SeedSequence([_EDITION, _SPLITS[split], seed, block])
    return np.random.Generator(np.random.PCG64(entropy)).random((_BLOCK, DRAWS))
