"""Several output neurons a class, and dropout, against SpikingJelly's own layers."""

import copy
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from snnviz.compiling import CompilerError
from snnviz.data import ImageSet
from snnviz.device import has_bfloat16
from snnviz.errors import CheckpointError, ConfigError
from snnviz.scoring.evaluation import evaluate, predict
from snnviz.scoring.importance import channel_importance
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.acceleration import accelerate, native
from snnviz.tutorial.acceleration.fast_network import FastNetwork
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

CONFIG = NetworkConfig(
    T=5, channels=6, image_size=(9, 13), num_classes=4, dropout=0.4, votes=3, in_channels=1
)
BEST = replace(CONFIG, image_size=(28, 28), num_classes=10, votes=10)


def as_spikingjelly(net):
    """The layers of `net` one by one, with SpikingJelly's dropout and voting between them."""
    config = net.config

    def node():
        return neuron.IFNode(surrogate_function=surrogate.ATan())

    height, width = (side // 4 for side in config.image_size)
    channels = config.channels
    first = nn.Linear(channels * height * width, 16 * channels, bias=False)
    second = nn.Linear(16 * channels, config.num_classes * config.votes, bias=False)
    first.weight, second.weight = net.fc[1].weight, net.fc[3].weight
    other = copy.deepcopy(net.conv)
    fc = nn.Sequential(
        nn.Flatten(), layer.Dropout(config.dropout), first, node(),
        layer.Dropout(config.dropout), second, node(), layer.VotingLayer(config.votes),
    )  # fmt: skip
    return nn.Sequential(net.static_conv, nn.Sequential(other, fc)).train(net.training)


def step_through(reference, images, T):
    functional.reset_net(reference)
    drive = reference[0](images)
    return torch.stack([reference[1](drive) for _ in range(T)]).mean(0)


def pictures(config, count=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, config.in_channels, *config.image_size, generator=generator)


def noise(config, count=12):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, *config.image_size)).astype(np.uint8)
    return ImageSet("noise", images, rng.integers(0, config.num_classes, count).astype(np.uint8))


@pytest.mark.parametrize("T", [1, 5])
@pytest.mark.parametrize("training", [False, True])
def test_it_is_spikingjellys_dropout_and_voting(T, training):
    """The same masks, two batches in a row, each with masks of its own."""
    net = lively(build_network(replace(CONFIG, T=T), seed=0)).train(training)
    images = pictures(CONFIG)
    reference = as_spikingjelly(net)
    torch.manual_seed(8)
    expected = [step_through(reference, batch, T) for batch in (images, images.flip(3), images)]
    torch.manual_seed(8)
    rates = [net(batch) for batch in (images, images.flip(3), images)]
    for rate, same in zip(rates, expected, strict=True):
        assert rate.shape == (6, 4)
        assert torch.allclose(rate, same, atol=1e-6)
        assert 0 < rate.mean() < 1
    assert torch.equal(rates[0], rates[2]) != training


def test_a_mask_holds_for_all_steps_and_its_share_is_right():
    for step_mode in ("s", "m"):
        net = lively(build_network(replace(CONFIG, channels=32), step_mode=step_mode)).train()
        seen = []
        net.fc[1].dropout.register_forward_hook(lambda *call, seen=seen: seen.append(call))
        torch.manual_seed(1)
        net(pictures(CONFIG))
        before = torch.cat([call[1][0].reshape(-1, 6, 192) for call in seen])
        after = torch.cat([call[2].reshape(-1, 6, 192) for call in seen])
        assert len(after) == CONFIG.T
        spiked = before.any(0)
        left_out = spiked & ~after.any(0)
        assert torch.equal(after != 0, (before != 0) & ~left_out), step_mode
        assert after.unique().tolist() == pytest.approx([0, 1 / 0.6])
        assert left_out.sum() / spiked.sum() == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_keys_and_defaults_stay_as_they_are(step_mode):
    plain = build_network(NetworkConfig(channels=4), step_mode=step_mode, seed=0)
    assert [type(part).__name__ for part in plain.fc] == [
        "Flatten", "Linear", "IFNode", "Linear", "IFNode",
    ]  # fmt: skip
    dropping = build_network(NetworkConfig(channels=4, dropout=0.5), step_mode=step_mode, seed=0)
    assert list(plain.state_dict()) == list(dropping.state_dict())
    plain.load_state_dict(dropping.state_dict(), strict=True)
    dropping.load_state_dict(plain.state_dict(), strict=True)
    images = pictures(plain.config)
    with torch.no_grad():
        assert torch.equal(plain.eval()(images), dropping.eval()(images))
    voting = build_network(NetworkConfig(channels=4, votes=10), step_mode=step_mode)
    assert list(voting.state_dict()) == list(plain.state_dict())
    assert voting.fc[3].weight.shape == (100, 64)


