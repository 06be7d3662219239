"""Augmentation and other lessons: resumed chance, and what the command line makes of them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from snnviz.data import garments
from snnviz.errors import ConfigError
from snnviz.ranks import Ranks
from snnviz.scoring.evaluation import mean_squared_error
from snnviz.tutorial.layouts import load_checkpoint, load_training_state, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs import LATEST
from snnviz.tutorial.training import TrainConfig, train
from snnviz.tutorial.training.augmentation import Views, cover, light_views, shift
from snnviz.tutorial.training.learner import Learner
from tests.lively import lively

SMALL = TrainConfig(T=8, batch_size=10, epochs=4, channels=8, lr=0.5, augment_lightly=True)


def seen(image, corner, padding):
    """The crop of one image, pixel by pixel."""
    height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            row, column = y + corner[0] - padding, x + corner[1] - padding
            if 0 <= row < height and 0 <= column < width:
                out[y, x] = image[row, column]
    return out


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.randoms())
def test_crops_are_those_of_a_plain_loop(height, width, count, padding, random):
    rng = np.random.default_rng(random.getrandbits(32))
    images = rng.integers(1, 256, (count, height, width)).astype(np.uint8)
    corners = rng.integers(0, 2 * padding + 1, (count, 2))
    found = shift(torch.from_numpy(images), torch.from_numpy(corners), padding)
    expected = [seen(*pair, padding) for pair in zip(images, corners, strict=True)]
    assert found.dtype == torch.uint8
    assert np.array_equal(found.numpy(), np.stack(expected))
    floats = shift(torch.from_numpy(images).double(), torch.from_numpy(corners), padding)
    assert np.array_equal(floats.numpy(), np.stack(expected))


def test_the_middle_view_is_the_image_itself():
    images = torch.from_numpy(garments(3).images)
    middle = torch.tensor([[1, 1]]).expand(3, -1)
    assert torch.equal(shift(images, middle), images)


def test_what_is_learned_are_the_images_as_they_are_seen():
    train_set = garments(30, "train")
    images = torch.from_numpy(train_set.images)
    labels = torch.from_numpy(train_set.labels).long()
    learner = Learner(SMALL, (28, 28), Ranks(), 30)
    taken = []
    learner.net.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    views = light_views(30, (28, 28), 5, 1)
    learner.learn(images, labels, order, None, views)
    expected = np.stack(
        [seen(train_set.images[n], views.corners[n].tolist(), 1) for n in range(30)]
    )
    for image, (top, left, rows, columns) in zip(expected, views.boxes.tolist(), strict=True):
        image[top : top + rows, left : left + columns] = 0
    expected = expected[order]
    assert torch.equal(torch.cat(taken)[:, 0], torch.from_numpy(expected).float() / 255)


def test_the_rest_of_a_training_is_that_of_one_without_a_stop(tmp_path):
    """Bit for bit, also where others draw from torch's generator in between."""
    sets = garments(45, "train"), garments(20, "test")
    straight = list(train(SMALL, *sets))
    first = train(replace(SMALL, epochs=2), *sets)
    next(first)
    torch.rand(5)
    save_checkpoint(next(first).checkpoint, tmp_path / "a.pth")
    state = load_training_state(tmp_path / "a.pth")
    resumed = list(train(SMALL, *sets, resume=state))
    for result, expected in zip(resumed, straight[2:], strict=True):
        assert result.train_loss == expected.train_loss
        assert result.test_loss == expected.test_loss
        for name, value in result.checkpoint["net"].items():
            assert torch.equal(value, expected.checkpoint["net"][name]), name
    losses = set()
    changes = {}, {"augment_lightly": False}, {"seed": 1}, {"label_smoothing": 0.1}
    for change in changes:
        losses.add(next(train(replace(SMALL, **change), *sets)).train_loss)
    assert len(losses) == len(changes)


def test_light_views_shift_by_a_pixel_and_cover_a_box_in_a_quarter():
    views = light_views(4000, (28, 14), seed=1, epoch=0)
    again, other = (light_views(4000, (28, 14), seed=1, epoch=epoch) for epoch in (0, 1))
    assert torch.equal(again.boxes, views.boxes)
    assert not torch.equal(other.boxes, views.boxes)
    assert not torch.equal(other.corners, views.corners)
    assert not torch.equal(light_views(4000, (28, 14), seed=2, epoch=0).boxes, views.boxes)
    assert len(views.corners.unique(dim=0)) == 3 * 3
    for part in views.corners.unbind(1):
        shares = torch.bincount(part) / 4000
        assert torch.allclose(shares, torch.full((3,), 1 / 3), atol=0.03)
    top, left, rows, columns = views.boxes.unbind(1)
    covered = rows > 0
    assert torch.equal(covered, columns > 0)
    assert abs(covered.float().mean() - 0.25) < 0.03
    # Of 28 rows 4 to 10, of 14 columns 2 to 5, each of them, up to either border.
    assert rows[covered].unique().tolist() == list(range(4, 11))
    assert columns[covered].unique().tolist() == list(range(2, 6))
    for start, size, side in ((top, rows, 28), (left, columns, 14)):
        assert start[covered].min() == 0
        assert (start + size)[covered].max() == side


