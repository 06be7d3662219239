"""`--dataset` with what is no name: folders of pictures and files of arrays."""

import json
import re

import click
import numpy as np
import pytest
import torch
from PIL import Image

from snnviz.cli import network_options, options
from snnviz.cli.images import choose_samples
from snnviz.data import ImageSet
from snnviz.errors import DataError
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training import TrainConfig, train
from tests.commands import one_line
from tests.lively import lively


@pytest.fixture
def files(tmp_path, rng):
    """Networks of one and three input channels, and six colour pictures in a folder and a file."""
    for channels, name in ((1, "grey.pth"), (3, "colour.pth")):
        config = NetworkConfig(T=2, channels=4, in_channels=channels)
        torch.save({"net": lively(build_network(config, seed=3)).state_dict()}, tmp_path / name)
    pixels = rng.integers(0, 256, (6, 28, 28, 3), np.uint8)
    labels = np.array([0, 0, 1, 1, 2, 2])
    for n, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        folder = tmp_path / "set" / "test" / "abc"[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{n}.png")
    np.savez(tmp_path / "set.npz", x_test=pixels, y_test=labels, classes=["a", "b", "c"])
    return pixels


def test_a_folder_and_a_file_of_the_same_images_are_drawn_alike(files, run, tmp_path):
    for dataset in ("set", "set.npz"):
        code, _, err = run(
            "visualize", "--ckpt", "colour.pth", "-T", 2, "--dataset", dataset, "--index", 3,
            "--index", 0, "--format", "npz", "--format", "png", "--out-dir", f"out-{dataset}",
        )  # fmt: skip
        assert code == 0, err
        manifest = json.loads((tmp_path / f"out-{dataset}" / "manifest.json").read_text())
        assert manifest["images"] == {"dataset": dataset, "split": "test"}
        sets = manifest["sets"]
        assert [(one["index"], one["class"]) for one in sets] == [(3, "b"), (0, "a")]
        saved = np.load(tmp_path / f"out-{dataset}" / "00003" / "counts.npz")
        assert np.array_equal(saved["image"], files[3].transpose(2, 0, 1))
    both = [(tmp_path / f"out-{name}" / "00000" / "counts.npz") for name in ("set", "set.npz")]
    first, second = ([*np.load(path).values()] for path in both)
    assert all(map(np.array_equal, first, second))


def test_an_encoder_of_grey_is_given_the_luma_and_it_is_said(files, run, tmp_path):
    for dataset in ("set", "set.npz"):
        code, _, err = run(
            "visualize", "--ckpt", "grey.pth", "-T", 2, "--dataset", dataset, "--index", 5,
            "--format", "npz", "--no-predict", "--out-dir", f"out-{dataset}",
        )  # fmt: skip
        assert code == 0, err
        assert f"{dataset} is in colour and the encoder takes grey" in err
        saved = np.load(tmp_path / f"out-{dataset}" / "00005" / "counts.npz")
        luma = Image.fromarray(files[5]).convert("L")
        assert np.array_equal(saved["image"], np.asarray(luma))


def test_images_are_scaled_to_the_size_that_is_asked_for(files, run, tmp_path):
    odd = tmp_path / "set" / "test" / "a" / "9.png"
    Image.fromarray(files[0][:, :20]).save(odd)
    code, _, err = run("evaluate", "--ckpt", "grey.pth", "-T", 2, "--dataset", "set", "--quiet")
    assert code == 1
    assert "choose a size to scale all of set to" in one_line(err.splitlines(keepends=True)[-1])
    code, out, err = run("evaluate", "--ckpt", "grey.pth", "-T", 2, "--dataset", "set", "--json",
                         "-", "--size", 28)  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["images"] == {"dataset": "set", "split": "test", "size": [28, 28]}
    code, _, err = run("visualize", "-T", 2, "--dataset", "set", "--size", "9x12", "--index", 2,
                       "--format", "npz", "--out-dir", "drawn")  # fmt: skip
    assert code == 0, err
    picture = Image.fromarray(files[0][:, :20]).convert("L")
    scaled = np.asarray(picture.resize((12, 9), Image.Resampling.BILINEAR))
    assert np.array_equal(np.load(tmp_path / "drawn/00002/counts.npz")["image"], scaled)
    manifest = json.loads((tmp_path / "drawn" / "manifest.json").read_text())
    assert manifest["images"] == {"dataset": "set", "split": "test", "size": [9, 12]}
    code, _, err = run("analyze", "-T", 2, "--dataset", "set.npz", "--size", "14", "--n-images", 3,
                       "--untrained", 0, "--no-figures", "--out-dir", "out")  # fmt: skip
    assert code == 0, err
    assert json.loads((tmp_path / "out/analysis.json").read_text())["images"]["size"] == [14, 14]


def test_images_in_order_are_evaluated_evenly(files, run, tmp_path):
    grey = files[..., 1]
    np.savez(tmp_path / "grey.npz", images=grey, labels=[0, 0, 1, 1, 2, 2])
    code, out, err = run("evaluate", "--ckpt", "grey.pth", "-T", 2, "--dataset", "grey.npz",
                         "--n-images", 3, "--json", "-")  # fmt: skip
    assert code == 0, err
    assert "grey.npz is in the order of its classes: 3 of its 6 images are taken evenly" in err
    found = json.loads(out)
    assert found["images"] == {"dataset": "grey.npz", "split": "test"}


@pytest.mark.parametrize("ckpt", ["grey.pth", "colour.pth"])
def test_images_are_evaluated_in_the_channels_of_the_network(ckpt, files, run, tmp_path):
    code, out, err = run("evaluate", "--ckpt", ckpt, "-T", 2, "--dataset", "set", "--json", "-")
    assert code == 0, err
    net = lively(build_network(NetworkConfig(T=2, channels=4, in_channels=3), seed=3)).eval()
    seen = files.transpose(0, 3, 1, 2)
    if ckpt == "grey.pth":
        net = lively(build_network(NetworkConfig(T=2, channels=4), seed=3)).eval()
        seen = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in files])[
            :, None
        ]
    with torch.no_grad():
        rates = net(torch.from_numpy(seen / np.float32(255)))
    loss = (rates - torch.eye(10)[[0, 0, 1, 1, 2, 2]]).square().mean().item()
    assert json.loads(out)["loss"] == pytest.approx(loss)
    np.savez(tmp_path / "small.npz", images=files[:, :20, :20], labels=np.zeros(6, int))
    code, _, err = run("evaluate", "--ckpt", ckpt, "-T", 2, "--dataset", "small.npz", "--quiet")
    assert code == 1
    line = one_line("".join(err.splitlines(keepends=True)[-1:]))
    assert re.search(r"takes (1 channel|3 channels) of \(28, 28\) pixels, small\.npz has ", line)


