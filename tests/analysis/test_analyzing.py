"""An analysis of known encoders, from Python: what each number is, and what does not matter."""

import csv
import io
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.analysis import (
    ANALYSIS,
    SCORES,
    Encoding,
    analyze,
    computing,
    encoding_of,
    folder,
    scorecard_markdown,
    scorecard_text,
    streaming,
    write_analysis,
    write_tables,
)
from snnviz.analysis.columns import grouped
from snnviz.analysis.pictures import analysis_figures
from snnviz.analysis.tables import as_json, channels_csv
from snnviz.data import ImageSet, garments, to_input
from snnviz.errors import ConfigError, DataError, ExportError, ShapeError
from snnviz.folders import hold_folder
from snnviz.metrics import Activity, ProbeFit, ProbeScore, cka
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.baselines import untrained_encoder
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.encodings import baseline_encodings, checkpoint_encodings
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.analysis.varied import cut
from tests.lively import lively

CONFIG = NetworkConfig(T=4, channels=4)


@pytest.fixture(scope="module")
def sets():
    """Few images to score on, and others to fit on; not square."""
    return cut(garments(30)), cut(garments(40, "train"))


def without_labels(images):
    return ImageSet("pictures", images.images)


def fixed_encoder(bias, *, weight=0.0, channels=4, T=4):
    """An encoder whose drive is weight * intensity + bias in every channel."""
    convolution = nn.Conv2d(1, channels, 1)
    with torch.no_grad():
        convolution.weight.fill_(weight)
        convolution.bias.fill_(bias)
    net = build_network(NetworkConfig(T=T, channels=channels), seed=0)
    return split_encoder(nn.Sequential(convolution, net.conv[0]))


def analyzed(encoder, sets, T=4, **options):
    return analyze([encoding_of("mine", encoder, T)], *sets, **options)


def scores(analysis, place=0):
    return {score.key: score.of(analysis.measured[place]) for score in SCORES}


def written_json(analysis):
    return json.loads(json.dumps(as_json(analysis, {}), allow_nan=False))


def test_a_silent_encoder(sets):
    analysis = analyzed(fixed_encoder(-5.0), sets)
    found = scores(analysis)
    assert (found["firing_rate"], found["spikes"], found["sparsity"]) == (0, 0, 1)
    assert (found["silent"], found["saturated"], found["neuron_entropy"]) == (1, 0, 0)
    undefined = ("population_sparseness", "edge", "edge_first", "intensity",
                 "bits_per_spike_bound", "edge_held", "lit_edge", "correlation", "dimension",
                 "selectivity")  # fmt: skip
    assert all(np.isnan(found[key]) for key in undefined)
    # Nothing can be read back: every guess is the mean, and the commonest class of the fit.
    floors = analysis.studied.reconstruction.floors
    assert found["psnr"] == floors["mean intensity"][1] < floors["mean image"][1]
    commonest = np.bincount(sets[1].labels).argmax()
    assert found["probe"] == np.mean(sets[0].labels == commonest)
    plain = written_json(analysis)["encoders"][0]
    assert plain["scores"]["edge"] is None
    assert plain["scores"]["firing_rate"] == 0
    assert plain["types"] == ["silent"] * 4
    assert np.isnan(analysis.alignment).all()
    assert "| - |" in scorecard_markdown(analysis)


def test_a_saturated_encoder(sets):
    analysis = analyzed(fixed_encoder(5.0), sets)
    found = scores(analysis)
    assert (found["firing_rate"], found["sparsity"], found["saturated"]) == (1, 0, 1)
    assert found["spikes"] == 4 * 4 * 12 * 28
    assert found["population_sparseness"] == 0
    assert np.isnan(found["intensity"])
    assert analysis.studied.contours.types() == ("saturated",) * 4
    assert found["psnr"] == analysis.studied.reconstruction.floors["mean intensity"][1]


def test_an_encoder_that_passes_the_image_on(sets):
    """Drive = intensity: what is read back is the image, as finely as T = 40 counts say it."""
    analysis = analyzed(fixed_encoder(0.0, weight=1.0, T=40), sets, T=40)
    found = scores(analysis)
    assert found["intensity"] > 0.98
    assert found["intensity"] > found["edge"]
    assert found["area_channels"] == 1
    assert found["correlation"] == pytest.approx(1)
    assert found["dimension"] == pytest.approx(1)
    assert found["psnr"] > 22
    assert analysis.studied.reconstruction.floors["mean intensity"][1] < 15


