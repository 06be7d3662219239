"""The corpus of networks that nobody wrote to suit snnviz, and what they really emit."""

from tests.adapters.zoo import rest, spikingjelly
from tests.adapters.zoo.network import Network, images, truth
from tests.adapters.zoo.rest import MISSING, PACKAGES

NETWORKS: list[Network] = [*spikingjelly.NETWORKS, *rest.NETWORKS]

__all__ = ["MISSING", "NETWORKS", "PACKAGES", "Network", "images", "truth"]
