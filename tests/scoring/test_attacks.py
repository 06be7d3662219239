"""Attacks, against gradients by hand: the surrogate's formula, and the chain rule in NumPy."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron, surrogate
from torch import nn

from snnviz.data import garments, to_input
from snnviz.errors import ConfigError
from snnviz.scoring.attacks import ATTACKS, EPSILONS, attack, input_gradient
from snnviz.scoring.running import Runner

ALPHA, COUNT = 2.0, 11


class Toy(nn.Module):
    """pixels -> hidden neurons, one step -> scores."""

    T = 1

    def __init__(self):
        super().__init__()
        self.flat = nn.Flatten()
        self.hidden = nn.Linear(784, 30, bias=False)
        self.node = neuron.IFNode(surrogate_function=surrogate.ATan(alpha=ALPHA))
        self.scores = nn.Linear(30, 10, bias=False)

    def forward(self, x):
        return self.scores(self.node(self.hidden(self.flat(x))))


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = Toy()
    with torch.no_grad():
        found.hidden.weight.mul_(4)
    return found.eval()


def scores_by_hand(net, x):
    hidden, out = (w.detach().double().numpy() for w in (net.hidden.weight, net.scores.weight))
    v = x.reshape(len(x), -1).astype(float) @ hidden.T
    return v, (v >= 1) @ out.T


def gradient_by_hand(net, x, labels):
    """dL/dx = W^T (g'(v - 1) * V^T (softmax - onehot)), with g' that of the arc tangent."""
    hidden, out = (w.detach().double().numpy() for w in (net.hidden.weight, net.scores.weight))
    v, scores = scores_by_hand(net, x)
    e = np.exp(scores - scores.max(1, keepdims=True))
    error = e / e.sum(1, keepdims=True) - np.eye(10)[labels]
    slope = ALPHA / 2 / (1 + (np.pi / 2 * ALPHA * (v - 1)) ** 2)
    return ((error @ out * slope) @ hidden).reshape(x.shape)


def drawn(first, shape):
    return np.stack([
        np.random.default_rng((first + n, 5)).uniform(-1, 1, shape[1:]) for n in range(shape[0])
    ]).astype(np.float32)  # fmt: skip


def test_the_gradient_is_that_of_the_surrogate(net):
    images = garments(8)
    pixels = to_input(images.images)
    with Runner(net).running(pixels) as running:
        found = input_gradient(
            running, torch.from_numpy(pixels), torch.from_numpy(images.labels.astype(np.int64))
        )
    expected = gradient_by_hand(net, pixels, images.labels)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3, atol=1e-6)
    assert np.abs(expected).max() > 1e-3


def test_the_attacks_are_those_done_by_hand(net):
    images = garments(COUNT)
    pixels, labels = to_input(images.images), images.labels
    # The network's own answers as labels: all are right before.
    labels = scores_by_hand(net, pixels)[1].argmax(1)
    with Runner(net).running(pixels) as running:
        found = attack(running, pixels, labels, steps=4, seed=5, first=2)
    assert found.right.shape == (len(ATTACKS), len(EPSILONS), COUNT)
    assert not found.blind.any()

    def right(x):
        return scores_by_hand(net, x)[1].argmax(1) == labels

    start = drawn(2, pixels.shape)
    sign = np.sign(gradient_by_hand(net, pixels, labels)).astype(np.float32)
    for severity, e in enumerate(np.float32(EPSILONS)):
        np.testing.assert_array_equal(
            found.right[0, severity], right(np.clip(pixels + e * np.sign(start), 0, 1))
        )
        np.testing.assert_array_equal(
            found.right[1, severity], right(np.clip(pixels + e * sign, 0, 1))
        )
        x, kept = np.clip(pixels + e * start, 0, 1), np.ones(COUNT, bool)
        for _ in range(4):
            kept &= right(x)
            step = np.sign(gradient_by_hand(net, x, labels)) * np.float32(2.5 * e / 4)
            x = np.clip(pixels + np.clip(x + step - pixels, -e, e), 0, 1).astype(np.float32)
        np.testing.assert_array_equal(found.right[2, severity], kept & right(x))
    assert found.right[0].mean() > found.right[1].mean() > found.right[2].mean()


def test_what_is_answered_wrongly_unchanged_is_no_success_of_robustness(net):
    images = garments(COUNT)
    pixels = to_input(images.images)
    wrong = (scores_by_hand(net, pixels)[1].argmax(1) + 1) % 10
    with Runner(net).running(pixels) as running:
        found = attack(running, pixels, wrong, steps=1)
    assert not found.right[2].any()


def test_images_without_a_gradient_are_counted(net):
    with torch.no_grad():
        net.scores.weight.zero_()
    pixels = to_input(garments(3).images)
    with Runner(net).running(pixels) as running:
        assert attack(running, pixels, np.zeros(3, int), steps=1).blind.all()


def test_a_network_that_passes_no_gradient_is_refused():
    class Closed(Toy):
        def forward(self, x):
            with torch.no_grad():
                return super().forward(x)

    pixels = to_input(garments(2).images)
    with (
        Runner(Closed().eval()).running(pixels) as running,
        pytest.raises(ConfigError, match="passes no gradient"),
    ):
        attack(running, pixels, np.zeros(2, int))


def test_weights_and_gradients_are_left_as_they_were(net):
    before = [parameter.clone() for parameter in net.parameters()]
    pixels = to_input(garments(2).images)
    with Runner(net).running(pixels) as running:
        attack(running, pixels, np.zeros(2, int), steps=1)
    assert all(map(torch.equal, before, net.parameters()))
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not isinstance(net.node.v, torch.Tensor) or not net.node.v.requires_grad
