"""The integrate-and-fire neuron: its rule, its potentials, its thresholds. Pure NumPy."""
