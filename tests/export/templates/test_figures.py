"""Templates write what matplotlib draws: the same pixels, whatever the library that packs them."""

import base64
import re
import struct
import zlib
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from snnviz.data import Sample
from snnviz.errors import ConfigError, ShapeError
from snnviz.export import FigureSetOptions, figure_set, render
from snnviz.export.templates import deflate, figures
from snnviz.export.templates.figures import FeatureMapTemplate, InputTemplate
from snnviz.figures import feature_map_figure, input_figure
from snnviz.records.spikes import SpikeRecord

SHAPE = (9, 5, 7)

# Each option of `snnviz visualize`, alone and with those it could clash with; (shape, t, options).
KINDS = {
    "plain": (SHAPE, 7, {"dpi": 200}),
    "shared": (SHAPE, 3, {"T": 8, "normalize": "shared"}),
    "none": (SHAPE, 3, {"T": 8, "normalize": "none"}),
    "viridis": (SHAPE, 7, {"cmap": "viridis"}),
    "magma": (SHAPE, 7, {"cmap": "magma"}),
    "bright silence": (SHAPE, 7, {"cmap": "gray_r", "normalize": "shared"}),
    "few colours": (SHAPE, 7, {"cmap": "tab10", "normalize": "none"}),
    "two ends alike": (SHAPE, 7, {"cmap": "twilight"}),
    "viridis with a bar": (SHAPE, 7, {"cmap": "viridis", "normalize": "none"}),
    "labels": (SHAPE, 7, {"labels": True}),
    "labels with a bar": ((12, 20, 12), 3, {"labels": True, "normalize": "shared", "T": 8}),
    "rows": (SHAPE, 7, {"rows": 2}),
    "incomplete last row": (SHAPE, 7, {"columns": 4}),
    "more rows than needed": (SHAPE, 7, {"rows": 4, "columns": 3}),
    "coarse": (SHAPE, 7, {"dpi": 73}),
    "coarse with labels": (SHAPE, 7, {"dpi": 73, "labels": True, "normalize": "none"}),
    "scale 1": ((30, 28, 28), 7, {"dpi": 25}),
    "one map": ((1, 9, 4), 7, {}),
    "one map of one row": ((1, 1, 6), 7, {"dpi": 50}),
    "one map with a bar": ((1, 9, 4), 3, {"normalize": "shared", "T": 8, "cmap": "viridis"}),
    "six maps": ((6, 8, 5), 7, {"labels": True}),
    "the published grid": ((128, 28, 28), 7, {"dpi": 200}),
    "one step": (SHAPE, 0, {}),
    "one step with a bar": (SHAPE, 0, {"normalize": "none"}),
    "first of eight": (SHAPE, 0, {"T": 8}),
    "four steps": (SHAPE, 3, {}),
    "many steps": (SHAPE, 63, {}),
    "many steps with a bar": (SHAPE, 63, {"normalize": "shared", "cmap": "viridis"}),
}
KINDS = {name: (shape, t, {"dpi": 100} | options) for name, (shape, t, options) in KINDS.items()}


@pytest.fixture(params=["isal", "zlib"])
def library(request, monkeypatch):
    """The library that packs; templates made before do not count."""
    if request.param == "zlib":
        monkeypatch.setattr(deflate, "_isal", None)
    else:
        pytest.importorskip("isal")


@cache
def template_for(name):
    shape, t, options = KINDS[name]
    return FeatureMapTemplate(shape, t=t, **options)


def counts_for(name):
    """Sets of maps: random, silent, saturated, constant and narrow ones, in several orders.

    Where there is room for one map, each of them is a set.
    """
    (K, H, W), t, _ = KINDS[name]
    rng = np.random.default_rng(3)
    counts = rng.integers(0, t + 2, (max(K, 8), H, W))
    counts[1], counts[2], counts[3] = 0, t + 1, (t + 1) // 2
    counts[4] = rng.integers(0, 2, (H, W)) + t // 2
    counts[5] = t + rng.integers(0, 2, (H, W))
    if K == 1:
        return list(counts[:6, np.newaxis].astype(np.uint8))
    other = np.roll(counts, 3, axis=0)
    return [part[:K].astype(np.uint8) for part in (counts, other, counts[::-1])]


def pixels(png):
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))


def resolution(png):
    with Image.open(BytesIO(png)) as image:
        return image.info.get("dpi")


