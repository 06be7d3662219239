"""Figures of a report by their values and artists."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from snnviz.errors import ConfigError, ShapeError
from snnviz.export import render, write_figure
from snnviz.figures import accuracy_over_time_figure, confusion_figure, firing_rate_figure
from tests.figures.kinds import GARMENTS


@pytest.fixture
def confusion():
    """Uneven classes: one that is never right, one without images."""
    return np.array([[90, 10, 0, 0], [1, 3, 0, 0], [0, 7, 0, 0], [0, 0, 0, 0]])


def luminance(color):
    """Relative luminance of WCAG 2."""
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_confusion_shows_counts_and_shares(confusion):
    figure = confusion_figure(confusion, classes=("a", "b", "c", "d"))
    axes = figure.axes[0]
    shares = np.asarray(axes.images[0].get_array())
    assert shares[0].tolist() == [0.9, 0.1, 0, 0]
    assert shares[1].tolist() == [0.25, 0.75, 0, 0]
    assert shares[3].tolist() == [0, 0, 0, 0]
    # The text of each cell stands at (column, row), which is (answer, label).
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {
        (column, row): str(confusion[row, column]) for row in range(4) for column in range(4)
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c", "d"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c", "d"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "class")
    assert axes.get_title() == "93 of 111 images correct"


@pytest.mark.slow
def test_the_counts_can_be_read_on_every_colour():
    counts = np.full((101, 101), 0)
    counts[:, 0] = np.arange(101)
    counts[:, 1] = 100 - np.arange(101)
    axes = confusion_figure(counts, dpi=10).axes[0]
    image = axes.images[0]
    for text in axes.texts:
        column, row = text.get_position()
        back = luminance(image.cmap(image.norm(counts[row, column] / 100)))
        front = luminance(text.get_color())
        contrast = (max(back, front) + 0.05) / (min(back, front) + 0.05)
        assert contrast >= 4.5


@pytest.mark.parametrize("width", [None, 3.3])
def test_every_class_has_its_name_below_as_well(width):
    """A long name at an angle has room beside it for a short one."""
    axes = confusion_figure(np.eye(10, dtype=int), classes=GARMENTS, width=width).axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels if label.get_visible()] == list(GARMENTS)


def test_names_that_would_overlap_are_left_out_at_an_angle_as_well():
    names = [f"a long name {n}" for n in range(60)]
    axes = confusion_figure(np.eye(60, dtype=int), classes=names, width=2.5, font_size=9).axes[0]
    shown = [label.get_visible() for label in axes.get_xticklabels()]
    assert shown[0]
    assert shown[-1]
    assert 2 < sum(shown) < 10


def test_more_is_always_darker(confusion):
    image = confusion_figure(confusion).axes[0].images[0]
    colors = [luminance(image.cmap(image.norm(share))) for share in np.linspace(0, 1, 50)]
    assert all(after < before for before, after in pairwise(colors))


@pytest.mark.parametrize(
    "accuracy", [[0.1], [0.0, 1.0], [0.5, 0.85, 0.84, 0.91], list(np.arange(64) / 64)]
)
def test_accuracy_is_drawn_at_steps_counted_from_one(accuracy):
    axes = accuracy_over_time_figure(np.array(accuracy)).axes[0]
    x, y = axes.lines[0].get_data()
    assert list(x) == list(range(1, len(accuracy) + 1))
    assert list(y) == accuracy
    assert axes.get_ylim() == (0, 1)
    assert all(1 <= tick <= len(accuracy) and tick == round(tick) for tick in axes.get_xticks())
    numbers = [text.get_text() for text in axes.texts]
    shown = accuracy if len(accuracy) <= 10 else accuracy[-1:]
    assert numbers == [f"{100 * value:.2f}%" for value in shown]


@pytest.mark.parametrize("rates", [(0.25, 0.125), (0.0, 0.0), (1.0, 0.0, 1.0)])
def test_a_bar_for_each_layer_in_order(rates):
    layers = {f"layer.{k}": rate for k, rate in enumerate(rates)}
    axes = firing_rate_figure(layers).axes[0]
    assert [bar.get_width() for bar in axes.patches] == list(rates)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(layers)
    assert [text.get_text() for text in axes.texts] == [f"{rate:.4f}" for rate in rates]
    assert axes.yaxis_inverted()
    assert axes.get_xlim()[0] == 0 < axes.get_xlim()[1]


def figures(confusion):
    return [
        confusion_figure(confusion),
        accuracy_over_time_figure(np.array([0.25, 1])),
        firing_rate_figure({"conv.0": 0.5}),
    ]


def test_bytes_repeat_whatever_was_written_before(confusion, tmp_path):
    for figure, other in zip(figures(confusion), figures(confusion), strict=True):
        for form in ("png", "svg", "pdf"):
            path = write_figure(figure, tmp_path / f"x.{form}")
            assert path.read_bytes() == render(figure, form)
        assert path.read_bytes() == render(other, "pdf")


def test_nothing_is_cut_off_and_no_global_figure_is_left(confusion):
    long = [f"a rather long class name {k}" for k in range(4)]
    for figure in (*figures(confusion), confusion_figure(confusion, classes=long)):
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert -0.01 <= box.x0 < box.x1 <= width + 0.01
        assert -0.01 <= box.y0 < box.y1 <= height + 0.01
    assert not mpl._pylab_helpers.Gcf.figs


@pytest.mark.parametrize(
    ("counts", "classes", "message"),
    [
        (np.zeros((2, 3), int), (), r"got int64 \[2, 3\]"),
        (np.zeros((0, 0), int), (), r"\[0, 0\]"),
        (np.zeros((2, 2)), (), "got float64"),
        (np.array([[1, -1], [0, 0]]), (), "counts from 0"),
        (np.zeros((2, 2), int), ("a",), "2 rows for 1 names"),
    ],
)
def test_what_is_no_confusion_matrix(counts, classes, message):
    with pytest.raises(ShapeError, match=message):
        confusion_figure(counts, classes=classes)


def test_what_is_no_rate():
    for accuracy in ([], [[0.5]], [1.5], [np.nan]):
        with pytest.raises(ShapeError):
            accuracy_over_time_figure(np.array(accuracy))
    for rates in ({}, {"a": -0.1}, {"a": np.nan}):
        with pytest.raises(ShapeError):
            firing_rate_figure(rates)
    with pytest.raises(ConfigError, match="dpi"):
        accuracy_over_time_figure(np.array([0.5]), dpi=9)
