"""Still images from pixels to spikes at once, against the frameworks' own steps."""

import numpy as np
import pytest
import sinabs.layers
import torch
from sinabs.activation import MembraneReset
from spikingjelly.activation_based import neuron
from torch import nn

import snnviz
from snnviz.adapters import stepping, still
from snnviz.compiling import CompilerError
from snnviz.neurons import fused
from snnviz.neurons.fused import Convolution
from tests.adapters.test_stepping import NODES, RULES_OUT, Net, own_sinabs, stepped

try:
    fused.library()
except CompilerError as error:
    pytestmark = pytest.mark.skip(reason=str(error))

ALL = (
    NODES
    | RULES_OUT
    | {
        "LIF of sinabs, several": (
            lambda: sinabs.layers.LIF(3.0, reset_fn=MembraneReset()),
            own_sinabs,
        ),
        "IF": (neuron.IFNode, stepped),
    }
)
STEPPED = {*RULES_OUT}


@pytest.fixture(autouse=True)
def always(monkeypatch):
    monkeypatch.setattr(still, "_WORTH_LOADING", 0)
    monkeypatch.setattr(stepping, "_WORTH", 1)


@pytest.fixture
def passes(monkeypatch):
    """Which compiled passes were made over how many images."""
    made = []

    def noted(name, whole):
        def counting(self, images, *more):
            made.append((name, len(images)))
            return whole(self, images, *more)

        return counting

    for name in ("first_spike", "drive"):
        monkeypatch.setattr(Convolution, name, noted(name, getattr(Convolution, name)))
    return made


def network(name, T, stride=1):
    torch.manual_seed(1)
    make, own = ALL[name]
    return Net(make(), own, T, stride).eval()


def images_of(count, size=(9, 14)):
    images = torch.rand(count, 1, *size, generator=torch.Generator().manual_seed(3))
    images[0] = 0  # dark
    return images


@torch.no_grad()
def own_steps(net, images):
    return net(images).float().numpy()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("T", "stride"), [(1, 1), (13, 2), (32, 1)])
