"""A kind of figure: all that is the same whichever maps it shows."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from snnviz.export.templates.painting import compose
from snnviz.export.templates.pixels import bits_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from snnviz.export.templates.colors import ColorTables
    from snnviz.export.templates.pixels import Bytes, Codes, MapGrid

    Writer = Callable[[Bytes, list[int]], bytes]
    """What turns maps and the tables that they are drawn by into a file."""

# Images of a set share their extremes, so that few combinations make up most of it.
_REMEMBERED = 1000


def pattern_of(count: int, height: int, width: int, top: int) -> "Bytes":
    """Maps [count, height, width] that look different on their head, where any can."""
    pattern = np.full((count, height, width), top, dtype=np.uint8)
    pattern[0, 0] = 0
    return pattern


@dataclass(frozen=True)
class Kind:
    """How matplotlib draws a kind of figure, and what is known of its picture.

    Attributes:
        grid: Where the maps lie.
        color_tables: Their colours.
        scale: Output pixels per pixel.
        top: The largest value of a map's pixel.
    """

    grid: "MapGrid"
    color_tables: "ColorTables"
    scale: int
    top: int
    _memory: "dict[tuple[int, ...], tuple[Codes, dict[int, bytes], int]]" = field(
        default_factory=dict, repr=False
    )

    @property
    def pattern(self) -> "Bytes":
        """The maps that the first figures show, see `pattern_of`."""
        place = self.grid.layout
        return pattern_of(self.grid.count, place.height, place.width, self.top)

    def codes(self, maps: "Bytes") -> "Codes":
        """The picture as the figure shows it, a colour a pixel, uint32 [rows, columns]."""
        place = self.grid.layout
        codes: Codes = np.full(place.shape, self.color_tables.gap)
        for rows, some in zip(self.grid.map_rows(codes), self.rows_of_codes(maps), strict=True):
            rows[:] = some
        return codes

    def rows_of_codes(self, maps: "Bytes") -> "Iterator[Codes]":
        """The same of the rows with maps in them, [H, columns] for each row of the grid."""
        maps, keys = self.color_tables.prepare(maps)
        place = replace(self.grid.layout, rows=1, strip=0)
        for row in range(self.grid.layout.rows):
            few = slice(row * place.columns, (row + 1) * place.columns)
            codes: Codes = np.full(place.shape, self.color_tables.gap)[place.gap :][: place.height]
            for column, (key, one) in enumerate(zip(keys[few], maps[few], strict=True)):
                left = place.corner(column)[1]
                codes[:, left : left + place.width] = self.color_tables.colors_of(key)[one]
            yield codes

    def indexed(self, maps: "Bytes", keys: list[int]) -> "tuple[Bytes, Codes, int]":
        """The picture as places in a palette, that palette, and the bits that a place takes.

        The palette holds what maps with these extremes can have, often 2 or 10 colours of 26.

        Args:
            maps: What the color tables prepared, and
            keys: the tables that they are drawn by.
        """
        palette, tables, gap = self._settled(tuple(sorted(set(keys))))
        canvas = compose(self.grid, maps, keys, tables, gap)
        return canvas, palette, bits_for(len(palette))

    def _settled(self, keys: tuple[int, ...]) -> "tuple[Codes, dict[int, bytes], int]":
        """Palette, tables and the gap's place for maps with these keys; remembered."""
        found = self._memory.get(keys)
        if found is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            palette = self.color_tables.palette(keys)
            gap = int(np.searchsorted(palette, self.color_tables.gap))
            found = self._memory[keys] = palette, self.color_tables.tables(keys, palette), gap
        return found
