"""What the kernels compute, in plain PyTorch: one step after the other, gradients by autograd.

Drive may be float32, float16 or bfloat16; potentials are float32, spikes of the drive's type.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from spikingjelly.activation_based import surrogate
from torch import Tensor

from snnviz.neurons.rule import IntegrateAndFire


@dataclass(frozen=True)
class Neuron:
    """An integrate-and-fire neuron with the ATan surrogate gradient.

    Attributes:
        v_threshold: Threshold.
        v_reset: Membrane potential after a spike (hard reset); None subtracts the threshold.
        alpha: Steepness of the surrogate.
        detach_reset: Whether gradients leave out the path through the reset.
    """

    v_threshold: float = 1.0
    v_reset: float | None = 0.0
    alpha: float = 2.0
    detach_reset: bool = False


def fire(drive: Tensor, neuron: Neuron) -> Tensor:
    """Spikes [T, ...] of neurons with this drive [T, ...]."""
    rule, step = IntegrateAndFire(neuron.v_threshold, neuron.v_reset), surrogate.ATan(neuron.alpha)
    u = torch.full_like(drive[0], rule.start, dtype=torch.float32)
    spikes = []
    for x in drive.float():
        v = rule.charge(u, x)
        spike = step(v - neuron.v_threshold)
        spikes.append(spike)
        u = rule.reset(v, spike.detach() if neuron.detach_reset else spike)
    return torch.stack(spikes).to(drive.dtype)


def fire_still(drive: Tensor, neuron: Neuron, T: int) -> Tensor:
    """Spikes [T, ...] of neurons with the same drive [...] at every step."""
    return fire(_repeat(drive, T), neuron).to(drive.dtype)


def fire_and_pool(drive: Tensor, neuron: Neuron) -> Tensor:
    """Spikes of drive [T, N, C, H, W], their maximum over 2 x 2: [T, N, C, H // 2, W // 2]."""
    spikes = fire(drive, neuron)
    pooled: Tensor = F.max_pool2d(spikes.flatten(0, 1), 2).unflatten(0, spikes.shape[:2])
    return pooled


def fire_still_and_pool(drive: Tensor, neuron: Neuron, T: int) -> Tensor:
    """The same of one drive [N, C, H, W] at every step."""
    return fire_and_pool(_repeat(drive, T), neuron).to(drive.dtype)


def fire_rate(drive: Tensor, neuron: Neuron) -> Tensor:
    """Firing rates of drive [T, ...] over its steps, float32 [...]."""
    return fire(drive, neuron).float().mean(0)


def _repeat(drive: Tensor, T: int) -> Tensor:
    # float32 already here, so that the gradients of all steps are summed before they are rounded.
    return drive.float().expand(T, *drive.shape)