def check_png(data):
    """Chunks, their checksums, and a zlib stream that ends where the data does."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    position, names, stream = 8, [], b""
    while position < len(data):
        length, name = struct.unpack(">I4s", data[position : position + 8])
        body = data[position + 8 : position + 8 + length]
        checksum = data[position + 8 + length : position + 12 + length]
        assert struct.unpack(">I", checksum)[0] == zlib.crc32(name + body)
        names.append(name)
        stream += body if name == b"IDAT" else b""
        position += 12 + length
    assert names[0] == b"IHDR"
    assert names[-1] == b"IEND"
    rows = unpacked(stream)
    width, height, bits, color = struct.unpack(">IIBB", data[16:26])
    samples = {0: 1, 2: 3, 3: 1, 6: 4}[color]
    assert len(rows) == height * (1 + -(-width * bits * samples // 8))


def unpacked(stream):
    """What a zlib stream holds that ends where the data does."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(stream)
    assert unpacker.eof
    assert not unpacker.unused_data
    return data


def check_svg(ours, theirs):
    """The same picture, and the same text around it but for a name made from the picture."""
    payload = re.compile(rb"data:image/png;base64,\s*([\w+/=\s]+)")
    pictures = [
        [base64.b64decode(part) for part in payload.findall(text)] for text in (ours, theirs)
    ]
    assert len(pictures[0]) == len(pictures[1]) >= 1
    for one, other in zip(*pictures, strict=True):
        assert np.array_equal(pixels(one), pixels(other))
        check_png(one)
    rest = [
        re.sub(rb'id="image\w+"', b"", payload.sub(b"", text), count=1) for text in (ours, theirs)
    ]
    assert rest[0] == rest[1]


def pdf_objects(data):
    """The objects that the table of offsets points at, and nothing between them."""
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", data)[1])
    lines = data[start:].split(b"\n")
    assert lines[0] == b"xref"
    size = int(lines[1].split()[1])
    assert b"/Size %d" % size in data[start:]
    entries = lines[2 : 2 + size]
    assert all(len(entry) == 19 for entry in entries)
    offsets = {n: int(line[:10]) for n, line in enumerate(entries) if line[17:18] == b"n"}
    bounds = [*sorted(offsets.values()), start]
    objects = {}
    for number, offset in offsets.items():
        body = data[offset : bounds[bounds.index(offset) + 1]]
        assert body.startswith(b"%d 0 obj\n" % number)
        assert body.endswith(b"endobj\n")
        objects[number] = body
    return objects


def pdf_pictures(objects):
    """For each image object its pixels, by a PNG around the stream and the palette."""
    pictures = {}
    for number, body in objects.items():
        if b"/Subtype /Image" not in body:
            continue
        head, stream = body.split(b"stream\n", 1)
        length = re.search(rb"/Length (\d+)( 0 R)?", head)
        size = int(length[1])
        if length[2]:
            size = int(objects[size].split(b"\n")[1])
        assert stream[size:] == b"\nendstream\nendobj\n"
        stream = stream[:size]
        assert re.search(rb"/Filter (\S+)", head)[1] == b"/FlateDecode"
        width, height, bits = (
            int(re.search(rb"/%s (\d+)" % name, head)[1])
            for name in (b"Width", b"Height", b"BitsPerComponent")
        )
        palette = re.search(rb"/Indexed /DeviceRGB\s+(\d+)\s+(<\w+>|\(.*\))\s*\]", head, re.DOTALL)
        assert palette or b"/DeviceRGB" in head or b"/DeviceGray" in head
        color = 3 if palette else 2 if b"/DeviceRGB" in head else 0
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))]
        if palette:
            chunks.append((b"PLTE", pdf_string(palette[2])))
            assert len(chunks[1][1]) == 3 * int(palette[1]) + 3
        chunks += [(b"IDAT", stream), (b"IEND", b"")]
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
            for name, part in chunks
        )
        check_png(png)
        pictures[number] = pixels(png)
    return pictures


def pdf_string(text):
    if text.startswith(b"<"):
        return bytes.fromhex(text[1:-1].decode())
    escapes = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    return re.sub(rb"\\([nrtbf()\\])", lambda found: escapes.get(found[1], found[1]), text[1:-1])


def check_pdf(ours, theirs):
    """The same objects but for the picture's coding, and the same pixels in every picture."""
    objects, others = pdf_objects(ours), pdf_objects(theirs)
    pictures, expected = pdf_pictures(objects), pdf_pictures(others)
    assert pictures.keys() == expected.keys()
    assert pictures
    for number, picture in pictures.items():
        assert np.array_equal(picture, expected[number])
    changed = {number for number in objects if objects[number] != others[number]}
    assert changed <= pictures.keys()
    assert len(changed) == 1
    missing = others.keys() - objects.keys()  # the length of the picture
    assert all(re.fullmatch(rb"\d+ 0 obj\n\d+\nendobj\n", others[number]) for number in missing)
    assert len(missing) <= 1
    trailers = [data[data.index(b"trailer") :].split(b"startxref")[0] for data in (ours, theirs)]
    assert trailers[0] == trailers[1]


