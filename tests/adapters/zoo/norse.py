"""Networks of Norse: its cells and layers by their constructors, and its own models."""

from collections.abc import Callable
from typing import Any

import norse.torch as norse
import torch
from norse.task.mnist import LIFConvNet
from norse.task.speech_commands import model as speech
from norse.torch.functional import izhikevich
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import lively, once, time_first

_Neuron = Callable[[], nn.Module]


def stepped(net: nn.Module, images: Tensor, T: int) -> None:
    """Hand the state of one step to the next; the first begins without one."""
    state = None
    for _ in range(T):
        _, state = net(images, state)


def _cells(neuron: _Neuron) -> nn.Module:
    """Convolution, cell, pool, readout: one step a call."""
    return norse.SequentialState(
        nn.Conv2d(1, 4, 5),
        neuron(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 3, 10),
        norse.LICell(),
    )


def _layers(neuron: _Neuron) -> nn.Module:
    """Lifted convolution, layer, lifted pool, readout: [T, N, C, H, W]."""
    return norse.SequentialState(
        norse.Lift(nn.Conv2d(1, 4, 5)),
        neuron(),
        norse.Lift(nn.MaxPool2d(2)),
        nn.Flatten(2),
        norse.Lift(nn.Linear(4 * 4 * 3, 10)),
        norse.LI(),
    )


def _lifted(neuron: _Neuron) -> nn.Module:
    """Lift around a cell: the state lives as long as the call."""
    return nn.Sequential(norse.Lift(nn.Conv2d(1, 4, 5)), norse.Lift(neuron()))


def _dense_cells(neuron: _Neuron) -> nn.Module:
    """A cell of [N, K]: one step a call."""
    return norse.SequentialState(nn.Flatten(), nn.Linear(120, 30), neuron(), nn.Linear(30, 10))


def _dense_layers(neuron: _Neuron) -> nn.Module:
    """A layer of [T, N, K], straight on the pixels."""
    return norse.SequentialState(nn.Flatten(2), neuron(), nn.Linear(30, 10))


def _own_weights(neuron: _Neuron) -> nn.Module:
    """A cell that brings its input weights: one step a call."""
    return norse.SequentialState(nn.Flatten(), neuron(), nn.Linear(24, 10))


def _lifted_whole(neuron: _Neuron) -> nn.Module:
    """Lift around a whole network of cells."""
    return norse.Lift(_cells(neuron))


_BODIES: dict[Callable[[_Neuron], nn.Module], tuple[str, str]] = {
    _cells: ("one step a call", "1"),
    _layers: ("[T, N, ...]", "1"),
    _lifted: ("[T, N, ...]", "1.lifted_module"),
    _dense_cells: ("one step a call", "2"),
    _dense_layers: ("[T, N, ...]", "1"),
    _own_weights: ("one step a call", "1"),
    _lifted_whole: ("[T, N, ...]", "lifted_module.1"),
}


def _constructor(
    name: str,
    neuron: _Neuron,
    reset: str = "hard",
    body: Callable[[_Neuron], nn.Module] = _cells,
    gain: float = 12.0,
    **more: Any,
) -> Network:
    """Return the network of a neuron that its constructor made."""
    form, layer = _BODIES[body]
    common = {
        "neuron": type(neuron()).__name__,
        "origin": "constructor",
        "shape": (1, 12, 10),
        "T": 8,
        "run": stepped if form == "one step a call" else time_first,
        "build": lively(body, neuron, gain=gain),
        "layer": layer,
        "form": form,
        "reset": reset,
    }
    return Network(f"norse/{name}", framework="norse", **common | more)


def _lif(**settings: Any) -> norse.LIFParameters:
    return norse.LIFParameters(**{key: _number(value) for key, value in settings.items()})


def _number(value: Any) -> Any:
    return value if isinstance(value, str) else torch.as_tensor(value)


def _box(**settings: Any) -> _Neuron:
    return lambda: norse.LIFBoxCell(norse.LIFBoxParameters(**settings))


def _iaf(**settings: Any) -> _Neuron:
    return lambda: norse.IAFCell(
        norse.IAFParameters(**{key: torch.as_tensor(value) for key, value in settings.items()})
    )


def _resting_elsewhere() -> nn.Module:
    """Resets to another potential than the one in which it begins."""
    return norse.LIFCell(_lif(v_leak=0.2, v_reset=-0.6, v_th=0.9))


def _thresholds() -> nn.Module:
    return norse.LIFCell(_lif(v_th=torch.tensor([0.3, 0.8, 1.4, 3.0]).view(4, 1, 1)))


