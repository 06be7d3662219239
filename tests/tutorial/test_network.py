"""The network against SpikingJelly's PythonNet, rewritten here as the tutorial has it."""

import pytest
import torch
from spikingjelly._ops import selection
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from snnviz.errors import ConfigError
from snnviz.tutorial.cuda import Neuron
from snnviz.tutorial.cuda.reference import fire
from snnviz.tutorial.network import (
    ConvSNN,
    NetworkConfig,
    build_network,
    build_neuron,
)
from tests.lively import lively


class PythonNet(nn.Module):
    """The tutorial's network of any width, on SpikingJelly's present neurons."""

    def __init__(self, T, channels=128):
        super().__init__()
        self.T = T

        def node():
            return neuron.IFNode(surrogate_function=surrogate.ATan())

        self.static_conv = nn.Sequential(
            nn.Conv2d(1, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.conv = nn.Sequential(
            node(),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            node(),
            nn.MaxPool2d(2, 2),
        )
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * 7 * 7, channels * 4 * 4, bias=False),
            node(),
            nn.Linear(channels * 4 * 4, 10, bias=False),
            node(),
        )

    def forward(self, x):
        x = self.static_conv(x)
        out = self.fc(self.conv(x))
        for _ in range(1, self.T):
            out = out + self.fc(self.conv(x))
        return out / self.T


@pytest.fixture
def images(drawn_images):
    return torch.from_numpy(drawn_images.batch(range(6)))


def test_state_dicts_load_strictly_both_ways():
    ours, theirs = build_network(NetworkConfig()), PythonNet(T=4)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)


@pytest.mark.parametrize("T", [1, 4, 8])
@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("training", [False, True])
def test_firing_rates_are_the_tutorials(T, step_mode, training, images):
    if training and step_mode == "m" and T > 1:
        pytest.skip("BatchNorm of the second block sees all steps together in multi-step mode")
    theirs = lively(PythonNet(T, channels=8)).train(training)
    ours = build_network(NetworkConfig(T=T, channels=8), step_mode=step_mode).train(training)
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        expected = theirs(images)
        rates = ours(images)
    assert torch.equal(rates, expected)
    assert rates.shape == (6, 10)
    assert 0 < rates.mean() < 1


@pytest.mark.parametrize("T", [1, 4, 8])
@pytest.mark.parametrize(("v_threshold", "v_reset"), [(1.0, 0.0), (0.7, 0.1), (1.0, None)])
def test_rates_without_the_nodes_are_those_with_them(T, v_threshold, v_reset, images):
    config = NetworkConfig(T=T, channels=8, v_threshold=v_threshold, v_reset=v_reset)
    net = lively(build_network(config, seed=3)).eval()
    with torch.no_grad():
        expected = net(images)
    assert torch.equal(net.firing_rates(images), expected)
    assert 0 < expected.mean() < 1


def test_gradients_are_the_tutorials(images):
    theirs = lively(PythonNet(4, channels=4)).train()
    ours = build_network(NetworkConfig(channels=4)).train()
    ours.load_state_dict(theirs.state_dict())
    for net in (ours, theirs):
        net(images).square().sum().backward()
    for (name, mine), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine.grad, reference.grad), name
    assert ours.static_conv[0].weight.grad.abs().max() > 0


def test_two_images_in_a_row_do_not_influence_each_other(images):
    net = lively(build_network(NetworkConfig(channels=8))).eval()
    with torch.no_grad():
        alone = [net(image[None]) for image in images]
        assert torch.equal(net(images[:1]), alone[0])
        assert torch.equal(net(images[1:2]), alone[1])


def test_the_stateless_prefix_runs_once(images):
    net = build_network(NetworkConfig(T=8, channels=4)).eval()
    calls = []
    net.static_conv.register_forward_hook(lambda *_: calls.append(1))
    net(images)
    assert calls == [1]


def test_the_image_may_be_of_another_size():
    net = build_network(
        NetworkConfig(channels=3, image_size=(20, 13), num_classes=4, in_channels=2)
    )
    assert net(torch.rand(2, 2, 20, 13)).shape == (2, 4)