def check(form, ours, theirs):
    if form == "png":
        assert np.array_equal(pixels(ours), pixels(theirs))
        assert resolution(ours) == resolution(theirs) is not None
        check_png(ours)
    else:
        {"svg": check_svg, "pdf": check_pdf}[form](ours, theirs)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_a_plate_shows_what_the_figure_shows(name, form):
    _, t, options = KINDS[name]
    template = template_for(name)
    assert template.is_fast(form)
    several = counts_for(name)
    # Drawing with matplotlib takes most of the time, so the large kind is compared once.
    compared = {"the published grid": 1}.get(name, 2 if len(several[0]) > 1 else len(several))
    for counts in several[:compared]:
        theirs = render(feature_map_figure(counts, t=t, **options), form)
        check(form, template.render(counts, form), theirs)
    first = template.render(several[0], form)
    template.render(several[2], form)
    assert template.render(several[0], form) == first


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
@pytest.mark.parametrize("normalize", ["map", "shared"])
def test_a_frame_explains_what_occurs(form, normalize, rng):
    """Silent, saturated and irregular counts, in all combinations, one after the other."""
    options = {"T": 8, "normalize": normalize, "dpi": 60}
    template = FeatureMapTemplate((3, 6, 5), t=7, **options)
    seen = set()
    for special in ([], [0], [8], [0, 8]):
        for values in ([0, 1, 2, 4, 8], range(9)):
            counts = rng.choice(values, (3, 6, 5)).astype(np.uint8)
            counts[:, 0], counts[:, 1] = 1, 3 if len(values) == 9 else 2
            for k, value in enumerate(special):
                counts[k] = value
            figure = feature_map_figure(counts, t=7, **options)
            data = template.render(counts, form)
            check(form, data, render(figure, form))
            legend = figure.legends[0].get_texts() if figure.legends else ()
            names = tuple(text.get_text().split(":")[0] for text in legend)
            seen.add((names, len(figure.axes) > 1 and len(figure.axes[1].get_yticks())))
            assert template.render(counts, form) == data
    assert len(seen) == (4 if normalize == "map" else 8)


def test_the_published_grid_has_a_palette():
    """With three bytes a pixel it takes three times as long to write."""
    template = template_for("the published grid")
    data = template.render(counts_for("the published grid")[0], "png")
    with Image.open(BytesIO(data)) as image:
        assert image.mode == "P"


def test_more_colours_than_a_palette_holds_are_drawn_by_matplotlib():
    options = {"cmap": "twilight", "dpi": 100}
    template = FeatureMapTemplate(SHAPE, t=63, **options)
    assert not template.is_fast("png")
    counts = np.resize(np.arange(65, dtype=np.uint8), SHAPE)
    counts[1], counts[2] = 0, 64
    assert template.render(counts, "png") == render(
        feature_map_figure(counts, t=63, **options), "png"
    )


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
@pytest.mark.parametrize("name", ["plain", "viridis with a bar", "scale 1"])
@pytest.mark.usefixtures("library")
def test_both_libraries_pack_the_same_pixels(name, form):
    shape, t, options = KINDS[name]
    template = FeatureMapTemplate(shape, t=t, **options)
    for counts in counts_for(name)[:2]:
        theirs = render(feature_map_figure(counts, t=t, **options), form)
        check(form, template.render(counts, form), theirs)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
@pytest.mark.parametrize(
    ("shape", "label", "dpi"),
    [((28, 28), "Bag", 200), ((6, 9), None, 73), ((40, 11), "$x_1$ & <y>", 50), ((1, 300), "", 60)],
)
@pytest.mark.usefixtures("library")
def test_an_input_plate_shows_what_the_figure_shows(form, shape, label, dpi, rng):
    template = InputTemplate(shape, label, dpi)
    assert template.is_fast(form)
    images = [
        rng.integers(0, 256, shape).astype(np.uint8),
        np.resize(np.arange(256, dtype=np.uint8), shape),
        np.zeros(shape, np.uint8),
    ]
    for image in images[: 3 if dpi < 200 else 1]:
        theirs = render(input_figure(image, label=label, dpi=dpi), form)
        check(form, template.render(image, form), theirs)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_counts_that_do_not_fit_a_byte_are_drawn_by_matplotlib(form, rng):
    template = FeatureMapTemplate((2, 3, 4), t=299, dpi=50)
    assert not template.is_fast(form)
    counts = rng.integers(0, 301, (2, 3, 4)).astype(np.uint16)
    counts[0, 0] = 300
    figure = feature_map_figure(counts, t=299, dpi=50)
    assert template.render(counts, form) == render(figure, form)


