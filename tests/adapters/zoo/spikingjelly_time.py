"""Networks as users of SpikingJelly write them: loops, axes and answers of all kinds."""

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from tests.adapters.zoo.spikingjelly_layers import network
from tests.adapters.zoo.spikingjelly_run import OWN, TIME_FIRST, TIME_SECOND


class StaticEncoder(nn.Module):
    """The drive once, then a loop over time: what tutorials write."""

    def __init__(self, T: int = 5, node: type[nn.Module] = neuron.IFNode, **settings):
        super().__init__()
        self.T = T
        self.static = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.conv = nn.Sequential(
            node(**settings), nn.MaxPool2d(2), nn.Conv2d(6, 6, 3, padding=1), neuron.IFNode()
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(6 * 8 * 7, 5), neuron.IFNode())

    def forward(self, x: Tensor) -> Tensor:
        drive = self.static(x)
        counts = self.fc(self.conv(drive))
        for _ in range(1, self.T):
            counts = counts + self.fc(self.conv(drive))
        return counts / self.T


class Repeating(nn.Module):
    """Repeats its images by itself, and works in step mode "m"."""

    def __init__(self, T: int = 4, node: type[nn.Module] = neuron.LIFNode, **settings):
        super().__init__()
        self.T = T
        self.conv_fc = nn.Sequential(
            layer.Conv2d(1, 6, 3, stride=2, padding=1),
            layer.GroupNorm(2, 6),
            node(**settings),
            layer.Flatten(),
            layer.Linear(6 * 8 * 7, 5),
            neuron.IFNode(),
        )
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_fc(x.unsqueeze(0).repeat(self.T, 1, 1, 1, 1)).mean(0)


class LoopOverFrames(nn.Module):
    """Takes time first or second, and steps through it by itself."""

    def __init__(self, axis: int):
        super().__init__()
        self.axis = axis
        self.conv, self.sn = nn.Conv2d(1, 4, 3, stride=2), neuron.LIFNode(1.4)
        self.fc, self.out = nn.Linear(4 * 7 * 6, 5), neuron.LIFNode(v_reset=None)

    def forward(self, frames: Tensor) -> Tensor:
        if frames.dim() != 5:
            raise ValueError(f"frames of five axes are asked for, these have {frames.dim()}")
        functional.reset_net(self)
        rates = 0.0
        for frame in frames.unbind(self.axis):
            rates = rates + self.out(self.fc(self.sn(self.conv(frame)).flatten(1)))
        return rates / frames.shape[self.axis]


class BatchFirst(nn.Module):
    """Takes [N, T, ...], as loaders of event frames give it, and turns it for step mode "m"."""

    def __init__(self):
        super().__init__()
        self.conv = layer.SeqToANNContainer(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4))
        self.sn = neuron.ParametricLIFNode(1.5, step_mode="m")
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1).contiguous()
        return self.fc(self.sn(self.conv(x)).mean((-1, -2))).mean(0)


class Answers(nn.Module):
    """Gives a dictionary, a tuple or nothing but its spikes, after its own loop with its reset."""

    def __init__(self, kind: str, T: int = 4):
        super().__init__()
        self.kind, self.T = kind, T
        self.features = nn.ModuleDict({"conv": nn.Conv2d(1, 4, 3), "act": neuron.QIFNode(v_c=0.4)})
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor, *, lively: bool = True):
        functional.reset_net(self)
        spikes = [self.features["act"](self.features["conv"](x)) for _ in range(self.T)]
        logits = self.fc(torch.stack(spikes).mean((0, -1, -2)))
        if self.kind == "dict":
            return {"logits": logits, "spikes": spikes, "lively": lively}
        return (logits, spikes) if self.kind == "tuple" else spikes


