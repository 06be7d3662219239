"""`snnviz analyze` as a user meets it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from snnviz import __version__
from snnviz.cli import cli
from snnviz.data import ImageSet, fashion_mnist, garments, to_input
from snnviz.metrics import kernel_change
from snnviz.scoring.evaluation import evaluate
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.layouts import encoder_checkpoint, load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.lively import lively

SMALL = ("analyze", "--dataset", "garments", "--n-images", 20, "--train-images", 30, "--untrained",
         1, "--network-images", 10, "--device", "cpu")  # fmt: skip
TABLES = {"analysis.json", "analysis.npz", "channels.csv", "scorecard.md"}


def write(path, *, seed=0, alone=False, epoch=None, **config):
    """A checkpoint of a small network that spikes, or of its encoder alone."""
    net = lively(build_network(NetworkConfig(**{"T": 2, "channels": 4, **config}), seed=seed))
    network = net.config.as_dict()
    about = {"epoch": epoch, "max_test_acc": None}
    if alone:
        content = encoder_checkpoint(net.state_dict(), network, **about)
    else:
        content = {"net": net.state_dict(), "network": network, **about}
    save_checkpoint(content, path)
    return path


@pytest.fixture
def ckpt(tmp_path):
    return write(tmp_path / "net.pth")


def read(folder):
    return json.loads((folder / "analysis.json").read_text())


@pytest.mark.slow
def test_a_whole_network(run, ckpt, tmp_path):
    status, out, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out")
    assert (status, err) == (0, "")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= TABLES | {"scorecard.png", "kernels.png", "membrane.png", "spikes.gif"}
    assert {f"wrote out/{name}" for name in names} <= set(out.splitlines())
    for name in names:
        if name.endswith((".png", ".gif")):
            with Image.open(tmp_path / "out" / name) as picture:
                picture.load()
    found = read(tmp_path / "out")
    checkpoint = load_checkpoint(ckpt)
    assert found["version"] == 4
    assert found["snnviz"] == __version__
    assert found["checkpoint"]["file"] == "net.pth"
    assert found["checkpoint"]["sha256"] == checkpoint.sha256
    assert (found["T"], found["test_images"], found["train_images"]) == (2, 20, 30)
    assert found["images"] == {"dataset": "garments", "split": "test"}
    assert [each["name"] for each in found["encoders"]] == [
        "net.pth", "untrained 0", "Sobel bank", "Poisson coding", "latency coding", "pixels",
    ]  # fmt: skip
    assert "whole" not in found["encoders"][0]
    counts = load_encoder(checkpoint).encode(garments(20).batch(range(20)), 2).count(1)
    score = found["encoders"][0]["scores"]
    assert score["firing_rate"] == pytest.approx(counts.mean() / 2, rel=1e-12)
    accuracy = evaluate(checkpoint.build_network(), garments(10)).accuracy
    network = found["networks"]["net.pth"]
    assert network["cost"]["accuracy"] == accuracy
    assert network["importance"]["total"] == 10
    rows = list(csv.DictReader((tmp_path / "out" / "channels.csv").read_text().splitlines()))
    assert [float(row["accuracy_drop"]) for row in rows] == network["drop"]
    assert f"{score['firing_rate']:.3f}" in out


def test_an_encoder_alone(run, tmp_path):
    path = write(tmp_path / "encoder.pth", alone=True)
    status, out, err = run(*SMALL, "--ckpt", path, "--out-dir", "out", "--no-figures", "-q")
    assert (status, out, err) == (0, "", "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == TABLES
    assert read(tmp_path / "out")["networks"] == {"images": 0}
    assert "accuracy_drop" not in (tmp_path / "out" / "channels.csv").read_text()


def test_probes_are_scored_on_more_images(run, ckpt, tmp_path):
    options = ("--ckpt", ckpt, "--out-dir", "out", "--no-figures")
    status, out, err = run(*SMALL, *options, "--probe-images", 45)
    assert (status, err) == (0, "")
    found = {each["name"]: each for each in read(tmp_path / "out")["encoders"]}
    assert found["net.pth"]["probe"]["total"] == 20
    assert found["net.pth"]["whole"]["total"] == found["pixels"]["whole"]["total"] == 45
    assert "whole" not in found["untrained 0"]
    assert read(tmp_path / "out")["paired"]["pixels"]["probe_images"] == 45
    assert "up to 45 images, McNemar's exact test" in out
    status, _, err = run(*SMALL, *options, "--probe-images", 10**7, "--overwrite")
    assert status == 1
    assert "cannot take 10000000 of" in one_line(err)


@pytest.mark.slow
def test_the_bundled_encoder(run, tmp_path):
    status, _, err = run(*SMALL, "--no-figures", "-T", 2, "--untrained", 0)
    assert (status, err) == (0, "")
    found = read(tmp_path / "analysis")
    assert found["checkpoint"]["file"] == found["encoders"][0]["name"] == "bundled encoder"
    assert found["encoders"][0]["shape"] == [128, 28, 28]
    (start,) = [each for each in found["encoders"] if each["kind"] == "start"]
    assert start["name"] == "its initialization"
    assert found["weight_change"]["epochs"][0] == -1
    assert 0 < found["weight_change"]["change"][1] < 0.5
    assert (tmp_path / "analysis" / "channels.csv").read_text().count("\n") == 1 + 2 * 128


@pytest.mark.slow
def test_other_encoders_beside_it(run, ckpt, tmp_path):
    """The same file twice, and one of the same name in another folder."""
    (tmp_path / "b").mkdir()
    other = write(tmp_path / "b" / "net.pth", seed=3, channels=6)
    compare = [x for path in (ckpt, ckpt, other) for x in ("--compare", path)]
    status, _, err = run(*SMALL, "--ckpt", ckpt, *compare, "--out-dir", "out", "--no-figures")
    assert (status, err) == (0, "")
    found = read(tmp_path / "out")
    names = [each["name"] for each in found["encoders"]]
    assert len(set(names)) == 9
    assert names[0] == "net.pth"
    assert names[3] == "b/net.pth"
    assert [each["kind"] for each in found["encoders"][:4]] == ["encoder", *["compared"] * 3]
    assert len(found["compared"]) == 3
    scores = [each["scores"] for each in found["encoders"]]
    assert scores[0] == scores[1] == scores[2] != scores[3]
    assert found["encoders"][3]["shape"] == [6, 28, 28]
    assert found["alignment"]["cka"][0][1] == pytest.approx(1)
    assert found["alignment"]["names"] == names


@pytest.mark.slow
def test_a_checkpoint_in_its_run_folder(run, tmp_path):
    """How far the encoder has moved is read from the snapshots up to its epoch."""
    folder = tmp_path / "run"
    (folder / "encoders").mkdir(parents=True)
    write(folder / "encoders" / "untrained.pth", seed=0, alone=True)
    for epoch in range(3):
        path = folder / "encoders" / f"epoch_{epoch:03d}.pth"
        write(path, seed=0, alone=True, epoch=epoch)
        content = torch.load(path, weights_only=True)
        key = next(name for name in content["net"] if name.endswith("0.weight"))
        content["net"][key] = content["net"][key] * (epoch + 2)
        torch.save(content, path)
    ckpt = write(folder / "checkpoint_max.pth", seed=0, epoch=1)
    status, _, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out")
    assert (status, err) == (0, "")
    found = read(tmp_path / "out")["weight_change"]
    assert found["epochs"] == [-1, 0, 1]
    assert found["change"] == pytest.approx([0, 1, 2])
    assert found["rotation"][2] == pytest.approx([0] * 4, abs=1e-4)
    untrained = load_checkpoint(folder / "encoders" / "untrained.pth")
    kernels = untrained.state["static_conv.0.weight"].numpy()
    assert kernel_change(kernels, 3 * kernels) == pytest.approx(2)
    assert "After epoch 1 the kernels are 2.000" in (tmp_path / "out" / "scorecard.md").read_text()
    assert {"weight_change.png", "kernels_over_epochs.png"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_a_network_of_another_size(run, tmp_path):
    path = write(tmp_path / "big.pth", image_size=(32, 32))
    status, _, err = run(*SMALL, "--ckpt", path, "--out-dir", "out", "--no-figures")
    assert status == 0
    assert "accuracy and importance in the network of big.pth are left out" in one_line(err)
    assert read(tmp_path / "out")["networks"] == {"images": 0}


def test_images_without_labels_are_said_to_be(run, ckpt, tmp_path, monkeypatch):
    def unlabelled(name, split, _root, *, count=None, channels, size):
        assert (channels, size) == (1, None)
        return ImageSet(name, garments(count, split).images)

    monkeypatch.setattr("snnviz.data.load_dataset", unlabelled)
    status, out, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", "--no-figures")
    assert status == 0
    assert "the images have no labels: the probe" in one_line(err)
    assert "probe" not in read(tmp_path / "out")["encoders"][0]
    assert "linear probe, accuracy" in out


def picture(path, height, width, seed=0):
    grey = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    Image.fromarray(grey).save(path)
    return path


def test_pictures_of_any_size(run, ckpt, tmp_path):
    paths = [picture(tmp_path / f"{seed}.png", 20, 33, seed) for seed in (1, 2)]
    images = [part for path in paths for part in ("--image", path)]
    status, out, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", *images)
    assert status == 0
    labels, fitting, few, unused = err.splitlines()
    assert "the images have no labels" in labels
    assert "no training images of (20, 33) pixels" in fitting
    assert "CKA takes 4 images or more, got 2" in few
    assert unused == "snnviz: --n-images has no effect with --image"
    found = read(tmp_path / "out")
    assert found["images"] == {"dataset": None, "files": [str(path) for path in paths]}
    assert (found["test_images"], found["train_images"]) == (2, 0)
    assert found["encoders"][0]["shape"] == [4, 20, 33]
    counts = (
        load_encoder(load_checkpoint(ckpt))
        .encode(to_input(np.stack([np.asarray(Image.open(path)) for path in paths])), 2)
        .count(1)
    )
    assert found["encoders"][0]["scores"]["spikes"] == counts.sum() / 2 > 0
    assert found["encoders"][0]["scores"]["psnr"] is None
    assert "reconstruction, PSNR in dB" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"scorecard.png", "kernels.png", "spikes.gif"} <= names
    assert "reconstruction.png" not in names


def test_probes_see_no_more_images_than_the_pictures(run, ckpt, tmp_path):
    options = ("--ckpt", ckpt, "--image", picture(tmp_path / "a.png", 20, 33), "--no-figures")
    status, _, err = run(*SMALL, *options, "--out-dir", "out", "--probe-images", 45)
    assert status == 0
    assert "--probe-images has no effect with --image" in err
    assert read(tmp_path / "out")["test_images"] == 1


def test_a_picture_as_large_as_the_data_set(run, ckpt, tmp_path):
    """Readouts are fitted on the data set then."""
    large = picture(tmp_path / "large.png", 56, 56)
    arguments = ["--image", large, "--max-side", 28, "--no-figures"]
    status, _, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", *arguments)
    assert status == 0
    labels, few, unused = err.splitlines()
    assert "no labels" in labels
    assert "got 1" in few
    assert unused == "snnviz: --n-images has no effect with --image"
    found = read(tmp_path / "out")
    assert (found["test_images"], found["train_images"]) == (1, 30)
    assert found["encoders"][0]["scores"]["psnr"] > 0


def test_real_images(run, ckpt, data_dir, tmp_path):
    status, _, err = run("analyze", "--data-dir", data_dir, *SMALL[3:], "--ckpt", ckpt, "--out-dir",
                         "out", "--no-figures", "--split", "train")  # fmt: skip
    assert (status, err) == (0, "")
    name = fashion_mnist(data_dir, "train").name
    assert read(tmp_path / "out")["images"] == {"dataset": name, "split": "train"}


@pytest.mark.slow
def test_formats(run, ckpt, tmp_path):
    formats = [x for name in ("svg", "png", "svg") for x in ("--format", name)]
    assert run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", *formats, "-q") == (0, "", "")
    suffixes = [path.suffix for path in (tmp_path / "out").iterdir()]
    assert suffixes.count(".svg") == suffixes.count(".png") == 14
    assert ".pdf" not in suffixes


BAD = [
    (["--n-images", "0"], "neither a number from 1 nor 'all'"),
    (["--train-images", "0"], "0 is not in the range"),
    (["--network-images", "-1"], "-1 is not in the range"),
    (["--untrained", "-1"], "-1 is not in the range"),
    (["-T", "0"], "0 is not in the range"),
    (["--ckpt", "missing.pth"], "missing.pth"),
    (["--ckpt", "garbage.pth"], "garbage.pth: is "),
    (["--ckpt", "colour.pth"], "colour.pth: takes images of 5 channels"),
    (["--compare", "missing.pth"], "missing.pth"),
    (["--compare", "colour.pth"], "colour.pth: takes images of 5 channels"),
    (["--format", "npz"], "'npz' is not one of"),
    (["--device", "warp"], "no device 'warp'"),
    (["--dataset", "mnistt"], "no data set, folder or file 'mnistt'"),
    (["--dataset", "fashion-mnist", "--data-dir", "/dev/null"], "/dev/null"),
    (["--out-dir", "/dev/null/x"], "/dev/null/x"),
    (["--out-dir", "full"], "full is not empty"),
    (["--out-dir", "garbage.pth"], "garbage.pth is a file"),
    (["--image", "missing.png"], "missing.png"),
    (["--image", "garbage.pth"], "not a picture"),
    (["--image", "wide.png", "--image", "high.png"], "high.png is 9 x 7 pixels, wide.png 7 x 9"),
    (["--image", "wide.png", "--max-side", "0"], "0 is not in the range"),
    (["surprise"], "surprise"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, run, ckpt, tmp_path):
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    write(tmp_path / "colour.pth", in_channels=5, alone=True)
    picture(tmp_path / "wide.png", 7, 9)
    picture(tmp_path / "high.png", 9, 7)
    before = sorted(tmp_path.rglob("*"))
    status, out, err = run(*SMALL, "--ckpt", ckpt, "--out-dir", "out", *arguments)
    assert status in (1, 2)
    assert out == ""
    assert message in one_line(err)
    assert sorted(tmp_path.rglob("*")) == before


def test_more_images_than_there_are(run, ckpt, data_dir, tmp_path):
    status, _, err = run("analyze", "--ckpt", ckpt, "--data-dir", data_dir, "--n-images", 10_001,
                         "--out-dir", "out")  # fmt: skip
    assert status == 1
    assert "cannot take 10001 of 10000 images" in one_line(err)
    assert not (tmp_path / "out").exists()


def test_overwriting_keeps_what_is_not_its_own(run, ckpt, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    arguments = (*SMALL, "--ckpt", ckpt, "--out-dir", "full", "--no-figures", "-q", "--overwrite")
    assert run(*arguments) == (0, "", "")
    assert {path.name for path in (tmp_path / "full").iterdir()} == TABLES | {"mine"}


def test_a_checkpoint_that_does_not_record_T(run, tmp_path):
    net = build_network(NetworkConfig(channels=3), seed=0)
    torch.save({"net": net.state_dict()}, tmp_path / "theirs.pth")
    arguments = (*SMALL, "--ckpt", "theirs.pth", "--no-figures")
    status, _, err = run(*arguments, "--out-dir", "a")
    assert status == 0
    neurons, steps = err.splitlines()
    assert "does not say which neurons its network has; taking integrate-and-fire" in neurons
    assert "does not record T; taking T = 4" in steps


def test_every_option_reads_the_environment(run, ckpt, tmp_path, monkeypatch):
    for name, value in {
        "CKPT": ckpt, "COMPARE": ckpt, "DATASET": "garments", "N_IMAGES": 6, "TRAIN_IMAGES": 7,
        "PROBE_IMAGES": 8, "NETWORK_IMAGES": 3, "UNTRAINED": 0, "SPLIT": "train", "T": 3,
        "OUT_DIR": "out", "FORMAT": "svg pdf", "FIGURES": 0, "QUIET": 1,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SNNVIZ_ANALYZE_{name}", str(value))
    assert run("analyze") == (0, "", "")
    found = read(tmp_path / "out")
    assert (found["T"], found["test_images"], found["train_images"]) == (3, 6, 7)
    assert found["networks"]["images"] == 3
    assert [each["kind"] for each in found["encoders"]] == [
        "encoder", "compared", "anchor", "coding", "coding", "pixels",
    ]  # fmt: skip
    assert found["encoders"][0]["whole"]["total"] == 8
    written = {path.name for path in (tmp_path / "out").iterdir()}
    beside = {name for name in written if name.startswith("diff_")}
    assert {name.rpartition(".")[2] for name in beside} == {"csv", "json", "npz"}
    assert written - beside == TABLES


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # Whoever runs the tests in the background has Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        **options,
    )


@pytest.mark.slow
def test_ctrl_c_is_one_line(ckpt, tmp_path):
    out = tmp_path / "out"
    process = start("snnviz", *SMALL[:3], "--n-images", 6000, "--ckpt", ckpt, "--out-dir", out)
    for _ in range(600):
        if out.exists():  # made when all that can be refused is behind
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, err = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (130, "")
    assert "interrupted" in one_line(err)
    assert not list(out.iterdir())


@pytest.mark.slow
def test_two_processes_write_what_one_does(ckpt, tmp_path):
    """An odd number of images, so that their shares differ."""
    arguments = [*SMALL[:3], "--n-images", 21, *SMALL[5:], "--ckpt", ckpt, "--no-figures"]
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    one = start("snnviz", *arguments, "--out-dir", tmp_path / "one")
    two = start(*launcher, "snnviz", *arguments, "--out-dir", tmp_path / "two")
    (said, _), (said_by_two, err) = (each.communicate(timeout=300) for each in (one, two))
    assert one.returncode == 0
    assert two.returncode == 0, err
    assert said_by_two.replace("two/", "one/") == said, "one rank talks"
    assert {path.name for path in (tmp_path / "two").iterdir()} == TABLES
    for name in TABLES:
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_the_choices_of_format_are_figures():
    options = {option.name: option for option in cli.get_command(None, "analyze").params}
    assert tuple(options["format"].type.choices) == ("png", "svg", "pdf")


@pytest.mark.slow
def test_silent_networks_are_no_accident(run, tmp_path):
    """PyTorch's initial weights hardly spike: NaN is null in the JSON and '-' in the table."""
    net = build_network(NetworkConfig(T=2, channels=4), seed=0)
    with torch.no_grad():
        net.static_conv[1].bias.fill_(-9)
    save_checkpoint({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "a.pth")
    status, out, err = run(*SMALL, "--ckpt", "a.pth", "--out-dir", "out")
    assert (status, err) == (0, "")
    scores = read(tmp_path / "out")["encoders"][0]["scores"]
    assert scores["silent"] == 1
    assert scores["edge"] is None
    assert "100.0%" in out


def test_a_data_set_of_fewer_images_than_usual_is_taken_whole(run, tmp_path, rng):
    pixels = rng.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=pixels, labels=np.arange(12) % 2)
    options = ("--untrained", 0, "--no-figures", "--network-images", 0, "-q")
    assert run("analyze", "--dataset", "few.npz", *options, "--out-dir", "out") == (0, "", "")
    assert json.loads((tmp_path / "out" / "analysis.json").read_text())["test_images"] == 12
    status, _, err = run("analyze", "--dataset", "few.npz", "--n-images", 13, *options)
    assert status == 1
    assert "cannot take 13 of 12 images; choose 1 to 12" in one_line(err)
