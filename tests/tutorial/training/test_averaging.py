"""Averaged weights: the averages themselves, what is measured and saved, and going on with both."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from snnviz.data import garments
from snnviz.errors import CheckpointError
from snnviz.ranks import Ranks
from snnviz.tutorial.acceleration import FastNetwork
from snnviz.tutorial.layouts import load_checkpoint, load_training_state, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training import TrainConfig, train
from snnviz.tutorial.training.averaging import BATCHES, EVERY, Averages, statistics_anew
from snnviz.tutorial.training.learner import Learner

# 13 steps an epoch: the averages move in the middle of the next one.
SMALL = TrainConfig(T=2, batch_size=10, epochs=4, channels=4, lr=0.5, ema=0.9)
SETS = garments(130, "train"), garments(20, "test")


def test_averages_are_those_of_a_plain_loop():
    net = nn.Linear(3, 2)
    averages = Averages(net, 0.9)
    expected = net.weight.detach().clone()
    generator = torch.Generator().manual_seed(0)
    for step in range(1, 10 * EVERY + 4):
        with torch.no_grad():
            net.weight.copy_(torch.randn(2, 3, generator=generator))
        averages.step()
        if step % EVERY == 0:
            kept = min(0.9**EVERY, (1 + step // EVERY) / (10 + step // EVERY))
            expected = kept * expected + (1 - kept) * net.weight.detach()
    learned = net.weight.detach().clone()
    averages.show()
    assert torch.allclose(net.weight, expected, rtol=1e-5)
    assert not torch.allclose(net.weight, learned, rtol=1e-2)
    averages.hide()
    assert torch.equal(net.weight, learned)
    averages.hide()
    assert torch.equal(net.weight, learned)


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("fast", [False, True])
def test_statistics_anew_are_means_of_the_batches(fast, step_mode):
    """Of the first BatchNorm, by its drive; what was there before leaves no trace."""
    net = build_network(NetworkConfig(T=3, channels=4), step_mode=step_mode, seed=0).train()
    model = FastNetwork(net) if fast else net
    images = torch.rand(4, 5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    net.static_conv[1].running_mean.fill_(9)
    with statistics_anew(net), torch.no_grad():
        for batch in images:
            model(batch)
    maps = [net.static_conv[0](batch).transpose(0, 1).flatten(1) for batch in images]
    norm = net.static_conv[1]
    assert norm.momentum == net.conv[3].momentum == 0.1
    mean, variance = sum(m.mean(1) for m in maps) / 4, sum(m.var(1) for m in maps) / 4
    assert torch.allclose(norm.running_mean, mean, atol=1e-5)
    assert torch.allclose(norm.running_var, variance, rtol=1e-4)
    assert int(net.conv[3].num_batches_tracked) == (12 if step_mode == "s" else 4)


def test_what_is_measured_and_saved_are_the_averages(tmp_path):
    """And what learns is as it would be without them."""
    results = zip(train(SMALL, *SETS), train(replace(SMALL, ema=0.0), *SETS), strict=True)
    for with_averages, without in results:
        assert with_averages.train_loss == without.train_loss
        learning = with_averages.checkpoint["averaging"]["learning"]
        for value, expected in zip(learning, without.checkpoint["net"].values(), strict=True):
            assert torch.equal(value, expected)
        saved = with_averages.checkpoint["net"]
        assert not torch.equal(saved["fc.1.weight"], without.checkpoint["net"]["fc.1.weight"])
        assert "averaging" not in without.checkpoint
        # Of 13 batches, each of two steps.
        assert int(saved["conv.3.num_batches_tracked"]) == 2 * min(13, BATCHES)
    path = save_checkpoint(with_averages.checkpoint, tmp_path / "a.pth")
    checkpoint = load_checkpoint(path)
    assert checkpoint.notes == ()
    assert torch.equal(checkpoint.state["fc.1.weight"], saved["fc.1.weight"])


def test_the_rest_of_a_training_is_that_of_one_without_a_stop(tmp_path):
    straight = list(train(SMALL, *SETS))
    first = train(replace(SMALL, epochs=2), *SETS)
    next(first)
    path = save_checkpoint(next(first).checkpoint, tmp_path / "a.pth")
    resumed = list(train(SMALL, *SETS, resume=load_training_state(path)))
    for result, expected in zip(resumed, straight[2:], strict=True):
        assert (result.train_loss, result.test_loss) == (expected.train_loss, expected.test_loss)
        for name, value in result.checkpoint["net"].items():
            assert torch.equal(value, expected.checkpoint["net"][name]), name


def test_a_state_that_does_not_fit_is_refused(tmp_path):
    result = next(train(SMALL, *SETS))
    path = save_checkpoint(result.checkpoint, tmp_path / "a.pth")
    state = load_training_state(path)
    plain = Learner(replace(SMALL, ema=0.0), (28, 28), Ranks(), 130)
    with pytest.raises(
        CheckpointError, match="holds averaged weights, and the training keeps none"
    ):
        plain.load(state)
    learning = state.averaging["learning"]
    for averaging in (
        {},
        {"steps": 13},
        {"steps": 13, "learning": learning[:-1]},
        {"steps": 13, "learning": [learning[1], *learning[1:]]},
        {"steps": 13, "learning": ["text", *learning[1:]]},
        {"steps": "13", "learning": learning},
    ):
        learner = Learner(SMALL, (28, 28), Ranks(), 130)
        with pytest.raises(CheckpointError, match="holds no averages of this network; resume with"):
            learner.load(replace(state, averaging=averaging))
