"""The encoder of a whole pickled network whose classes are gone."""

import sys
import types

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from snnviz.adapters.recording import record
from snnviz.adapters.reviving import revive_encoder
from snnviz.errors import CheckpointError
from snnviz.tutorial.encoder import load_encoder

CODE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.features = nn.Sequential(*layers)
    def forward(self, x):
        return self.features(x)

class Odd(nn.Module):
    def forward(self, x):
        return x * 2
"""


@pytest.fixture
def module():
    """A module of a user's, which is gone when the file is read."""
    made = types.ModuleType("their_nets")
    exec(CODE, made.__dict__)
    for cls in (made.Net, made.Odd):
        cls.__module__ = "their_nets"
    sys.modules["their_nets"] = made
    yield made
    sys.modules.pop("their_nets", None)


def saved(net, path):
    torch.save(net, path)
    sys.modules.pop("their_nets")
    return path


FIRST = {
    "strided": lambda: (nn.Conv2d(1, 4, 5, stride=2, padding=1), nn.BatchNorm2d(4)),
    "pooled": lambda: (nn.AvgPool2d(2), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)),
    "linear": lambda: (nn.Flatten(), nn.Linear(16 * 14, 12, bias=False)),
    "wrapped": lambda: (layer.Conv2d(1, 4, 3, groups=1), layer.BatchNorm2d(4), nn.Dropout(0.4)),
}
NEURONS = {
    "if": lambda: neuron.IFNode(v_threshold=0.3),
    "soft": lambda: neuron.IFNode(v_threshold=0.2, v_reset=None),
    "lif": lambda: neuron.LIFNode(tau=1.5, v_threshold=0.2, decay_input=False),
    "plif": lambda: neuron.ParametricLIFNode(init_tau=3.0, v_threshold=0.1),
}


@pytest.mark.parametrize("node", NEURONS)
@pytest.mark.parametrize("first", FIRST)
def test_its_first_spikes_are_those_of_the_network(first, node, module, tmp_path):
    torch.manual_seed(3)
    net = module.Net(*FIRST[first](), NEURONS[node](), nn.Flatten(), nn.LazyLinear(10))
    images = 4 * torch.rand(3, 1, 16, 14)
    net(images)  # BatchNorm has seen something, and neurons have a state
    functional.reset_net(net)
    want = record(net.eval(), images, 5)
    path = saved(net, tmp_path / "net.pth")
    encoder, sha256 = revive_encoder(path)
    assert len(sha256) == 64
    found = record(encoder, images, 5)
    (ours,), (theirs,) = found.values(), want.values()
    assert np.array_equal(ours.steps(), theirs.steps())
    assert ours.count(4).max() > 0


def test_load_encoder_says_what_is_assumed(module, tmp_path):
    net = module.Net(nn.Conv2d(1, 4, 5), neuron.IFNode(v_threshold=0.2))
    images = torch.rand(2, 1, 9, 9)
    (want,) = record(net, images, 4).values()
    path = saved(net, tmp_path / "net.pth")
    with pytest.warns(UserWarning, match="in the order in which they are registered"):
        encoder = load_encoder(path)
    assert np.array_equal(encoder.encode(images, 4).steps(), want.steps())


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (lambda m: (m.Odd(), neuron.IFNode()), "of class 'their_nets.Odd' before its first"),
        (lambda _: (nn.Conv2d(1, 2, 3), neuron.QIFNode()), "neurons of class 'QIFNode'"),
        (
            lambda _: (
                nn.Conv2d(1, 2, 3),
                neuron.IFNode(surrogate_function=surrogate.Sigmoid(spiking=False)),
            ),
            "put out no spikes",
        ),
        (lambda _: (nn.Linear(4, 2), nn.Softmax(1)), "of class 'torch.nn.modules.activation.Soft"),
        (lambda _: (nn.Conv2d(1, 2, 3), nn.ReLU()), "without spiking neurons"),
    ],
)
def test_what_cannot_be_known_is_refused(layers, said, module, tmp_path):
    path = saved(module.Net(*layers(module)), tmp_path / "net.pth")
    with pytest.raises(CheckpointError) as raised:
        revive_encoder(path)
    assert said in str(raised.value)


def test_sizes_that_a_file_only_claims_take_no_memory(module, tmp_path):
    net = module.Net(nn.Conv2d(1, 2, 3), neuron.IFNode())
    net.features[0].in_channels = net.features[0].out_channels = 1 << 19
    path = saved(net, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="settings and weights do not fit"):
        revive_encoder(path)


def test_a_state_dict_says_nothing_of_layers(tmp_path):
    torch.save(nn.Sequential(nn.Conv2d(1, 2, 3)).state_dict(), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="does not say what its layers are"):
        revive_encoder(tmp_path / "w.pth")


def test_visualize_draws_it_and_says_so(module, tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(1)
    net = module.Net(nn.Conv2d(1, 4, 5), neuron.IFNode(v_threshold=0.2))
    saved(net, tmp_path / "net.pth")
    code, out, err = run(
        "visualize", "--ckpt", "net.pth", "--dataset", "garments", "--out-dir", "out"
    )
    assert code == 0
    assert "2 figure sets" in out
    (line,) = err.splitlines()
    assert "prove it with --model" in line
