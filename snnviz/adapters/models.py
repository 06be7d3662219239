"""A user's own network: made by their code, because they ask for it, with weights from a file."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from snnviz.adapters.calls import sentence
from snnviz.adapters.finding import frameworks_of
from snnviz.checkpoint import StandIn, find_network, listing, plain_name, read_file, take_apart
from snnviz.checkpoint.values import numpy_array
from snnviz.errors import CheckpointError, ConfigError, SnnvizError

_FORM = "package.module:factory or file.py:factory"


def build_model(spec: str, *, seed: int | None = None) -> nn.Module:
    """The network that the user's code makes: what `spec` names is imported and called.

    Args:
        spec: `package.module:name` or `path/to/file.py:name`. The name is of a function or class
            that gives a network when it is called without arguments, or of a network.
        seed: Of torch's random numbers while it is made; the global generators are left as they
            were. None draws from the global one.

    Raises:
        ConfigError: There is no such module, file or name, it raised an error, or gives no network.
    """
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise ConfigError(f"a model is named as {_FORM}, got {spec!r}")
    if seed is None:
        return _made(spec, place, name)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _made(spec, place, name)


def same_weights(net: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have equal parameters, one for one; False where they have none.

    A factory that sets a seed of its own, or loads a file, makes the same network again whatever
    seed `build_model` is given: then it is no other start, and perhaps no untrained network.
    """
    ours, theirs = dict(net.named_parameters()), dict(other.named_parameters())
    return ours.keys() == theirs.keys() != set() and all(
        torch.equal(value, theirs[name].to(value)) for name, value in ours.items()
    )


def load_weights(net: nn.Module, path: str | Path) -> str:
    """The SHA-256 of the file whose weights are now those of `net`; no code of the file runs.

    Names are compared without what wrappers (DataParallel, torch.compile, Lightning ...) put before
    them. What a framework keeps of a run in a state dict, such as potentials, is left out.

    Args:
        net: The network that the weights are for.
        path: A file of torch.save or safetensors, as `snnviz.load_checkpoint` takes them: a state
            dict or a whole network, by itself or beside others.

    Raises:
        CheckpointError: The file is missing, unreadable or unsafe, or holds other weights.
    """
    path = Path(path)
    try:
        tree, sha256, _ = read_file(path)
        found = find_network(tree)
        network = found.network
        state = take_apart(network).state if isinstance(network, StandIn) else network
        _fill(net, state)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return sha256


def _made(spec: str, place: str, name: str) -> nn.Module:
    """The network that is called so there, or that what is called so gives."""
    found = getattr(_module(place), name, None)
    if found is None:
        raise ConfigError(f"{place} has no {name!r}; name a function or class that gives a network")
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise ConfigError(f"{spec} is {type(found).__name__}; name what gives a network")
    try:
        net = found()
    except SnnvizError:
        raise
    except Exception as error:
        raise ConfigError(f"{spec} raised {sentence(error)}") from error
    if not isinstance(net, nn.Module):
        raise ConfigError(f"{spec} gives {type(net).__name__}, expected a torch.nn.Module")
    return net


def _module(place: str) -> ModuleType:
    """The module of that name, or in that file."""
    path = Path(place)
    if path.suffix == ".py" and not path.is_file():
        raise ConfigError(f"there is no file {place}; a model is named as {_FORM}")
    try:
        if path.suffix == ".py":
            # A name of its own, under which its classes can be found again.
            name = f"snnviz_model_{path.stem}"
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - a .py file
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            with _importing_from(path.resolve().parent):
                spec.loader.exec_module(module)
            return module
        with _importing_from(Path.cwd()):
            return importlib.import_module(place)
    except SnnvizError:
        raise
    except Exception as error:
        raise ConfigError(f"{place} cannot be imported: {sentence(error)}") from error


class _importing_from:  # noqa: N801 - used as a function
    """In here modules in that folder can be imported, as when Python runs a script there."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def __enter__(self) -> None:
        sys.path.insert(0, self._folder)

    def __exit__(self, *_: object) -> None:
        sys.path.remove(self._folder)


def _fill(net: nn.Module, state: Mapping[object, object]) -> None:
    """Copy the weights into the network.

    Raises:
        CheckpointError: They are other ones.
    """
    own = net.state_dict()
    by_plain = {plain_name(name): name for name in own}
    given = _without_common_prefix(
        {plain_name(str(key)): value for key, value in state.items()}, by_plain
    )
    states = _states(net)
    taken: dict[str, Tensor] = {}
    for plain, value in given.items():
        name = by_plain.get(plain)
        tensor = _tensor(value)
        if name is not None and tensor is not None and tensor.shape == own[name].shape:
            taken[name] = tensor
    missing = [name for name in own if name not in taken and name not in states]
    unknown = [plain for plain in given if plain not in by_plain and not _is_state(plain, states)]
    if missing:
        there = [plain_name(name) for name in missing if plain_name(name) in given]
        raise CheckpointError(
            f"lacks weights of {type(net).__name__}: {listing(there or missing)} "
            f"{'have another size' if there else 'are missing'}; name the model that was saved"
        )
    if unknown:
        raise CheckpointError(
            f"also holds {listing(unknown)}, which {type(net).__name__} has not; name the model "
            "that was saved"
        )
    net.load_state_dict(taken, strict=False)


def _without_common_prefix(given: dict[str, Any], names: Mapping[str, object]) -> dict[str, Any]:
    """Names without what stands before all of the network's, such as "net." in Lightning's."""
    if any(name in given for name in names):
        return given
    first = next(iter(names), "")
    prefixes = {key[: -len(first)] for key in given if key.endswith(f".{first}")}
    fits = [p for p in prefixes if all(f"{p}{name}" in given for name in names)]
    if len(fits) != 1:
        return given
    return {name: given[f"{fits[0]}{name}"] for name in names}


def _states(net: nn.Module) -> set[str]:
    """Names of buffers that layers of neurons keep of a run, and not of the network."""
    return {
        f"{name}.{buffer}" if name else buffer
        for name, module in net.named_modules()
        for buffer in module._buffers  # noqa: SLF001 - named_buffers goes into the parts
        if any(buffer in framework.states(module) for framework in frameworks_of(module))
    }


def _is_state(plain: str, states: set[str]) -> bool:
    return plain in {plain_name(name) for name in states} or plain.endswith(".num_batches_tracked")


def _tensor(value: object) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    array = numpy_array(value)
    return None if array is None else torch.from_numpy(array)
