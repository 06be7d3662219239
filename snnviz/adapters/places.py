"""Where in a network a call of a layer stands: at another step, or at another place."""

import weakref
from collections import Counter
from collections.abc import Collection, Container, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

Token = tuple[int, tuple[int, ...], int]
"""A call: which module, the shape of what it was given, how often that came out of neurons."""

TIMERS = frozenset(
    {
        *("T", "t_max", "n_steps", "num_steps", "nb_steps", "steps", "duration", "num_t", "time"),
        *("time_step", "time_steps", "n_time_steps", "num_time_steps", "sim_steps", "sim_time"),
        *("timestep", "timesteps", "n_timesteps", "num_timesteps", "simulation_steps"),
        *("seq_len", "seq_length", "time_window", "time_windows"),
    }
)
"""What networks call the number of steps that they loop over by themselves."""


class Weighted:
    """Tells calls of modules with weights of their own from others.

    Args:
        net: The network.
        without: Modules that do not count.
    """

    def __init__(self, net: nn.Module, without: Collection[int]) -> None:
        self._modules = {
            id(module)
            for module in net.modules()
            if id(module) not in without and any(True for _ in module.parameters(recurse=False))
        }

    def __contains__(self, token: object) -> bool:
        """Whether it is a call of such a module."""
        return isinstance(token, tuple) and token[0] in self._modules


class Lineage:
    """How often what a tensor was made of came out of a layer of neurons, module by module.

    What a layer emitted and gets again in this way is at another place of the same step; code
    between modules ends the line.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tensor], int]] = {}

    def of(self, tensor: object) -> int:
        """0 where nothing is known."""
        reference, count = self._known.get(id(tensor), (None, 0))
        return count if reference is not None and reference() is tensor else 0

    def note(self, tensor: object, count: int) -> None:
        """Remember it while the tensor lives."""
        if count and isinstance(tensor, Tensor):
            self._known[id(tensor)] = (weakref.ref(tensor), count)


def places(
    calls: Sequence[Any], layer: Any, weighted: Container[Any] = (), loops: Collection[int] = ()
) -> int:
    """At how many places `layer` is called, from the order of calls in one run of a network.

    One object may stand at several places of a network, and a network may loop over time: both are
    several calls. Between two steps the same modules are called again, between two places others.

    Args:
        calls: What was called, by anything that tells modules apart.
        layer: One of them.
        weighted: Those with weights: how often one of them is called tells the number of steps.
        loops: Numbers of steps that the network names.

    Example:
        >>> places("adbadbadb", "d"), places("adbdc", "d"), places("adbdc" * 3, "d", "abc")
        (1, 2, 2)
    """
    at = [position for position, call in enumerate(calls) if call == layer]
    steps = max((n for call, n in Counter(calls).items() if call in weighted), default=1)
    likely = max(1, round(len(at) / steps))
    if steps > 1 and len(at) % likely == 0:
        return likely
    if len(at) in loops:
        return 1
    before, last = list(calls[: at[0]]), list(calls[at[-1] + 1 :])
    between = [list(calls[a + 1 : b]) for a, b in pairwise(at)]
    for period in range(1, len(at)):
        if len(at) % period:
            continue
        # What follows the last place of a step, without what comes before its first place again.
        rest = _without_end(between[period - 1], before)
        repeats = all(between[n] == between[n + period] for n in range(len(between) - period))
        if repeats and last[: len(rest)] == rest:
            return period
    return len(at)


def _without_end(calls: list[Any], before: list[Any]) -> list[Any]:
    """`calls` without the longest end of it that is an end of `before`, too."""
    for length in range(min(len(calls), len(before)), 0, -1):
        if calls[-length:] == before[-length:]:
            return calls[:-length]
    return calls
