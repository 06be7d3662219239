"""What monitors on a network gather, so that runs of ours can be taken out of it again."""

from collections.abc import Iterable, Iterator
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

from torch import Tensor, nn

# From a hook to what it fills: through an object (as SpikingJelly's monitors), a dict, and a list.
_DEPTH = 4
_PLAIN = (list, dict, set)


class Gathered:
    """What objects hold whose methods or closures are hooks of a network, when this is made.

    A hook may change what passes it, so that it is a part of the network and runs with it; what its
    object fills meanwhile (attributes, lists, dicts, sets) is put back. What it writes elsewhere,
    such as into a list that it alone knows, is not: that may be there to hear our runs.

    Args:
        net: The network.
    """

    def __init__(self, net: nn.Module) -> None:
        self._seen: set[int] = set()
        self._kept: list[tuple[Any, Any]] = []
        for hook in _hooks(net):
            self._keep(hook, _DEPTH)

    def restore(self) -> None:
        """Put it back."""
        for value, kept in self._kept:
            value.clear()
            if isinstance(value, list):
                value.extend(kept)
            else:
                value.update(kept)

    def _keep(self, value: Any, depth: int) -> None:
        if depth < 0 or id(value) in self._seen or isinstance(value, _LEFT_ALONE):
            return
        self._seen.add(id(value))
        if isinstance(value, _PLAIN):
            self._kept.append((value, value.copy()))
            for inner in value.values() if isinstance(value, dict) else ():
                self._keep(inner, depth - 1)
        elif isinstance(value, (FunctionType, MethodType, partial)):
            for inner in _reached(value):
                if not isinstance(inner, _PLAIN):
                    self._keep(inner, depth - 1)
        elif hasattr(value, "__dict__") and depth >= _DEPTH - 1:
            self._keep(vars(value), depth - 1)


_LEFT_ALONE = (nn.Module, Tensor, ModuleType, type, str, bytes, int, float, type(None))


def _hooks(net: nn.Module) -> Iterator[Any]:
    for module in net.modules():
        for name, value in vars(module).items():
            if name.endswith("_hooks") and isinstance(value, dict):
                yield from value.values()


def _reached(function: FunctionType | MethodType | partial[Any]) -> Iterable[Any]:
    """What it was made with, and what it is of."""
    if isinstance(function, MethodType):
        return (function.__self__,)
    if isinstance(function, partial):
        return (function.func, *function.args, *function.keywords.values())
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    return (*cells, *(function.__defaults__ or ()))


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises where it is empty
    except ValueError:
        return False
    return True
