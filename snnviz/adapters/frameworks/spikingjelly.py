"""SpikingJelly 2.0: neurons that keep their state, one step a call or all steps at once."""

from contextlib import suppress
from typing import Any, ClassVar, cast

from spikingjelly.activation_based import base, neuron
from torch import Tensor, nn

from snnviz.adapters.protocol import Axes, Feed, Framework, as_number, classes, is_plain
from snnviz.neurons.resetting import Resetting

_LIBRARY = "spikingjelly."
_NEURONS = "spikingjelly.activation_based.neuron"
# What lies in that package and puts out no spikes, or is none.
_NO_NEURONS = ("NonSpiking", "NoisyNonSpiking", "FewSpikeTable")
# What a neuron of one's own overrides in SpikingJelly 2.0, and what it did in earlier versions.
_STEP = "single_step_functional_forward"
_UNUSED = ("neuronal_charge", "neuronal_fire", "neuronal_reset")
# Those that fire up to several times a step.
_SEVERAL = {"ILIFNode"}


class SpikingJelly(Framework):
    """Its neurons; `step_mode` tells one step a call ("s") from all steps ("m")."""

    name: ClassVar[str] = "SpikingJelly"
    feeds: ClassVar[tuple[Feed, ...]] = ("image", "time first")

    def is_neuron(self, module: nn.Module) -> bool:
        """Also, likely, a user's own leaf that keeps a state."""
        if self.certain(module):
            return True
        names = list(classes(module))
        own = not any(package.startswith((_LIBRARY, _NEURONS)) for package, _ in names[:1])
        known = any(package.startswith(_NEURONS) for package, _ in names)
        leaf = not any(True for _ in module.children())
        return own and not known and leaf and isinstance(module, base.MemoryModule)

    def certain(self, module: nn.Module) -> bool:
        """A class of its neurons' package, or derived from one, that puts out spikes."""
        names = [name for package, name in classes(module) if package.startswith(_NEURONS)]
        return bool(names) and not any(name.startswith(_NO_NEURONS) for name in names)

    def axes(self, module: nn.Module, drive: Tensor) -> Axes:
        """As its step mode says; what has none takes all steps."""
        del drive
        return "step" if getattr(module, "step_mode", "m") == "s" else "time first"

    def steps(self, module: nn.Module) -> int | None:
        """T of neurons that have parameters for each step."""
        T = getattr(module, "T", None)
        return T if type(T) is int else None

    def reset(self, module: nn.Module) -> None:
        """As `functional.reset_net`: whatever has a `reset`, a user's own modules, too.

        Each module alone, since that function remembers the modules of its first call.
        """
        reset = getattr(module, "reset", None)
        if callable(reset):
            with suppress(TypeError):  # of another kind, with arguments
                reset()

    def fires_several(self, module: nn.Module) -> bool:
        """ILIFNode puts out whole numbers."""
        return any(name in _SEVERAL for _, name in classes(module))

    def peculiarity(self, module: nn.Module) -> str | None:
        """A subclass's steps that SpikingJelly 2.0 no longer calls.

        Up to 0.0.0.0.14 a neuron of one's own overrode `neuronal_charge`, `neuronal_fire` or
        `neuronal_reset`; 2.0 calls `single_step_functional_forward`.
        """
        for cls in type(module).__mro__:
            if cls.__module__.startswith(_NEURONS) or "forward" in vars(cls):
                return None  # the library's own, or one that calls what it likes
            if _STEP in vars(cls) or "multi_step_forward" in vars(cls):
                return None
            unused = [name for name in _UNUSED if name in vars(cls)]
            if unused and hasattr(module, _STEP):
                return (
                    f"{cls.__name__} overrides {' and '.join(unused)}, which this version of "
                    "SpikingJelly does not call: its spikes are those of the class that it "
                    f"derives from; override {_STEP} instead"
                )
        return None

    def integrates(self, module: nn.Module) -> tuple[float, float | None] | None:
        """IFNode itself, as it is made: subclasses may leak or adapt, and so may what is put in."""
        if type(module) is not neuron.IFNode:
            return None
        values = cast("Any", module)
        reset = values.v_reset
        surrogate = next(classes(values.surrogate_function), ("", ""))[0]
        if (
            "forward" in vars(module)
            or not surrogate.startswith(_LIBRARY)
            or values._memories_rv.get("v") != (reset or 0.0)  # noqa: SLF001 - no public way
            or module._forward_hooks  # noqa: SLF001
        ):
            return None
        return float(values.v_threshold), None if reset is None else float(reset)

    def resets(self, module: nn.Module) -> Resetting | None:
        """LIFNode, ParametricLIFNode and QIFNode with a hard reset, as they are made."""
        kinds = neuron.LIFNode, neuron.ParametricLIFNode, neuron.QIFNode
        if not is_plain(module, *kinds):
            return None
        values = cast("Any", module)
        start, threshold = as_number(values.v_reset), as_number(values.v_threshold)
        if values._memories_rv.get("v") != start:  # noqa: SLF001 - no public way
            return None
        if isinstance(module, neuron.ParametricLIFNode):
            rate = as_number(module.w.sigmoid())
        else:
            rate = 1 / as_number(values.tau)
        if isinstance(module, neuron.QIFNode):
            a0, rest, critical = map(as_number, (module.a0, module.v_rest, module.v_c))
            return Resetting(
                decay=1 - rate * a0 * (rest + critical),
                gain=rate,
                threshold=threshold,
                start=start,
                offset=rate * a0 * rest * critical,
                quadratic=rate * a0,
                size=max(abs(rest), abs(critical), abs(start)),
            )
        gain = rate if values.decay_input else 1.0
        return Resetting(1 - rate, gain, threshold, start, rate * start, size=abs(start))


FRAMEWORK = SpikingJelly()