def test_shuffled_spikes_follow_nothing(sets):
    """The spikes of another image, at other places."""
    encoder = fixed_encoder(0.0, weight=1.0)

    def encode(images):
        times = encoder.encode(to_input(images), 4).first_spike
        places = np.random.default_rng(images.sum()).permutation(times.size)
        return SpikeRecord.from_first_spike(times.reshape(-1)[places].reshape(times.shape), 4)

    analysis = analyze([Encoding("shuffled", "encoder", 4, 4, 3, encode)], *sets)
    found = scores(analysis)
    assert abs(found["edge"]) < 0.02
    assert abs(found["intensity"]) < 0.02
    assert found["edge_channels"] == found["area_channels"] == 0
    floor = analysis.studied.reconstruction.floors["mean intensity"][1]
    assert found["psnr"] == pytest.approx(floor, abs=0.1)
    assert abs(found["neuron_intensity"]) < 0.3
    assert found["probe"] < 0.4


def test_one_step(sets):
    encoder = untrained_encoder(CONFIG, 0, to_input(sets[1].images))
    encodings = [
        encoding_of("mine", encoder, 1),
        *baseline_encodings(CONFIG, 1, sets[1], seeds=(5,)),
    ]
    analysis = analyze(encodings, *sets)
    assert 0 < scores(analysis)["firing_rate"] < 1
    assert analysis.studied.contours.correlation.shape == (1, 4, 6)
    # Latency coding of one step fires everywhere: it says nothing.
    latency = [m.encoding.name for m in analysis.measured].index("latency coding")
    assert scores(analysis, latency)["firing_rate"] == 1
    assert np.isnan(scores(analysis, latency)["intensity"])
    written_json(analysis)


def test_the_numbers_are_those_of_the_families(sets):
    """Fitted on the training images and scored on the others, each seen once."""
    images, train_images = sets
    encoder = untrained_encoder(CONFIG, 3, to_input(train_images.images))
    analysis = analyzed(encoder, sets)
    shape = (4, 12, 28)
    record = encoder.encode(to_input(images.images), 4)
    activity = Activity(4, shape)
    activity.update(record, images.images)
    assert analysis.studied.activity.mean_rate == activity.result().mean_rate
    assert scores(analysis)["firing_rate"] == pytest.approx(record.count(3).mean() / 4, rel=1e-12)
    fit = ProbeFit(4, shape)
    fit.update(
        encoder.encode(to_input(train_images.images), 4), train_images.images, train_images.labels
    )
    score = ProbeScore(4, shape, fit.result(analysis.studied.probe.strength))
    score.update(record, images.images, images.labels)
    assert replace(analysis.studied.probe, training_deviation=math.nan) == score.result()
    assert (analysis.images, analysis.train_images) == (30, 40)


def assert_same(one, other):
    assert json.dumps(as_json(one, {})) == json.dumps(as_json(other, {}))
    assert channels_csv(one) == channels_csv(other)
    assert scorecard_markdown(one) == scorecard_markdown(other)


def all_encodings(sets, T=4):
    encoder = untrained_encoder(CONFIG, 9, to_input(sets[1].images))
    return [encoding_of("mine", encoder, T), *baseline_encodings(CONFIG, T, sets[1], seeds=(0, 1))]


def test_batches_do_not_matter(sets, monkeypatch):
    one = analyze(all_encodings(sets), *sets)
    monkeypatch.setattr(streaming, "_BATCH", 7)
    assert_same(analyze(all_encodings(sets), *sets), one)


def test_untrained_encoders_follow_from_their_seed(sets):
    one, other = (analyze(all_encodings(sets), *sets) for _ in range(2))
    assert_same(one, other)
    names = [m.encoding.name for m in one.measured]
    first, second = (scores(one, names.index(f"untrained {seed}")) for seed in (0, 1))
    assert first["psnr"] != second["psnr"]