def test_classes_with_equally_many_votes_stay_equal():
    """Also where rates of single neurons, k / 7 and k / 3, are rounded."""
    net = build_network(NetworkConfig(T=7, channels=2, num_classes=3, votes=3))
    spikes = torch.zeros(7, 1, 9)
    spikes[:3, 0, 0], spikes[:2, 0, 1], spikes[:1, 0, 2] = 1, 1, 1
    spikes[:6, 0, 3] = 1
    spikes[:2, 0, 6:] = 1
    rates = net.vote(spikes).mean(0) / 3
    assert rates.tolist()[0] == [rates[0, 0].item()] * 3
    assert rates[0, 0] == pytest.approx(6 / 21)
    assert torch.equal(net.vote(spikes.bfloat16()), net.vote(spikes))


@pytest.mark.slow
@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_answers_rates_and_operations_are_those_of_the_votes(step_mode):
    net = lively(build_network(CONFIG, step_mode=step_mode, seed=1)).eval()
    images = noise(CONFIG)
    stepped = lively(build_network(CONFIG, seed=1)).eval()
    reference = as_spikingjelly(stepped)
    with torch.no_grad():
        pixels = torch.from_numpy(images.batch(range(12)))
        functional.reset_net(reference)
        drive = reference[0](pixels)
        steps = torch.stack([reference[1](drive) for _ in range(5)])
        assert torch.allclose(net.firing_rates(pixels), steps.mean(0), atol=1e-6)
        assert torch.equal(net.firing_rates(pixels), net(pixels))
    # Whole numbers of votes, so that equal ones are equal.
    counts = (steps.cumsum(0) * 3).round()
    labels = torch.from_numpy(images.labels).long()
    found = evaluation_report(net, images, batch_size=5)
    assert found.correct_at.tolist() == (counts.argmax(2) == labels).sum(1).tolist()
    answers = counts[-1].argmax(1)
    assert predict(net, images.images).tolist() == answers.tolist()
    assert len(answers.unique()) > 1
    short = evaluate(net, images, batch_size=7)
    assert short.correct == found.correct == (answers == labels).sum()
    expected = F.mse_loss(steps.mean(0), F.one_hot(labels, 4).float()).item()
    assert found.loss == pytest.approx(expected, rel=1e-5)
    assert short.loss == pytest.approx(expected, rel=1e-5)
    assert found.macs["fc.3"] == 96 * 12
    hidden = found.firing_rate["fc.2"] * 5 * 96
    assert found.synops["fc.3"] == pytest.approx(hidden * 12)
    assert found.firing_rate["fc.4"] == pytest.approx(steps.mean().item(), rel=1e-5)
    assert channel_importance(net, images).correct == found.correct


