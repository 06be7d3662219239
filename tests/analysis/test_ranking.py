"""League tables of known encoders: order, tests, what is kept, and the files."""

import csv
import gc
import json
import weakref
from math import comb

import numpy as np
import pytest
import torch
from torch import nn

import snnviz
from snnviz.adapters.network import split_encoder
from snnviz.analysis import (
    LEAGUE_SCORES,
    SCORES,
    Card,
    Encoding,
    Entrant,
    League,
    encoding_of,
    league,
    league_markdown,
    league_text,
    pixel_encodings,
    write_league,
)
from snnviz.analysis.cards import Interval
from snnviz.analysis.paired import intervals
from snnviz.analysis.ranking_text import league_csv
from snnviz.data import ImageSet, garments, to_input
from snnviz.errors import ConfigError, DataError, ExportError, ShapeError
from snnviz.metrics import cka, wilson_interval
from snnviz.scoring.predicting import predict
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.analysis.varied import AREA, BACKGROUND, EDGES, SATURATED, SILENT, cut, varied_encoder
from tests.lively import lively

SETS = [EDGES, AREA, [*SILENT, *SATURATED], [*EDGES[:2], *BACKGROUND]]
SCORE = {score.key: score for score in LEAGUE_SCORES}


@pytest.fixture(scope="module")
def images():
    return cut(garments(30))


@pytest.fixture(scope="module")
def train():
    return cut(garments(40, "train"))


@pytest.fixture(scope="module")
def table(images, train):
    encoders = {f"set {n}": varied_encoder(channels) for n, channels in enumerate(SETS)}
    entrants = [encoding_of(name, each, 4) for name, each in encoders.items()]
    return league([*entrants, *pixel_encodings(4)], images, train, sort_by="psnr")


def made(values, *, key="probe", kinds=()):
    """A table of encoders with those values of one score."""
    kinds = dict(enumerate(kinds))
    cards = [
        Card(f"e{n}", kinds.get(n, "encoder"), 4, 3, (1, 2, 3), 5, 6,
             {} if value is None else {key: Interval(value)})
        for n, value in enumerate(values)
    ]  # fmt: skip
    return League(tuple(cards), SCORE[key])


def test_the_order_is_that_of_the_score():
    """Higher, lower, and neither better; equal ones share a rank; the undefined come last."""
    values = [0.5, None, 0.9, 0.5, 0.7, 0.1]
    kinds = ["encoder", "compared", "coding", "compared", "compared", "compared"]
    ranked = [(rank, card.name) for rank, card in made(values, kinds=kinds).ranked()]
    assert ranked == [
        (None, "e2"), (1, "e4"), (2, "e0"), (2, "e3"), (4, "e5"), (None, "e1"),
    ]  # fmt: skip
    assert "higher is better" in league_text(made(values))
    energy = made(values, key="energy", kinds=kinds)
    assert [(rank, card.name) for rank, card in energy.ranked()] == [
        (1, "e5"), (2, "e0"), (2, "e3"), (4, "e4"), (None, "e2"), (None, "e1"),
    ]  # fmt: skip
    assert "lower is better" in league_text(energy)
    neither = made(values, key="edge", kinds=kinds)
    assert [card.name for _, card in neither.ranked()] == ["e2", "e4", "e0", "e3", "e5", "e1"]
    assert "from high to low: neither is better by itself" in league_text(neither)


