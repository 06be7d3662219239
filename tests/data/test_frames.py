"""Event frames from files and arrays, and pictures of them."""

import numpy as np
import pytest

from snnviz.data import Frames, draw_frames, frames_samples, load_frames, load_recordings, luma
from snnviz.errors import DataError, ShapeError

OFF, ON = (213, 94, 0), (0, 114, 178)


@pytest.fixture
def counts(rng):
    return rng.integers(0, 4, (3, 2, 5, 6))


def test_what_spikingjelly_caches_is_read_with_off_events_first(tmp_path):
    from spikingjelly.datasets import utils

    events = {
        "t": np.arange(8),
        "x": np.array([0, 0, 1, 1, 2, 2, 3, 3]),
        "y": np.array([0, 1, 0, 1, 0, 1, 0, 1]),
        "p": np.array([0, 1, 0, 1, 0, 1, 0, 1]),
    }
    np.savez(tmp_path / "events.npz", **events)
    (tmp_path / "frames").mkdir()
    utils.integrate_events_file_to_frames_file_by_fixed_frames_number(
        np.load, tmp_path / "events.npz", tmp_path / "frames", "number", 4, 2, 4
    )
    frames = load_frames(tmp_path / "frames" / "events.npz")
    assert (frames.T, frames.shape, frames.source) == (4, (2, 2, 4), "events.npz")
    assert frames.counts[0].tolist() == [[1, 1, 1, 1], [0, 0, 0, 0]], "p = 0: off"
    assert frames.counts[1].tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]], "p = 1: on"
    assert frames.frames[1].sum((0, 1)).tolist() == [0, 2, 0, 0]
    picture = frames.picture()
    assert (picture[:, 0] == np.array(OFF)[:, None]).all()
    assert (picture[:, 1] == np.array(ON)[:, None]).all()
    with pytest.raises(DataError, match=r"single events \(t, x, y, p\); integrate them"):
        load_frames(tmp_path / "events.npz")


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float16, np.float64, ">f4"])
@pytest.mark.parametrize("form", ["npy", "npz"])
def test_numbers_of_any_kind_are_read(dtype, form, counts, tmp_path):
    path = tmp_path / f"x.{form}"
    given = counts.astype(dtype)
    if form == "npy":
        np.save(path, given)
    else:
        np.savez_compressed(path, label=3, frames=given)
    frames = load_frames(path)
    assert frames.frames.dtype == np.float32
    assert np.array_equal(frames.frames, given.astype(np.float32))
    assert np.array_equal(frames.counts, given.astype(float).sum(0))


def test_several_recordings_are_told_apart(counts, tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.stack([counts, counts[::-1]]))
    first, second = load_recordings(path)
    assert np.array_equal(first.frames, counts)
    assert np.array_equal(second.frames, counts[::-1])
    with pytest.raises(DataError, match="holds 2 recordings; use load_recordings"):
        load_frames(path)
    np.save(path, counts[None])
    assert np.array_equal(load_frames(path).frames, counts)
    samples = frames_samples([path, path])
    assert [(sample.index, sample.source) for sample in samples] == [(0, "x.npy"), (1, "x.npy")]
    assert np.array_equal(samples[1].frames, counts)
    assert np.array_equal(samples[1].colour, first.picture())
    assert np.array_equal(samples[1].image, luma(first.picture()))


def test_frames_are_not_taken_for_a_still_image(counts, tmp_path):
    np.save(tmp_path / "x.npy", counts)
    (sample,) = frames_samples([tmp_path / "x.npy"])
    with pytest.raises(ShapeError, match=r"x\.npy holds event frames of 3 steps"):
        _ = sample.channels


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.full((3, 2, 4, 4), -1.0), "finite counts >= 0, got -1 to -1"),
        (np.full((3, 2, 4, 4), np.nan), "finite counts >= 0"),
        (np.full((3, 2, 4, 4), np.inf), "got inf to inf"),
        (np.full((3, 2, 4, 4), 1e300), "got inf to inf"),
        (np.zeros((3, 4, 4)), r"\[T, C, H, W\] or \[N, T, C, H, W\], got float64 \[3, 4, 4\]"),
        (np.zeros((0, 2, 4, 4)), r"got float64 \[1, 0, 2, 4, 4\]; reshape"),
        (np.zeros((3, 2, 4, 4), complex), "got complex128"),
        (np.full((3, 2, 4, 4), "a"), "got <U1"),
        (np.full((3, 2, 4, 4), None), "pickled objects"),
    ],
)
def test_what_is_no_counts_is_refused_in_one_line(values, told, tmp_path):
    np.savez(tmp_path / "x.npz", frames=values)
    with pytest.raises(DataError, match=told) as caught:
        load_frames(tmp_path / "x.npz")
    assert "\n" not in str(caught.value)
    assert "x.npz" in str(caught.value)


def test_a_file_without_frames_says_what_it_holds(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(DataError, match="holds a, b and no array frames"):
        load_frames(tmp_path / "x.npz")


def test_colours_say_which_polarity_and_how_many():
    counts = np.zeros((1, 2, 2, 3))
    counts[0, 0, 0] = [4, 2, 0]  # off
    counts[0, 1, 1] = [4, 0, 1]  # on
    counts[0, :, 0, 2] = 4  # both
    (picture,), top = draw_frames(counts)
    assert top == 4
    white = np.array([255, 255, 255])

    def between(colour, share):
        return np.rint(white - share * (white - np.array(colour))).tolist()

    assert picture[:, 0, 0].tolist() == list(OFF)
    assert picture[:, 0, 1].tolist() == between(OFF, 0.5)
    assert picture[:, 0, 2].tolist() == [0, 0, 0]
    assert picture[:, 1, 0].tolist() == list(ON)
    assert picture[:, 1, 1].tolist() == white.tolist()
    assert picture[:, 1, 2].tolist() == between(ON, 0.25)


def test_a_broken_pixel_does_not_pale_the_others():
    counts = np.ones((1, 1, 20, 20))
    counts[0, 0, 3, 3] = 10_000
    (picture,), top = draw_frames(counts)
    assert top == 1
    assert (picture == np.array(ON)[:, None, None]).all()


def test_other_numbers_of_channels_are_colours_or_a_sum():
    counts = np.zeros((2, 3, 1, 2))
    counts[0, :, 0, 0] = [4, 2, 0]
    pictures, top = draw_frames(counts)
    assert top == 4
    assert pictures[0, :, 0].T.tolist() == [[255, 128, 0], [0, 0, 0]]
    counts = np.full((1, 5, 1, 2), 1.0)
    counts[..., 1] = 0
    (picture,), top = draw_frames(counts)
    assert top == 5
    assert picture[:, 0].T.tolist() == [list(ON), [255] * 3]
    (nothing,), top = draw_frames(np.zeros((1, 2, 3, 3)))
    assert (nothing == 255).all()
    assert top == 1


def test_an_array_is_taken_as_it_is(counts):
    frames = Frames(counts)
    assert (frames.T, frames.shape, frames.source) == (3, (2, 5, 6), None)
    assert frames.frames.dtype == np.float32
    with pytest.raises(
        DataError, match=r"event frames: event frames must be numbers \[T, C, H, W\]"
    ):
        Frames(counts[0])
