"""The encoder of a whole pickled network of classes that nobody here knows, without their code."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from snnviz.checkpoint import StandIn, find_network, listing, read_file
from snnviz.checkpoint.modules import named_parts
from snnviz.checkpoint.reading import as_dict
from snnviz.checkpoint.values import kind_of, number, numpy_array
from snnviz.errors import CheckpointError

_REMEDY = "give the code that makes the network, or pass the network to snnviz.load_encoder"
# Where classes of these names are torch's own or SpikingJelly's wrappings of them.
_HOMES = ("torch.nn.modules.", "spikingjelly.activation_based.layer")
_NEURONS = "spikingjelly.activation_based.neuron"
# Layers that a network keeps no state in, with the settings that each is made from.
_SETTINGS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: (
        "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups",
        "padding_mode",
    ),
    nn.Linear: ("in_features", "out_features"),
    nn.BatchNorm1d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    nn.BatchNorm2d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    nn.GroupNorm: ("num_groups", "num_channels", "eps", "affine"),
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.Flatten: ("start_dim", "end_dim"),
    nn.ReLU: (),
    nn.LeakyReLU: ("negative_slope",),
    nn.Identity: (),
    nn.Dropout: ("p",),
    nn.Dropout2d: ("p",),
}  # fmt: skip
_LAYERS = {cls.__name__: cls for cls in _SETTINGS}
_DEPTH = 100
_MAX_LAYERS = 1000


def revive_encoder(path: str | Path) -> tuple[nn.Sequential, str]:
    """The layers up to the first neurons of a whole network in a file, and the file's SHA-256.

    What the file says of each layer is given to torch's and SpikingJelly's own classes; no code of
    the file runs. The layers are taken in the order in which the network registered them, which a
    file cannot prove to be the order of execution.

    Args:
        path: A file of torch.save that holds a whole network, by itself or beside others.

    Raises:
        CheckpointError: It holds none, or one whose first layers are not torch's, or whose first
            neurons are not SpikingJelly's IFNode, LIFNode or ParametricLIFNode.
    """
    path = Path(path)
    try:
        tree, sha256, _ = read_file(path)
        return _revive(find_network(tree).network), sha256
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _revive(network: object) -> nn.Sequential:
    if not isinstance(network, StandIn):
        raise CheckpointError(
            f"holds a state dict, which does not say what its layers are; {_REMEDY}"
        )
    layers = nn.Sequential()
    for name, layer in islice(_leaves(network, "", 0), _MAX_LAYERS):
        made = _neurons(name, layer) or _layer(name, layer)
        layers.add_module(name.replace(".", "_"), made)
        if isinstance(made, neuron.BaseNode):
            return layers.eval()
    raise CheckpointError(f"holds a network without spiking neurons of SpikingJelly; {_REMEDY}")


def _leaves(network: StandIn, prefix: str, depth: int) -> Iterator[tuple[str, StandIn]]:
    """The layers that hold no layers, and neurons, in the order of registration."""
    if depth > _DEPTH:
        raise CheckpointError(f"holds layers in {_DEPTH} layers; {_REMEDY}")
    attributes = as_dict(network.state)
    if attributes is None or "_modules" not in attributes:
        raise CheckpointError(f"holds {kind_of(network)}, expected a torch module")
    for name, child in named_parts(attributes, "_modules").items():
        if child is None:
            continue
        if not isinstance(child, StandIn):
            raise CheckpointError(f"holds {kind_of(child)}, expected a torch module")
        place = f"{prefix}{name}"
        inner = as_dict(child.state) or {}
        if child.global_name.startswith(_NEURONS) or not named_parts(inner, "_modules"):
            yield place, child
        else:
            yield from _leaves(child, f"{place}.", depth + 1)


def _layer(name: str, layer: StandIn) -> nn.Module:
    """A layer without a state, as torch makes it, with the file's weights.

    Raises:
        CheckpointError: It is of another class, or its settings or weights are not what they say.
    """
    kind = layer.global_name.rpartition(".")[2]
    if kind not in _LAYERS or not layer.global_name.startswith(_HOMES):
        raise CheckpointError(
            f"has a layer {listing([name])} of class {listing([layer.global_name])} before its "
            f"first neurons, whose code is not in the file; {_REMEDY}"
        )
    cls = _LAYERS[kind]
    attributes = as_dict(layer.state) or {}
    settings = {key: _plain(attributes[key]) for key in _SETTINGS[cls] if key in attributes}
    weights = _tensors(attributes)
    if cls in (nn.Conv2d, nn.Linear):
        settings["bias"] = "bias" in weights
    return _filled(name, partial(cls, **settings), weights)


def _neurons(name: str, layer: StandIn) -> nn.Module | None:
    """Neurons as SpikingJelly makes them; None for what is none.

    Raises:
        CheckpointError: They are of a kind that is not read, or put out no spikes.
    """
    if not layer.global_name.startswith(_NEURONS):
        return None
    kind = layer.global_name.rpartition(".")[2]
    attributes = as_dict(layer.state) or {}
    parts = (named_parts(attributes, "_memories"), named_parts(attributes, "_modules"))
    values = {**parts[0], **parts[1], **attributes}
    surrogate = values.get("surrogate_function")
    if isinstance(surrogate, StandIn) and (as_dict(surrogate.state) or {}).get("spiking") is False:
        raise CheckpointError("has neurons that put out no spikes (a surrogate with spiking=False)")
    decay = values.get("decay_input", True)
    reset = values.get("v_reset", "missing")
    settings: dict[str, Any] = {
        "v_threshold": number(values.get("v_threshold")),
        "v_reset": None if reset is None else number(reset),
    }
    if kind == "LIFNode":
        settings |= {"tau": number(values.get("tau")), "decay_input": decay}
    elif kind == "ParametricLIFNode":
        settings |= {"decay_input": decay}
    elif kind != "IFNode":
        raise CheckpointError(
            f"has neurons of class {listing([kind])} at {listing([name])}; from a file IFNode, "
            f"LIFNode and ParametricLIFNode are read; {_REMEDY}"
        )
    unread = [key for key, value in settings.items() if value is None and key != "v_reset"]
    if unread or type(decay) is not bool or (reset is not None and settings["v_reset"] is None):
        raise CheckpointError(f"has neurons at {listing([name])} whose settings cannot be read")
    classes: dict[str, Callable[..., nn.Module]] = {
        "IFNode": neuron.IFNode,
        "LIFNode": neuron.LIFNode,
        "ParametricLIFNode": neuron.ParametricLIFNode,
    }
    return _filled(name, partial(classes[kind], **settings), _tensors(attributes))


def _filled(name: str, make: Callable[[], nn.Module], weights: Mapping[str, Tensor]) -> nn.Module:
    """A layer with these weights.

    Raises:
        CheckpointError: Its settings are none, or the weights are not of its sizes.
    """
    try:
        with torch.device("meta"):  # a file may claim any size
            layer = make()
        layer.load_state_dict(dict(weights), strict=True, assign=True)
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError, OverflowError) as error:
        reason = str(error).strip().splitlines()
        raise CheckpointError(
            f"has a layer {listing([name])} whose settings and weights do not fit ("
            f"{reason[0][:100] if reason else type(error).__name__})"
        ) from error
    return layer


def _tensors(attributes: Mapping[object, object]) -> dict[str, Tensor]:
    """The weights and buffers that a layer has."""
    found: dict[str, Tensor] = {}
    for kind in ("_parameters", "_buffers"):
        for key, value in named_parts(attributes, kind).items():
            array = numpy_array(value)
            tensor = torch.from_numpy(array) if array is not None else value
            if isinstance(tensor, Tensor):
                found[str(key)] = tensor.detach().float() if tensor.is_floating_point() else tensor
    return found


def _plain(value: object) -> Any:
    """A setting as a file may state it: numbers, words, and short tuples of numbers.

    Raises:
        CheckpointError: It is something else.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (list, tuple)) and len(value) <= 4:
        return tuple(_plain(each) for each in value)
    found = number(value)
    if found is None or abs(found) > 1 << 20:
        raise CheckpointError(f"has a layer with a setting that is {kind_of(value)}")
    return found
