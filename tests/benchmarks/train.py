"""Training and evaluation on a CPU: SpikingJelly's example loops against snnviz's.

    python -m tests.benchmarks.train [--data-dir DIR] [--spikingjelly-0.12 DIR] [--rounds N]
    python -m tests.benchmarks.train --loss [--data-dir DIR]

The network of 128 channels, T = 4, batches of 128 images of Fashion-MNIST, the tutorial's SGD. Each
side is a process of its own with its own data loading, and runs a block of iterations when it is
its turn; medians count. With --loss the training loss of the first 300 iterations instead, in
float32 and in mixed precision.
"""

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F

from tests.benchmarks.machine import describe_machine

BATCH = 128
NEWER = "SpikingJelly 2.0's example"
OLDER = "SpikingJelly 0.0.0.0.12's example"
# How our sides train: mixed precision, fast.
OURS = {
    "snnviz, plain network, float32": (False, False),
    "snnviz, float32": (False, True),
    "snnviz, bfloat16": (True, True),
}

Block = Callable[[int], object]


def example_blocks(options: argparse.Namespace, *, older: bool) -> tuple[Block, Block]:
    """The example's network and loops in float32."""
    if older:
        sys.path.insert(0, str(options.older))
        from spikingjelly.clock_driven import functional
        from spikingjelly.clock_driven.examples.conv_fashion_mnist import PythonNet

        net = PythonNet(T=4)
    else:
        from spikingjelly.activation_based import functional
        from spikingjelly.activation_based.examples.conv_fashion_mnist import CSNN

        net = CSNN(T=4, channels=128)
    return loop_blocks(net, functional.reset_net, options.data_dir)


def loop_blocks(
    net: torch.nn.Module,
    reset: Callable[[torch.nn.Module], object],
    data_dir: Path,
    device: str = "cpu",
    *,
    amp: bool = False,
    batch: int = BATCH,
) -> tuple[Block, Block]:
    """The example's loops over that network: its data sets, loaders and logged values.

    The loaders' workers live on from epoch to epoch, which spares the example their start.
    """
    import torchvision

    net.to(device)
    kind = torch.device(device).type
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(kind, enabled=amp)

    def batches(train: bool) -> Iterator[list[torch.Tensor]]:
        data = torchvision.datasets.FashionMNIST(
            data_dir, train=train, transform=torchvision.transforms.ToTensor()
        )
        warnings.filterwarnings("ignore", "This DataLoader will create 4 worker")
        loader = torch.utils.data.DataLoader(
            data,
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=4,
            pin_memory=kind == "cuda",
            persistent_workers=True,
        )
        while True:
            yield from loader

    def step(batch: list[torch.Tensor], learn: bool) -> None:
        image, label = (values.to(device) for values in batch)
        target = F.one_hot(label, 10).float()
        with torch.autocast(kind, torch.float16, enabled=amp and learn):
            rate = net(image)
            loss = F.mse_loss(rate, target)
        if learn:
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        loss.item()
        (rate.argmax(1) == label).float().sum().item()
        reset(net)

    training, testing = batches(train=True), batches(train=False)

    def train(count: int) -> None:
        net.train()
        for _ in range(count):
            step(next(training), learn=True)

    @torch.no_grad()
    def test(count: int) -> None:
        net.eval()
        for _ in range(count):
            step(next(testing), learn=False)

    return train, test


def our_blocks(
    data_dir: Path, *, amp: bool, fast: bool = True, batch: int = BATCH, **settings: Any
) -> tuple[Block, Block]:
    """The package's own training and evaluation, as `snnviz.tutorial.training.train` runs them."""
    from snnviz.data import fashion_mnist
    from snnviz.device import cudnn_algorithms
    from snnviz.ranks import Ranks
    from snnviz.scoring.evaluation import evaluate_tensors, to_device
    from snnviz.tutorial import acceleration
    from snnviz.tutorial.training import TrainConfig
    from snnviz.tutorial.training.learner import Learner

    # What decides whether it pays; a block is no whole training.
    for name in ("_WORTHWHILE", "_WORTH_COUNTING"):
        mock.patch.object(acceleration, name, 0 if fast else float("inf")).start()
    config = TrainConfig(amp=amp, t_max=10**6, seed=0, batch_size=batch, **settings)
    device = torch.device(config.device)
    images, labels = to_device(fashion_mnist(data_dir, "train"), device)
    tested = to_device(fashion_mnist(data_dir, "test"), device)
    learner = Learner(config, (28, 28), Ranks(), len(images))
    generator = torch.Generator().manual_seed(0)

    @cudnn_algorithms(deterministic=False)
    def train(count: int) -> float:
        order = torch.randint(len(images), (count * batch,), generator=generator)
        return learner.learn(images, labels, order.to(device), None)[0]

    @cudnn_algorithms(deterministic=False)
    def test(count: int) -> None:
        whole, rest = divmod(count * batch, len(tested[0]))
        for size in [len(tested[0])] * whole + [rest] * (rest > 0):
            some = (values[:size] for values in tested)
            evaluate_tensors(learner.net, *some, batch_size=batch, model=learner.fused)

    return train, test


