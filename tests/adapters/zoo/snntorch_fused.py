"""Neurons of snnTorch that bring their own weights or their own axis of time."""

from typing import Any

import snntorch as snn
import torch
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import lively, once, time_first


class _Lstm(nn.Module):
    """A spiking LSTM straight on the pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = snn.SLSTM(120, 20, threshold=0.05)
        self.head = nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Tensor:
        syn, mem = self.lstm.init_slstm()
        out = []
        for _ in range(5):
            spk, syn, mem = self.lstm(x.flatten(1), syn, mem)
            out.append(self.head(spk))
        return torch.stack(out)


class _ConvLstm(nn.Module):
    """A spiking convolutional LSTM straight on the pixels, of [T, N, C, H, W]."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = snn.SConv2dLSTM(1, 3, kernel_size=3, max_pool=2, threshold=0.15)
        self.head = nn.Linear(3 * 6 * 5, 10)

    def forward(self, x: Tensor) -> Tensor:
        syn, mem = self.lstm.reset_mem()
        out = []
        for step in range(x.size(0)):
            spk, syn, mem = self.lstm(x[step], syn, mem)
            out.append(self.head(spk.flatten(1)))
        return torch.stack(out)


class _Parallel(nn.Module):
    """LeakyParallel, which takes all steps at once and never resets."""

    def __init__(self) -> None:
        super().__init__()
        self.lif1 = snn.LeakyParallel(input_size=120, hidden_size=24, beta=0.8)
        self.lif2 = snn.LeakyParallel(input_size=24, hidden_size=10, beta=0.8)

    def forward(self, x: Tensor) -> Tensor:
        return self.lif2(self.lif1(x.flatten(2)))


class _StateSpace(nn.Module):
    """StateLeaky, a leaky neuron without reset that is a convolution over time."""

    def __init__(self, output: bool = True) -> None:
        super().__init__()
        self.fc1 = nn.Linear(120, 24)
        self.lif1 = snn.StateLeaky(beta=0.7, channels=24, output=output)

    def forward(self, x: Tensor) -> object:
        return self.lif1(self.fc1(x.flatten(2)))


class _LinearLeaky(nn.Module):
    """LinearLeaky: the linear layer and the neuron without reset in one."""

    def __init__(self) -> None:
        super().__init__()
        self.lif1 = snn.LinearLeaky(beta=0.7, in_features=120, out_features=24, threshold=0.4)

    def forward(self, x: Tensor) -> Tensor:
        return self.lif1(x.flatten(2))[0]


class _Delta(nn.Module):
    """DeltaLeaky: a spike where the potential changed by more than its threshold."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.lif = snn.DeltaLeaky(beta=0.6, delta_threshold=0.5)
        # snnTorch lists every neuron for ever, and its reset of any network raises at this one.
        snn.SpikingNeuron.instances.remove(self.lif)

    def forward(self, x: Tensor) -> Tensor:
        state, out = self.lif.reset_mem(), []
        for _ in range(5):
            spk, state = self.lif(self.conv(x), state)
            out.append(spk)
        return torch.stack(out)


class _Associative(nn.Module):
    """AssociativeLeaky, which emits spikes or, with queries, sums that they weight."""

    def __init__(self, queries: bool) -> None:
        super().__init__()
        self.lif1 = snn.AssociativeLeaky.from_num_spiking_neurons(120, 16, queries)

    def forward(self, x: Tensor) -> Tensor:
        return self.lif1(x.flatten(2))


def _fused(
    name: str, make: Any, neuron: str, layer: str, reset: str, *args: Any, **more: Any
) -> Network:
    """Return a network of a neuron that brings its own weights or its own time axis."""
    return Network(
        name=f"snntorch/{name}",
        framework="snntorch",
        neuron=neuron,
        reset=reset,
        origin="constructor",
        layer=layer,
        build=lively(make, *args, gain=more.pop("gain", 3.0)),
        shape=(1, 12, 10),
        **{"form": "[T, N, ...]", "run": time_first} | more,
    )


NETWORKS = [
    _fused(
        "slstm",
        _Lstm,
        "SLSTM",
        "lstm",
        "none",
        gain=1.0,
        form="its own loop",
        T=5,
        run=once,
    ),
    _fused("sconv2dlstm", _ConvLstm, "SConv2dLSTM", "lstm", "none", gain=2.0),
    _fused("leaky_parallel", _Parallel, "LeakyParallel", "lif1", "none", gain=1.0),
    _fused("state_leaky", _StateSpace, "StateLeaky", "lif1", "none"),
    _fused("state_only", _StateSpace, "StateLeaky", "lif1", "none", False, refused="analog"),
    _fused("associative", _Associative, "AssociativeLeaky", "lif1", "none", False),
    _fused("queried", _Associative, "AssociativeLeaky", "lif1", "none", True, refused="analog"),
    _fused("linear_leaky", _LinearLeaky, "LinearLeaky", "lif1", "none"),
    _fused(
        "delta_leaky",
        _Delta,
        "DeltaLeaky",
        "lif",
        "none",
        form="its own loop",
        T=5,
        run=once,
    ),
]
