"""`load_checkpoint`: any known file to a `Checkpoint` whose weights and sizes have been checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from snnviz import network
from snnviz.checkpoint.forms import canonical_state, flatten_network, listing
from snnviz.checkpoint.reading import StandIn, as_dict, check_path, read_file
from snnviz.errors import CheckpointError, ConfigError

# Far above any real network, far below what would overflow or fill the memory.
_LARGEST = {"image_size": 4096}
_LARGEST_NUMBER = 65_536


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network, or an encoder alone, as a file holds it.

    Attributes:
        path: The file.
        form: Its layout: "PythonNet" (also ours), "CupyNet", "tutorial", "CSNN" or "encoder".
        state: The weights under `ConvSNN`'s names, `static_conv.0.weight` ... `fc.3.weight`;
            contiguous float32 tensors on the CPU, all finite, `num_batches_tracked` int64.
        config: Sizes, threshold and reset; what the file does not say is `NetworkConfig`'s default.
        recorded_T: Number of time steps that the file records, else None.
        epoch: 0-based epoch after which it was saved, else None.
        max_test_acc: The best test accuracy up to then, in [0, 1], else None.
        seed: The seed that its weights were first drawn from, where snnviz trained it, else None.
        sha256: Of the file's bytes, in hexadecimal.
    """

    path: Path
    form: str
    state: dict[str, Tensor]
    config: network.NetworkConfig
    recorded_T: int | None  # noqa: N815
    epoch: int | None
    max_test_acc: float | None
    seed: int | None
    sha256: str

    @property
    def holds_network(self) -> bool:
        """Whether it holds a whole network; False for an encoder alone."""
        return "fc.3.weight" in self.state

    def build_network(self, step_mode: network.StepMode = "s") -> network.ConvSNN:
        """A new network with these weights, in evaluation mode.

        Args:
            step_mode: "s" or "m", see `ConvSNN`.

        Raises:
            CheckpointError: It holds an encoder alone.
        """
        if not self.holds_network:
            raise CheckpointError(
                f"{self.path}: holds an encoder alone; name a checkpoint of a whole network"
            )
        # Without random weights, which would take time and move the global generator.
        with torch.device("meta"):
            net = network.ConvSNN(self.config, step_mode=step_mode)
        copies = {key: value.clone() for key, value in self.state.items()}
        net.load_state_dict(copies, strict=True, assign=True)
        return net.eval()


