"""Norse 1.1: cells of one step, whose state is passed by hand, and layers of all steps."""

from typing import Any, ClassVar, cast

from norse.torch.functional.reset import reset_value
from norse.torch.module import snn
from norse.torch.module.lif_box import LIFBoxCell
from torch import Tensor, nn

from snnviz.adapters.protocol import Axes, Feed, Framework, as_number, classes, is_plain
from snnviz.neurons.resetting import Resetting

_NEURONS = "norse.torch.module"
# Cells that derive from no class of neurons.
_CELLS = {"CobaLIFCell", "LIFCorrelation"}


class Norse(Framework):
    """Its neurons keep no state: whoever calls them passes it."""

    name: ClassVar[str] = "Norse"
    feeds: ClassVar[tuple[Feed, ...]] = ("image", "time first")

    def is_neuron(self, module: nn.Module) -> bool:
        """Whatever has the dynamics of a neuron and is no leaky integrator, which never fires."""
        own = [name for package, name in classes(module) if package.startswith(_NEURONS)]
        if own and own[0].startswith("LI") and not own[0].startswith("LIF"):
            return False
        kinds = (snn.SNNCell, snn.SNNRecurrentCell, snn.SNN, snn.SNNRecurrent)
        return isinstance(module, kinds) or any(name in _CELLS for name in own)

    def axes(self, module: nn.Module, drive: Tensor) -> Axes:
        """Cells take a step, all others [T, N, ...]."""
        del drive
        return "time first" if isinstance(module, (snn.SNN, snn.SNNRecurrent)) else "step"

    def resets(self, module: nn.Module) -> Resetting | None:
        """LIFBoxCell, where it starts from the value that a spike puts it back at."""
        if not is_plain(module, LIFBoxCell):
            return None
        p, dt = cast("Any", module).p, as_number(module.dt)
        start, leak = as_number(p.v_reset), as_number(p.v_leak)
        if p.reset_method is not reset_value or start != leak:
            return None
        rate = dt * as_number(p.tau_mem_inv)
        return Resetting(1 - rate, rate, as_number(p.v_th), start, rate * leak, size=abs(start))


FRAMEWORK = Norse()