def test_what_has_no_parts_is_not_fitted_on_what_it_is_scored_on(files, run, tmp_path):
    np.savez(tmp_path / "alone.npz", images=files[..., 0], labels=[0, 0, 1, 1, 2, 2])
    np.savez(tmp_path / "parts.npz", x_test=files[:3], y_test=[0, 1, 2],
             x_train=files, y_train=[0, 0, 1, 1, 2, 2])  # fmt: skip
    for dataset, fitted in (("alone.npz", False), ("parts.npz", True)):
        code, _, err = run("analyze", "-T", 2, "--dataset", dataset, "--n-images", 3, "--untrained",
                           0, "--no-figures", "--out-dir", f"{dataset}-out", "--ckpt", "grey.pth",
                           "--train-images", 6)  # fmt: skip
        assert code == 0, err
        assert ("reconstruction and the probe are left out" in err) == (not fitted)
        assert ("parts.npz is in colour and the encoder takes grey" in err) == fitted


def test_a_folder_is_trained_on_and_gone_on_with(files, run, tmp_path):
    for n, image in enumerate(files):
        folder = tmp_path / "set" / "train" / "abc"[n % 3]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{n}.png")
    same = ("-T", 1, "-b", 2, "--channels", 2, "-device", "cpu", "--out-dir", "logs")
    code, _, err = run("train", *same, "--dataset", "set", "--epochs", 1)
    assert code == 0, err
    assert "set is in colour and the encoder takes grey" in err
    (folder,) = (tmp_path / "logs").iterdir()
    config = json.loads((folder / "config.json").read_text())
    assert (config["dataset"], config["train_set"], config["train_images"]) == ("set", "set", 6)
    code, _, err = run("train", *same, "--resume", folder, "--epochs", 2)
    assert code == 0, err
    assert json.loads((folder / "config.json").read_text())["train_set"] == "set"


