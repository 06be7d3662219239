"""Whether a network puts its neurons at their start in every call, so that each is one step."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from snnviz.adapters.calls import run, states_in
from snnviz.adapters.feeding import Source
from snnviz.adapters.finding import Layer
from snnviz.adapters.listening import Trial, Way
from snnviz.adapters.state import tensors_of
from snnviz.errors import ConfigError


def begins_anew(trial: Trial, layer: Layer, way: Way, source: Source) -> bool:
    """Whether a network of one step a call puts its neurons at their start in every call.

    Args:
        trial: The network.
        layer: Its first layer of neurons.
        way: How it takes images, one step a call.
        source: The images.

    Raises:
        ConfigError: It hands a layer the state or the spikes of another one.
    """
    before: list[_State] = []
    after: list[_State] = []
    given_back: list[Tensor] = []

    def enters(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        before.append(_State(_tensors_in(inputs[1:]), _state_of(module)))

    def leaves(module: nn.Module, _: Any, output: Any) -> None:
        rest = output[1:] if isinstance(output, tuple) else ()
        after.append(_State(_tensors_in(rest), _state_of(module)))
        given_back.extend(_tensors_in(output) if len(after) == 1 else [])

    source = source.flat() if way.flat else source
    trial.start.begin()
    handles = (
        layer.module.register_forward_pre_hook(enters),
        layer.module.register_forward_hook(leaves),
    )
    try:
        output = run(trial.net, source.step(0))
        calls, left = len(before), after[0]
        run(trial.net, source.step(0), states_in(trial.net, output))
    finally:
        for handle in handles:
            handle.remove()
    first, again = before[0], before[calls]
    returned = _tensors_in(output)
    for state in again.passed:
        if not _among(state, given_back) and _among(state, returned):
            raise ConfigError(
                f"the network hands {layer.name} another layer's state or spikes: let its forward "
                "return the output first, and then the states in the order in which it takes them"
            )
    if again.passed:  # what is passed by hand is the state, whatever the layer keeps besides
        return bool(first.passed) and _same(first.passed, again.passed)
    moved = not _same([*first.passed, *first.kept], [*left.passed, *left.kept])
    return moved and _same(first.kept, again.kept)


def _among(tensor: Tensor, others: list[Tensor]) -> bool:
    return any(tensor.shape == other.shape and torch.equal(tensor, other) for other in others)


class _State(NamedTuple):
    """The state of a layer of neurons: what it is passed by hand, and what it keeps."""

    passed: list[Tensor]
    kept: list[Tensor]


def _state_of(module: nn.Module) -> list[Tensor]:
    """Copies of the tensors that a module holds besides its parameters."""
    return [value.detach().clone() for part in module.modules() for value in tensors_of(part)]


def _tensors_in(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values.detach().clone()]
    if isinstance(values, (tuple, list)):
        return [tensor for value in values for tensor in _tensors_in(value)]
    return []


def _same(some: list[Tensor], others: list[Tensor]) -> bool:
    """Whether two states are equal; none, or one of size 0, is as good as zeros."""
    if len(some) != len(others):
        return not any(bool(tensor.any()) for tensor in (*some, *others))
    return all(
        torch.equal(a, b) if a.numel() and b.numel() else not (a.any() or b.any())
        for a, b in zip(some, others, strict=True)
    )
