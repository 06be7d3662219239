"""Documentation that could drift is held to the code."""

import json
import re
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

import snnviz
import snnviz.metrics
from snnviz.analysis import SCORES, encoding_of
from snnviz.analysis.tables import as_json
from snnviz.cli import COMMANDS
from snnviz.export import FORMATS
from snnviz.tutorial.encoder import bundled
from tests.test_public import LAYERS
from tools import map as map_tool

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def shown_options(text):
    """Command, option and line of every option that a text shows, also on lines that go on."""
    whole = text.replace("\\\n", "")
    for name, line in re.findall(rf"snnviz ({'|'.join(COMMANDS)}) (.*)", whole):
        for option in re.findall(r"(?<=\s)--?[a-zA-Z][\w-]*", " " + line.split("#")[0]):
            yield name, option, line


def test_options_are_found_on_every_line_of_a_command():
    text = (
        "snnviz train -T 8 \\\n    --seed 1 \\\n\t--surprise # --no\n --nor\nsnnviz curves --help"
    )
    found = [(name, option) for name, option, _ in shown_options(text)]
    mine = [("train", option) for option in ("-T", "--seed", "--surprise")]
    assert found == [*mine, ("curves", "--help")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_shows_exists(page):
    for name, option, line in shown_options(page.read_text()):
        command = import_module(f"snnviz.cli.{name}").command
        known = {o for each in command.params for o in (*each.opts, *each.secondary_opts)}
        assert option in known | {"--help"}, f"{option} in {line!r}"


def test_every_public_name_is_in_the_api_page():
    page = (ROOT / "docs" / "api.md").read_text()
    for name in (*snnviz.__all__, *snnviz.metrics.__all__):
        if name != "__version__" and not name.endswith("Error"):
            assert re.search(rf"^   snnviz\.([\w.]+\.)?{name}$", page, re.MULTILINE), name


def test_every_package_is_in_the_architecture_page():
    page = (ROOT / "docs" / "architecture.md").read_text()
    for path in Path(snnviz.__file__).parent.iterdir():
        if path.suffix == ".py" and not path.stem.startswith("__"):
            assert f"`{path.stem}`" in page, path
        elif path.is_dir() and (path / "__init__.py").exists():
            assert f"`{path.name}/`" in page, path


def test_the_map_of_the_architecture_is_drawn_from_the_imports():
    drawn = map_tool.drawn()
    assert (ROOT / "docs" / "images" / "map.svg").read_text() == drawn
    edges = map_tool.graph()
    assert "records" in edges["metrics"]
    assert all(f">{name}</text>" in drawn for name in edges)
    assert {package for layer in LAYERS for package in layer} - {"_version"} == set(edges)


def test_what_follows_from_other_imports_is_not_drawn():
    edges = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert map_tool.reduced(edges) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_files_that_say_where_to_add_things_are_there():
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition("## Where to add things")[2].partition("### Other things")[0]
    for heading in ("A framework", "A metric", "A figure", "A command"):
        text = section.partition(f"### {heading}\n")[2].partition("\n### ")[0].strip()
        assert 3 <= len(text.splitlines()) <= 10, heading
    named = re.findall(r"`([\w.]+/[\w./]*|[\w.]+\.(?:md|toml))`", section)
    assert len(named) > 20
    for path in named:
        assert (ROOT / path.replace("NAME.py", "")).exists(), path


def test_every_format_and_command_is_documented():
    page = (ROOT / "docs" / "pictures.md").read_text()
    for name in FORMATS:
        assert f"`{name}`" in page or f"--format {name}`" in page
    for name in COMMANDS:
        assert f"snnviz {name}" in (ROOT / "README.md").read_text()


def test_the_provenance_is_that_of_the_bundled_file():
    provenance = json.loads((bundled().parent / "provenance.json").read_text())
    checkpoint = snnviz.load_checkpoint(bundled())
    assert provenance["encoder_sha256"] == checkpoint.sha256
    assert provenance["test_accuracy"] == checkpoint.max_test_acc >= 0.88
    assert provenance["best_epoch"] == checkpoint.epoch
    assert provenance["train_images"] == 60_000
    assert provenance["test_images"] == 10_000
    assert provenance["command"] in (ROOT / "docs" / "encoder.md").read_text()


def test_the_readme_picture_is_what_its_lines_draw():
    record = snnviz.load_encoder().encode(snnviz.garments(1).batch([0]), T=8)
    figure = snnviz.feature_map_figure(record.count(7)[0], t=7, T=8)
    with Image.open(ROOT / "docs" / "images" / "gallery" / "feature_maps.png") as picture:
        drawn = np.asarray(picture.convert("RGB"))
    canvas = figure.axes[0].images[0].get_array()
    scale = round(figure.axes[0].bbox.width) // canvas.shape[1]
    assert drawn.shape[1] >= canvas.shape[1] * scale
    # The grid itself, without the text around it, whose glyphs depend on the version of FreeType.
    box = figure.axes[0].bbox
    top, left = round(drawn.shape[0] - box.y1), round(box.x0)
    middle = drawn[top + scale // 2 :: scale, left + scale // 2 :: scale]
    middle = middle[: canvas.shape[0], : canvas.shape[1]].astype(int)
    expected = figure.axes[0].images[0].to_rgba(canvas, bytes=True)[..., :3]
    assert np.abs(middle - expected).max() <= 1


def test_every_number_of_the_scorecard_is_explained():
    page = (ROOT / "docs" / "analysis.md").read_text()
    for score in SCORES:
        _, _, text = page.partition(f"**{score.title}**. ")
        assert len(re.findall(r"[.)](?=\s|$)", text.split("\n\n")[0])) >= 3, score.title


def test_every_key_of_the_analysis_is_documented(drawn_images):
    images = drawn_images.head(5)
    encodings = [encoding_of("mine", snnviz.load_encoder(), 2)]
    found = as_json(snnviz.analyze(encodings, images, images), {})
    page = (ROOT / "docs" / "analysis.md").read_text()
    listed = re.findall(r"`(\w+)`", page[page.index("Keys of `analysis.json`") :].split("\n\n")[0])
    own = {*found, *found["encoders"][0], *found["alignment"]}
    keys = own | {"whole", "checkpoint", "compared", "images", "T"}
    assert keys == set(listed) - {"json"}


def external_links(text):
    """Addresses of other sites that a Markdown text links to, in brackets or as such."""
    return re.findall(r"""https?:[^\s<>"'`\]()]*(?:\([^\s()]*\)[^\s<>"'`\]()]*)*""", text)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_addresses_of_other_sites_are_whole(page):
    """A syntax check, since tests have no network: dead links within the pages fail the build."""
    for link in external_links(page.read_text(encoding="utf-8")):
        parts = urlsplit(link)
        assert parts.scheme == "https", f"{link} in {page.name} is not encrypted"
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), f"{link} names no host"
        assert not link.endswith((".", ",", ";", ":")), f"{link} ends with the sentence's mark"


def test_a_link_that_is_cut_or_misspelled_is_found():
    assert external_links("see [it](https://a.org/b_(c)), <http://x.y> and https://z.") == [
        "https://a.org/b_(c)", "http://x.y", "https://z.",
    ]  # fmt: skip
