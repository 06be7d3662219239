"""Pictures drawn in blocks, against matplotlib's own."""

import io
from unittest import mock

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage

import snnviz
from snnviz.figures.layout.blocks import BlockImage

COUNTS = np.random.default_rng(0).integers(0, 9, (6, 7, 9))
COUNTS[2], COUNTS[4] = 0, 8


def pixels(figure, dpi=None):
    file = io.BytesIO()
    figure.savefig(file, format="rgba", dpi=figure.dpi if dpi is None else dpi)
    return np.frombuffer(file.getvalue(), np.uint8)


def figures():
    yield snnviz.feature_map_figure(COUNTS, t=7, T=8)
    yield snnviz.feature_map_figure(COUNTS, t=7, T=8, width=3.3, dpi=150, cmap="viridis")
    yield snnviz.feature_map_figure(COUNTS.repeat(30, 0), t=7, T=8, dpi=20, normalize="none")
    yield snnviz.input_figure(COUNTS[0].astype(np.uint8) * 25)
    yield snnviz.input_figure(np.arange(3 * 5 * 4, dtype=np.uint8).reshape(3, 5, 4) * 4)


@pytest.mark.parametrize("which", range(5))
def test_every_pixel_is_as_matplotlib_draws_it(which):
    figure = list(figures())[which]
    drawn = pixels(figure)
    with mock.patch.object(BlockImage, "make_image", AxesImage.make_image):
        assert np.array_equal(pixels(figure), drawn)


def test_rows_are_coloured_a_few_at_a_time_and_never_as_floats(monkeypatch):
    figure = snnviz.feature_map_figure(COUNTS, t=7, T=8)
    FigureCanvasAgg(figure).draw()
    [picture] = figure.axes[0].images
    sizes = []
    plain = picture.to_rgba

    def to_rgba(values, **options):
        sizes.append(values.size)
        assert options == {"bytes": True}
        return plain(values, **options)

    monkeypatch.setattr("snnviz.figures.layout.blocks._AT_ONCE", 100)
    monkeypatch.setattr(picture, "to_rgba", to_rgba)
    before = pixels(snnviz.feature_map_figure(COUNTS, t=7, T=8))
    assert np.array_equal(pixels(figure), before)
    assert max(sizes) <= 100
    assert sum(sizes) == picture.get_array().size


@pytest.mark.parametrize("change", ["resolution", "limits", "smooth", "pale"])
def test_what_is_no_whole_block_is_matplotlibs_own(change):
    figure = snnviz.input_figure(COUNTS[0].astype(np.uint8) * 25, dpi=100)
    [axes] = figure.axes
    [picture] = axes.images
    if change == "limits":
        axes.set_xlim(0, 4)
    elif change == "smooth":
        picture.set_interpolation("bilinear")
    elif change == "pale":
        picture.set_alpha(0.5)
    dpi = 67 if change == "resolution" else 100
    with mock.patch.object(
        AxesImage, "make_image", autospec=True, side_effect=AxesImage.make_image
    ) as own:
        drawn = pixels(figure, dpi)
    assert own.called
    with mock.patch.object(BlockImage, "make_image", AxesImage.make_image):
        assert np.array_equal(pixels(figure, dpi), drawn)
