"""PNG files of one kind: the frame is packed once, an image costs its picture."""

import struct
from threading import local
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from snnviz.export.templates import deflate
from snnviz.export.templates.chunks import chunk, png_head
from snnviz.export.templates.painting import PngPlace, compose, png_rows
from snnviz.export.templates.pixels import to_codes, to_rgb

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.export.templates.kind import Kind, Writer
    from snnviz.export.templates.pixels import Bytes, Codes, MapGrid

_ZLIB_HEADER = b"\x78\x01"
# Filters of the PNG specification, section 9.2: a row as it is, or its difference to that above.
_NONE, _UP = 0, 2


def build_png(kind: "Kind", figure: "Figure") -> "Writer | None":
    """What turns maps into the file that matplotlib draws; None where it draws them otherwise.

    Each pixel of the maps must be a block of its colour, in the place of the figure's axes.

    Args:
        kind: What is known of the kind.
        figure: The figure of its pattern, as it comes from `snnviz.figures`.
    """
    if len(kind.color_tables.colors) > 256:
        return None
    raster, top, left = _draw(figure)
    if not _shows(kind, raster, top, left):
        return None
    return _PngTemplate(kind, raster, top, left, figure.dpi)


class _PngTemplate:
    """The PNG file with room for the picture."""

    def __init__(self, kind: "Kind", raster: "Codes", top: int, left: int, dpi: float) -> None:
        self._kind = kind
        palette = np.unique(np.append(_runs(raster)[0], kind.color_tables.colors))
        self._palette = palette if len(palette) <= 256 else None
        self._channels = 1 if self._palette is not None else 3
        bottom = top + kind.grid.layout.shape[0] * kind.scale
        pixels = self._samples(raster).reshape(len(raster), -1)
        filtered = _filter(pixels, _filters(kind.grid, kind.scale, top, len(pixels)))
        self._body = filtered[top:bottom].copy()
        # Places in the file's palette; or in that of the picture alone, to be looked up after.
        self._own = kind.color_tables.colors if self._palette is None else self._palette
        self._tables: dict[int, bytes] = {}
        self._channel_tables: list[bytes | None] = [None]
        if self._palette is None:
            own = np.pad(self._own, (0, 256 - len(self._own)))
            self._channel_tables = [column.tobytes() for column in to_rgb(own).T]
        self._place = self._find_place(left)
        # Each thread fills rows of its own.
        self._rooms = local()
        above, below = filtered[:top], filtered[bottom:]
        self._head = png_head(raster.shape[1], len(raster), 8, self._palette, dpi) + chunk(
            b"IDAT", _ZLIB_HEADER + deflate.pack_once(above.data, last=False)
        )
        self._tail = deflate.pack_once(below.data, last=True)
        self._sums = deflate.adler32(above.data), deflate.adler32(below.data), below.size

    def __call__(self, maps: "Bytes", keys: list[int]) -> bytes:
        """The file that shows these maps."""
        for key in set(keys) - self._tables.keys():
            self._tables[key] = self._table(key)
        body = self._room()
        grid = self._kind.grid
        checksum = png_rows(grid, maps, keys, self._tables, self._place, body)
        if checksum is None:
            self._fill(body, maps, keys)
            checksum = deflate.adler32(body.data)
        above, below, length = self._sums
        checksum = deflate.join_adler32(above, checksum, body.size)
        checksum = deflate.join_adler32(checksum, below, length)
        return b"".join(
            (
                self._head,
                chunk(b"IDAT", deflate.pack(body.data)),
                chunk(b"IDAT", self._tail + struct.pack(">I", checksum)),
                chunk(b"IEND", b""),
            )
        )

    def _room(self) -> "Bytes":
        """This thread's rows, with all that is not of maps."""
        if not hasattr(self._rooms, "body"):
            self._rooms.body = self._body.copy()
        body: Bytes = self._rooms.body
        return body

    def _table(self, key: int) -> bytes:
        """What each byte of maps with that key is in the file, 256 bytes for each channel."""
        table = self._kind.color_tables.tables([key], self._own)[key]
        return b"".join(
            table if channel is None else table.translate(channel)
            for channel in self._channel_tables
        )

    def _fill(self, body: "Bytes", maps: "Bytes", keys: list[int]) -> None:
        """Put the maps into the body, in NumPy."""
        grid, gap = self._kind.grid, self._kind.color_tables.gap
        for channel, targets in enumerate(self._targets(body, self._place.left)):
            part = slice(256 * channel, 256 * (channel + 1))
            tables = {key: self._tables[key][part] for key in set(keys)}
            fill = int(self._samples(gap.reshape(1, 1))[0, 0, channel])
            rows = grid.map_rows(compose(grid, maps, keys, tables, fill))
            # The gap between maps is static: it ends as a difference of 0, but for the first row of
            # each map, which is stored as it is.
            steps = rows.copy()
            np.subtract(rows[:, 1:], rows[:, :-1], out=steps[:, 1:])
            for target in targets:
                target[...] = steps

    def _samples(self, codes: "Codes") -> "Bytes":
        """What stands in the file for each of these colours, uint8 [..., channels]."""
        if self._palette is None:
            return to_rgb(codes)
        colors, lengths = _runs(codes)
        samples = np.searchsorted(self._palette, colors).astype(np.uint8).repeat(lengths)
        return samples.reshape(*codes.shape, 1)

    def _find_place(self, left: int) -> PngPlace:
        """Where the picture lies in the body."""
        layout, channels = self._kind.grid.layout, self._channels
        place = PngPlace(1 + left * channels, self._kind.scale, channels, 0)
        empty = self._body.copy()
        every = np.ones((self._kind.grid.count, layout.height, layout.width), bool)
        shown = self._kind.grid.map_rows(self._kind.grid.compose(every, 0))
        for targets in self._targets(empty, place.left):
            for target in targets:
                target[shown] = 0
        return place._replace(adler=deflate.adler32(empty.data))

    def _targets(self, body: "Bytes", left: int) -> "list[list[Bytes]]":
        """Views of a body, for each channel and each repetition of a pixel: all maps' rows."""
        scale, channels = self._kind.scale, self._channels
        rows, columns = self._kind.grid.layout.shape
        # Of the repeated rows only the first holds pixels, the others a difference of 0.
        first = self._kind.grid.map_rows(body.reshape(rows, scale, -1)[:, 0])
        return [
            [
                first[..., left + n * channels + channel :: scale * channels][..., :columns]
                for n in range(scale)
            ]
            for channel in range(channels)
        ]


