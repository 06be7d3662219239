"""The layouts in which checkpoints come, and their weights under `ConvSNN`'s names."""

from collections.abc import Collection, Mapping

from snnviz.checkpoint.reading import StandIn, as_dict
from snnviz.errors import CheckpointError

_WEIGHT = ("weight",)
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
# The layers of ConvSNN that have weights, with the names of their parameters and buffers.
_LAYERS = {
    "static_conv.0": _WEIGHT,
    "static_conv.1": _BATCH_NORM,
    "conv.2": _WEIGHT,
    "conv.3": _BATCH_NORM,
    "fc.1": _WEIGHT,
    "fc.3": _WEIGHT,
}
# Each form's names for these layers, in that order. SeqToANNContainer, which CupyNet is made of,
# held its layers under `module` at first, and later was itself a Sequential.
FORMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PythonNet", tuple(_LAYERS)),
    (
        "CupyNet",
        (
            "static_conv.0",
            "static_conv.1",
            "conv.1.module.1",
            "conv.1.module.2",
            "fc.0.module",
            "fc.2.module",
        ),
    ),
    (
        "CupyNet",
        ("static_conv.0", "static_conv.1", "conv.1.1", "conv.1.2", "fc.0.0", "fc.2.0"),
    ),
    ("tutorial", ("conv.0", "conv.1", "conv.4", "conv.5", "fc.1", "fc.3")),
    ("CSNN", ("conv_fc.0", "conv_fc.1", "conv_fc.4", "conv_fc.5", "conv_fc.9", "conv_fc.11")),
    ("encoder", ("static_conv.0", "static_conv.1")),
)
# What DataParallel, DistributedDataParallel and torch.compile put before every name.
_WRAPPERS = ("module.", "_orig_mod.")
_NEURONS = ("IFNode", "MultiStepIFNode")
_LEAVES = ("Conv2d", "BatchNorm2d", "SyncBatchNorm", "MaxPool2d", "Flatten", "Linear", "Dropout")
_MAX_PARTS = 1000


def canonical_state(state: Mapping[object, object]) -> tuple[str, dict[str, object]]:
    """The form's name, and the values of `state` under `ConvSNN`'s names.

    `num_batches_tracked` may be missing, as in state dicts older than torch 0.4.1.

    Raises:
        CheckpointError: The keys are those of no form; the message names a few.
    """
    if not state or not all(type(key) is str for key in state):
        raise CheckpointError(f"holds no state dict but a dict with the keys {listing(state)}")
    named = {str(key): value for key, value in state.items()}
    for wrapper in _WRAPPERS * 2:  # in either order
        if all(key.startswith(wrapper) for key in named):
            named = {key.removeprefix(wrapper): value for key, value in named.items()}
    tables = [(form, _names(layers)) for form, layers in FORMS]
    # The form that disagrees about the fewest keys.
    form, names = min(tables, key=lambda table: len(table[1].keys() ^ named.keys()))
    if not names.keys() & named.keys():
        raise CheckpointError(
            f"holds no network that snnviz knows: its keys are {listing(named)}, expected "
            "static_conv.0.weight ... fc.3.weight"
        )
    missing = [k for k in names if k not in named and not k.endswith(".num_batches_tracked")]
    unexpected = [key for key in named if key not in names]
    faults = [f"lacks {listing(missing)}"] if missing else []
    if unexpected:
        faults.append(f"also has {listing(unexpected)}")
    if faults:
        raise CheckpointError(
            f"holds another network: like {form}, but it {' and '.join(faults)}; snnviz reads the "
            "tutorial's convolutional network only"
        )
    return form, {new: named[old] for old, new in names.items() if old in named}


def _names(layers: tuple[str, ...]) -> dict[str, str]:
    """A form's key for each of `ConvSNN`'s, {theirs: ours}."""
    return {
        f"{theirs}.{name}": f"{ours}.{name}"
        # An encoder alone has the first two layers.
        for theirs, (ours, names) in zip(layers, _LAYERS.items(), strict=False)
        for name in names
    }


