"""Figures of event frames by their pixels' colours and their legends."""

import numpy as np
import pytest

from snnviz.data import draw_frames
from snnviz.errors import ShapeError
from snnviz.figures import frames_figure
from snnviz.figures.levels import CONTRAST
from tests.figures.layout.tiles import legend, texts
from tests.figures.test_paper import contrast_within, luminance


@pytest.fixture
def frames(rng):
    return rng.poisson(0.7, (4, 2, 6, 9)).astype(np.float32)


def shown(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def bars(figure):
    return [axes.get_xlabel() for axes in figure.axes[1:]]


def test_the_sum_of_all_steps_is_one_picture_with_both_polarities(frames):
    figure = frames_figure(frames, label="wave $1")
    pictures, top = draw_frames(frames.sum(0, keepdims=True))
    picture = pictures[0].transpose(1, 2, 0).repeat(3, axis=0).repeat(3, axis=1)
    on = frames.sum(0)[1] > frames.sum(0)[0]
    assert 0 < on.sum() < on.size
    for y, x in np.argwhere(on):
        light = luminance(picture[3 * y + 1, 3 * x + 1])
        dark = (light + 0.05) / (luminance(np.array([20, 20, 20])) + 0.05)
        picture[3 * y + 1, 3 * x + 1] = 20 if dark > 1.05 / (light + 0.05) else 255
    canvas = shown(figure)
    rows, columns = picture.shape[:2]
    where = [
        (y, x)
        for y in range(canvas.shape[0] - rows + 1)
        for x in range(canvas.shape[1] - columns + 1)
        if np.array_equal(canvas[y : y + rows, x : x + columns], picture)
    ]
    assert len(where) == 1
    assert bars(figure) == ["off events a pixel", "on events (dotted) a pixel"]
    assert [tick.get_text() for tick in figure.axes[1].get_xticklabels()] == ["0", f"{top:g}"]
    title = figure.axes[0].get_title()
    assert title.replace("\n", " ") == r"Event frames: wave \$1, sum of 4 steps"
    assert "many of both" in str(legend(figure))


@pytest.mark.parametrize("events", [1, 4, 9])
def test_polarities_are_told_apart_without_colour(events):
    frames = np.zeros((1, 2, 1, 3))
    frames[0, 0, 0, 0], frames[0, 1, 0, 1], frames[0, :, 0, 2] = events, events, events
    frames[0, 0, 0, 0] += events == 1  # the range is up to 2, so that one event is pale
    canvas = shown(frames_figure(frames))
    rows, columns = canvas.shape[0] // 2 - 1, canvas.shape[1] // 2 - 4
    off, on, both = (
        canvas[rows : rows + 3, c : c + 3] for c in (columns, columns + 3, columns + 6)
    )
    assert contrast_within(off) == contrast_within(both) == 1
    assert contrast_within(on) >= CONTRAST


def test_each_step_is_a_picture_on_one_range(frames):
    figure = frames_figure(frames, each_step=True, columns=2)
    assert texts(figure) == ["0", "1", "2", "3"]
    _, top = draw_frames(frames)
    assert [tick.get_text() for tick in figure.axes[1].get_xticklabels()] == ["0", f"{top:g}"]


@pytest.mark.parametrize(
    ("channels", "named"),
    [
        (1, ["events a pixel"]),
        (3, ["red channel a pixel", "green channel a pixel", "blue channel a pixel"]),
        (5, ["events, 5 channels added up a pixel"]),
    ],
)
def test_other_numbers_of_channels_say_what_they_show(channels, named, rng):
    assert bars(frames_figure(rng.poisson(1, (1, channels, 4, 4)))) == named


@pytest.mark.parametrize(
    "given", [np.zeros((2, 3, 4)), np.full((1, 1, 2, 2), -1), np.zeros((1, 1, 0, 2))]
)
def test_what_is_no_frames_is_refused(given):
    with pytest.raises(ShapeError, match="event frames must be"):
        frames_figure(given)
