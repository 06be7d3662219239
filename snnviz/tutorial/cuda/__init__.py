"""Integrate-and-fire neurons for all T steps at once, as CUDA kernels that CuPy compiles.

`functions` are the kernels with their gradients, `reference` the same in plain PyTorch, by which
they are tested; `fuse` puts them into a network.
"""

from snnviz.tutorial.cuda.fusing import Fused, check_network, fuse
from snnviz.tutorial.cuda.launching import check_available
from snnviz.tutorial.cuda.reference import Neuron

__all__ = ["Fused", "Neuron", "check_available", "check_network", "fuse"]
