"""Figures of curves: what is drawn, by its artists."""

import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.export import render
from snnviz.figures import accuracies_figure, accuracy_figure, loss_figure

EPOCHS = np.array([0, 1, 2, 5])


def lines(figure):
    return {
        line.get_label(): line
        for line in figure.axes[0].lines
        if not line.get_label().startswith("_")
    }


def marks(figure):
    """Where single points are marked, and in which colour."""
    return [
        (*map(float, line.get_xydata()[0]), line.get_markeredgecolor())
        for line in figure.axes[0].lines
        if line.get_label().startswith("_")
    ]


def test_the_highest_accuracy_is_marked_with_epoch_and_value():
    values = np.array([0.1, 0.933, 0.5, 0.933])
    figure = accuracy_figure({"run": (EPOCHS, values)}, title="Accuracy on the test images")
    axes = figure.axes[0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (
        "Accuracy on the test images", "epoch", "accuracy",
    )  # fmt: skip
    ((label, line),) = lines(figure).items()
    assert label == "run: 93.30% at epoch 1 (highest)"
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack([EPOCHS, values]))
    assert [mark[:2] for mark in marks(figure)] == [(1.0, 0.933)], "the first of equal ones"
    assert figure.legends[0].get_texts()[0].get_text() == label


def test_another_epoch_can_be_marked():
    values = np.array([0.1, 0.9, 0.5, 0.8])
    figure = accuracy_figure(
        {"run": (EPOCHS, values)}, title="", marked={"run": 3}, note="best on held-out images"
    )
    assert "80.00% at epoch 5 (best on held-out images)" in next(iter(lines(figure)))
    assert [mark[:2] for mark in marks(figure)] == [(5.0, 0.8)]


def test_a_run_that_is_left_out_keeps_its_colour():
    points = (EPOCHS, np.linspace(0, 1, 4))
    both = accuracy_figure({"a": points, "b": points}, title="")
    one = accuracy_figure({"a": None, "b": points}, title="")
    colors = [line.get_color() for line in lines(both).values()]
    assert len(set(colors)) == 2
    assert [line.get_color() for line in lines(one).values()] == colors[1:]
    many = accuracy_figure({str(i): points for i in range(20)}, title="")
    looks = {(line.get_color(), line.get_linestyle()) for line in lines(many).values()}
    assert len(looks) == 20


def test_one_epoch_shows():
    figure = accuracy_figure({"run": (np.array([0]), np.array([0.5]))}, title="")
    assert next(iter(lines(figure).values())).get_marker() == "."


def test_losses_of_many_runs_can_be_told_apart():
    curve = (np.arange(30), np.linspace(0.1, 0.01, 30))
    figure = loss_figure({str(i): {"train": curve} for i in range(21)})
    looks = [(ln.get_color(), ln.get_linestyle(), ln.get_marker()) for ln in figure.axes[0].lines]
    assert len(set(looks)) == 21


def test_losses_have_a_colour_a_run_and_a_style_a_set():
    curve = (EPOCHS, np.array([0.1, 0.05, 0.02, 0.01]))
    runs = {"a": {"train": curve, "test": curve}, "b": {"train": curve, "val": curve}}
    drawn = lines(loss_figure(runs))
    assert list(drawn) == ["a, train", "a, test", "b, train", "b, val"]
    color = {name: line.get_color() for name, line in drawn.items()}
    style = {name: line.get_linestyle() for name, line in drawn.items()}
    assert color["a, train"] == color["a, test"] != color["b, train"]
    assert style["a, train"] == style["b, train"]
    assert len({style["a, train"], style["a, test"], style["b, val"]}) == 3


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_bytes_do_not_depend_on_what_was_written_before(form):
    points = (EPOCHS, np.linspace(0, 1, 4))
    figure = accuracy_figure({"run": points}, title="Accuracy")
    render(figure, "png")
    assert render(figure, form) == render(accuracy_figure({"run": points}, title="Accuracy"), form)


def test_curves_that_are_none_are_refused():
    with pytest.raises(ShapeError, match=r"\[3\] values for \[4\] epochs"):
        accuracy_figure({"run": (EPOCHS, np.zeros(3))}, title="")
    with pytest.raises(ShapeError, match="run, test"):
        loss_figure({"run": {"test": (np.array([]), np.array([]))}})
    with pytest.raises(ConfigError, match="dpi"):
        loss_figure({}, dpi=9)