def test_a_training_in_colour_is_refused_before_it_begins(rng):
    images = ImageSet("photos", rng.integers(0, 256, (4, 3, 8, 8), np.uint8), np.arange(4))
    with pytest.raises(DataError, match=r"photos is in colour, and .* takes grey images"):
        train(TrainConfig(T=1, channels=2, batch_size=2, device="cpu"), images, images)


def test_event_frames_are_given_as_images(files, rng, tmp_path):  # noqa: ARG001
    frames = rng.poisson(1, (4, 2, 5, 6))
    np.savez(tmp_path / "events.npz", frames=frames)
    given = {"n_images": 2, "index": (), "select": (), "shuffle": False, "seed": 0, "split": "test",
             "dataset": "garments", "data_dir": tmp_path, "max_side": 9}  # fmt: skip
    paths = (tmp_path / "events.npz",) * 2
    samples, about = choose_samples(None, predict=False, channels=2, image=paths, **given)
    assert [sample.index for sample in samples] == [0, 1]
    assert np.array_equal(samples[1].frames, frames)
    assert about["dataset"] is None
    picture = tmp_path / "set" / "test" / "a" / "0.png"
    with pytest.raises(click.UsageError, match="holds event frames, and others are pictures"):
        choose_samples(None, predict=False, channels=2, image=(*paths, picture), **given)


def test_event_frames_are_not_drawn_as_a_still_image(run, rng, tmp_path):
    np.save(tmp_path / "x.npy", rng.poisson(1, (4, 1, 28, 28)))
    code, _, err = run("visualize", "--image", "x.npy", "--quiet")
    assert code == 1
    assert "still images, and event frames change with t" in one_line(err)


@pytest.mark.parametrize("given", ["mnistt", "", "nowhere/set.npz", "mnist/", "a\0b", "x" * 5000])
def test_what_is_no_data_set_is_one_line(given, run):
    code, _, err = run("visualize", "--dataset", given)
    assert code == 2
    (line,) = err.splitlines()
    assert "no data set, folder or file" in line
    assert "fashion-mnist, garments, MNIST, KMNIST, EMNIST" in line


@pytest.mark.parametrize(
    ("given", "name"),
    [("Garments", "garments"), ("FashionMNIST", "fashion-mnist"), ("cifar-10", "CIFAR10"),
     ("fashion_mnist", "fashion-mnist"), ("set.npz", "set.npz"), ("./mnist", "./mnist")],
)  # fmt: skip
def test_names_in_any_spelling_go_before_paths(given, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("garments", "mnist", "set.npz"):
        (tmp_path / path).mkdir()
    assert parsed(options.dataset_option, "--dataset", given) == name


def parsed(option, *arguments):
    command = option(click.Command("test", params=[], callback=lambda **_: None))
    with command.make_context("test", [*arguments]) as ctx:
        (value,) = ctx.params.values()
    return value


def test_numbers_and_sizes_as_options():
    assert parsed(network_options.mean_option, "--mean", "0.5,0.25,-1") == (0.5, 0.25, -1)
    assert parsed(network_options.std_option, "--std", "0.5") == (0.5,)
    assert parsed(network_options.mean_option) is parsed(network_options.std_option) is None
    assert parsed(options.size_option, "--size", "32x48") == (32, 48)
    assert parsed(options.size_option, "--size", "32") == (32, 32)
    assert parsed(options.size_option) is None


@pytest.mark.parametrize(
    ("option", "given"),
    [(network_options.mean_option, ("--mean", "a")),
     (network_options.std_option, ("--std", "0.5,0")),
     (options.size_option, ("--size", "0x3")), (options.size_option, ("--size", "3x3x3")),
     (options.size_option, ("--size", "99999")), (options.size_option, ("--size", "-3"))],
)  # fmt: skip
def test_numbers_and_sizes_that_are_none_are_named(option, given):
    with pytest.raises(click.BadParameter, match=given[1]):
        parsed(option, *given)
