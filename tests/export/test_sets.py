"""Figure sets: what is in them, that they repeat, and what a failure leaves."""

import base64
import json
import re
from dataclasses import replace
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image
from spikingjelly.activation_based.neuron import IFNode
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import Sample, to_input
from snnviz.errors import ConfigError, ExportError
from snnviz.export import FigureSetOptions, render, write_figure_sets
from snnviz.export.encoding import encoded
from snnviz.export.templates import kept
from snnviz.figures import feature_map_figure
from tests.export.folders import contents

T = 8


def test_a_set_holds_the_input_and_the_first_and_last_step(encoder, samples, tmp_path):
    out = tmp_path / "deep" / "figures"
    manifest = write_figure_sets(encoder, samples, out, FigureSetOptions(T=T))
    assert manifest == out / "manifest.json"
    files = contents(out)
    assert set(files) == {"manifest.json"} | {
        f"{index}/{name}.png"
        for index in ("00003", "00017")
        for name in ("input", "counts_t0", "counts_t7")
    }
    listed = json.loads(files["manifest.json"])
    assert [entry["index"] for entry in listed["sets"]] == [3, 17]
    assert listed["options"]["T"] == T
    for entry, sample in zip(listed["sets"], samples, strict=True):
        assert entry["label"] == sample.label
        assert entry["class"] == sample.class_name
        for name in entry["files"]:
            with Image.open(out / entry["folder"] / name) as picture:
                assert picture.width > 100
    assert len(set(files.values())) == len(files)  # no two images or steps look the same


def test_npz_holds_the_numbers(encoder, samples, network, tmp_path):
    options = FigureSetOptions(T=T, at=(2, 7, 2), formats=("npz",))
    write_figure_sets(encoder, samples, tmp_path, options)
    for sample in samples:
        with np.load(tmp_path / f"{sample.index:05d}" / "counts.npz") as stored:
            assert stored["t"].tolist() == [2, 7]
            assert np.issubdtype(stored["counts"].dtype, np.integer)
            assert np.array_equal(stored["image"], sample.image)
            assert stored["label"] == sample.label
            assert stored["index"] == sample.index
            with torch.no_grad():  # an independent loop
                drive = network.static_conv(
                    torch.from_numpy(sample.image / np.float32(255))[None, None]
                )
                summed = 0
                network.conv[0].reset()
                for t in range(T):
                    summed = summed + network.conv[0](drive)
                    if t in (2, 7):
                        where = [2, 7].index(t)
                        assert np.array_equal(stored["counts"][where], summed[0].numpy())


@pytest.mark.parametrize("form", ["png", "svg", "pdf", "npz"])
def test_same_input_same_bytes(form, encoder, samples, tmp_path):
    options = FigureSetOptions(T=T, formats=(form,), normalize="shared", labels=True)
    for name in ("a", "b"):
        write_figure_sets(encoder, samples, tmp_path / name, options)
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert first == second
    backwards = tmp_path / "c"
    write_figure_sets(encoder, samples[::-1], backwards, options)
    del first["manifest.json"]
    assert {name: contents(backwards)[name] for name in first} == first


@pytest.mark.parametrize("dpi", [200, 73])
def test_vector_formats_embed_the_picture_itself(dpi, encoder, samples):
    """SVG at its own size, PDF twice as large: its viewers blur from pixel to pixel."""
    record = encoder.encode(to_input(samples[0].image[None]), T)
    figure = feature_map_figure(record.count(7)[0], t=7, dpi=dpi)
    shown = figure.axes[0].images[0]
    colors = shown.to_rgba(shown.get_array(), bytes=True)
    height, width = colors.shape[:2]
    payload = re.search(rb"data:image/png;base64,\s*([\w+/=\s]+)", render(figure, "svg"))
    with Image.open(BytesIO(base64.b64decode(payload[1]))) as picture:
        assert np.array_equal(np.asarray(picture.convert("RGBA")), colors)
    pdf = render(figure, "pdf")
    assert f"/Width {width * 2}".encode() in pdf
    assert f"/Height {height * 2}".encode() in pdf
    assert render(figure, "svg") == render(
        feature_map_figure(record.count(7)[0], t=7, dpi=dpi), "svg"
    )
    assert shown.get_interpolation() == "nearest"


def test_pictures_of_several_sizes_go_into_one_folder(encoder, rng, tmp_path):
    images = [rng.integers(0, 256, shape).astype(np.uint8) for shape in ((9, 14), (9, 14), (30, 5))]
    samples = [Sample(n, image, source=f"{n}.png") for n, image in enumerate(images)]
    write_figure_sets(encoder, samples, tmp_path, FigureSetOptions(T=2, formats=("npz",)))
    for sample in samples:
        with np.load(tmp_path / f"{sample.index:05d}" / "counts.npz") as stored:
            assert stored["counts"].shape == (2, 6, *sample.image.shape)
            assert stored["label"] == -1
    listed = json.loads((tmp_path / "manifest.json").read_text())
    assert [entry["source"] for entry in listed["sets"]] == ["0.png", "1.png", "2.png"]


