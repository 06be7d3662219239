"""Where the compiled pass stands in for torch's layers, and where it does not."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters import fusing
from snnviz.adapters.chain import ChainEncoder
from snnviz.compiling import CompilerError
from snnviz.errors import ShapeError
from snnviz.neurons import fused

try:
    fused.library()
except CompilerError as error:
    pytestmark = pytest.mark.skip(reason=str(error))


@pytest.fixture(autouse=True)
def always(monkeypatch):
    monkeypatch.setattr(fusing, "_WORTH_CHECKING", 0)
    monkeypatch.setattr(fusing._Ledger, "hopeless", False)


@pytest.fixture
def passes(monkeypatch):
    """How often the compiled pass was taken."""
    taken = []
    whole = fused.Convolution.first_spike

    def counting(self, *arguments):
        taken.append(1)
        return whole(self, *arguments)

    monkeypatch.setattr(fused.Convolution, "first_spike", counting)
    return taken


def stepped(encoder, images, T):
    """Spike counts of each step by SpikingJelly's own neuron, added up."""
    node = neuron.IFNode(v_threshold=encoder.node.v_threshold, v_reset=encoder.node.v_reset)
    with torch.no_grad():
        drive = encoder.prefix(images)
        counts, total = [], 0
        for _ in range(T):
            total = total + node(drive)
            counts.append(total.numpy().copy())
    return counts


def encoder_of(*layers, **neurons):
    torch.manual_seed(3)
    prefix = nn.Sequential(*layers)
    for layer in prefix:
        if isinstance(layer, nn.BatchNorm2d):
            with torch.no_grad():
                if layer.running_mean is not None:
                    layer.running_mean.uniform_(-0.2, 0.2)
                    layer.running_var.uniform_(0.02, 0.2)
                if layer.weight is None:
                    continue
                layer.weight.uniform_(-1.5, 1.5)
                layer.bias.uniform_(-0.2, 0.4)
                layer.weight[0], layer.bias[0] = 0.1, -50.0  # silent
                layer.weight[1], layer.bias[1] = 0.1, 50.0  # saturated
    return ChainEncoder.of(prefix, neuron.IFNode(**neurons), 8)


@pytest.mark.parametrize("T", [1, 8, 17, 64, 255])
@pytest.mark.parametrize("size", [(28, 28), (5, 9), (33, 2)])
def test_the_tutorials_layers(T, size, passes):
    encoder = encoder_of(nn.Conv2d(1, 9, 3, padding=1, bias=False), nn.BatchNorm2d(9))
    images = torch.rand(7, 1, *size, generator=torch.Generator().manual_seed(1))
    record = encoder.encode(images, T)
    assert passes
    expected = stepped(encoder, images, T)
    for t in {0, T // 2, T - 1}:
        np.testing.assert_array_equal(record.count(t), expected[t])
    assert not record.count(T - 1)[:, 0].any()
    assert (record.count(T - 1)[:, 1] == T).all()


@pytest.mark.parametrize(
    ("layers", "known"),
    [
        ((nn.Conv2d(1, 6, 5, stride=2, padding=2), nn.BatchNorm2d(6)), True),
        ((nn.Conv2d(3, 6, 3),), True),
        ((nn.Conv2d(2, 6, 3, padding=(0, 2), dilation=2, bias=False), nn.BatchNorm2d(6)), True),
        ((nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6, affine=False)), True),
        # What it does not know.
        ((nn.Conv2d(2, 6, 3, groups=2), nn.BatchNorm2d(6)), False),
        ((nn.Conv2d(1, 6, 3, padding="same"),), False),
        ((nn.Conv2d(1, 6, 3, padding=1, padding_mode="reflect"),), False),
        ((nn.Conv2d(1, 6, 3), nn.MaxPool2d(2)), False),
    ],
)
@pytest.mark.parametrize("v_reset", [0.0, -0.5])
def test_other_layers(layers, known, v_reset, passes):
    encoder = encoder_of(*layers, v_threshold=0.3, v_reset=v_reset)
    channels = layers[0].in_channels
    images = torch.rand(17, channels, 12, 15, generator=torch.Generator().manual_seed(2))
    record = encoder.encode(images, 9)
    expected = stepped(encoder, images, 9)
    np.testing.assert_array_equal(record.count(8), expected[8])
    assert bool(passes) == known
    assert len(np.unique(record.count(8))) > 2