def test_numbers_are_those_of_an_analysis(table, images, train):
    encodings = [
        encoding_of(f"set {n}", varied_encoder(channels), 4, "compared" if n else "encoder")
        for n, channels in enumerate(SETS)
    ]
    analysis = snnviz.analyze([*encodings, *pixel_encodings(4)], images, train)
    for card, measured in zip(table.cards, analysis.measured, strict=True):
        assert card.name == measured.encoding.name
        assert card.shape == measured.shape
        for score in SCORES:
            value = score.of(measured)
            found = card.scores.get(score.key)
            if np.isnan(value):
                assert found is None, (card.name, score.key)
            else:
                assert found.value == pytest.approx(value, abs=1e-12), (card.name, score.key)
        probe = measured.probe
        assert card.scores["probe"] == (probe.accuracy, *probe.interval)
        for key, name in (("edge", "edge"), ("edge_first", "first step, edge")):
            if key in card.scores:
                assert card.scores[key][1:] == intervals(measured)[name]
        if card is table.cards[0]:
            assert card.tests == {}
            continue
        # An analysis takes the other from the first, a table the first from the other.
        against = analysis.paired[card.name]
        test = card.tests["probe"]
        assert (test.difference, test.low, test.high, test.p) == (
            -against.probe.difference, -against.probe.high, -against.probe.low, against.probe.p,
        )  # fmt: skip
        of_probe = card.scores["probe"].value - table.cards[0].scores["probe"].value
        assert test.difference == pytest.approx(of_probe)
        if "psnr" in card.scores:
            apart = card.scores["psnr"].value - table.cards[0].scores["psnr"].value
            assert card.tests["psnr"].difference == pytest.approx(apart)
            assert card.tests["psnr"].p == against.psnr.p
            low, high = card.scores["psnr"][1:]
            assert low < card.scores["psnr"].value < high
        assert ("edge" in card.tests) == ("edge" in card.scores)
        if "edge" in card.tests:
            apart = card.scores["edge"].value - table.cards[0].scores["edge"].value
            assert card.tests["edge"].difference == pytest.approx(apart, abs=1e-9)
            assert card.tests["edge"].test == "images drawn anew"
    psnr = [card.scores["psnr"].value for card in table.cards if "psnr" in card.scores]
    ordered = [card.scores["psnr"].value for _, card in table.ranked() if "psnr" in card.scores]
    assert ordered == sorted(psnr, reverse=True)
    assert table.ranked()[-1][1].name == "pixels"
    silent = table.cards[2]
    assert silent.scores["silent"].value == 0.25
    assert silent.scores["saturated"].value == 0.75
    assert silent.shares["silent"] == 0.25
    first, second = (each.encode(images.images).count(3) for each in encodings[:2])
    assert table.cards[1].scores["cka"].value == pytest.approx(cka(first, second))


def test_every_score_says_what_is_better():
    assert {s.key for s in LEAGUE_SCORES} == {"accuracy", *(s.key for s in SCORES)}
    assert {s.key for s in LEAGUE_SCORES if s.better == "higher"} >= {"accuracy", "probe", "psnr"}
    assert {s.key for s in LEAGUE_SCORES if s.better == "lower"} >= {"energy", "synops"}
    assert SCORE["firing_rate"].better is SCORE["edge"].better is None
    assert {s.key for s in LEAGUE_SCORES if s.of_maps} >= {"psnr", "edge", "intensity"}


def networks(count):
    """Networks of ten classes that take images of 12 x 28 and answer differently."""
    config = NetworkConfig(T=2, channels=4, image_size=(12, 28))
    nets = [lively(build_network(config, seed=0)).eval() for _ in range(count)]
    with torch.no_grad():
        for number, net in enumerate(nets):
            net.fc[3].weight.copy_(net.fc[3].weight.roll(37 * number, 0))
    return nets


def test_networks_are_tested_against_the_first_on_the_same_images(images):
    nets = networks(3)
    entrants = []
    for n, net in enumerate(nets):
        encoder = load_encoder(net)
        encoder.prepare(to_input(images.images[:2]), 2)
        entrants.append(Entrant(encoding_of(f"n{n}", encoder, 2), net))
    found = league(entrants, images)
    assert found.score.key == "accuracy"
    right = [predict(net, images.images) == images.labels for net in nets]
    assert len({tuple(each) for each in right}) > 1
    for card, each in zip(found.cards, right, strict=True):
        assert card.scores["accuracy"] == (each.mean(), *wilson_interval(each.sum(), 30))
    assert found.cards[0].tests == {}
    for card, each in zip(found.cards[1:], right[1:], strict=True):
        lost = sum(a and not b for a, b in zip(right[0], each, strict=True))
        gained = sum(b and not a for a, b in zip(right[0], each, strict=True))
        changed = lost + gained
        tail = sum(comb(changed, k) for k in range(min(lost, gained) + 1)) / 2**changed
        test = card.tests["accuracy"]
        assert test.difference == pytest.approx((gained - lost) / 30)
        assert test.p == pytest.approx(min(1, 2 * tail))
        assert test.low <= test.difference <= test.high
    text = league_text(found)
    assert "less n0 (95 %)" in text
    assert "with the p of McNemar's test" in text
    assert "Each p is of its test alone" in text


