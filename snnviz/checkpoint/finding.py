"""Where in a file the network lies, and what the file says of it beside the weights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from snnviz.checkpoint.modules import is_module
from snnviz.checkpoint.names import listing
from snnviz.checkpoint.reading import StandIn, as_dict
from snnviz.checkpoint.values import kind_of, number, numpy_array
from snnviz.errors import CheckpointError

# Where training scripts put the network, the usual ones first.
_ENTRIES = ("net", "state_dict", "model_state_dict", "model", "net_state_dict", "network")
# Where they put the options that they ran with.
_OPTIONS = ("args", "opt", "config", "cfg", "hparams", "hyper_parameters", "params", "settings")
_STEPS = ("T", "time_steps", "timesteps", "time_step", "num_timesteps")
_MAX_STEPS = 10_000
_DEPTH = 3
# A script that saves a network in a list saves a few things beside it.
_FEW = 20


@dataclass(frozen=True)
class Found:
    """A network in a file.

    Attributes:
        network: Its state dict, or the whole of it.
        entry: Where it lies, such as "'net'"; "" where it is all that the file holds.
        beside: What lies beside it.
        others: Where further networks lie.
    """

    network: StandIn | dict[object, object]
    entry: str
    beside: dict[object, object]
    others: tuple[str, ...] = ()


def find_network(tree: object) -> Found:
    """The network in what a file holds.

    Raises:
        CheckpointError: There is none, or there are several and none has a usual name.
    """
    if isinstance(tree, StandIn):
        return Found(tree, "", {})
    top = _items(tree) or {}
    if _is_state(top):
        return Found(top, "", {})
    found = list(_candidates(top, {}, "", _DEPTH))
    if not found:
        if as_dict(tree) is not None:
            return _unlikely(top)
        raise CheckpointError(
            f"holds {kind_of(tree)}, expected a network or its state dict, by itself or under 'net'"
        )
    ranked = sorted(found, key=_rank)
    if len(ranked) > 1 and _rank(ranked[0]) == len(_ENTRIES):
        raise CheckpointError(
            f"holds several networks, {listing([place.entry for place in ranked])}; save the one "
            "that you mean alone"
        )
    first, *others = ranked
    return Found(first.network, first.entry, first.beside, tuple(other.entry for other in others))


def _unlikely(top: dict[object, object]) -> Found:
    """What lies in a usual place and does not look like a network, or all there is, to be judged.

    Raises:
        CheckpointError: It is neither a dict nor an object.
    """
    for name in _ENTRIES:
        value = top.get(name)
        inner = as_dict(value)
        if inner is not None or isinstance(value, StandIn):
            return Found(value if isinstance(value, StandIn) else inner or {}, name, top)
        if name in top:
            raise CheckpointError(
                f"holds {kind_of(value)} under {name!r}, expected a network or its state dict"
            )
    return Found(top, "", {})


def _candidates(
    items: Mapping[object, object], above: Mapping[object, object], path: str, depth: int
) -> Iterator[Found]:
    """All networks below, each with what lies beside it and above."""
    beside = {**above, **items}
    for key, value in items.items():
        if type(key) is not str:
            continue
        place = f"{path}.{key}" if path else key
        inner = _items(value)
        if isinstance(value, StandIn) and is_module(value):
            yield Found(value, place, beside)
        elif inner is not None and _is_state(inner):
            yield Found(inner, place, beside)
        elif inner is not None and depth > 1:
            yield from _candidates(inner, beside, place, depth - 1)


def _items(value: object) -> dict[object, object] | None:
    """What a dict holds, or a list or tuple of a few things, by their places; else None."""
    if isinstance(value, (list, tuple)) and 0 < len(value) <= _FEW:
        return {f"[{place}]": item for place, item in enumerate(value)}
    return as_dict(value)


def _rank(found: Found) -> int:
    name = found.entry.rpartition(".")[2]
    return _ENTRIES.index(name) if name in _ENTRIES else len(_ENTRIES)


def _is_state(items: Mapping[object, object]) -> bool:
    """Whether these are the weights of a network: named, and one the kernels of a convolution."""
    return any(
        type(key) is str
        and key.endswith("weight")
        and ((isinstance(value, Tensor) and value.ndim == 4) or _is_kernel_array(value))
        for key, value in items.items()
    )


def _is_kernel_array(value: object) -> bool:
    array = numpy_array(value)
    return array is not None and array.ndim == 4


def stated_steps(beside: Mapping[object, object]) -> int | None:
    """The number of time steps that a file states beside the network or among its options.

    None where it states none, or two that differ.
    """
    stated = set()
    for items in (beside, *_options(beside)):
        for name in _STEPS:
            value = number(items.get(name))
            if value is not None and 1 <= value <= _MAX_STEPS and value == int(value):
                stated.add(int(value))
    return stated.pop() if len(stated) == 1 else None


def _options(beside: Mapping[object, object], depth: int = _DEPTH) -> Iterator[dict[Any, Any]]:
    """The options that lie there, and groups of them such as `{"model": {"T": 4}}`."""
    for name, value in beside.items():
        items = as_dict(value.state if isinstance(value, StandIn) else value)
        if items is not None and (depth < _DEPTH or name in _OPTIONS) and depth:
            yield items
            yield from _options(items, depth - 1)