def test_the_scorecard_says_what_the_json_says(sets):
    """Every number of the table, read back from the text, is that of the JSON."""
    analysis = analyze(all_encodings(sets), *sets)
    plain = {each["name"]: each for each in written_json(analysis)["encoders"]}
    lines = [line for line in scorecard_markdown(analysis).splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    header, _, *rows = [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]
    assert header == ["", "t", "mine", "untrained (2 seeds)", "Sobel bank", "Poisson coding",
                      "latency coding", "pixels"]  # fmt: skip
    rows = rows[: len(SCORES)]  # below them stand other tables
    assert [row[0] for row in rows] == [score.title for score in SCORES]
    for score, row in zip(SCORES, rows, strict=True):
        assert (
            row[1] == {"all": "0-3", "first": "0", "last": "3", "cost": "0-3", "": ""}[score.steps]
        )
        for name, cell in zip(header[2:], row[2:], strict=True):
            members = [plain[name]] if name in plain else [
                each for each in plain.values() if each["kind"] == "untrained"
            ]  # fmt: skip
            values = [m["scores"][score.key] for m in members]
            if None in values:
                assert cell == "-"
                continue
            expected = format(np.mean(values), score.form)
            if len(values) > 1:
                expected += f" ± {format(np.std(values, ddof=1), score.form.replace('+', ''))}"
            assert cell == expected, (score.key, name)
    text = scorecard_text(analysis)
    assert all(score.title in text for score in SCORES)
    low, high = analysis.studied.probe.interval
    assert f"mine {100 * low:.1f} to {100 * high:.1f} % of 30, ± " in text


def test_the_pixels_are_asked_only_what_makes_sense(sets):
    analysis = analyze(all_encodings(sets), *sets)
    pixels = analysis.measured[-1]
    assert set(pixels.results) == {"contours", "probe"}
    assert pixels.activity is pixels.cost is pixels.rule is None
    found = scores(analysis, -1)
    assert found["intensity"] == pytest.approx(1)
    assert {key for key, value in found.items() if not np.isnan(value)} == {
        "edge", "intensity", "mean_intensity", "lit_edge", "lit_intensity", "probe", "cka",
    }  # fmt: skip


def test_channels_are_a_row_each(sets):
    analysis = analyzed(fixed_encoder(-5.0), sets)
    rows = list(csv.DictReader(io.StringIO(channels_csv(analysis))))
    assert list(rows[0]) == [
        "encoder", "channel", "type", "firing_rate", "silent", "saturated", "lifetime_sparseness",
        "r_edge", "r_intensity", "r_along_x", "r_along_y", "r_along_down-right",
        "r_along_up-right", "entropy", "intensity_information", "bits_per_spike",
        "label_information", "class_selectivity", "preferred_class", "stable", "stable_by_chance",
        "synchrony", "synchrony_by_chance", "same_first_step", "never_fires", "first_step",
        "linear_range", "mean_drive", "drive_deviation", "gain", "field_height", "field_width",
        "effective_pixels", "top_image", "top_count", "patch_image", "patch_row", "patch_column",
        "patch_count", "patch_ties",
    ]  # fmt: skip
    assert [row["channel"] for row in rows] == ["0", "1", "2", "3"]
    assert rows[0]["type"] == "silent"
    assert (rows[0]["firing_rate"], rows[0]["silent"], rows[0]["r_edge"]) == ("0.0", "1", "")
    assert (rows[0]["class_selectivity"], rows[0]["preferred_class"]) == ("", "")


def test_alignment_is_between_the_encodings_at_their_steps(sets):
    encodings = all_encodings(sets)
    analysis = analyze(encodings, *sets, alignment_images=20)
    records = [encoding.encode(sets[0].images[:20]) for encoding in encodings]
    counts = [
        encoding.readout(record).count(encoding.t)
        for encoding, record in zip(encodings, records, strict=True)
    ]
    assert analysis.alignment_images == 20
    assert np.isnan(analyze(encodings, *sets, alignment_images=0).alignment).all()
    assert analysis.alignment.shape == (7, 7)
    for i, ours in enumerate(counts):
        for j, theirs in enumerate(counts):
            assert analysis.alignment[i, j] == pytest.approx(cka(ours, theirs), rel=1e-12)
    few = tuple(ImageSet(s.name, s.images[:3], s.labels[:3], s.classes) for s in sets)
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), few)
    assert np.isnan(analysis.alignment).all()
    assert analysis.left_out == ("CKA takes 4 images or more, got 3: it is left out",)


