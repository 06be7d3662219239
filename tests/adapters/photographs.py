"""What a network is like to its last bit, to be held against what it is like later."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def photograph(net: nn.Module) -> dict[str, Any]:
    """All that a run could leave behind in a network and in the generators of random numbers."""
    found: dict[str, Any] = {
        "state dict": {name: _bytes(value) for name, value in net.state_dict().items()},
        "grads": {name: _bytes(p.grad) for name, p in net.named_parameters()},
        "needed": {name: p.requires_grad for name, p in net.named_parameters()},
        "objects": [id(value) for value in (*net.parameters(), *net.buffers())],
        "torch's generator": _bytes(torch.get_rng_state()),
        "random": random.getstate(),
        "numpy": tuple(str(part) for part in np.random.get_state()),  # noqa: NPY002
        "enabled": torch.is_grad_enabled(),
    }
    for name, module in net.named_modules():
        for attribute, value in vars(module).items():
            found[f"{name}.{attribute}"] = list(_inside(value))
    return found


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, nn.Module):
        yield id(value)
    elif isinstance(value, Tensor):
        yield id(value), _bytes(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key, list(_inside(each))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _inside(each)
    elif isinstance(value, (bool, int, float, str)):
        yield repr(value)
    else:
        yield id(value)


def _bytes(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    flat = value.detach().cpu().contiguous().flatten()
    return str(value.dtype), tuple(value.shape), flat.view(torch.uint8).numpy().tobytes()
