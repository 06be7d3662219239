"""One pass that counts the spikes of every layer: what `counting.cpp` computes, with tensors.

It is for evaluation alone. The encoder's neurons see a still image, so that their first-spike times
are all that is known of them; every later layer's spikes are a bit each.
"""

import ctypes
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.state import copy_network
from snnviz.compiling import compiled
from snnviz.scoring.classifier import Counted
from snnviz.tutorial.acceleration.counting_layout import (
    COUNTED,
    LANES,
    TILE,
    Network,
    Scratch,
    Totals,
    block_count,
    first_linear,
    kernels,
    padded,
    second_linear,
)
from snnviz.tutorial.acceleration.fast_network import affine
from snnviz.tutorial.network import ConvSNN

_SOURCE = Path(__file__).with_name("counting.cpp")
MOST_STEPS = 255  # so that first-spike times are bytes
# Weights of the first linear layer, of which a copy is made.
_MOST_WEIGHTS = 1 << 26
# Bytes of the spikes that go into that layer together, whose tables of sums are made each time.
_ROOM = 1 << 23
# Images that are encoded together.
_CHUNK = 128


@cache
def library() -> ctypes.CDLL:
    """The compiled pass, for any network and number of steps; half a second where it is not kept.

    Raises:
        CompilerError: It cannot be compiled here.
    """
    return compiled(_SOURCE)


