"""A figure as the bytes of a file, by matplotlib."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from snnviz.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

# What keeps the bytes of each format free of dates and versions.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
}


def render(figure: "Figure", form: str) -> bytes:
    """The figure as a file of that format; the same figure gives the same bytes.

    Args:
        figure: What to draw.
        form: "png", "svg" or "pdf".
    """
    buffer = BytesIO()
    # SVG names its parts after a salt that is random otherwise. The user's own settings must not
    # crop the figure, whose pixels are laid out on whole numbers.
    # SVG tells its viewers to keep pixels crisp, so there the picture goes in at its own size.
    with (
        mpl.rc_context({"svg.hashsalt": "snnviz", "savefig.bbox": None, "pdf.compression": 9}),
        _interpolation(figure, "none" if form == "svg" else None),
    ):
        figure.savefig(buffer, format=form, dpi=figure.dpi, **_METADATA[form])
    return buffer.getvalue()


def write_figure(figure: "Figure", path: "Path") -> "Path":
    """`path`, which holds the figure afterwards, in the format that its suffix names.

    Args:
        figure: What to draw.
        path: A file that ends with .png, .svg or .pdf.

    Raises:
        ExportError: The folder cannot be written to, or the disk is full.
    """
    return write_bytes(render(figure, path.suffix.removeprefix(".")), path)


@contextmanager
def _interpolation(figure: "Figure", name: str | None) -> Iterator[None]:
    """In here the figure's pictures are interpolated so; None: as they are."""
    images = [image for axes in figure.axes for image in axes.images]
    before = [image.get_interpolation() for image in images]
    for image in images if name is not None else ():
        image.set_interpolation(name)
    yield
    for image, former in zip(images, before, strict=True):
        image.set_interpolation(former)