def test_a_covered_box_is_black_and_the_rest_as_it_was():
    images = torch.from_numpy(np.random.default_rng(0).integers(1, 256, (3, 5, 7), np.uint8))
    boxes = torch.tensor([[1, 2, 2, 4], [0, 0, 0, 0], [4, 6, 1, 1]])
    expected = images.clone()
    expected[0, 1:3, 2:6] = 0
    expected[2, 4, 6] = 0
    assert torch.equal(cover(images, boxes), expected)
    # Shifted first, so that the box lies where it was drawn: one row down, one column left.
    corners = torch.tensor([[0, 2]]).expand(3, -1)
    seen = Views(corners, boxes).of(images, torch.tensor([2, 0]))
    moved = torch.zeros_like(images)
    moved[:, 1:, :-1] = images[:, :-1, 1:]
    assert torch.equal(seen, cover(moved, boxes)[[2, 0]])


def test_light_augmentation_is_off_in_the_last_epochs(monkeypatch):
    config = replace(SMALL, epochs=7)
    assert config.plain_from == 6
    assert [replace(config, epochs=n).plain_from for n in (1, 3, 8, 64)] == [1, 3, 7, 54]
    seen = []
    plain = Learner.learn
    monkeypatch.setattr(Learner, "learn", lambda *given: seen.append(given[-1]) or plain(*given))
    list(train(config, garments(30, "train"), garments(10, "test")))
    assert [each is not None for each in seen] == [True] * 6 + [False]


def test_smoothed_labels_are_those_of_torchs_cross_entropy():
    """Whose gradient by the logits is softmax less the target, which so shows."""
    rates, labels = torch.rand(6, 10, dtype=torch.float64), torch.arange(6)
    logits = torch.zeros(6, 10, dtype=torch.float64, requires_grad=True)
    F.cross_entropy(logits, labels, label_smoothing=0.2, reduction="sum").backward()
    target = 0.1 - logits.grad
    assert target.amax() == pytest.approx(0.82)
    expected = (rates - target).square().mean()
    assert mean_squared_error(rates, labels, 0.2) == pytest.approx(expected.item())
    assert mean_squared_error(rates, labels) == F.mse_loss(rates, F.one_hot(labels, 10).double())


def standardized(net, images, mean, deviation):
    """The same images for a network that takes them standardized, black border included."""
    convolution, norm = net.static_conv
    sides = [side for side in reversed(convolution.padding) for _ in range(2)]
    convolution.padding = (0, 0)
    # As the maps grow, so must what is added to their variance.
    norm.eps /= deviation**2
    return F.pad((images - mean) / deviation, sides, value=-mean / deviation)


def test_standardized_images_lead_to_the_same_network():
    """BatchNorm takes back what an affine map of all pixels, also those of the border, does."""
    images = torch.from_numpy(garments(8).batch(range(8))[..., 2:]).double()
    outputs, gradients = [], []
    for change in (None, (0.286, 0.353)):
        net = lively(build_network(NetworkConfig(T=3, channels=4, image_size=(28, 26)), seed=1))
        net = net.double().train()
        net.static_conv[1].momentum = 1.0  # the running statistics are those of the last batch
        pixels = images if change is None else standardized(net, images, *change)
        drive, rates = net.static_conv(pixels), net(pixels)
        (rates * torch.arange(10)).sum().backward()
        gradients.append([parameter.grad for parameter in net.parameters()])
        outputs.append([drive, rates, net.eval().static_conv(pixels)])
    for one, other in zip(*outputs, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-9)
        assert one.std() > 0.01
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-8)
        assert one.abs().max() > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"label_smoothing": 1.0},
        {"label_smoothing": -0.5},
        {"ema": 1.0},
        {"pooling": "min"},
        {"tau": 1.0},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=f"{name}.*{value}"):
        TrainConfig(**wrong)


def test_the_run_folder_tells_the_pieces_apart():
    name = "T_4_b_128_SGD_lr_0.1_CosALR_64"
    assert TrainConfig().run_name == name
    assert TrainConfig(pooling="avg", tau=4.0, decay_input=False).run_name == (
        f"{name}_avg_tau_4.0_whole_input"
    )
    lessons = TrainConfig(augment_lightly=True, label_smoothing=0.1)
    assert lessons.run_name == f"{name}_light_smooth_0.1"
    averaged = TrainConfig(T=8, opt="Adam", lr=0.001, amp=True, ema=0.999)
    assert averaged.run_name == "T_8_b_128_Adam_lr_0.001_CosALR_64_amp_ema_0.999"


@pytest.fixture
def run(run):
    """Run `snnviz train` in this process: (status, stdout, stderr)."""
    return partial(run, "train")


FEW = ("--dataset", "garments", "--n-images", 60, "-channels", 3, "-b", 20, "-device", "cpu", "-q")