def listing(names: Collection[object]) -> str:
    """The first three of `names`, quoted and shortened: they come from a file."""
    items = list(names)
    shown = [
        ascii(item)[:60] if isinstance(item, str) else type(item).__name__ for item in items[:3]
    ]
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return ", ".join(shown) + more if shown else "none"


def flatten_network(network: StandIn) -> tuple[dict[object, object], dict[object, object]]:
    """The state dict of a whole pickled network, and what it says of T and its neurons.

    Raises:
        CheckpointError: It is no network, or one with neurons or layers that snnviz's has not.
    """
    state: dict[object, object] = {}
    settings: dict[object, object] = {}
    waiting: list[tuple[str, object]] = [("", network)]
    visited = 0
    while waiting:
        prefix, module = waiting.pop()
        attributes = _attributes(prefix, module)
        # Below DataParallel and torch.compile the network has its settings one level down.
        if prefix in ("", *_WRAPPERS):
            settings |= _settings(attributes)
        if neuron := _neuron(module, attributes):
            # Numbers only: to compare what a file nests may take forever.
            if not all(value is None or type(value) in (int, float) for value in neuron.values()):
                raise CheckpointError("has neurons whose v_threshold or v_reset is no number")
            if any(settings.setdefault(key, value) != value for key, value in neuron.items()):
                raise CheckpointError("has neurons of different v_threshold or v_reset")
            continue
        for kind in ("_parameters", "_buffers"):
            values = _children(attributes, kind).items()
            state |= {f"{prefix}{name}": v for name, v in values if v is not None}
        children = _children(attributes, "_modules")
        waiting += [(f"{prefix}{name}.", child) for name, child in reversed(children.items())]
        visited += 1
        # A module may hold itself, or many that hold many.
        if max(visited, len(waiting), len(state), len(prefix)) > _MAX_PARTS:
            raise CheckpointError(f"holds a network of over {_MAX_PARTS} parts, not the tutorial's")
    return state, settings


def _settings(attributes: dict[object, object]) -> dict[object, object]:
    """What a whole network says of itself: ours all of its sizes, SpikingJelly's their T."""
    config = attributes.get("config")
    if isinstance(config, StandIn) and config.global_name == "snnviz.network.NetworkConfig":
        return as_dict(config.state) or {}
    return {"T": attributes["T"]} if "T" in attributes else {}


def _attributes(prefix: str, module: object) -> dict[object, object]:
    if not isinstance(module, StandIn):
        where = f"at {ascii(prefix)[:60]}" if prefix else "as network"
        raise CheckpointError(f"holds a {type(module).__name__} {where}, expected a torch module")
    attributes = as_dict(module.state)
    if attributes is None or "_modules" not in attributes:
        name = ascii(module.global_name)[1:-1][:80]
        raise CheckpointError(f"holds a {name}, expected a network or its state dict")
    return attributes


def _children(attributes: Mapping[object, object], kind: str) -> dict[object, object]:
    """The named parts of one kind, not too many and with short names."""
    parts = as_dict(attributes.get(kind, {}))
    short = parts is not None and all(type(k) is str and len(k) < 100 for k in parts)
    if parts is None or not short or len(parts) > _MAX_PARTS:
        raise CheckpointError(f"holds a module whose {kind} are not named parts")
    return parts


def _neuron(module: object, attributes: dict[object, object]) -> dict[str, object] | None:
    """v_threshold and v_reset where `module` is a neuron, None where it is another layer."""
    full_name = module.global_name if isinstance(module, StandIn) else ""
    name = full_name.rpartition(".")[2]
    # SpikingJelly 0.0.0.0.12 keeps a neuron's parameters among its memories.
    values = {**_children(attributes, "_memories"), **attributes}
    if "v_threshold" in values or ".neuron." in full_name:
        if name not in _NEURONS:
            raise CheckpointError(
                f"has neurons of class {ascii(name)[1:-1][:60]}; snnviz knows IFNode and "
                "MultiStepIFNode"
            )
        return {key: values.get(key, "missing") for key in ("v_threshold", "v_reset")}
    if not attributes["_modules"] and name not in _LEAVES:
        raise CheckpointError(
            f"has a layer of class {ascii(name)[1:-1][:60]}; the tutorial's network has none"
        )
    return None
