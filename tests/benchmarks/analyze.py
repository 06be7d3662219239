"""What measuring costs beside encoding: each family's `update` against `Encoder.encode`.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.analyze [--images N] [--rounds N]
                                                              [--data-dir DIR]

All take turns batch by batch within each round, so that they meet the same load; medians count.
Encoding uses all of torch's threads, a family one, and BLAS as many as the variable says: one in
snnviz's commands.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from snnviz.data import fashion_mnist, garments, to_input
from snnviz.metrics import Activity, Classes, Information, Redundancy, cka
from snnviz.tutorial.encoder import load_encoder
from tests.benchmarks.machine import describe_machine

STEPS = (8, 64)
FAMILIES = {
    Activity: {},
    Information: {"classes": 10},
    Redundancy: {},
    Classes: {"classes": 10},
}
ENCODE = "encode"


def one_round(encoder, data, T, batch_size):
    """Milliseconds an image of each; every family sees all images."""
    shape = (encoder.channels, *data.images.shape[1:])
    families = [family(T, shape, **options) for family, options in FAMILIES.items()]
    spent = dict.fromkeys([ENCODE, *(type(family).__name__ for family in families)], 0.0)
    for start in range(0, len(data), batch_size):
        images = data.images[start : start + batch_size]
        labels = data.labels[start : start + batch_size]
        began = time.perf_counter()
        record = encoder.encode(to_input(images), T)
        spent[ENCODE] += time.perf_counter() - began
        for family in families:
            began = time.perf_counter()
            family.update(record, images, labels)
            spent[type(family).__name__] += time.perf_counter() - began
    return {name: 1000 * seconds / len(data) for name, seconds in spent.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000, help="how many images")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, help="Fashion-MNIST, instead of drawn garments")
    options = parser.parse_args()
    whole = fashion_mnist(options.data_dir) if options.data_dir else garments(options.images)
    data = whole.head(options.images)
    encoder = load_encoder()
    results = {}
    for T in STEPS:
        # The first round finds libraries and memory, for all of them.
        rounds = [
            one_round(encoder, data, T, options.batch_size) for _ in range(options.rounds + 1)
        ]
        results[T] = {
            name: statistics.median(each[name] for each in rounds[1:]) for name in rounds[0]
        }
    print(f"{len(data)} images of {data.name}, {encoder.channels} maps, batches of", end=" ")
    print(f"{options.batch_size}; ms an image (times encoding)\n")
    print("| what | " + " | ".join(f"T = {T}" for T in STEPS) + " |")
    print("|---|" + "---|" * len(STEPS))
    for name in results[STEPS[0]]:
        cells = [
            f"{times[name]:.3f} ({times[name] / times[ENCODE]:.2f})" for times in results.values()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")
    sample = encoder.encode(to_input(data.images[:500]), 8).count(7)
    began = time.perf_counter()
    value = cka(sample, sample)
    print(
        f"\nCKA of {len(sample)} images at T = 8: {time.perf_counter() - began:.1f} s ({value:g})"
    )
    print(f"\n{describe_machine('torch', 'numpy', 'scipy')}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
