"""The names that a file gives to weights, plain and as a message quotes them."""

from collections import Counter
from collections.abc import Collection, Mapping

from snnviz.errors import CheckpointError

# What DataParallel, DistributedDataParallel, AveragedModel, SpikingJelly's containers,
# torch.compile, FSDP and Fabric put between a network and the names of its parts.
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_forward_module"}
# What counts, and computes nothing: AveragedModel's number of models, thop's operations.
_COUNTERS = {"n_averaged", "total_ops", "total_params"}


def plain_name(name: str) -> str:
    """`name` without the parts that wrappers around a network or a part of it put there."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def plain_names(state: Mapping[object, object]) -> dict[str, object]:
    """`state` under plain names, without the counters that others left in it.

    Raises:
        CheckpointError: Its keys are no names, or two of them are one but for wrappers.
    """
    if not state or not all(type(key) is str for key in state):
        raise CheckpointError(f"holds no state dict but a dict with the keys {listing(state)}")
    keys = [str(key) for key in state if str(key).rpartition(".")[2] not in _COUNTERS]
    named = {plain_name(key): state[key] for key in keys}
    if len(named) < len(keys):
        twice = [name for name, n in Counter(map(plain_name, keys)).items() if n > 1]
        raise CheckpointError(
            f"holds two networks or more: {listing(twice)} once by itself and once in a wrapper; "
            "save the one that you mean alone"
        )
    return named


def listing(names: Collection[object]) -> str:
    """The first three of `names`, quoted and shortened: they come from a file."""
    items = list(names)
    shown = [
        ascii(item)[:60] if isinstance(item, str) else type(item).__name__ for item in items[:3]
    ]
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return ", ".join(shown) + more if shown else "none"
