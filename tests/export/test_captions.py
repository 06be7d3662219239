"""Captions: what stands in them, as text, as LaTeX and in SVG files."""

import json
import subprocess
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from snnviz import FigureSetOptions, Sample, load_encoder, write_figure_sets
from snnviz.export import Source, write_figure
from snnviz.export.captions import Captions, to_latex, with_alternative

IMAGE = np.arange(42, dtype=np.uint8).reshape(6, 7)
SAMPLE = Sample(17, IMAGE, 3, "50 % {wool} & silk_$")
SOURCE = Source("my_net.pth", "shop, test")


def captions(layer="conv.2", **options):
    return Captions(FigureSetOptions(T=8, **options), "IFNode", layer, SOURCE)


def test_a_caption_says_all_that_a_reader_needs():
    assert captions().text("counts_t5", 128, SAMPLE) == (
        "Spike counts of the 128 feature maps of layer conv.2 (IFNode), summed over steps 0 to 5 "
        "of T = 8; each map from its lowest count (dark) to its highest (bright). Maps that are "
        "silent (no spike anywhere) or saturated (a spike everywhere, always) are marked. Image: "
        "shop, test, index 17, 50 % {wool} & silk_$. Encoder: my_net.pth."
    )


def test_latex_has_numbers_in_math_mode_and_names_letter_by_letter():
    assert captions(layer="").latex("spikes_t0", 1, SAMPLE) == (
        r"\caption{Spikes of the 1 feature map (IFNode) at step $t = 0$ of $T = 8$. Image: shop, "
        r"test, index 17, 50 \% \{wool\} \& silk\_\$. Encoder: my\_net.pth.}"
    )
    assert to_latex("\\^~#") == r"\textbackslash{}\textasciicircum{}\textasciitilde{}\#"
    assert to_latex("50 % of a_b & {c} $d$") == r"50 \% of a\_b \& \{c\} \$d\$"
    assert to_latex("<a>|b") == r"\textless{}a\textgreater{}\textbar{}b"
    assert to_latex("a---b?`c``d''e,,f") == "a-{}-{}-b?{}`c`{}`d'{}'e,{},f"
    assert to_latex("größe\tß\u200b漢") == "größe ß 漢"


@pytest.mark.parametrize(
    ("picture", "begin"),
    [
        ("input", "Input image: shop, test, index 17, "),
        ("counts_t0", ("Spike counts of the 4 feature maps of layer conv.2 (IFNode), summed over "
                      "step 0 of T = 8; all maps from 0 to the highest count that all 8 steps")),
        ("first_spike", "First-spike time of the 4 feature maps of layer conv.2 (IFNode)"),
        ("membrane_t7", ("Membrane potential of the 4 feature maps of layer conv.2 (IFNode) at "
                        "step t = 7 of T = 8. Image")),
        ("raster", "Spike trains of single neurons of the 4 feature maps"),
        ("potentials", "Membrane potential of single neurons of the 4 feature maps"),
    ],
)  # fmt: skip
def test_every_picture_has_a_caption(picture, begin):
    assert captions(normalize="shared").text(picture, 4, SAMPLE).startswith(begin)


def test_pictures_of_files_and_of_no_image():
    cat = Sample(0, IMAGE, source="cat_1.jpg")
    assert "Image: cat_1.jpg. Encoder" in captions().text("spikes_t1", 4, cat)
    assert captions().text("kernels", 4) == (
        "Weights in front of the 4 feature maps of layer conv.2 (IFNode). Encoder: my_net.pth."
    )
    bare = Captions(FigureSetOptions(T=1), "LIFNode", "", Source())
    assert bare.text("first_spike", 4, Sample(2, IMAGE)).endswith("of T = 1. Image: index 2.")


