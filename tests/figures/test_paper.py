"""Figures for a paper: at a column's and at a page's width, and on axes of one's own."""

import inspect
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from snnviz import figures
from snnviz.errors import ConfigError
from snnviz.export import render
from snnviz.figures import first_spike_figure, spike_maps, types
from snnviz.figures.levels import (
    CONTRAST,
    DIVERGING,
    LINES,
    NOTCH_COLOR,
    SATURATED_COLOR,
    SILENT_COLOR,
    contrast,
    diagonals,
)
from tests.export.fonts import pdf_fonts
from tests.figures.kinds import COUNTS, KINDS, TIMES, T
from tests.figures.layout.tiles import canvas_of

WIDTHS = (3.3, 7.0)
# Inches: the text of a page of a journal, and its width in one column.
PAGE, COLUMN = 9.5, 3.3
SEVERAL = {
    "composed_figure",
    "deletion_figure",
    "encoder_history_figure",
    "membrane_figure",
    "operating_point_figure",
    "over_time_figure",
    "robustness_figure",
    "scorecard_figure",
    "stability_figure",
}


class Box:
    """The rectangle that a text takes, turned as it is."""

    def __init__(self, text):
        angle = text.get_rotation()
        outer = text.get_window_extent()
        text.set_rotation(0)
        flat = text.get_window_extent()
        text.set_rotation(angle)
        self.text, self.size = text, text.get_fontsize()
        self.outer = outer
        turn = np.radians(angle)
        self.axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        center = np.array([(outer.x0 + outer.x1) / 2, (outer.y0 + outer.y1) / 2])
        half = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)]) / 2
        self.corners = center + half * [flat.width, flat.height] @ self.axes

    def overlaps(self, other):
        """Whether no line between the two tells them apart."""
        for axis in (*self.axes, *other.axes):
            mine, theirs = self.corners @ axis, other.corners @ axis
            if mine.max() <= theirs.min() + 0.5 or theirs.max() <= mine.min() + 0.5:
                return False
        return True


def drawn_texts(figure, monkeypatch):
    """Every text that matplotlib in fact draws, and where."""
    drawn = []
    draw = Text.draw

    def record(self, renderer):
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        return draw(self, renderer)

    with monkeypatch.context() as patched:
        patched.setattr(Text, "draw", record)
        FigureCanvasAgg(figure).draw()
    return [Box(text) for text in dict.fromkeys(drawn)]


def check_texts(figure, monkeypatch):
    boxes = drawn_texts(figure, monkeypatch)
    assert boxes
    width, height = figure.bbox.width, figure.bbox.height
    for box in boxes:
        place = box.outer
        assert place.x0 >= -0.5, box.text
        assert place.y0 >= -0.5, box.text
        assert place.x1 <= width + 0.5, box.text
        assert place.y1 <= height + 0.5, box.text
        assert box.size >= 5 - 1e-9, box.text
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other), (one.text, other.text)


def test_every_public_figure_is_here():
    public = {name for name in figures.__all__ if name.endswith("_figure")}
    assert {name.split(":")[0] for name in KINDS} == public


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_a_figure_fits_a_paper(name, width, monkeypatch, tmp_path):
    figure = KINDS[name]()(width=width, dpi=100)
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == pytest.approx(width)
    assert figure.get_figheight() <= PAGE
    check_texts(figure, monkeypatch)
    if width == COLUMN:
        assert pdf_fonts(render(figure, "pdf"), tmp_path) == {"Type 42"}


@pytest.mark.parametrize("name", KINDS)
def test_a_figure_of_the_usual_width_has_no_texts_that_overlap(name, monkeypatch):
    check_texts(KINDS[name]()(dpi=100), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 9])
@pytest.mark.parametrize("name", KINDS)
def test_text_has_the_size_that_was_asked_for(name, size, monkeypatch):
    figure = KINDS[name]()(width=5.0, font_size=size, dpi=100)
    check_texts(figure, monkeypatch)
    sizes = [box.size for box in drawn_texts(figure, monkeypatch)]
    assert max(sizes) == pytest.approx(1.2 * size)  # the title's


