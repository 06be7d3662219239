"""Pictures that compiled code paints: byte for byte those of NumPy, also by several threads."""

import zlib

import numpy as np
import pytest

from snnviz.compiling import CompilerError
from snnviz.export.pool import work
from snnviz.export.templates import painting
from snnviz.export.templates.figures import FeatureMapTemplate, InputTemplate
from snnviz.export.templates.pixels import MapGrid
from snnviz.grid import Layout
from tests.export.templates.test_figures import KINDS, counts_for, template_for


@pytest.fixture
def by(monkeypatch):
    """What has pictures painted by compiled code or by NumPy from now on."""
    library = painting._made()
    assert library is not None

    def use(name):
        monkeypatch.setattr(painting, "painter", lambda: library if name == "compiled" else None)

    return use


@pytest.mark.parametrize("name", KINDS)
def test_compiled_code_writes_the_files_that_numpy_does(name, by):
    """NumPy's are held against matplotlib's in `test_figures`."""
    template = template_for(name)
    files = {}
    for way in ("compiled", "numpy", "compiled"):
        by(way)
        files[way] = [
            template.render(counts, form)
            for form in ("png", "svg", "pdf")
            for counts in counts_for(name)
        ]
    assert files["compiled"] == files["numpy"]
    assert len(set(files["numpy"])) == len(files["numpy"])


def test_the_kinds_include_pixels_of_one_byte_and_of_three():
    channels = set()
    for name in KINDS:
        template = template_for(name)
        assert template.is_fast("png")
        channels |= {writer._channels for (form, _), writer in template._writers.items()
                     if form == "png"}  # fmt: skip
    assert channels == {1, 3}


@pytest.mark.parametrize(("shape", "dpi"), [((28, 28), 200), ((5, 3), 40), ((1, 9), 73)])
def test_compiled_code_writes_the_images_that_numpy_does(shape, dpi, by, rng):
    template = InputTemplate(shape, "Coat", dpi)
    images = rng.integers(0, 256, (2, *shape)).astype(np.uint8)
    files = []
    for way in ("compiled", "numpy"):
        by(way)
        files.append([template.render(image, "png") for image in images])
    assert files[0] == files[1]


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 4), (5, 9)])
def test_rows_are_those_of_a_loop(scale, channels, size, by, rng):
    """Any scale, maps narrower than what is written at once, a row of the grid that is not full."""
    height, width = size
    layout = Layout(rows=2, columns=3, height=height, width=width, gap=1, strip=2)
    maps = rng.integers(0, 256, (5, height, width)).astype(np.uint8)
    tables = {key: rng.integers(0, 256, 256 * channels).astype(np.uint8) for key in (7, 900)}
    keys = [900, 7, 7, 900, 7]
    rows = rng.integers(0, 256, (layout.shape[0] * scale, 9 + layout.shape[1] * scale * channels))
    rows = rows.astype(np.uint8)
    expected, empty = rows.copy(), rows.copy()
    for k, (key, shown) in enumerate(zip(keys, maps, strict=True)):
        top, left = layout.corner(k)
        for y, x, n, c in np.ndindex(height, width, scale, channels):
            now = int(tables[key][256 * c + int(shown[y, x])])
            above = int(tables[key][256 * c + int(shown[y - 1, x])]) if y else 0
            place = (top + y) * scale, 4 + ((left + x) * scale + n) * channels + c
            expected[place] = (now - above) % 256
            empty[place] = 0
    by("compiled")
    place = painting.PngPlace(4, scale, channels, zlib.adler32(empty.tobytes()))
    asked = {key: table.tobytes() for key, table in tables.items()}
    checksum = painting.png_rows(MapGrid(layout, 5), maps, keys, asked, place, rows)
    assert np.array_equal(rows, expected)
    assert checksum == zlib.adler32(expected.tobytes())


def test_checksums_of_large_rows_do_not_overflow(by):
    """Rows wider than what is summed up at once, of the largest bytes."""
    height, width, scale = 70, 5000, 2
    layout = Layout(rows=1, columns=1, height=height, width=width, gap=0)
    maps = np.full((1, height, width), 3, np.uint8)
    maps[0, 1::2] = 4
    table = bytes([0, 0, 0, 255, 254]).ljust(256, b"\0")  # differences of 255, and of 1
    rows = np.zeros((height * scale, 1 + width * scale), np.uint8)
    place = painting.PngPlace(1, scale, 1, zlib.adler32(rows.tobytes()))
    by("compiled")
    checksum = painting.png_rows(MapGrid(layout, 1), maps, [0], {0: table}, place, rows)
    assert rows[2, 1] == 255
    assert checksum == zlib.adler32(rows.tobytes())


@pytest.mark.parametrize("way", ["compiled", "numpy"])
def test_threads_draw_what_one_does(way, by):
    """All begin with a template that has drawn nothing yet."""
    by(way)
    shape, t, options = KINDS["shared"]
    tasks = [(form, counts) for _ in range(4) for counts in counts_for("shared")
             for form in ("png", "svg", "pdf")]  # fmt: skip
    found = []
    for threads in (1, 4):
        template = FeatureMapTemplate(shape, t=t, **options)
        draw = lambda task, template=template: template.render(task[1], task[0])  # noqa: E731
        found.append(list(work(draw, tasks, jobs=threads, threads=True)))
    assert found[0] == found[1]


def test_it_is_compiled_where_many_are_drawn_and_done_without_where_it_cannot_be(monkeypatch):
    asked = []

    def compiled(source):
        asked.append(source.name)
        raise CompilerError("no C++ compiler was found")

    monkeypatch.setattr(painting, "compiled", compiled)
    monkeypatch.setattr(painting, "kept", lambda _source: False)
    monkeypatch.setattr(painting._Ledger, "pictures", 0)
    painting._made.cache_clear()
    painting._is_kept.cache_clear()
    try:
        assert {painting.painter() for _ in range(painting._MANY)} == {None}
        assert asked == []
        assert [painting.painter() for _ in range(3)] == [None] * 3
        assert asked == ["painting.cpp"]
    finally:
        painting._made.cache_clear()
        painting._is_kept.cache_clear()
