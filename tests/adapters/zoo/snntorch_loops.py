"""Networks of snnTorch that go through time in their own forward, as its tutorials write them."""

from typing import Any

import snntorch as snn
import torch
import torch.nn.functional as F
from snntorch import spikegen, surrogate, utils
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.running import in_double, lively, once, time_first, time_second

NUM_STEPS = 5


class _Fc(nn.Module):
    """784-1000-10 with explicit potentials; returns spikes and potentials of the readout."""

    def __init__(self, num_steps: int = 5) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.fc1 = nn.Linear(784, 1000)
        self.lif1 = snn.Leaky(beta=0.95)
        self.fc2 = nn.Linear(1000, 10)
        self.lif2 = snn.Leaky(beta=0.95)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for _ in range(self.num_steps):
            cur1 = self.fc1(x.flatten(1))
            spk1, mem1 = self.lif1(cur1, mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1.to(cur1)), mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


class _Convolutional(nn.Module):
    """12C5-MP2-64C5-MP2-1024FC10: the neurons stand behind a functional pooling."""

    def __init__(self) -> None:
        super().__init__()
        spike_grad = surrogate.fast_sigmoid(slope=25)
        self.conv1 = nn.Conv2d(1, 12, 5)
        self.lif1 = snn.Leaky(beta=0.5, spike_grad=spike_grad)
        self.conv2 = nn.Conv2d(12, 64, 5)
        self.lif2 = snn.Leaky(beta=0.5, spike_grad=spike_grad)
        self.fc1 = nn.Linear(64 * 4 * 4, 10)
        self.lif3 = snn.Leaky(beta=0.5, spike_grad=spike_grad)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mem1, mem2, mem3 = self.lif1.reset_mem(), self.lif2.reset_mem(), self.lif3.reset_mem()
        spikes, potentials = [], []
        for _ in range(NUM_STEPS):
            spk1, mem1 = self.lif1(F.max_pool2d(self.conv1(x), 2), mem1)
            spk2, mem2 = self.lif2(F.max_pool2d(self.conv2(spk1), 2), mem2)
            spk3, mem3 = self.lif3(self.fc1(spk2.flatten(1)), mem3)
            spikes.append(spk3)
            potentials.append(mem3)
        return torch.stack(spikes), torch.stack(potentials)


class _Steps(nn.Module):
    """Steps over the first or the second axis of what it is given."""

    def __init__(self, axis: int, reset_mechanism: str = "subtract") -> None:
        super().__init__()
        self.axis = axis
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6))
        self.lif1 = snn.Leaky(beta=0.8, reset_mechanism=reset_mechanism)
        self.fc = nn.Linear(6 * 16 * 16, 10)
        self.lif2 = snn.Leaky(beta=0.8)
        nn.init.uniform_(self.features[1].running_mean, -0.3, 0.3)
        nn.init.uniform_(self.features[1].running_var, 0.5, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        mem1, mem2, out = self.lif1.reset_mem(), self.lif2.reset_mem(), []
        for frame in x.unbind(self.axis):
            spk, mem1 = self.lif1(self.features(frame), mem1)
            spk, mem2 = self.lif2(self.fc(spk.flatten(1)), mem2)
            out.append(spk)
        return torch.stack(out, self.axis)


class _Encoded(nn.Module):
    """Turns images into spikes itself before its first layer."""

    def __init__(self, encode: Any) -> None:
        super().__init__()
        self.encode = encode
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.lif1 = snn.Leaky(beta=0.9)
        self.fc = nn.Linear(4 * 10 * 8, 10)
        self.lif2 = snn.Leaky(beta=0.9)

    def forward(self, x: Tensor) -> Tensor:
        mem1, mem2, out = self.lif1.init_leaky(), self.lif2.init_leaky(), []
        for frame in self.encode(x, num_steps=NUM_STEPS):
            spk, mem1 = self.lif1(self.conv1(frame), mem1)
            spk, mem2 = self.lif2(self.fc(spk.flatten(1)), mem2)
            out.append(spk)
        return torch.stack(out).mean(0)


def _latency(x: Tensor, num_steps: int) -> Tensor:
    return spikegen.latency(x, num_steps=num_steps, tau=2, threshold=0.01, clip=True, linear=True)


class _ByTime(nn.Module):
    """Batch normalization of every step its own, as snnTorch's BatchNormTT2d has it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, bias=False)
        self.bntt = snn.BatchNormTT2d(4, NUM_STEPS)
        self.lif1 = snn.Leaky(beta=0.9)
        for norm in self.bntt:
            nn.init.uniform_(norm.weight, 0.2, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        mem, out = self.lif1.reset_mem(), []
        for step in range(NUM_STEPS):
            spk, mem = self.lif1(self.bntt[step](self.conv1(x)), mem)
            out.append(spk)
        return torch.stack(out)


class _Flash(nn.Module):
    """Shows the image in the first step alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, bias=False)
        self.lif1 = snn.Synaptic(alpha=0.9, beta=0.8, threshold=0.7)

    def forward(self, x: Tensor) -> list[Tensor]:
        (syn, mem), out = self.lif1.init_synaptic(), []
        for step in range(NUM_STEPS):
            seen = x if step == 0 else torch.zeros_like(x)
            spk, syn, mem = self.lif1(self.conv1(seen), syn, mem)
            out.append(spk)
        return out


