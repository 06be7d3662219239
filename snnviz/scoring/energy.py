"""What the layers of any network do for an image, and the energy of that by published models."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from snnviz.adapters.operations import OperationCounter
from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.display import Brief
from snnviz.errors import DataError
from snnviz.metrics.energy_models import MODELS, ModelEnergy, activation_bits, break_even_rate
from snnviz.metrics.memory import Accesses, accesses
from snnviz.metrics.operations import LayerOperations, NeuronOperations, Operations
from snnviz.scoring.checks import check_size
from snnviz.scoring.progress import as_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from snnviz.scoring.progress import Progress

# Images that are handed on at once.
_BATCH = 128


@dataclass(frozen=True, eq=False, repr=False)
class EnergyReport(Brief):
    """What a network does for one image, on average over images, and what that takes.

    Attributes:
        images: Number of images.
        T: Number of time steps.
        layers: What each convolution and linear layer does, in the order in which they are called.
        neurons: What each layer of neurons does.
        elsewhere: Multiply-accumulates an image that are made outside those layers, such as those
            of attention; they are in none of the models.
        random: Whether the network draws random numbers, so that all counts are of one such run.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> report = snnviz.energy_report(net, snnviz.garments(20))
        >>> [(layer.name, layer.sees, layer.steps) for layer in report.layers][:2]
        [('static_conv.0', 'values', 1), ('conv.2', 'spikes', 2)]
        >>> [model.name for model in report.models], report.activation_bits
        (['arithmetic', 'memory', 'same bits'], 2)
    """

    images: int
    T: int
    layers: tuple[LayerOperations, ...]
    neurons: tuple[NeuronOperations, ...]
    elsewhere: float = 0.0
    random: bool = False

    @cached_property
    def models(self) -> tuple[ModelEnergy, ...]:
        """The energy of one image by each published model."""
        return tuple(model(self.layers, self.neurons) for model in MODELS)

    @property
    def firing_rate(self) -> float:
        """Spikes a neuron and step, of all neurons."""
        updates = sum(each.neurons * each.steps for each in self.neurons)
        return sum(each.spikes for each in self.neurons) / updates

    @property
    def rate(self) -> float | None:
        """Spikes of an input and step, of all inputs, each weighted by the weights that it meets.

        None where no layer sees spikes. It is what `break_even_rate` is compared with.
        """
        seeing = [layer for layer in self.layers if layer.synops is not None]
        uses = sum(layer.steps * layer.macs for layer in seeing)
        return sum(layer.synops or 0.0 for layer in seeing) / uses if uses else None

    @property
    def activation_bits(self) -> int:
        """Bits of an activation of the ordinary network that the last model compares with."""
        return activation_bits(self.T, max((layer.most for layer in self.layers), default=1))

    @property
    def break_even_rate(self) -> float | None:
        """The `rate` below which spikes win against an ordinary network of the same bits.

        See `snnviz.metrics.energy_models.same_bits`. None where no layer sees spikes.
        """
        return break_even_rate(self.layers)

    @property
    def averaged(self) -> tuple[str, ...]:
        """The layers behind the first that see values at several steps, such as averages of spikes.

        An ordinary network runs them once. `rate` and `break_even_rate` leave them out.
        """
        return tuple(
            layer.name for layer in self.layers[1:] if layer.sees == "values" and layer.steps > 1
        )

    @property
    def averaged_share(self) -> float:
        """Their share of all products of one step if every input counts, in [0, 1]."""
        names = self.averaged
        products = sum(layer.macs for layer in self.layers if layer.name in names)
        return products / sum(layer.macs for layer in self.layers)

    def accesses(self) -> dict[str, Accesses]:
        """Accesses to memory of each layer as Lemaire et al. count them."""
        done: list[Operations] = [*self.layers, *self.neurons]
        return {each.name: accesses(each) for each in done}

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON, with the constants of each model."""
        kept = {
            name: {**asdict(each), "accesses": each.total} for name, each in self.accesses().items()
        }
        return {
            "images": {"count": self.images},
            "T": self.T,
            "layers": [
                {
                    **asdict(layer),
                    "kernel": list(layer.kernel),
                    "stride": list(layer.stride),
                    "rate": layer.rate,
                    "break_even_rate": break_even_rate([layer]),
                    "memory": kept[layer.name],
                }
                for layer in self.layers
            ],
            "neurons": [
                {**asdict(each), "rate": each.rate, "memory": kept[each.name]}
                for each in self.neurons
            ],
            "macs_elsewhere": self.elsewhere,
            "random": self.random,
            "firing_rate": self.firing_rate,
            "rate": self.rate,
            "averaged": list(self.averaged),
            "averaged_share": self.averaged_share,
            "activation_bits": self.activation_bits,
            "break_even_rate": self.break_even_rate,
            "padded_zeros": "nothing is computed with the zeros that pad a map: neither products "
            "nor synaptic operations",
            "models": [model.as_dict() for model in self.models],
        }


def energy_report(
    net: "nn.Module",
    images: ImageSet,
    *,
    T: int | None = None,
    mean: "Sequence[float] | None" = None,
    std: "Sequence[float] | None" = None,
    progress: "Progress | Literal[True] | None" = None,
) -> EnergyReport:
    """What `net` does for the images, layer by layer, and the energy of that by published models.

    Images need no labels, and the network need not answer with classes.

    Args:
        net: The tutorial's network, or any that `snnviz.record` takes.
        images: Images as the network takes them.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What the network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        progress: Called as `progress("energy", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: The network has no spiking neurons, or cannot be run so.
        DataError: There are no images.
        ShapeError: The images do not suit it.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(
        ...     torch.nn.Flatten(), torch.nn.Linear(784, 64), neuron.IFNode(),
        ...     torch.nn.Linear(64, 10), neuron.IFNode())
        >>> report = snnviz.energy_report(net, snnviz.garments(20), T=5)
        >>> [layer.sees for layer in report.layers], report.layers[0].macs
        (['values', 'spikes'], 50176)
    """
    counter = OperationCounter(net, T, mean=_plain(mean), std=_plain(std))
    return counted(counter, images, progress=progress)


def counted(
    counter: OperationCounter,
    images: ImageSet,
    *,
    progress: "Progress | Literal[True] | None" = None,
) -> EnergyReport:
    """The same of a counter that has counted nothing yet.

    Args:
        counter: Counts what a network does.
        images: As for `energy_report`.
        progress: As for `energy_report`.

    Raises:
        ConfigError: As `energy_report`.
        DataError: As `energy_report`.
        ShapeError: As `energy_report`.
    """
    progress = as_progress(progress)
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    check_size(counter.net, images)
    for some in batches(len(images), _BATCH):
        counter.count(to_input(images.images[some]))
        if progress is not None:
            progress("energy", some.stop, len(images))
    return EnergyReport(
        images=counter.images,
        T=counter.T or 1,
        layers=counter.layers,
        neurons=counter.neurons,
        elsewhere=counter.elsewhere,
        random=counter.is_random,
    )


def _plain(values: "Sequence[float] | None") -> tuple[float, ...] | None:
    return None if values is None else tuple(values)
