"""Which layers of a network are neurons, and whose."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import base, layer, neuron
from torch import nn

from snnviz.adapters import frameworks
from snnviz.adapters.finding import UNKNOWN, find_layers, frameworks_of, known, load
from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import list_layers, record
from snnviz.errors import ConfigError


def found(net):
    return [(each.name, each.kind) for each in find_layers(net)]


def test_layers_come_in_the_order_of_registration():
    net = nn.Module()
    net.late, net.conv, net.early = neuron.LIFNode(), layer.Conv2d(1, 2, 3), neuron.IFNode()
    assert found(net) == [("late", "LIFNode"), ("early", "IFNode")]
    assert {each.framework.name for each in find_layers(net)} == {"SpikingJelly"}


def test_a_neuron_inside_a_layer_of_neurons_is_a_part_of_it():
    class Doubled(neuron.IFNode):
        def __init__(self):
            super().__init__()
            self.inner = neuron.LIFNode()

    net = nn.Sequential(Doubled(), neuron.IFNode())
    assert found(net) == [("0", "Doubled"), ("1", "IFNode")]
    # A name that begins alike is not inside.
    net = nn.Module()
    net.sn, net.sn2 = neuron.IFNode(), neuron.LIFNode()
    assert found(net) == [("sn", "IFNode"), ("sn2", "LIFNode")]


def test_one_object_at_two_names_is_one_layer():
    net = nn.Module()
    net.act = net.same = neuron.IFNode()
    assert found(net) == [("act", "IFNode")]


def test_a_users_own_subclass_is_of_the_framework_that_it_derives_from():
    class Mine(neuron.LIFNode):
        pass

    class Alone(base.MemoryModule):
        def forward(self, x):
            return x

    assert found(nn.Sequential(Mine())) == [("0", "Mine")]
    alone = find_layers(nn.Sequential(Alone()))[0]
    # It keeps a state, which makes it likely, and no more.
    assert not alone.framework.certain(alone.module)
    assert alone.framework.certain(Mine())


def test_what_puts_out_potentials_is_no_layer_of_neurons():
    with pytest.raises(
        ConfigError, match="Sequential has no spiking neurons of norse, sinabs, snn"
    ):
        find_layers(nn.Sequential(neuron.NonSpikingIFNode("max-mem"), nn.ReLU()))
    with pytest.raises(ConfigError, match="name the layer that spikes"):
        find_layers(nn.ReLU())


@pytest.mark.parametrize(
    ("package", "path", "make", "name"),
    [
        ("snntorch", "snntorch", lambda p: p.Leaky(beta=0.9), "snnTorch"),
        ("norse", "norse.torch", lambda p: p.LIFCell(), "Norse"),
        ("sinabs", "sinabs.layers", lambda p: p.IAF(), "sinabs"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_each_framework_is_known(package, path, make, name):
    room = pytest.importorskip(path, reason=f"{package} is not installed: .[frameworks]")
    (only,) = find_layers(nn.Sequential(nn.Linear(2, 2), make(room)))
    assert only.framework.name == name
    assert only.framework is load(package)


@pytest.mark.filterwarnings("ignore")
def test_layers_that_never_fire_are_left_out():
    norse = pytest.importorskip("norse.torch", reason="norse is not installed: .[frameworks]")
    layers = pytest.importorskip("sinabs.layers", reason="sinabs is not installed: .[frameworks]")
    net = nn.Sequential(norse.LICell(), layers.ExpLeak(tau_mem=3.0), norse.LIFCell())
    assert found(net) == [("2", "LIFCell")]


def test_known_frameworks_are_looked_up_each_time(tmp_path, monkeypatch):
    before = known()
    assert before == ["norse", "sinabs", "snntorch", "spikingjelly"]
    (tmp_path / "other.py").write_text("")
    monkeypatch.setattr(frameworks, "__path__", [*frameworks.__path__, str(tmp_path)])
    assert known() == sorted([*before, "other"])


def test_the_frameworks_of_a_module_begin_with_its_own_class():
    assert [each.name for each in frameworks_of(neuron.IFNode())] == ["SpikingJelly"]
    assert list(frameworks_of(nn.Conv2d(1, 1, 1))) == []


def test_an_unknown_layer_takes_what_comes():
    assert UNKNOWN.certain(nn.ReLU())
    assert UNKNOWN.axes(nn.ReLU(), torch.zeros(2)) == "step"
    assert UNKNOWN.emitted(nn.ReLU(), "no tensor") is None
    pair = (torch.ones(1), torch.zeros(1))
    assert UNKNOWN.emitted(nn.ReLU(), pair) is pair[0]


@pytest.mark.slow
def test_looking_for_layers_imports_no_framework_that_is_not_there():
    code = (
        "import sys, torch\n"
        "from snnviz.adapters.finding import find_layers, known\n"
        "known()\n"
        "try:\n"
        "    find_layers(torch.nn.Sequential(torch.nn.ReLU()))\n"
        "except Exception as error:\n"
        "    assert 'no spiking neurons' in str(error)\n"
        "there = {'snntorch', 'norse', 'sinabs', 'spikingjelly'} & set(sys.modules)\n"
        "assert not there, there"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_layers_of_a_wrapped_network_are_named_as_its_user_sees_them():
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), neuron.IFNode(), nn.Flatten(), neuron.IFNode())
    images = torch.rand(2, 1, 6, 6)
    net = nn.DataParallel(plain)
    recording = record(net, images, 3, layers="all")
    assert list(recording) == ["module.1", "module.3"]
    assert set(recording) <= {name for name, _ in net.named_modules()}
    assert [info.name for info in list_layers(net, images)] == ["module.1", "module.3"]
    encoder = split_encoder(net, "module.1")
    assert np.array_equal(encoder.encode(images, 3).steps(), recording["module.1"].steps())
    moved = encoder.to("cpu")
    moved.encode(images, 3)
    assert (encoder.layer, moved.layer) == ("module.1", "module.1")
    # The names of the network inside are understood, too.
    assert list(record(net, images, 3, layers=["3", "module.1"])) == ["module.1", "module.3"]
    assert list(record(nn.DataParallel(neuron.IFNode()), images, 3)) == ["module"]
    with pytest.raises(ConfigError, match=r"no layer 'module\.7'; choose from module\.1"):
        record(net, images, 3, layers="module.7")
