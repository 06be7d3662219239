"""All networks of SpikingJelly 2.0: its zoo, its examples, its neurons, and users' own modules."""

from tests.adapters.zoo import (
    spikingjelly_examples,
    spikingjelly_layers,
    spikingjelly_neurons,
    spikingjelly_own,
    spikingjelly_refused,
    spikingjelly_repeating,
    spikingjelly_time,
    spikingjelly_wrapped,
    spikingjelly_zoo,
)

NETWORKS = [
    *spikingjelly_zoo.NETWORKS,
    *spikingjelly_repeating.NETWORKS,
    *spikingjelly_examples.NETWORKS,
    *spikingjelly_neurons.NETWORKS,
    *spikingjelly_time.NETWORKS,
    *spikingjelly_own.NETWORKS,
    *spikingjelly_layers.NETWORKS,
    *spikingjelly_wrapped.NETWORKS,
    *spikingjelly_refused.NETWORKS,
]
