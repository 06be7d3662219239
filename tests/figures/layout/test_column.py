"""Plots for a paper's column by their values and artists."""

import matplotlib as mpl
import numpy as np
import pytest
from spikingjelly.activation_based import neuron

from snnviz.errors import ConfigError, ShapeError
from snnviz.export import render
from snnviz.figures import (
    encoder_history_figure,
    fi_curve_figure,
    kernel_history_figure,
    membrane_figure,
    over_time_figure,
    raster_figure,
    rate_histogram_figure,
    scorecard_figure,
)
from snnviz.figures.layout.plot import check_size
from snnviz.figures.layout.tiles import COLUMN
from snnviz.figures.levels import DIVERGING, SATURATED_COLOR, SILENT_COLOR
from snnviz.figures.neurons import membrane_size
from snnviz.neurons.first_spike import drive_thresholds
from tests.figures.layout.tiles import check_text, tile_at

NAMES = [f"neuron {n}" for n in range(3)]


def entries(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_silent_and_saturated_channels_are_set_off():
    rate = np.array([0, 0, 1, 0.01, 0.02, 0.49, 0.999])
    axes = rate_histogram_figure(rate, bins=4).axes[0]
    heights = [[round(bar.get_height()) for bar in group] for group in axes.containers]
    assert heights == [[2, 0, 0, 0], [2, 1, 0, 1], [0, 0, 0, 1]]
    colors = [group[0].get_facecolor()[:3] for group in axes.containers]
    assert np.allclose(colors[0], mpl.colors.to_rgb(SILENT_COLOR))
    assert np.allclose(colors[2], mpl.colors.to_rgb(SATURATED_COLOR))
    # Stacked: what lies on a silent bar begins where that ends.
    assert axes.containers[1][0].get_y() == 2
    assert axes.containers[2][3].get_y() == 1
    assert axes.lines[0].get_xdata()[0] == pytest.approx(rate.mean())
    labels = entries(axes.get_legend())
    assert {"silent: 2", "between: 4", "saturated: 1", f"mean: {rate.mean():.3f}"} == set(labels)
    assert "of 7" in axes.get_ylabel()


def test_rates_of_neurons_that_fire_several_times_have_no_saturation():
    axes = rate_histogram_figure(np.array([0, 1, 1.5, 3, 4]), most=9, bins=4).axes[0]
    heights = [[round(bar.get_height()) for bar in group] for group in axes.containers]
    assert heights == [[1, 0, 0, 0], [0, 2, 0, 2]]
    assert axes.get_xlim() == (0, 4)
    assert "saturated" not in " ".join(entries(axes.get_legend()))


@pytest.mark.parametrize("T", [1, 8, 20])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_f_i_curve_is_what_a_stepped_neuron_counts(T, backwards, rng):
    thresholds = drive_thresholds(1.0, 0.0, T)
    drives = rng.normal(0, 1, (50, 4, 3)).astype(np.float32)
    figure = fi_curve_figure(thresholds[::-1] if backwards else thresholds, drives)
    axes, behind = figure.axes
    data = axes.patches[0].get_data()
    import torch

    node = neuron.IFNode(v_threshold=1.0, v_reset=0.0)
    probe = torch.linspace(float(data.edges[0]), float(data.edges[-1]), 4001)
    with torch.no_grad():
        counts = sum(node(probe) for _ in range(T)).numpy()
    place = np.searchsorted(data.edges, probe.numpy(), side="right").clip(1, len(data.values)) - 1
    assert np.array_equal(data.values[place], counts)
    shares = np.array([bar.get_height() for bar in behind.patches])
    low, high = axes.get_xlim()
    inside = ((drives >= low) & (drives <= high)).mean()
    assert shares.sum() == pytest.approx(inside)
    assert 0.98 < inside < 1
    assert f"{1 - inside:.1%} outside" in " ".join(entries(axes.get_legend()))
    assert low < 0 < thresholds.max() < high
    assert axes.get_zorder() > behind.get_zorder()


def test_steps_that_no_drive_reaches_have_no_stair():
    figure = fi_curve_figure(np.array([np.inf, np.inf]), np.zeros(5))
    assert figure.axes[0].patches[0].get_data().values.tolist() == [0]


def test_the_raster_marks_every_spike():
    spikes = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]])
    axes = raster_figure(spikes, names=NAMES).axes[0]
    marks = [lines.get_positions() for lines in axes.collections]
    assert [list(mark) for mark in marks] == [[0, 2], [], [0, 1, 2, 3]]
    assert [lines.get_lineoffset() for lines in axes.collections] == [0, 1, 2]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["neuron 0: 2", "neuron 1: 0", "neuron 2: 4"]
    bottom, top = axes.get_ylim()
    assert top < bottom  # the first neuron is on top
    assert axes.get_xlim() == (-0.5, 3.5)


