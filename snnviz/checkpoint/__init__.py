"""Files of weights and of whole networks, as plain values: nothing that they hold or name runs."""

from snnviz.checkpoint.finding import Found, find_network
from snnviz.checkpoint.modules import Parts, take_apart
from snnviz.checkpoint.names import listing, plain_name, plain_names
from snnviz.checkpoint.reading import StandIn, read_file

__all__ = [
    "Found",
    "Parts",
    "StandIn",
    "find_network",
    "listing",
    "plain_name",
    "plain_names",
    "read_file",
    "take_apart",
]
