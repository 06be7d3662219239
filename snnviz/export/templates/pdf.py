"""PDF files of one kind: matplotlib writes the file once, an image costs its picture.

The picture's object goes to the end, where its length moves nothing but the table of offsets.
"""

import re
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from snnviz.export.rendering import PDF_SCALE, render
from snnviz.export.templates import deflate
from snnviz.export.templates.chunks import chunk, png_head
from snnviz.export.templates.pixels import enlarge, pack_pixels, to_codes, to_rgb

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.export.templates.kind import Kind, Writer
    from snnviz.export.templates.pixels import Bytes, Codes

_FILE_END = re.compile(
    rb"xref\n0 \d+\n((?:\d{10} \d{5} [nf] \n)+)(trailer.*)startxref\n(\d+)\n%%EOF\n?\Z", re.DOTALL
)
_NUMBER = re.compile(rb"/(Width|Height|Predictor|Colors|BitsPerComponent) (\d+)")
_LENGTH = re.compile(rb"/Length (\d+) 0 R >>\nstream\n")
_STREAM = re.compile(rb"\d+ 0 obj\n(<<.*?>>)\nstream\n(.*)\nendstream\nendobj\n\Z", re.DOTALL)
_PALETTE = re.compile(rb"/Indexed /DeviceRGB \d+ \((.*)\) \]", re.DOTALL)
# What is written with a backslash in a string (PDF 32000-1, 7.3.4.2) stands for itself, but these.
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r"}
_UP = 2


class _Frame(NamedTuple):
    """A PDF file without its picture.

    Attributes:
        before: All other objects.
        number: The picture's object number.
        upright: Whether its rows run from top to bottom.
        offsets: The table of offsets, with the picture's object right behind `before`.
        trailer: What follows the table.
    """

    before: bytes
    number: int
    upright: bool
    offsets: bytes
    trailer: bytes


def build_pdf(kind: "Kind", figure: "Figure") -> "Writer | None":
    """What turns maps into the file that matplotlib writes; None where their picture is not in it.

    The picture is stored as matplotlib stores it, see `snnviz.export.rendering`.

    Args:
        kind: What is known of the kind.
        figure: The figure of its pattern, as it comes from `snnviz.figures`.
    """
    if len(kind.color_tables.colors) > 256:
        return None
    picture = enlarge(kind.codes(kind.pattern), PDF_SCALE)
    frame = _take_apart(render(figure, "pdf"), picture)
    return None if frame is None else _PdfTemplate(kind, frame)


class _PdfTemplate:
    """The PDF file with room for the picture."""

    def __init__(self, kind: "Kind", frame: _Frame) -> None:
        self._kind = kind
        self._frame = frame

    def __call__(self, maps: "Bytes", keys: list[int]) -> bytes:
        """The file that shows these maps."""
        canvas, palette, bits = self._kind.indexed(maps, keys)
        rows = _enlarged(canvas if self._frame.upright else canvas[::-1], bits)
        stream = deflate.compress(rows.data)
        height, width = (side * PDF_SCALE for side in canvas.shape)
        colors = to_rgb(palette).tobytes().hex()
        head = (
            f"{self._frame.number} 0 obj\n"
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height}\n"
            f"/ColorSpace [ /Indexed /DeviceRGB {len(palette) - 1} <{colors}> ]\n"
            f"/BitsPerComponent {bits} /Filter /FlateDecode\n"
            f"/DecodeParms << /Predictor 15 /Colors 1 /Columns {width} "
            f"/BitsPerComponent {bits} >>\n"
            f"/Length {len(stream)} >>\nstream\n"
        )
        body = b"".join((self._frame.before, head.encode(), stream, b"\nendstream\nendobj\n"))
        return b"".join(
            (
                body,
                self._frame.offsets,
                self._frame.trailer,
                b"startxref\n%d\n%%%%EOF\n" % len(body),
            )
        )