def test_images_without_labels(sets):
    net = lively(build_network(CONFIG, seed=1))
    analysis = analyze(
        [encoding_of("mine", load_encoder(net), 4)],
        *map(without_labels, sets),
        networks={"mine": net},
    )
    (sentence,) = analysis.left_out
    assert "no labels" in sentence
    assert f"Left out: {sentence}." in scorecard_markdown(analysis)
    assert written_json(analysis)["left_out"] == [sentence]
    assert not analysis.networks
    assert analysis.studied.probe is analysis.studied.classes is None
    assert np.isnan(scores(analysis)["probe"])
    assert np.isfinite(scores(analysis)["psnr"])
    assert "label_information" not in channels_csv(analysis)
    plain = written_json(analysis)
    assert plain["networks"] == {"images": 0}
    assert "probe" not in plain["encoders"][0]


@pytest.mark.slow
def test_nothing_to_fit_on(sets, tmp_path):
    """What needs no fitting is as it would be with other images to fit on."""
    images, others = sets
    net = build_network(CONFIG, seed=1)
    encodings = [
        encoding_of("mine", load_encoder(lively(net)), 4),
        *baseline_encodings(CONFIG, 4, others),
    ]
    analysis = analyze(encodings, images, None)
    (sentence,) = analysis.left_out
    assert "no training images of (12, 28) pixels" in sentence
    fitted = analyze(encodings, images, others)
    assert analysis.train_images == 0
    for place in range(len(encodings)):
        found = analysis.measured[place]
        assert found.reconstruction is found.rule is found.probe is None
        ours, theirs = scores(analysis, place), scores(fitted, place)
        assert np.isnan([ours.pop(name) for name in ("psnr", "ssim", "probe")]).all()
        for name, value in ours.items():
            assert value == pytest.approx(theirs[name], nan_ok=True, rel=1e-12), name
    files = {path.name for path in write_analysis(analysis, tmp_path)}
    assert "reconstruction.png" not in files
    assert {"scorecard.png", "channels.png", "class_atlas.png"} <= files
    assert "readouts" not in scorecard_markdown(analysis)


def test_cka_is_the_alignment_with_the_first(sets):
    analysis = analyze(all_encodings(sets), *sets)
    cka = [scores(analysis, place)["cka"] for place in range(7)]
    assert cka == pytest.approx(analysis.alignment[0].tolist())
    assert cka[0] == pytest.approx(1)
    assert min(cka) < 0.95


def test_labels_without_names(sets):
    nameless = [ImageSet("mine", s.images, s.labels % 3) for s in sets]
    found = analyzed(fixed_encoder(0.0, weight=1.0), nameless).studied
    assert len(found.classes.label_counts) == 3


def test_a_network_of_another_size(sets):
    net = build_network(CONFIG, seed=1)
    analysis = analyzed(load_encoder(net), sets, networks={"mine": net})
    assert "images of (28, 28) pixels, not (12, 28)" in analysis.left_out[0]
    assert not analysis.networks
    assert analysis.studied.probe is not None


def test_a_network_that_does_not_know_all_classes():
    """It is said before anything else, and the rest is measured."""
    images, train_images = garments(24), garments(30, "train")
    net = build_network(NetworkConfig(T=4, channels=4, num_classes=4), seed=1)
    encodings = [encoding_of("mine", load_encoder(net), 4)]
    analysis = analyze(encodings, images, train_images, networks={"mine": net})
    (sentence,) = analysis.left_out
    assert "knows classes 0 to 3, not 9" in sentence
    assert not analysis.networks
    assert np.isfinite(scores(analysis)["probe"])