class CountingPass:
    """What a network of hard-reset integrate-and-fire neurons and max pooling does, on a CPU.

    Sums of float32 are rounded in another order than the plain network's, so that a neuron whose
    potential comes to its threshold within a few units in the last place may fire a step earlier or
    later. The encoder's spikes are the same.

    Args:
        net: The network, of which `takes` is true. Its weights are copied.
        threads: How many of them; by default torch's.

    Attributes:
        batch: How many images it is best to count at once.
    """

    def __init__(self, net: ConvSNN, threads: int | None = None) -> None:
        self._library = library()
        self._threads = threads
        config = net.config
        layers: list[Any] = [*net.conv[2:4], *net.fc[1::2]]  # torch types them as any module
        convolution, norm, first, second = layers
        height, width = (side // 2 // 2 for side in config.image_size)
        with torch.no_grad():
            self._weights = (
                kernels(convolution.weight),
                *map(padded, affine(norm)),
                first_linear(first.weight, config.channels, height, width),
                second_linear(second.weight),
            )
        self._net = Network(
            net.T,
            config.channels,
            *config.image_size,
            len(first.weight),
            config.num_classes,
            config.v_threshold,
            config.v_reset or 0.0,
            *(weight.data_ptr() for weight in self._weights),
        )
        copied: Any = copy_network(nn.Sequential(net.static_conv, net.conv[0]))
        self._encoder = ChainEncoder.of(copied[0], copied[1], net.T)
        self._tiles = -(-(height * width * block_count(config.channels)) // TILE)
        # So many at a time make up for the tables.
        self.batch = max(1, min(1024, _ROOM // (2 * TILE * self._tiles * net.T)))

    def rates(self, images: Tensor) -> Tensor:
        """Firing rates of each class, float32 [N, num_classes], as of `net(images)`."""
        steps = self.count(images).steps
        rates: Tensor = steps.sum(0).float() / self._net.steps
        return rates

    def count(self, images: Tensor) -> Counted:
        """The spikes of each class and step, and how many there are in each layer.

        Args:
            images: Float tensor [N, in_channels, H, W] in [0, 1], best `batch` of them.

        Raises:
            ShapeError: The images have another shape or range.
        """
        return self.count_encoded(map(self.encode, images.split(_CHUNK)), len(images))

    def encode(self, images: Tensor) -> NDArray[np.uint8]:
        """First-spike times of the encoder's neurons, uint8 [N, channels, H, W], T where silent.

        Args:
            images: As for `count`.

        Raises:
            ShapeError: As `count`.
        """
        return np.require(self._encoder.encode(images).first_spike, np.uint8, "C")

    def count_encoded(self, encoded: Iterable[NDArray[np.uint8]], images: int) -> Counted:
        """What `count` says, of images that were encoded.

        Args:
            encoded: What `encode` gave of one image after the other, some at a time.
            images: How many all of them are.
        """
        net = self._net
        samples = images * net.steps
        inputs = torch.zeros(self._tiles * TILE * samples, dtype=torch.uint16)
        spikes = torch.empty(samples * block_count(net.hidden), dtype=torch.uint16)
        counts = torch.zeros(images, net.steps, net.classes, dtype=torch.int32)
        threads = self._threads or torch.get_num_threads()
        with ThreadPoolExecutor(threads) as pool:

            def share(run: "Callable[[int, int], Totals]", count: int) -> list[Totals]:
                ends = [count * part // threads for part in range(threads + 1)]
                some = [(begin, end) for begin, end in pairwise(ends) if begin < end]
                return list(pool.map(run, *zip(*some, strict=True)))

            totals, place = [], 0
            for first in encoded:
                totals += share(partial(self._maps, first, place, samples, inputs), len(first))
                place += len(first)
            hidden = partial(self._hidden, images, inputs, spikes)
            totals += share(hidden, block_count(net.hidden))
            totals += share(partial(self._outputs, images, inputs, spikes, counts), images)
        return self._counted(counts, totals)

    def _maps(
        self,
        first: NDArray[np.uint8],
        place: int,
        samples: int,
        inputs: Tensor,
        begin: int,
        end: int,
    ) -> Totals:
        """The second layer's maps of some of the images; `place` is that of the first of all."""
        net, totals = self._net, Totals()
        pixels = (net.height // 2) * (net.width // 2)
        lists = 2 * net.steps  # at most: to be added and to be subtracted
        scratch = (
            torch.empty(
                -(-net.steps // 8) * net.channels * net.height * net.width, dtype=torch.uint8
            ),
            torch.empty(pixels, dtype=torch.uint8),
            torch.empty(net.steps * 2 * block_count(net.channels) * pixels, dtype=torch.uint8),
            torch.empty(pixels * net.channels * lists, dtype=torch.int32),
            torch.empty((net.height // 2) * lists * (net.width // 2 + 1), dtype=torch.int32),
            torch.empty(pixels * net.steps * LANES),
        )
        self._library.count_maps(
            ctypes.byref(net),
            ctypes.c_void_p(first[begin:end].ctypes.data),
            *map(ctypes.c_int64, (end - begin, place + begin, samples)),
            _pointer(inputs),
            ctypes.byref(Scratch(*(part.data_ptr() for part in scratch))),
            ctypes.byref(totals),
        )
        return totals

    def _hidden(self, images: int, inputs: Tensor, spikes: Tensor, begin: int, end: int) -> Totals:
        """The first linear layer's neurons in some blocks."""
        totals = Totals()
        table = torch.empty(TILE * 64 * LANES)
        sums = torch.empty(images * self._net.steps * LANES)
        self._library.count_hidden(
            ctypes.byref(self._net),
            *map(ctypes.c_int64, (begin, end, images)),
            *map(_pointer, (inputs, spikes, table, sums)),
            ctypes.byref(totals),
        )
        return totals

    def _outputs(
        self, images: int, inputs: Tensor, spikes: Tensor, counts: Tensor, begin: int, end: int
    ) -> Totals:
        """The output neurons of some images."""
        totals = Totals()
        self._library.count_outputs(
            ctypes.byref(self._net),
            *map(ctypes.c_int64, (begin, end, images)),
            *map(_pointer, (inputs, spikes, counts)),
            ctypes.byref(totals),
        )
        return totals

    def _counted(self, counts: Tensor, totals: list[Totals]) -> Counted:
        net = self._net
        total = {name: sum(getattr(part, name) for part in totals) for name in COUNTED}
        return Counted(
            counts.permute(1, 0, 2),
            spikes={
                "conv.0": total["encoder"],
                "conv.4": total["maps"],
                "fc.2": total["hidden"],
                "fc.4": total["outputs"],
            },
            synops={
                "conv.2": total["meets"] * net.channels,
                "fc.1": total["pooled"] * net.hidden,
                "fc.3": total["hidden"] * net.classes,
            },
        )


def takes(net: ConvSNN) -> bool:
    """Whether a `CountingPass` can compute the network."""
    config = net.config
    values = [*net.parameters(), *net.buffers()]
    first: Any = net.fc[1]
    return (
        config.neuron == "if"
        and config.pooling == "max"
        and config.v_reset is not None
        and net.T <= MOST_STEPS
        and first.weight.numel() <= _MOST_WEIGHTS
        and all(value.device.type == "cpu" for value in values)
        and all(value.dtype == torch.float32 for value in net.parameters())
        and all(type(norm) is nn.BatchNorm2d for norm in (net.static_conv[1], net.conv[3]))
        and all(bool(value.isfinite().all()) for value in values)
    )


def _pointer(tensor: Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())