@pytest.mark.parametrize("reset", [0.0, -0.5, None])
def test_traces_go_up_to_the_potential_and_back(reset):
    v = np.array([[0.6, -1.0, 3.0], [1.2, -2.0, 3.0]])
    spikes = v >= 1
    figure = membrane_figure(v, spikes, names=NAMES, v_reset=reset)
    for n, axes in enumerate(figure.axes):
        trace, threshold, marks = axes.lines
        after = [x if not s else (x - 1 if reset is None else reset)
                 for x, s in zip(v[:, n], spikes[:, n], strict=True)]  # fmt: skip
        assert trace.get_xdata().tolist() == [0, 0, 1, 1]
        assert trace.get_ydata().tolist() == [v[0, n], after[0], v[1, n], after[1]]
        assert set(threshold.get_ydata()) == {1}
        assert marks.get_xdata().tolist() == np.flatnonzero(spikes[:, n]).tolist()
        assert marks.get_ydata().tolist() == v[spikes[:, n], n].tolist()
        assert axes.get_title(loc="left") == NAMES[n]
        low, high = axes.get_ylim()
        assert low < min(*v[:, n], 1, reset or 0)
        assert high > max(*v[:, n], 1)
    assert entries(figure.legends[0]) == ["potential", "threshold", "spike"]


def test_the_band_holds_the_channels_between_two_quantiles(rng):
    change = np.sort(rng.uniform(0, 0.4, (3, 11)), axis=1)
    rotation = np.sort(rng.uniform(0, 60, (3, 11)), axis=1)
    figure = encoder_history_figure([0, 2, 7], change, rotation, quantiles=(0.1, 0.8))
    for axes, values in zip(figure.axes, (change, rotation), strict=True):
        [median] = axes.lines
        assert median.get_xdata().tolist() == [0, 2, 7]
        assert np.allclose(median.get_ydata(), values[:, 5])
        corners = axes.collections[0].get_paths()[0].vertices
        for row, epoch in enumerate((0, 2, 7)):
            heights = corners[corners[:, 0] == epoch, 1]
            assert heights.min() == pytest.approx(values[row, 1])
            assert heights.max() == pytest.approx(values[row, 8])
    assert "10% to 80% of 11 channels" in entries(figure.axes[0].get_legend())


def test_kernels_over_epochs_are_on_one_range(rng):
    kernels = rng.normal(size=(3, 2, 3, 5))
    figure = kernel_history_figure(kernels, epochs=[0, 1, 9], channels=[4, 100])
    top = np.abs(kernels).max()
    factor = 24 // 5
    for epoch, row in np.ndindex(3, 2):
        tile = tile_at(figure, row, epoch, 3 * factor, 5 * factor)[::factor, ::factor]
        expected = mpl.colormaps[DIVERGING](kernels[epoch, row] / top / 2 + 0.5)[..., :3] * 255
        assert np.abs(tile - expected).max() <= 1
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["channel 4", "channel 100", "epoch 0", "1", "9"]


