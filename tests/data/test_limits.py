"""Pictures that ask for more than their pixels are worth; harmless ones, with lower limits."""

import io

import numpy as np
import pytest
from PIL import Image

from snnviz.data import limits, load_picture
from snnviz.errors import DataError


@pytest.fixture
def levels():
    return np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)


def refused(path):
    with pytest.raises(DataError) as error:
        load_picture(path)
    assert str(error.value).startswith(f"{path} is too large to open (")
    return str(error.value)


def test_files_of_many_bytes(tmp_path, levels, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(levels).save(path)
    size = path.stat().st_size
    monkeypatch.setattr(limits, "_MOST_BYTES", size)
    assert np.array_equal(load_picture(path), levels)
    monkeypatch.setattr(limits, "_MOST_BYTES", size - 1)
    assert f"({size} bytes, at most {size - 1} are read)" in refused(path)


def test_a_file_with_holes_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    assert f"({1 << 33} bytes" in refused(path)


def test_scans_of_a_jpeg(tmp_path, levels, monkeypatch):
    path = tmp_path / "a.jpg"
    Image.fromarray(levels).save(path, progressive=True)
    scans = path.read_bytes().count(b"\xff\xda")
    assert scans > 3
    # A marker may lie where two parts meet that are read one after the other.
    for chunk in (1, 2, 3, 100):
        monkeypatch.setattr(limits, "_CHUNK", chunk)
        monkeypatch.setattr(limits, "_MOST_VISITS", scans * levels.size)
        assert load_picture(path).shape == levels.shape
        monkeypatch.setattr(limits, "_MOST_VISITS", scans * levels.size - 1)
        assert f"({scans} scans of {levels.size} pixels)" in refused(path)


def test_pixels_that_python_decodes(tmp_path, levels, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_IN_PYTHON", levels.size - 1)
    flat = Image.new("RGB", (60, 40))
    flat.save(tmp_path / "a.qoi")
    assert f"({levels.size} pixels that are packed as QOI" in refused(tmp_path / "a.qoi")
    # C decodes these, and here is a byte for each pixel.
    flat.save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").shape == levels.shape
    text = f"P2 60 40 255 {' '.join(map(str, levels.ravel()))}"
    (tmp_path / "a.pgm").write_text(text)
    assert np.array_equal(load_picture(tmp_path / "a.pgm"), levels)
    monkeypatch.setattr(limits, "_MOST_IN_PYTHON", levels.size)
    assert load_picture(tmp_path / "a.qoi").shape == levels.shape


def test_the_place_in_the_file_stays():
    file = io.BytesIO(b"\xff\xda" * 10)
    file.seek(3)
    assert limits._count(file, b"\xff\xda") == 10
    assert file.tell() == 3
