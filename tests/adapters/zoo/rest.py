"""The networks of snnTorch, Norse and sinabs: of those that are installed."""

from importlib import import_module
from importlib.util import find_spec

from tests.adapters.zoo.network import Network

_NEEDS = {
    "snntorch": ["snntorch"],
    "snntorch_fused": ["snntorch"],
    "snntorch_loops": ["snntorch"],
    "snntorch_own": ["snntorch"],
    "norse": ["norse"],
    "norse_own": ["norse"],
    "sinabs": ["sinabs"],
    "sinabs_own": ["sinabs"],
    "nir_graphs": ["nir", "norse", "sinabs", "snntorch"],
}
PACKAGES = sorted({package for needs in _NEEDS.values() for package in needs})
MISSING = {package for package in PACKAGES if find_spec(package) is None}

NETWORKS: list[Network] = [
    network
    for module, needs in _NEEDS.items()
    if MISSING.isdisjoint(needs)
    for network in import_module(f"tests.adapters.zoo.{module}").NETWORKS
]
