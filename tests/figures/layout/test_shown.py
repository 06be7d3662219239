"""Figures show themselves in a notebook."""

import base64
import io
import pickle

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import snnviz
from snnviz.figures.layout.shown import ShownFigure
from tests.figures.kinds import KINDS


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_figure_shows_itself(name):
    figure = KINDS[name]()()
    assert isinstance(figure, ShownFigure)
    picture = Image.open(io.BytesIO(figure._repr_png_()))
    size = figure.get_size_inches() * figure.dpi
    assert picture.size == tuple(int(side + 1e-6) for side in size)


def test_the_same_bytes_whatever_the_users_settings():
    figure = snnviz.accuracy_over_time_figure(np.array([0.3, 0.6]))
    png, svg = figure._repr_png_(), figure._repr_svg_()
    assert svg.lstrip().startswith("<?xml")
    assert "<svg" in svg
    with mpl.rc_context({"savefig.bbox": "tight", "savefig.dpi": 30}):
        assert figure._repr_png_() == png
        assert figure._repr_svg_() == svg


def test_a_large_figure_has_no_svg():
    noise = np.random.default_rng(0).integers(0, 9, (128, 56, 56)).astype(np.uint8)
    figure = snnviz.feature_map_figure(noise, t=7)
    assert len(figure._repr_png_()) < 3_000_000
    small = snnviz.feature_map_figure(noise[:1, :4, :4], t=7)
    assert (figure._repr_svg_() is None, small._repr_svg_() is None) == (True, False)


def test_a_figure_is_still_matplotlibs():
    figure = snnviz.accuracy_over_time_figure(np.array([0.3, 0.6]))
    assert isinstance(figure, Figure)
    assert pickle.loads(pickle.dumps(figure))._repr_png_() == figure._repr_png_()


@pytest.mark.parametrize("magic", ["", "%matplotlib inline\n"])
def test_a_kernel_shows_a_figure_once(tmp_path, magic):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    code = (
        f"{magic}import numpy as np\nimport snnviz\n"
        "snnviz.accuracy_over_time_figure(np.array([0.3, 0.6]))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    (shown,) = [out for out in notebook.cells[0].outputs if "data" in out]
    picture = Image.open(io.BytesIO(base64.b64decode(shown["data"]["image/png"])))
    assert picture.size[0] > 200
