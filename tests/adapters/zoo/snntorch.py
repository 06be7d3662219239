"""Networks of snnTorch: its neurons in torch.nn.Sequential, stepped from outside as its docs do."""

from collections.abc import Callable
from typing import Any

import snntorch as snn
import torch
from snntorch import surrogate
from snntorch.functional import quant
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import lively

_STEP = "one step a call"
_Neuron = Callable[[], nn.Module]


def stepped(net: nn.Module, images: Tensor, T: int) -> None:
    """Reset every neuron, also those that snnTorch's own reset overlooks, and call T times."""
    for module in net.modules():
        if hasattr(module, "reset_mem"):
            module.reset_mem()
    for _ in range(T):
        net(images)


def _conv(neuron: _Neuron) -> nn.Module:
    """Conv, neuron, pool, readout on 28 x 28."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 5),
        neuron(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(576, 10),
        snn.Leaky(beta=0.9, init_hidden=True, output=True),
    )


def _dense(neuron: _Neuron) -> nn.Module:
    """Linear, neuron, readout on 12 x 10 pixels."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(120, 24),
        neuron(),
        nn.Linear(24, 10),
        snn.Leaky(beta=0.9, init_hidden=True, output=True),
    )


def _only(neuron: _Neuron) -> nn.Module:
    """Linear and neuron, nothing behind it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(120, 24), neuron())


def _constructor(
    name: str, neuron: _Neuron, reset: str, body: Any = _conv, gain: float = 3.0, **more: Any
) -> Network:
    """Return the network of a neuron that its constructor made."""
    shape = (1, 28, 28) if body is _conv else (1, 12, 10)
    return Network(
        name=f"snntorch/{name}",
        framework="snntorch",
        neuron=type(neuron()).__name__,
        reset=reset,
        form=_STEP,
        origin="constructor",
        layer="1" if body is _conv else "2",
        build=lively(body, neuron, gain=gain),
        shape=shape,
        T=6,
        run=stepped,
        **more,
    )


def _leaky(**settings: Any) -> _Neuron:
    return lambda: snn.Leaky(**{"beta": 0.9, "init_hidden": True} | settings)


def _many_betas() -> nn.Module:
    return snn.Leaky(
        beta=torch.linspace(0.1, 0.99, 24),
        threshold=torch.linspace(0.5, 2.0, 24),
        learn_beta=True,
        learn_threshold=True,
        init_hidden=True,
    )


def _channel_thresholds() -> nn.Module:
    return snn.Leaky(
        beta=0.8, threshold=torch.tensor([0.3, 0.9, 1.5, 4.0]).view(4, 1, 1), init_hidden=True
    )


def _quantized() -> nn.Module:
    return snn.Leaky(
        beta=0.9,
        init_hidden=True,
        state_quant=quant.state_quant(num_bits=4, uniform=True, threshold=1.0),
    )


def _random_fire(potential: Tensor) -> Tensor:
    return torch.bernoulli(torch.sigmoid(5 * potential))


NETWORKS = [
    _constructor("leaky_subtract", _leaky(), "soft, delayed"),
    _constructor("leaky_zero", _leaky(reset_mechanism="zero"), "hard, delayed"),
    _constructor("leaky_none", _leaky(reset_mechanism="none"), "none"),
    _constructor("leaky_subtract_now", _leaky(reset_delay=False), "soft"),
    _constructor("leaky_zero_now", _leaky(reset_mechanism="zero", reset_delay=False), "hard"),
    _constructor("leaky_beta_one", _leaky(beta=1.0), "soft, delayed"),
    _constructor("leaky_beta_beyond_one", _leaky(beta=1.5), "soft, delayed"),
    _constructor("leaky_beta_nought", _leaky(beta=0.0, reset_mechanism="zero"), "hard, delayed"),
    _constructor("leaky_output", _leaky(output=True, threshold=0.5), "soft, delayed", _only),
    _constructor("leaky_per_neuron", _many_betas, "soft, delayed", _dense),
    _constructor("leaky_per_channel", _channel_thresholds, "soft, delayed"),
    _constructor(
        "leaky_fast_sigmoid", _leaky(spike_grad=surrogate.fast_sigmoid()), "soft, delayed"
    ),
    _constructor("leaky_triangular", _leaky(spike_grad=surrogate.triangular()), "soft, delayed"),
    _constructor("leaky_no_surrogate", _leaky(surrogate_disable=True), "soft, delayed"),
    _constructor("leaky_quantized_state", _quantized, "soft, delayed"),
    _constructor("leaky_inhibition", _leaky(inhibition=True), "soft, delayed", _dense),
    _constructor("leaky_graded", _leaky(graded_spikes_factor=2.5), "soft, delayed"),
    _constructor(
        "leaky_graded_now",
        _leaky(graded_spikes_factor=0.7, learn_graded_spikes_factor=True, reset_delay=False),
        "soft",
    ),
    _constructor(
        "leaky_two_grades",
        _leaky(graded_spikes_factor=torch.linspace(0.5, 1.5, 24)),
        "soft, delayed",
        _dense,
        refused="analog",
    ),
    _constructor(
        "leaky_analog", _leaky(spike_grad=torch.sigmoid), "soft, delayed", refused="analog"
    ),
    _constructor("leaky_both_signs", _leaky(spike_grad=torch.sign), "other", refused="sign"),
    _constructor("leaky_random", _leaky(spike_grad=_random_fire), "other", refused="random"),
    _constructor(
        "lapicque", lambda: snn.Lapicque(beta=0.5, init_hidden=True), "soft, delayed", gain=8.0
    ),
    _constructor(
        "lapicque_rc_zero",
        lambda: snn.Lapicque(R=4, C=2, time_step=1, reset_mechanism="zero", init_hidden=True),
        "hard, delayed",
    ),
    _constructor(
        "synaptic", lambda: snn.Synaptic(alpha=0.9, beta=0.8, init_hidden=True), "soft, delayed"
    ),
    _constructor(
        "synaptic_zero",
        lambda: snn.Synaptic(alpha=0.9, beta=0.8, init_hidden=True, reset_mechanism="zero"),
        "hard, delayed",
    ),
    _constructor(
        "alpha",
        lambda: snn.Alpha(alpha=0.9, beta=0.8, threshold=0.2, init_hidden=True),
        "soft, delayed",
        gain=8.0,
    ),
    _constructor(
        "rleaky_all_to_all",
        lambda: snn.RLeaky(beta=0.9, linear_features=24, init_hidden=True),
        "soft, delayed",
        _dense,
    ),
    _constructor(
        "rleaky_conv",
        lambda: snn.RLeaky(beta=0.8, conv2d_channels=4, kernel_size=3, init_hidden=True),
        "soft, delayed",
    ),
    _constructor(
        "rleaky_one_to_one",
        lambda: snn.RLeaky(beta=0.9, all_to_all=False, V=-0.6, init_hidden=True),
        "soft, delayed",
    ),
    _constructor(
        "rsynaptic",
        lambda: snn.RSynaptic(
            alpha=0.7, beta=0.8, linear_features=24, reset_mechanism="zero", init_hidden=True
        ),
        "hard, delayed",
        _dense,
    ),
]
