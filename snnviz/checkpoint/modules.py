"""A whole pickled network as what it is made of: its weights, its neurons, its other layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snnviz.checkpoint.names import plain_name
from snnviz.checkpoint.reading import StandIn, as_dict
from snnviz.checkpoint.values import kind_of
from snnviz.errors import CheckpointError

_MAX_PARTS = 1000


@dataclass
class Parts:
    """What a whole network is made of; names are plain ones, see `names.plain_name`.

    Attributes:
        state: Its state dict, under the names that it has in the network.
        neurons: Its layers of neurons, in the order of registration.
        layers: Its other layers that hold no layers.
        attributes: What it says of itself, the outermost of several wrappers first.
    """

    state: dict[object, object] = field(default_factory=dict)
    neurons: dict[str, StandIn] = field(default_factory=dict)
    layers: dict[str, StandIn] = field(default_factory=dict)
    attributes: dict[object, object] = field(default_factory=dict)


def is_module(value: object) -> bool:
    """Whether `value` is a pickled torch module."""
    attributes = as_dict(value.state) if isinstance(value, StandIn) else None
    return attributes is not None and "_modules" in attributes


def take_apart(network: StandIn) -> Parts:
    """The parts of a whole network.

    Raises:
        CheckpointError: It is no network, or none that could be one.
    """
    parts = Parts()
    waiting: list[tuple[str, object]] = [("", network)]
    visited = 0
    while waiting:
        prefix, module = waiting.pop()
        name = plain_name(prefix.removesuffix("."))
        module, attributes = _attributes(prefix, module)
        # Below DataParallel and torch.compile the network has its settings one level down.
        if not name:
            parts.attributes |= attributes
        if _is_neuron(module, attributes):
            parts.neurons[name] = module
            continue
        for kind in ("_parameters", "_buffers"):
            values = named_parts(attributes, kind).items()
            parts.state |= {f"{prefix}{key}": v for key, v in values if v is not None}
        children = named_parts(attributes, "_modules")
        waiting += [(f"{prefix}{key}.", child) for key, child in reversed(children.items())]
        if not children:
            parts.layers[name] = module
        visited += 1
        # A module may hold itself, or many that hold many.
        if max(visited, len(waiting), len(parts.state), len(prefix)) > _MAX_PARTS:
            raise CheckpointError(
                f"holds a network of over {_MAX_PARTS} parts; pass it to snnviz.load_encoder in "
                "Python"
            )
    return parts


def _attributes(prefix: str, module: object) -> tuple[StandIn, dict[object, object]]:
    if not isinstance(module, StandIn):
        where = f"at {ascii(prefix)[:60]}" if prefix else "as network"
        raise CheckpointError(f"holds {kind_of(module)} {where}, expected a torch module")
    attributes = as_dict(module.state)
    if attributes is None or "_modules" not in attributes:
        raise CheckpointError(f"holds {kind_of(module)}, expected a network or its state dict")
    return module, attributes


def named_parts(attributes: Mapping[object, object], kind: str) -> dict[object, object]:
    """The named parts of one kind, not too many and with short names."""
    parts = as_dict(attributes.get(kind, {}))
    short = parts is not None and all(type(k) is str and len(k) < 100 for k in parts)
    if parts is None or not short or len(parts) > _MAX_PARTS:
        raise CheckpointError(f"holds a module whose {kind} are not named parts")
    return parts


def _is_neuron(module: StandIn, attributes: dict[object, object]) -> bool:
    values = {**named_parts(attributes, "_memories"), **attributes}
    return "v_threshold" in values or ".neuron." in module.global_name