def test_a_network_that_cannot_answer_is_left_out_by_name(images):
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0)).eval()  # of 28 x 28
    found = league([Entrant(encoding_of("n", load_encoder(net), 2), net)], images)
    assert "accuracy" not in found.cards[0].scores
    (sentence,) = found.cards[0].left_out
    assert sentence == (
        "the network takes images of (28, 28) pixels, not (12, 28): accuracy of the network is "
        "left out"
    )
    assert any(note.startswith("n: the network takes images") for note in found.notes)


def test_encoders_come_one_by_one_and_none_is_kept(images):
    """Memory does not grow with their number, and each image is encoded once by each."""
    alive, seen = [], []

    def encoders():
        for number in range(5):
            gc.collect()
            assert (
                sum(each() is not None for each in alive) <= 2
            )  # the first's may still be looked at
            encoder = varied_encoder(EDGES[: number + 1])
            alive.append(weakref.ref(encoder))
            plain = encoding_of(f"e{number}", encoder, 2)

            def encode(pixels, of=plain):
                seen.append((of.name, len(pixels)))
                return of.encode(pixels)

            yield Encoding(plain.name, "encoder", plain.channels, 2, 1, encode, encoder)
            del encoder, plain, encode

    found = league(encoders(), images, sort_by="firing_rate")
    assert [card.name for card in found.cards] == [f"e{n}" for n in range(5)]
    assert {name: sum(n for of, n in seen if of == name) for name, _ in seen} == {
        f"e{n}": 30 for n in range(5)
    }


def test_names_that_collide_stay_distinct(images, tmp_path):
    """As given, and again in the names of their cards."""
    encoders = [varied_encoder(EDGES[:2])] * 2
    named = [encoding_of(name, each, 2) for name in ("a b", "a_b", "a b") for each in encoders[:1]]
    found = league([*encoders, *named], images)
    names = [card.name for card in found.cards]
    assert names == ["encoder", "encoder (2)", "a b", "a_b", "a b (2)"]
    write_league(found, tmp_path / "out")
    cards = [json.loads(path.read_text()) for path in (tmp_path / "out" / "cards").iterdir()]
    assert sorted(card["name"] for card in cards) == sorted(names)
    told = json.loads((tmp_path / "out" / "league.json").read_text())
    for each in told["encoders"]:
        card = json.loads((tmp_path / "out" / each["card"]).read_text())
        assert card["name"] == each["name"]
        assert card["scores"] == each["scores"]


def test_what_cannot_be_compared_is_left_out_by_name(images, train):
    """Maps of half the size are compared with smaller images; T and numbers of maps are said."""
    strided = nn.Conv2d(1, 3, 3, stride=2, padding=1)
    net = nn.Sequential(strided, build_network(NetworkConfig(T=4, channels=3), seed=0).conv[0])
    entrants = [
        encoding_of("whole", varied_encoder(EDGES), 4),
        encoding_of("half", split_encoder(net), 4),
        encoding_of("long", varied_encoder(EDGES), 7),
    ]
    found = league(entrants, images, train, sort_by="psnr")
    half = found.cards[1]
    assert half.shape == (3, 6, 14)
    assert half.scores["psnr"].value > 0
    assert half.compared("psnr") is half.compared("edge") is None
    assert half.compared("probe") is not None
    assert found.ranked()[-1] == (None, half)
    (sentence,) = half.left_out
    assert sentence.startswith("maps are 6 x 14, those of whole 12 x 28: ")
    assert "psnr" in sentence
    assert "Numbers of steps differ: whole takes 4, long 7; more steps can say more" in (
        league_markdown(found)
    )
    assert "Numbers of maps differ: whole has 6, half 3;" in league_markdown(found)
    assert not half.as_dict()["scores"]["psnr"]["compared"]
    assert "psnr" not in half.tests
    assert "psnr" in found.cards[2].tests
    rows = list(csv.DictReader(league_csv(found).splitlines()))
    assert next(row for row in rows if row["encoder"] == "half")["psnr"] == ""


