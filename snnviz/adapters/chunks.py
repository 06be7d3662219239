"""Images a few at a time, as many as a network takes together."""

from collections.abc import Iterator
from math import prod

from snnviz.adapters.feeding import Source
from snnviz.adapters.listening import Probe
from snnviz.batching import batches

# So many neurons of a layer are computed at once, of up to so many images: the last bits of a
# convolution can depend on the number of images, so that it is the same for all of them.
_NEURONS, _IMAGES = 1 << 19, 8


def chunk_size(found: Probe) -> int:
    """How many images a network is given together."""
    neurons = max(1, *(prod(site.shape) for site in found.sites), 1)
    return found.way.batch or max(
        1, min(_IMAGES, 1 << ((_NEURONS // neurons) or 1).bit_length() - 1)
    )


def chunks(source: Source, found: Probe, size: int = 0) -> Iterator[tuple[Source, int]]:
    """The images a few at a time, always as many, and how many of them are not there to fill up.

    As many as the network takes; of one that takes any number `size`, or what suits it.
    """
    size = found.way.batch or size or chunk_size(found)
    for some in batches(len(source), size):
        there = list(range(len(source))[some])
        filled = [*there, *[there[-1]] * (size - len(there))]
        yield source.take(filled), len(there)
