"""Choosing images by what they are and what a network takes them for."""

import json

import numpy as np
import pytest
import torch

from snnviz.data import Sample, garments, parse_selection
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.scoring.predicting import predict, with_predictions
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import status_of
from tests.lively import lively

IMAGE = np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ([], [0, 1, 2, 3]),
        (["correct"], [0, 3]),
        (["wrong"], [1, 2]),
        (["label=7"], [0, 1]),
        (["predicted=7"], [0, 2]),
        (["label=7", "wrong"], [1]),
        (["label=1", "predicted=2"], []),
    ],
)
def test_all_conditions_hold(words, holds):
    pairs = [(7, 7), (7, 2), (1, 7), (0, 0)]  # label, predicted
    samples = [Sample(n, IMAGE, a, predicted=b) for n, (a, b) in enumerate(pairs)]
    selection = parse_selection(words)
    assert [sample.index for sample in filter(selection, samples)] == holds
    assert selection.needs_predictions == any(not word.startswith("label") for word in words)


@pytest.mark.parametrize(
    "word", ["", "right", "correct=1", "label", "label=", "label=10", "label=-1", "predicted=x"]
)
def test_words_that_mean_nothing_are_refused(word):
    with pytest.raises(ConfigError, match=r"=0 to|use correct"):
        parse_selection([word])


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="needs labels"):
        parse_selection(["label=1"])(Sample(0, IMAGE))
    with pytest.raises(DataError, match="needs predictions"):
        parse_selection(["correct"])(Sample(0, IMAGE, 1))


@pytest.mark.slow
def test_predictions_come_with_the_samples_and_no_further_than_asked():
    net = lively(build_network(NetworkConfig(T=4, channels=8)))
    images = garments(30)
    taken = []

    def samples():
        for sample in images.samples(range(30)):
            taken.append(sample.index)
            yield sample

    stream = with_predictions(net, samples(), batch_size=8)
    first = next(stream)
    assert len(taken) == 8
    everything = [first, *stream]
    expected = predict(net, images.images)
    assert [sample.predicted for sample in everything] == expected.tolist()
    assert [sample.index for sample in everything] == list(range(30))
    with pytest.raises(ShapeError, match="28, 28"):
        next(with_predictions(net, [Sample(0, np.zeros((5, 9), np.uint8))]))


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=8)))
    path = tmp_path / "net.pth"
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
    return path


@pytest.mark.slow
def test_the_command_selects_and_lists_predictions(ckpt, tmp_path, capsys):
    from snnviz.tutorial.layouts import load_checkpoint

    images = garments(1000)
    predicted = predict(load_checkpoint(ckpt).build_network(), images.images[:300])
    common = ("visualize", "--ckpt", ckpt, "--dataset", "garments", "--format", "npz", "-q")
    for words, holds in {
        ("wrong",): predicted != images.labels[:300],
        ("label=7",): images.labels[:300] == 7,
        ("label=7", "wrong"): (predicted != images.labels[:300]) & (images.labels[:300] == 7),
    }.items():
        out = tmp_path / "-".join(words)
        options = [part for word in words for part in ("--select", word)]
        assert status_of(*common, "--out-dir", out, *options, "--n-images", 3) == 0
        listed = json.loads((out / "manifest.json").read_text())
        assert [entry["index"] for entry in listed["sets"]] == np.flatnonzero(holds)[:3].tolist()
        for entry in listed["sets"]:
            assert entry["predicted"] == predicted[entry["index"]]
        assert listed["images"]["select"] == list(words)
    assert status_of(*common, "--out-dir", tmp_path / "none", "--no-predict", "--index", 3) == 0
    entry = json.loads((tmp_path / "none" / "manifest.json").read_text())["sets"][0]
    assert "predicted" not in entry
    capsys.readouterr()
    for words in (("wrong",), ("label=7", "correct")):
        options = [part for word in words for part in ("--select", word)]
        assert status_of(*common, "--out-dir", tmp_path / "x", *options, "--no-predict") == 2
        err = capsys.readouterr().err
        assert "leave out --no-predict" in err
        assert "--ckpt" not in err
        assert err.count("\n") == 1
    alone = (*common, "--select", "label=7", "--no-predict", "--n-images", 1)
    assert status_of(*alone, "--out-dir", tmp_path / "alone") == 0
    bundled = ("visualize", "--dataset", "garments", "--out-dir", tmp_path / "x")
    for words, message in (("correct", "whole network"), ("label=11", "label=0 to label=9")):
        assert status_of(*bundled, "--select", words) == 1
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
    assert not (tmp_path / "x").exists()
