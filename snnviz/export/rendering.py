"""A figure as the bytes of a file, by matplotlib."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from io import BytesIO
from threading import RLock
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from snnviz.export.templates.pixels import enlarge
from snnviz.figures.fonts import fit_fonts, known_missing
from snnviz.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

# SVG tells its viewers to keep pixels crisp, so there a picture goes in at its own size. Viewers of
# PDF that are built on poppler smooth what they enlarge less than four times, from the middle of
# one pixel to that of the next: with every pixel a block of 2 x 2 the edges alone.
PDF_SCALE = 2

# What keeps the bytes of each format free of dates and versions.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
}
# SVG names its parts after a salt that is random otherwise. The user's own settings must not crop
# the figure, whose pixels are laid out on whole numbers.
_SETTINGS: Any = {
    "svg.hashsalt": "snnviz",
    "savefig.bbox": None,
    "pdf.compression": 9,
    "pdf.fonttype": 42,
}
# Pixels of figures that take more memory than it takes time to look for them.
_LARGE = 1 << 22
# matplotlib warns when this one is set.
_UNTOUCHED = {"backend"}

MATPLOTLIB = RLock()
"""Held by the thread that draws with matplotlib, whose settings are those of the whole process."""


@contextmanager
def settled() -> Iterator[None]:
    """In here matplotlib is as it comes, whatever the caller or a matplotlibrc has set.

    Worker processes know nothing of the caller's settings, and files are to be the same with and
    without them. One thread at a time is in here.
    """
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _UNTOUCHED}
    with MATPLOTLIB, mpl.rc_context(defaults):
        yield


def render(figure: "Figure", form: str, *, svg_text: bool = False) -> bytes:
    """The figure as a file of that format; the same figure gives the same bytes.

    PDF embeds its fonts as TrueType (Type 42), which publishers take; Type 3 many refuse.

    Args:
        figure: What to draw.
        form: "png", "svg" or "pdf".
        svg_text: Keep text in SVG as text, which can be searched and edited and looks as the
            viewer's fonts do, instead of as outlines, which look alike everywhere.
    """
    buffer = BytesIO()
    fit_fonts(figure)
    with (
        MATPLOTLIB,
        _bare_fonts() if form == "pdf" else nullcontext(),
        mpl.rc_context(_SETTINGS | {"svg.fonttype": "none" if svg_text else "path"}),
        _embedded(figure, form),
        known_missing(),
    ):
        figure.savefig(buffer, format=form, dpi=figure.dpi, **_METADATA[form])
    return buffer.getvalue()


def write_figure(figure: "Figure", path: "Path", *, svg_text: bool = False) -> "Path":
    """`path`, which holds the figure afterwards, in the format that its suffix names.

    Args:
        figure: What to draw.
        path: A file that ends with .png, .svg or .pdf.
        svg_text: See `render`.

    Raises:
        ExportError: The folder cannot be written to, or the disk is full.
    """
    return write_bytes(render(figure, path.suffix.removeprefix("."), svg_text=svg_text), path)


def render_figures(
    figures: Mapping[str, "Figure"], formats: Iterable[str], *, svg_text: bool = False
) -> dict[str, bytes]:
    """Each figure in each format, by the name of its file.

    Args:
        figures: What to draw, by name.
        formats: "png", "svg" or "pdf".
        svg_text: See `render`.
    """
    forms = list(dict.fromkeys(formats))
    return {
        f"{name}.{form}": render(figure, form, svg_text=svg_text)
        for name, figure in figures.items()
        for form in forms
    }


def let_go(pixels: int) -> None:
    """Free figures of so many pixels that nobody uses any more, where they are large.

    Figures refer to themselves in circles, so that several could stay until Python looks for such.
    """
    if pixels > _LARGE:
        gc.collect()


@contextmanager
def _bare_fonts() -> Iterator[None]:
    """In here fonts are embedded without their rules for composing text, which is composed by then.

    To cut those rules down to some letters takes most of the time of a PDF.
    """
    from fontTools import subset  # noqa: PLC0415 - for PDF alone

    usual = subset.Options

    def bare(**settings: Any) -> Any:
        options = usual(**settings)
        options.drop_tables += ["GSUB", "GPOS", "GDEF", "MATH"]
        return options

    subset.Options = bare
    try:
        yield
    finally:
        subset.Options = usual


@contextmanager
def _embedded(figure: "Figure", form: str) -> Iterator[None]:
    """In here the figure's pictures go into the file pixel by pixel, where `form` is no raster."""
    images = [image for axes in figure.axes for image in axes.images if form != "png"]
    before = [
        (image.get_array(), image.get_extent(), image.get_interpolation()) for image in images
    ]
    scale = PDF_SCALE if form == "pdf" else 1
    for image, (data, extent, _) in zip(images, before, strict=True):
        assert data is not None  # noqa: S101 - imshow gives every picture its data
        image.set_data(enlarge(data, scale))
        image.set_extent(extent)
        image.set_interpolation("none")
    yield
    for image, (data, extent, interpolation) in zip(images, before, strict=True):
        image.set_data(data)
        image.set_extent(extent)
        image.set_interpolation(interpolation)