def test_the_scorecard_shows_every_number_and_what_is_a_baseline():
    values = np.array([[0.5, -3.0], [0.25, np.nan], [1.0, 2.0]])
    figure = scorecard_figure(
        values, names=["ours", "untrained", "other"], metrics=["a", "b (dB)"], baselines=[1],
        write=[lambda x: f"{x:.2f}", lambda x: f"{x:.0f} dB"],
    )  # fmt: skip
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b (dB)"]
    dots = [line for line in first.lines if line.get_marker() in "oDs"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [
        (0.5, 0), (0.25, 1), (1.0, 2)]  # fmt: skip
    assert [line.get_marker() for line in dots] == ["o", "D", "s"]
    assert dots[1].get_markerfacecolor() == "white"
    assert dots[0].get_markerfacecolor() != "white"
    assert [text.get_text() for text in first.texts] == ["0.50", "0.25", "1.00"]
    assert [text.get_text() for text in second.texts] == ["-3 dB", "does not apply", "2 dB"]
    weights = [text.get_fontweight() for text in first.get_yticklabels()]
    assert weights == ["bold", "normal", "normal"]
    for axes, column in zip(figure.axes, values.T, strict=True):
        low, high = axes.get_xlim()
        assert low <= min(0, np.nanmin(column)) <= np.nanmax(column) < high
        bottom, top = axes.get_ylim()
        assert top < 0
        assert bottom > 2
    assert entries(figure.legends[0]) == ["under study", "baseline", "compared"]


def figures(rng):
    rate = rng.uniform(0, 1, 128)
    spikes = rng.random((64, 8)) < 0.2
    names = [f"channel {16 * n + 15}, y {n + 10}, x 14" for n in range(8)]
    yield rate_histogram_figure(rate)
    yield fi_curve_figure(drive_thresholds(1.0, 0.0, 64), rng.normal(size=1000))
    yield raster_figure(spikes, names=names)
    yield membrane_figure(spikes * 1.5, spikes, names=names)
    yield encoder_history_figure(np.arange(64), np.ones((64, 5)) / 8, np.ones((64, 5)))
    yield kernel_history_figure(rng.normal(size=(5, 8, 3, 3)), epochs=[0, 1, 4, 20, 63],
                                channels=range(120, 128))  # fmt: skip
    yield scorecard_figure(rng.normal(size=(6, 8)), names=["bundled encoder", "untrained, 5 seeds",
                           "Poisson coding", "latency coding", "raw pixels", "other.pth"],
                           metrics=[f"a metric with a name of some length {n}" for n in range(8)],
                           baselines=[1, 2, 3, 4])  # fmt: skip


def test_text_has_seven_points_in_a_column(rng):
    for figure in figures(rng):
        check_text(figure, COLUMN)
        for axes in figure.axes:
            assert (
                axes.get_title()
                or axes.get_title(loc="left")
                or axes.get_ylabel()
                or axes.get_xlabel()
            )


def test_a_file_does_not_depend_on_those_before_it():
    spikes = np.eye(3, dtype=bool)
    for figure in (
        membrane_figure(spikes * 1.5, spikes, names=NAMES, dpi=40),
        fi_curve_figure(np.array([0.3, 0.5, 1]), np.linspace(-1, 2, 50), dpi=40),
        scorecard_figure(np.eye(2), names=["a", "b"], metrics=["c", "d"], dpi=40),
    ):
        first = render(figure, "svg")
        render(figure, "png")
        assert render(figure, "svg") == first


def test_one_of_everything_is_drawn():
    rate_histogram_figure(np.zeros(1))
    raster_figure(np.zeros((1, 1)), names=["a"])
    membrane_figure(np.ones((1, 1)), np.ones((1, 1)), names=["a"])
    encoder_history_figure([0], np.zeros((1, 1)), np.zeros((1, 1)))
    kernel_history_figure(np.zeros((1, 1, 1, 1)), epochs=[3], channels=[0])
    axes = scorecard_figure(np.zeros((1, 1)), names=["a"], metrics=["b"]).axes[0]
    assert axes.texts[0].get_text() == "0"
    scorecard_figure(np.full((2, 1), np.nan), names=["a", "b"], metrics=["c"])


def test_wrong_input_is_refused():
    with pytest.raises(ShapeError, match=r"firing rates must be in \[0, 1\], got 0 to 1.5"):
        rate_histogram_figure(np.array([0, 1.5]))
    with pytest.raises(ConfigError, match="bins must be at least 1, got 0"):
        rate_histogram_figure(np.zeros(3), bins=0)
    with pytest.raises(ShapeError, match="must be sorted"):
        fi_curve_figure(np.array([0.1, 0.5, 0.3]), np.zeros(3))
    with pytest.raises(ShapeError, match="drives must be finite"):
        fi_curve_figure(np.ones(1), np.array([np.nan]))
    with pytest.raises(ShapeError, match="3 neurons need as many names, got 1"):
        raster_figure(np.zeros((2, 3)), names=["a"])
    with pytest.raises(ShapeError, match="spikes must be 0 or 1"):
        raster_figure(np.full((2, 3), 2), names=NAMES)
    with pytest.raises(ShapeError, match=r"spikes \[2, 3\] do not fit potentials \[3, 3\]"):
        membrane_figure(np.zeros((3, 3)), np.zeros((2, 3)), names=NAMES)
    with pytest.raises(ShapeError, match="epochs must ascend"):
        encoder_history_figure([1, 1], np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(ShapeError, match="180 degrees"):
        encoder_history_figure([1], np.zeros((1, 1)), np.full((1, 1), 181.0))
    with pytest.raises(ConfigError, match="quantiles must ascend"):
        encoder_history_figure([1], np.zeros((1, 1)), np.zeros((1, 1)), quantiles=(0.9, 0.1))
    with pytest.raises(ShapeError, match="do not fit 1 epochs and 2 channels"):
        kernel_history_figure(np.zeros((2, 2, 3, 3)), epochs=[0], channels=[0, 1])
    with pytest.raises(ShapeError, match=r"values must be \[1, 2\]"):
        scorecard_figure(np.zeros((2, 1)), names=["a"], metrics=["b", "c"])
    with pytest.raises(ShapeError, match="different places"):
        scorecard_figure(np.zeros((2, 1)), names=["a", "b"], metrics=["c"], baselines=[0])
    with pytest.raises(ShapeError, match="finite, or NaN"):
        scorecard_figure(np.array([[np.inf]]), names=["a"], metrics=["c"])
    with pytest.raises(ConfigError, match="dpi must be at least 10, got 9"):
        scorecard_figure(np.zeros((1, 1)), names=["a"], metrics=["c"], dpi=9)


def test_numbers_over_time_are_lines_in_the_same_colours():
    """A silent encoder, whose correlation is not defined, is there without a line."""
    first = {"mine": np.array([0.1, 0.4, 0.2]), "silent": np.full(3, np.nan)}
    figure = over_time_figure({"rate": first, "r": {"silent": [0.5], "mine": [1.0]}}, title="T")
    upper, lower = figure.axes
    assert [line.get_label() for line in upper.lines] == ["mine", "silent"]
    assert upper.lines[0].get_ydata().tolist() == [0.1, 0.4, 0.2]
    assert upper.lines[0].get_xdata().tolist() == [0, 1, 2]
    colors = {line.get_label(): line.get_color() for line in upper.lines}
    assert {line.get_label(): line.get_color() for line in lower.lines} == colors
    assert colors["mine"] != colors["silent"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["mine", "silent"]
    assert lower.get_xlabel() == "time step t"


def test_an_encoder_that_only_a_later_panel_has_is_in_the_legend():
    panels = {"rate": {"b": [0.1, 0.2]}, "r": {"a": [0.3, 0.4], "b": [0.5, 0.6]}}
    legend = over_time_figure(panels).legends[0]
    upper, lower = over_time_figure(panels).axes
    colors = {line.get_label(): line.get_color() for line in lower.lines}
    shown = {
        text.get_text(): line.get_color()
        for text, line in zip(legend.get_texts(), legend.get_lines(), strict=True)
    }
    assert shown == colors == {"b": upper.lines[0].get_color(), "a": colors["a"]}


def test_names_of_any_length_and_signs_stay_in_the_figure():
    names = ["_best.pth", "T_4_b_64_SGD_lr_0.1_CosALR_64/checkpoint_max.pth", "a$b$c", "x" * 90]
    over_time = over_time_figure({"rate": {name: [0.1, 0.4] for name in names}})
    shown = entries(over_time.legends[0])
    assert shown[0] == " _best.pth"
    assert shown[1].startswith("T_4_b_64")
    assert shown[1].endswith("max.pth")
    assert len(shown) == 4, "none is hidden"
    scorecard = scorecard_figure(np.ones((4, 2)), names=names, metrics=["a", "b"])
    for figure in (over_time, scorecard):
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert -0.01 <= box.x0 < box.x1 <= width + 0.01
        assert -0.01 <= box.y0 < box.y1 <= height + 0.01
    assert all(axes.get_position().width > 0.4 for axes in scorecard.axes)
    render(over_time, "svg")


def test_a_figure_of_too_many_neurons_is_refused():
    with pytest.raises(ConfigError, match="choose a lower dpi, or show less"):
        raster_figure(np.zeros((2, 4000)), names=[""] * 4000)
    with pytest.raises(ConfigError, match="choose a lower dpi"):
        check_size(*membrane_size(129)[:2], 2400)
    check_size(*membrane_size(129)[:2], 2300)


@pytest.mark.parametrize("panels", [{}, {"r": {}}, {"r": {"mine": []}}, {"r": {"a": [[1]]}}])
def test_panels_without_numbers_are_refused(panels):
    with pytest.raises(ShapeError, match=r"a panel needs|must be"):
        over_time_figure(panels)


@pytest.mark.parametrize("T", [1, 2])
def test_few_steps_have_a_tick_each(T):
    spikes = np.ones((T, 2), bool)
    for figure in (
        raster_figure(spikes, names=["a", "b"]),
        over_time_figure({"r": {"a": [0] * T}}),
    ):
        axes = figure.axes[0]
        low, high = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if low <= tick <= high] == list(range(T))


def test_names_that_are_no_text_are_drawn():
    """What a file's name may hold: bytes that are no UTF-8, and ends of lines."""
    figure = over_time_figure({"r": {"a\udcff": [0.1], "b\nc": [0.2]}})
    assert entries(figure.legends[0]) == ["a?", "b c"]
    render(figure, "png")


def test_a_single_neuron_has_room_for_its_label():
    figure = raster_figure(np.ones((3, 1), bool), names=["a"])
    render(figure, "png")
    label = figure.axes[0].yaxis.label.get_window_extent()
    assert 0 <= label.y0 < label.y1 <= figure.bbox.height
