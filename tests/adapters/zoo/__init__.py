"""The corpus of networks that nobody wrote to suit snnviz, and what they really emit."""

from tests.adapters.zoo import rest, spikingjelly
from tests.adapters.zoo.network import Network, images, truth

NETWORKS: list[Network] = [*spikingjelly.NETWORKS, *rest.NETWORKS]

__all__ = ["NETWORKS", "Network", "images", "truth"]