def test_a_seed_repeats_and_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first = build_network(NetworkConfig(channels=3), seed=4)
    assert torch.equal(torch.rand(1), expected)
    second = build_network(NetworkConfig(channels=3), seed=4)
    third = build_network(NetworkConfig(channels=3), seed=5)
    assert torch.equal(first.fc[1].weight, second.fc[1].weight)
    assert not torch.equal(first.fc[1].weight, third.fc[1].weight)


def test_neurons_are_spikingjellys_with_the_atan_surrogate():
    net = ConvSNN(NetworkConfig(channels=3, v_threshold=0.5, v_reset=None))
    nodes = [module for module in net.modules() if isinstance(module, neuron.IFNode)]
    assert len(nodes) == 4
    assert all(isinstance(node.surrogate_function, surrogate.ATan) for node in nodes)
    assert {(node.v_threshold, node.v_reset) for node in nodes} == {(0.5, None)}
    functional.reset_net(net)


@pytest.mark.parametrize(
    "wrong",
    [{"T": 0}, {"channels": 0}, {"num_classes": -1}, {"in_channels": 0}, {"image_size": (28, 3)}],
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ConfigError, match="at least"):
        NetworkConfig(**wrong)


@pytest.mark.parametrize("v_reset", [0.0, None])
@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_potentials_are_float32_under_autocast(step_mode, v_reset, monkeypatch):
    """In half precision sums round across the threshold, and no kernel of SpikingJelly's runs."""

    def refuse(*_):
        raise AssertionError("a GPU would leave its kernels")

    monkeypatch.setattr(selection, "_require_automatic_torch", refuse)
    generator = torch.Generator().manual_seed(0)
    drive = (torch.rand(64, 1000, generator=generator) / 4).bfloat16().requires_grad_()
    node = build_neuron(NetworkConfig(v_reset=v_reset), step_mode)
    with torch.autocast("cpu", torch.bfloat16):
        spikes = node(drive) if step_mode == "m" else torch.stack([node(x) for x in drive])
    expected = fire(drive.float(), Neuron(v_reset=v_reset))
    assert torch.equal(spikes.float(), expected)
    assert node.v.dtype == torch.float32
    spikes.float().sum().backward()
    assert drive.grad.dtype == torch.bfloat16
    in_half = fire_in_its_own_type(drive.detach(), v_reset)
    assert not torch.equal(in_half, expected), "a test that half precision would pass"


def fire_in_its_own_type(drive, v_reset):
    """Spikes of neurons whose potentials have the type of the drive."""
    v, spikes = torch.zeros_like(drive[0]), []
    for x in drive:
        v = v + x
        spikes.append((v >= 1).float())
        v = torch.where(v >= 1, v - 1 if v_reset is None else 0, v)
    return torch.stack(spikes)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"T": 2.5}, "T must be a whole number, got 2.5"),
        ({"image_size": (28, 28, 28)}, "a height and a width"),
        ({"v_threshold": 0.0}, "above v_reset, got 0.0 and 0.0"),
        ({"v_threshold": -0.5, "v_reset": None}, "above v_reset"),
        ({"v_threshold": float("nan")}, "above v_reset, got nan"),
        ({"v_threshold": float("inf")}, "above v_reset, got inf"),
        ({"v_reset": float("nan")}, "and nan"),
        ({"v_reset": 2.0}, "got 1.0 and 2.0"),
    ],
)
def test_neurons_that_cannot_fire_or_rest_are_refused(wrong, message):
    """What a checkpoint of it would be refused for."""
    with pytest.raises(ConfigError, match=message):
        NetworkConfig(**wrong)


def test_settings_are_kept_as_they_are_compared():
    config = NetworkConfig(image_size=[9, 12], v_threshold=1, v_reset=0)  # type: ignore[arg-type]
    assert config == NetworkConfig(image_size=(9, 12))
    build_network(config)(torch.zeros(1, 1, 9, 12))


def test_an_unknown_step_mode_is_refused():
    with pytest.raises(ConfigError, match="'x'"):
        build_network(step_mode="x")  # type: ignore[arg-type]
