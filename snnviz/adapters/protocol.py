"""What has to be known of a framework to record its neurons: one `Framework` in a file each."""

from collections.abc import Iterable, Iterator
from math import nan
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from snnviz.neurons.resetting import Resetting

Axes = Literal["step", "time first", "images first", "together"]
"""What a layer of neurons takes in one call.

"step": one step, [N, ...]; "time first": [T, N, ...]; "images first": [N, T, ...]; "together":
[N * T, ...], the steps of an image beside each other.
"""
Feed = Literal[
    "image", "time first", "images first", "together", "time last", "time third", "steps together"
]
"""What a network takes in one call.

"image": one image each, where the network itself may loop; all others: all steps, [T, N, ...],
[N, T, ...], [N * T, ...], [N, ..., T], [N, C, T, ...], [T * N, ...].
"""


class Framework:
    """A framework of spiking networks, as snnviz has to know it.

    A file in `snnviz.adapters.frameworks` that is called as the framework's package defines a
    subclass of this and one object of it, `FRAMEWORK`. It is imported when a network has a class of
    that package, so it may import the framework.

    Attributes:
        name: What people call it.
        feeds: What its networks are given, the most usual first; the others are tried after them.
    """

    name: ClassVar[str]
    feeds: ClassVar[tuple[Feed, ...]] = ("image", "time first")

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether it is a layer of spiking neurons."""
        raise NotImplementedError

    def certain(self, module: nn.Module) -> bool:
        """Whether its being a layer of spiking neurons is known, not only likely."""
        del module
        return True

    def axes(self, module: nn.Module, drive: Tensor) -> Axes:
        """What the layer of neurons takes in a call in which it gets `drive`."""
        del module, drive
        return "step"

    def batch_size(self, module: nn.Module) -> int | None:
        """How many images a layer takes at once, where it takes no other number."""
        del module
        return None

    def steps(self, module: nn.Module) -> int | None:
        """How many steps a layer takes, where it takes no other number."""
        del module
        return None

    def states(self, module: nn.Module) -> tuple[str, ...]:
        """Names of the buffers in which a layer keeps what a run left: no part of its weights."""
        del module
        return ()

    def reset(self, module: nn.Module) -> None:
        """Put one module (a layer of neurons or any other that keeps a state) at its start."""

    def bystanders(self) -> Iterable[nn.Module]:
        """Layers of other networks that this framework may reset when a network is run."""
        return ()

    def emitted(self, module: nn.Module, output: Any) -> Tensor | None:
        """The spikes in what a layer of neurons returns; None where there are none."""
        del module
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        return first if isinstance(first, Tensor) else None

    def fires_several(self, module: nn.Module) -> bool:
        """Whether its neurons can fire more than once in a step."""
        del module
        return False

    def peculiarity(self, module: nn.Module) -> str | None:
        """What a layer of neurons does in another way than its code says; None where nothing."""
        del module
        return None

    def integrates(self, module: nn.Module) -> tuple[float, float | None] | None:
        """`v_threshold` and `v_reset` (None subtracts the threshold) of integrate-and-fire neurons.

        None for all other neurons: those do not charge, fire and reset exactly as
        `snnviz.neurons.rule.IntegrateAndFire` does, rounded in float32.
        """
        del module
        return None

    def resets(self, module: nn.Module) -> Resetting | None:
        """The rule of leaky neurons that a spike puts back at their start; None of all others.

        It has to hold but for rounding, for every neuron of the layer and for nothing but the drive
        of that neuron. What cannot be read as one number is NaN, which no rule is used with.
        """
        del module
        return None


def as_number(value: object) -> float:
    """A number, or that in a tensor of one; NaN for everything else."""
    if isinstance(value, Tensor):
        return float(value.detach()) if value.numel() == 1 else nan
    return float(value) if isinstance(value, (int, float)) else nan


def is_plain(module: nn.Module, *known: type[nn.Module]) -> bool:
    """Whether a module is of one of these classes itself, called as it is made."""
    hooks = module._forward_hooks or module._forward_pre_hooks  # noqa: SLF001 - no public way
    return type(module) in known and not hooks and "forward" not in vars(module)


def classes(module: nn.Module) -> Iterator[tuple[str, str]]:
    """Package path and name of each class that a module is of, its own first."""
    for cls in type(module).__mro__:
        yield cls.__module__, cls.__qualname__
