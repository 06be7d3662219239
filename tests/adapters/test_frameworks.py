"""What docs/frameworks.md says: a framework is a file, and one rule has three trains."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters import frameworks
from snnviz.adapters.finding import known
from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import list_layers, record
from snnviz.errors import ConfigError

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"


def shown(title):
    """The file of that title on the page."""
    (text,) = re.findall(rf'```python title="{title}"\n(.*?)```', PAGE.read_text(), re.DOTALL)
    return text


@pytest.fixture
def toyspikes(tmp_path, monkeypatch):
    """The framework of the page, installed."""
    (tmp_path / "toyspikes.py").write_text(shown("toyspikes.py"))
    monkeypatch.syspath_prepend(tmp_path)
    import toyspikes

    yield toyspikes
    for name in ("toyspikes", f"{frameworks.__name__}.toyspikes"):
        sys.modules.pop(name, None)
    if hasattr(frameworks, "toyspikes"):
        del frameworks.toyspikes


@pytest.fixture
def adapter(tmp_path, monkeypatch):
    """What snnviz has to know of it: one file more."""
    folder = tmp_path / "adapters"
    folder.mkdir()
    (folder / "toyspikes.py").write_text(shown("snnviz/adapters/frameworks/toyspikes.py"))
    monkeypatch.setattr(frameworks, "__path__", [*frameworks.__path__, str(folder)])


def toy_network(toyspikes):
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Flatten(2),
        nn.Linear(20, 6),
        toyspikes.Integrator(threshold=0.4),
        nn.Linear(6, 3),
        toyspikes.Integrator(threshold=0.1),
    )


def summed(drive, threshold):
    """The toy's rule in NumPy: [T, N, K] of a drive [T, N, K]."""
    v, spikes = np.zeros_like(drive[0]), []
    for step in drive:
        v = v + step
        spikes.append(v > np.float32(threshold))
        v = v - np.float32(threshold) * spikes[-1]
    return np.stack(spikes)


