"""Networks of sinabs: its layers by their constructors, and torch networks it converted."""

from collections.abc import Callable
from functools import partial
from typing import Any

import sinabs.layers as sl
import torch
from sinabs import from_torch
from sinabs.activation import MaxSpike, MembraneReset, MembraneSubtract, SingleSpike
from sinabs.utils import set_batch_size
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import lively, squeezed, time_second

_Neuron = Callable[[], nn.Module]


def reset(net: nn.Module) -> None:
    """Set back every layer's state, also of those that sinabs.reset_states overlooks."""
    for module in net.modules():
        if isinstance(module, sl.StatefulLayer):
            module.reset_states()


def squeezed_batch(net: nn.Module, images: Tensor, T: int) -> object:
    """Tell the squeezing layers of the batch, then run all images at once."""
    set_batch_size(net, len(images))
    reset(net)
    return squeezed(net, images, T)


def five_axes(net: nn.Module, images: Tensor, T: int) -> object:
    """Run a network of [N, T, ...] from rest."""
    reset(net)
    return time_second(net, images, T)


def _repeated(neuron: _Neuron) -> nn.Module:
    """Repeat around what knows no time: [N, T, C, H, W]."""
    return nn.Sequential(
        sl.Repeat(nn.Conv2d(1, 4, 3)),
        neuron(),
        sl.Repeat(nn.AvgPool2d(2)),
        nn.Flatten(2),
        nn.Linear(80, 10),
        sl.IAF(),
    )


def _dense(neuron: _Neuron) -> nn.Module:
    """Linear layers, which know any number of axes: [N, T, K]."""
    return nn.Sequential(nn.Flatten(2), nn.Linear(120, 24), neuron(), nn.Linear(24, 10))


def _squeezing(neuron: _Neuron) -> nn.Module:
    """Layers that unflatten by themselves: [N*T, C, H, W]."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        neuron(),
        sl.SumPool2d(2),
        nn.Flatten(),
        nn.Linear(80, 10),
        sl.IAFSqueeze(num_timesteps=4),
    )


def _unflattening(neuron: _Neuron) -> nn.Module:
    """FlattenTime and UnflattenTime around the convolution: [N, T, C, H, W]."""
    return nn.Sequential(
        sl.FlattenTime(), nn.Conv2d(1, 4, 3), sl.UnflattenTime(batch_size=3), neuron()
    )


_BODIES: dict[Callable[[_Neuron], nn.Module], tuple[str, str]] = {
    _repeated: ("[N, T, ...]", "1"),
    _dense: ("[N, T, ...]", "2"),
    _squeezing: ("[N*T, ...]", "1"),
    _unflattening: ("[N, T, ...]", "3"),
}


def _constructor(
    name: str,
    neuron: _Neuron,
    reset: str = "soft",
    body: Callable[[_Neuron], nn.Module] = _repeated,
    **more: Any,
) -> Network:
    """Return the network of a layer that its constructor made."""
    form, layer = _BODIES[body]
    common = {
        "neuron": type(neuron()).__name__,
        "origin": "constructor",
        "shape": (1, 12, 10),
        "run": squeezed if form == "[N*T, ...]" else five_axes,
        "build": lively(body, neuron, gain=more.pop("gain", 3.0)),
        "layer": layer,
        "form": form,
        "reset": reset,
    }
    return Network(f"sinabs/{name}", framework="sinabs", **common | more)


def _recurrent(make: Any, **settings: Any) -> _Neuron:
    return lambda: make(rec_connect=nn.Linear(24, 24, bias=False), **settings)


class _BothSigns(SingleSpike):
    """A user's own rule: +1 above the threshold, -1 below its negative."""

    @staticmethod
    def forward(_: Any, v_mem: Tensor, spike_threshold: Tensor, __: Any) -> Tensor:
        return (v_mem >= spike_threshold).float() - (v_mem <= -spike_threshold).float()


_zero = MembraneReset()
_per_channel = torch.tensor([0.4, 0.9, 1.6, 5.0]).view(4, 1, 1)
_once = {"spike_fn": SingleSpike}