def _enlarged(canvas: "Bytes", bits: int) -> "Bytes":
    """The packed rows of the enlarged picture, each behind its PNG filter.

    A row's repetition is a difference of 0 to the row above.
    """
    if bits == 8:
        packed = canvas.repeat(PDF_SCALE, axis=1)
    else:  # equal pixels beside each other are one pixel of more bits
        several = sum(1 << bits * n for n in range(PDF_SCALE))
        packed = pack_pixels(canvas * np.uint8(several), bits * PDF_SCALE)
    rows = np.zeros((len(packed), PDF_SCALE, 1 + packed.shape[1]), np.uint8)
    rows[:, 0, 1:] = packed
    rows[:, 1:, 0] = _UP
    return rows


def _take_apart(data: bytes, picture: "Codes") -> _Frame | None:
    """The file without the one object that shows `picture`; None where it is not just one."""
    end = _FILE_END.search(data)
    if end is None:
        return None
    entries = [line.split() for line in end[1].splitlines()]
    offsets = {n: int(entry[0]) for n, entry in enumerate(entries) if entry[2] == b"n"}
    order = sorted(offsets, key=offsets.__getitem__)
    bounds = [*(offsets[n] for n in order), end.start()]
    objects = {n: data[bounds[i] : bounds[i + 1]] for i, n in enumerate(order)}
    ways = {n: _shows(body, picture) for n, body in objects.items()}
    found = [n for n, upright in ways.items() if upright is not None]
    if len(found) != 1:
        return None
    number = found[0]
    # matplotlib keeps a stream's length in an object of its own.
    length = _LENGTH.search(objects.pop(number))
    if length is not None:
        del objects[int(length[1])]
    return _put_together(data[: bounds[0]], objects, number, bool(ways[number]), end[2])


def _put_together(
    head: bytes, objects: dict[int, bytes], number: int, upright: bool, trailer: bytes
) -> _Frame:
    """The frame of these objects, and of the picture's behind them."""
    offsets = {}
    position = len(head)
    for n, body in objects.items():
        offsets[n] = position
        position += len(body)
    offsets[number] = position
    size = max(offsets) + 1
    free = [n for n in range(size) if n not in offsets]
    # Free entries are a ring: each names the next one (PDF 32000-1, 7.5.4).
    following = dict(zip(free, [*free[1:], 0], strict=True))
    table = [
        f"{offsets[n]:010d} 00000 n \n"
        if n in offsets
        else f"{following[n]:010d} {65535 if n == 0 else 1:05d} f \n"
        for n in range(size)
    ]
    return _Frame(
        head + b"".join(objects.values()),
        number,
        upright,
        f"xref\n0 {size}\n{''.join(table)}".encode(),
        trailer,
    )


def _shows(body: bytes, picture: "Codes") -> bool | None:
    """Whether this object shows `picture` upright (True), on its head (False) or not (None)."""
    stream = _STREAM.match(body)
    if stream is None or b"/Subtype /Image" not in stream[1] or b"/SMask" in stream[1]:
        return None
    numbers = {name: int(value) for name, value in _NUMBER.findall(stream[1])}
    height, width = picture.shape
    if (numbers.get(b"Width"), numbers.get(b"Height")) != (width, height):
        return None
    pixels = _decode(stream[1], stream[2], width, height)
    if pixels is not None:
        for upright in (True, False):
            if np.array_equal(picture if upright else picture[::-1], pixels):
                return upright
    return None


def _decode(head: bytes, stream: bytes, width: int, height: int) -> "Codes | None":
    """The colours of an image object; None where it is coded in another way than matplotlib's."""
    numbers = {name: int(value) for name, value in _NUMBER.findall(head)}
    bits, colors = numbers.get(b"BitsPerComponent", 8), numbers.get(b"Colors", 1)
    indexed = _PALETTE.search(head)
    if numbers.get(b"Predictor", 1) < 10 or colors != (1 if indexed else 3):
        return None
    palette = None
    if indexed:
        text = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), indexed[1])
        opaque = np.full((len(text) // 3, 4), 255, np.uint8)
        opaque[:, :3] = np.frombuffer(text, np.uint8).reshape(-1, 3)
        palette = to_codes(opaque)
    # With such a predictor the stream is just what a PNG file holds.
    file = png_head(width, height, bits, palette) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    with Image.open(BytesIO(file)) as image:
        return to_codes(np.asarray(image.convert("RGBA")))
