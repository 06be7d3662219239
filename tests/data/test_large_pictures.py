"""Pictures that are converted in parts, and those that another program would have to draw."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from snnviz.data import load_picture, pictures
from snnviz.errors import DataError

SHAPE = 70, 45  # two and three tiles of 32 pixels, the last ones smaller


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch):
    monkeypatch.setattr(pictures, "_TILE", 32)


@pytest.fixture
def levels():
    """The brightest pixel is in the last tile."""
    return np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)


def test_white_is_that_of_the_whole_picture(tmp_path, levels):
    for dtype in (np.float32, np.int32):
        Image.fromarray((levels * 20).astype(dtype)).save(tmp_path / "a.tiff")
        expected = np.rint(levels * 20 / 257).astype(np.uint8)
        assert np.array_equal(load_picture(tmp_path / "a.tiff"), expected)


def test_pixels_keep_their_places(tmp_path, levels):
    grey = (levels % 251).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert np.array_equal(load_picture(tmp_path / "a.png"), grey)
    Image.fromarray((levels * 20).astype(np.uint16)).save(tmp_path / "b.png")
    expected = np.rint(levels * 20 / 257).astype(np.uint8)
    assert np.array_equal(load_picture(tmp_path / "b.png"), expected)


def test_transparency_is_black_in_every_part(tmp_path, levels):
    alpha = np.where(levels % 3, 255, 0).astype(np.uint8)
    pixels = np.dstack([np.full((*SHAPE, 3), 200, np.uint8), alpha])
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(load_picture(tmp_path / "a.png"), np.where(alpha, 200, 0))
    palette = Image.fromarray((levels % 7).astype(np.uint8)).convert("P")
    palette.putpalette([9] * 3 + [50] * 3 + [100] * 762)
    palette.save(tmp_path / "b.png", transparency=1)
    index = levels % 7
    expected = np.select([index == 0, index == 1], [9, 0], 100)
    assert np.array_equal(load_picture(tmp_path / "b.png"), expected)


def test_turned_pictures_are_upright(tmp_path, levels):
    grey = (levels % 251).astype(np.uint8)
    turns = {1: grey, 3: np.rot90(grey, 2), 6: np.rot90(grey, -1), 8: np.rot90(grey)}
    turns |= {2: grey[:, ::-1], 5: grey.T}
    for orientation, expected in turns.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for name in ("a.png", "a.tiff"):
            Image.fromarray(grey).save(tmp_path / name, exif=exif)
            # Pillow 13 scrambles a raw TIFF on a side where it is given its name.
            assert np.array_equal(load_picture(tmp_path / name), expected)


def test_numbers_in_any_part_are_enough(tmp_path):
    pixels = np.full(SHAPE, np.nan, np.float32)
    Image.fromarray(pixels).save(tmp_path / "none.tiff")
    with pytest.raises(DataError, match="all its pixels are NaN"):
        load_picture(tmp_path / "none.tiff")
    pixels[-1, -1] = 1
    Image.fromarray(pixels).save(tmp_path / "one.tiff")
    assert load_picture(tmp_path / "one.tiff")[-1].tolist() == [0] * 44 + [255]


def test_what_ghostscript_would_draw_is_refused_unrun(tmp_path, monkeypatch):
    Image.new("L", (9, 9)).save(tmp_path / "a.eps")

    def run(*_args, **_options):
        pytest.fail("a program was started")

    for name in ("Popen", "check_call", "run"):
        monkeypatch.setattr(subprocess, name, run)
    with pytest.raises(DataError, match=r"a\.eps: another program would have to draw what is EPS"):
        load_picture(tmp_path / "a.eps")


def test_memory_is_no_reason_to_blame_the_file(tmp_path, monkeypatch):
    def fail(*_args, **_options):
        raise MemoryError

    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(MemoryError):
        load_picture(tmp_path / "a.png")


@pytest.mark.skipif(sys.platform != "linux", reason="reads ru_maxrss as Linux counts it")
def test_a_large_picture_of_floats_takes_little_more_than_its_pixels(tmp_path):
    side = 4000
    path = tmp_path / "a.tiff"
    Image.new("F", (side, side), 0.5).save(path, compression="tiff_adobe_deflate")
    code = (
        "import resource, sys; from pathlib import Path; from PIL import Image\n"
        "from snnviz.data import load_picture\n"
        "Image.init(); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "load_picture(Path(sys.argv[1]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", code, path]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    # 4 bytes a pixel as they are read, 1 as they are kept; all at once in float64 took over 30.
    assert int(result.stdout) * 1024 < 10 * side**2
