"""Spike counts: the tutorial's loop against `Encoder.encode`.

    python -m tests.benchmarks.encode [--images N] [--rounds N] [--data-dir DIR]

The ways take turns within each round, so that all of them meet the same load; medians count. What
the package compiles, once a machine, it has compiled before the clock runs.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.encoder import Encoder
from snnviz.data import fashion_mnist, garments
from snnviz.neurons import fused
from snnviz.tutorial.encoder import load_encoder
from tests.benchmarks.machine import describe_machine

STEPS = (8, 64)
# So many images go the way that many go.
CHECKED = 96
LOOP = "the tutorial's loop"
BATCHED = "convolution once, batched loop"
ENCODE = "snnviz: encode and count"

Counts = tuple[np.ndarray, np.ndarray]  # at t = 0 and at t = T - 1


@torch.no_grad()
def tutorial_loop(encoder: Encoder, images: torch.Tensor, T: int) -> Counts:
    """Image by image, all layers at every step, as the tutorial does; with the reset it forgets."""
    net = nn.Sequential(encoder.prefix, neuron.IFNode()).eval()
    kept = []
    for image in images.split(1):
        functional.reset_net(net)
        out_spikes = 0
        for t in range(T):
            out_spikes += net(image).squeeze()
            if t in (0, T - 1):
                kept.append(out_spikes.clone())
    return torch.stack(kept[::2]).numpy(), torch.stack(kept[1::2]).numpy()


@torch.no_grad()
def batched_loop(encoder: Encoder, images: torch.Tensor, T: int) -> Counts:
    """The drive once an image, and 16 images stepped together."""
    node = neuron.IFNode()
    first, last = [], []
    for batch in images.split(16):
        functional.reset_net(node)
        drive = encoder.prefix(batch)
        out_spikes = node(drive)
        first.append(out_spikes.clone())
        for _ in range(1, T):
            out_spikes += node(drive)
        last.append(out_spikes)
    return torch.cat(first).numpy(), torch.cat(last).numpy()


def encode(encoder: Encoder, images: torch.Tensor, T: int) -> Counts:
    """The package's way."""
    record = encoder.encode(images, T)
    return record.count(0), record.count(T - 1)


WAYS = {LOOP: tutorial_loop, BATCHED: batched_loop, ENCODE: encode}


def check_equal(encoder: Encoder, images: torch.Tensor, T: int) -> None:
    """Exit where the ways do not count the same spikes, which must differ from map to map."""
    fused.library()
    expected = tutorial_loop(encoder, images, T)
    for name, way in WAYS.items():
        for t, ours, theirs in zip((0, T - 1), way(encoder, images, T), expected, strict=True):
            if not np.array_equal(ours, theirs):
                sys.exit(f"{name}: {(ours != theirs).sum()} counts differ at t = {t}, T = {T}")
    if len(np.unique(expected[1])) < 4:
        sys.exit(f"the counts at T = {T} take fewer than 4 values; there is nothing to compare")


def measure(
    encoder: Encoder, images: torch.Tensor, T: int, rounds: int, names: Iterable[str] = WAYS
) -> dict[str, float]:
    """Milliseconds an image of each way, or of those with these names; median of the rounds."""
    # The loop takes its time for each image anew, so a few of them are enough.
    few = images[: max(1, len(images) // 8)]
    samples = {LOOP: few, BATCHED: images, ENCODE: images}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, taken in times.items():
            time.sleep(0.1)  # until the threads of the way before no longer wait for work
            spent = _seconds(WAYS[name], encoder, samples[name], T)
            taken.append(spent / len(samples[name]))
    return {name: 1000 * statistics.median(values) for name, values in times.items()}


def _seconds(way: Callable[..., Counts], encoder: Encoder, images: torch.Tensor, T: int) -> float:
    start = time.perf_counter()
    way(encoder, images, T)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=256, help="how many images")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, help="Fashion-MNIST, instead of drawn garments")
    options = parser.parse_args()
    data = fashion_mnist(options.data_dir) if options.data_dir else garments(options.images)
    images = torch.from_numpy(data.batch(range(options.images)))
    encoder = load_encoder()

    for T in STEPS:
        check_equal(encoder, images[:CHECKED], T)
    results = {T: measure(encoder, images, T, options.rounds) for T in STEPS}
    print(f"{len(images)} images of {data.name}, {encoder.channels} maps; ms an image (ratio)\n")
    print("| way | " + " | ".join(f"T = {T}" for T in STEPS) + " |")
    print("|---|" + "---|" * len(STEPS))
    for name in WAYS:
        cells = [
            f"{times[name]:.3f} ({times[LOOP] / times[name]:.1f})" for times in results.values()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\n{describe_machine('torch', 'spikingjelly')}")


if __name__ == "__main__":
    main()
