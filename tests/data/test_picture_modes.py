"""What the pixels of a picture are taken as, and what is said of it."""

import warnings

import numpy as np
import pytest
from PIL import Image

from snnviz.data import load_picture, load_pictures
from snnviz.errors import ConfigError, DataError


def told(path, **more):
    """The picture, and the sentences that it is warned with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        picture = load_picture(path, **more)
    return picture, [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("top", "white"),
    [
        (4095, 4095),
        (3000, 4095),
        (1023, 1023),
        (700, 1023),
        (255, 255),
        (16383, 16383),
        (16384, 65535),
        (65535, 65535),
    ],
)
@pytest.mark.parametrize("form", ["png", "tiff"])
def test_fewer_bits_in_sixteen_are_not_black(form, top, white, tmp_path):
    levels = np.array([[0, top // 2, top]], np.uint16)
    Image.fromarray(levels).save(tmp_path / f"camera.{form}")
    picture, notes = told(tmp_path / f"camera.{form}")
    assert picture.tolist() == [[0, round(255 * (top // 2) / white), round(255 * top / white)]]
    if white == 65535:
        assert notes == []
    else:
        (note,) = notes
        assert f"levels of more than 8 bits reach {top}" in note
        assert note.endswith(f"taken as {white}")


def test_a_black_picture_needs_no_white(tmp_path):
    Image.fromarray(np.zeros((2, 3), np.uint16)).save(tmp_path / "black.png")
    picture, notes = told(tmp_path / "black.png")
    assert (picture.max(), notes) == (0, [])


def test_floats_say_what_was_taken_for_white(tmp_path):
    Image.fromarray(np.float32([[0, np.nan, 0.5]])).save(tmp_path / "map.tiff")
    picture, (missing, note) = told(tmp_path / "map.tiff")
    assert picture.tolist() == [[0, 0, 128]]
    assert "1 of its pixels are no number; taken as black" in missing
    assert "its floats reach 0.5 and do not say what white is; taken as 1" in note


COLOURS = np.array([[[250, 10, 20], [0, 200, 0]], [[5, 5, 240], [255, 255, 255]]], np.uint8)
LUMA = (COLOURS @ np.array([0.299, 0.587, 0.114])).round()


@pytest.mark.parametrize(
    ("mode", "form", "off"),
    [
        ("LAB", "tiff", 10),
        ("CMYK", "tiff", 1),
        ("YCbCr", "tiff", 2),
        ("RGBA", "png", 1),
        ("RGBX", "tiff", 1),
        ("P", "png", 60),
    ],
)
def test_colours_of_any_kind_become_luma(mode, form, off, tmp_path):
    """Within what the colour space and its palette round."""
    colours = Image.fromarray(COLOURS)
    if mode == "LAB":
        from PIL import ImageCms

        rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        colours = ImageCms.profileToProfile(colours, rgb, lab, outputMode="LAB")
    else:
        colours = colours.convert(mode)
    colours.save(tmp_path / f"colours.{form}")
    picture, notes = told(tmp_path / f"colours.{form}")
    assert np.abs(picture.astype(int) - LUMA).max() <= off
    assert notes == []


def test_one_bit_is_black_or_white(tmp_path):
    Image.fromarray(np.array([[True, False, True]])).save(tmp_path / "bits.png")
    picture, notes = told(tmp_path / "bits.png")
    assert (picture.tolist(), notes) == ([[255, 0, 255]], [])


def test_of_several_pages_the_first_is_taken_and_said(tmp_path):
    first, second = Image.new("L", (3, 2), 9), Image.new("L", (3, 2), 200)
    first.save(tmp_path / "pages.tiff", save_all=True, append_images=[second])
    picture, (note,) = told(tmp_path / "pages.tiff")
    assert set(picture.flat) == {9}
    assert "pages.tiff: of 2 frames or pages the first is taken" in note


@pytest.mark.parametrize("error", [ValueError, SystemError, KeyError])
def test_what_a_conversion_raises_is_one_sentence(error, tmp_path, monkeypatch):
    def fail(*_args, **_more):
        raise error("inside")

    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(DataError, match=r"a\.png: not a picture that Pillow can read"):
        load_picture(tmp_path / "a.png")


def test_colours_are_kept_for_an_encoder_that_sees_them(tmp_path):
    wide = np.zeros((2, 3, 3), np.uint8)
    wide[0, 1], wide[1, 2] = (200, 10, 30), (0, 0, 255)
    Image.fromarray(wide).save(tmp_path / "a.png")
    Image.fromarray(np.array([[7, 9]], np.uint8)).save(tmp_path / "grey.png")
    colour, grey = load_pictures([tmp_path / "a.png", tmp_path / "grey.png"], channels=3)
    assert np.array_equal(colour.channels, wide.transpose(2, 0, 1))
    assert colour.image.tolist() == [[0, 69, 0], [0, 0, 29]], "and its luma beside it"
    assert grey.channels.tolist() == [[[7, 9]]] * 3
    (plain,) = load_pictures([tmp_path / "a.png"])
    assert plain.colour is None
    assert np.array_equal(plain.channels, colour.image[None])


@pytest.mark.parametrize("channels", [2, 4, 128])
def test_no_picture_has_other_channels(channels, tmp_path):
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match=rf"{channels} channels, and pictures have 1 .* or 3"):
        load_pictures([tmp_path / "a.png"], channels=channels)


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ([[-1.0, 0.5]], "go down to -1; what is below 0 is taken as black"),
        ([[-1.0, -0.5]], "go down to -1; what is below 0 is taken as black"),
        ([[np.nan, 0.5]], "1 of its pixels are no number; taken as black"),
    ],
)
def test_what_becomes_black_is_said(tmp_path, levels, words):
    Image.fromarray(np.array(levels, np.float32)).save(tmp_path / "a.tif")
    picture, notes = told(tmp_path / "a.tif")
    assert picture[0, 0] == 0
    assert words in notes[0]