def test_without_labels_and_with_one_step(images):
    plain = ImageSet("pictures", images.images)
    found = league([varied_encoder([*EDGES, *SILENT], T=1)], plain, T=1)
    assert found.score.key == "firing_rate"
    assert "probe" not in found.cards[0].scores
    assert any(sentence.startswith("the images have no labels") for sentence in found.left_out)
    assert "Left out: the images have no labels" in league_markdown(found)
    assert found.cards[0].T == 1


def test_the_folder(table, tmp_path):
    written = write_league(table, tmp_path / "out", about={"images": {"dataset": "garments"}})
    assert [path.name for path in written[:3]] == ["league.json", "league.md", "league.csv"]
    assert {path.name for path in (tmp_path / "out" / "cards").iterdir()} == {
        *(f"set_{n}.json" for n in range(4)), "Poisson_coding.json", "latency_coding.json",
        "pixels.json",
    }  # fmt: skip
    card = json.loads((tmp_path / "out" / "cards" / "set_2.json").read_text())
    assert card["version"] == 1
    assert (card["T"], card["shape"], card["images"], card["train_images"]) == (
        4, [4, 12, 28], 30, 40,
    )  # fmt: skip
    assert card["scores"]["psnr"]["better"] == "higher"
    assert card["scores"]["accuracy"] == {
        "value": None, "low": None, "high": None, "better": "higher", "compared": True,
    }  # fmt: skip
    told = json.loads((tmp_path / "out" / "league.json").read_text())
    assert told["images"] == {"dataset": "garments"}
    assert told["sorted_by"]["score"] == "psnr"
    assert [each["rank"] for each in told["encoders"]] == [rank for rank, _ in table.ranked()]
    rows = list(csv.DictReader((tmp_path / "out" / "league.csv").read_text().splitlines()))
    assert [row["encoder"] for row in rows] == [card.name for _, card in table.ranked()]
    assert float(rows[0]["psnr"]) == table.ranked()[0][1].scores["psnr"].value
    text = (tmp_path / "out" / "league.md").read_text()
    assert text.startswith("# By reconstruction, PSNR in dB: higher is better\n\n30 images of garm")
    assert text.count("\n| ") == 1 + 7


def test_an_earlier_table_is_not_replaced_unasked(table, tmp_path):
    folder = tmp_path / "out"
    write_league(table, folder)
    (folder / "cards" / "mine.txt").touch()
    with pytest.raises(ExportError, match="not empty"):
        write_league(table, folder)
    few = League(table.cards[:1], table.score)
    write_league(few, folder, overwrite=True)
    assert {path.name for path in (folder / "cards").iterdir()} == {"set_0.json", "mine.txt"}


def test_a_notebook_shows_the_table(table):
    html = table._repr_html_()
    assert html.count("<tr>") == 1 + 7
    assert "By reconstruction, PSNR in dB: higher is better" in html
    odd = League((Card("<b>|x", "encoder", 1, 0, (1, 1, 1), 1, 0, {}),), SCORE["probe"])
    assert "&lt;b&gt;|x" in odd._repr_html_()
    assert "<b>\\|x" in league_markdown(odd)
    assert repr(table) == "<League of 4 encoders and 3 baselines, by reconstruction, PSNR in dB>"


def test_bad_input(images):
    with pytest.raises(ConfigError, match="no score 'best'; choose from accuracy, firing_rate"):
        league([varied_encoder(EDGES)], images, sort_by="best")
    with pytest.raises(ConfigError, match="no encoder to measure"):
        league([], images)
    with pytest.raises(ConfigError, match="pixels are no spikes"):
        league(pixel_encodings(4)[-1:], images)
    with pytest.raises(ConfigError, match="ImageSet"):
        league([varied_encoder(EDGES)], images.images)
    with pytest.raises(DataError, match="got 0 images"):
        league([varied_encoder(EDGES)], images.take(np.arange(0)))
    with pytest.raises(ShapeError, match="give both of one size"):
        league([varied_encoder(EDGES)], images, garments(4, "train"))


def test_the_global_generator_is_left_alone(images):
    encoder = varied_encoder(EDGES)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    league([encoder], images, T=2)
    assert torch.equal(before, torch.get_rng_state())
