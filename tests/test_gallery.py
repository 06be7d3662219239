"""tools/gallery.py, and the pages whose pictures it draws."""

import io
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import snnviz
import snnviz.figures
from snnviz.cli.appearance import appearance_options
from tools import gallery

README = [gallery.ROOT / name for name in ("README.md", "README.zh.md")]
# No larger than this is what a reader of a page has to wait for.
PICTURE, ALL = 150_000, 2_500_000


def text_of(page):
    return (gallery.DOCS / f"{page}.md").read_text()


def pictures(page):
    return [what for kind, what in gallery.steps(page) if kind == "picture"]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Writes a page of the documentation in a folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gallery, "DOCS", tmp_path)
    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    return (tmp_path / "page.md").write_text


def test_every_figure_is_in_the_gallery():
    functions = {name for name in snnviz.figures.__all__ if not name[0].isupper()}
    text = text_of("gallery")
    # Below its picture, by whatever line this was made.
    named = {
        n for line in re.findall(r"^`.*$", text, re.MULTILINE) for n in re.findall(r"\w+", line)
    }
    assert functions <= named


@pytest.mark.parametrize("name", gallery.PAGES)
def test_a_page_shows_each_of_its_pictures_once_and_all_there_are(name):
    shown = pictures(name)
    assert len(set(shown)) == len(shown) > 0
    there = {f"images/{name}/{path.name}" for path in (gallery.DOCS / "images" / name).iterdir()}
    assert there == set(shown)


def test_pictures_are_small():
    sizes = {each: (gallery.DOCS / each).stat().st_size for each in pictures("gallery")}
    assert min(sizes.values()) > 0
    assert max(sizes.values()) <= PICTURE
    assert sum(sizes.values()) <= ALL
    for each in pictures("paper"):
        assert 0 < (gallery.DOCS / each).stat().st_size < 60_000, each


@pytest.mark.parametrize("readme", README, ids=lambda path: path.name)
def test_the_readme_shows_four_of_the_gallerys_pictures(readme):
    shown = re.findall(r"docs/(images/[\w/]+\.\w+)", readme.read_text())
    assert len(set(shown)) == 4
    assert set(shown) <= set(pictures("gallery"))


def test_a_page_is_drawn_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.setenv("SNNVIZ_ANSWER", "5")
    page(
        "```python\nx = 3\n```\n\n```sh\necho $SNNVIZ_ANSWER > made.txt\n```\n"
        "```python\nimport snnviz\nsnnviz.firing_rate_figure({'a': x / 4}, width=3, dpi=100)\n```\n"
        "![of the last value](images/page/rate.png)\n![of another page](images/other/no.png)\n"
        "<!-- from: made.txt -->\n```{literalinclude} ../docs/images/page/made.txt\n```\n"
    )
    gallery.draw("page")
    with Image.open(tmp_path / "images/page/rate.png") as picture:
        assert picture.width == 300
        assert picture.mode == "P"
    assert (tmp_path / "images/page/made.txt").read_text() == "5\n"
    assert not (tmp_path / "images/other").exists()


def test_a_command_that_fails_ends_the_drawing(page):
    page("```sh\nfalse\ntouch went_on\n```\n")
    with pytest.raises(gallery.subprocess.CalledProcessError):
        gallery.draw("page")
    assert not Path("went_on").exists()


def test_a_block_gives_its_last_value_as_a_notebook_does():
    scope = {}
    assert gallery.run_python("x = 2\nx + 1\n", scope) == 3
    assert gallery.run_python("y = x\n", scope) is None
    assert scope["y"] == 2


def test_rare_colours_stay_what_they_are(rng):
    """Of a picture of many greys, and one small field of another colour."""
    pixels = np.repeat(rng.integers(0, 256, (90, 90, 1)), 3, axis=2).astype(np.uint8)
    pixels[:3, :3] = 213, 94, 0
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with Image.open(io.BytesIO(gallery.small(file.getvalue()))) as picture:
        kept = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(kept[:3, :3] - (213, 94, 0)).max() <= 8


def test_wide_pictures_are_halved():
    file = io.BytesIO()
    Image.new("RGB", (gallery.WIDE + 2, 10)).save(file, "PNG")
    with Image.open(io.BytesIO(gallery.small(file.getvalue()))) as picture:
        assert picture.size == (gallery.WIDE // 2 + 1, 5)


def test_a_figure_is_drawn_in_the_format_of_its_page():
    assert gallery.picture_of(Figure(), ".svg").lstrip().startswith(b"<?xml")
    assert gallery.picture_of(Figure(), ".png").startswith(b"\x89PNG")


@pytest.fixture
def commands():
    """The arguments of each command of the page about papers, by the folder that it fills."""
    lines = re.findall(
        r"^snnviz (visualize .*)$", text_of("paper").replace("\\\n", ""), re.MULTILINE
    )
    return {line[line.index("--out-dir") + 1]: line for line in map(shlex.split, lines)}


def test_the_page_about_papers_shows_every_option_about_looks(commands):
    used = {word for line in commands.values() for word in line if word[:2] == "--"}
    options = appearance_options(click.command()(lambda: None)).params
    looks = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    assert {"--channel", "--sort", "--width", "--font-size", "--compare"} < looks
    assert looks | {"--caption", "--labels", "--svg-text", "--format"} <= used


def test_the_page_about_papers_shows_what_each_command_draws(commands):
    sources = [what for kind, what in gallery.steps("paper") if kind == "source"]
    assert {source.partition("/00000/")[0] for source in sources} == {*commands, "several.png"}


def test_the_caption_on_the_page_about_papers_is_what_its_command_writes(commands, run):
    status, _, err = run(*commands["paper/caption"], "-q")
    assert (status, err) == (0, "")
    for form in ("txt", "tex"):
        written = Path(f"paper/caption/00000/counts_t7.{form}").read_text()
        kept = gallery.DOCS / "images" / "paper" / f"caption_counts_t7.{form}"
        assert kept.read_text() == written