def test_adding_a_framework_is_adding_a_file(toyspikes, adapter):
    del adapter
    images = torch.rand(3, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    net = toy_network(toyspikes)
    net(images[:2].unsqueeze(1))  # leaves potentials of two other images
    recording = record(net, images, T=9, layers="all")
    with torch.no_grad():
        drive = net[1](images.flatten(1)).numpy()
        first = summed(np.stack([drive] * 9), 0.4)
        second = summed(net[3](torch.from_numpy(first).float()).numpy(), 0.1)
    assert list(recording) == ["2", "4"]
    assert np.array_equal(recording["2"].spikes(), first)
    assert np.array_equal(recording["4"].spikes(), second)
    assert 0 < first.mean() < 1
    assert 0 < second.mean() < 1
    # A hard reset at 0 would give other trains.
    assert not np.array_equal(recording["2"].spikes()[1::2], recording["2"].spikes()[:-1:2])
    assert net[2].potential.shape == (2, 6)
    layer, _ = list_layers(net, images)
    assert (layer.kind, layer.framework, layer.shape) == ("Integrator", "toyspikes", (6,))
    encoder = split_encoder(net)
    assert np.array_equal(encoder.encode(images, 9).spikes(), first)
    assert np.array_equal(encoder.kernels, net[1].weight.detach().unflatten(1, (1, 4, 5)).numpy())
    assert known() == ["norse", "sinabs", "snntorch", "spikingjelly", "toyspikes"]


def test_without_the_file_its_neurons_are_none(toyspikes):
    images = torch.rand(3, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    net = toy_network(toyspikes)
    with pytest.raises(ConfigError, match="no spiking neurons of norse, sinabs, snntorch, spik"):
        record(net, images)
    assert known() == ["norse", "sinabs", "snntorch", "spikingjelly"]


def fires_at(net, T=8):
    """At which steps its neuron fires for a drive of 0.5, as often as it fires."""
    recording = record(net, torch.full((1, 1), 0.5), T)
    ((_, found),) = recording.items()
    return [t for t in range(T) for _ in range(int(found.steps()[t, 0, 0]))]


def row(framework):
    """The steps that the page tells of a framework."""
    (steps,) = re.findall(rf"^\| {framework} \|.*\| ([\d, ]+) \|$", PAGE.read_text(), re.MULTILINE)
    return [int(step) for step in steps.split(", ")]


def spiking(package):
    return pytest.importorskip(package, reason=f"{package} is not installed: .[frameworks]")


def test_one_rule_has_three_trains():
    snntorch, norse = spiking("snntorch"), spiking("norse.torch")
    layers = spiking("sinabs.layers")
    found = {
        "SpikingJelly": fires_at(nn.Sequential(neuron.IFNode())),
        "sinabs": fires_at(nn.Sequential(layers.IAF())),
        "snnTorch": fires_at(nn.Sequential(snntorch.Leaky(beta=1.0, init_hidden=True))),
        "Norse": fires_at(norse.SequentialState(norse.IAFCell())),
    }
    assert found == {
        "SpikingJelly": [1, 3, 5, 7],
        "sinabs": [1, 3, 5, 7],
        "snnTorch": [2, 4, 6],
        "Norse": [2, 5],
    }
    assert found == {framework: row(framework) for framework in found}


@pytest.mark.filterwarnings("ignore")
def test_a_graph_has_as_many_trains_as_importers(tmp_path, capsys):
    nir, norse = spiking("nir"), spiking("norse.torch")
    from_sinabs, from_snntorch = spiking("sinabs.nir"), spiking("snntorch.import_nir")
    one = np.ones(1, np.float32)

    def graph(node):
        affine = [nir.Affine(gain * np.eye(1, dtype=np.float32), 0 * one) for gain in (1, 2)]
        path = tmp_path / "network.nir"
        nir.write(path, nir.NIRGraph.from_list(affine[0], node, affine[1]))
        return nir.read(path)

    whole = graph(nir.IF(r=one, v_threshold=one))
    assert fires_at(norse.from_nir(whole)) == [2, 5]
    assert fires_at(from_sinabs.from_nir(whole, num_timesteps=8)) == [1, 3, 5, 7]
    leaky = graph(nir.LIF(tau=0.004 * one, r=one, v_leak=0 * one, v_threshold=0.15 * one))
    assert fires_at(norse.from_nir(leaky), 20) == list(range(1, 20, 2))
    assert fires_at(from_sinabs.from_nir(leaky, num_timesteps=20), 20) == sorted([*range(20)] * 3)
    assert fires_at(from_snntorch.import_from_nir(leaky), 20) == [14]
    capsys.readouterr()  # what an importer prints
    page = " ".join(PAGE.read_text().split())
    assert "fires at 2, 5 in Norse and at 1, 3, 5, 7 in sinabs" in page
    assert "1 spike in twenty steps in snnTorch, 10 in Norse, 60 in sinabs" in page


def test_neurons_that_all_fire_at_every_step_do_not_begin_anew():
    norse = spiking("norse.torch")
    assert fires_at(norse.SequentialState(norse.IAFCell(norse.IAFParameters(v_th=0.2)))) == [
        *range(8)
    ]


@pytest.mark.slow
def test_a_framework_is_imported_only_for_its_networks():
    code = (
        "import sys, torch, snnviz\n"
        "from spikingjelly.activation_based import neuron\n"
        "net = torch.nn.Sequential(torch.nn.Linear(2, 2), neuron.IFNode())\n"
        "snnviz.record(net, torch.rand(2, 2), T=2)\n"
        "loaded = {'snntorch', 'norse', 'sinabs', 'nir'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def _overriding(kind, *names):
    """A subclass of a neuron of SpikingJelly that overrides these methods, as in 0.0.0.0.14."""

    def never(self, *_):
        return torch.zeros_like(self.v)

    return type("Never", (kind,), dict.fromkeys(names, never))


@pytest.mark.parametrize("kind", [neuron.IFNode, neuron.LIFNode])
def test_steps_that_spikingjelly_no_longer_calls_are_told(kind):
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), _overriding(kind, "neuronal_fire")())
    nn.init.constant_(net[1].weight, 1.0)
    with pytest.warns(UserWarning, match="Never overrides neuronal_fire, which this version"):
        recording = record(net, torch.ones(2, 1, 2, 2), T=5)
    with torch.no_grad():  # the framework's own steps are what counts
        own = [net(torch.ones(2, 1, 2, 2)) for _ in range(5)]
    assert recording["2"].count(4).tolist() == torch.stack(own).sum(0).int().tolist()


def test_neurons_that_do_what_they_say_are_told_nothing(recwarn):
    class Own(neuron.IFNode):
        def single_step_functional_forward(self, *args, **kwargs):
            return super().single_step_functional_forward(*args, **kwargs)

        def neuronal_charge(self, x):
            self.v = self.v + x

    for node in (neuron.IFNode(), neuron.ParametricLIFNode(), neuron.ILIFNode(), Own()):
        record(nn.Sequential(nn.Flatten(), nn.Linear(4, 3), node), torch.ones(2, 1, 2, 2), T=5)
    assert not [each for each in recwarn if "overrides" in str(each.message)]