CELLS = [
    _constructor("lif_cell", norse.LIFCell),
    _constructor("lif_cell_slow_step", lambda: norse.LIFCell(_lif(v_th=0.4), dt=0.004)),
    _constructor("lif_cell_rest", _resting_elsewhere),
    _constructor("lif_cell_thresholds", _thresholds),
    _constructor("lif_cell_tanh", lambda: norse.LIFCell(_lif(method="tanh"))),
    _constructor(
        "lif_cell_adjoint", lambda: norse.LIFCell(_lif(method="adjoint")), refused="adjoint"
    ),  # which Norse's own threshold function does not know
    _constructor("lif_box_cell", norse.LIFBoxCell),
    _constructor("lif_box_subtract", _box(reset_method=norse.reset_subtract), "soft"),
    _constructor("lif_box_rest", _box(v_reset=torch.tensor(-0.4), v_leak=torch.tensor(0.1))),
    _constructor("iaf_cell", norse.IAFCell, gain=3.0),
    _constructor("iaf_cell_reset_up", _iaf(v_reset=0.4, v_th=0.9), gain=3.0),
    _constructor("lif_refrac_cell", norse.LIFRefracCell, "other"),
    _constructor("lif_adex_cell", norse.LIFAdExCell, "other"),
    _constructor("lif_ex_cell", norse.LIFExCell, "other"),
    _constructor("lsnn_cell", norse.LSNNCell, "other", _dense_cells),
    _constructor(
        "izhikevich_cell",
        lambda: norse.IzhikevichCell(izhikevich.tonic_spiking),
        "other",
        gain=150.0,
        T=12,
    ),
    _constructor("lif_dense", norse.LIFCell, body=_dense_cells),
    _constructor("lif_adex_refrac_cell", norse.LIFAdExRefracCell, "other"),
    _constructor("lif_recurrent_cell", lambda: norse.LIFRecurrentCell(120, 24), body=_own_weights),
    _constructor(
        "lif_refrac_recurrent_cell",
        lambda: norse.LIFRefracRecurrentCell(120, 24),
        "other",
        _own_weights,
    ),
    _constructor(
        "izhikevich_recurrent_cell",
        lambda: norse.IzhikevichRecurrentCell(
            120,
            24,
            izhikevich.tonic_spiking,
            input_weights=nn.Parameter(30 * torch.randn(24, 120)),
        ),
        "other",
        _own_weights,
        T=12,
    ),
    _constructor("lif_mc_cell", lambda: norse.LIFMCRecurrentCell(120, 24), "hard", _own_weights),
    _constructor("li_cell_only", norse.LICell, "none", refused="no spiking layer", layer=""),
]

LAYERS = [
    _constructor("lif", norse.LIF, body=_layers),
    _constructor("lif_records_states", lambda: norse.LIF(record_states=True), body=_layers),
    _constructor("iaf", norse.IAF, body=_layers, gain=3.0),
    _constructor("lif_ex", norse.LIFEx, "other", _layers),
    _constructor("lif_adex", norse.LIFAdEx, "other", _layers),
    _constructor("lsnn", norse.LSNN, "other", _layers),
    _constructor("lifted_whole", norse.LIFCell, body=_lifted_whole),
    _constructor("lifted_lif_cell", norse.LIFCell, body=_lifted),
    _constructor("lifted_lif_box", _box(reset_method=norse.reset_subtract), "soft", _lifted),
    _constructor(
        "lif_recurrent", lambda: norse.LIFRecurrent(120, 30, _lif(v_th=0.2)), "hard", _dense_layers
    ),
    _constructor(
        "lif_refrac_recurrent", lambda: norse.LIFRefracRecurrent(120, 30), "other", _dense_layers
    ),
    _constructor("lsnn_recurrent", lambda: norse.LSNNRecurrent(120, 30), "other", _dense_layers),
]


def _zoo(name: str, make: Any, *args: Any, **more: Any) -> Network:
    """Return a network of norse.torch.models."""
    common = {
        "neuron": "LIFCell",
        "reset": "hard",
        "form": "[T, N, ...]",
        "origin": "zoo",
        "layer": "lif0",
        "shape": (1, 28, 28),
        "T": 6,
        "run": time_first,
        "build": lively(make, *args, gain=12.0),
    }
    return Network(f"norse/{name}", framework="norse", **common | more)


def _mobilenet(width: float) -> nn.Module:
    return norse.mobilenet_v2(width_mult=width, num_classes=10)


def _vgg() -> nn.Module:
    return norse.vgg11(num_classes=10, init_weights=False)


_COLOUR = {"shape": (3, 32, 32), "neuron": "LIF", "T": 4}

_SPEECH = {"shape": (120,), "layer": "cell", "T": 8}
_ITSELF = {"form": "its own loop", "run": once, "layer": "rsnn.lif0", "T": 8}

MODELS = [
    _zoo("task_mnist", LIFConvNet, 784, 8, 12.0, **_ITSELF),
    _zoo("task_mnist_first_spikes", LIFConvNet, 784, 8, 12.0, "super", True, **_ITSELF),
    _zoo("task_speech_lif", speech.lif_model, 24, 120, neuron="LIFRecurrentCell", **_SPEECH),
    _zoo(
        "task_speech_lsnn",
        speech.lsnn_model,
        24,
        120,
        neuron="LSNNRecurrentCell",
        **_SPEECH | {"reset": "other"},
    ),
    _zoo("convnet", norse.ConvNet),
    _zoo("convnet_tanh", norse.ConvNet, 1, 28, "tanh"),
    _zoo("convnet4", norse.ConvNet4),
    _zoo("vgg11", _vgg, layer="features.1", **_COLOUR),
    _zoo("mobilenet_v2", _mobilenet, 1.0, layer="features.0.2", **_COLOUR),
    _zoo("mobilenet_v2_narrow", _mobilenet, 0.25, layer="", refused="concatenate", **_COLOUR),
]

NETWORKS = [*CELLS, *LAYERS, *MODELS]