class _Feedback(nn.Module):
    """Feeds the spikes of its last layer back into its first."""

    def __init__(self) -> None:
        super().__init__()
        self.back = nn.Linear(8, 24, bias=False)
        self.fc1 = nn.Linear(120, 24)
        self.fc2 = nn.Linear(24, 8)
        self.lif2 = snn.Leaky(beta=0.9)
        self.lif1 = snn.Leaky(beta=0.9)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        mem1, mem2, out = self.lif1.reset_mem(), self.lif2.reset_mem(), []
        spk2 = x.new_zeros(len(x), 8)
        for _ in range(NUM_STEPS):
            spk1, mem1 = self.lif1(self.fc1(x.flatten(1)) + self.back(spk2), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            out.append(spk2)
        return {"spikes": torch.stack(out), "potential": mem2}


class _Shared(nn.Module):
    """One neuron object at two places, with a potential for each."""

    def __init__(self) -> None:
        super().__init__()
        self.lif = snn.Leaky(beta=0.8, reset_mechanism="zero")
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        zero = torch.zeros(len(x), 4, *x.shape[2:], dtype=x.dtype)
        mem1, mem2, out = zero, zero, []
        for _ in range(NUM_STEPS):
            spk, mem1 = self.lif(self.conv1(x), mem1)
            spk, mem2 = self.lif(self.conv2(spk), mem2)
            out.append(spk)
        return torch.stack(out)


class _ResetInside(nn.Module):
    """Resets and steps the Sequential that it holds, whose neurons keep their own state."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(),
            weight_norm(nn.Linear(120, 24)),
            snn.Leaky(beta=0.9, init_hidden=True, threshold=0.3),
            nn.Linear(24, 10),
            snn.Leaky(beta=0.9, init_hidden=True, output=True),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        utils.reset(self.net)
        steps = [self.net(x) for _ in range(NUM_STEPS)]
        return torch.stack([spk for spk, _ in steps]), torch.stack([mem for _, mem in steps])


class _Indexed(nn.Module):
    """Takes [T, N, K], but reads its own number of steps from it; [N, K] would run, too."""

    def __init__(self) -> None:
        super().__init__()
        self.num_steps = NUM_STEPS
        self.lif1 = snn.Leaky(beta=0.9)
        self.fc1 = nn.Linear(120, 24)

    def forward(self, x: Tensor) -> Tensor:
        mem, out = self.lif1.reset_mem(), []
        for step in range(min(self.num_steps, len(x))):
            spk, mem = self.lif1(self.fc1(x[step]), mem)
            out.append(spk)
        return torch.stack(out)


def _loop(name: str, make: Any, *args: Any, **more: Any) -> Network:
    """Return a network that steps by itself; what differs from the common case stands in more."""
    gain = more.pop("gain", 3.0)
    common = {
        "neuron": "Leaky",
        "reset": "soft, delayed",
        "form": "its own loop",
        "origin": "example",
        "layer": "lif1",
        "shape": (1, 28, 28),
        "T": NUM_STEPS,
        "run": once,
    }
    build = lively(make, *args, gain=gain, after=more.pop("after", None))
    return Network(f"snntorch/{name}", framework="snntorch", build=build, **common | more)


_SMALL = {"shape": (1, 12, 10)}
_COLOUR = {"shape": (3, 32, 32), "T": 4}

NETWORKS = [
    _loop("fc_tutorial", _Fc),
    _loop("fc_seven_steps", _Fc, 7, T=7),
    _loop("fc_one_step", _Fc, 1, T=1),
    _loop("fc_flat", _Fc, shape=(784,)),
    _loop("fc_double", _Fc, after=nn.Module.double, run=in_double(once), origin="own module"),
    _loop("conv_tutorial", _Convolutional),
    _loop("time_first", _Steps, 0, form="[T, N, ...]", run=time_first, **_COLOUR),
    _loop("time_second", _Steps, 1, form="[N, T, ...]", run=time_second, **_COLOUR),
    _loop(
        "time_first_zero",
        _Steps,
        0,
        "zero",
        form="[T, N, ...]",
        run=time_first,
        reset="hard, delayed",
        **_COLOUR,
    ),
    _loop("spikegen_latency", _Encoded, _latency, **_SMALL),
    _loop("spikegen_rate", _Encoded, spikegen.rate, refused="random", **_SMALL),
    _loop("batchnorm_through_time", _ByTime, **_SMALL),
    _loop("reset_inside", _ResetInside, layer="net.2", origin="own module", **_SMALL),
    _loop("indexed_steps", _Indexed, form="[T, N, ...]", run=time_first, shape=(120,)),
    _loop("flash", _Flash, neuron="Synaptic", origin="own module", **_SMALL),
    _loop("feedback", _Feedback, origin="own module", **_SMALL),
    _loop(
        "shared_neuron", _Shared, layer="lif", reset="hard, delayed", origin="own module", **_SMALL
    ),
]
