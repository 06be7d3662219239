"""A faster network for training on a CPU, and a pass that counts its spikes.

The plain network, in SpikingJelly's modules, says what is computed; `accelerate` gives a module
that computes the same over the same parameters. Its element-wise work is compiled code
(`regions.cpp`), its matrix products are torch's. `counter` gives what evaluates it
(`counting.cpp`).
"""

import warnings

import torch
from torch import nn

from snnviz.compiling import CompilerError
from snnviz.tutorial.acceleration import counting, native
from snnviz.tutorial.acceleration.counting import CountingPass
from snnviz.tutorial.acceleration.fast_network import FastNetwork
from snnviz.tutorial.acceleration.memory import keep_freed_memory
from snnviz.tutorial.network import ConvSNN

__all__ = ["CountingPass", "FastNetwork", "accelerate", "counter", "counting"]

# Multiplications of a plain pass from which on it pays to compile: a few seconds of them.
_WORTHWHILE = 5 * 10**11
# The same of the pass that counts: half a second compiles it, and a tenth turns its weights.
_WORTH_COUNTING = 10**10


def accelerate(net: ConvSNN, images: int, *, amp: bool = False) -> nn.Module:
    """A fast network that learns as `net` does, or `net` itself where there is none.

    There is none on a GPU; where `net` was changed (weights of another type, BatchNorm over several
    processes); where images have more than 16 channels; where too few
    images are to pass to make up for two seconds of compiling; and where this machine cannot
    compile, which a warning says. The fast network holds `net` and no parameters of its own: state
    dict, optimizer and mode stay those of `net`.

    On a CPU the process keeps freed memory from then on, see `memory.keep_freed_memory`.

    Args:
        net: The network.
        images: About how many images are going to pass; not over all epochs, whose number may be
            another when the training is resumed.
        amp: Whether training is going to be mixed precision.
    """
    if not _takes(net) or images * _multiplications(net) < _WORTHWHILE:
        return net
    keep_freed_memory()
    try:
        for dtype in {torch.float32, torch.bfloat16 if amp else torch.float32}:
            native.library(dtype, net.T)
    except CompilerError as error:
        _warn(error)
        return net
    return FastNetwork(net)


def counter(net: ConvSNN, images: int, threads: int | None = None) -> CountingPass | None:
    """What counts the spikes of all layers of `net`, or None where the plain network is to.

    It is on a GPU; where neurons leak or subtract their threshold; where pooling averages; where
    `net` was changed (weights of another type, BatchNorm over several processes) or holds numbers
    that are not finite; where too few images are to pass to make up for compiling; and where this
    machine cannot compile, which a warning says.

    Args:
        net: The network, in evaluation mode. Its weights are kept as they are now.
        images: About how many images are going to pass.
        threads: How many of them; by default torch's.
    """
    if images * _multiplications(net) < _WORTH_COUNTING or not counting.takes(net):
        return None
    try:
        return CountingPass(net, threads)
    except CompilerError as error:
        _warn(error)
        return None


def _warn(error: CompilerError) -> None:
    warnings.warn(f"the network runs several times slower than it could: {error}", stacklevel=1)


def _takes(net: ConvSNN) -> bool:
    weight = next(net.parameters())
    norms = net.static_conv[1], net.conv[3]
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and net.config.in_channels <= native.MAX_IN_CHANNELS
        and all(type(norm) is nn.BatchNorm2d for norm in norms)
    )


def _multiplications(net: ConvSNN) -> int:
    """Those of an image in the forward pass, nearly all of them in two layers."""
    height, width = (side // 2 for side in net.config.image_size)
    convolution = 9 * net.config.channels**2 * height * width
    hidden = 16 * net.config.channels
    return net.T * (convolution + hidden * net.config.channels * (height // 2) * (width // 2))
