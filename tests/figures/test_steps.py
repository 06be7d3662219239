"""Figures of what happens at each step, and of classes, by their pixels' colours and labels."""

import matplotlib as mpl
import numpy as np
import pytest

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures import (
    class_atlas_figure,
    first_spike_figure,
    potential_map_figure,
    reconstruction_figure,
    sorted_channels_figure,
    spike_frames,
    spike_map_figure,
)
from snnviz.figures.layout.tiles import COLUMN
from snnviz.figures.levels import DIVERGING, SATURATED_COLOR, SILENT_COLOR
from snnviz.figures.spike_maps import BEFORE_COLOR, REST_COLOR, SPIKE_COLOR
from tests.figures.layout.tiles import (
    canvas_of,
    check_text,
    legend,
    rgb,
    texts,
    tile_at,
    tile_under,
)

T = 5


@pytest.fixture
def spikes(rng):
    """Five steps of six maps of 4 x 7; the first never fires, the second always."""
    spikes = rng.random((T, 6, 4, 7)) < 0.3
    spikes[:, 0], spikes[:, 1] = False, True
    return spikes


@pytest.mark.parametrize("steps", [1, 5, 64, 300])
def test_each_first_spike_time_has_its_colour(steps, rng):
    times = rng.integers(0, steps + 1, (6, 4, 7))
    times[0], times[1] = steps, 0
    figure = first_spike_figure(times, T=steps, rows=2, columns=3)
    place = np.log(np.arange(steps) + 1) / max(np.log(steps), 1)
    # Of viridis entries 0 to 152 have a contrast of 3 to white.
    colors = mpl.colormaps["viridis"](152.99 / 256 * place)[:, :3] * 255
    for k in range(6):
        tile = tile_at(figure, *divmod(k, 3), 4, 7)
        for where in np.ndindex(4, 7):
            time = times[k][where]
            expected = [255, 255, 255] if time == steps else colors[time]
            assert np.abs(tile[where] - expected).max() <= 1
    bar = figure.axes[1]
    ticks = [int(text.get_text()) for text in bar.get_xticklabels()]
    assert ticks[0] == 0
    assert ticks[-1] == steps - 1
    [(label, color)] = legend(figure).items()
    assert label.startswith("silent in 1 step:" if steps == 1 else f"silent in {steps} steps:")
    assert f"{(times == steps).mean():.0%}" in label
    assert color == (255, 255, 255)


def test_first_spikes_of_chosen_channels_are_labelled(rng):
    times = rng.integers(0, T + 1, (6, 4, 7))
    figure = first_spike_figure(times, T=T, channels=[4, 2], labels=True)
    assert texts(figure) == ["4", "2"]
    silent = (tile_under(figure, "4", 4, 7) == 255).all(axis=-1)
    assert np.array_equal(silent, times[4] == T)


def test_spikes_of_one_step(spikes):
    figure = spike_map_figure(spikes[2], t=2, labels=True)
    assert figure.axes[0].get_title() == "Spikes at $t = 2$"
    for k in range(6):
        tile = tile_under(figure, str(k), 4, 7)
        expected = np.where(spikes[2, k][..., None], rgb(SPIKE_COLOR), rgb(REST_COLOR))
        assert np.array_equal(tile, expected)
    assert legend(figure) == {
        "a spike in this step": tuple(rgb(SPIKE_COLOR)),
        "none": tuple(rgb(REST_COLOR)),
    }