def test_the_whole_network():
    images, train_images = garments(24), garments(30, "train")
    net = lively(build_network(CONFIG, seed=1))
    other = lively(build_network(CONFIG, seed=1))
    with torch.no_grad():
        other.static_conv[0].weight[:2] *= -1
    encodings = [
        encoding_of("mine", load_encoder(net), 4),
        encoding_of("other", load_encoder(other), 4, "compared"),
    ]
    networks = {"mine": net, "other": other}
    analysis = analyze(encodings, images, train_images, networks=networks, network_images=20)
    whole = written_json(analysis)["networks"]
    assert (whole["images"], whole.keys()) == (20, {"images", "mine", "other"})
    plain = whole["mine"]
    assert plain["importance"]["total"] == plain["cost"]["total"] == 20
    assert plain["cost"]["correct"] == plain["importance"]["correct"]
    assert plain["drop"] == [
        (plain["importance"]["correct"] - without) / 20
        for without in plain["importance"]["correct_without"]
    ]
    assert plain != whole["other"]
    text = scorecard_markdown(analysis)
    assert "In the network of mine (20 images)" in text
    assert "In the network of other (20 images)" in text
    rows = list(csv.DictReader(io.StringIO(channels_csv(analysis))))
    assert [row["encoder"] for row in rows] == ["mine"] * 4 + ["other"] * 4
    drops = plain["drop"] + whole["other"]["drop"]
    assert [float(row["accuracy_drop"]) for row in rows] == drops
    # The encoder's part of the table is what the network was measured to do.
    synops = plain["cost"]["synops"]["conv.2"]
    seen = analyze(encodings[:1], images.head(20), train_images)
    assert scores(seen)["synops"] == pytest.approx(synops, rel=1e-12)
    assert scores(seen)["macs"] == plain["cost"]["macs"]["static_conv.0"] == 82 * 82 * 4
    none = analyze(encodings, images, train_images, networks=networks, network_images=0)
    assert not none.networks


def test_snapshots_become_weight_change(sets, rng):
    first = rng.normal(size=(4, 1, 3, 3)).astype(np.float32)
    snapshots = {1: -first, -1: first, 0: 2 * first}
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), sets, snapshots=snapshots)
    assert analysis.epochs == (-1, 0, 1)
    assert analysis.weight_change.change == pytest.approx([0, 1, 2])
    assert analysis.weight_change.rotation[:, 2] == pytest.approx([0, 0, 180])
    assert "2.000 of their norm away from where they began" in scorecard_markdown(analysis)
    assert written_json(analysis)["weight_change"]["epochs"] == [-1, 0, 1]
    (row, *_) = csv.DictReader(io.StringIO(channels_csv(analysis)))
    assert float(row["kernel_rotation"]) == pytest.approx(180)
    first[3] = 0  # which has no direction, so that its angle is not defined
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), sets, snapshots=snapshots)
    figures = analysis_figures(analysis)
    assert {"weight_change", "kernels_over_epochs"} <= figures.keys()
    del snapshots[-1]
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), sets, snapshots=snapshots)
    assert "away from where they were after epoch 0" in scorecard_markdown(analysis)


def test_the_probes_strength_is_that_which_is_best_on_held_out_training_images(sets, monkeypatch):
    """A fifth of them decides; the images that are scored have no say."""
    strengths = (1e4, 1e-4)  # the first leaves only the commonest class
    monkeypatch.setattr(computing, "STRENGTHS", strengths)
    images, train_images = sets
    encoder = untrained_encoder(CONFIG, 3, to_input(train_images.images))
    decide, *others = computing.training_parts(40)
    assert [len(part) for part in (decide, *others)] == [8] * 5
    assert sorted(np.concatenate([decide, *others])) == list(range(40))
    assert len(np.unique(train_images.labels[decide])) > 3
    parts = []
    for some in (np.concatenate(others), decide):
        part = train_images.take(some)
        parts.append((encoder.encode(to_input(part.images), 4), part.images, part.labels))
    fit = ProbeFit(4, (4, 12, 28))
    fit.update(*parts[0])
    right = {}
    for strength in strengths:
        score = ProbeScore(4, (4, 12, 28), fit.result(strength))
        score.update(*parts[1])
        right[strength] = score.result().correct
    assert right[1e-4] > right[1e4]
    other = ImageSet("other", images.images, 9 - images.labels, images.classes)
    for scored in (images, other):
        assert analyzed(encoder, (scored, train_images)).studied.probe.strength == 1e-4


