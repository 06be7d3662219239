"""A user's own network: made by their code, with weights from a file in any wrapping."""

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.models import build_model, load_weights
from snnviz.errors import CheckpointError, ConfigError

CODE = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

class Net(nn.Module):
    def __init__(self, channels=3):
        super().__init__()
        self.conv = nn.Conv2d(1, channels, 3)
        self.norm = nn.BatchNorm2d(channels)
        self.sn = neuron.LIFNode()
        self.fc = nn.Linear(channels * 36, 4)
    def forward(self, x):
        return self.fc(self.sn(self.norm(self.conv(x))).flatten(1))

def wide():
    return Net(5)

ready = Net()
number = 7

def fails():
    raise ValueError("no such width")

def gives_none():
    pass
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(CODE)
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "__init__.py").write_text("from kit.parts import wide\n")
    (tmp_path / "kit" / "parts.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("spec", "channels"),
    [("nets.py:Net", 3), ("nets.py:wide", 5), ("nets.py:ready", 3), ("kit:wide", 5),
     ("kit.parts:Net", 3)],
)  # fmt: skip
def test_a_file_or_a_module_gives_a_network(spec, channels, place):  # noqa: ARG001
    assert build_model(spec).conv.out_channels == channels


def test_a_seed_decides_on_the_weights_and_leaves_the_generator(place):  # noqa: ARG001
    build_model("nets.py:Net", seed=0)  # imports it, which makes a network of chance
    state = torch.get_rng_state()
    first, again, other = (build_model("nets.py:Net", seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.conv.weight, again.conv.weight)
    assert not torch.equal(first.conv.weight, other.conv.weight)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nets.py", "named as package.module:factory or file.py:factory, got 'nets.py'"),
        ("gone.py:Net", "no file gone.py"),
        ("nowhere.at.all:Net", "cannot be imported: ModuleNotFoundError"),
        ("nets.py:Nett", "has no 'Nett'"),
        ("nets.py:number", "is int"),
        ("nets.py:fails", "raised ValueError: no such width"),
        ("nets.py:gives_none", "gives NoneType, expected a torch.nn.Module"),
    ],
)
def test_what_gives_no_network_is_a_sentence(spec, said, place):  # noqa: ARG001
    with pytest.raises(ConfigError) as raised:
        build_model(spec)
    assert said in str(raised.value)


WRAPPINGS = {
    "plain": lambda state: state,
    "under net": lambda state: {"net": state, "epoch": 3},
    "data parallel": lambda state: {f"module.{name}": value for name, value in state.items()},
    "compiled": lambda state: {"model": {f"_orig_mod.{n}": value for n, value in state.items()}},
    "lightning": lambda state: {"state_dict": {f"net.{n}": value for n, value in state.items()}},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_weights_in_any_wrapping(wrapping, place):
    saved, net = build_model("nets.py:Net", seed=1), build_model("nets.py:Net", seed=2)
    torch.save(WRAPPINGS[wrapping](saved.state_dict()), place / "w.pth")
    assert len(load_weights(net, place / "w.pth")) == 64
    for name, value in saved.state_dict().items():
        assert torch.equal(net.state_dict()[name], value), name


def test_a_whole_network_gives_its_weights_and_no_code_runs(place):
    saved, net = build_model("kit.parts:Net", seed=1), build_model("nets.py:Net", seed=2)
    torch.save(saved, place / "w.pth")
    load_weights(net, place / "w.pth")
    assert torch.equal(net.conv.weight, saved.conv.weight)


def test_a_network_of_linear_layers_has_no_convolution_to_be_told_by(tmp_path):
    saved, net = (nn.Sequential(nn.Linear(4, 3), neuron.IFNode()) for _ in range(2))
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "w.pth")
    load_weights(net, tmp_path / "w.pth")
    assert torch.equal(net[0].weight, saved[0].weight)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("fc.bias"), "lacks weights of Net: 'fc.bias' are missing"),
        (
            lambda state: state.update({"conv.weight": torch.zeros(4, 1, 3, 3)}),
            "lacks weights of Net: 'conv.weight' have another size",
        ),
        (lambda state: state.update({"more.weight": torch.zeros(2)}), "also holds 'more.weight'"),
    ],
)
def test_other_weights_are_refused_and_none_is_taken(change, said, place):
    state = build_model("nets.py:Net", seed=1).state_dict()
    change(state)
    torch.save(state, place / "w.pth")
    net = build_model("nets.py:Net", seed=2)
    before = net.fc.weight.clone()
    with pytest.raises(CheckpointError) as raised:
        load_weights(net, place / "w.pth")
    assert said in str(raised.value)
    assert torch.equal(net.fc.weight, before)


def test_what_a_run_left_in_a_state_dict_is_no_weight(tmp_path):
    layers = pytest.importorskip("sinabs.layers")

    def build():
        return nn.Sequential(nn.Conv2d(1, 2, 3), layers.IAF())

    saved, net = build(), build()
    with torch.no_grad():
        saved[1](saved[0](torch.rand(6, 1, 5, 5)).unsqueeze(0))
    assert saved.state_dict()["1.v_mem"].numel() > 0  # of that run's batch
    torch.save(saved.state_dict(), tmp_path / "w.pth")
    load_weights(net, tmp_path / "w.pth")
    assert torch.equal(net[0].weight, saved[0].weight)
    assert net[1].v_mem.numel() == 0
