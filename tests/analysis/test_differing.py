"""An encoder beside others that were trained, as an analysis and its folder say it."""

import csv
import json

import numpy as np
import pytest
import torch
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.analysis import analyze, encoding_of, scorecard_markdown, write_analysis
from snnviz.analysis.diff_tables import diff_csv, diff_json
from snnviz.analysis.naming import file_stems
from snnviz.data import garments, to_input
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.analysis.varied import AREA, BACKGROUND, EDGES, POINT, cut, varied_encoder
from tests.lively import lively

SILENT, SATURATED = (0 * POINT, -5), (0 * POINT, 5)
# What becomes of the first encoder's channels in the second, which has them in another order:
# channels 1 and 4 fall silent and one is lifted by its bias until it always fires.
FIRST = [EDGES[0], AREA[0], EDGES[2], BACKGROUND[0], AREA[3], EDGES[4]]
ORDER = [2, 5, 4, 0, 3, 1]
SECOND = [FIRST[2], FIRST[5], (AREA[3][0], -9), (EDGES[0][0], 50), FIRST[3], (2 * AREA[0][0], -9)]
PARTNER = [3, 5, 0, 4, 2, 1]


def against(first, *others, images=12, T=4, steps=None, **options):
    """An analysis of encoders by their channels."""
    named = [("mine", first), *((f"other {n}", each) for n, each in enumerate(others))]
    encodings = [
        encoding_of(name, each, steps if n and steps else T, "compared" if n else "encoder")
        for n, (name, each) in enumerate(named)
    ]
    return analyze(encodings, cut(garments(images)), **options)


@pytest.fixture(scope="module")
def analysis():
    return against(varied_encoder(FIRST), varied_encoder(SECOND))


def test_what_moved_what_fell_silent_and_what_saturated(analysis):
    (beside,) = analysis.beside
    diff = beside.diff
    assert diff.partner.tolist() == PARTNER
    assert diff.became("silent") == [(1, 5), (4, 2)]
    assert diff.became("saturated") == [(0, 3)]
    assert [diff.paired_by[k] for k in range(6)] == [
        "kernels", "kernels", "responses", "responses", "kernels", "responses",
    ]  # fmt: skip
    # Weights as they are: there is no batch normalization to fold in.
    assert not beside.kernels_folded
    np.testing.assert_allclose(diff.kernel_change, [0, 1, 0, 0, 0, 0], atol=1e-6)
    assert diff.bias_change is None
    images = cut(garments(12))
    first = varied_encoder(FIRST).encode(to_input(images.images), 4).count(3) / 4
    second = varied_encoder(SECOND).encode(to_input(images.images), 4).count(3) / 4
    for k, p in enumerate(PARTNER):
        apart = second[:, p] - first[:, k]
        assert diff.moved[k] == pytest.approx(np.sqrt((apart**2).mean()))
        assert diff.rate_change[k, 0] == pytest.approx(apart.mean())
    assert beside.maps == pytest.approx(4 * first.mean(0))
    assert beside.other_maps == pytest.approx(4 * second.mean(0))
    assert diff.types[0] == "vertical edge"
    assert diff.partner_types[0] == "saturated"


def test_the_sentence(analysis):
    text = scorecard_markdown(analysis)
    assert "other 0 beside mine, 6 channels matched by 12 images: mean r 1.00; " in text
    assert "fell silent: 1 (there 5), 4 (there 2); became saturated: 0 (there 3)." in text


