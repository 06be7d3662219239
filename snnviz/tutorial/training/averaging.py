"""Averages of the weights over the training, which are what is measured and kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from snnviz.errors import CheckpointError

# The averages move after so many steps of the optimizer at once: all weights are read and written
# for it, 13 million of the tutorial's network.
EVERY = 8
# Batches from which the statistics of BatchNorm are taken.
BATCHES = 50


class Averages:
    """Exponential moving averages of a network's parameters.

    In the first steps they forget faster, so that they do not hold on to the initialization: after
    n moves they keep (1 + n) / (10 + n), if that is less.

    Args:
        net: The network that learns.
        decay: What they keep in a step, in (0, 1).
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self._net = net
        self._decay = decay**EVERY
        self._steps = 0
        self._values = [parameter.detach().clone() for parameter in net.parameters()]
        # What learns, parameters and buffers, while the averages stand in its place.
        self._aside: list[Tensor] | None = None

    @torch.no_grad()
    def step(self) -> None:
        """Take the parameters after a step of the optimizer."""
        self._steps += 1
        if self._steps % EVERY:
            return
        moves = self._steps // EVERY
        kept = min(self._decay, (1 + moves) / (10 + moves))
        torch._foreach_lerp_(self._values, list(self._net.parameters()), 1 - kept)

    @torch.no_grad()
    def show(self) -> None:
        """Put the averages into the network, until `hide`."""
        self._aside = [value.clone() for value in self._net.state_dict().values()]
        for parameter, value in zip(self._net.parameters(), self._values, strict=True):
            parameter.copy_(value)

    @torch.no_grad()
    def hide(self) -> None:
        """Put what learns back into the network, if the averages are there."""
        for value, learned in zip(self._net.state_dict().values(), self._aside or (), strict=False):
            value.copy_(learned)
        self._aside = None

    def state(self) -> dict[str, Any]:
        """What `load` takes, beside the network with the averages; tensors are live ones.

        A list and no state dict, so that a reader finds one network in a file.
        """
        learning = self._aside or list(self._net.state_dict().values())
        return {"steps": self._steps, "learning": learning}

    @torch.no_grad()
    def load(self, state: dict[str, Any], path: object) -> None:
        """Go on from a state; the network holds the averages of the file.

        Args:
            state: What `state` gave.
            path: The file, for the error.

        Raises:
            CheckpointError: It is not the state of such a network's averages.
        """
        expected = list(self._net.state_dict().values())
        steps, learning = state.get("steps"), state.get("learning")
        if not (isinstance(steps, int) and isinstance(learning, list) and _fit(learning, expected)):
            raise CheckpointError(
                f"{path}: holds no averages of this network; resume with the options that it was "
                "begun with"
            )
        self._steps = steps
        self._values = [parameter.detach().clone() for parameter in self._net.parameters()]
        self._aside = [
            torch.empty_like(like).copy_(value)
            for value, like in zip(learning, expected, strict=True)
        ]


def _fit(values: Sequence[object], expected: Sequence[Tensor]) -> bool:
    return len(values) == len(expected) and all(
        isinstance(value, Tensor) and value.shape == like.shape
        for value, like in zip(values, expected, strict=True)
    )


@contextmanager
def statistics_anew(net: nn.Module) -> Iterator[None]:
    """In here the running statistics of BatchNorm are plain means of the batches that pass."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