@pytest.mark.parametrize("name", KINDS)
def test_a_figure_is_drawn_on_axes_of_ones_own(name, monkeypatch):
    own = Figure(figsize=(10, 8), dpi=60, layout="constrained")
    left, right = own.subfigures(1, 2)
    other = right.add_subplot()
    several = name.split(":")[0] in SEVERAL
    ax = left if several else left.add_subplot()
    draw = KINDS[name]()
    assert draw(ax=ax) is ax
    assert own.get_size_inches().tolist() == [10, 8]
    assert not other.has_data()
    assert own.get_layout_engine() is not None  # theirs stays as it is
    boxes = drawn_texts(own, monkeypatch)
    inside = [box for box in boxes if box.outer.x0 < 300]
    assert inside
    assert min(box.size for box in inside) >= 5
    for box in inside:
        assert box.outer.x1 <= 310, box.text
    if several:
        with pytest.raises(ConfigError, match="pass a SubFigure"):
            draw(ax=other)
    else:
        assert draw(ax=Figure().subfigures(1, 2)[0]) is not None


def test_every_figure_takes_the_same_options():
    for name in {name.split(":")[0] for name in KINDS}:
        options = inspect.signature(getattr(figures, name)).parameters
        for option in ("width", "font_size", "ax"):
            assert options[option].default is None
            assert options[option].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"width": 0}, "width must be 1 to 100 inches, got 0"),
        ({"width": float("nan")}, "width must be"),
        ({"font_size": 4.9}, "font_size must be 5 to 72 points, got 4.9"),
        ({"font_size": 72, "width": 1.2}, "leaves no room"),
        ({"ax": "axes"}, "ax must be an Axes"),
        ({"ax": Figure(), "width": 3}, "leave width or ax out"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        first_spike_figure(TIMES, T=T, **wrong)


def test_a_wider_figure_keeps_every_pixel_whole():
    """The resolution gives way, never a pixel's shape."""
    figure = figures.feature_map_figure(COUNTS, t=T - 1, width=COLUMN, dpi=200)
    box = figure.axes[0].bbox
    canvas = canvas_of(figure) if figure.axes[0].images[0].get_array().ndim == 3 else None
    rows, columns = figure.axes[0].images[0].get_array().shape[:2]
    assert canvas is None
    assert box.width / columns == pytest.approx(round(box.width / columns))
    assert box.height / rows == pytest.approx(box.width / columns)
    assert figure.dpi >= 200


# Without colour.


def luminance(pixels):
    """As a printer without colours sees it: light, not code values."""
    parts = pixels[..., :3] / 255
    parts = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return parts @ [0.2126, 0.7152, 0.0722]


def contrast_within(tile):
    light = luminance(tile)
    return (light.max() + 0.05) / (light.min() + 0.05)


def test_silent_and_saturated_maps_are_no_grey_of_a_count():
    """A map of one grey is a map of one count; theirs have lines across them."""
    base = {"silent": SILENT_COLOR, "saturated": SATURATED_COLOR}
    for kind, (line, _) in LINES.items():
        assert contrast(base[kind], line) >= CONTRAST
    once, twice = diagonals(28, 28)
    assert once.sum() == 28
    assert once[27, 0]
    assert once[0, 27]
    assert twice.sum() == 56
    counts = COUNTS.copy()
    counts[1] = 2  # constant, of a grey between
    for draw in (
        lambda: figures.feature_map_figure(counts, t=T - 1, normalize="shared", dpi=100),
        lambda: figures.sorted_channels_figure(counts.astype(float), T=T, dpi=100, scale="shared"),
    ):
        figure = draw()
        FigureCanvasAgg(figure).draw()
        axes = figure.axes[0]
        image = axes.images[0]
        data = image.get_array()
        pixels = np.asarray(data if data.ndim == 3 else image.to_rgba(data, bytes=True))
        rows = len(pixels) // 29
        strip = (len(pixels) - 1) // 8 - 29 if rows else 0
        silent, constant, saturated = (
            pixels[1 + strip : 29 + strip, 1 + 29 * k : 29 * k + 29] for k in (0, 1, 4)
        )
        assert contrast_within(constant) == pytest.approx(1)
        assert contrast_within(silent) >= CONTRAST
        assert contrast_within(saturated) >= CONTRAST
        lines = luminance(silent) == luminance(silent).max()
        assert np.array_equal(lines, once)
        assert np.array_equal(luminance(saturated) == luminance(saturated).min(), twice)


def test_maps_too_small_for_a_line_keep_their_colour():
    once, twice = diagonals(2, 9)
    assert not once.any()
    assert not twice.any()


def test_signs_are_told_apart_without_colour():
    light = luminance(mpl.colormaps[DIVERGING](np.linspace(0, 1, 64), bytes=True))
    assert (np.diff(light) > 0).all()
    low, middle, high = (to_hex(mpl.colormaps[DIVERGING](x)) for x in (0.0, 0.5, 1.0))
    assert contrast(low, middle) >= CONTRAST
    assert contrast(middle, high) >= CONTRAST


def test_states_of_a_neuron_are_told_apart_without_colour():
    rest, before, now = spike_maps._COLORS
    assert contrast(rest, before) >= CONTRAST
    assert contrast(before, now) >= CONTRAST


def test_types_are_told_apart_without_colour():
    names = ["edge", "area", "background", "corner", "mixed", "other"]
    palette = types.type_colors([*names, "silent"])
    notches = types.type_notches(palette)
    assert [notches[name] for name in names] == list(range(6))
    assert all(contrast(palette[name], NOTCH_COLOR) >= CONTRAST for name in names)
    maps = np.ones((7, 28, 28)) * np.linspace(0, 1, 28)
    figure = figures.sorted_channels_figure(maps, T=1, types=[*names, "silent"], columns=7)
    canvas = canvas_of(figure)
    strip = canvas[next(n for n in range(len(canvas)) if tuple(canvas[n, 1]) == rgb_of(palette))]
    dark = (strip == np.array(mpl.colors.to_rgb(NOTCH_COLOR)) * 255).all(axis=-1)
    assert [int(dark[1 + 29 * k : 29 + 29 * k].sum()) for k in range(7)] == [*range(6), 0]


def rgb_of(palette):
    """The first type's colour, as a canvas holds it."""
    return tuple(round(255 * part) for part in mpl.colors.to_rgb(next(iter(palette.values()))))


@pytest.mark.parametrize("cmap", ["viridis", "magma", "gray"])
@pytest.mark.parametrize("steps", [2, 8, 32])
def test_first_spikes_are_lighter_the_later_and_white_never(steps, cmap):
    times = np.resize(np.arange(steps + 1), (1, 8, 8))
    figure = first_spike_figure(times, T=steps, cmap=cmap)
    canvas = canvas_of(figure)[1:9, 1:9].reshape(-1, 3)
    light = [luminance(canvas[np.flatnonzero(times.ravel() == t)[0]]) for t in range(steps + 1)]
    assert all(a < b for a, b in pairwise(light))
    assert light[-1] == pytest.approx(1)
    assert 1.05 / (light[-2] + 0.05) >= CONTRAST
    # A doubled interval is a step of the same size, so that early ones are told apart.
    assert (light[1] + 0.05) / (light[0] + 0.05) >= 1.15


def test_first_spikes_of_a_map_that_begins_light_differ_from_never_as_well():
    times = np.arange(9).reshape(1, 3, 3)
    canvas = canvas_of(first_spike_figure(times, T=8, cmap="Blues"))[1:4, 1:4].reshape(-1, 3)
    light = [luminance(pixel) for pixel in canvas]
    assert all(a > b for a, b in pairwise(light[:-1]))
    assert 1.05 / (light[0] + 0.05) >= CONTRAST
    with pytest.raises(ConfigError, match="all colours of 'Pastel1' are too near to the white"):
        first_spike_figure(times, T=8, cmap="Pastel1")


def test_lines_differ_in_more_than_colour():
    curve = (np.arange(30), np.linspace(0, 1, 30))
    for figure in (
        figures.accuracy_figure({f"run {n}": curve for n in range(4)}, title="Accuracy"),
        figures.loss_figure({f"run {n}": {"train": curve} for n in range(4)}),
        figures.over_time_figure({"r": {f"run {n}": curve[1] for n in range(4)}}),
    ):
        lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 30]
        looks = {(line.get_linestyle(), line.get_marker()) for line in lines}
        assert len(looks) == len(lines) == 4


def test_axes_of_ones_own_have_room_for_legend_and_bars():
    """What stands under a picture moves with its axes when they are laid out."""
    own = Figure(figsize=(6, 4), dpi=80, layout="constrained")
    upper, lower = own.subplots(2, 1)
    assert isinstance(upper, Axes)
    figures.sorted_channels_figure(COUNTS[:8].astype(float), T=T, ax=upper)
    figures.first_spike_figure(TIMES[:8], T=T, ax=lower)
    FigureCanvasAgg(own).draw()
    [bar] = upper.child_axes
    assert bar.get_window_extent().y1 <= upper.get_window_extent().y0
    assert bar.get_tightbbox().y0 >= lower.get_tightbbox().y1 - 1