def test_an_encoder_beside_its_own_start(sets, tmp_path):
    """Found by the seed in the file: kernels and folded kernels, in text, JSON and table."""
    net = build_network(CONFIG, seed=77)
    began = net.static_conv[0].weight.detach().clone()
    with torch.no_grad():
        net.static_conv[0].weight.mul_(-1.5)
        net.static_conv[1].bias.add_(0.5)
    about = {"network": CONFIG.as_dict(), "epoch": 2, "training": {"seed": 77}}
    path = save_checkpoint({"net": net.state_dict(), **about}, tmp_path / "net.pth")
    checkpoint = load_checkpoint(path)
    assert checkpoint.seed == 77
    encodings = checkpoint_encodings([checkpoint], 4, sets[1], seeds=(0,))
    assert [encoding.name for encoding in encodings][:6] == [
        "net.pth",
        "its initialization",
        "start, trained sums",
        "trained, start's sums",
        "start, halved sums",
        "untrained 0",
    ]
    start = encodings[1].encoder
    assert np.array_equal(start.kernels, began.numpy())
    analysis = analyze(encodings, *sets)
    norm = start.prefix[1]
    scale = (1 / (norm.running_var + norm.eps).sqrt()).numpy()[:, None, None, None]
    folded = began.numpy() * scale
    now = -1.5 * began.numpy() / np.sqrt(1 + 1e-5)
    change = np.linalg.norm(now - folded) / np.linalg.norm(folded)
    assert analysis.folded.kernels == pytest.approx(change, rel=1e-5)
    shift = 0.5 + norm.running_mean.numpy() * scale[:, 0, 0, 0]
    assert analysis.folded.biases == pytest.approx(np.sqrt((shift**2).mean()), rel=1e-5)
    assert written_json(analysis)["weight_change"]["folded"]["biases"] == analysis.folded.biases
    assert "With batch normalization folded in" in scorecard_markdown(analysis)
    assert list(grouped(analysis))[:4] == [
        "net.pth",
        "its initialization",
        "start, trained sums",
        "untrained (1 seed)",
    ]
    assert "\n| start, halved sums | " in scorecard_markdown(analysis)
    assert analyzed(start, sets).folded is None


def test_arrays_are_written_whole(sets, tmp_path):
    analysis = analyze(all_encodings(sets), *sets)
    write_tables(analysis, tmp_path, {})
    with np.load(tmp_path / "analysis.npz") as arrays:
        names = set(arrays)
        atlas = arrays["mine/classes/atlas"]
        correlation = arrays["mine/contours/correlation"]
    found = analysis.studied
    np.testing.assert_allclose(atlas, found.classes.atlas, rtol=1e-6)
    assert np.array_equal(correlation, found.contours.correlation, equal_nan=True)
    assert {name.split("/")[0] for name in names} == {"mine"}
    assert "mine/reconstruction/psnr" in names


def test_old_figures_do_not_stay(sets, tmp_path):
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), sets)
    names = "weight_change.png", "movement.png", "staircase.pdf", "kernels.svg", "spikes.gif"
    for name in (*names, "notes.txt"):
        (tmp_path / name).write_text("old")
    with pytest.raises(ExportError, match="not empty") as refused:
        write_analysis(analysis, tmp_path, formats=())
    assert "overwrite=True" in str(refused.value)
    write_analysis(analysis, tmp_path, formats=(), overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "analysis.json", "analysis.npz", "channels.csv", "scorecard.md", "notes.txt",
    }  # fmt: skip
    # Now that analysis.json lists what is ours, a file of such a name is not.
    assert json.loads((tmp_path / "analysis.json").read_text())["files"] == [
        "analysis.npz", "channels.csv", "scorecard.md",
    ]  # fmt: skip
    (tmp_path / "weight_change.png").write_text("mine")
    write_analysis(analysis, tmp_path, formats=["svg"], overwrite=True)
    assert (tmp_path / "kernels.svg").exists()
    write_analysis(analysis, tmp_path, formats=(), overwrite=True)
    assert not (tmp_path / "kernels.svg").exists()
    assert (tmp_path / "weight_change.png").read_text() == "mine"