def test_the_frameworks_own_spikes(name, T, stride, passes):
    net, images = network(name, T, stride), images_of(11)
    record = snnviz.split_encoder(net).encode(images, T)
    expected = own_steps(net, images)
    np.testing.assert_array_equal(record.steps(), expected)
    for t in {0, T // 2, T - 1}:
        np.testing.assert_array_equal(record.count(t), expected[: t + 1].sum(axis=0))
    assert expected.any()
    assert not expected.all()
    assert record.most == expected.max()
    way = ("drive", 8) if name in STEPPED else ("first_spike", 11)
    assert way in passes
    if name in ("IAF", "LIF of sinabs, several"):
        assert record.most > 1
    elif name not in STEPPED:
        assert record.is_renewal


@pytest.mark.parametrize("name", ["LIF", "Leaky zero", "LIFBox", "IAF"])
@pytest.mark.parametrize("count", [1, 2, 8, 9])
def test_however_many_images(name, count, passes):
    net, images = network(name, 6), images_of(9).flip(0)[:count]
    encoder = snnviz.split_encoder(net)
    for some in (images, images.flip(0)):
        np.testing.assert_array_equal(encoder.encode(some, 6).steps(), own_steps(net, some))
    assert (("first_spike", count) in passes) == (count > 8)


@pytest.mark.parametrize("name", ["QIF", "IAF", "LIF", "IF"])
def test_drives_beyond_what_is_known(name, passes):
    net, images = network(name, 9), images_of(12)
    with torch.no_grad():
        images[4] *= 3000
        images[7, 0, 0, 0] = -500
        net.norm.bias[5] = -3.0
    record = snnviz.split_encoder(net).encode(images, 9)
    expected = own_steps(net, images)
    np.testing.assert_array_equal(record.steps(), expected)
    np.testing.assert_array_equal(record.first_spike == 9, ~expected.any(axis=0))
    assert record.most == expected.max()
    assert ("first_spike", 12) in passes
    assert (("drive", 8) in passes[2:]) == (name != "IF")
    assert expected.max() > 99 or name != "IAF"


def test_a_last_bit_that_differs_goes_torchs_way(passes, monkeypatch):
    net, images = network("LIF", 7), images_of(10)
    encoder = snnviz.split_encoder(net)
    encoder.encode(images, 7)
    assert ("first_spike", 10) in passes
    passes.clear()
    drive = Convolution.drive

    def other(self, images):
        values = drive(self, images)
        values.flat[-1] = np.nextafter(values.flat[-1], np.float32(np.inf))
        return values

    monkeypatch.setattr(Convolution, "drive", other)
    np.testing.assert_array_equal(encoder.encode(images, 7).steps(), own_steps(net, images))
    assert passes == [("drive", 8)]


def test_weights_that_change_are_seen(passes):
    net, images = network("Leaky zero", 7), images_of(10)
    encoder = snnviz.split_encoder(net)
    before = encoder.encode(images, 7).steps()
    with torch.no_grad():
        for some in (net, encoder._net):
            some.conv.weight.mul_(-1.5)
            some.norm.running_mean.add_(0.05)
    after = encoder.encode(images, 7).steps()
    np.testing.assert_array_equal(after, own_steps(net, images))
    assert (after != before).any()
    assert passes.count(("first_spike", 10)) == 2


class Deciding(Net):
    """Images as bright as this go another way."""

    def forward(self, images):
        if bool(images.mean() > 0.9):
            images = 1 - images
        return super().forward(images)


def test_a_network_that_looks_at_values_is_run(passes):
    torch.manual_seed(1)
    net, images = Deciding(neuron.LIFNode(), stepped, 5).eval(), images_of(16)
    images[8:] = 0.95
    record = snnviz.split_encoder(net).encode(images, 5)
    expected = np.concatenate([own_steps(net, images[:8]), own_steps(net, images[8:])], axis=1)
    np.testing.assert_array_equal(record.steps(), expected)
    assert not passes


class Narrow(Net):
    """Its stem computes in bfloat16."""

    def forward(self, images):
        with torch.autocast("cpu", torch.bfloat16):
            drive = self.norm(self.conv(images))
        return self.own(self.node, drive, self.T)


def test_a_drive_of_another_type_is_stepped(passes):
    torch.manual_seed(1)
    net, images = Narrow(neuron.LIFNode(), stepped, 5).eval(), images_of(10)
    record = snnviz.split_encoder(net).encode(images, 5)
    np.testing.assert_array_equal(record.steps(), own_steps(net, images))
    assert not passes


def test_without_a_compiler_it_is_torch_without_a_word(passes, monkeypatch, recwarn):
    monkeypatch.setattr(still, "is_worth", lambda *_: False)
    net, images = network("IAF", 5), images_of(10)
    encoder = snnviz.split_encoder(net)
    slow = encoder.encode(images, 5)
    assert not passes
    monkeypatch.undo()
    monkeypatch.setattr(still, "_WORTH_LOADING", 0)
    fast = snnviz.split_encoder(net).encode(images, 5)
    np.testing.assert_array_equal(slow.steps(), fast.steps())
    assert not recwarn.list


def test_colour_images_and_a_larger_kernel(passes):
    torch.manual_seed(2)
    stem = nn.Sequential(nn.Conv2d(3, 6, 5, 2, 1), nn.BatchNorm2d(6))
    stem[0].weight.data *= 3
    net = nn.Sequential(*stem, neuron.LIFNode(step_mode="s")).eval()
    images = torch.rand(9, 3, 12, 17)
    record = snnviz.split_encoder(net).encode(images, 11)
    with torch.no_grad():
        expected = stepped(neuron.LIFNode(), stem(images), 11).numpy()
    np.testing.assert_array_equal(record.steps(), expected)
    assert ("first_spike", 9) in passes
    assert expected.any()
