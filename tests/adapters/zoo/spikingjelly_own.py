"""Networks as users of SpikingJelly write them: code in forward, and layers in any order."""

import torch
import torch.nn.functional as F
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from tests.adapters.zoo.spikingjelly_layers import COLOUR, network
from tests.adapters.zoo.spikingjelly_run import OWN, TIME_FIRST


class Functional(nn.Module):
    """Rectifies, pools and scales before the first neuron, in code and not in layers."""

    def __init__(self):
        super().__init__()
        self.conv = layer.Conv2d(1, 6, 5, padding=2)
        self.scale = nn.Parameter(torch.linspace(0.5, 3.0, 6).view(6, 1, 1))
        self.sn = neuron.IFNode()
        self.fc = layer.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        drive = F.avg_pool2d(F.relu(self.conv(x)), 2) * self.scale - 0.1
        return self.fc(self.sn(drive).mean((-1, -2)))


class Standardized(nn.Module):
    """Standardizes the images by itself, and pads them by their edges."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.49, 0.48, 0.45]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.25, 0.24, 0.26]).view(3, 1, 1))
        self.conv = nn.Conv2d(3, 8, 3, padding=1, padding_mode="replicate", bias=False)
        self.lif = neuron.LIFNode(tau=1.3, v_reset=None)
        self.head = nn.Conv2d(8, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lif(self.conv((x - self.mean) / self.std))).amax((2, 3))


class Residual(nn.Module):
    """Adds a shortcut to the drive of its first neuron, and of its second."""

    def __init__(self):
        super().__init__()
        self.stem, self.body = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.shortcut = nn.Conv2d(3, 6, 1, bias=False)
        self.act1, self.act2 = neuron.ParametricLIFNode(1.5), neuron.IFNode()
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        out = self.act1(self.stem(x) + self.shortcut(x))
        return self.fc(self.act2(self.body(out) + out).mean((2, 3)))


class OutOfOrder(nn.Module):
    """Registers its last layers first, and layers that it never calls."""

    def __init__(self):
        super().__init__()
        self.old_neuron = neuron.LIFNode()
        self.old_conv = layer.Conv2d(1, 4, 7)
        self.head = layer.Linear(8, 5)
        self.second = neuron.IFNode(v_threshold=0.5)
        self.conv2 = layer.Conv2d(4, 8, 3)
        self.first = neuron.IFNode(v_threshold=0.8)
        self.conv1 = layer.Conv2d(1, 4, 3, dilation=2)
        functional.set_step_mode(self, "m")

    def forward(self, x_seq: Tensor) -> Tensor:
        out = self.second(self.conv2(self.first(self.conv1(x_seq))))
        return self.head(out.mean((-1, -2)))


class Shared(nn.Module):
    """One neuron object behind two layers, whose shapes are equal or not."""

    def __init__(self, stride: int, mode: str = "s"):
        super().__init__()
        self.conv1 = layer.Conv2d(1, 4, 3, padding=1)
        self.conv2 = layer.Conv2d(4, 4, 3, stride=stride, padding=1)
        self.act = self.same = neuron.IFNode()
        functional.set_step_mode(self, mode)

    def forward(self, x: Tensor) -> Tensor:
        return self.same(self.conv2(self.act(self.conv1(x)))).mean((-1, -2))


class Branches(nn.Module):
    """Two branches of the input that meet before the first neuron, and two neurons on the sum."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(1, 3, 7, padding=3)
        self.slow, self.fast = neuron.LIFNode(3.0), neuron.LIFNode(1.1)
        self.fc = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        drive = torch.cat([self.fine(x), F.max_pool2d(self.coarse(x), 3, 1, 1)], 1)
        both = torch.cat([self.fast(drive), self.slow(drive)], 1)
        return self.fc(both.mean((2, 3)))


class InPlace(nn.Module):
    """Changes what entered a neuron and what left it, in place and behind its back."""

    def __init__(self):
        super().__init__()
        self.conv, self.sn, self.fc = nn.Conv2d(1, 4, 3), neuron.IFNode(), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        drive = self.conv(x)
        spikes = self.sn(drive)
        drive.relu_()
        spikes *= 3.0
        return self.fc((spikes - drive).mean((2, 3)))


class Overwriting(nn.Module):
    """Normalizes in place the images it is given: they are others after each call."""

    def __init__(self, T: int):
        super().__init__()
        self.T = T
        self.conv, self.sn = nn.Conv2d(1, 4, 3), neuron.LIFNode(1.5)

    def forward(self, x: Tensor) -> Tensor:
        drive = self.conv(x.sub_(0.4).mul_(2.0))
        return sum(self.sn(drive) for _ in range(self.T)).mean((2, 3))


class Tokens(nn.Module):
    """Cuts the image into patches and lets them attend each other before the first neuron."""

    def __init__(self):
        super().__init__()
        self.embed, self.attend = nn.Linear(48, 16), nn.MultiheadAttention(16, 4, batch_first=True)
        self.norm, self.sn, self.fc = nn.LayerNorm(16), neuron.LIFNode(1.2), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(F.unfold(x, 4, stride=4).transpose(1, 2))
        tokens = tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0]
        return self.fc(self.sn(self.norm(tokens)).mean(1))


class Rows(nn.Module):
    """Reads the image's rows as channels of a one-dimensional convolution."""

    def __init__(self):
        super().__init__()
        self.conv, self.sn = nn.Conv1d(16, 6, 3, padding=1), neuron.IFNode(v_reset=None)
        self.fc = nn.Linear(6 * 14, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.sn(self.conv(x.squeeze(1))).flatten(1))


class Flat(nn.Module):
    """Flattens with a view of a fixed length, which would swallow an axis of time."""

    def __init__(self):
        super().__init__()
        self.fc1, self.sn = nn.Linear(224, 20), neuron.LIFNode(1.5, decay_input=False)
        self.fc2, self.out = nn.Linear(20, 5), neuron.LIFNode()

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.fc2(self.sn(self.fc1(x.view(-1, 224)))))


NETWORKS = [
    network("functional", "sn", "IFNode", Functional),
    network("standardized", "lif", "LIFNode", Standardized, COLOUR, reset="soft"),
    network("residual", "act1", "ParametricLIFNode", Residual, COLOUR),
    network("out_of_order", "first", "IFNode", OutOfOrder, form=TIME_FIRST),
    network("shared", "act", "IFNode", lambda: Shared(1)),
    network("shared_at_two_shapes", "act", "IFNode", lambda: Shared(2)),
    network("shared_m", "act", "IFNode", lambda: Shared(2, "m"), form=TIME_FIRST),
    network("branches", "fast", "LIFNode", Branches),
    network("in_place", "sn", "IFNode", InPlace),
    network("overwriting", "sn", "LIFNode", lambda: Overwriting(4), form=OWN),
    # It writes the steps' inputs in place: they may share no memory.
    network(
        "overwriting_steps",
        "0",
        "ILCIFNode",
        lambda: nn.Sequential(neuron.ILCIFNode(3, 4), nn.Linear(12, 5)),
        (12,),
        TIME_FIRST,
        T=6,
    ),
    network("tokens", "sn", "LIFNode", Tokens, COLOUR),
    network("rows", "sn", "IFNode", Rows, reset="soft"),
    network("flat", "sn", "LIFNode", Flat),
]