def test_its_files(analysis, tmp_path):
    written = [path.name for path in write_analysis(analysis, tmp_path / "out")]
    assert {"diff_other_0.csv", "diff_other_0.json", "diff_other_0.npz", "diff_other_0.png"} <= set(
        written
    )
    (beside,) = analysis.beside
    lines = (tmp_path / "out" / "diff_other_0.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    moved = [float(row["moved"]) for row in rows]
    assert moved == sorted(moved, reverse=True)
    assert {int(row["channel"]): int(row["partner"]) for row in rows} == dict(enumerate(PARTNER))
    assert {row["channel"] for row in rows[:3]} <= {"0", "1", "4"}
    assert [row["correlation"] == "" for row in rows] == [
        row["channel"] in ("0", "1", "4") for row in rows
    ]
    found = json.loads((tmp_path / "out" / "diff_other_0.json").read_text())
    assert found["became"] == {"silent": [[1, 5], [4, 2]], "saturated": [[0, 3]], "active": []}
    assert (found["encoder"], found["compared"], found["kernels"]) == (
        "mine", "other 0", "as they are",
    )  # fmt: skip
    assert [row["moved"] for row in found["pairs"]] == moved
    with np.load(tmp_path / "out" / "diff_other_0.npz") as arrays:
        assert arrays["maps"] == pytest.approx(beside.maps)
        assert arrays["other_kernels"].shape == (6, 1, 3, 3)
    # Another analysis leaves none of them.
    alone = against(varied_encoder(FIRST[:2]))
    write_analysis(alone, tmp_path / "out", formats=(), overwrite=True)
    assert not list((tmp_path / "out").glob("diff_*"))


@pytest.mark.parametrize(("few", "more"), [(3, 5), (5, 3)])
def test_unequal_numbers_of_maps(few, more):
    channels = [*EDGES[:3], AREA[0], BACKGROUND[1]]
    analysis = against(varied_encoder(channels[:few]), varied_encoder(channels[:more]))
    (beside,) = analysis.beside
    assert beside.diff.partner.tolist() == [0, 1, 2, -1, -1][:few]
    assert beside.diff.unpaired.tolist() == [3, 4][: max(0, more - few)]
    rows = list(csv.DictReader(diff_csv(beside).splitlines()))
    assert len(rows) == 5
    alone = [(row["channel"], row["partner"]) for row in rows[3:]]
    assert alone == ([("", "3"), ("", "4")] if few < more else [("3", ""), ("4", "")])
    assert diff_json(beside, "mine")["channels"] == [few, more]
    count = f"{max(0, few - more)} of mine, {max(0, more - few)} of other 0"
    assert f"without a partner: {count}" in scorecard_markdown(analysis)


def test_maps_of_another_size_are_left_out_by_name():
    strided = nn.Conv2d(1, 3, 3, stride=2, padding=1)
    net = nn.Sequential(strided, build_network(NetworkConfig(T=4, channels=3), seed=0).conv[0])
    analysis = against(varied_encoder(FIRST), split_encoder(net), varied_encoder(SECOND))
    (beside,) = analysis.beside
    assert beside.name == "other 1"
    assert (
        "the maps of mine are 12 x 28 and those of other 0 6 x 14: their channels are not matched"
        in analysis.left_out
    )


def test_kernels_of_another_size_are_left_out_by_name(tmp_path):
    convolution = nn.Conv2d(1, 6, 5, padding=2)
    with torch.no_grad():
        convolution.weight.fill_(0.1)
    net = nn.Sequential(convolution, build_network(NetworkConfig(T=4, channels=6), seed=0).conv[0])
    analysis = against(varied_encoder(FIRST), split_encoder(net))
    (beside,) = analysis.beside
    assert (beside.kernels, beside.diff.kernel_change) == (None, None)
    assert beside.left_out == ("kernels of 1 x 3 x 3 and 1 x 5 x 5 are not compared",)
    assert diff_json(beside, "mine")["kernels"] is None
    assert "diff_other_0.png" in [path.name for path in write_analysis(analysis, tmp_path)]


@pytest.mark.parametrize("images", [1, 2])
def test_one_step_and_few_images(images):
    """Too few for CKA; channels are matched all the same."""
    first, second = (varied_encoder(channels, T=1) for channels in (FIRST, FIRST[::-1]))
    analysis = against(first, second, T=1, images=images)
    (beside,) = analysis.beside
    counts = first.encode(to_input(cut(garments(images)).images), 1).count(0)
    varied = np.ptp(counts, axis=(0, 2, 3)) > 0
    assert varied.sum() > 2
    told = np.array(beside.diff.paired_by) == "responses"
    assert (told == varied).all()
    # Channels that fire at the same places are one another's partners as well as their own.
    np.testing.assert_allclose(beside.diff.correlation[told], 1)
    np.testing.assert_allclose(beside.diff.moved[told], 0)
    assert np.isnan(analysis.alignment).all()


def test_another_number_of_steps_is_compared_by_rates(tmp_path):
    """A channel that always fires has the same rate over 4 steps and over 7."""
    channels = [SATURATED, *FIRST, SILENT]
    analysis = against(varied_encoder(channels), varied_encoder(channels), steps=7)
    (beside,) = analysis.beside
    assert beside.steps == (4, 7)
    assert beside.diff.moved[[0, 7]].tolist() == [0, 0]
    assert (beside.diff.moved[1:7] > 0).any()
    assert "diff_other_0.png" in [path.name for path in write_analysis(analysis, tmp_path)]


def test_normalization_is_folded_in_where_it_is_known(tmp_path):
    """The same kernels with other normalizations are no longer the same."""
    config = NetworkConfig(T=2, channels=4)
    net = lively(build_network(config, seed=0))
    one = load_encoder(load_checkpoint(save_checkpoint({"net": net.state_dict()}, tmp_path / "a")))
    with torch.no_grad():
        net.static_conv[1].weight.mul_(2)
    other = load_encoder(
        load_checkpoint(save_checkpoint({"net": net.state_dict()}, tmp_path / "b"))
    )
    (beside,) = against(one, other, T=2).beside
    assert beside.kernels_folded
    assert diff_json(beside, "mine")["kernels"] == "with batch normalization folded in"
    paired = beside.diff.partner == np.arange(4)
    assert paired.any()
    np.testing.assert_allclose(beside.diff.kernel_change[paired], 1, rtol=1e-5)
    np.testing.assert_allclose(beside.diff.kernel_rotation[paired], 0, atol=1e-3)


def test_untrained_encoders_say_what_matching_alone_comes_to():
    encoders = [varied_encoder(each) for each in (FIRST, SECOND, EDGES, AREA)]
    kinds = ("encoder", "compared", "untrained", "untrained")
    encodings = [
        encoding_of(f"{kind} {n}", each, 4, kind)
        for n, (kind, each) in enumerate(zip(kinds, encoders, strict=True))
    ]
    analysis = analyze(encodings, cut(garments(12)))
    (beside,) = analysis.beside
    assert len(beside.untrained) == 2
    assert all(0 < value < beside.diff.mean_correlation for value in beside.untrained)
    low, high = min(beside.untrained), max(beside.untrained)
    assert f"(with untrained encoders {low:.2f} to {high:.2f})" in scorecard_markdown(analysis)
    assert analyze([encodings[0], encodings[2]], cut(garments(12))).beside == ()


def test_names_that_collide_stay_distinct():
    names = [
        "a/net.pth",
        "a_net",
        "A/NET",
        "../../etc/x",
        "über.pt",
        "ü",
        "x" * 300,
        "x" * 299,
        ".",
    ]
    stems = file_stems(names)
    assert list(stems) == names
    assert len({stem.casefold() for stem in stems.values()}) == len(names)
    assert stems["a/net.pth"] == "a_net"
    assert stems["a_net"] == "a_net_2"
    assert stems["A/NET"] == "A_NET_3"
    assert "/" not in "".join(stems.values())
    assert not any(stem.startswith(".") for stem in stems.values())
    assert max(map(len, stems.values())) < 70