@pytest.mark.parametrize(
    "changes",
    [{}, {"dropout": 0.0}, {"votes": 1}, {"T": 1, "v_reset": None}, {"image_size": (28, 28)}],
    ids=str,
)
@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_the_fast_network_learns_the_same_behind_the_same_masks(step_mode, changes):
    compiled_or_skip()
    config = replace(CONFIG, **changes)
    plain = lively(build_network(config, step_mode=step_mode, seed=0)).train()
    fast = FastNetwork(copy.deepcopy(plain))
    weight = torch.randn(6, 4, generator=torch.Generator().manual_seed(2))
    for seed in (1, 2):
        rates = []
        for net in (plain, fast):
            torch.manual_seed(seed)
            rates.append(net(pictures(config, seed=seed)))
            (rates[-1] * weight).sum().backward()
        assert torch.equal(*rates)
        assert 0 < rates[0].mean() < 1
    for (name, parameter), other in zip(
        plain.named_parameters(), fast.net.parameters(), strict=True
    ):
        size = parameter.grad.abs().max()
        assert size > 0, name
        assert torch.allclose(other.grad, parameter.grad, atol=1e-4 * size, rtol=0), name
    plain.eval()
    with torch.no_grad():
        fast.net.load_state_dict(plain.state_dict())
        images = pictures(config, 8, seed=5)
        assert torch.equal(fast.eval()(images), plain(images))


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_the_fast_network_drops_in_mixed_precision():
    compiled_or_skip()
    net = lively(build_network(replace(BEST, channels=16), seed=0)).train()
    fast = accelerate(net, 10**9, amp=True)
    assert isinstance(fast, FastNetwork)
    torch.manual_seed(0)
    expected = net(pictures(BEST))
    rates = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        with torch.autocast("cpu"):
            rates.append(fast(pictures(BEST)))
    assert rates[0].dtype == torch.float32
    difference = [(rate - expected).abs().mean() for rate in rates]
    assert difference[0] < 0.5 * difference[1], "other masks are further away than bfloat16 is"


def compiled_or_skip():
    try:
        native.library(torch.float32, 2)
    except CompilerError as error:
        pytest.skip(str(error))


def test_a_checkpoint_keeps_them(tmp_path):
    net = lively(build_network(CONFIG, seed=0)).eval()
    content = {"net": net.state_dict(), "network": net.config.as_dict()}
    checkpoint = load_checkpoint(save_checkpoint(content, tmp_path / "a.pth"))
    assert checkpoint.config == CONFIG
    with torch.no_grad():
        assert torch.equal(checkpoint.build_network()(pictures(CONFIG)), net(pictures(CONFIG)))
    assert checkpoint.build_network("m").fc[1].dropout.p == 0.4


def test_a_file_that_does_not_state_them_has_none(tmp_path):
    net = build_network(replace(CONFIG, dropout=0.0, votes=1))
    settings = asdict(net.config)
    del settings["dropout"], settings["votes"]
    content = {"net": net.state_dict(), "network": settings}
    assert load_checkpoint(save_checkpoint(content, tmp_path / "a.pth")).config == net.config


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"votes": 0}, "votes 0, expected 1"),
        ({"votes": 1.5}, "votes that is no integer"),
        ({"dropout": 1.0}, "dropout that is no number in"),
        ({"dropout": float("nan")}, "dropout that is no number in"),
        ({"dropout": "0"}, "dropout that is no number in"),
        ({"dropout": True}, "dropout that is no number in"),
    ],
    ids=str,
)
def test_settings_that_the_weights_contradict_are_refused(changes, match, tmp_path):
    net = build_network(CONFIG)
    content = {"net": net.state_dict(), "network": {**net.config.as_dict(), **changes}}
    with pytest.raises(CheckpointError, match=match):
        load_checkpoint(save_checkpoint(content, tmp_path / "a.pth"))


@pytest.mark.parametrize(
    ("votes", "match"),
    [
        (5, "has 12 output neurons, expected a multiple of 5 votes"),
        (4, "states num_classes 4, its weights have 3"),
    ],
)
def test_votes_that_the_weights_contradict_keep_the_network_back(votes, match, tmp_path):
    net = build_network(CONFIG)
    content = {"net": net.state_dict(), "network": {**net.config.as_dict(), "votes": votes}}
    checkpoint = load_checkpoint(save_checkpoint(content, tmp_path / "a.pth"))
    with pytest.raises(CheckpointError, match=match):
        checkpoint.build_network()


@pytest.mark.parametrize("wrong", [{"dropout": 1.0}, {"dropout": -0.1}, {"votes": 0}], ids=str)
def test_impossible_values_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        NetworkConfig(**wrong)
