"""What a whole pickled network of SpikingJelly's is, beside its weights: its neurons and layers."""

from collections.abc import Mapping
from typing import Any

from snnviz.checkpoint.modules import Parts, named_parts
from snnviz.checkpoint.reading import StandIn, as_dict
from snnviz.checkpoint.values import number
from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts.forms import Match

# Classes of SpikingJelly's neurons that snnviz has, by all their names: what they are here.
_NEURONS = {"IFNode": "if", "MultiStepIFNode": "if", "LIFNode": "lif", "MultiStepLIFNode": "lif"}
# Layers that the tutorial's network may have, and their settings there.
_CONVOLUTION: dict[str, object] = {
    "kernel_size": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1,
    "padding_mode": "zeros", "transposed": False,
}  # fmt: skip
_NORM: dict[str, object] = {"eps": 1e-5, "affine": True, "track_running_stats": True}
_LEAVES: dict[str, dict[str, object]] = {
    "Conv2d": _CONVOLUTION,
    "BatchNorm2d": _NORM,
    "SyncBatchNorm": _NORM,
    "MaxPool2d": {"kernel_size": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil_mode": False},
    "AvgPool2d": {
        "kernel_size": 2,
        "stride": 2,
        "padding": 0,
        "ceil_mode": False,
        "divisor_override": None,
    },
    "Flatten": {"start_dim": 1, "end_dim": -1},
    "Linear": {},
    "Dropout": {},
}
# What keeps of 2 x 2 spikes what.
_POOLINGS = {"MaxPool2d": "max", "AvgPool2d": "avg"}
# Where the sizes of the network were defined, in this version and before.
_CONFIGS = ("snnviz.tutorial.network.NetworkConfig", "snnviz.network.NetworkConfig")


def neuron_settings(parts: Parts, found: Match) -> dict[str, Any]:
    """What the encoder's neurons are, as arguments of `NetworkConfig`; empty where there are none.

    Raises:
        CheckpointError: snnviz has no such neurons, or they do not follow the encoder's layers.
    """
    for layer in found.form.layers[:2]:
        name = found.prefix + layer
        if name in parts.layers and (fault := _layer_fault(name, parts.layers[name])):
            raise CheckpointError(
                f"holds an encoder in which {fault}; {_IN_PYTHON.format('the network')}"
            )
    if not parts.neurons:
        return {}
    if found.neurons not in parts.neurons:
        raise CheckpointError(
            f"holds no neurons at {ascii(found.neurons)[1:-1]}, behind the encoder's convolution, "
            f"but at {ascii(next(iter(parts.neurons)))[1:-1][:60]}; "
            + _IN_PYTHON.format("the network")
        )
    return _read_neuron(found.neurons, parts.neurons[found.neurons])


def network_fault(parts: Parts, found: Match, neurons: Mapping[str, Any]) -> str | None:
    """What keeps the parts from being the tutorial's network; None where they are."""
    if found.fault is not None:
        return found.fault
    for name, layer in parts.layers.items():
        if fault := _layer_fault(name, layer):
            return fault
    for name, neuron in parts.neurons.items():
        try:
            others = _read_neuron(name, neuron)
        except CheckpointError as error:
            return f"it {error}"
        if others != neurons:
            return (
                f"its neurons differ: {_describe(neurons)} in the encoder, {_describe(others)} at "
                f"{ascii(name)[1:-1][:60]}"
            )
    if len(poolings(parts)) != 1:
        return "it has not two poolings of one kind"
    return None


def poolings(parts: Parts) -> set[str]:
    """The poolings of `NetworkConfig` that the parts have."""
    kinds = (layer.global_name.rpartition(".")[2] for layer in parts.layers.values())
    return {_POOLINGS[kind] for kind in kinds if kind in _POOLINGS}


_IN_PYTHON = "load {} in Python and pass it to snnviz.load_encoder"


def _read_neuron(name: str, neuron: StandIn) -> dict[str, Any]:
    full_name = neuron.global_name
    kind = _NEURONS.get(full_name.rpartition(".")[2])
    if kind is None or not full_name.startswith("spikingjelly."):
        shown = ascii(full_name if kind else full_name.rpartition(".")[2])[1:-1][:80]
        raise CheckpointError(
            f"has neurons of class {shown} at {ascii(name)[1:-1][:60]}; from a file snnviz reads "
            f"SpikingJelly's IFNode and LIFNode; {_IN_PYTHON.format('a network of such neurons')}"
        )
    values = _neuron_values(neuron)
    surrogate = values.get("surrogate_function")
    if isinstance(surrogate, StandIn) and (as_dict(surrogate.state) or {}).get("spiking") is False:
        raise CheckpointError("has neurons that put out no spikes (a surrogate with spiking=False)")
    reset = values.get("v_reset", "missing")
    settings: dict[str, Any] = {
        "neuron": kind,
        "v_threshold": number(values.get("v_threshold")),
        "v_reset": None if reset is None else number(reset),
    }
    if settings["v_threshold"] is None or (reset is not None and settings["v_reset"] is None):
        raise CheckpointError("has neurons whose v_threshold or v_reset is no number")
    if kind == "lif":
        settings["tau"] = number(values.get("tau"))
        # Before SpikingJelly 0.0.0.0.8 the input always decayed.
        settings["decay_input"] = values.get("decay_input", True)
        if settings["tau"] is None or type(settings["decay_input"]) is not bool:
            raise CheckpointError("has neurons whose tau or decay_input cannot be read")
    return settings


def _describe(neuron: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in neuron.items()) or "none"


def _neuron_values(neuron: StandIn) -> dict[object, object]:
    attributes = as_dict(neuron.state) or {}
    # SpikingJelly 0.0.0.0.12 keeps a neuron's parameters among its memories.
    parts = [named_parts(attributes, kind) for kind in ("_memories", "_modules")]
    return {**parts[0], **parts[1], **attributes}


def _layer_fault(name: str, layer: StandIn) -> str | None:
    """What makes a layer another than the tutorial's network has."""
    kind = layer.global_name.rpartition(".")[2]
    shown = ascii(name)[1:-1][:60]
    if kind not in _LEAVES:
        return f"{shown} is of class {ascii(kind)[1:-1][:60]}"
    attributes = as_dict(layer.state) or {}
    for setting, expected in _LEAVES[kind].items():
        value = attributes.get(setting, expected)
        if setting == "padding" and value == "same":
            continue
        if not _is_setting(value, expected):
            return f"{setting} of {shown} ({ascii(kind)[1:-1][:60]}) is not {expected}"
    return None


def _is_setting(value: object, expected: object) -> bool:
    """Whether `value` is `expected`, or a pair of it; what a file nests is not compared."""
    if isinstance(value, (list, tuple)) and type(expected) is int:
        return len(value) == 2 and all(_is_setting(part, expected) for part in value)
    if isinstance(expected, tuple):
        parts = value if isinstance(value, (list, tuple)) else (value, value)
        return len(parts) == len(expected) and all(map(_is_setting, parts, expected))
    if expected is None:
        return value is None
    if isinstance(expected, (str, bool)):
        return type(value) is type(expected) and value == expected
    return number(value) == expected


def network_settings(attributes: Mapping[object, object]) -> dict[object, object]:
    """What a whole network says of itself: ours all of its sizes, SpikingJelly's their T."""
    config = attributes.get("config")
    if isinstance(config, StandIn) and config.global_name in _CONFIGS:
        return as_dict(config.state) or {}
    return {"T": attributes["T"]} if "T" in attributes else {}