class OneStepOfMany(nn.Module):
    """A neuron in step mode "m" that is given one step a call."""

    def __init__(self):
        super().__init__()
        self.conv, self.sn = nn.Conv2d(1, 4, 3), neuron.IFNode(step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        return self.sn(self.conv(x).unsqueeze(0)).squeeze(0).mean((2, 3))


class Feedback(nn.Module):
    """Its first neuron's spikes come back to its drive one step later."""

    def __init__(self):
        super().__init__()
        self.conv, self.back = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.sn, self.T = neuron.IFNode(), 6

    def forward(self, x: Tensor) -> Tensor:
        drive, spikes, total = self.conv(x), None, 0.0
        for _ in range(self.T):
            spikes = self.sn(drive if spikes is None else drive - 0.5 * self.back(spikes))
            total = total + spikes
        return total.mean((2, 3)) / self.T


class ByFunctions(nn.Module):
    """Runs its layers over time with SpikingJelly's functions."""

    def __init__(self, stateful: bool):
        super().__init__()
        self.stateful = stateful
        self.conv, self.bn = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.sn = neuron.LIFNode(1.3, step_mode="s" if stateful else "m")

    def forward(self, x_seq: Tensor) -> Tensor:
        if self.stateful:
            return functional.multi_step_forward(x_seq, (self.conv, self.bn, self.sn))
        return self.sn(functional.seq_to_ann_forward(x_seq, (self.conv, self.bn)))


class StaticThenMany(nn.Module):
    """Its drive once, without an axis of time, and then all steps of its neurons at once."""

    def __init__(self, T: int):
        super().__init__()
        self.T = T
        self.static = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4))
        self.rest = nn.Sequential(neuron.LIFNode(1.3), layer.Flatten(), layer.Linear(672, 5))
        functional.set_step_mode(self.rest, "m")

    def forward(self, x: Tensor) -> Tensor:
        return self.rest(self.static(x).expand(self.T, -1, -1, -1, -1)).mean(0)


class FoldsByHand(nn.Module):
    """Folds time into the batch before its layers, and unfolds it for its neuron."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))
        self.sn = neuron.IFNode(v_reset=None, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        T, N = x.shape[:2]
        return self.sn(self.body(x.flatten(0, 1)).unflatten(0, (T, N))).mean((0, -1, -2))


class OverTime(nn.Module):
    """Its kernel reaches over time, so that the drive of the first and the last step are others."""

    def __init__(self, T: int):
        super().__init__()
        self.T = T
        self.conv = nn.Conv3d(1, 4, 3, padding=1)
        self.sn = neuron.LIFNode(1.5, False, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        video = x.unsqueeze(2).repeat(1, 1, self.T, 1, 1)
        return self.sn(4.0 * self.conv(video).permute(2, 0, 1, 3, 4)).mean((0, -1, -2))


class Keeping(nn.Module):
    """Keeps its spikes and the steps it has run on itself, and resets when it is told to."""

    def __init__(self):
        super().__init__()
        self.conv, self.sn = nn.Conv2d(1, 4, 3), neuron.EIFNode()
        self.steps, self.kept = 0, []

    def reset(self):
        self.steps, self.kept = 0, []

    def forward(self, x: Tensor) -> Tensor:
        self.steps += 1
        self.kept.append(self.sn(self.conv(x) / self.steps))
        return torch.stack(self.kept).mean((0, -1, -2))


NETWORKS = [
    network("static_encoder", "conv.0", "IFNode", StaticEncoder, form=OWN, T=5),
    network(
        "static_encoder_lif",
        "conv.0",
        "LIFNode",
        lambda: StaticEncoder(6, neuron.LIFNode, tau=1.5, v_reset=None),
        form=OWN,
        T=6,
        reset="soft",
    ),
    network("repeating_lif", "conv_fc.2", "LIFNode", Repeating, form=OWN),
    network(
        "repeating_eif",
        "conv_fc.2",
        "EIFNode",
        lambda: Repeating(5, neuron.EIFNode, surrogate_function=surrogate.ATan()),
        form=OWN,
        T=5,
    ),
    network("loop_time_first", "sn", "LIFNode", lambda: LoopOverFrames(0), form=TIME_FIRST),
    network("loop_time_second", "sn", "LIFNode", lambda: LoopOverFrames(1), form=TIME_SECOND),
    network("batch_first", "sn", "ParametricLIFNode", BatchFirst, (2, 12, 12), TIME_SECOND),
    network("gives_a_dict", "features.act", "QIFNode", lambda: Answers("dict"), form=OWN),
    network("gives_a_tuple", "features.act", "QIFNode", lambda: Answers("tuple"), form=OWN),
    network("gives_a_list", "features.act", "QIFNode", lambda: Answers("list"), form=OWN),
    network("feedback", "sn", "IFNode", Feedback, form=OWN, T=6),
    network("steps_by_function", "sn", "LIFNode", lambda: ByFunctions(True), form=TIME_FIRST),
    network("folds_by_function", "sn", "LIFNode", lambda: ByFunctions(False), form=TIME_FIRST),
    network("one_step_of_many", "sn", "IFNode", OneStepOfMany),
    network("static_then_many", "rest.0", "LIFNode", lambda: StaticThenMany(5), form=OWN, T=5),
    network("folds_by_hand", "sn", "IFNode", FoldsByHand, form=TIME_FIRST, reset="soft"),
    network("over_time", "sn", "LIFNode", lambda: OverTime(5), form=OWN, T=5),
    network("keeping", "sn", "EIFNode", Keeping, T=5),
]
