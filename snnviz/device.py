"""Which device torch computes on."""

import torch

from snnviz.errors import ConfigError


def choose_device(name: str | None = None) -> str:
    """The device to use: `name`, or the first GPU where there is one, else the CPU.

    Raises:
        ConfigError: `name` is no device, or this machine has none such.
    """
    if name is None:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"no device {name!r} here ({str(error).splitlines()[0]}); use --device cpu"
        ) from error
    return name
