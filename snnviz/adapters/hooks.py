"""Run a network and listen: what enters its layers of neurons, and what they emit."""

import functools
import inspect
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from snnviz.adapters.finding import Layer, frameworks_of
from snnviz.errors import ConfigError

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


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer of neurons, tensors in the layer's own axes.

    Attributes:
        layer: The layer.
        drive: What entered it.
        arguments: What it was given besides: its state, where that is passed by hand.
        emitted: The spikes that it returned; None where it was not let run.
        place: At which of its places in the network it was called, 0 for the first.
        entered: The very tensor that entered it.
    """

    layer: Layer
    drive: Tensor
    arguments: tuple[Any, ...]
    emitted: Tensor | None = None
    place: int = 0
    entered: Tensor | None = None


_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Stop(Exception):  # noqa: N818 - no error: it ends a run that has shown what was wanted
    """A layer was reached, and the network need not be run further."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call


class _Weighted:
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
        return isinstance(token, tuple) and token[0] in self._modules


class Listener:
    """Hears the calls of layers, one run of the network after the other.

    Args:
        net: The network.
        layers: The layers to listen to.
        keep: Makes of a call what is kept of it.
        counted: Whether the number of steps of a run is known from what the network is given.
    """

    def __init__(
        self,
        net: nn.Module,
        layers: Sequence[Layer],
        keep: Callable[[Call], Call],
        *,
        counted: bool = False,
    ) -> None:
        self._counted = counted
        self._net = net
        self._layers = layers
        self._keep = keep
        self._order: list[Token] = []
        self._heard: list[Call] = []
        self._sums: list[float] = []
        self._lineage = _Lineage()
        self._places: dict[tuple[Token, ...], list[int]] = {}
        self._weighted = _Weighted(net, {id(layer.module) for layer in layers})

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In here calls are heard; hooks are gone afterwards."""
        handles = []
        watched = {id(layer.module) for layer in self._layers}
        inside = {id(part) for layer in self._layers for part in layer.module.modules()}
        for module in self._net.modules():
            leaf = not any(True for _ in module.children())
            if id(module) in watched or (leaf and id(module) not in inside):
                handles.append(module.register_forward_pre_hook(self._note))
            if leaf and id(module) not in watched | inside:
                handles.append(module.register_forward_hook(self._passed))
        for layer in self._layers:
            hook = _heard_by(self._hear, layer)
            handles.append(layer.module.register_forward_hook(hook, with_kwargs=True))
        known = {id(module) for module in self._net.modules()}
        handles.append(register_module_forward_pre_hook(partial(self._unregistered, known)))
        try:
            with ExitStack() as stack:
                for layer in self._layers:
                    stack.enter_context(_called_only(layer))
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

    def run(self, feed: Tensor, states: tuple[Any, ...]) -> tuple[list[Call], Any]:
        """The calls of one run, in their order, and what the network returns.

        Raises:
            ConfigError: The network raised an error, or a layer emitted no tensor.
        """
        self._order, self._heard, self._sums, self._lineage = [], [], [], _Lineage()
        returned = run(self._net, feed, states)
        order = tuple(self._order)
        if order not in self._places:
            self._places[order] = self._assign(order)
        pairs = zip(self._heard, self._places[order], strict=True)
        return [replace(call, place=place) for call, place in pairs], returned

    def _assign(self, order: tuple[Token, ...]) -> list[int]:
        """The place of each call of a layer, from all calls of a run."""
        watched = {id(layer.module) for layer in self._layers}
        loops = {
            value
            for module in self._net.modules()
            for name, value in vars(module).items()
            if name in TIMERS and type(value) is int
        }
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
        """Nothing, if calls of a layer are known to be steps.

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
        self._sums.append(float(call.drive.sum(dtype=torch.float64)))
        self._heard.append(self._keep(call))


class _Lineage:
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


# Methods that take a layer's input; the latter two are SpikingJelly's.
_FORWARDS = ("forward", "single_step_forward", "multi_step_forward")