@pytest.mark.parametrize("part", [8, 100])
def test_large_pictures_are_encoded_a_few_at_a_time(part, encoder, monkeypatch):
    """Memory is bounded whatever their size: 6 maps of 1,000 x 900 take 5 MB, 8 of them 43."""
    asked = []
    encode = type(encoder).encode

    def spy(self, images, T=None):
        asked.append(len(images))
        return encode(self, images, T)

    monkeypatch.setattr(type(encoder), "encode", spy)
    large = [Sample(n, np.full((1000, 900), 30 * n, np.uint8)) for n in range(8)]
    small = [Sample(8 + n, np.full((9, 14), n, np.uint8)) for n in range(60)]
    parts = list(encoded(encoder, large + small, 2, part=part))
    assert asked == [3, 3, 2, 60]
    assert [sample.index for some, _ in parts for sample in some] == list(range(68))
    assert [len(some) for some, _ in parts] == [1] * 8 + ([60] if part > 60 else [8] * 7 + [4])
    for some, record in parts[5:]:
        expected = encode(encoder, to_input(np.stack([sample.image for sample in some])), 2)
        assert np.array_equal(record.first_spike, expected.first_spike)
    # Stepped neurons keep a bit for every step.
    soft = split_encoder(nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), IFNode(v_reset=None)))
    assert len(next(encoded(soft, small, 1 << 12, part=part))[0]) == 5


# What each changes: the ground, where it stands in for the figure's own; text; lines; the names of
# an SVG's parts; the size of a PDF.
MINE = {
    "savefig.facecolor": "red",
    "figure.facecolor": "blue",
    "font.family": "monospace",
    "axes.linewidth": 5,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "savefig.pad_inches": 3,
    "image.origin": "lower",
}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_callers_settings_of_matplotlib_do_not_matter(jobs, encoder, samples, tmp_path):
    options = FigureSetOptions(
        T=2, formats=("png", "svg", "pdf"), kinds=("counts", "spikes", "kernels"), labels=True,
        normalize="shared", cmap="gray", dpi=60, sheet=True,
    )  # fmt: skip
    slow = replace(options, T=300, at=(299,), kinds=("counts",), sheet=False, formats=("png",))
    for name, wanted in (("fast", options), ("slow", slow)):
        write_figure_sets(encoder, samples, tmp_path / name, wanted)
        # A template that was made before would hide what the settings do.
        kept._input.cache_clear()
        kept._counts.cache_clear()
        with mpl.rc_context(MINE):
            before = dict(mpl.rcParams)
            write_figure_sets(encoder, samples, tmp_path / f"{name} mine", wanted, jobs=jobs)
            assert dict(mpl.rcParams) == before
        assert contents(tmp_path / f"{name} mine") == contents(tmp_path / name)


def test_one_step_gives_one_grid(encoder, samples, tmp_path):
    write_figure_sets(encoder, samples[:1], tmp_path, FigureSetOptions(T=1))
    assert {path.name for path in (tmp_path / "00003").iterdir()} == {"input.png", "counts_t0.png"}


def test_a_folder_in_use_is_left_alone(encoder, samples, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        write_figure_sets(encoder, samples, tmp_path, FigureSetOptions(T=T))
    assert contents(tmp_path) == {"thesis.tex": b"mine"}
    write_figure_sets(encoder, samples, tmp_path, FigureSetOptions(T=T), overwrite=True)
    assert contents(tmp_path)["thesis.tex"] == b"mine"


def test_places_that_cannot_be_written_are_refused(encoder, samples, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for place in (file, file / "below"):
        with pytest.raises(ExportError):
            write_figure_sets(encoder, samples, place, FigureSetOptions(T=T))
    assert file.read_text() == "mine"


def test_a_wrong_option_leaves_no_folder(encoder, samples, tmp_path):
    out = tmp_path / "out"
    for wrong in (
        {"cmap": "nope"},
        {"rows": 1, "columns": 1},
        # Large enough for maps of one pixel, too large for those of 28 x 28.
        {"columns": 10000},
        {"kinds": ("spikes",), "rows": 10000},
    ):
        with pytest.raises(ConfigError):
            write_figure_sets(encoder, samples, out, replace(FigureSetOptions(T=T), **wrong))
    assert not out.exists()


@pytest.mark.parametrize(
    "wrong", [{"T": 0}, {"T": 8, "at": (8,)}, {"T": 8, "at": (-1,)}, {"T": 8, "formats": ("bmp",)}]
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ConfigError):
        FigureSetOptions(**wrong)
