"""`load_checkpoint`: any known file to a `Checkpoint` whose weights and sizes have been checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from snnviz.checkpoint.finding import Found, find_network, stated_steps
from snnviz.checkpoint.modules import Parts, take_apart
from snnviz.checkpoint.names import listing, plain_names
from snnviz.checkpoint.reading import StandIn, as_dict, check_path, read_file
from snnviz.checkpoint.values import kind_of, number
from snnviz.errors import CheckpointError, ConfigError
from snnviz.tutorial import network
from snnviz.tutorial.layouts.checks import check_settings, check_state, check_tensor, network_config
from snnviz.tutorial.layouts.forms import IN_PYTHON, Match, match
from snnviz.tutorial.layouts.modules import (
    network_fault,
    network_settings,
    neuron_settings,
    poolings,
)

_ENCODER_ALONE = "holds an encoder alone"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network, or an encoder alone, as a file holds it.

    Attributes:
        path: The file.
        form: Its layout: "PythonNet" (also ours), "CupyNet", "tutorial", "CSNN" or "encoder".
        state: The weights under `ConvSNN`'s names, `static_conv.0.weight` ... `fc.3.weight`, or
            of the encoder alone; contiguous float32 tensors on the CPU, all finite,
            `num_batches_tracked` int64.
        config: Sizes and neurons; what the file does not say is `NetworkConfig`'s default.
        fault: What keeps it from holding the tutorial's whole network; None where it does.
        neurons_from: Where `config` has its neurons from: the "file", the "options" of
            `with_neurons`, or neither: they are "assumed".
        notes: What else was taken or left out on the way, a sentence each.
        recorded_T: Number of time steps that the file records, else None.
        epoch: 0-based epoch after which it was saved, else None.
        max_test_acc: The best test accuracy up to then, in [0, 1], else None.
        seed: The seed that its weights were first drawn from, where snnviz trained it, else None.
        sha256: Of the file's bytes, in hexadecimal.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> path = snnviz.save_checkpoint({"net": net.state_dict()}, "net.pth")
        >>> checkpoint = snnviz.load_checkpoint(path)
        >>> checkpoint.form, checkpoint.config.channels, checkpoint.neurons_from
        ('PythonNet', 4, 'assumed')
        >>> checkpoint.with_neurons(v_threshold=0.5).config.v_threshold
        0.5
    """

    path: Path
    form: str
    state: dict[str, Tensor]
    config: network.NetworkConfig
    fault: str | None
    neurons_from: Literal["file", "options", "assumed"]
    notes: tuple[str, ...]
    recorded_T: int | None  # noqa: N815
    epoch: int | None
    max_test_acc: float | None
    seed: int | None
    sha256: str

    @property
    def holds_network(self) -> bool:
        """Whether it holds the tutorial's whole network; False for an encoder alone."""
        return self.fault is None

    @property
    def holds_other_network(self) -> bool:
        """Whether another network than the tutorial's lies behind its encoder."""
        return self.fault not in (None, _ENCODER_ALONE)

    def with_neurons(self, **stated: Any) -> "Checkpoint":
        """The same with neurons of which the file says nothing.

        Args:
            stated: `neuron`, `v_threshold`, `v_reset`, `tau` or `decay_input` of `NetworkConfig`.
                A `tau` makes the neurons leaky.

        Raises:
            CheckpointError: The file says something else of them.
            ConfigError: There are no such neurons.
        """
        if "tau" in stated:
            stated = {"neuron": "lif", **stated}
        if self.neurons_from != "file":
            config = replace(self.config, **stated)
            return replace(self, config=config, neurons_from="options")
        for name, value in stated.items():
            if getattr(self.config, name) != value:
                raise CheckpointError(
                    f"{self.path}: states {name} {getattr(self.config, name)} for its neurons, got "
                    f"{value}; leave that out"
                )
        return self

    def build_network(self, step_mode: network.StepMode = "s") -> network.ConvSNN:
        """A new network with these weights, in evaluation mode.

        Args:
            step_mode: "s" or "m", see `ConvSNN`.

        Raises:
            CheckpointError: It holds an encoder alone, or with another network behind it.
        """
        if self.fault is not None:
            raise CheckpointError(
                f"{self.path}: {self.fault}; name a checkpoint of a whole network of the tutorial's"
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
        path: A file of torch.save or safetensors: ours, or one of the tutorial's network or of its
            encoder from SpikingJelly, as state dict or as whole pickled network, by itself or under
            any name, in any wrapper. What lies behind the encoder may be another network.

    Raises:
        CheckpointError: It is missing, unreadable, unsafe, or holds no encoder that snnviz knows.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> path = snnviz.save_checkpoint({"net": net.state_dict()}, "net.pth")
        >>> sorted(snnviz.load_checkpoint(path).state)[:2]
        ['conv.2.weight', 'conv.3.bias']
    """
    return load_with_metadata(path)[0]


def load_with_metadata(path: str | Path) -> tuple[Checkpoint, Mapping[object, object]]:
    """As `load_checkpoint`, and all that lies in the file beside the network, unchecked."""
    path = Path(path)
    try:
        check_path(path)
        tree, sha256, size = read_file(path)
        found = find_network(tree)
        checkpoint = _understand(found, size)
    except (CheckpointError, ConfigError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    return replace(checkpoint, path=path, sha256=sha256), found.beside


def _understand(found: Found, size: int) -> Checkpoint:
    """The checkpoint in a file of `size` bytes, but for the file itself."""
    if isinstance(found.network, StandIn):
        parts = take_apart(found.network)
        named = plain_names(parts.state)
    else:
        parts, named = None, plain_names(found.network)
    place = match(named)
    neurons = _neurons(named, place, parts)
    fault = network_fault(parts, place, neurons) if parts else place.fault
    tensors = {key: check_tensor(key, value, size) for key, value in place.state.items()}
    stated = _stated(found, parts)
    if parts and fault is None:
        (stated["pooling"],) = poolings(parts)
    config, fault = network_config(tensors, {**stated, **neurons}, fault)
    state, fault = check_state(tensors, config, fault)
    beside = found.beside
    notes = []
    if found.others:
        notes.append(f"also holds networks under {listing(found.others)}; took {found.entry!r}")
    # The linear layers of the tutorial's network fit no other stride.
    if fault is not None and parts is None and "network" not in beside:
        notes.append(
            "does not say how its first convolution moves: taken to have stride 1, padding 1"
        )
    seed = number((as_dict(beside.get("training")) or {}).get("seed"))
    best, best_note = accuracy(beside, "max_test_acc")
    return Checkpoint(
        path=Path(),
        form=place.form.name,
        state=state,
        config=config,
        fault=_fault_sentence(fault),
        neurons_from="file" if neurons or "v_threshold" in stated else "assumed",
        notes=(*notes, *best_note),
        recorded_T=config.T if "T" in stated else None,
        epoch=whole_number(beside.get("epoch")),
        max_test_acc=best,
        seed=whole_number(seed),
        sha256="",
    )


def _fault_sentence(fault: str | None) -> str | None:
    if fault is None:
        return None
    if fault == "":
        return _ENCODER_ALONE
    return f"holds the tutorial's encoder with another network behind it ({fault})"


def _stated(found: Found, parts: Parts | None) -> dict[str, Any]:
    """What the file says of the network: ours all of its sizes, others their T."""
    stated: dict[Any, object] = network_settings(parts.attributes) if parts else {}
    if "network" in found.beside and found.entry != "network":
        entry = as_dict(found.beside["network"])
        if entry is None:
            raise CheckpointError("has a 'network' entry that is no dict of settings")
        stated |= entry
    if "T" not in stated and (steps := stated_steps(found.beside)) is not None:
        stated["T"] = steps
    return check_settings(stated)


def _neurons(named: Mapping[str, object], place: Match, parts: Parts | None) -> dict[str, Any]:
    """What the file says of the encoder's neurons."""
    if parts is not None:
        return neuron_settings(parts, place)
    own = [key for key in named if key.startswith(f"{place.neurons}.")]
    if own and not place.form.alone and not _is_layer(own):
        raise CheckpointError(
            f"holds neurons with parameters of their own ({listing(own)}), which are not read from "
            f"a file; {IN_PYTHON}"
        )
    return {}


def whole_number(value: object) -> int | None:
    """The whole number from 0 that `value` is; None where it is none."""
    found = number(value)
    fits = found is not None and 0 <= found < 2**63 and found == int(found)
    return int(found) if found is not None and fits else None


def accuracy(beside: Mapping[object, object], name: str) -> tuple[float | None, tuple[str, ...]]:
    """The accuracy called `name` in [0, 1], and what is to be said of how it was read.

    None where there is none yet: none is stated, or one below 0, which scripts begin with.
    """
    value = beside.get(name)
    found = number(value)
    if value is None or (found is not None and found < 0):
        return None, ()
    if found is None or not found <= 100:  # NaN, too
        said = kind_of(value) if found is None else str(found)[:20]
        return None, (f"states a {name} that is no accuracy ({said}); left out",)
    if found > 1:
        return found / 100, (f"states a {name} of {found:g}, taken as a per cent",)
    return float(found), ()


def _is_layer(keys: list[str]) -> bool:
    """Whether these are a convolution's, a linear layer's or a normalization's parameters."""
    return any(key.rpartition(".")[2] in ("weight", "running_mean") for key in keys)
