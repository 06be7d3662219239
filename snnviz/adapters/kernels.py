"""The weights between the pixels and a layer of neurons, where one layer of weights lies there."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.calls import Call
from snnviz.adapters.feeding import Source
from snnviz.adapters.listening import Site
from snnviz.adapters.tallying import dense_macs
from snnviz.errors import ConfigError


def find_kernels(
    net: nn.Module,
    site: Site,
    reach: Callable[[Source], Call],
    source: Source,
) -> NDArray[np.float32]:
    """Weights of the one layer between image and neurons, float32 [K, C, kh, kw]; a copy.

    Those of a linear layer that sees every pixel are receptive fields, [K, C, H, W].

    Args:
        net: The network.
        site: The layer of neurons.
        reach: Runs the network on images up to that layer.
        source: An image.

    Raises:
        ConfigError: There are several such layers, or none, or they do not see the pixels.
    """
    (module, _) = _between(net, site, reach, source)
    weight: Tensor = module.weight.detach().to("cpu", torch.float32, copy=True)  # type: ignore[operator]
    if isinstance(module, nn.Linear):
        image = source.values.shape[2 if source.sequence else 1 :]
        if len(image) != 3 or weight.shape[1] != image.numel():
            raise ConfigError(
                f"the weights before {site.name} take {weight.shape[1]} numbers, an image has "
                f"{image.numel()}: they show no pixels; leave out the kind kernels"
            )
        weight = weight.unflatten(1, image)
    return weight.numpy()


def find_macs(
    net: nn.Module,
    site: Site,
    reach: Callable[[Source], Call],
    source: Source,
) -> int:
    """Multiply-accumulates of that layer for an image, without zeros that pad a map.

    Args:
        net: The network.
        site: The layer of neurons.
        reach: Runs the network on images up to that layer.
        source: An image.

    Raises:
        ConfigError: As `find_kernels`.
    """
    _, macs = _between(net, site, reach, source)
    return macs // len(source)


def _between(
    net: nn.Module, site: Site, reach: Callable[[Source], Call], source: Source
) -> tuple[nn.Module, int]:
    """The one layer of weights between image and neurons, and its products in a call.

    Raises:
        ConfigError: There are several such layers, or none.
    """
    seen: dict[nn.Module, int] = {}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        seen[module] = dense_macs(module, inputs[0], output)

    weighted = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    handles = [module.register_forward_hook(note) for module in weighted]
    try:
        reach(source)
    finally:
        for handle in handles:
            handle.remove()
    if len(seen) != 1:
        raise ConfigError(
            f"{len(seen)} layers of weights lie between the pixels and {site.name}: kernels are "
            "drawn of one; leave out the kind kernels"
        )
    return next(iter(seen.items()))
