"""What the contours and the readout cost beside encoding, and what they say of each baseline.

python -m tests.benchmarks.readout --data-dir DIR [--images N] [--rounds N] [--table]
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from snnviz.baselines import PIXEL_CODES
from snnviz.data import fashion_mnist
from snnviz.metrics import Contours, ProbeFit, ProbeScore, ReconstructionFit, ReconstructionScore
from snnviz.tutorial.baselines import untrained_encoder
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig
from tests.benchmarks.machine import describe_machine

BATCH = 100


def feed(accumulator, encode, data):
    for start in range(0, len(data), BATCH):
        indices = range(start, min(start + BATCH, len(data)))
        part = slice(indices.start, indices.stop)
        record = encode(torch.from_numpy(data.batch(indices)))
        accumulator.update(record, data.images[part], data.labels[part])
    return accumulator.result()


def cost(encoder, data, T, rounds):
    """Milliseconds an image of each way, median of the rounds; all on the same records."""
    batches = []
    for start in range(0, len(data), BATCH):
        part = slice(start, start + BATCH)
        images = torch.from_numpy(data.batch(range(start, min(start + BATCH, len(data)))))
        batches.append((images, encoder.encode(images, T), data.images[part], data.labels[part]))
    shape = batches[0][1].shape[1:]
    fit, probe = ReconstructionFit(T, shape), ProbeFit(T, shape)
    for _, *arguments in batches[:1]:
        fit.update(*arguments)
        probe.update(*arguments)
    rule, classifier = fit.result(), probe.result()
    ways = {
        "contours": lambda: Contours(T, shape),
        "reconstruction, fit": lambda: ReconstructionFit(T, shape),
        "reconstruction, score": lambda: ReconstructionScore(T, shape, rule),
        "probe, fit": lambda: ProbeFit(T, shape),
        "probe, score": lambda: ProbeScore(T, shape, classifier),
    }
    times = {name: [] for name in ("encode", *ways)}
    for _ in range(rounds):
        begin = time.perf_counter()
        for images, *_ in batches:
            encoder.encode(images, T)
        times["encode"].append(time.perf_counter() - begin)
        for name, new in ways.items():
            begin = time.perf_counter()
            accumulator = new()
            for _, *arguments in batches:
                accumulator.update(*arguments)
            times[name].append(time.perf_counter() - begin)
    return {name: 1000 * statistics.median(values) / len(data) for name, values in times.items()}


def table(train, test, T):
    """What the metrics say at the last step, a row an encoder or code."""
    seen = torch.from_numpy(train.batch(range(len(train))))
    encoder = load_encoder()
    rows = {"bundled": lambda images: encoder.encode(images, T)}
    for seed in (0, 1):
        fresh = untrained_encoder(NetworkConfig(), seed, seen)
        rows[f"untrained, seed {seed}"] = lambda images, fresh=fresh: fresh.encode(images, T)
    plain = untrained_encoder(NetworkConfig(), 0)
    rows["untrained, not calibrated"] = lambda images: plain.encode(images, T)
    for name, code in PIXEL_CODES.items():
        rows[name] = lambda images, code=code: code(images, T, 0)
    print("| encoder | t | summed r: edge | intensity | PSNR | SSIM | probe | shares |")
    print("|---|---|---|---|---|---|---|---|")
    for name, encode in rows.items():
        first = encode(seen[:1])
        size = first.T, first.shape[1:]
        # After the last step of latency coding every count is 1.
        t = T // 2 - 1 if name == "latency" else first.T - 1
        contours = feed(Contours(*size), encode, test)
        rule = feed(ReconstructionFit(*size), encode, train)
        read = feed(ReconstructionScore(*size, rule), encode, test)
        probe = feed(ProbeFit(*size, t=t), encode, train)
        hits = feed(ProbeScore(*size, probe), encode, test)
        shares = ", ".join(f"{k} {v:.2f}" for k, v in contours.shares(t).items() if v)
        print(
            f"| {name} | {t} | {contours.summed[t, 0]:.3f} | {contours.summed[t, 1]:.3f} "
            f"| {read.psnr[t]:.2f} | {read.ssim[t]:.3f} | {hits.accuracy:.3f} "
            f"({hits.interval[0]:.3f} to {hits.interval[1]:.3f}) | {shares} |"
        )
    for name, (_, psnr, ssim) in read.floors.items():
        print(f"| {name} | | | | {psnr:.2f} | {ssim:.3f} | {hits.chance:.3f} (chance) | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--table", action="store_true", help="print what the metrics say instead")
    options = parser.parse_args()
    test = fashion_mnist(options.data_dir).head(options.images)
    if options.table:
        train = fashion_mnist(options.data_dir, "train").head(options.images)
        table(train, test, options.steps)
    else:
        times = cost(load_encoder(), test, options.steps, options.rounds)
        print(f"{len(test)} images, T = {options.steps}; ms an image (times encoding)\n")
        for name, value in times.items():
            print(f"{name}: {value:.3f} ({value / times['encode']:.1f})")
    print(f"\n{describe_machine('numpy', 'scipy', 'torch')}")


if __name__ == "__main__":
    main()