def test_a_figure_that_shows_something_else_is_drawn_by_matplotlib(monkeypatch):
    """A figure whose picture is smoothed, under a title that tells its mean."""

    def smooth(counts, **options):
        figure = feature_map_figure(counts, **options)
        figure.axes[0].images[0].set_interpolation("bilinear")
        figure.axes[0].set_title(f"mean {counts.mean():.3f}")
        return figure

    monkeypatch.setattr(figures, "feature_map_figure", smooth)
    template = FeatureMapTemplate(SHAPE, t=7, dpi=50)
    assert not template.is_fast("png")
    for counts in counts_for("plain")[:2]:
        assert template.render(counts, "png") == render(smooth(counts, t=7, dpi=50), "png")


def test_figures_too_large_to_keep_are_drawn_by_matplotlib(monkeypatch):
    monkeypatch.setattr(figures, "_LARGEST", 1000)
    template = FeatureMapTemplate(SHAPE, t=7, dpi=50)
    assert not template.is_fast("png")
    counts = counts_for("plain")[0]
    assert template.render(counts, "png") == render(feature_map_figure(counts, t=7, dpi=50), "png")


def test_any_integers_in_any_order_of_memory_will_do():
    template, counts = template_for("plain"), counts_for("plain")[0]
    expected = template.render(counts, "png")
    for same in (counts.astype(np.int64), np.asfortranarray(counts), counts[::-1].copy()[::-1]):
        assert template.render(same, "png") == expected


def test_what_a_plate_is_not_for_is_refused():
    template, counts = template_for("plain"), counts_for("plain")[0]
    for wrong, words in (
        (counts[:8], "this template is for"),
        (counts.astype(float), "counts must be ints"),
        (np.full(SHAPE, 9), "check t"),
        (np.full(SHAPE, -1), "check t"),
        (np.full(SHAPE, 256), "check t"),
    ):
        with pytest.raises(ShapeError, match=words):
            template.render(wrong, "png")
    for wrong in (np.zeros((3, 4), np.uint8), np.zeros((2, 3), np.float32)):
        with pytest.raises(ShapeError, match="this template is for"):
            InputTemplate((2, 3)).render(wrong, "png")
    for wrong in ({"cmap": "nope"}, {"rows": 1, "columns": 1}, {"dpi": 0}, {"T": 3}):
        with pytest.raises(ConfigError):
            FeatureMapTemplate(SHAPE, t=7, **wrong)


def test_a_figure_set_is_drawn_by_templates(rng):
    T, shape = 4, (1, 6, 5, 8)
    records = [SpikeRecord.from_first_spike(rng.integers(0, T + 1, shape), T) for _ in range(2)]
    options = FigureSetOptions(
        T, at=(1, 3), formats=("png", "pdf"), labels=True, dpi=60, tutorial_title=True
    )
    assert "title" not in FigureSetOptions(T).drawing(1)
    assert options.drawing(1)["title"] == r"$\sum_{t} S_{t}$ at $t = 1$"
    for n, record in enumerate(records):
        sample = Sample(n, rng.integers(0, 256, (5, 8)).astype(np.uint8), class_name="Bag")
        files = figure_set(sample, record, options)
        figures = {"input": input_figure(sample.image, label="Bag", dpi=60)} | {
            f"counts_t{t}": feature_map_figure(record.count(t)[0], t=t, **options.drawing(t))
            for t in options.at
        }
        assert list(files) == [f"{name}.{form}" for form in ("png", "pdf") for name in figures]
        for name, figure in figures.items():
            for form in ("png", "pdf"):
                check(form, files[f"{name}.{form}"], render(figure, form))


def test_checksums_of_pieces_join(rng):
    for length in (0, 1, 70000):
        first, second = rng.bytes(1000), rng.bytes(length)
        joined = deflate.join_adler32(zlib.adler32(first), zlib.adler32(second), length)
        assert joined == zlib.adler32(first + second)


@pytest.mark.usefixtures("library")
def test_packed_pieces_are_one_stream(rng):
    pieces = [bytes(5000) + rng.bytes(99), b"", rng.bytes(70000), bytes(3)]
    stream = b"".join(deflate.pack(piece) for piece in pieces) + deflate.pack_once(b"x", last=True)
    assert zlib.decompress(stream, -15) == b"".join(pieces) + b"x"
    assert zlib.decompress(deflate.compress(pieces[0])) == pieces[0]
    assert deflate.LIBRARY.split()[0] in {"isal", "zlib"}
    # What many files share is zlib's, whatever packs the rest.
    assert deflate.LIBRARY.endswith(f"zlib {zlib.ZLIB_RUNTIME_VERSION}")
