"""Encoders compared on the same images, seeds in brief, and variants of a start, by hand."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import stats
from skimage.metrics import peak_signal_noise_ratio

from snnviz.analysis import analyze, encoding_of, scorecard_markdown, scorecard_text
from snnviz.analysis.columns import grouped
from snnviz.analysis.computing import training_parts
from snnviz.analysis.html import analysis_html
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.tables import as_json
from snnviz.baselines import latency
from snnviz.data import ImageSet, garments, to_input
from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import CORRELATIONS, ProbeFit, split_kernels
from snnviz.tutorial.baselines import (
    encoder_of_kernels,
    patch_moments,
    sobel_kernels,
    untrained_encoder,
)
from snnviz.tutorial.encodings import baseline_encodings, start_variants
from snnviz.tutorial.network import NetworkConfig
from tests.analysis.varied import CHANNELS, cut, varied_encoder

T = 4
CONFIG = NetworkConfig(T=T, channels=6)
MORE = 45


@pytest.fixture(scope="module")
def sets():
    """Images to score on, others to fit on, and more to score probes on; not square."""
    return cut(garments(20)), cut(garments(40, "train")), cut(garments(MORE))


@pytest.fixture(scope="module")
def analysis(sets):
    """An encoder beside a smaller one, brief seeds and codes of the pixels."""
    images, train, more = sets
    other = untrained_encoder(CONFIG, 3, to_input(train.images))
    encodings = [
        encoding_of("mine", varied_encoder(CHANNELS, T), T),
        encoding_of("other", other, T, "compared"),
        *baseline_encodings(CONFIG, T, train, seeds=(0, 1, 2, 5)),
    ]
    return analyze(encodings, images, train, probe_images=more, cost_steps=2)


def seen(images):
    """What normalization sees of images."""
    return patch_moments(to_input(images.images), 1)


def named(analysis, name):
    return next(m for m in analysis.measured if m.encoding.name == name)


def answers(encoding, train, images, strength):
    """The classes that a probe fitted to those training images finds."""
    record = encoding.encode(train.images)
    fit = ProbeFit(T, record.shape[1:])
    fit.update(record, train.images, train.labels)
    return fit.result(strength).classify(encoding.encode(images.images))


@pytest.mark.parametrize("name", ["mine", "other"])
def test_right_answers_are_those_of_probes_fitted_by_hand(name, analysis, sets):
    _, train, more = sets
    found = named(analysis, name)
    strength = found.probe.strength
    right = answers(found.encoding, train, more, strength) == more.labels
    assert found.each.right.tolist() == right.tolist()
    assert (found.probe.correct, found.probe.total) == (right[:20].sum(), 20)
    assert (found.whole.correct, found.whole.total) == (right.sum(), MORE)
    assert found.whole.chance == np.bincount(more.labels).max() / MORE
    without = []
    for part in training_parts(40):
        rest = train.take(np.setdiff1d(np.arange(40), part))
        without.append((answers(found.encoding, rest, more, strength) == more.labels).tolist())
    assert found.each.right_without.tolist() == without
    accuracies = np.mean(without, axis=1)
    deviation = math.sqrt(4 / 5 * ((accuracies - accuracies.mean()) ** 2).sum())
    assert found.whole.training_deviation == pytest.approx(deviation)


def test_psnr_of_each_image_is_that_of_what_is_read_back(analysis, sets):
    found = analysis.studied
    read = found.rule.reconstruct(found.encoding.encode(sets[0].images))[T - 1]
    expected = [peak_signal_noise_ratio(*pair) for pair in zip(sets[0].images, read, strict=True)]
    assert found.each.psnr == pytest.approx(expected)
    assert found.each.psnr.mean() == pytest.approx(found.reconstruction.psnr[T - 1])


def test_the_studied_encoder_less_another(analysis):
    mine, other = named(analysis, "mine"), named(analysis, "other")
    found = analysis.paired["other"]
    alone = (mine.each.right & ~other.each.right).sum()
    theirs = (other.each.right & ~mine.each.right).sum()
    assert (found.probe.gained, found.probe.lost, found.probe_images) == (alone, theirs, MORE)
    assert found.probe.p == pytest.approx(stats.binomtest(int(alone), int(alone + theirs)).pvalue)
    test = stats.ttest_rel(mine.each.psnr, other.each.psnr)
    assert found.psnr.p == pytest.approx(test.pvalue)
    assert found.psnr.difference == pytest.approx(
        mine.reconstruction.psnr[-1] - other.reconstruction.psnr[-1]
    )
    apart = mine.each.right_without.mean(axis=1) - other.each.right_without.mean(axis=1)
    spread = math.sqrt(4 / 5 * ((apart - apart.mean()) ** 2).sum())
    assert found.probe_training == pytest.approx(spread)
    for place, key in ((0, "edge"), (1, "intensity"), (2, "mean_intensity"), (3, "edge_held")):
        (score,) = [score for score in SCORES if score.key == key]
        difference = found.correlations[CORRELATIONS[place]].difference
        assert difference == pytest.approx(score.of(mine) - score.of(other), rel=1e-4)
    one = found.correlations["edge"]
    assert one.low < one.difference < one.high


def test_tests_stand_in_every_form_of_the_table(analysis):
    found = analysis.paired["other"]
    counts = f"{found.probe.gained} : {found.probe.lost}"
    assert f" | {counts} | " in scorecard_markdown(analysis)
    assert f" {counts} " in scorecard_text(analysis)
    assert f"<td>{counts}</td>" in analysis_html(analysis)
    plain = json.loads(json.dumps(as_json(analysis, {}), allow_nan=False))
    assert plain["paired"]["other"]["probe"]["p"] == found.probe.p
    assert plain["paired"]["other"]["psnr"]["difference"] == found.psnr.difference
    assert plain["paired"]["pixels"]["psnr"] is None
    low, high = plain["encoders"][0]["intervals"]["edge"]
    assert low < plain["encoders"][0]["scores"]["edge"] < high


def test_seeds_after_the_third_are_measured_in_brief(analysis):
    brief, whole = named(analysis, "untrained 5"), named(analysis, "untrained 2")
    assert set(brief.results) == {"contours", "activity"}
    assert brief.each is None
    assert "untrained 5" not in analysis.paired
    assert {"reconstruction", "neurons", "redundancy"} <= set(whole.results)
    # Seeds are scored on the images of everything else alone.
    assert (whole.whole, whole.probe.total, len(whole.each.right)) == (None, 20, 20)
    assert analysis.paired["untrained 2"].probe_images == 20
    values = {score.key: score.of(brief) for score in SCORES}
    for key in ("psnr", "probe", "probe_whole", "neuron_entropy", "dimension", "synops", "cka"):
        assert np.isnan(values[key]), key
    for key in ("firing_rate", "edge", "edge_held", "edge_median_held", "edge_channels"):
        assert np.isfinite(values[key]), key
    text = scorecard_markdown(analysis)
    assert "over 4 seeds, all other numbers over the first 3" in text
    assert len(grouped(analysis)["untrained (4 seeds)"]) == 4
    assert len(analysis.alignment) == len(analysis.measured) - 1


def test_costs_are_of_the_networks_own_steps(analysis, sets):
    images, train, _ = sets
    encodings = [
        encoding_of("mine", varied_encoder(CHANNELS, T), 2),
        *baseline_encodings(CONFIG, 2, train, seeds=()),
    ]
    short = analyze(encodings, images)
    for name in ("mine", "Sobel bank", "Poisson coding", "latency coding"):
        ours, theirs = named(analysis, name).cost, named(short, name).cost
        assert ours.synops == theirs.synops > 0, name
        assert ours.same_bits == pytest.approx(theirs.same_bits)
    assert named(analysis, "mine").activity.spikes_per_image > (
        named(short, "mine").activity.spikes_per_image
    )
    text = scorecard_markdown(analysis)
    assert "costs are of the network's own T = 2" in text
    assert "| additions into the next layer | 0-1 | " in text
    assert "network's own" not in scorecard_markdown(short)


def test_one_or_two_runs_are_said_to_be_so(analysis, sets):
    assert "These are 2 training runs: whether others" in scorecard_markdown(analysis)
    first, *_, pixels = [m.encoding for m in analysis.measured]
    one = analyze([first, named(analysis, "untrained 0").encoding, pixels], sets[0])
    assert "This is one training run: whether others" in scorecard_text(one)
    assert "training run" not in scorecard_text(analyze([first, pixels], sets[0]))


def test_without_labels_probes_are_left_out_of_the_tests(sets):
    bare, train, more = (ImageSet("pictures", each.images) for each in sets)
    encodings = [
        encoding_of(name, untrained_encoder(CONFIG, seed, to_input(train.images)), T)
        for seed, name in enumerate(("mine", "other"))
    ]
    found = analyze(encodings, bare, train, probe_images=more)
    against = found.paired["other"]
    assert against.probe is None
    assert math.isnan(against.probe_training)
    assert against.psnr.p < 1
    assert "| - | - | - |" in scorecard_markdown(found)
    assert "McNemar" not in scorecard_markdown(found)
    (sentence,) = found.left_out
    assert "no labels" in sentence


def test_a_silent_encoder_is_compared_without_numbers(sets):
    silent = varied_encoder([(np.zeros((3, 3)), -5)] * 2, T)
    loud = varied_encoder(CHANNELS, T)
    encodings = [encoding_of("silent", silent, T), encoding_of("loud", loud, T)]
    found = analyze(encodings, *sets[:2])
    assert math.isnan(found.paired["loud"].correlations["edge"].p)
    json.dumps(as_json(found, {}), allow_nan=False)


def test_probes_are_scored_on_images_that_begin_with_the_others(sets):
    images, train, more = sets
    encoding = encoding_of("mine", varied_encoder(CHANNELS[:4], T), T)
    with pytest.raises(ConfigError, match="20 images and more, got 44 that begin with others"):
        analyze([encoding], images, train, probe_images=more.take(np.arange(1, MORE)))
    same = analyze([encoding], images, train, probe_images=images)
    assert same.studied.whole is None
    assert len(same.studied.each.right) == 20


def test_variants_share_sums_or_shapes(sets):
    config = NetworkConfig(T=T, channels=16)
    train = sets[1]
    start = untrained_encoder(config, 0, to_input(train.images))
    trained = untrained_encoder(config, 1, to_input(train.images))
    found = {e.name: e for e in start_variants(start, trained, config, T, seen(train))}
    assert list(found) == ["start, trained sums", "trained, start's sums", "start, halved sums",
                           "start, 4 channels"]  # fmt: skip
    sums = {name: split_kernels(e.encoder.kernels) for name, e in found.items()}
    (own, shapes), (theirs, trained_shapes) = map(split_kernels, (start.kernels, trained.kernels))
    for name, mean, shape in (
        ("start, trained sums", theirs, shapes),
        ("trained, start's sums", own, trained_shapes),
        ("start, halved sums", own / 2, shapes),
        ("start, 4 channels", own[:4], shapes[:4]),
    ):
        np.testing.assert_allclose(sums[name][0], mean, atol=1e-7)
        np.testing.assert_allclose(sums[name][1], shape, atol=1e-7)
    assert found["start, trained sums"].families is None
    small = [untrained_encoder(CONFIG, seed, to_input(train.images)) for seed in (0, 1)]
    assert len(start_variants(*small, CONFIG, T, seen(train))) == 3


def test_a_narrow_start_differs_from_its_start_in_width_alone(sets):
    """As many features, and the same penalty, whichever would have been chosen."""
    config, train = NetworkConfig(T=T, channels=16), sets[1]
    start = untrained_encoder(config, 0, to_input(train.images))
    narrow = start_variants(start, start, config, T, seen(train))[-1]
    mine = encoding_of("mine", start, T)
    beside = [mine, encoding_of("start", start, T, "start"), narrow]
    alone, beside = (analyze(some, *sets[:2]).measured for some in ([mine, narrow], beside))
    assert (narrow.kind, narrow.channels) == ("narrow", 4)
    assert beside[2].probe.strength == beside[1].probe.strength != alone[1].probe.strength
    assert set(beside[2].results) >= {"contours", "activity", "probe"}
    assert beside[2].rule is None
    features = [m.probe.features for m in beside]
    assert features == [16 * 11**2, 16 * 11**2, 4 * 12**2]


def test_an_encoder_of_kernels_is_normalized_as_the_untrained_one(sets):
    untrained = untrained_encoder(CONFIG, 4, to_input(sets[1].images))
    same = encoder_of_kernels(CONFIG, untrained.kernels, seen(sets[1]))
    images = to_input(sets[0].images)
    assert (same.encode(images, T).first_spike == untrained.encode(images, T).first_spike).all()
    with pytest.raises(
        ShapeError, match=r"\[5, 1, 3, 3\] as the encoder's are, got \[5, 1, 5, 5\]"
    ):
        encoder_of_kernels(CONFIG, np.ones((5, 1, 5, 5)), seen(sets[1]))


def test_the_sobel_bank_follows_contours(analysis):
    bank = named(analysis, "Sobel bank")
    assert bank.encoding.kind == "anchor"
    assert sobel_kernels().shape == (4, 1, 3, 3)
    assert bank.contours.shares()["edge"] >= 0.75
    (edge,) = [score for score in SCORES if score.key == "edge"]
    assert edge.of(bank) > 0.7 > edge.of(named(analysis, "untrained 0"))


def test_latency_is_read_by_time_and_costs_as_it_spikes(analysis, sets):
    found = named(analysis, "latency coding")
    record = latency(torch.from_numpy(to_input(sets[0].images)), T)
    assert found.activity.spikes_per_image == record.spikes().sum() / 20 == 12 * 28
    # Four times tell four levels of grey, the counts of any one step but two.
    by_time = found.reconstruction.psnr[T - 1]
    step = 255 / (T - 1)
    images = sets[0].images
    rounded = np.rint(np.rint(images / step) * step).astype(np.uint8)
    bound = np.mean([peak_signal_noise_ratio(*p) for p in zip(images, rounded, strict=True)])
    assert by_time == pytest.approx(bound, abs=1.0)
    assert by_time > found.reconstruction.psnr[0] + 3
