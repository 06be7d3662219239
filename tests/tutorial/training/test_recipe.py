"""Recipes: augmentation, resumed chance, and what the command line makes of them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, fields, replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from snnviz.cli.train import command
from snnviz.data import garments
from snnviz.errors import ConfigError
from snnviz.ranks import Ranks
from snnviz.scoring.evaluation import mean_squared_error
from snnviz.tutorial.layouts import load_checkpoint, load_training_state, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs import LATEST
from snnviz.tutorial.training import RECIPES, TrainConfig, train
from snnviz.tutorial.training.augmentation import (
    PADDING,
    Views,
    cover,
    crop_and_flip,
    draw_views,
    light_views,
    seeded_masks,
)
from snnviz.tutorial.training.learner import Learner
from tests.lively import lively

SMALL = TrainConfig(
    T=2, batch_size=10, epochs=4, channels=4, lr=0.5, augment=True, dropout=0.5, votes=3
)


def seen(image, view, padding):
    """The crop of one image, pixel by pixel."""
    height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            row = y + view[0] - padding
            column = (width - 1 - x if view[2] else x) + view[1] - padding
            if 0 <= row < height and 0 <= column < width:
                out[y, x] = image[row, column]
    return out


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.randoms())
def test_crops_are_those_of_a_plain_loop(height, width, count, padding, random):
    rng = np.random.default_rng(random.getrandbits(32))
    images = rng.integers(1, 256, (count, height, width)).astype(np.uint8)
    views = np.column_stack(
        [rng.integers(0, 2 * padding + 1, (count, 2)), rng.integers(0, 2, count)]
    )
    found = crop_and_flip(torch.from_numpy(images), torch.from_numpy(views), padding)
    expected = [seen(*pair, padding) for pair in zip(images, views, strict=True)]
    assert found.dtype == torch.uint8
    assert np.array_equal(found.numpy(), np.stack(expected))
    floats = crop_and_flip(torch.from_numpy(images).double(), torch.from_numpy(views), padding)
    assert np.array_equal(floats.numpy(), np.stack(expected))


def test_the_middle_view_is_the_image_itself():
    images = torch.from_numpy(garments(3).images)
    middle = torch.tensor([[PADDING, PADDING, 0]]).expand(3, -1)
    assert torch.equal(crop_and_flip(images, middle), images)


def test_each_image_and_epoch_has_a_view_of_its_own():
    views = draw_views(5000, seed=1, epoch=0)
    assert torch.equal(draw_views(5000, seed=1, epoch=0), views)
    assert not torch.equal(draw_views(5000, seed=1, epoch=1), views)
    assert not torch.equal(draw_views(5000, seed=2, epoch=0), views)
    assert len(views.unique(dim=0)) == 5 * 5 * 2
    for part, count in zip(views.unbind(1), (5, 5, 2), strict=True):
        shares = torch.bincount(part) / 5000
        assert len(shares) == count
        assert torch.allclose(shares, torch.full((count,), 1 / count), atol=0.03)


def test_masks_are_drawn_by_seed_epoch_and_rank_and_leave_no_trace():
    def draw(*numbers):
        with seeded_masks(torch.device("cpu"), *numbers):
            return torch.rand(4).tolist()

    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    drawn = [draw(1, 0, 0), draw(2, 0, 0), draw(1, 2, 0), draw(1, 0, 2), draw(2020, 63, 7)]
    assert torch.equal(torch.rand(2), expected)
    assert len({tuple(values) for values in drawn}) == 5
    assert draw(1, 0, 0) == drawn[0]


def test_what_is_learned_are_the_shifted_images():
    train_set = garments(30, "train")
    images = torch.from_numpy(train_set.images)
    labels = torch.from_numpy(train_set.labels).long()
    learner = Learner(SMALL, (28, 28), Ranks(), 30)
    taken = []
    learner.net.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    views = draw_views(30, 5, 1)
    learner.learn(images, labels, order, None, Views(views))
    expected = np.stack([seen(train_set.images[n], views[n].tolist(), PADDING) for n in order])
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
    light = {"augment": False, "augment_lightly": True}
    changes = {}, {"augment": False}, {"dropout": 0.0}, {"seed": 1}, light, {"label_smoothing": 0.1}
    for change in changes:
        losses.add(next(train(replace(SMALL, **change), *sets)).train_loss)
    assert len(losses) == len(changes)


def test_light_views_shift_by_a_pixel_and_cover_a_box_in_a_quarter():
    views = light_views(4000, (28, 14), seed=1, epoch=0)
    again, other = (light_views(4000, (28, 14), seed=1, epoch=epoch) for epoch in (0, 1))
    assert torch.equal(again.boxes, views.boxes)
    assert not torch.equal(other.boxes, views.boxes)
    assert not torch.equal(other.crops, views.crops)
    assert len(views.crops.unique(dim=0)) == 3 * 3
    assert not views.crops[:, 2].any()
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
    crops = torch.tensor([[0, 2, 0]]).expand(3, -1)
    seen = Views(crops, 1, boxes).of(images, torch.tensor([2, 0]))
    moved = torch.zeros_like(images)
    moved[:, 1:, :-1] = images[:, :-1, 1:]
    assert torch.equal(seen, cover(moved, boxes)[[2, 0]])


def test_light_augmentation_is_off_in_the_last_epochs(monkeypatch):
    config = replace(SMALL, augment=False, dropout=0.0, augment_lightly=True, epochs=7)
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


@pytest.mark.slow
def test_the_recipe_learns():
    config = TrainConfig.from_recipe(
        "best", T=2, channels=8, batch_size=50, epochs=4, t_max=4, lr=0.01, step_mode="m",
        val_split=100,
    )  # fmt: skip
    *_, last = train(config, garments(1100, "train"), garments(200, "test"))
    assert last.test_acc > 0.5
    assert last.checkpoint["network"]["votes"] == 10


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
        {"dropout": 1.0},
        {"dropout": -0.5},
        {"votes": 0},
        {"recipe": "worst"},
        {"label_smoothing": 1.0},
        {"pooling": "min"},
        {"tau": 1.0},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=f"{name}.*{value}"):
        TrainConfig(**wrong)


def test_recipes_are_settings_and_the_help_says_which():
    assert TrainConfig.from_recipe("tutorial") == TrainConfig()
    best = TrainConfig.from_recipe("best", T=4)
    assert (best.T, best.dropout, best.recipe) == (4, 0.5, "best")
    with pytest.raises(ConfigError, match="'worst'"):
        TrainConfig.from_recipe("worst")
    options = {parameter.name: parameter for parameter in command.params}
    assert set(options["recipe"].type.choices) == set(RECIPES)
    stated = options["recipe"].help.partition("(")[2].partition(")")[0].split(" -")
    said = {}
    for part in stated:
        name, _, value = part.strip("-").partition(" ")
        said[name.replace("-", "_")] = value or "True"
    assert said == {name: str(value) for name, value in RECIPES["best"].items()}


def test_the_run_folder_tells_the_pieces_apart():
    name = "T_4_b_128_SGD_lr_0.1_CosALR_64"
    assert TrainConfig(recipe="tutorial").run_name == name
    assert TrainConfig(augment=True).run_name == f"{name}_augment"
    assert TrainConfig(dropout=0.25, votes=2).run_name == f"{name}_dropout_0.25_votes_2"
    assert TrainConfig(pooling="avg", tau=4.0, decay_input=False).run_name == (
        f"{name}_avg_tau_4.0_whole_input"
    )
    lessons = TrainConfig(augment_lightly=True, label_smoothing=0.1)
    assert lessons.run_name == f"{name}_light_smooth_0.1"
    assert TrainConfig.from_recipe("best", amp=True).run_name == (
        "T_8_b_128_Adam_lr_0.001_CosALR_64_amp_augment_dropout_0.5_votes_10"
    )


@pytest.fixture
def run(run):
    """Run `snnviz train` in this process: (status, stdout, stderr)."""
    return partial(run, "train")


FEW = ("--dataset", "garments", "--n-images", 60, "-channels", 3, "-b", 20, "-device", "cpu", "-q")


def test_options_win_over_the_recipe_and_a_resumed_run_knows_both(run, tmp_path):
    given = ("--recipe", "best", "-T", 2, "--no-augment", "--val-split", 20)
    assert run(*FEW, *given, "-epochs", 1) == (0, "", "")
    folder = tmp_path / "logs" / "T_2_b_20_Adam_lr_0.001_CosALR_64_dropout_0.5_votes_10"
    training = json.loads((folder / "config.json").read_text())["training"]
    expected = TrainConfig.from_recipe(
        "best", T=2, augment=False, val_split=20, batch_size=20, channels=3, epochs=1
    )
    assert training == asdict(expected)
    checkpoint = load_checkpoint(folder / LATEST)
    assert (checkpoint.config.votes, checkpoint.config.dropout) == (10, 0.5)
    assert run("--resume", folder, "-epochs", 2, "-q") == (0, "", "")
    assert run(*FEW, *given, "--resume", "-epochs", 3) == (0, "", "")
    assert load_training_state(folder / LATEST).epoch == 2
    for option, name in (("--augment", "augment True"), ("--votes=2", "votes 2")):
        status, _, err = run("--resume", folder, "-epochs", 4, option, "-q")
        value = name.split()[1]
        assert status == 1
        assert re.fullmatch(rf"snnviz: .* begun with {name.split()[0]} .*, got {value};.*\n", err)


def test_a_run_of_a_version_without_recipes_is_gone_on_with(run, tmp_path):
    """Neither its config.json nor its checkpoint states what that version had not."""
    assert run(*FEW, "-T", 1, "-epochs", 2, "-out_dir", "whole") == (0, "", "")
    assert run(*FEW, "-T", 1, "-epochs", 1) == (0, "", "")
    (folder,) = (tmp_path / "logs").iterdir()
    (whole,) = (tmp_path / "whole").iterdir()
    new = {"recipe", "augment", "dropout", "votes"}
    assert new <= {field.name for field in fields(TrainConfig)}
    content = torch.load(folder / LATEST, weights_only=True)
    config = json.loads((folder / "config.json").read_text())
    for stated in (content["training"], content["network"], config["training"]):
        for name in new & stated.keys():
            del stated[name]
    save_checkpoint(content, folder / LATEST)
    (folder / "config.json").write_text(json.dumps(config))
    status, _, err = run("--resume", folder, "-epochs", 2, "--recipe", "best", "-q")
    assert status == 1
    assert "was begun with recipe tutorial, got best; go on with the same" in err
    assert run("--resume", folder, "-epochs", 2, "-q") == (0, "", "")
    expected = load_checkpoint(whole / LATEST).state
    for name, value in load_checkpoint(folder / LATEST).state.items():
        assert torch.equal(value, expected[name]), name
    training = json.loads((folder / "config.json").read_text())["training"]
    assert (training["recipe"], training["votes"]) == ("tutorial", 1)


@pytest.mark.slow
def test_two_ranks_see_the_same_views_as_one(tmp_path):
    """By the first BatchNorm's statistics after one batch, which no spike can change."""
    ranks = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    pieces = ("--augment", "--dropout", 0.5, "--votes", 2, "--sync-bn")
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
        (["--dropout", "1"], "1.0 is not in the range 0<=x<1"),
        (["--dropout", "nan"], "dropout must be in [0, 1), got nan"),
        (["--votes", "0"], "0 is not in the range"),
        (["--recipe", "worst"], "'worst' is not one of 'tutorial', 'best'"),
        (["--label-smoothing", "nan"], "label_smoothing must be in [0, 1), got nan"),
        (
            ["--augment", "--augment-lightly"],
            "two ways at once; leave --augment out, or leave --augment-lightly out",
        ),
        (["--recipe", "best"], "cannot hold out 6000 of 60 training images"),
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
