"""snnTorch 1.0: one step a call; the potential is passed by hand or hidden in the layer."""

from collections.abc import Iterable
from typing import ClassVar

import snntorch
import torch
from torch import Tensor, nn

from snnviz.adapters.protocol import Axes, Feed, Framework, as_number, classes, is_plain
from snnviz.neurons.resetting import Resetting

_NEURONS = "snntorch._neurons"
# What takes all steps at once.
_ALL_STEPS = {"LeakyParallel", "LeakyKernel", "StateLeaky", "LinearLeaky", "AssociativeLeaky"}
_NO_NEURONS = {"RecurrentOneToOne"}
# Their potentials and currents, which `init_hidden` keeps in the layer.
_STATES = ("mem", "syn", "syn_exc", "syn_inh", "spk")


class SnnTorch(Framework):
    """Its neurons, of which most take one step a call."""

    name: ClassVar[str] = "snnTorch"
    feeds: ClassVar[tuple[Feed, ...]] = ("image", "time first")

    def is_neuron(self, module: nn.Module) -> bool:
        """All classes of its neurons' package."""
        names = [name for package, name in classes(module) if package.startswith(_NEURONS)]
        return bool(names) and names[0] not in _NO_NEURONS

    def axes(self, module: nn.Module, drive: Tensor) -> Axes:
        """All steps at once where the class is one of the parallel ones."""
        del drive
        return "time first" if any(name in _ALL_STEPS for _, name in classes(module)) else "step"

    def reset(self, module: nn.Module) -> None:
        """States of size 0, which the next call replaces by zeros of its own size."""
        if not self.is_neuron(module):
            return
        for name in _STATES:
            state = getattr(module, name, None)
            if isinstance(state, Tensor):
                setattr(module, name, torch.zeros(0, device=state.device, dtype=state.dtype))

    def bystanders(self) -> Iterable[nn.Module]:
        """All neurons that there are: `utils.reset` goes over a list of every instance."""
        return [
            module for module in snntorch.SpikingNeuron.instances if isinstance(module, nn.Module)
        ]

    def resets(self, module: nn.Module) -> Resetting | None:
        """Leaky with the reset "zero", which forgets all but the input of the step."""
        if not is_plain(module, snntorch.Leaky):
            return None
        plain = module.reset_mechanism == "zero" and module.reset_delay
        if not plain or module.inhibition or module.state_quant:
            return None
        beta = min(max(as_number(module.beta), 0.0), 1.0)
        return Resetting(beta, 1.0, as_number(module.threshold))


FRAMEWORK = SnnTorch()
