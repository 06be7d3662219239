"""`record`: the spikes of any layers of any network, from the network's own run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.feeding import as_source
from snnviz.adapters.listening import Probe, Site
from snnviz.adapters.recorder import Recorder
from snnviz.records.recording import LayerInfo, Recording


def record(
    net: nn.Module,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    layers: str | Sequence[str] | None = None,
    sequence: bool = False,
    drives: bool = False,
    seed: int | None = None,
) -> Recording:
    """The spikes of layers of `net` for images, as the network itself emits them.

    The network is run as it is, in evaluation mode, without gradients and from its start, and is
    left as it was found. How it takes images (one a call, or all steps at once, in which axes) is
    found by trying. Where it takes all steps in one call and those of its first layer are too many
    for that, the layer's neurons are stepped by themselves, as `load_encoder` does, and held
    against the network's own run of a few steps.

    Args:
        net: A network with spiking neurons of SpikingJelly, snnTorch, Norse or sinabs.
        images: Floats [N, C, H, W], or of any other shape that the network takes an image in. They
            are taken as they are: normalize them as the network expects.
        T: Number of time steps, >= 1; None: as many as the network says, or 4.
        layers: Names of layers, as `named_modules` has them, or "all"; None: the first layer of
            neurons that is called. A layer that no framework knows as spiking can be named. Of
            "all" those that have no record are left out, and `Recording.notes` says why.
        sequence: Whether `images` are a sequence [T, N, ...], such as event frames.
        drives: Whether the input currents are kept as well.
        seed: Of the random numbers of a network that draws some; None: such a network is refused.

    Raises:
        ConfigError: The network has no spiking neurons, cannot be run on these images over T
            steps, draws random numbers, or a layer emits no spikes; or there is no such layer.
        ShapeError: `images` are no finite floats, or none.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3), neuron.IFNode())
        >>> recording = record(net, torch.ones(2, 1, 2, 2), T=5)
        >>> list(recording), recording["2"].shape
        (['2'], (2, 3))
    """
    return recorded(Recorder(net, layers), images, T, sequence=sequence, drives=drives, seed=seed)


def recorded(
    recorder: Recorder,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    sequence: bool = False,
    drives: bool = False,
    seed: int | None = None,
) -> Recording:
    """As `record`, of a network that a `Recorder` runs."""
    source = as_source(images, recorder.net, sequence=sequence)
    with recorder.running() as start:
        found = recorder.probe(source, T, start)
        T = recorder.steps(found, source, T)
        wanted = recorder.choice.called(found)
        left_out: tuple[str, ...] = ()
        heard = recorder.alone(found, source, T, wanted, start, drives=drives)
        if not heard:
            heard, left_out = recorder.own(
                found,
                source,
                T,
                wanted,
                start,
                seed=seed,
                drives=drives,
                skip=recorder.choice.everything,
            )
        return Recording(
            T,
            tuple(_info(site, found) for site in wanted if site.name in heard),
            {name: own.record for name, own in heard.items()},
            {name: own.drive for name, own in heard.items()} if drives else {},
            (*recorder.notes(found), *left_out),
        )


def list_layers(
    net: nn.Module,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    sequence: bool = False,
) -> tuple[LayerInfo, ...]:
    """The layers of spiking neurons that `net` calls for these images, in that order.

    Args:
        net: As for `record`.
        images: As for `record`; two are enough.
        T: Number of time steps, >= 1; None: as many as the network says, or 4.
        sequence: Whether `images` are a sequence [T, N, ...].

    Raises:
        ConfigError: As `record`.
        ShapeError: As `record`.

    Example:
        >>> from torch import nn
        >>> from spikingjelly.activation_based import neuron
        >>> first = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), neuron.IFNode())
        >>> net = nn.Sequential(*first, nn.Linear(5, 3), neuron.IFNode())
        >>> images = snnviz.garments(2).batch([0, 1])
        >>> [(layer.name, layer.shape) for layer in snnviz.list_layers(net, images, T=4)]
        [('2', (5,)), ('4', (3,))]
    """
    return listed(Recorder(net, "all"), images, T, sequence=sequence)


def listed(
    recorder: Recorder,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    sequence: bool = False,
) -> tuple[LayerInfo, ...]:
    """As `list_layers`, of a network that a `Recorder` runs."""
    source = as_source(images, recorder.net, sequence=sequence)
    with recorder.running() as start:
        found = recorder.probe(source, T, start)
        return tuple(_info(site, found) for site in found.sites)


def _info(site: Site, found: Probe) -> LayerInfo:
    """What people are told of a layer."""
    first = site.layer is found.first and site.place == 0
    return LayerInfo(site.name, site.layer.kind, site.layer.framework.name, site.shape, first)
