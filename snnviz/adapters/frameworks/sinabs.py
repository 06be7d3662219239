"""sinabs 3.1: [N, T, ...], or [N * T, ...] in layers that are called "Squeeze"."""

from typing import Any, ClassVar, cast

import sinabs.layers
import torch
from sinabs.activation import MembraneReset
from torch import Tensor, nn

from snnviz.adapters.protocol import Axes, Feed, Framework, as_number, is_plain
from snnviz.neurons.resetting import Resetting


class Sinabs(Framework):
    """Its neurons keep potentials in buffers; by default they fire several times a step."""

    name: ClassVar[str] = "sinabs"
    feeds: ClassVar[tuple[Feed, ...]] = ("images first", "together", "image", "time first")

    def is_neuron(self, module: nn.Module) -> bool:
        """Stateful layers but for ExpLeak, which never fires."""
        return isinstance(module, sinabs.layers.StatefulLayer) and not isinstance(
            module, sinabs.layers.ExpLeak
        )

    def axes(self, module: nn.Module, drive: Tensor) -> Axes:
        """Together where the layer splits images and steps itself."""
        del drive
        squeezed = isinstance(module, sinabs.layers.SqueezeMixin)
        return "together" if squeezed else "images first"

    def batch_size(self, module: nn.Module) -> int | None:
        """What a layer called "Squeeze", or one that splits images and steps, was given."""
        size = getattr(module, "batch_size", None)
        splits = isinstance(module, (sinabs.layers.SqueezeMixin, sinabs.layers.UnflattenTime))
        return size if splits and (size or 0) > 0 else None

    def steps(self, module: nn.Module) -> int | None:
        """What a layer called "Squeeze" was given."""
        T = getattr(module, "num_timesteps", None)
        return T if isinstance(module, sinabs.layers.SqueezeMixin) and (T or 0) > 0 else None

    def states(self, module: nn.Module) -> tuple[str, ...]:
        """All buffers of a stateful layer; after a run they have its images' size."""
        stateful = isinstance(module, sinabs.layers.StatefulLayer)
        return tuple(module._buffers) if stateful else ()  # noqa: SLF001

    def reset(self, module: nn.Module) -> None:
        """Buffers of size 0: with others, another batch would start from old images' potentials."""
        if isinstance(module, sinabs.layers.StatefulLayer):
            buffers = cast("dict[str, Any]", module._buffers)  # noqa: SLF001 - no public way
            for name, state in buffers.items():
                buffers[name] = torch.zeros(0, device=state.device, dtype=state.dtype)

    def fires_several(self, module: nn.Module) -> bool:
        """All but those with `SingleSpike`."""
        spike = getattr(module, "spike_fn", None)
        return getattr(spike, "__name__", type(spike).__name__) != "SingleSpike"

    def resets(self, module: nn.Module) -> Resetting | None:
        """IAF and LIF that a spike puts back at 0."""
        kinds = sinabs.layers.IAF, sinabs.layers.IAFSqueeze
        if not is_plain(module, *kinds, sinabs.layers.LIF, sinabs.layers.LIFSqueeze):
            return None
        values, reset = cast("Any", module), cast("Any", module).reset_fn
        if type(reset) is not MembraneReset or reset.reset_value != 0:
            return None
        if values.min_v_mem is not None or values.alpha_syn_calculated is not None:
            return None
        decay = as_number(values.alpha_mem_calculated)
        gain = 1 - decay if values.norm_input else 1.0
        several = self.fires_several(module)
        return Resetting(decay, gain, as_number(values.spike_threshold), several=several)


FRAMEWORK = Sinabs()
