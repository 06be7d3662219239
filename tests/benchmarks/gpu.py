"""Training and evaluation on a GPU: SpikingJelly's example loops against snnviz's, and its kernels.

    python -m tests.benchmarks.gpu [--data-dir DIR] [--spikingjelly-0.14 DIR] [--only NAME ...]
    python -m tests.benchmarks.gpu --check [--steps T ...]
    python -m tests.benchmarks.gpu --train [--seeds SEED ...] [--only NAME ...] [--no-check]

First what only a GPU can show: each kernel against its PyTorch reference, other streams, far
memory, and iterations that wait for nothing; where one fails it ends there, with status 1. Then
images a second with the network of 128 channels, T = 4, batches of 128 images of Fashion-MNIST, the
tutorial's SGD; each side is a process of its own that runs a block of iterations when it is its
turn, and medians count. With --train the tutorial's 64 epochs instead, the fastest way first, and
the seconds until the test accuracy is 93.3 %.
"""

import argparse
import itertools
import statistics
import sys
import time
from pathlib import Path

import torch

from tests.benchmarks.gpu_sides import NAMES, OLDER, OURS, serve, settings, title
from tests.benchmarks.machine import describe_gpu, describe_machine
from tests.benchmarks.train import BATCH, Side

PUBLISHED = 0.933
# Seconds in which the loaders of the side before fill up again.
PAUSE = 0.5


def start(names: list[str], options: argparse.Namespace) -> dict[str, Side]:
    """The sides that run: a first block compiles, and fills the loaders."""
    sides = {}
    for name in names:
        side = Side(name, options.arguments, "tests.benchmarks.gpu", options.batch)
        try:
            for kind in (0, 1):
                side.run(kind, 1)
        except SystemExit:
            print(f"{title(name)} is left out; its error stands above\n")
            side.close()
        else:
            sides[name] = side
    return sides


def compare_speed(options: argparse.Namespace) -> None:
    """Print images a second of all sides, which take turns."""
    names = [name for name in options.only or NAMES if options.older or OLDER not in name]
    if not options.older:
        print(f"{title(OLDER)} is left out; name its unpacked package with --spikingjelly-0.14\n")
    sides = start(names, options)
    if not sides:
        sys.exit("no side runs")
    speeds: dict[str, list[list[float]]] = {name: [[], []] for name in sides}
    counts = options.iterations, options.evaluations
    for _, kind in itertools.product(range(options.rounds), (0, 1)):
        for name, side in sides.items():
            time.sleep(PAUSE)
            speeds[name][kind].append(side.run(kind, counts[kind]))
    for side in sides.values():
        side.close()
    print(f"{options.rounds} rounds of {counts[0]} and {counts[1]} iterations; images/s\n")
    first, *_ = speeds
    print(f"| | training | times {title(first)} | evaluation | times {title(first)} |")
    print("|---|---|---|---|---|")
    medians = {name: [statistics.median(each) for each in both] for name, both in speeds.items()}
    for name, both in medians.items():
        ratios = [one / base for one, base in zip(both, medians[first], strict=True)]
        cells = [f"{one:.0f} | {ratio:.1f}" for one, ratio in zip(both, ratios, strict=True)]
        print(f"| {title(name)} | {' | '.join(cells)} |")


def train_whole(options: argparse.Namespace) -> None:
    """The tutorial's training to its end, tests after each epoch included in the seconds."""
    from snnviz.data import fashion_mnist

    sets = [fashion_mnist(options.data_dir, split) for split in ("train", "test")]
    names = [name for name in OURS if name in (options.only or OURS)]
    best: dict[str, list[float]] = {name: [] for name in names}
    print("| training | seed | epochs | seconds | best test accuracy | seconds to 93.3 % |")
    print("|---|---|---|---|---|---|")
    for name, seed in itertools.product(names, options.seeds):
        seconds, accuracy, reached = train_once(options, name, seed, sets)
        best[name].append(accuracy)
        found = "not reached" if reached is None else f"{reached:.0f}"
        cells = f"{seed} | {options.epochs} | {seconds:.0f} | {accuracy:.4f} | {found}"
        print(f"| {title(name)} | {cells} |", flush=True)
    if len(options.seeds) > 1:
        print(
            "\n| training | mean of the best test accuracies | standard deviation |\n|---|---|---|"
        )
        for name, found in best.items():
            mean, spread = statistics.mean(found), statistics.stdev(found)
            print(f"| {title(name)} | {mean:.4f} | {spread:.4f} |")


def train_once(
    options: argparse.Namespace, name: str, seed: int, sets: list
) -> tuple[float, float, float | None]:
    """Seconds of a training, its best test accuracy, and the seconds to the tutorial's."""
    from snnviz.tutorial.training import TrainConfig, train

    config = TrainConfig(
        epochs=options.epochs,
        seed=seed,
        batch_size=options.batch,
        channels=options.channels,
        **settings(name, options.device),
    )
    seconds, best, reached = 0.0, 0.0, None
    for result in train(config, *sets):
        seconds += result.seconds
        best = result.max_test_acc
        if reached is None and best >= PUBLISHED:
            reached = seconds
    return seconds, best, reached


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options, and in `arguments` what they were."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="Fashion-MNIST")
    parser.add_argument(
        "--spikingjelly-0.14",
        dest="older",
        type=Path,
        metavar="DIR",
        help="the folder that holds the package `spikingjelly` of version 0.0.0.0.14",
    )
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="NAME", help=f"of {', '.join(NAMES)}"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=300, help="of training in a round")
    parser.add_argument("--evaluations", type=int, default=78, help="the same of evaluation")
    check = parser.add_mutually_exclusive_group()
    check.add_argument("--check", action="store_true", help="only check, and measure nothing")
    check.add_argument("--no-check", action="store_true", help="measure what was checked before")
    parser.add_argument("--steps", type=int, nargs="+", metavar="T", help="of the check's kernels")
    parser.add_argument("--train", action="store_true", help="train to the end")
    parser.add_argument("--epochs", type=int, default=64, help="of --train")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020], help="of --train")
    for name, default in (("--batch", BATCH), ("--channels", 128)):
        parser.add_argument(name, type=int, default=default, help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.arguments = arguments
    return options


def main(arguments: list[str]) -> None:
    options = parse(arguments)
    if options.side:
        serve(options)
        return
    if torch.device(options.device).type == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device here: these numbers need a GPU")
    if not options.no_check:
        check_all(options)
    if options.train:
        train_whole(options)
    elif not options.check:
        compare_speed(options)
    print(f"\n{describe_gpu(options.device)}; {describe_machine('torch', 'spikingjelly')}")


def check_all(options: argparse.Namespace) -> None:
    """End where the kernels cannot run here, or something is not as it should be."""
    from snnviz.errors import ConfigError
    from snnviz.tutorial.cuda import check_available
    from tests.benchmarks import gpu_check

    try:
        check_available(options.device)
    except ConfigError as error:
        sys.exit(str(error))
    steps = tuple(options.steps or gpu_check.STEPS)
    if not gpu_check.check(options.device, steps):
        sys.exit("not all is as it should be: see the lines marked (!)")


if __name__ == "__main__":
    main(sys.argv[1:])
