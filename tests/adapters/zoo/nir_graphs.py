"""Graphs of NIR, each imported by the framework that is to run it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import nir
import norse.torch as norse
import numpy as np
from sinabs.nir import from_nir
from snntorch.import_nir import import_from_nir
from torch import nn

from tests.adapters.zoo import norse as norse_zoo
from tests.adapters.zoo import snntorch as snntorch_zoo
from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import lively, squeezed

_Import = Callable[[nir.NIRGraph], nn.Module]
_Neuron = Callable[[np.ndarray], nir.NIRNode]


def _convolution(read: _Import, neuron: _Neuron, batch_axes: int) -> nn.Module:
    """Import convolution, neuron, flatten, affine, on 12 x 10 pixels."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 1, 3, 3)).astype("float32")
    graph = nir.NIRGraph.from_list(
        nir.Conv2d((12, 10), weight, 1, 0, 1, 1, np.zeros(4, "float32")),
        neuron(np.ones((4, 10, 8), "float32")),
        nir.Flatten({"input": np.array([4, 10, 8])}, batch_axes, -1),
        nir.Affine(rng.normal(size=(10, 320)).astype("float32"), np.zeros(10, "float32")),
    )
    return read(graph)


def _dense(read: _Import, neuron: _Neuron) -> nn.Module:
    """Import affine, neuron, affine, on 120 pixels in a row."""
    rng = np.random.default_rng(0)
    graph = nir.NIRGraph.from_list(
        nir.Affine(rng.normal(size=(24, 120)).astype("float32") / 5, np.zeros(24, "float32")),
        neuron(np.ones(24, "float32")),
        nir.Affine(rng.normal(size=(10, 24)).astype("float32"), np.zeros(10, "float32")),
    )
    return read(graph)


def _if(ones: np.ndarray) -> nir.IF:
    return nir.IF(r=ones, v_threshold=1.3 * ones)


def _lif(ones: np.ndarray) -> nir.LIF:
    return nir.LIF(tau=0.004 * ones, r=ones, v_leak=0 * ones, v_threshold=0.6 * ones)


def _slow_lif(ones: np.ndarray) -> nir.LIF:
    """Return neurons whose time constants are steps, as sinabs understands them."""
    return nir.LIF(tau=5 * ones, r=ones, v_leak=0 * ones, v_threshold=1.5 * ones)


def _cuba(ones: np.ndarray) -> nir.CubaLIF:
    return nir.CubaLIF(
        tau_syn=0.003 * ones,
        tau_mem=0.004 * ones,
        r=ones,
        v_leak=0 * ones,
        v_threshold=0.4 * ones,
        w_in=ones,
    )


def _graph(
    framework: str, name: str, neuron: str, layer: str, make: Any, *args: Any, **more: Any
) -> Network:
    """Return a network that a framework read from a graph."""
    common = {
        "reset": "hard",
        "form": "one step a call",
        "origin": "constructor",
        "shape": (120,) if make is _dense else (1, 12, 10),
        "T": 8,
        "run": norse_zoo.stepped,
        "build": lively(make, *args, gain=more.pop("gain", 1.0)),
    }
    return Network(
        f"{framework}/nir_{name}", framework=framework, neuron=neuron, layer=layer, **common | more
    )


_of_norse = partial(_graph, "norse")
_of_snntorch = partial(_graph, "snntorch", run=snntorch_zoo.stepped)
_of_sinabs = partial(_graph, "sinabs", run=squeezed, form="[N*T, ...]", reset="soft", T=4)


def _sinabs(graph: nir.NIRGraph) -> nn.Module:
    return from_nir(graph, num_timesteps=4)


NETWORKS = [
    _of_norse("if", "IAFCell", "if", _convolution, norse.from_nir, _if, 1),
    _of_norse("lif", "LIFBoxCell", "lif", _convolution, norse.from_nir, _lif, 1, gain=2.0),
    _of_norse(
        "cuba", "LIFBoxCell", "cubalif.lif", _convolution, norse.from_nir, _cuba, 1, gain=4.0
    ),
    _of_norse("dense", "IAFCell", "if", _dense, norse.from_nir, _if),
    _of_sinabs("if", "IAFSqueeze", "if", _convolution, _sinabs, _if, 0),
    _of_sinabs("lif", "LIFSqueeze", "lif", _dense, _sinabs, _slow_lif),
    _of_sinabs("cuba", "", "", _dense, _sinabs, _cuba, refused="no spiking layer"),
    _of_snntorch(
        "lif", "Leaky", "lif", _dense, import_from_nir, _lif, gain=40.0, reset="hard, delayed"
    ),
    _of_snntorch(
        "lif_conv",
        "Leaky",
        "lif",
        _convolution,
        import_from_nir,
        _lif,
        1,
        gain=40.0,
        reset="hard, delayed",
    ),
]
