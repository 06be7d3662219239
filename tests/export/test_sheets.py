"""Pages of an export: which images are on them, and what the encoder made of each."""

from dataclasses import replace

import numpy as np
import pytest

from snnviz.data import Sample, garments, to_input
from snnviz.export import FigureSetOptions, sheets
from snnviz.figures import SheetEntry
from snnviz.ranks import Ranks
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

OPTIONS = FigureSetOptions(T=3, at=(2,), formats=("png",), dpi=20)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(lively(build_network(NetworkConfig(T=3, channels=4), seed=1)))


@pytest.fixture(scope="module")
def samples():
    """A page of drawn garments and one of lower pictures, without labels."""
    drawn = list(garments(5).samples(range(5)))
    drawn[3] = replace(drawn[3], predicted=(drawn[3].label + 1) % 10)
    cut = [Sample(40 + s.index, s.image[6:18], source=f"{s.index}.png") for s in drawn[1:4]]
    return [*drawn, *cut]


@pytest.fixture
def shown(encoder, samples, tmp_path, monkeypatch):
    """The entries of each page that is drawn, and its settings."""
    pages = []

    def draw(entries, **settings):
        pages.append((entries, settings))
        return drawn_by(entries, **settings)

    drawn_by = sheets.contact_sheet_figure
    monkeypatch.setattr(sheets, "contact_sheet_figure", draw)
    names = sheets.write_sheets(encoder, samples, tmp_path, OPTIONS, Ranks())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    return pages


def test_a_page_shows_each_image_beside_its_own_firing_rate(encoder, samples, shown):
    expected = [
        encoder.encode(to_input(s.image[None]), 3).spikes().mean((0, 1, 2)) for s in samples
    ]
    assert [len(entries) for entries, _ in shown] == [5, 3]
    found = [entry for entries, _ in shown for entry in entries]
    for entry, sample, rate in zip(found, samples, expected, strict=True):
        assert np.array_equal(entry.image, sample.image)
        assert entry.rate == pytest.approx(rate, abs=1e-12)
    # No two of one size are alike, and none is constant.
    for page in (expected[:5], expected[5:]):
        assert len(np.unique(page, axis=0)) == len(page)
    assert all(np.ptp(rate) > 0 for rate in expected)


def test_a_page_says_which_images_it_shows(samples, shown):
    (first, settings), (second, others) = shown
    names = [f"{s.index} {s.class_name}" for s in samples[:5]]
    known = {s.label: s.class_name for s in samples if s.class_name}
    taken = known.get(samples[3].predicted, f"class {samples[3].predicted}")
    names[3] += f", predicted {taken}"
    assert [entry.caption for entry in first] == names
    assert [entry.marked for entry in first] == [False, False, False, True, False]
    assert [entry.caption for entry in second] == ["41 1.png", "42 2.png", "43 3.png"]
    assert settings["title"].startswith("00000 to 00004:")
    assert others["title"].startswith("00041 to 00043:")
    assert "T = 3" in others["title"]
    assert (settings["dpi"], settings["columns"]) == (20, 8)


@pytest.mark.parametrize("size", [(14, 14), (9, 11), (1, 3), (40, 40)])
def test_maps_of_another_size_lie_over_the_image(size, rng):
    rate, image = rng.random(size), np.zeros((28, 20), np.uint8)
    spread = np.empty(image.shape)
    for y, x in np.ndindex(spread.shape):
        spread[y, x] = rate[y * size[0] // 28, x * size[1] // 20]
    canvases = [
        np.asarray(
            sheets.contact_sheet_figure([SheetEntry(image, each)], title="one", columns=1)
            .axes[0]
            .images[0]
            .get_array()
        )
        for each in (rate, spread)
    ]
    if np.ptp(spread) == np.ptp(rate):  # a larger map loses places
        assert np.array_equal(*canvases, equal_nan=True)
    assert len(np.unique(canvases[0])) > min(size[0] * size[1], 60)