def test_all_names_of_figures_are_known(sets):
    names = set(analysis_figures(analyze(all_encodings(sets), *sets)))
    assert names <= set(folder.FIGURES)


def test_a_code_that_is_read_by_its_times_is_read_so_everywhere(sets):
    """In the end every neuron of latency coding has fired once: counts say nothing then."""
    analysis = analyze(all_encodings(sets), *sets)
    (latency,) = [m for m in analysis.measured if m.encoding.name == "latency coding"]
    assert (latency.encoding.t, latency.encoding.reads) == (3, "time")
    images = sets[0].images
    times = np.rint(3 * (1 - images / 255))
    assert latency.activity.spikes_per_image == 12 * 28  # spikes are counted as they are
    assert latency.information.entropy[0] > 1
    found = scores(analysis, [m.encoding.name for m in analysis.measured].index("latency coding"))
    assert found["intensity"] == pytest.approx(-np.corrcoef(times.ravel(), images.ravel())[0, 1])
    counted = latency.encoding.encode(images).count(1)
    assert found["intensity"] > np.corrcoef(counted.ravel(), images.ravel())[0, 1] + 0.01
    assert np.nanmax(latency.classes.selectivity) > 0
    plain = next(e for e in written_json(analysis)["encoders"] if e["name"] == "latency coding")
    assert plain["types"] == ["area"]
    assert plain["shares"]["area"] == plain["scores"]["area_channels"] == 1
    assert "latency coding is read by first-spike times" in scorecard_markdown(analysis)


def test_what_cannot_be_analyzed_is_refused(sets):
    encoding = encoding_of("mine", fixed_encoder(0.0), 4)
    images, train_images = sets
    with pytest.raises(ConfigError, match="names that differ, got mine, mine"):
        analyze([encoding, encoding], *sets)
    with pytest.raises(ConfigError, match="got none"):
        analyze([], *sets)
    with pytest.raises(ConfigError, match="pixels are no spikes"):
        analyze(baseline_encodings(CONFIG, 4, train_images)[-1:], *sets)
    with pytest.raises(ShapeError, match=r"\(28, 28\) pixels and scored on \(12, 28\)"):
        analyze([encoding], images, garments(3))
    with pytest.raises(DataError, match="got 0 images"):
        analyze([encoding], ImageSet("none", images.images[:0]), train_images)


def test_names_cannot_break_the_table(sets):
    analysis = analyze([encoding_of("a|b\nc", fixed_encoder(0.0), 4)], *sets)
    lines = scorecard_markdown(analysis).splitlines()
    assert lines[0] == r"# a\|b c"
    assert all(len(re.findall(r"(?<!\\)\|", li)) == 4 for li in lines if li.startswith("|"))


def test_one_seed_has_no_deviation(sets):
    encodings = [encoding_of("mine", fixed_encoder(0.0), 4)]
    encodings += baseline_encodings(CONFIG, 4, sets[1], seeds=(0,))[:1]
    assert list(grouped(analyze(encodings, *sets))) == ["mine", "untrained (1 seed)"]
    rows = scorecard_markdown(analyze(encodings, *sets)).split("\n## ")[0]
    assert "| untrained (1 seed) |" in rows
    assert "±" not in rows


FIGURES = {"scorecard", "over_time", "first_spike", "firing_rates", "reconstruction", "channels",
           "kernels", "fi_curve", "raster", "membrane", "class_atlas"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["silent", "saturated", "lively"])
def test_every_figure_can_be_drawn(kind, sets, tmp_path):
    encoder = {
        "silent": fixed_encoder(-5.0),
        "saturated": fixed_encoder(5.0),
        "lively": untrained_encoder(CONFIG, 0, to_input(sets[1].images)),
    }[kind]
    encodings = [
        encoding_of("mine", encoder, 4),
        *baseline_encodings(CONFIG, 4, sets[1], seeds=(1,)),
    ]
    analysis = analyze(encodings, *sets)
    written = write_analysis(analysis, tmp_path / "out", about={"T": 4})
    names = {"analysis.json", "analysis.npz", "channels.csv", "scorecard.md", "spikes.gif"}
    # Of silent channels nothing is stable or in step.
    ours = {"exciting", "operating_point", *["stability"] * (kind != "silent")}
    assert {path.name for path in written} == names | {f"{name}.png" for name in FIGURES | ours}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {p.name for p in written}
    for path in written:
        if path.suffix in (".png", ".gif"):
            with Image.open(path) as picture:
                assert picture.width > 300, path.name
    assert json.loads((tmp_path / "out" / "analysis.json").read_text())["T"] == 4