def test_frames_show_what_is_new_and_what_was(spikes):
    frames = spike_frames(spikes, rows=2, columns=3, dpi=40)
    assert frames.dtype == np.uint8
    assert frames.shape[0] == T
    figure = spike_map_figure(spikes[0], t=0, rows=2, columns=3, dpi=40)
    box = figure.axes[0].bbox
    scale = round(box.width) // canvas_of(figure).shape[1]
    for t in range(T):
        # The output pixels at the middle of each block.
        top, left = round(frames.shape[1] - box.y1), round(box.x0)
        middle = frames[t, top + scale // 2 :: scale, left + scale // 2 :: scale].astype(int)
        for k in range(6):
            row, column = (k // 3) * 5 + 1, (k % 3) * 8 + 1
            tile = middle[row : row + 4, column : column + 7]
            for where in np.ndindex(4, 7):
                train = spikes[: t + 1, k, *where]
                color = SPIKE_COLOR if train[-1] else BEFORE_COLOR if train.any() else REST_COLOR
                assert np.abs(tile[where] - rgb(color)).max() <= 1
    assert len(spike_frames(spikes[:1])) == 1


@pytest.mark.parametrize(("threshold", "reset"), [(1.0, 0.0), (0.5, -0.5), (1.0, None)])
def test_potentials_are_in_the_middle_at_the_threshold(threshold, reset, rng):
    v = rng.normal(threshold, 1, (4, 3, 5))
    v[0], v[1], v[2] = threshold, 2 * threshold - (reset or 0), reset or 0
    v[3] = v[3].clip(threshold - 1, threshold + 1)
    figure = potential_map_figure(v, t=3, v_threshold=threshold, v_reset=reset, labels=True)
    reach = 2 * (threshold - (reset or 0))
    colors = mpl.colormaps[DIVERGING]
    for k in range(4):
        expected = colors((v[k] - threshold + reach) / (2 * reach))[..., :3] * 255
        assert np.abs(tile_under(figure, str(k), 3, 5) - expected).max() <= 1
    names = [text.get_text() for text in figure.axes[1].get_xticklabels()]
    assert f"{threshold:g}, threshold" in names
    assert f"{reset or 0:g}" in names
    assert "t = 3" in figure.axes[0].get_title()


def test_potentials_far_from_the_threshold_are_not_cut_off(rng):
    v = rng.normal(0, 0.1, (3, 4, 5))
    v[1, 0, 0], v[2, 0, 0] = -14, -7
    figure = potential_map_figure(v, t=3, labels=True)
    bar = figure.axes[1]
    names = [text.get_text() for text in bar.get_xticklabels()]
    assert (names[0], names[-1]) == ("-14", "16")
    assert "1, threshold" in names
    least, less, usual = (tile_under(figure, k, 4, 5)[0, 0] for k in "120")
    expected = mpl.colormaps[DIVERGING](0.0)[:3]
    assert np.abs(least - 255 * np.array(expected)).max() <= 1
    # Told apart from each other and from what lies near, which keeps three fifths of the colours.
    assert np.abs(less - least).max() > 10
    near = mpl.colormaps[DIVERGING](0.5 + 0.3 * (v[0, 0, 0] - 1) / 2)[:3]
    assert np.abs(usual - 255 * np.array(near)).max() <= 1


def test_reconstructions_stand_beside_the_input(rng):
    image = rng.integers(0, 256, (4, 7)).astype(np.uint8)
    steps = np.stack([np.zeros((4, 7)), np.full((4, 7), 0.5), image / 255, image / 255 + 0.1])
    figure = reconstruction_figure(image, steps)
    ratios = [10 * np.log10(1 / np.mean((step - image / 255) ** 2)) for step in steps[[0, 1, 3]]]
    names = ["input", f"t = 0: {ratios[0]:.1f} dB", f"t = 1: {ratios[1]:.1f} dB",
             "t = 2: inf dB", "t = 3: 20.0 dB"]  # fmt: skip
    assert texts(figure) == names
    assert ratios[2] == pytest.approx(20)
    for name, expected in zip(names, [image / 255, *steps], strict=True):
        tile = tile_under(figure, name, 4, 7)
        assert np.abs(tile[..., 0] - 255 * expected.clip(0, 1)).max() <= 2
    given = reconstruction_figure(image / 255, steps[:1], psnr=[12.34])
    assert texts(given) == ["input", "t = 0: 12.3 dB"]


def test_the_atlas_has_a_row_a_class_and_a_column_a_channel(rng):
    maps = rng.uniform(1, 3, (3, 4, 2, 5))
    maps[:, 1], maps[:, 2], maps[0, 3] = 0, T, 0
    figure = class_atlas_figure(maps, T=T, classes=["shoe", "bag", "coat"], channels=[7, 0, 9, 11])
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert set(places) == {"shoe", "bag", "coat", "7", "0", "9", "11"}
    assert places["shoe"][1] < places["bag"][1] < places["coat"][1]
    assert places["7"][0] < places["0"][0] < places["9"][0] < places["11"][0]
    low, high = maps[:, 0].min(), maps[:, 0].max()  # of all classes together
    for row in range(3):
        expected = 255 * (maps[row, 0] - low) / (high - low)
        assert np.abs(tile_at(figure, row, 0, 2, 5)[..., 0] - expected).max() <= 2
        assert (tile_at(figure, row, 1, 2, 5) == rgb(SILENT_COLOR)).all()
        assert (tile_at(figure, row, 2, 2, 5) == rgb(SATURATED_COLOR)).all()
    # Without a spike in one class only, the channel is not silent.
    assert (tile_at(figure, 0, 3, 2, 5) == 0).all()
    shared = class_atlas_figure(maps, T=T, classes=list("abc"), channels=range(4), scale="shared")
    assert np.abs(tile_at(shared, 1, 0, 2, 5)[..., 0] - 255 * maps[1, 0] / T).max() <= 2


def test_text_can_be_read_in_a_column(rng):
    times = rng.integers(0, 9, (128, 28, 28))
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
             "Bag", "Ankle boot"]  # fmt: skip
    for figure in (
        first_spike_figure(times, T=8, labels=True),
        spike_map_figure(times == 3, t=3, before=times < 3),
        potential_map_figure(times / 8, t=3),
        reconstruction_figure(times[0] / 8, times[:8] / 8),
        class_atlas_figure(times[:100].reshape(10, 10, 28, 28), T=8, classes=names,
                           channels=range(100, 110)),
    ):  # fmt: skip
        check_text(figure, COLUMN, 6.4)  # numbers of three digits shrink a little


def test_wrong_input_is_refused(spikes, rng):
    times = rng.integers(0, T + 1, (6, 4, 7))
    times[0] = T
    with pytest.raises(ShapeError, match=r"ints in 0..4, got int64 0 to 5"):
        first_spike_figure(times, T=4)
    with pytest.raises(ShapeError, match="must be ints"):
        first_spike_figure(times / 2, T=T)
    with pytest.raises(ConfigError, match="no colour map"):
        first_spike_figure(times, T=T, cmap="rainbowish")
    with pytest.raises(ShapeError, match="spikes must be 0 or 1"):
        spike_map_figure(times, t=0)
    with pytest.raises(ShapeError, match=r"must be \[6, 4, 7\] as those now, got \[5, 4, 7\]"):
        spike_map_figure(spikes[0], t=0, before=spikes[0, :5])
    with pytest.raises(ShapeError, match=r"numbers \[T, K, H, W\]"):
        spike_frames(spikes[0])
    with pytest.raises(ShapeError, match="finite"):
        potential_map_figure(np.full((1, 2, 2), np.nan), t=0)
    with pytest.raises(ShapeError, match=r"must be \[T, 4, 7\] as the input, got \[2, 7, 4\]"):
        reconstruction_figure(np.zeros((4, 7)), np.zeros((2, 7, 4)))
    with pytest.raises(ShapeError, match="2 reconstructions, but 1 ratios"):
        reconstruction_figure(np.zeros((4, 7)), np.zeros((2, 4, 7)), psnr=[1])
    with pytest.raises(ShapeError, match=r"in \[0, 1\], got 0 to 2"):
        reconstruction_figure(np.eye(2) * 2, np.zeros((1, 2, 2)))
    with pytest.raises(ShapeError, match="maps of 1 classes and 2 channels, but 1 and 1 names"):
        class_atlas_figure(np.zeros((1, 2, 3, 3)), T=1, classes=["a"], channels=[0])


def test_several_spikes_in_a_step_are_shades(rng):
    """How many, from none to the most that there are; not that there are some."""
    counts = rng.integers(0, 4, (6, 4, 7))
    counts[0], counts[1] = 0, 3
    figure = spike_map_figure(counts, t=2, most=3, rows=2, columns=3)
    rest, spike = (np.array(rgb(color)) for color in (REST_COLOR, SPIKE_COLOR))
    for k in range(6):
        tile = tile_at(figure, *divmod(k, 3), 4, 7)
        expected = rest + counts[k][..., np.newaxis] / 3 * (spike - rest)
        assert np.abs(tile - expected).max() <= 2
    assert figure.axes[1].get_xlim() == (0, 3)
    with pytest.raises(ShapeError, match=r"whole numbers in 0\.\.2"):
        spike_map_figure(counts, t=2, most=2)


@pytest.mark.parametrize("draw", [sorted_channels_figure, class_atlas_figure])
def test_mean_counts_above_T_end_at_T_times_the_most(draw):
    maps = np.linspace(0, 12, 6 * 20).reshape(6, 4, 5)
    maps[1] = 3.0  # T everywhere, which is no bound here
    atlas = {"classes": ["a"], "channels": range(6)} if draw is class_atlas_figure else {}
    shown = maps[np.newaxis] if atlas else maps
    figure = draw(shown, T=3, most=4, scale="shared", **atlas)
    assert figure.axes[1].get_xlim() == (0, 12)
    assert not figure.legends  # which would say what is saturated
    if not atlas:
        tile = tile_under(figure, "1", 4, 5)
        assert np.abs(tile - 255 * 3 / 12).max() <= 1
    with pytest.raises(ShapeError, match=r"must be in 0\.\.9"):
        draw(shown, T=3, most=3, **atlas)