def test_a_last_bit_that_differs_goes_torchs_way(passes, monkeypatch):
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    images = torch.rand(2, 1, 8, 8)
    encoder.encode(images, 4)
    assert len(passes) == 1
    drive = fused.Convolution.drive

    def other(self, images):
        values = drive(self, images)
        values.flat[-1] = np.nextafter(values.flat[-1], np.float32(np.inf))
        return values

    monkeypatch.setattr(fused.Convolution, "drive", other)
    record = encoder.encode(images, 4)
    assert len(passes) == 1
    np.testing.assert_array_equal(record.count(3), stepped(encoder, images, 4)[3])


def test_black_images_prove_nothing(passes):
    """Their sums are the bias alone, in whichever order the terms of others are added."""
    encoder = encoder_of(nn.Conv2d(1, 64, 5, padding=2), v_threshold=0.3)
    images = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(4))
    images[0] = 0
    layer = encoder._proven(images, 8)
    np.testing.assert_array_equal(layer.drive(images.numpy()), encoder.drive(images).numpy())
    record = encoder.encode(images, 8)
    np.testing.assert_array_equal(record.count(7), stepped(encoder, images, 8)[7])
    assert len(passes) == 1
    encoder.encode(torch.zeros_like(images), 8)
    assert len(passes) == 1


def test_weights_that_change_are_seen(passes):
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    images = torch.rand(2, 1, 8, 8)
    encoder.encode(images, 4)
    with torch.no_grad():
        encoder.prefix[0].weight *= -1.7
        encoder.prefix[1].bias += 0.3
    np.testing.assert_array_equal(
        encoder.encode(images, 4).count(3), stepped(encoder, images, 4)[3]
    )
    assert len(passes) == 2


def test_hooks_are_not_passed_over(passes):
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    encoder.prefix[0].register_forward_hook(lambda _layer, _given, result: result * 2)
    images = torch.rand(2, 1, 8, 8)
    np.testing.assert_array_equal(
        encoder.encode(images, 4).count(3), stepped(encoder, images, 4)[3]
    )
    assert not passes


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 3e38])
def test_what_is_not_finite_is_refused(wrong):
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    images = torch.zeros(2, 1, 8, 8)
    images[1] = 1.0  # the first image's drive is finite
    with torch.no_grad():
        encoder.prefix[0].weight[2] = wrong
    with pytest.raises(ShapeError, match="not finite"):
        encoder.encode(images, 4)


def test_without_a_compiler_it_is_torch_without_a_word(passes, monkeypatch, recwarn):
    def none():
        raise CompilerError

    monkeypatch.setattr(fused, "is_at_hand", lambda: False)
    monkeypatch.setattr(fusing, "_WORTH_COMPILING", 0)
    monkeypatch.setattr(fused, "library", none)
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    images = torch.rand(2, 1, 8, 8)
    times = encoder.encode(images, 4).first_spike
    monkeypatch.undo()
    assert not passes
    assert not recwarn.list
    np.testing.assert_array_equal(times, encoder.encode(images, 4).first_spike)


def test_it_is_compiled_only_for_many(passes, monkeypatch):
    monkeypatch.setattr(fused, "is_at_hand", lambda: False)
    monkeypatch.setattr(fusing, "_WORTH_COMPILING", 1000)
    monkeypatch.setattr(fusing._Ledger, "neurons", 0)
    encoder = encoder_of(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
    images = torch.rand(1, 1, 10, 10)
    for _ in range(3):  # 400 neurons each
        encoder.encode(images, 4)
    assert len(passes) == 1
