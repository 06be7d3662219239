"""Which framework a network's layers are of, found without importing those it is not of."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import torch
from torch import nn

from snnviz.adapters import frameworks
from snnviz.adapters.protocol import Framework, classes
from snnviz.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of neurons in a network.

    Attributes:
        name: Its name, as `torch.nn.Module.named_modules` has it.
        module: The layer.
        framework: Whose neurons it has.
    """

    name: str
    module: nn.Module
    framework: Framework

    @property
    def kind(self) -> str:
        """Its class."""
        return type(self.module).__name__


def find_layers(net: nn.Module) -> list[Layer]:
    """The layers of spiking neurons that `net` has, in the order of their registration.

    Raises:
        ConfigError: It has none of a framework that snnviz knows.
    """
    layers: list[Layer] = []
    for name, module in net.named_modules():
        # Neurons inside a layer of neurons are a part of it.
        if layers and name.startswith(f"{layers[-1].name}."):
            continue
        for framework in frameworks_of(module):
            if framework.is_neuron(module):
                layers.append(Layer(name, module, framework))
                break
    if not layers:
        raise ConfigError(
            f"{type(net).__name__} has no spiking neurons of {', '.join(known())}; name the layer "
            "that spikes, or give a network that has one"
        )
    return layers


def frameworks_of(module: nn.Module) -> Iterator[Framework]:
    """The frameworks that one of the module's classes is of, its own class first."""
    for package in dict.fromkeys(package.partition(".")[0] for package, _ in classes(module)):
        if package in known():
            yield load(package)


def known() -> list[str]:
    """The packages of the frameworks that snnviz knows."""
    return list(_listed(tuple(frameworks.__path__)))


@cache
def _listed(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The modules in those folders: every layer of every network asks for them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folders)))


def load(package: str) -> Framework:
    """What snnviz knows of the framework in that package, which is installed."""
    module = importlib.import_module(f"{frameworks.__name__}.{package}")
    return cast("Framework", module.FRAMEWORK)


class Unknown(Framework):
    """A layer that a user names though no framework says that it spikes."""

    name = "no known framework"
    feeds = ("image", "time first", "images first")


UNKNOWN = Unknown()


def device_of(net: nn.Module) -> torch.device:
    """Where the network computes."""
    tensors = (*net.parameters(), *net.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


def unwrapped(net: nn.Module) -> nn.Module:
    """The network inside what torch.compile or data parallelism put around it.

    Raises:
        ConfigError: It is no network, or one that has no weights yet.
    """
    if not isinstance(net, nn.Module):
        raise ConfigError(f"a network is a torch.nn.Module, got {type(net).__name__}")
    if any(nn.parameter.is_lazy(weight) for weight in net.parameters()):
        raise ConfigError(
            f"{type(net).__name__} has lazy layers without weights; run it once on an image, or "
            "load its weights"
        )
    name = _wrapped(net)
    return unwrapped(net.get_submodule(name)) if name else net


def wrapping(net: nn.Module) -> str:
    """What that puts before the names of the layers inside, such as "module."."""
    name = _wrapped(net)
    return f"{name}.{wrapping(net.get_submodule(name))}" if name else ""


def _wrapped(net: nn.Module) -> str:
    """The attribute in which such a wrapper holds the network; "" of a network itself."""
    if isinstance(getattr(net, "_orig_mod", None), nn.Module):
        return "_orig_mod"
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return "module" if isinstance(net, parallel) else ""
