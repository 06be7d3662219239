"""How users of snnTorch, Norse and sinabs build lively networks and run them on still images."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn


def lively(
    make: Callable[..., nn.Module],
    *args: Any,
    gain: float = 3.0,
    after: Callable[[nn.Module], object] | None = None,
) -> Callable[[], nn.Module]:
    """Return what makes equal networks, each with weights strong enough for its first spikes.

    What was done with a network before anybody looks at it is done by after.
    """
    return partial(_strong, make, args, gain, after)


def _strong(
    make: Callable[..., nn.Module],
    args: tuple[Any, ...],
    gain: float,
    after: Callable[[nn.Module], object] | None,
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = make(*args)
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    module.weight.mul_(gain)
        if after is not None:
            after(net)
    return net


def once(net: nn.Module, images: Tensor, _: int) -> object:
    """Run a network that makes its own time steps of [N, ...]."""
    return net(images)


def time_first(net: nn.Module, images: Tensor, T: int) -> object:
    """Run a network of [T, N, ...] on images that stand still."""
    return net(images.unsqueeze(0).repeat(T, *[1] * images.dim()))


def time_second(net: nn.Module, images: Tensor, T: int) -> object:
    """Run a network of [N, T, ...] on images that stand still."""
    return net(images.unsqueeze(1).repeat(1, T, *[1] * (images.dim() - 1)))


def squeezed(net: nn.Module, images: Tensor, T: int) -> object:
    """Run a network of [N*T, ...]: all steps of the first image, then of the second."""
    return net(images.repeat_interleave(T, 0))


def in_double(run: Callable[[nn.Module, Tensor, int], object]) -> Callable[..., object]:
    """Return a run that gives the network its images in double precision."""
    return partial(_in_double, run)


def _in_double(
    run: Callable[[nn.Module, Tensor, int], object], net: nn.Module, images: Tensor, T: int
) -> object:
    return run(net, images.double(), T)
