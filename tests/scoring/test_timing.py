"""Timing as a whole, against networks run by hand over fewer steps."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from snnviz.data import garments, to_input
from snnviz.errors import ConfigError, DataError
from snnviz.metrics import early_exit, fit_temperature
from snnviz.scoring.reading import one_half
from snnviz.scoring.stepwise import Stepwise
from snnviz.scoring.timing import CONFIDENCES, timing
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

T, COUNT = 3, 14


@pytest.fixture
def net():
    return lively(build_network(NetworkConfig(T=T, channels=4), seed=0)).eval()


class StepOutputs(nn.Module):
    """An output a step, of T steps by itself."""

    def __init__(self):
        super().__init__()
        self.flat, self.fc = nn.Flatten(), nn.Linear(784, 20)
        self.node = neuron.IFNode(surrogate_function=surrogate.ATan())
        self.out = nn.Linear(20, 10)
        with torch.no_grad():
            self.fc.weight.mul_(3)

    def forward(self, x):
        drive = self.fc(self.flat(x))
        return torch.stack([self.out(self.node(drive)) for _ in range(T)])


def seeded(cls):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return cls().eval()


def test_outputs_up_to_each_step_are_those_of_shorter_runs(net):
    images = garments(COUNT).images
    found = Stepwise(net, images).scores(images)
    assert found.shape == (T, COUNT, 10)
    for t in range(1, T + 1):
        shorter = build_network(replace(net.config, T=t)).eval()
        shorter.load_state_dict(net.state_dict())
        expected = shorter.firing_rates(torch.from_numpy(to_input(images)))
        np.testing.assert_allclose(found[t - 1], expected, atol=1e-6)


def test_outputs_of_each_step_are_averaged():
    net, images = seeded(StepOutputs), garments(COUNT).images
    with torch.no_grad():
        outputs = net(torch.from_numpy(to_input(images))).double().numpy()
    functional.reset_net(net)
    found = Stepwise(net, images).scores(images)
    for t in range(T):
        np.testing.assert_allclose(found[t], outputs[: t + 1].mean(0), rtol=1e-6, atol=1e-7)


def test_fisher_information_is_the_squared_gradient_of_each_image():
    net, images = seeded(StepOutputs), garments(4)
    found = Stepwise(net, images.images).fisher(images.images, images.labels)
    assert found.shape == (4, T)
    pixels = torch.from_numpy(to_input(images.images))
    for n, label in enumerate(images.labels.tolist()):
        for t in range(T):
            net.zero_grad()
            functional.reset_net(net)
            p = torch.softmax(net(pixels[n : n + 1])[: t + 1].mean(0)[0], dim=0)[label]
            torch.log(p).backward()
            expected = sum(float(w.grad.square().sum()) for w in net.parameters())
            assert found[n, t] == pytest.approx(expected, rel=1e-3)
    functional.reset_net(net)


def test_fisher_information_of_the_tutorials_network_by_shorter_runs(net):
    images = garments(2)
    found = Stepwise(net, images.images).fisher(images.images, images.labels)
    pixels = torch.from_numpy(to_input(images.images))
    for t in range(1, T + 1):
        shorter = build_network(replace(net.config, T=t)).eval()
        shorter.load_state_dict(net.state_dict())
        for n, label in enumerate(images.labels.tolist()):
            shorter.zero_grad()
            torch.log_softmax(shorter(pixels[n : n + 1])[0], dim=0)[label].backward()
            expected = sum(float(w.grad.square().sum()) for w in shorter.parameters())
            assert found[n, t - 1] == pytest.approx(expected, rel=1e-3)
    assert all(weight.grad is None for weight in net.parameters())


def test_the_answers_are_those_of_one_half_of_the_images(net):
    images = garments(COUNT)
    half = one_half(COUNT)
    assert half.sum() == 7
    rest, labels = ~half, images.labels[~half]
    found = timing(net, images, fisher=3, start=net)
    scores = Stepwise(net, images.images).scores(images.images)
    temperature = fit_temperature(scores[-1, half], images.labels[half])
    assert (found.T, found.total, found.fitted) == (T, 7, 7)
    assert found.temperature == pytest.approx(temperature)
    assert found.chance == np.bincount(labels).max() / 7
    for t, each in enumerate(found.at):
        assert each.correct == (scores[t, rest].argmax(1) == labels).sum()
        assert each.steps == (t + 1, t + 1, t + 1)
    assert found.at[-1].paired[:3] == (0, 0, 0)
    for each, confidence in zip(found.exits, CONFIDENCES, strict=True):
        steps, answers = early_exit(scores[:, rest], confidence, temperature)
        assert each.steps.value == pytest.approx(steps.mean())
        assert each.correct == (answers == labels).sum()
    assert found.fisher_images == 3
    assert found.centroid == found.untrained_centroid
    assert 1 <= found.centroid.low <= found.centroid.high <= T
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["at"][1]["steps"]["value"] == 2


def test_one_output_for_all_steps_is_refused_where_no_fewer_can_be_made():
    class Fixed(StepOutputs):
        def forward(self, x):
            return super().forward(x).mean(0)

    with pytest.raises(ConfigError, match="one output for all 3 steps and makes no fewer"):
        timing(seeded(Fixed), garments(4), T=T)


def test_without_gradients_fisher_information_is_left_out_and_said():
    class Closed(StepOutputs):
        def forward(self, x):
            with torch.no_grad():
                return super().forward(x)

    found = timing(seeded(Closed), garments(4))
    assert found.notes[-1] == (
        "Fisher information is left out: the network passes no gradient on to its weights"
    )
    assert found.fisher == ()
    assert found.centroid is None


def test_answers_that_do_not_tell_classes_apart_are_said_to_be_none():
    class Same(StepOutputs):
        def forward(self, x):
            return super().forward(x) * 0

    class Sure(StepOutputs):
        """Answers what the test asks for: each image's mean brightness, apart as far as can be."""

        def forward(self, x):
            bright = x.flatten(1).mean(1) > brightness
            return super().forward(x) * 0 + torch.eye(10)[bright.long()]

    images = garments(8)
    means = images.images.mean(axis=(1, 2)) / 255
    brightness = float(np.median(means))
    told = replace(images, labels=(means > brightness).astype(int), classes=("dark", "bright"))
    said = "do not tell the classes apart"
    assert any(said in note for note in timing(seeded(Same), told, fisher=0).notes)
    assert not any(said in note for note in timing(seeded(Sure), told, fisher=0).notes)


def test_what_is_refused(net):
    images = garments(4)
    with pytest.raises(DataError, match="no labels"):
        timing(net, replace(images, labels=None))
    with pytest.raises(DataError, match="two or more"):
        timing(net, images.head(1))
    with pytest.raises(DataError, match="class 12"):
        timing(net, replace(images, labels=np.full(4, 12), classes=()))
    with pytest.raises(ConfigError, match="fisher must be at least 0"):
        timing(net, images, fisher=-1)
