"""Hear a network while it runs: the calls of its layers of neurons, in their order."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from snnviz.adapters.calls import Call, Stop, called_only, heard_by, run
from snnviz.adapters.finding import Layer, frameworks_of
from snnviz.adapters.places import TIMERS, Lineage, Token, Weighted, places
from snnviz.errors import ConfigError

# Values that are summed at once.
_SUMMED = 1 << 20
_NOTHING: Mapping[str, int] = MappingProxyType({})


class Listener:
    """Hears the calls of layers, one run of the network after the other.

    Args:
        net: The network.
        layers: The layers to listen to.
        keep: Makes of a call what is kept of it.
        counted: Whether the number of steps of a run is known from what the network is given.
        last: Whether a call is the last one that is wanted, so that the run may end there.
    """

    def __init__(
        self,
        net: nn.Module,
        layers: Sequence[Layer],
        keep: Callable[[Call], Call],
        *,
        counted: bool = False,
        last: Callable[[Call], bool] | None = None,
    ) -> None:
        self._counted = counted
        self._last = last
        self._net = net
        self._layers = layers
        self._keep = keep
        self._order: list[Token] = []
        self._heard: list[Call] = []
        self._sums: list[float] = []
        self._lineage = Lineage()
        self._places: dict[tuple[Token, ...], list[int]] = {}
        self._weighted = Weighted(net, {id(layer.module) for layer in layers})

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In here calls are heard; hooks are gone afterwards."""
        handles = []
        watched = {id(layer.module) for layer in self._layers}
        inside = {id(part) for layer in self._layers for part in layer.module.modules()}
        for module in self._net.modules():
            if isinstance(module, torch.jit.ScriptModule):  # takes no hooks, and has no neurons
                continue
            leaf = not any(True for _ in module.children())
            if id(module) in watched or (leaf and id(module) not in inside):
                handles.append(module.register_forward_pre_hook(self._note))
            if leaf and id(module) not in watched | inside:
                handles.append(module.register_forward_hook(self._passed))
        for layer in self._layers:
            hook = heard_by(self._hear, layer)
            handles.append(layer.module.register_forward_hook(hook, with_kwargs=True))
        known = {id(module) for module in self._net.modules()}
        handles.append(register_module_forward_pre_hook(partial(self._unregistered, known)))
        try:
            with ExitStack() as stack:
                for layer in self._layers:
                    stack.enter_context(called_only(layer))
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _unregistered(self, known: Collection[int], module: nn.Module, _: Any) -> None:
        """Refuse neurons that run before all others, and that the network does not know of.

        Raises:
            ConfigError: There are such.
        """
        if id(module) in known or self._heard:
            return
        if any(framework.is_neuron(module) for framework in frameworks_of(module)):
            raise ConfigError(
                f"neurons that are no part of the network ({type(module).__name__}) run before all "
                "others; keep them in an attribute of their own or in nn.ModuleList, not in a list"
            )

    def run(
        self, feed: Tensor, states: tuple[Any, ...] = (), told: Mapping[str, int] = _NOTHING
    ) -> tuple[list[Call], Any]:
        """The calls of one run, in their order, and what the network returns.

        That is None where the run ended at the last call that is wanted.

        Raises:
            ConfigError: The network raised an error, or a layer emitted no tensor.
        """
        self._order, self._heard, self._sums, self._lineage = [], [], [], Lineage()
        try:
            returned = run(self._net, feed, states, told)
        except Stop:
            returned = None
        order = tuple(self._order)
        if order not in self._places:
            self._places[order] = self._assign(order, told.values())
        pairs = zip(self._heard, self._places[order], strict=True)
        return [replace(call, place=place) for call, place in pairs], returned

    def _assign(self, order: tuple[Token, ...], told: Iterable[int]) -> list[int]:
        """The place of each call of a layer, from all calls of a run of so many steps."""
        watched = {id(layer.module) for layer in self._layers}
        loops = {
            value
            for module in self._net.modules()
            for name, value in vars(module).items()
            if name in TIMERS and type(value) is int
        }
        loops.update(told)
        own = [token for token in order if token[0] in watched]
        periods = {token: places(order, token, self._weighted, loops) for token in own}
        if not self._counted:
            self._check_told(order, own, periods, loops)
        # A layer that is called with several shapes stands at as many places at least.
        before, total = {}, dict.fromkeys(watched, 0)
        for token, period in periods.items():
            before[token] = total[token[0]]
            total[token[0]] += period
        seen, found = dict.fromkeys(periods, 0), []
        for token in own:
            found.append(before[token] + seen[token] % periods[token])
            seen[token] += 1
        return found

    def _check_told(
        self, order: tuple[Token, ...], own: list[Token], periods: dict[Token, int], loops: set[int]
    ) -> None:
        """Raises unless calls of a layer are known to be steps.

        Where no module with weights is called again, a loop over time is told from one object at
        several places by its drive, which is the same in each step.

        Raises:
            ConfigError: They may be either.
        """
        calls = Counter(order)
        if any(calls[token] > 1 for token in order if token in self._weighted):
            return
        for token, period in periods.items():
            sums = [each for each, which in zip(self._sums, own, strict=True) if which == token]
            if period < len(sums) and len(sums) not in loops and len(set(sums[::period])) > 1:
                name = next(layer.name for layer in self._layers if id(layer.module) == token[0])
                raise ConfigError(
                    f"{name} is called {len(sums)} times in a run with another drive each time, "
                    "in steps or at several places, which cannot be told; give each place a layer "
                    "of its own, or say the number of steps in an attribute T"
                )

    def _note(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        first = inputs[0] if inputs else None
        shape = tuple(first.shape) if isinstance(first, Tensor) else ()
        self._order.append((id(module), shape, self._lineage.of(first)))

    def _passed(self, _: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._lineage.note(output, self._lineage.of(inputs[0] if inputs else None))

    def _hear(self, call: Call) -> None:
        self._lineage.note(call.emitted, self._lineage.of(call.entered) + 1)
        # A few at a time, since the sum is of a copy in float64.
        parts = () if self._counted else call.drive.reshape(-1).split(_SUMMED)
        self._sums.append(sum(float(part.sum(dtype=torch.float64)) for part in parts))
        self._heard.append(self._keep(call))
        if self._last is not None and self._last(call):
            raise Stop(call)