def test_a_resumed_run_keeps_its_lessons(run, tmp_path):
    given = ("-T", 2, "--augment-lightly", "--label-smoothing", 0.1, "--val-split", 20)
    assert run(*FEW, *given, "-epochs", 1) == (0, "", "")
    folder = tmp_path / "logs" / "T_2_b_20_SGD_lr_0.1_CosALR_64_light_smooth_0.1"
    training = json.loads((folder / "config.json").read_text())["training"]
    expected = TrainConfig(
        T=2, augment_lightly=True, label_smoothing=0.1, val_split=20, batch_size=20, channels=3,
        epochs=1,
    )  # fmt: skip
    assert training == asdict(expected)
    assert run("--resume", folder, "-epochs", 2, "-q") == (0, "", "")
    assert run(*FEW, *given, "--resume", "-epochs", 3) == (0, "", "")
    assert load_training_state(folder / LATEST).epoch == 2
    for option, name in (
        ("--no-augment-lightly", "augment_lightly True, got False"),
        ("--label-smoothing=.2", "label_smoothing 0.1, got 0.2"),
    ):
        status, _, err = run("--resume", folder, "-epochs", 4, option, "-q")
        assert status == 1
        assert re.fullmatch(rf"snnviz: .* begun with {re.escape(name)};.*\n", err)


@pytest.fixture
def of_earlier_build(run, tmp_path):
    """The folder of a run of one epoch, as a version wrote it that had other options."""
    assert run(*FEW, "-T", 1, "-epochs", 1) == (0, "", "")
    (folder,) = (tmp_path / "logs").iterdir()

    def rewrite(**gone):
        content = torch.load(folder / LATEST, weights_only=True)
        config = json.loads((folder / "config.json").read_text())
        for stated in (content["training"], content["network"], config["training"]):
            for name in ("augment_lightly", "label_smoothing", "ema", "pooling"):
                stated.pop(name, None)
            stated.update(gone)
        content["network"].pop("augment", None)
        content["network"].pop("recipe", None)
        save_checkpoint(content, folder / LATEST)
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return rewrite


USUAL = {"recipe": "tutorial", "augment": False, "dropout": 0.0, "votes": 1}


def test_a_run_of_an_earlier_build_is_gone_on_with(run, tmp_path, of_earlier_build):
    """What it states and this version has not is what nobody gave; what it lacks is so, too."""
    assert run(*FEW, "-T", 1, "-epochs", 2, "-out_dir", "whole") == (0, "", "")
    (whole,) = (tmp_path / "whole").iterdir()
    folder = of_earlier_build(**USUAL)
    assert run("--resume", folder, "-epochs", 2, "-q") == (0, "", "")
    expected = load_checkpoint(whole / LATEST).state
    for name, value in load_checkpoint(folder / LATEST).state.items():
        assert torch.equal(value, expected[name]), name
    training = json.loads((folder / "config.json").read_text())["training"]
    assert training["augment_lightly"] is False
    assert not USUAL.keys() & training.keys()


@pytest.mark.parametrize(("name", "value"), [("augment", True), ("dropout", 0.5), ("votes", 3)])
def test_a_run_with_an_option_that_is_gone_is_refused(run, name, value, of_earlier_build):
    folder = of_earlier_build(**{**USUAL, name: value})
    status, _, err = run("--resume", folder, "-epochs", 2, "-q")
    assert status == 1
    assert err.count("\n") == 1
    assert f"was begun with {name} {value}, which is no option any more; begin another run" in err


@pytest.mark.slow
def test_two_ranks_see_the_same_views_as_one(tmp_path):
    """By the first BatchNorm's statistics after one batch, which no spike can change."""
    ranks = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    pieces = ("--augment-lightly", "--sync-bn", "-T", 2)
    found = {}
    for name, launcher, options in (
        ("one", (), pieces),
        ("two", ranks, pieces),
        ("unmoved", (), pieces[1:]),
    ):
        result = subprocess.run(
            [sys.executable, *launcher, "-m", "snnviz", "train", *map(str, (*FEW, *options)),
             "-epochs", "1", "-b", "60", "-out_dir", tmp_path / name],
            capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        (folder,) = (tmp_path / name).iterdir()
        state = load_checkpoint(folder / LATEST).state
        # Nine tenths are the running statistics before the batch, 0 and 1.
        norm = (state[f"static_conv.1.running_{what}"] for what in ("mean", "var"))
        found[name] = torch.stack([next(norm), next(norm) - 0.9])
    assert torch.allclose(found["two"], found["one"], rtol=1e-3, atol=0)
    assert not torch.allclose(found["unmoved"], found["one"], rtol=1e-2, atol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label-smoothing", "1"], "1.0 is not in the range 0<=x<1"),
        (["--label-smoothing", "nan"], "label_smoothing must be in [0, 1), got nan"),
        (["--ema", "nan"], "ema must be in [0, 1), got nan"),
        (["--val-split", "6000"], "cannot hold out 6000 of 60 training images"),
    ],
    ids=" ".join,
)
def test_bad_values_are_one_line(arguments, message, run, tmp_path):
    status, out, err = run(*FEW, *arguments)
    assert status in (1, 2)
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())
