"""A network as it was found: its mode, states, hooks and the random numbers are put back."""

import ctypes
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.jit import optimized_execution  # type: ignore[attr-defined] # as its docs have it

from snnviz.adapters.hooked import Gathered
from snnviz.adapters.protocol import Framework, classes

_COMPILER = "torch._dynamo"
# Elements from which on a weight is not copied before it changes.
_LARGE = 1 << 20


class Start:
    """Puts a network at its start, as often as it is run.

    Args:
        net: The network.
        frameworks: Whose layers know how they begin.
    """

    def __init__(self, net: nn.Module, frameworks: Iterable[Framework]) -> None:
        self._modules = list(net.modules())
        self._frameworks = tuple(dict.fromkeys(frameworks))
        self._kept = [_Kept(module) for module in self._modules]
        self._weights = [
            (weight, lazy) for weight in net.parameters() if (lazy := _lazy(weight)) is not None
        ]
        self._gathered = Gathered(net)
        own = {id(module) for module in self._modules}
        self._bystanders = [
            _Kept(module)
            for framework in self._frameworks
            for module in framework.bystanders()
            if id(module) not in own
        ]

    def begin(self, seed: int = 0) -> None:
        """The network as it was found, in evaluation mode, its neurons at their start.

        Args:
            seed: Of the random numbers that it may draw.
        """
        for each in self._kept:
            each.restore(hooks=False)  # those that listen are there already
        for module in self._modules:
            module.training = False
            for framework in self._frameworks:
                framework.reset(module)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - of the user's code
        torch.manual_seed(seed)

    def restore(self) -> None:
        """The network as it was found, and others that running it may have reset."""
        for each in (*self._kept, *self._bystanders):
            each.restore(hooks=True)
        self._gathered.restore()
        for weight, before in self._weights:
            if not torch.equal(weight.detach(), before):
                weight.data.copy_(before)


@contextmanager
def undisturbed(net: nn.Module, frameworks: Iterable[Framework]) -> Iterator[Start]:
    """In here `net` may be put at its start and run; afterwards it is as it was.

    That holds for modes, states, buffers, attributes and hooks of all its modules, for gradients,
    which nothing here computes, and for the generators of random numbers, also after an error.

    Args:
        net: The network.
        frameworks: Those of its layers.
    """
    start = Start(net, frameworks)
    numbers = random.getstate(), np.random.get_state()  # noqa: NPY002 - of the user's code
    devices = sorted({p.device.index or 0 for p in net.parameters() if p.device.type == "cuda"})
    # To ask for it imports torch's compiler, which is there already where anything was compiled.
    compiled = _COMPILER in sys.modules
    eager = torch.compiler.set_stance("force_eager") if compiled else nullcontext()
    # Scripts are compiled anew after their first runs, and the last bits change with that.
    scripts = any(isinstance(module, torch.jit.ScriptModule) for module in net.modules())
    plain = optimized_execution(False) if scripts else nullcontext()
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad(), eager, plain:
            yield start
    finally:
        start.restore()
        random.setstate(numbers[0])
        np.random.set_state(numbers[1])  # noqa: NPY002 - of the user's code


def release_freed_memory() -> None:
    """Have the C library give back what was freed, where it is glibc.

    It keeps tensors of up to 32 MB, in pieces that other sizes do not fit into.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def copy_network(net: nn.Module) -> nn.Module:
    """A deep copy of `net`, or `net` itself where no faithful copy can be made.

    A state that is part of a graph is copied without it. Some frameworks' copies lose settings
    and hooks, which are put there again. Large weights take memory only when one side changes.
    """
    detached: dict[int, Any] = {
        id(value): value.detach().clone()
        for module in net.modules()
        for value in tensors_of(module)
        if not value.is_leaf
    }
    for weight in net.parameters():
        lazy = _lazy(weight) if weight.numel() >= _LARGE else None
        if lazy is not None:
            detached[id(weight)] = nn.Parameter(lazy, weight.requires_grad)
    try:
        copied: nn.Module = deepcopy(net, detached)
    except Exception:  # noqa: BLE001 - whatever a module's attributes raise
        return net
    pairs = list(zip(net.named_modules(), copied.named_modules(), strict=False))
    same = len(list(copied.modules())) == len(list(net.modules())) and all(
        next(classes(ours)) == next(classes(theirs)) and one == other
        for (one, ours), (other, theirs) in pairs
    )
    if not same:
        return net
    for (_, ours), (_, theirs) in pairs:
        if not isinstance(ours, torch.jit.ScriptModule):  # whose copies are whole
            _complete(ours, theirs)
    return copied


def _lazy(weight: nn.Parameter) -> Tensor | None:
    """A copy of a weight that takes memory when one side writes into it, and not before.

    None of storages of another library and of other kinds of parameters, which have no such copy.
    """
    if type(weight) is not nn.Parameter:
        return None
    with suppress(RuntimeError, AttributeError):
        lazy: Tensor = torch._lazy_clone(weight.detach())  # noqa: SLF001 - no public way
        return lazy
    return None


def _complete(module: nn.Module, copied: nn.Module) -> None:
    """Give a copy the plain settings, the hooks and the mode that it lost."""
    there = copied.__dict__
    for name, value in module.__dict__.items():
        plain = isinstance(value, (bool, int, float, str, type(None)))
        if (plain and (name not in there or there[name] != value)) or name not in there:
            there[name] = value
        elif name.endswith("_hooks") and isinstance(value, dict) and len(there[name]) < len(value):
            there[name] = value.copy()


def tensors_of(module: nn.Module) -> Iterator[Tensor]:
    """The tensors that a module holds besides its parameters."""
    for value in module.__dict__.values():
        several = isinstance(value, (list, tuple))
        for each in value.values() if isinstance(value, dict) else value if several else (value,):
            if isinstance(each, Tensor) and not isinstance(each, nn.Parameter):
                yield each


class _Kept:
    """What a module was like."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.training = module, module.training
        self.attributes = module.__dict__
        self.before = dict(module.__dict__)
        self.inner: list[tuple[str, Any, Any]] = [
            (name, value, value.copy())
            for name, value in self.before.items()
            if isinstance(value, (dict, list))
        ]
        self.tensors = [(value, value.detach().clone()) for value in tensors_of(module)]

    def restore(self, *, hooks: bool) -> None:
        """Put it back, its hooks too or not."""
        for tensor, before in self.tensors:
            if tensor.shape == before.shape:
                tensor.data.copy_(before)
            else:
                tensor.data = before.clone()
        for name, value, kept in self.inner:
            if "_hooks" in name and not hooks:
                continue
            if isinstance(value, dict):
                value.clear()
                value.update(kept)
            else:
                value[:] = kept
        self.attributes.clear()
        self.attributes.update(self.before)
        if self.module.training != self.training:  # a script module keeps it elsewhere
            self.module.training = self.training