@pytest.mark.parametrize("values", [[0.5, 93.0], [-0.1, 0.5], [0.5, np.nan]])
def test_what_is_no_accuracy_is_refused(values):
    with pytest.raises(ShapeError, match=r"in \[0, 1\], mine has"):
        accuracy_figure({"mine": (EPOCHS[:2], np.array(values))}, title="")


def test_only_what_is_there_can_be_marked_or_drawn():
    points = EPOCHS, np.linspace(0.1, 0.9, 4)
    with pytest.raises(ConfigError, match="cannot mark entry 4 of mine: it has 4 epochs"):
        accuracy_figure({"mine": points}, title="", marked={"mine": 4})
    with pytest.raises(ConfigError, match="no set 'valid'; choose from train, test, val"):
        loss_figure({"mine": {"valid": points}})


@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_legend_covers_no_curve_and_stays_in_the_figure(count):
    """Names as long as those of run folders may be."""
    long = "T_8_b_128_Adam_lr_0.001_CosALR_64_amp_avg_light_smooth_0.1_ema_0.999"
    points = EPOCHS, np.linspace(0.1, 0.9, 4)
    names = [f"seeds/{seed}/{long}" for seed in range(count)]
    accuracy = accuracy_figure(dict.fromkeys(names, points), title="Accuracy")
    loss = loss_figure({name: {"train": points, "test": points} for name in names})
    for figure, entries in ((accuracy, count), (loss, 2 * count)):
        render(figure, "png")
        (legend,), (axes,) = figure.legends, figure.axes
        assert len(legend.get_texts()) == entries
        box = legend.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert box.y1 <= axes.get_tightbbox().y0 + 1
        assert axes.get_position().height * figure.get_figheight() > 3


def test_one_epoch_has_one_tick():
    figure = accuracy_figure({"run": (np.array([0]), np.array([0.5]))}, title="")
    render(figure, "png")
    low, high = figure.axes[0].get_xlim()
    assert [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high] == [0]


def test_a_mean_has_a_band_of_its_standard_deviation():
    values, spread = np.array([0.1, 0.9, 0.5, 0.8]), np.array([0.05, 0.02, 0.1, 0])
    figure = accuracy_figure({"seeds": (EPOCHS, values, spread)}, title="")
    (label,) = lines(figure)
    assert label == "seeds: 90.00 ± 2.00% at epoch 1 (highest)"
    (band,) = figure.axes[0].collections
    corners = {tuple(point) for point in band.get_paths()[0].vertices.round(9)}
    assert {(0, 0.05), (0, 0.15), (1, 0.88), (1, 0.92), (2, 0.4), (2, 0.6)} <= corners
    assert not accuracy_figure({"one": (EPOCHS, values)}, title="").axes[0].collections


def test_several_sets_in_one_figure_of_accuracies():
    points = (EPOCHS, np.linspace(0, 1, 4))
    runs = {"a": {"train": points, "test": points}, "b": {"test": points}}
    drawn = lines(accuracies_figure(runs))
    assert list(drawn) == ["a, train", "a, test", "b, test"]
    a_train, a_test, b_test = drawn.values()
    assert a_train.get_color() == a_test.get_color() != b_test.get_color()
    assert a_train.get_linestyle() != a_test.get_linestyle() == b_test.get_linestyle()
    with pytest.raises(ShapeError, match=r"a, test has 0\.0 to 3\.0"):
        accuracies_figure({"a": {"test": (EPOCHS, np.arange(4.0))}})
    with pytest.raises(ConfigError, match="no set 'dev'"):
        accuracies_figure({"a": {"dev": points}})


@pytest.mark.parametrize("spread", [np.ones(3), -np.ones(4)])
def test_a_spread_of_another_length_or_below_0(spread):
    with pytest.raises(ShapeError, match="one standard deviation, 0 or more"):
        accuracy_figure({"a": (EPOCHS, np.linspace(0, 1, 4), spread)}, title="")


def test_runs_whose_names_are_long_stay_distinct():
    points = (EPOCHS, np.linspace(0, 1, 4))
    names = [f"{'deep/' * 20}{run}/{'more/' * 20}checkpoint" for run in "ab"]
    labels = list(lines(accuracy_figure(dict.fromkeys(names, points), title="")))
    assert len(set(labels)) == 2