@contextmanager
def _called_only(layer: Layer) -> Iterator[None]:
    """In here the `forward` of a layer that is not called as a module is refused.

    No hook hears that, and another layer would pass for the first.
    """
    module, called, inside = layer.module, [0], [0]
    before = {name: vars(module).get(name) for name in _FORWARDS if hasattr(module, name)}

    def note(_: nn.Module, __: Any) -> None:
        called[0] += 1

    def checked(name: str, method: Callable[..., Any], *inputs: Any, **given: Any) -> Any:
        if not called[0] and not inside[0]:
            raise ConfigError(
                f"the network calls {layer.name}.{name}(...); let it call {layer.name}(...), "
                "which hooks can hear"
            )
        called[0] -= name == "forward"
        inside[0] += 1  # a layer may call its own methods
        try:
            return method(*inputs, **given)
        finally:
            inside[0] -= 1

    handle = module.register_forward_pre_hook(note)
    for name in before:
        method = getattr(module, name)
        setattr(module, name, functools.wraps(method)(partial(checked, name, method)))
    try:
        yield
    finally:
        handle.remove()
        for name, own in before.items():
            if own is None:
                vars(module).pop(name, None)
            else:
                setattr(module, name, own)


@contextmanager
def stopping(layer: Layer) -> Iterator[None]:
    """In here a run ends with `Stop` where the layer would be called."""

    def stop(_: nn.Module, inputs: tuple[Any, ...], given: dict[str, Any]) -> None:
        raise Stop(_call(layer, inputs, given))

    handle = layer.module.register_forward_pre_hook(stop, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def run(net: nn.Module, feed: Tensor, states: tuple[Any, ...] = ()) -> Any:
    """What `net` returns.

    Raises:
        ConfigError: The network raised an error.
    """
    try:
        return net(feed, *states)
    except (Stop, ConfigError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise ConfigError(sentence(error)) from error


def states_in(net: nn.Module, output: Any) -> tuple[Any, ...]:
    """The states that `net` returned besides its output and takes by hand in the next call.

    It takes them where it has as many arguments that may be left out.
    """
    if not isinstance(output, tuple) or len(output) < 2:
        return ()
    try:
        parameters = list(inspect.signature(net.forward).parameters.values())[1:]
    except (TypeError, ValueError):
        return ()
    expected = sum(parameter.default is None for parameter in parameters)
    return output[1:] if expected == len(output) - 1 else ()


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


def _heard_by(hear: Callable[[Call], None], layer: Layer) -> Callable[..., None]:
    """The hook that tells `hear` of each call of the layer."""

    def hook(_: nn.Module, inputs: tuple[Any, ...], given: dict[str, Any], output: Any) -> None:
        emitted = layer.framework.emitted(layer.module, output)
        if emitted is None:
            raise ConfigError(
                f"{layer.name} ({layer.kind}) returns {type(output).__name__} and no tensor of "
                "spikes"
            )
        hear(replace(_call(layer, inputs, given), emitted=emitted))

    return hook


def _call(layer: Layer, inputs: tuple[Any, ...], given: dict[str, Any]) -> Call:
    """The call, from the arguments as they came: the first parameter is the drive."""
    values = inputs
    if given:
        try:
            signature = inspect.signature(layer.module.forward)
            bound = signature.bind(*inputs, **given)
        except (TypeError, ValueError):
            bound = None
        if bound is None or any(p.kind in _REST for p in signature.parameters.values()):
            values = (*inputs, *given.values())
        else:
            values = tuple(bound.arguments.values())
    if not values or not isinstance(values[0], Tensor):
        raise ConfigError(f"{layer.name} ({layer.kind}) is called without a tensor")
    return Call(layer, values[0].detach(), values[1:], entered=values[0])


def sentence(error: Exception) -> str:
    """The first line of an error, with its class."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else 'no message'}"