def test_a_code_without_an_encoder_has_no_kernels(sets, tmp_path):
    (poisson,) = [c for c in baseline_encodings(CONFIG, 4, sets[1]) if c.name == "Poisson coding"]
    written = write_analysis(analyze([poisson], *sets), tmp_path, formats=["svg"])
    missing = {"kernels", "fi_curve", "raster", "membrane"}
    assert {path.stem for path in written if path.suffix == ".svg"} == FIGURES - missing


def test_tables_alone(sets, tmp_path):
    analysis = analyzed(fixed_encoder(0.0, weight=1.0), sets)
    assert len(write_tables(analysis, tmp_path, {})) == 4
    assert json.loads((tmp_path / "analysis.json").read_text())["version"] == 4


def test_many_steps_are_not_all_drawn(sets):
    analysis = analyzed(fixed_encoder(0.0, weight=1.0, T=40), sets, T=40)
    (axes, *_) = analysis_figures(analysis)["reconstruction"].axes
    steps = [int(n) for n in re.findall(r"t = (\d+):", " ".join(t.get_text() for t in axes.texts))]
    assert (steps[0], steps[-1], len(steps)) == (0, 39, 11)


def test_old_names_of_arguments_and_results_work_with_a_warning(sets, tmp_path):
    encoding = encoding_of("mine", fixed_encoder(0.0), 4)
    with pytest.warns(DeprecationWarning, match="coders of analyze is called encodings now"):
        analysis = analyze(coders=[encoding], images=sets[0])
    with pytest.warns(DeprecationWarning, match="coder is called encoding now") as said:
        assert analysis.studied.coder is encoding
    assert said[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="likeness is called cka now"):
        assert analysis.studied.likeness is analysis.studied.cka
    with pytest.warns(DeprecationWarning, match="Analysis.movement is called weight_change now"):
        assert analysis.movement is None
    with (
        hold_folder(tmp_path / "out", ANALYSIS, overwrite=True) as held,
        pytest.warns(DeprecationWarning, match="claimed of write_analysis is called output now"),
    ):
        write_analysis(analysis, tmp_path / "out", formats=(), claimed=held)


@pytest.mark.parametrize(
    ("about", "of"),
    [({}, ""), ({"images": 30, "checkpoint": "net.pth"}, ""),
     ({"images": {"dataset": "mine"}}, " of mine"),
     ({"images": {"dataset": "mine", "split": "test"}}, " of mine, test")],
)  # fmt: skip
def test_what_it_is_of_may_be_told_in_any_form(about, of, sets):
    analysis = analyze([encoding_of("mine", fixed_encoder(0.0), 4)], sets[0])
    assert f"\n30 images{of}; T = 4; snnviz" in scorecard_markdown(analysis, about)
    assert as_json(analysis, about).items() >= about.items()


def test_images_that_were_once_asked_for_are_left_alone(sets, tmp_path):
    analysis = analyze([encoding_of("mine", fixed_encoder(0.0), 4)], sets[0])
    for name, told in {"by place": (sets[0], tmp_path / "a"), "by name": (tmp_path / "b",)}.items():
        given = {"images": sets[0]} if name == "by name" else {}
        with pytest.warns(DeprecationWarning, match="write_analysis needs no images") as said:
            written = write_analysis(analysis, *told, formats=(), **given)
        assert said[0].filename == __file__
        assert written[0].parent == told[-1]
    assert (tmp_path / "a/analysis.json").read_text() == (tmp_path / "b/analysis.json").read_text()


def test_a_tensor_is_no_set_of_images():
    with pytest.raises(ConfigError, match="are an `ImageSet`, got Tensor; make one"):
        analyze(load_encoder(), torch.rand(6, 1, 28, 28), T=2)
