"""Figures as files: fonts, text and resolution, by matplotlib and by the fast writers alike."""

import re
import zlib
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from snnviz.export import FigureSetOptions, render, render_figures, write_figure, write_figure_sets
from snnviz.export.templates.figures import FeatureMapTemplate, InputTemplate
from snnviz.figures import feature_map_figure, input_figure, raster_figure
from tests.export.fonts import pdf_fonts

COUNTS = np.arange(24, dtype=np.uint8).reshape(4, 2, 3) % 9


@pytest.fixture
def figure():
    return raster_figure(np.eye(3), names=["one", "two", "three"], title=r"Spikes $S_\tau$")


def texts(svg):
    """What stands in the text elements of an SVG."""
    return "".join(
        re.findall(r">([^<>]+)<", " ".join(re.findall(r"<text.*?</text>", svg, re.DOTALL)))
    )


def test_pdfs_embed_truetype_fonts_whatever_the_caller_has_set(figure, tmp_path):
    with mpl.rc_context({"pdf.fonttype": 3}):
        assert pdf_fonts(render(figure, "pdf"), tmp_path) == {"Type 42"}
        figure.savefig(tmp_path / "theirs.pdf")  # the oracle can tell them apart
    assert pdf_fonts((tmp_path / "theirs.pdf").read_bytes(), tmp_path) == {"Type 3"}


def embedded(data):
    """The TrueType fonts in a PDF that matplotlib wrote."""
    number = re.compile(rb"/FontFile2 (\d+) 0 R")
    streams = [re.search(rb"\n%s 0 obj\n.*?stream\n(.*?)\nendstream" % found, data, re.DOTALL)[1]
               for found in number.findall(data)]  # fmt: skip
    return [TTFont(BytesIO(zlib.decompress(stream))) for stream in streams]


def test_pdfs_embed_letters_without_rules_for_composing_them(figure):
    """Those rules take most of the time to cut down, and nothing uses them in a PDF."""
    fonts = embedded(render(figure, "pdf"))
    theirs = BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(theirs, format="pdf")
    whole = embedded(theirs.getvalue())
    rules = {"GSUB", "GPOS", "GDEF", "MATH"}
    assert any(rules & set(font.keys()) for font in whole)  # the oracle can tell them apart
    assert not any(rules & set(font.keys()) for font in fonts)
    assert len(outlines(fonts)) > len(set("neuron: spikes"))
    assert outlines(fonts) <= outlines(whole)


def outlines(fonts):
    """The outlines of all letters, as the coordinates of their points."""
    return {
        tuple(map(tuple, font["glyf"][name].getCoordinates(font["glyf"])[0]))
        for font in fonts
        for name in font.getGlyphOrder()
    }


def test_the_fast_writers_embed_truetype_fonts(tmp_path):
    templates = [
        FeatureMapTemplate(COUNTS.shape, t=7, dpi=50, normalize="shared"),
        InputTemplate((2, 3)),
    ]
    for template, maps in zip(templates, (COUNTS, COUNTS[0]), strict=True):
        assert template.is_fast("pdf")
        assert pdf_fonts(template.render(maps, "pdf"), tmp_path) == {"Type 42"}


def test_pdfs_with_embedded_fonts_repeat():
    first, second = (render(feature_map_figure(COUNTS, t=7, dpi=50), "pdf") for _ in range(2))
    assert first == second


def test_text_in_svg_is_text_on_request(figure, tmp_path):
    outlines, text = (render(figure, "svg", svg_text=kept).decode() for kept in (False, True))
    assert not texts(outlines)
    assert "one: 1" in texts(text)
    assert "neuron: spikes" in texts(text)
    path = write_figure(figure, tmp_path / "raster.svg", svg_text=True)
    assert path.read_bytes().decode() == text
    assert render_figures({"a": figure}, ["svg"], svg_text=True)["a.svg"].decode() == text


def test_a_figure_set_keeps_text_in_all_its_svgs(encoder, samples, tmp_path):
    kinds = ("counts", "spikes", "raster", "kernels")
    for svg_text in (False, True):
        options = FigureSetOptions(
            2, formats=("svg",), kinds=kinds, dpi=50, sheet=True, svg_text=svg_text
        )
        out = tmp_path / str(svg_text)
        write_figure_sets(encoder, samples[:1], out, options)
        files = list(out.rglob("*.svg"))
        assert len(files) == 9
        assert all(bool(texts(file.read_text())) is svg_text for file in files)
        # Folders of runs before there was a choice can be gone on with.
        assert ("svg_text" in options.settings) is svg_text


@pytest.mark.parametrize("dpi", [73, 200])
def test_pngs_say_their_resolution(dpi):
    templates = [FeatureMapTemplate(COUNTS.shape, t=7, dpi=dpi), InputTemplate((2, 3), dpi=dpi)]
    figures = [feature_map_figure(COUNTS, t=7, dpi=dpi), input_figure(COUNTS[0], dpi=dpi)]
    for template, figure, maps in zip(templates, figures, (COUNTS, COUNTS[0]), strict=True):
        assert template.is_fast("png")
        for data in (template.render(maps, "png"), render(figure, "png")):
            with Image.open(BytesIO(data)) as image:
                assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