def load_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in `path`, read without running any code that the file holds or names.

    Args:
        path: A file of torch.save: ours, or one of the tutorial's network from SpikingJelly, as
            state dict or as whole pickled network, under 'net' or by itself.

    Raises:
        CheckpointError: It is missing, unreadable, unsafe, or holds no network that snnviz knows.
    """
    return load_with_metadata(path)[0]


def load_with_metadata(path: str | Path) -> tuple[Checkpoint, Mapping[object, object]]:
    """As `load_checkpoint`, and all that lies in the file beside the network, unchecked."""
    path = Path(path)
    try:
        check_path(path)
        tree, sha256, size = read_file(path)
        form, found, stated, metadata = _open_tree(tree)
        tensors = {key: _check_tensor(key, value, size) for key, value in found.items()}
        config = _network_config(tensors, stated)
        checkpoint = Checkpoint(
            path=path,
            form=form,
            state=_check_state(tensors, config),
            config=config,
            recorded_T=config.T if "T" in stated else None,
            epoch=number(metadata.get("epoch"), int, 2**63),
            max_test_acc=number(metadata.get("max_test_acc"), float, 1),
            seed=number((as_dict(metadata.get("training")) or {}).get("seed"), int, 2**63),
            sha256=sha256,
        )
    except (CheckpointError, ConfigError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    return checkpoint, metadata


def _open_tree(
    tree: object,
) -> tuple[str, dict[str, object], dict[str, Any], Mapping[object, object]]:
    """Form, weights under our names, stated settings, and what lies beside the network."""
    metadata = as_dict(tree) or {}
    if "net" not in metadata:
        metadata = {"net": tree}
    net = metadata["net"]
    stated: dict[object, object] = {}
    if isinstance(net, StandIn):
        net, stated = flatten_network(net)
    if (state := as_dict(net)) is None:
        raise CheckpointError(
            f"holds a {type(net).__name__}, expected a state dict, by itself or under 'net'"
        )
    form, found = canonical_state(state)
    if "network" in metadata:
        entry = as_dict(metadata["network"])
        if entry is None:
            raise CheckpointError("has a 'network' entry that is no dict of settings")
        stated = {**stated, **entry}
    return form, found, _check_settings(stated), metadata


def _check_settings(stated: Mapping[Any, object]) -> dict[str, Any]:
    """`stated` as arguments of `NetworkConfig`, each of its type and in its range."""
    names = [field.name for field in fields(network.NetworkConfig)]
    if unknown := [name for name in stated if name not in names]:
        raise CheckpointError(
            f"states settings that this version does not know: {listing(unknown)}; update snnviz"
        )
    settings: dict[str, Any] = dict(stated)
    for name, value in settings.items():
        if name in ("v_threshold", "v_reset"):
            number = type(value) in (int, float) and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER
            if not number and not (name == "v_reset" and value is None):
                raise CheckpointError(f"states a {name} that is no sensible number")
            settings[name] = None if value is None else float(value)
        elif name == "dropout":
            if type(value) not in (int, float) or not 0 <= value < 1:
                raise CheckpointError("states a dropout that is no number in [0, 1)")
            settings[name] = float(value)
        elif name == "image_size":
            if not isinstance(value, (list, tuple)) or len(value) != 2:
                raise CheckpointError("states an image_size that is no pair (height, width)")
            settings[name] = tuple(_check_integer(name, side) for side in value)
        else:
            _check_integer(name, value)
    threshold = settings.get("v_threshold", 1.0)
    if threshold <= (settings.get("v_reset", 0.0) or 0.0):
        raise CheckpointError(f"states v_threshold {threshold}, expected one above v_reset")
    return settings


def _check_integer(name: str, value: object) -> int:
    largest = _LARGEST.get(name, _LARGEST_NUMBER)
    if type(value) is not int:
        raise CheckpointError(f"states a {name} that is no integer")
    if not 1 <= value <= largest:
        raise CheckpointError(f"states {name} {value}, expected 1 to {largest}")
    return value


def _check_tensor(key: str, value: object, size: int) -> Tensor:
    """`value`, where it is a plain tensor that lies in a file of `size` bytes."""
    if not isinstance(value, Tensor):
        raise CheckpointError(f"{key} is a {type(value).__name__}, expected a tensor")
    counter = key.endswith(".num_batches_tracked")
    plain = value.layout is torch.strided and value.device.type == "cpu" and not value.is_quantized
    if not plain or (value.dtype is not torch.int64 if counter else not value.is_floating_point()):
        raise CheckpointError(
            f"{key} is {value.dtype} ({value.layout}), expected "
            f"{'int64' if counter else 'floating-point'} numbers"
        )
    # An expanded view declares any size at the cost of one number.
    if value.numel() * value.element_size() > size:
        raise CheckpointError(f"{key} claims more bytes than the whole file has; it is damaged")
    return value.detach()


def _network_config(tensors: dict[str, Tensor], stated: dict[str, Any]) -> network.NetworkConfig:
    """The sizes that the weights have, where nothing stated contradicts them."""
    channels, in_channels, *_ = _shape(tensors, "static_conv.0.weight", 4)
    found: dict[str, Any] = {"channels": channels, "in_channels": in_channels}
    features = None
    if "fc.3.weight" in tensors:
        outputs, votes = _shape(tensors, "fc.3.weight", 2)[0], stated.get("votes", 1)
        if outputs % votes:
            raise CheckpointError(
                f"fc.3.weight has {outputs} output neurons, expected a multiple of {votes} votes"
            )
        found["num_classes"] = outputs // votes
        features = _shape(tensors, "fc.1.weight", 2)[1]
    for name, value in found.items():
        _check_integer(name, value)
        if stated.get(name, value) != value:
            raise CheckpointError(f"states {name} {stated[name]}, its weights have {value}")
    if features is not None and "image_size" not in stated:
        side = math.isqrt(features // channels)
        found["image_size"] = (4 * side, 4 * side)
    config = network.NetworkConfig(**{**stated, **found})
    height, width = config.image_size
    if features not in (None, channels * (height // 4) * (width // 4)):
        raise CheckpointError(
            f"fc.1.weight takes {features} numbers, expected channels * height/4 * width/4 with "
            f"{channels} channels and "
            + (f"images of {height} x {width}" if "image_size" in stated else "square images")
        )
    return config


def _shape(tensors: dict[str, Tensor], key: str, dimensions: int) -> tuple[int, ...]:
    shape = tuple(tensors[key].shape)
    if len(shape) != dimensions:
        raise CheckpointError(f"{key} is {list(shape)}, expected {dimensions} dimensions")
    return shape


def _check_state(tensors: dict[str, Tensor], config: network.NetworkConfig) -> dict[str, Tensor]:
    """Copies of `tensors` as float32, in `ConvSNN`'s order, where shapes and values are right."""
    with torch.device("meta"):
        expected = network.ConvSNN(config).state_dict()
    if "fc.3.weight" not in tensors:
        expected = {k: v for k, v in expected.items() if k.startswith("static_conv.")}
    state = {}
    for key, like in expected.items():
        # Only num_batches_tracked may be missing; it counts nothing that evaluation needs.
        value = tensors.get(key, torch.zeros((), dtype=torch.int64))
        if value.shape != like.shape:
            raise CheckpointError(f"{key} is {list(value.shape)}, expected {list(like.shape)}")
        value = value.to(like.dtype, memory_format=torch.contiguous_format, copy=True)
        # Two numbers, where a mask of all would double the memory.
        if not torch.stack(value.aminmax()).isfinite().all():
            raise CheckpointError(f"{key} has values that are not finite; it cannot be evaluated")
        if key.endswith(".running_var") and (value < 0).any():
            raise CheckpointError(f"{key} has negative values, expected variances")
        state[key] = value
    return state


def number(value: object, kind: type, largest: int) -> Any:
    """`value` where it is a number of `kind` in [0, largest], else None: it is only information."""
    in_range = type(value) in (int, kind) and 0 <= cast("float", value) <= largest
    return kind(value) if in_range else None
