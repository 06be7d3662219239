"""SVG files of one kind: matplotlib writes the file once, an image costs its picture."""

import base64
import binascii
import re
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from snnviz.export.rendering import render
from snnviz.export.templates.chunks import small_png
from snnviz.export.templates.pixels import pack_pixels, to_codes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.export.templates.kind import Kind, Writer
    from snnviz.export.templates.pixels import Bytes

_PAYLOAD = re.compile(rb"(?<=data:image/png;base64,)\s*([\w+/=\s]+)")


def build_svg(kind: "Kind", figure: "Figure", *, text: bool = False) -> "Writer | None":
    """What turns maps into the file that matplotlib writes; None where their picture is not in it.

    The name of the picture's element, which matplotlib makes from the pixels, stays the same.

    Args:
        kind: What is known of the kind.
        figure: The figure of its pattern, as it comes from `snnviz.figures`.
        text: Keep text as text, see `snnviz.export.render`.
    """
    if len(kind.color_tables.colors) > 256:
        return None
    codes = kind.codes(kind.pattern)
    file = render(figure, "svg", svg_text=text)
    found = [match for match in _PAYLOAD.finditer(file) if np.array_equal(_decode(match[1]), codes)]
    if len(found) != 1:
        return None
    before, after = file[: found[0].start(1)], file[found[0].end(1) :]

    def write(maps: "Bytes", keys: list[int]) -> bytes:
        canvas, palette, bits = kind.indexed(maps, keys)
        picture = small_png(pack_pixels(canvas, bits), canvas.shape[1], bits, palette)
        return b"".join((before, binascii.b2a_base64(picture, newline=False), after))

    return write


def _decode(payload: bytes) -> "np.ndarray[tuple[int, int], np.dtype[np.uint32]]":
    with Image.open(BytesIO(base64.b64decode(payload))) as picture:
        return to_codes(np.asarray(picture.convert("RGBA")))
