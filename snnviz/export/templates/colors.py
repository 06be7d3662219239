"""Which colour each byte of a map is drawn in: what a figure's own colour map says, in a table."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from snnviz.export.templates.pixels import to_codes
from snnviz.figures.input_image import to_shades
from snnviz.figures.levels import diagonals
from snnviz.grid import GAP, SILENT, normalize_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from snnviz.export.templates.pixels import Bytes, Codes
    from snnviz.grid import Normalize


class ColorTables(ABC):
    """The colours of a kind of picture.

    Attributes:
        gap: The colour between maps.
        colors: All colours that a picture of this kind can have, sorted, each once.
    """

    gap: np.uint32
    colors: "Codes"

    @abstractmethod
    def prepare(self, maps: "Bytes") -> "tuple[Bytes, list[int]]":
        """`maps` [K, H, W] as the tables take them, and for each which table it is drawn by."""

    @abstractmethod
    def colors_of(self, key: int) -> "Codes":
        """The colour of each byte, uint32 [256], in maps with this key."""

    def palette(self, keys: "Sequence[int]") -> "Codes":
        """The gap's colour and all that maps with these keys can have, sorted, each once."""
        return np.unique(np.concatenate([[self.gap], *map(self.colors_of, keys)]).astype("<u4"))

    def tables(self, keys: "Sequence[int]", palette: "Codes") -> dict[int, bytes]:
        """For each key the place in `palette`, of at most 256 colours, of each byte's colour."""
        return {
            key: np.searchsorted(palette, self.colors_of(key)).astype(np.uint8).tobytes()
            for key in keys
        }


class CountColors(ColorTables):
    """The colours of spike counts; a map's smallest and largest count say which table it takes."""

    def __init__(self, image: "AxesImage", *, t: int, T: int, normalize: "Normalize") -> None:
        """Tabulate.

        Args:
            image: The picture in a figure of this kind.
            t: See `snnviz.grid.normalize_counts`, like all that follow; t + 1 is below 256.
            T: Number of time steps.
            normalize: The scale.
        """
        self._top = t + 1
        self._T = T
        self._normalize = normalize
        values = [
            np.unique(self._values(low, np.arange(low, self._top + 1)))
            for low in range(self._top + 1)
        ]
        # Only these numbers are asked about: an image that is kept would keep the figure alive.
        self._known = np.unique(np.concatenate(values))
        self._codes = to_codes(image.to_rgba(self._known, bytes=True))
        self.gap = to_codes(image.to_rgba(np.array([GAP]), bytes=True))[0]
        self._silent = to_codes(image.to_rgba(np.array([SILENT]), bytes=True))[0]
        self.colors = np.unique([*self._codes, self.gap, self._silent])
        self._crossed: dict[tuple[int, ...], Bytes] = {}

    def prepare(self, maps: "Bytes") -> "tuple[Bytes, list[int]]":
        """The maps, silent and saturated ones crossed, and each one's least and largest count.

        The two are one number, the least count in its higher byte.
        """
        flat = maps.reshape(len(maps), -1)
        keys = flat.min(axis=1) * np.uint32(256) + flat.max(axis=1)
        special = [(keys == 0, 0), (keys == self.saturated, 1)]
        if any(where.any() for where, _ in special):
            maps = maps.copy()
            for where, kind in special:
                maps[where] = self._lines(maps.shape[1:])[kind]
        found: list[int] = keys.tolist()
        return maps, found

    @property
    def saturated(self) -> int:
        """The key of maps with a spike in every step everywhere; that of silent ones is 0."""
        return self._top * 257

    def _lines(self, shape: tuple[int, ...]) -> "Bytes":
        """A silent and a saturated map with the counts of others where they are crossed."""
        if shape not in self._crossed:
            once, twice = diagonals(*shape)
            lines = [np.where(once, 1, 0), np.where(twice, 0, self._top)]
            self._crossed[shape] = np.stack(lines).astype(np.uint8)
        return self._crossed[shape]

    def colors_of(self, key: int) -> "Codes":
        """The colour of each count, uint32 [256]; only those that such a map has are true."""
        low, high = divmod(key, 256)
        values = self._values(low, np.array([high]))[0]
        codes: Codes = np.full(256, self.gap)
        codes[: len(values)] = self._codes[np.searchsorted(self._known, values)]
        # What other counts would be stands for the lines across such a map.
        if key == 0:
            codes[1] = self.gap
        elif key == self.saturated:
            codes[0] = self._silent
        return codes

    def _values(self, low: int, highs: "NDArray[np.int_]") -> "NDArray[np.float32]":
        """What `normalize_counts` makes of 0..t+1, held within `low` and each of `highs`."""
        counts = np.arange(self._top + 1).clip(low, highs[:, np.newaxis])
        maps = normalize_counts(
            counts[:, np.newaxis], t=self._top - 1, T=self._T, normalize=self._normalize
        )
        return maps[:, 0]


class ImageColors(ColorTables):
    """The colours of an image's own grey levels: one table for all."""

    def __init__(self, image: "AxesImage") -> None:
        """Tabulate.

        Args:
            image: The picture in a figure of this kind.
        """
        shades = to_shades(np.arange(256, dtype=np.uint8))
        self._codes: Codes = to_codes(image.to_rgba(shades, bytes=True))
        self.gap = self._codes[0]
        self.colors = np.unique(self._codes)

    def prepare(self, maps: "Bytes") -> "tuple[Bytes, list[int]]":
        """The maps as they are, and the one table."""
        return maps, [0] * len(maps)

    def colors_of(self, key: int) -> "Codes":  # noqa: ARG002
        """The colour of each byte, uint32 [256]."""
        return self._codes