def test_an_svg_file_tells_its_caption():
    svg = (
        b'<?xml version="1.0"?>\n<!-- a > b -->\n<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'
    )
    root = ET.fromstring(with_alternative(svg, 'a "b" <c> & d'))
    assert root.attrib == {"role": "img", "aria-label": 'a "b" <c> & d'}
    assert root[0].tag.endswith("title")
    assert root[0].text == 'a "b" <c> & d'


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


def export(encoder, out, **more):
    options = FigureSetOptions(T=2, captions=True, kinds=("counts", "kernels"), **more)
    write_figure_sets(encoder, [SAMPLE], out, options, source=SOURCE, overwrite=True)
    manifest = json.loads((out / "manifest.json").read_text())
    return {str(path.relative_to(out)) for path in out.rglob("*.*")}, manifest


def test_captions_lie_beside_figures_and_go_with_them(encoder, tmp_path):
    files, manifest = export(encoder, tmp_path, formats=("png", "svg"))
    names = ["00017/input", "00017/counts_t0", "00017/counts_t1", "kernels"]
    expected = {f"{name}.{form}" for name in names for form in ("png", "svg", "txt", "tex")}
    assert files == {*expected, "manifest.json"}
    assert set(manifest["sets"][0]["files"]) == {
        name.removeprefix("00017/") for name in expected if name.startswith("00017/")
    }
    text = (tmp_path / "00017/counts_t1.txt").read_text()
    assert text.startswith("Spike counts of the 128 feature maps (IFNode), summed over steps 0 to")
    root = ET.parse(tmp_path / "00017/counts_t1.svg").getroot()
    assert root.attrib["aria-label"] == text.strip()
    options = FigureSetOptions(T=2)
    write_figure_sets(encoder, [SAMPLE], tmp_path, options, overwrite=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert left == {f"{name}.png" for name in names[:3]} | {"manifest.json"}


def test_numbers_alone_have_no_captions(encoder, tmp_path):
    options = FigureSetOptions(T=2, captions=True, formats=("npz",))
    write_figure_sets(encoder, [SAMPLE], tmp_path, options)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["counts.npz", "manifest.json"]


def test_figures_without_captions_are_what_they_were(encoder, tmp_path):
    export(encoder, tmp_path / "with")
    options = FigureSetOptions(T=2, kinds=("counts", "kernels"))
    write_figure_sets(encoder, [SAMPLE], tmp_path / "without", options)
    for name in ("counts_t1.png", "input.png"):
        one, other = (tmp_path / each / "00017" / name for each in ("with", "without"))
        assert one.read_bytes() == other.read_bytes()
    manifest = json.loads((tmp_path / "without" / "manifest.json").read_text())
    assert "captions" not in manifest["options"]


@pytest.mark.slow
@pytest.mark.skipif(which("pdflatex") is None, reason="needs LaTeX")
def test_captions_and_the_lines_of_the_page_compile(tmp_path):
    """What a user may have named, and the figure that the page about papers shows."""
    page = (Path(__file__).parents[2] / "docs/paper.md").read_text()
    (lines,) = [part for part in page.split("```latex") if "\\begin{figure}" in part]
    lines = lines.partition("```")[0]
    folder = tmp_path / "paper/caption/00000"
    folder.mkdir(parents=True)
    names = "50% of a_b & c#1 {x} ^ ~ $y$ \\z", "Größe é “µ”", 'a--b "c" <d> |e| ?`', "a\tb\x07"
    source = Source(" ".join(names), names[0])
    told = Captions(FigureSetOptions(T=8), names[0], names[0], source)
    (folder / "counts_t7.tex").write_text(told.latex("counts_t7", 16, SAMPLE))
    write_figure(Figure(figsize=(1, 1)), folder / "counts_t7.pdf")
    document = (
        "\\documentclass{article}\\usepackage{graphicx}\\begin{document}"
        f"{lines}\\end{{document}}"
    )
    (tmp_path / "page.tex").write_text(document)
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000
    assert "Missing character" not in (tmp_path / "page.log").read_text(errors="replace")
