"""How one who knows SpikingJelly runs a network on still images, and makes a new one spike."""

from collections.abc import Callable
from typing import Any

import torch
from spikingjelly.activation_based import functional
from torch import Tensor, nn

from tests.adapters.zoo.network import Network

STEP, TIME_FIRST, TIME_SECOND, OWN = (
    "one step a call",
    "[T, N, ...]",
    "[N, T, ...]",
    "its own loop",
)


def stepping(net: nn.Module, still: Tensor, T: int) -> Tensor:
    functional.reset_net(net)
    return torch.stack([net(still) for _ in range(T)])


def time_first(net: nn.Module, still: Tensor, T: int) -> Tensor:
    functional.reset_net(net)
    return net(torch.stack([still] * T))


def time_second(net: nn.Module, still: Tensor, T: int) -> Tensor:
    functional.reset_net(net)
    return net(torch.stack([still] * T, dim=1))


def once(net: nn.Module, still: Tensor, _: int) -> Any:
    functional.reset_net(net)
    return net(still)


RUN = {STEP: stepping, TIME_FIRST: time_first, TIME_SECOND: time_second, OWN: once}


def entry(
    name: str,
    layer: str,
    neuron: str,
    shape: tuple[int, ...],
    build: Callable[[], nn.Module],
    *,
    origin: str,
    reset: str = "hard",
    form: str = STEP,
    T: int = 4,
    refused: str = "",
    run: Callable[[nn.Module, Tensor, int], object] | None = None,
) -> Network:
    """Return a network of SpikingJelly, built under a seed and run as its form says."""

    def seeded() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return build()

    return Network(
        f"spikingjelly/{name}",
        "spikingjelly",
        neuron,
        reset,
        form,
        origin,
        layer,
        seeded,
        shape,
        T,
        refused,
        None if refused else run or RUN[form],
    )


def lively(net: nn.Module, gain: float = 2.0, mode: str = "") -> nn.Module:
    """Return the network with larger weights and normalizations as after training, so it spikes."""
    for module in net.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.weight.data.mul_(gain)
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.3, 1.5)
            if module.weight is not None:
                module.weight.data.uniform_(0.7, 1.4)
            if module.bias is not None:
                module.bias.data.uniform_(-0.2, 0.5)
    if mode:
        functional.set_step_mode(net, mode)
    return net
