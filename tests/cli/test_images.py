"""What a command says of pictures that it does not look at as they are."""

import numpy as np
import pytest
from PIL import Image

from tests.commands import one_line


@pytest.fixture
def pictures(tmp_path):
    """One of 300 x 40 pixels (height x width), turned by its EXIF data; one of 20 x 30."""
    pixels = np.arange(300 * 40, dtype=np.uint8).reshape(40, 300)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "high.jpg", exif=turned)
    Image.fromarray(pixels[:20, :30]).save(tmp_path / "small.png")
    return tmp_path


def drawn(run, *arguments):
    return run("visualize", "-T", 2, *arguments, "--out-dir", "out", "--overwrite")


def test_a_picture_that_is_scaled_down_by_nobodys_choice_is_said(run, pictures):
    status, _, err = drawn(run, "--image", "high.jpg", "--image", "small.png")
    assert status == 0
    assert one_line(err) == (
        "snnviz: high.jpg is 300 x 40 pixels, scaled down to a longest side of 256; choose another "
        "with --max-side\n"
    )
    with Image.open(pictures / "out" / "00000" / "input.png") as picture:
        assert picture.height > picture.width


@pytest.mark.usefixtures("pictures")
def test_several_take_one_line(run):
    _, _, err = drawn(run, *["--image", "high.jpg"] * 3)
    assert "(and 2 more of 3 pictures are larger, too)" in one_line(err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--image", "small.png"),
        ("--image", "high.jpg", "--max-side", 256),
        ("--image", "high.jpg", "-q"),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_nothing_is_said_where_it_is_chosen_or_nothing_is_lost(run, arguments):
    status, _, err = drawn(run, *arguments)
    assert (status, err) == (0, "")


@pytest.mark.usefixtures("pictures")
def test_analyze_says_it_too(run):
    arguments = ("--untrained", 0, "--no-figures", "-T", 1, "--dataset", "garments")
    _, _, err = run("analyze", "--image", "high.jpg", *arguments)
    assert "high.jpg is 300 x 40 pixels, scaled down" in err
