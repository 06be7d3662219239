"""Pictures that do not say what white is, and files that are no pictures."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from snnviz.data import ImageSet, load_picture, to_input
from snnviz.errors import DataError, ShapeError


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.float32([[0, 0.5, 1.0001]]), [0, 128, 255]),
        (np.float32([[-0.2, 0.5, 1.3]]), [0, 128, 255]),  # a filter's overshoot
        (np.float32([[0, 51, 255]]), [0, 51, 255]),
        (np.float32([[0, 2, 300]]), [0, 2, 255]),
        (np.float32([[0, 32767.5, 65535]]), [0, 128, 255]),
        (np.float32([[0, 1e6]]), [0, 255]),
        (np.int32([[0, 128, 255]]), [0, 128, 255]),
        (np.int32([[0, 257, 65535]]), [0, 1, 255]),
        (np.int32([[0, 0]]), [0, 0]),
    ],
)
def test_white_is_what_the_brightest_pixel_is_about(levels, expected, tmp_path):
    Image.fromarray(levels).save(tmp_path / "picture.tiff")
    assert load_picture(tmp_path / "picture.tiff").tolist() == [expected]


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    code = "import sys; from pathlib import Path; from snnviz.data import load_picture\n"
    code += "load_picture(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, tmp_path / "pipe.png"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert "pipe.png: it is not a file" in result.stderr


@pytest.mark.parametrize("error", [RuntimeError, NotImplementedError, IndexError, SyntaxError])
def test_whatever_pillow_raises_is_one_line(error, tmp_path, monkeypatch):
    def fail(_path):
        warnings.warn("Corrupt EXIF data", stacklevel=1)
        raise error("deep inside")

    Image.new("L", (2, 2)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", fail)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=r"a\.png: not a picture that Pillow can read"):
            load_picture(tmp_path / "a.png")


@pytest.mark.parametrize("wrong", [np.full((2, 4, 5), 0.5), np.zeros((4, 5), np.uint8)])
def test_only_bytes_are_scaled_to_an_input(wrong):
    with pytest.raises(ShapeError, match=r"uint8 \[n, H, W\]"):
        to_input(wrong)


@pytest.mark.parametrize("labels", [np.array([0, -1]), np.array([0.0, 0.5])])
def test_labels_are_whole_numbers_from_zero(labels):
    with pytest.raises(DataError, match="labels must be whole numbers from 0"):
        ImageSet("x", np.zeros((2, 3, 4), np.uint8), labels)