LAYERS = [
    _constructor("iaf", sl.IAF),
    _constructor("iaf_single_spike", partial(sl.IAF, spike_fn=SingleSpike)),
    _constructor("iaf_reset", partial(sl.IAF, reset_fn=_zero), "hard"),
    _constructor("iaf_reset_single", partial(sl.IAF, reset_fn=_zero, **_once), "hard"),
    _constructor("iaf_reset_elsewhere", partial(sl.IAF, reset_fn=MembraneReset(-0.3)), "hard"),
    _constructor("iaf_subtract_less", partial(sl.IAF, reset_fn=MembraneSubtract(0.4)), "soft"),
    _constructor("iaf_at_most_two", partial(sl.IAF, spike_fn=MaxSpike(2)), "soft"),
    _constructor("iaf_bounded", partial(sl.IAF, min_v_mem=-0.5), "soft"),
    _constructor("iaf_synapse", partial(sl.IAF, tau_syn=5.0), "soft"),
    _constructor("iaf_thresholds", partial(sl.IAF, spike_threshold=_per_channel)),
    _constructor("iaf_records_states", partial(sl.IAF, record_states=True)),
    _constructor("iaf_analog", partial(sl.IAF, spike_fn=None, reset_fn=None), refused="analog"),
    _constructor("iaf_both_signs", partial(sl.IAF, spike_fn=_BothSigns), refused="sign"),
    _constructor("lif", partial(sl.LIF, tau_mem=4.0), gain=8.0),
    _constructor(
        "lif_reset", partial(sl.LIF, tau_mem=4.0, reset_fn=_zero, **_once), "hard", gain=8.0
    ),
    _constructor("lif_unnormalized", partial(sl.LIF, tau_mem=10.0, norm_input=False)),
    _constructor(
        "lif_trained_alphas",
        partial(sl.LIF, tau_mem=6.0, tau_syn=3.0, train_alphas=True),
        gain=12.0,
    ),
    _constructor(
        "lif_taus", partial(sl.LIF, tau_mem=torch.linspace(1, 30, 24)), body=_dense, gain=20.0
    ),
    _constructor(
        "alif",
        partial(sl.ALIF, tau_mem=torch.tensor(5.0), tau_adapt=torch.tensor(8.0)),
        "other",
        gain=12.0,
    ),
    _constructor(
        "alif_unnormalized",
        partial(sl.ALIF, tau_mem=torch.tensor(5.0), tau_adapt=torch.tensor(2.0), norm_input=False),
        "other",
    ),
    _constructor(
        "lif_recurrent", _recurrent(sl.LIFRecurrent, tau_mem=5.0, norm_input=False), body=_dense
    ),
    _constructor("iaf_recurrent", _recurrent(sl.IAFRecurrent, **_once), body=_dense),
    _constructor(
        "alif_recurrent",
        _recurrent(sl.ALIFRecurrent, tau_mem=torch.tensor(5.0), tau_adapt=torch.tensor(9.0)),
        "other",
        _dense,
        gain=12.0,
    ),
    _constructor("iaf_squeeze_steps", partial(sl.IAFSqueeze, num_timesteps=4), body=_squeezing),
    _constructor(
        "lif_squeeze",
        partial(sl.LIFSqueeze, tau_mem=5.0, norm_input=False, num_timesteps=4),
        body=_squeezing,
    ),
    _constructor(
        "iaf_squeeze_three",
        partial(sl.IAFSqueeze, batch_size=3),
        body=_squeezing,
        run=squeezed_batch,
    ),
    _constructor(
        "iaf_squeeze_one",
        partial(sl.IAFSqueeze, batch_size=1, reset_fn=_zero),
        "hard",
        _squeezing,
        run=squeezed_batch,
    ),
    _constructor(
        "iaf_squeeze_both", partial(sl.IAFSqueeze, batch_size=3, num_timesteps=4), body=_squeezing
    ),
    _constructor("unflatten_time", sl.IAF, body=_unflattening),
    _constructor(
        "exp_leak_only",
        partial(sl.ExpLeak, tau_mem=5.0),
        "none",
        _dense,
        refused="no spiking layer",
        layer="",
    ),
]


def _analog() -> nn.Sequential:
    """Return a convolutional network of torch alone, as one would train it first."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 4, 3),
        sl.NeuromorphicReLU(),
        nn.Flatten(),
        nn.Linear(4 * 4 * 3, 10),
    )


class _AnalogModule(nn.Module):
    """A torch network with a forward of its own, for sinabs to convert."""

    def __init__(self) -> None:
        super().__init__()
        self.relu2 = nn.ReLU()
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Linear(6 * 12 * 10, 10)
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu2(self.fc2(self.relu1(self.conv1(2 * x)).flatten(1)))


def _converted(make: Any, whole: bool, **settings: Any) -> nn.Module:
    """Convert a network; whole is sinabs' Network with both, else its spiking model alone."""
    network = from_torch.from_model(make(), **settings)
    return network if whole else network.spiking_model


def _conversion(name: str, make: Any, whole: bool, layer: str, **more: Any) -> Network:
    """Return a network that sinabs made of one of torch."""
    common = {
        "neuron": "IAFSqueeze",
        "reset": "soft",
        "form": "[N*T, ...]",
        "origin": "zoo",
        "shape": (1, 12, 10),
        "run": squeezed_batch,
    }
    settings = more.pop("settings", {"batch_size": 1})
    build = lively(partial(_converted, make, whole, **settings))
    return Network(f"sinabs/{name}", framework="sinabs", layer=layer, build=build, **common | more)


_DUMMY = {"batch_size": 2, "input_shape": (1, 12, 10)}  # runs two empty images at once

CONVERTED = [
    _conversion("converted", _analog, False, "1"),
    _conversion(
        "converted_steps", _analog, False, "1", settings={"num_timesteps": 4}, run=squeezed
    ),
    _conversion("converted_network", _analog, True, "spiking_model.1"),
    _conversion(
        "converted_after_dummy", _AnalogModule, True, "spiking_model.relu1", settings=_DUMMY
    ),
    _conversion(
        "converted_synops",
        _analog,
        True,
        "spiking_model.1",
        settings={"batch_size": 1, "synops": True},
    ),
    _conversion("converted_module", _AnalogModule, False, "relu1"),
    _conversion(
        "converted_output",
        _analog,
        True,
        "spiking_model.1",
        settings={"batch_size": 1, "add_spiking_output": True},
    ),
    _conversion(
        "converted_unsqueezed",
        lambda: nn.Sequential(nn.Flatten(2), nn.Linear(120, 30), nn.ReLU()),
        False,
        "2",
        settings={
            "spike_layer_class": sl.IAF,
            "min_v_mem": None,
            "reset_fn": _zero,
            "spike_fn": SingleSpike,
        },
        neuron="IAF",
        form="[N, T, ...]",
        reset="hard",
        run=five_axes,
    ),
]

NETWORKS = [*LAYERS, *CONVERTED]