def _runs(codes: "Codes") -> "tuple[Codes, NDArray[np.intp]]":
    """The colours of equal neighbours, row by row, and how many there are of each."""
    flat = codes.reshape(-1)
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    return flat[starts], np.diff(starts, append=flat.size)


def _draw(figure: "Figure") -> "tuple[Codes, int, int]":
    """The pixels that matplotlib draws, and row and column of the picture's first one."""
    # What `render` has written as PNG, without packing and unpacking it.
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    raster = to_codes(np.asarray(canvas.buffer_rgba()))
    box = figure.axes[0].bbox
    return raster, round(len(raster) - box.y1), round(box.x0)


def _shows(kind: "Kind", raster: "Codes", top: int, left: int) -> bool:
    """Whether the picture lies there, opaque, and its map pixels are what the pattern says."""
    place = kind.grid.layout
    height, width = (side * kind.scale for side in place.shape)
    picture = raster[top : top + height, left : left + width]
    opaque = (raster.view(np.uint8)[:, 3::4] == 255).all()
    if min(top, left) < 0 or picture.shape != (height, width) or not opaque:
        return False
    # Labels stand above the maps, so that only rows with maps must be free of anything else.
    shown = kind.grid.map_rows(picture.reshape(place.shape[0], kind.scale, width))
    return all(
        bool((some == np.repeat(codes, kind.scale, axis=1)[:, np.newaxis]).all())
        for some, codes in zip(shown, kind.rows_of_codes(kind.pattern), strict=True)
    )


def _filters(grid: "MapGrid", scale: int, top: int, height: int) -> "Bytes":
    """The filter of each row of the file.

    A picture row is repeated `scale` times: "up" makes the repetitions zeros. Within a map it also
    is best for the first of them. It is not to be used in the row under a map, where it would make
    the gap depend on the map.
    """
    rows = grid.layout.shape[0]
    within = np.full((rows, scale), _UP, dtype=np.uint8)
    within[:, 0] = _NONE
    grid.map_rows(within)[:, 1:] = _UP
    filters = np.full(height, _UP, dtype=np.uint8)
    filters[0] = _NONE
    box = rows * scale
    filters[top : top + box] = within.ravel()
    # The last row above belongs to the frame; what follows the picture may not refer to it either.
    filters[top + box : top + box + 1] = _NONE
    return filters


def _filter(pixels: "Bytes", filters: "Bytes") -> "Bytes":
    """The rows [H, n] as they stand in a file, [H, 1 + n]: the filter, then what it made."""
    filtered = np.empty((len(pixels), 1 + pixels.shape[1]), dtype=np.uint8)
    filtered[:, 0] = filters
    filtered[:, 1:] = pixels
    up = np.flatnonzero(filters == _UP)
    filtered[up, 1:] = pixels[up] - pixels[up - 1]
    return filtered