def serve(options: argparse.Namespace) -> None:
    """Be one side."""
    if options.side in OURS:
        amp, fast = OURS[options.side]
        blocks = our_blocks(options.data_dir, amp=amp, fast=fast)
    else:
        blocks = example_blocks(options, older=options.side == OLDER)
    answer(blocks)


def answer(blocks: tuple[Block, Block], untimed: int = 0) -> None:
    """Run the blocks that are asked for on stdin, and say how many seconds each took.

    Before the clock runs, each runs for `untimed` iterations.
    """
    for line in sys.stdin:
        kind, count = map(int, line.split())
        if untimed:
            blocks[kind](untimed)
        start = time.perf_counter()
        blocks[kind](count)
        print(time.perf_counter() - start, flush=True)


class Side:
    """A process that runs blocks."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        module: str = "tests.benchmarks.train",
        batch: int = BATCH,
    ) -> None:
        self.batch = batch
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, "--side", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, kind: int, count: int) -> float:
        """Images a second of a block: kind 0 trains, 1 evaluates."""
        print(kind, count, file=self.process.stdin, flush=True)
        seconds = self.process.stdout.readline()
        if not seconds:
            sys.exit("a side ended; its error stands above")
        return count * self.batch / float(seconds)

    def close(self) -> None:
        """End the process."""
        with self.process:
            self.process.stdin.close()


def measure(names: list[str], options: argparse.Namespace) -> dict[str, list[float]]:
    """Images a second of each side, training and evaluation: medians of the rounds."""
    sides = {name: Side(name, sys.argv[1:]) for name in names}
    speeds: dict[str, list[list[float]]] = {name: [[], []] for name in names}
    for number in range(-1, options.rounds):  # a first round compiles and fills the loaders
        for kind in (0, 1):
            for name, side in sides.items():
                time.sleep(0.5)  # the loaders of the side before fill up again
                speed = side.run(kind, options.iterations)
                if number >= 0:
                    speeds[name][kind].append(speed)
    for side in sides.values():
        side.close()
    return {name: [statistics.median(values) for values in both] for name, both in speeds.items()}


def compare_speed(options: argparse.Namespace) -> None:
    names = [NEWER, *OURS]
    if options.older:
        names.insert(1, OLDER)
    else:
        print(f"{OLDER} is left out; name its unpacked package with --spikingjelly-0.12\n")
    speeds = measure(names, options)
    print(f"{options.rounds} rounds of {options.iterations} iterations; images/s\n")
    baselines = [name for name in (NEWER, OLDER) if name in speeds]
    ratios = [f"times {name.partition(chr(39))[0]}" for name in baselines]
    for kind, title in enumerate(("training", "evaluation")):
        print(f"| {title} | images/s | " + " | ".join(ratios) + " |")
        print("|---|---|" + "---|" * len(ratios))
        for name in names:
            if kind == 1 and name in OURS and OURS[name][0]:
                continue  # evaluation is always float32
            cells = [f"{speeds[name][kind]:.0f}"]
            cells += [f"{speeds[name][kind] / speeds[other][kind]:.1f}" for other in baselines]
            print(f"| {name} | " + " | ".join(cells) + " |")
        print()


def compare_loss(options: argparse.Namespace, window: int = 20) -> None:
    """The same start and the same batches for both; curves are means over `window` iterations."""
    # The fast network in float32 stands for the plain network, which takes four times as long.
    exact, _ = our_blocks(options.data_dir, amp=False, fast=True)
    curves = [[exact(1) for _ in range(300)]]
    fast, _ = our_blocks(options.data_dir, amp=True, fast=True)
    curves.append([fast(1) for _ in range(300)])
    smooth = [np.convolve(curve, np.ones(window) / window, "valid") for curve in curves]
    difference = smooth[1] - smooth[0]
    print(f"mean training loss of {window} iterations, batches and start the same\n")
    print("| iterations | snnviz, float32 | snnviz, bfloat16 |\n|---|---|---|")
    for start in range(0, 300, 40):
        print(f"| {start}-{start + window - 1} | {smooth[0][start]:.4f} | {smooth[1][start]:.4f} |")
    print(
        f"\ndifference of the curves over 300 iterations: mean {difference.mean():+.4f}, "
        f"largest {np.abs(difference).max():.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="Fashion-MNIST")
    parser.add_argument(
        "--spikingjelly-0.12",
        dest="older",
        type=Path,
        metavar="DIR",
        help="the folder that holds the package `spikingjelly` of version 0.0.0.0.12",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=4, help="of a round")
    parser.add_argument("--loss", action="store_true", help="compare losses, not speed")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        serve(options)
    elif options.loss:
        compare_loss(options)
    else:
        compare_speed(options)
    if not options.side:
        print(describe_machine("torch", "spikingjelly"))


if __name__ == "__main__":
    main()
