"""Calls of layers of neurons: what enters one, what it returns, and how a network is run."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from snnviz.adapters.finding import Layer
from snnviz.adapters.places import TIMERS
from snnviz.errors import ConfigError


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


# Methods that take a layer's input; the latter two are SpikingJelly's.
_FORWARDS = ("forward", "single_step_forward", "multi_step_forward")


@contextmanager
def called_only(layer: Layer) -> Iterator[None]:
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


def run(
    net: nn.Module,
    feed: Tensor,
    states: tuple[Any, ...] = (),
    told: Mapping[str, int] = MappingProxyType({}),
) -> Any:
    """What `net` returns.

    Args:
        net: The network.
        feed: What it sees.
        states: What it is given besides, by position.
        told: What it is given besides, by name.

    Raises:
        ConfigError: The network raised an error.
    """
    try:
        return net(feed, *states, **told)
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


def step_parameter(net: nn.Module) -> inspect.Parameter | None:
    """The parameter in which `net.forward` is told the number of steps; None where there is none.

    It is the only one, besides what the network sees, that has to be given, or one that is called
    as numbers of steps are.
    """
    try:
        parameters = list(inspect.signature(net.forward).parameters.values())[1:]
    except (TypeError, ValueError):
        return None
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    needed = [p for p in named if p.default is p.empty]
    asked = needed or [
        p for p in named if p.name in TIMERS and type(p.default) in (int, type(None))
    ]
    return asked[0] if len(asked) == 1 else None


def heard_by(hear: Callable[[Call], None], layer: Layer) -> Callable[..., None]:
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
