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
    seen: list[nn.Module] = []

    def note(module: nn.Module, _: Any) -> None:
        seen.append(module)

    weighted = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    handles = [module.register_forward_pre_hook(note) for module in weighted]
    try:
        reach(source)
    finally:
        for handle in handles:
            handle.remove()
    between = list(dict.fromkeys(seen))
    if len(between) != 1:
        raise ConfigError(
            f"{len(between)} layers of weights lie between the pixels and {site.name}: kernels are "
            "drawn of one; leave out the kind kernels"
        )
    weight: Tensor = between[0].weight.detach().to("cpu", torch.float32, copy=True)  # type: ignore[operator]
    if isinstance(between[0], nn.Linear):
        image = source.values.shape[2 if source.sequence else 1 :]
        if len(image) != 3 or weight.shape[1] != image.numel():
            raise ConfigError(
                f"the weights before {site.name} take {weight.shape[1]} numbers, an image has "
                f"{image.numel()}: they show no pixels; leave out the kind kernels"
            )
        weight = weight.unflatten(1, image)
    return weight.numpy()
