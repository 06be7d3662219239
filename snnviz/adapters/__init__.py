"""From a network to records of its spiking layers."""
