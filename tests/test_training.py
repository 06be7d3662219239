"""Training on drawn garments: the tutorial's loop, and that something is learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from snnviz.data import ImageSet, garments
from snnviz.errors import ConfigError, DataError
from snnviz.network import NetworkConfig, build_network
from snnviz.training import TrainConfig, train

# Steep enough that spikes reach the output within a few batches.
CONFIG = TrainConfig(T=4, batch_size=10, epochs=2, channels=8, lr=0.5)


@pytest.fixture(scope="module")
def train_set():
    return garments(75, "train")


@pytest.fixture(scope="module")
def test_set():
    return garments(30, "test")


def test_it_is_the_tutorials_loop(train_set, test_set):
    """The same epochs in the tutorial's own words, from the same start and in the same order."""
    results = list(train(CONFIG, train_set, test_set))
    net = build_network(NetworkConfig(T=4, channels=8), seed=CONFIG.seed)
    net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    for epoch, result in enumerate(results):
        net.train()
        order = torch.randperm(
            75, generator=torch.Generator().manual_seed(CONFIG.seed * 1_000_003 + epoch)
        ).numpy()
        loss_sum = hits = 0
        for start in range(0, 70, 10):  # 75 images: the last five are left out
            chosen = order[start : start + 10]
            label = torch.from_numpy(train_set.labels[chosen]).long()
            out = net(torch.from_numpy(train_set.batch(chosen)))
            loss = F.mse_loss(out, F.one_hot(label, 10).float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * 10
            hits += (out.argmax(1) == label).sum().item()
        schedule.step()
        assert result.train_loss == pytest.approx(loss_sum / 70, rel=1e-5)
        assert result.train_acc == pytest.approx(hits / 70)
    assert results[-1].train_acc > 0.2
    for name, value in net.state_dict().items():
        saved = results[-1].checkpoint["net"][name]
        assert torch.allclose(saved.float(), value.float(), atol=1e-6), name


def test_something_is_learned():
    config = TrainConfig(T=2, batch_size=50, epochs=4, channels=8, step_mode="m", seed=3)
    *_, last = train(config, garments(1500, "train"), garments(300, "test"))
    assert last.test_acc > 0.5
    assert last.max_test_acc >= last.test_acc


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("amp", [False, True])
def test_a_seed_repeats_bit_for_bit(step_mode, amp, train_set, test_set):
    config = replace(CONFIG, epochs=1, step_mode=step_mode, amp=amp)
    first, second = (next(train(config, train_set, test_set)) for _ in range(2))
    assert first.train_loss == second.train_loss
    for name, value in first.checkpoint["net"].items():
        assert torch.equal(value, second.checkpoint["net"][name]), name
    other = next(train(replace(config, seed=1), train_set, test_set))
    assert other.train_loss != first.train_loss


def test_progress_counts_images(train_set, test_set):
    calls = []
    next(train(CONFIG, train_set, test_set, lambda *call: calls.append(call)))
    assert calls == [
        *(("train", done, 70) for done in range(10, 71, 10)),
        *(("test", done, 30) for done in (10, 20, 30)),
    ]


def test_the_best_epoch_is_marked(train_set, test_set):
    results = list(train(replace(CONFIG, epochs=4), train_set, test_set))
    best = 0.0
    for result in results:
        assert result.is_best == (result.test_acc > best)
        best = max(best, result.test_acc)
        assert result.max_test_acc == best


@pytest.mark.parametrize(
    "wrong",
    [
        {"T": 0},
        {"batch_size": 0},
        {"epochs": 0},
        {"channels": 0},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"momentum": 2.0},
        {"momentum": -0.1},
        {"t_max": 0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match=str(next(iter(wrong.values())))):
        TrainConfig(**wrong)


def test_sets_that_do_not_fit_are_refused(train_set, test_set):
    with pytest.raises(ConfigError, match="smaller batch"):
        next(train(replace(CONFIG, batch_size=100), train_set, test_set))
    unlabelled = ImageSet("pictures", train_set.images)
    with pytest.raises(DataError, match="no labels"):
        next(train(CONFIG, unlabelled, test_set))
    other = ImageSet("small", np.zeros((30, 8, 8), np.uint8), np.zeros(30, np.uint8))
    with pytest.raises(DataError, match="one size"):
        next(train(CONFIG, train_set, other))


def test_the_run_folder_is_named_as_the_tutorial_names_it():
    assert TrainConfig().run_name == "T_4_b_128_SGD_lr_0.1_CosALR_64"
    assert TrainConfig(amp=True).run_name == "T_4_b_128_SGD_lr_0.1_CosALR_64_amp"
    assert TrainConfig(epochs=5, t_max=9).run_name == "T_4_b_128_SGD_lr_0.1_CosALR_9"
