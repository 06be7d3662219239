"""`Recording`: what several layers of a network did, by the layer's name. Pure NumPy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from snnviz.display import quantity, summary
from snnviz.errors import ConfigError
from snnviz.records.shown import mean_rate
from snnviz.records.spikes import SpikeRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LayerInfo:
    """A layer of spiking neurons, as a run of the network shows it.

    Attributes:
        name: Its name in the network; with "#2" where one object stands at a second place.
        kind: Its class.
        framework: Whose neurons they are.
        shape: Of its neurons for one image: [K, H, W] of feature maps, [K] of a linear layer.
        first: Whether it is the first that is called: the network's encoder.

    Example:
        >>> from torch import nn
        >>> from spikingjelly.activation_based import neuron
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), neuron.IFNode())
        >>> [layer] = snnviz.list_layers(net, snnviz.garments(2).batch([0, 1]), T=4)
        >>> layer.name, layer.kind, layer.shape
        ('1', 'IFNode', (2, 26, 26))
    """

    name: str
    kind: str
    framework: str
    shape: tuple[int, ...]
    first: bool = False

    @property
    def neurons(self) -> int:
        """Number of its neurons."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False, repr=False)
class Recording(Mapping[str, SpikeRecord]):
    """The spikes of layers for the same images and steps: layer name to `SpikeRecord`.

    Attributes:
        T: Number of time steps.
        layers: The layers, in the order in which the network calls them.
        records: Their records by name.
        drives: Their input currents by name, float32 [T, N, ...], or [N, ...] where it is the same
            at each step; empty where they were not asked for.
        notes: What else is to be known of the record, a sentence each.

    Example:
        >>> from torch import nn
        >>> from spikingjelly.activation_based import neuron
        >>> first = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), neuron.IFNode())
        >>> net = nn.Sequential(*first, nn.Linear(5, 3), neuron.IFNode())
        >>> images = snnviz.garments(2).batch([0, 1])
        >>> recording = snnviz.record(net, images, T=4, layers="all")
        >>> {name: record.shape for name, record in recording.items()}
        {'2': (2, 5), '4': (2, 3)}
    """

    T: int
    layers: tuple[LayerInfo, ...]
    records: Mapping[str, SpikeRecord]
    drives: "Mapping[str, NDArray[np.float32]]" = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Which layers it is of, for how many images and steps."""
        images = max(map(len, self.records.values()), default=0)
        names = ", ".join(self.records)
        return f"<Recording of {quantity(images, 'image')}, T={self.T}, layers {names or 'none'}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: each layer with its firing rate, and what else is to be known."""
        kinds = {layer.name: layer.kind for layer in self.layers}
        facts = {
            name: f"{kinds.get(name, '')} {list(record.shape[1:])}, {mean_rate(record):.4g} spikes "
            "a neuron and step"
            for name, record in self.records.items()
        }
        return summary(repr(self)[1:-1], {**facts, **dict.fromkeys(self.notes, "")})

    def __getitem__(self, name: str) -> SpikeRecord:
        """The record of the layer of that name.

        Raises:
            ConfigError: There is none.
        """
        if name not in self.records:
            raise ConfigError(f"no record of {name!r}; choose from {', '.join(self.records)}")
        return self.records[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a record of that layer."""
        return name in self.records

    def get(self, name: str, default: Any = None) -> Any:
        """The record of the layer of that name, or `default` where there is none."""
        return self.records.get(name, default)

    def __iter__(self) -> Iterator[str]:
        """The names of the layers."""
        return iter(self.records)

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.records)
