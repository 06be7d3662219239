"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments, cwd):
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
    ).stdout


def test_figures_from_python(tmp_path):
    out = run("figures_from_python.py", tmp_path / "out", cwd=tmp_path)
    assert "mean firing rate 0." in out
    assert len(list((tmp_path / "out").glob("*.png"))) == 9
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as picture:
            assert picture.width > 100


def test_my_own_picture(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (60, 90, 3)).astype(np.uint8)).save(tmp_path / "me.jpg")
    out = run("my_own_picture.py", "me.jpg", cwd=tmp_path)
    assert out.startswith("60 x 90 pixels")
    with Image.open(tmp_path / "me_encoded.png") as picture:
        assert picture.width > 1000


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_has_a_test(path):
    assert path.name in Path(__file__).read_text()
