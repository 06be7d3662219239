"""What a file states and holds, checked: settings, tensors, and whether they are a network."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, get_args

import torch
from torch import Tensor

from snnviz.checkpoint.names import listing
from snnviz.checkpoint.values import kind_of, number, numpy_array
from snnviz.errors import CheckpointError
from snnviz.tutorial import network
from snnviz.tutorial.layouts.forms import IN_PYTHON

# Settings that earlier builds stated: dropout changes no network that has learned, and several
# output neurons a class show in the weights.
_GONE = ("dropout", "votes")
# Far above any real network, far below what would overflow or fill the memory.
_LARGEST = {"image_size": 4096}
_SHOWN = 10**100  # larger numbers are not written out
_LARGEST_NUMBER = 65_536


def check_settings(stated: Mapping[Any, object]) -> dict[str, Any]:
    """`stated` as arguments of `NetworkConfig`, each of its type and in its range.

    Raises:
        CheckpointError: One of them is not.
    """
    names = [field.name for field in fields(network.NetworkConfig)]
    if unknown := [name for name in stated if name not in (*names, *_GONE)]:
        raise CheckpointError(
            f"states settings that this version does not know: {listing(unknown)}; update snnviz"
        )
    settings = {
        name: _SETTINGS.get(name, _check_integer)(name, stated[name])
        for name in stated
        if name in names
    }
    threshold = settings.get("v_threshold", 1.0)
    if threshold <= (settings.get("v_reset", 0.0) or 0.0):
        raise CheckpointError(f"states v_threshold {threshold}, expected one above v_reset")
    return settings


def _check_float(name: str, value: object) -> float:
    found = number(value)
    if found is None or not -_LARGEST_NUMBER <= found <= _LARGEST_NUMBER:
        raise CheckpointError(f"states a {name} that is no sensible number")
    return float(found)


def _check_float_or_none(name: str, value: object) -> float | None:
    return None if value is None else _check_float(name, value)


def _check_sides(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise CheckpointError(f"states an {name} that is no pair (height, width)")
    return tuple(_check_integer(name, side) for side in value)


def _check_kind(name: str, value: object, *, of: object = network.NeuronKind) -> str:
    if type(value) is not str or value not in get_args(of):
        raise CheckpointError(f"states a {name} that this version does not know; update snnviz")
    return value


def _check_flag(name: str, value: object) -> bool:
    if type(value) is not bool:
        raise CheckpointError(f"states a {name} that is {kind_of(value)}, expected a truth value")
    return value


def _check_integer(name: str, value: object) -> int:
    largest = _LARGEST.get(name, _LARGEST_NUMBER)
    found = number(value)
    if found is None or found != found // 1:
        raise CheckpointError(f"states a {name} that is no integer")
    if not 1 <= found <= largest:
        shown = f"{found:g}" if abs(found) < _SHOWN else "of over a hundred digits"
        raise CheckpointError(f"states {name} {shown}, expected 1 to {largest}")
    return int(found)


# How each is checked that is no whole number.
_SETTINGS: dict[str, Callable[[str, object], Any]] = {
    "v_threshold": _check_float,
    "v_reset": _check_float_or_none,
    "tau": _check_float_or_none,
    "image_size": _check_sides,
    "neuron": _check_kind,
    "decay_input": _check_flag,
    "pooling": partial(_check_kind, of=network.Pooling),
}


def check_tensor(key: str, value: object, size: int) -> Tensor:
    """`value`, where it is a plain tensor or array that lies in a file of `size` bytes."""
    array = numpy_array(value)
    if array is not None:
        # torch knows no foreign byte order, and warns of memory that is not to be written to.
        value = torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
    if not isinstance(value, Tensor):
        raise CheckpointError(f"{key} is {kind_of(value)}, expected a tensor")
    plain = value.layout is torch.strided and value.device.type == "cpu" and not value.is_quantized
    counter = key.endswith(".num_batches_tracked")
    if counter and (not plain or number(value) is None or not math.isfinite(number(value) or 0)):
        return torch.zeros((), dtype=torch.int64)  # evaluation does not need it
    if not plain or not (value.is_floating_point() or counter):
        raise CheckpointError(
            f"{key} is {value.dtype} ({value.layout}), expected floating-point numbers"
        )
    # An expanded view declares any size at the cost of one number.
    if value.numel() * value.element_size() > size:
        raise CheckpointError(f"{key} claims more bytes than the whole file has; it is damaged")
    return value.detach().reshape(()) if counter else value.detach()


def network_config(
    tensors: dict[str, Tensor], stated: dict[str, Any], fault: str | None
) -> tuple[network.NetworkConfig, str | None]:
    """The sizes that the weights have, and what keeps them from being those of the network.

    Raises:
        CheckpointError: Something stated contradicts the encoder's weights.
    """
    channels, in_channels, *_ = _shape(tensors, "static_conv.0.weight", 4)
    found: dict[str, Any] = {"channels": channels, "in_channels": in_channels}
    for name, value in found.items():
        _check_integer(name, value)
        if stated.get(name, value) != value:
            raise CheckpointError(f"states {name} {stated[name]}, its weights have {value}")
    if fault is None:
        try:
            sizes = _network_sizes(tensors, stated, channels)
            return network.NetworkConfig(**{**stated, **found, **sizes}), None
        except CheckpointError as error:
            fault = str(error)
    return network.NetworkConfig(**{**stated, **found}), fault


def _network_sizes(
    tensors: dict[str, Tensor], stated: dict[str, Any], channels: int
) -> dict[str, Any]:
    """Number of classes and size of the images, from the last layers' weights."""
    features = _shape(tensors, "fc.1.weight", 2)[1]
    classes = _check_integer("num_classes", _shape(tensors, "fc.3.weight", 2)[0])
    if stated.get("num_classes", classes) != classes:
        raise CheckpointError(
            f"states num_classes {stated['num_classes']}, its weights have {classes}"
        )
    side = 4 * math.isqrt(features // channels)
    height, width = stated.get("image_size", (side, side))
    if features != channels * (height // 4) * (width // 4) or side < 4:
        raise CheckpointError(
            f"fc.1.weight takes {features} numbers, expected channels * height/4 * width/4 with "
            f"{channels} channels and "
            + (f"images of {height} x {width}" if "image_size" in stated else "square images")
        )
    return {"num_classes": classes, "image_size": (height, width)}


def _shape(tensors: dict[str, Tensor], key: str, dimensions: int) -> tuple[int, ...]:
    shape = tuple(tensors[key].shape)
    if len(shape) != dimensions:
        raise CheckpointError(f"{key} is {list(shape)}, expected {dimensions} dimensions")
    return shape


def check_state(
    tensors: dict[str, Tensor], config: network.NetworkConfig, fault: str | None
) -> tuple[dict[str, Tensor], str | None]:
    """The values as float32, in `ConvSNN`'s order, and what keeps them from being a network's.

    Raises:
        CheckpointError: The encoder's shapes or values are wrong.
    """
    with torch.device("meta"):
        expected = network.ConvSNN(config).state_dict()
    state: dict[str, Tensor] = {}
    for key, like in expected.items():
        is_encoder = key.startswith("static_conv.")
        if not is_encoder and fault is not None:
            continue
        try:
            state[key] = _check_values(key, tensors.get(key), like)
        except CheckpointError as error:
            if is_encoder:
                raise
            fault = str(error)
    if fault is not None:
        state = {key: value for key, value in state.items() if key.startswith("static_conv.")}
    return state, fault


def _check_values(key: str, value: Tensor | None, like: Tensor) -> Tensor:
    """A copy of `value` of the shape and type of `like`, all finite."""
    if value is None:  # only num_batches_tracked may be missing; evaluation does not need it
        value = torch.zeros((), dtype=torch.int64)
    if value.shape != like.shape:
        raise CheckpointError(
            f"{key} is {list(value.shape)}, expected {list(like.shape)}"
            + f"; {IN_PYTHON}" * (key == "static_conv.0.weight")
        )
    value = value.to(like.dtype, memory_format=torch.contiguous_format, copy=True)
    # Two numbers, where a mask of all would double the memory.
    if not torch.stack(value.aminmax()).isfinite().all():
        raise CheckpointError(f"{key} has values that are not finite; it cannot be evaluated")
    if key.endswith(".running_var") and (value < 0).any():
        raise CheckpointError(f"{key} has negative values, expected variances")
    return value
