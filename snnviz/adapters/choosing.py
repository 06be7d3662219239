"""Which layers of a network are looked at, by their names."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from snnviz.adapters.finding import UNKNOWN, Layer, find_layers, unwrapped, wrapping
from snnviz.adapters.listening import Probe, Site
from snnviz.errors import ConfigError


class Choice:
    """The layers of a network, and those of them that are looked at.

    Args:
        net: The network.
        layers: As for `record`.
        prefix: What is put before the names of layers; None: what wraps the network.

    Attributes:
        net: The network without what wraps it.
        modules: All of its modules by their names.
        names: The names of the layers that are looked at; None where they are not named.
        everything: Whether all layers are looked at.
        layers: The layers of neurons, and what else is named.

    Raises:
        ConfigError: It has no spiking neurons, or there is no layer of that name.
    """

    def __init__(
        self, net: nn.Module, layers: str | Sequence[str] | None, prefix: str | None
    ) -> None:
        self.net = unwrapped(net)
        self._prefix = wrapping(net) if prefix is None else prefix
        self.modules = {
            self._prefixed(name): module
            for name, module in self.net.named_modules(remove_duplicate=False)
        }
        self.names = None if layers in (None, "all") else [self._full(n) for n in _listed(layers)]
        self.everything = layers == "all"
        self.layers = self._find()

    def _prefixed(self, name: str) -> str:
        return f"{self._prefix}{name}".removesuffix("." * (not name))

    def _full(self, name: str) -> str:
        """The name of a layer, which may be given without what wraps the network."""
        plain, hash_, place = name.partition("#")
        inside = plain not in self.modules and self._prefixed(plain) in self.modules
        return f"{self._prefixed(plain)}{hash_}{place}" if inside else name

    def _known(self) -> list[Layer]:
        found = find_layers(self.net)
        return [replace(layer, name=self._prefixed(layer.name)) for layer in found]

    def _find(self) -> list[Layer]:
        wanted = [name.partition("#")[0] for name in self.names or ()]
        if missing := [name for name in wanted if name not in self.modules]:
            some = ", ".join(layer.name for layer in self._known()[:8])
            raise ConfigError(f"no layer {missing[0]!r}; choose from {some}")
        try:
            known = self._known()
        except ConfigError:
            if not wanted:
                raise
            known = []
        there = {id(layer.module): layer for layer in known}
        own = [
            Layer(name, self.modules[name], UNKNOWN)
            for name in dict.fromkeys(wanted)
            if id(self.modules[name]) not in there
        ]
        return [*known, *own]

    def called(self, found: Probe) -> list[Site]:
        """The layers that are looked at, in the order in which they are called.

        Raises:
            ConfigError: One of them is not called.
        """
        if self.everything:
            return list(found.sites)
        if self.names is None:
            return [next(site for site in found.sites if site.layer is found.first)]
        by_name = {site.name: site for site in found.sites}
        sites = []
        for name in self.names:
            plain, _, place = name.partition("#")
            same = next((each for each in self.layers if each.module is self.modules[plain]), None)
            called = f"{same.name if same else plain}{'#' * bool(place)}{place}"
            if called not in by_name:
                raise ConfigError(
                    f"{name!r} is not called when the network runs; choose from "
                    + ", ".join(by_name)
                )
            sites.append(by_name[called])
        order = {site.name: number for number, site in enumerate(found.sites)}
        return sorted(dict.fromkeys(sites), key=lambda site: order[site.name])


def _listed(layers: str | Sequence[str] | None) -> list[str]:
    listed = [layers] if isinstance(layers, str) else layers
    if not isinstance(listed, (list, tuple)) or not all(isinstance(n, str) for n in listed):
        raise ConfigError(f"layers are named by text, or 'all', got {layers!r}")
    if not listed:
        raise ConfigError("got no layer; name one, or leave layers out for the first")
    return list(listed)
