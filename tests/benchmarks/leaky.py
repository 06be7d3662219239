"""Leaky neurons behind a stem: the frameworks' own stepping against `Encoder.encode`.

    python -m tests.benchmarks.leaky [--images N] [--rounds N] [--maps K] [-T T] [--processor]

Three ways take turns within each round: the network's own steps; its stem once an image and the
neurons alone stepped, by the framework; and the package's. Medians count. The spikes are compared
before the clock runs. On a machine that does other things meanwhile, `--processor` has one thread
and the time of the processor.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sinabs.layers
import snntorch
import torch
from norse.torch.module.lif_box import LIFBoxCell
from norse.torch.module.sequential import SequentialState
from sinabs.activation import MembraneReset
from spikingjelly.activation_based import functional, neuron
from torch import Tensor, nn

import snnviz
from tests.benchmarks.machine import describe_machine

NETWORK, NEURONS, ENCODE = "the network's own steps", "stem once, neurons stepped", "snnviz: encode"


class Repeated(nn.Module):
    """sinabs' neurons take all steps in one call, [N, T, ...]."""

    def __init__(self, stem: nn.Module, node: nn.Module, T: int) -> None:
        super().__init__()
        self.stem, self.node, self.T = stem, node, T

    def forward(self, images: Tensor) -> Tensor:
        repeated = images.repeat_interleave(self.T, 0)
        return self.node(self.stem(repeated).unflatten(0, (-1, self.T)))


def by_step(call: Callable[..., Any], given: Tensor, T: int, *, state: bool) -> Tensor:
    """[T, N, ...], where a call makes one step and takes and returns a state if it has one."""
    kept, found = (None,), []
    for _ in range(T):
        out = call(given, *kept) if state else call(given)
        found.append((out[0] if state else out).bool())
        kept = out[1:] if state else kept
    return torch.stack(found)


def at_start(node: nn.Module) -> None:
    if isinstance(node, sinabs.layers.StatefulLayer):
        node.reset_states()
    elif isinstance(node, snntorch.Leaky):
        node.reset_mem()
    elif not isinstance(node, LIFBoxCell):
        functional.reset_net(node)


@torch.inference_mode()
def network_steps(net: nn.Module, stem: nn.Module, node: nn.Module, images: Tensor, T: int):
    del stem
    at_start(node)
    if isinstance(net, Repeated):
        return net(images).transpose(0, 1).numpy()
    return by_step(net, images, T, state=isinstance(node, LIFBoxCell)).numpy()


@torch.inference_mode()
def neuron_steps(net: nn.Module, stem: nn.Module, node: nn.Module, images: Tensor, T: int):
    at_start(node)
    drive = stem(images)
    if isinstance(net, Repeated):
        return node(drive.unsqueeze(1).repeat(1, T, 1, 1, 1)).transpose(0, 1).numpy()
    return by_step(node, drive, T, state=isinstance(node, LIFBoxCell)).numpy()


def cases(T: int, maps: int) -> dict[str, tuple[nn.Module, nn.Module, nn.Module]]:
    """Network, stem and neurons by name."""
    nodes = {
        "LIFNode (SpikingJelly)": neuron.LIFNode(),
        "ParametricLIFNode (SpikingJelly)": neuron.ParametricLIFNode(),
        "QIFNode (SpikingJelly)": neuron.QIFNode(),
        'Leaky "zero" (snnTorch)': snntorch.Leaky(0.9, reset_mechanism="zero", init_hidden=True),
        "LIFBoxCell (Norse)": LIFBoxCell(),
        "LIF, MembraneReset (sinabs)": sinabs.layers.LIF(10.0, reset_fn=MembraneReset()),
        "IAF, MembraneReset (sinabs)": sinabs.layers.IAF(reset_fn=MembraneReset()),
    }
    found = {}
    for name, node in nodes.items():
        torch.manual_seed(0)
        stem = nn.Sequential(nn.Conv2d(1, maps, 3, padding=1, bias=False), nn.BatchNorm2d(maps))
        stem[1].running_var.fill_(0.05)
        if isinstance(node, sinabs.layers.StatefulLayer):
            net: nn.Module = Repeated(stem, node, T)
        else:
            chain = SequentialState if isinstance(node, LIFBoxCell) else nn.Sequential
            net = chain(stem, node)
        found[name] = net.eval(), stem, node
    return found


def measure(
    case: tuple[nn.Module, nn.Module, nn.Module],
    images: Tensor,
    T: int,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[dict[str, float], float]:
    """Milliseconds an image of each way, and the mean firing rate; exits where spikes differ."""
    encoder = snnviz.split_encoder(case[0])
    ways = {
        NETWORK: lambda: network_steps(*case, images, T),
        NEURONS: lambda: neuron_steps(*case, images, T),
        ENCODE: lambda: encoder.encode(images, T),
    }
    expected, record = ways[NETWORK](), ways[ENCODE]()
    if not np.array_equal(record.steps(), expected) or not expected.any():
        sys.exit(f"the spikes of {type(case[2]).__name__} differ, or there are none")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = clock()
            way()
            times[name].append((clock() - start) / len(images))
    medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
    return medians, float(expected.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--maps", type=int, default=64)
    parser.add_argument("-T", type=int, default=32)
    parser.add_argument("--processor", action="store_true")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    if options.processor:
        torch.set_num_threads(1)
    images = torch.from_numpy(snnviz.garments(options.images).batch(range(options.images)))
    print(f"{options.images} images, {options.maps} maps, T = {options.T}; ms an image (ratio)\n")
    print(f"| neurons (rate) | {NETWORK} | {NEURONS} | {ENCODE} |\n|---|---|---|---|")
    for name, case in cases(options.T, options.maps).items():
        took, rate = measure(case, images, options.T, options.rounds, clock)
        cells = [f"{took[way]:.2f} ({took[way] / took[ENCODE]:.1f})" for way in (NETWORK, NEURONS)]
        print(f"| {name} ({rate:.2f}) | {' | '.join(cells)} | {took[ENCODE]:.2f} |", flush=True)
    print(f"\n{describe_machine('torch', 'spikingjelly', 'snntorch', 'norse', 'sinabs')}")


if __name__ == "__main__":
    main()
