"""Training and evaluation on a GPU: SpikingJelly's example loops against snnviz's, and its kernels.

    python -m tests.benchmarks.gpu [--data-dir DIR] [--spikingjelly-0.14 DIR] [--rounds N]
    python -m tests.benchmarks.gpu --check
    python -m tests.benchmarks.gpu --train [--data-dir DIR]

First each kernel against its PyTorch reference, on the GPU; where spikes differ it ends there, with
status 1. Then images a second with the network of 128 channels, T = 4, batches of 128 images of
Fashion-MNIST, the tutorial's SGD; each side is a process of its own that runs a block of iterations
when it is its turn, and medians count. With --train the tutorial's 64 epochs instead, and the
seconds until the test accuracy is 93.3 %.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch

from snnviz.errors import ConfigError
from snnviz.kernels import Neuron, check_available, functions, reference
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.train import NEWER, Block, Side, answer, loop_blocks, our_blocks

OLDER = "SpikingJelly 0.0.0.0.14's example, cupy"
OURS = {"snnviz": False, "snnviz, `-cupy`": True}
PUBLISHED = 0.933

NEURONS = (
    Neuron(),
    Neuron(v_threshold=0.7, v_reset=-0.3),
    Neuron(v_reset=None),
    Neuron(detach_reset=True),
    Neuron(v_reset=None, detach_reset=True),
)
# The name of each kernel, the shape of its drive, and whether it is the same at every step.
KERNELS = {
    "fire": ((3, 7, 130), False),
    "fire_still": ((3, 7, 130), True),
    "fire_and_pool": ((3, 6, 9, 11), False),
    "fire_still_and_pool": ((3, 6, 9, 11), True),
    "fire_rate": ((65, 10), False),
}
# How far a gradient may be off, in parts of the largest: rounding of sums over up to 64 steps.
TOLERANCES = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def drives(shape: tuple[int, ...], dtype: torch.dtype) -> Iterator[torch.Tensor]:
    """Random, constant, silent and saturated drive in one, channels first and last."""
    generator = torch.Generator().manual_seed(len(shape))
    drive = torch.randn(shape, generator=generator) * 0.8 + 0.2
    last = drive.transpose(0, -1)
    last[0], last[1], last[2], last[3] = 50.0, -50.0, 0.5, 1.0
    yield drive.to(dtype)
    if len(shape) >= 4:
        yield drive.to(dtype).movedim(-3, -1).contiguous().movedim(-1, -3)


def deviations(
    name: str, dtype: torch.dtype, steps: tuple[int, ...], device: str
) -> tuple[int, float]:
    """Spikes that differ from the reference, and how far gradients do, in parts of the largest."""
    shape, still = KERNELS[name]
    differing, deviation = 0, 0.0
    for T, neuron in itertools.product(steps, NEURONS):
        for drive in drives(shape if still else (T, *shape), dtype):
            results = []
            for place, module in ((device, functions), ("cpu", reference)):
                x = drive.to(place).detach().requires_grad_()
                compute: Callable[..., torch.Tensor] = getattr(module, name)
                found = compute(x, neuron, T) if still else compute(x, neuron)
                generator = torch.Generator().manual_seed(1)
                weight = torch.randn(found.shape, generator=generator).to(found)
                found.backward(weight)
                results.append((found.detach().cpu(), x.grad.float().cpu()))
            (spikes, gradient), (expected, wanted) = results
            differing += int((spikes != expected).sum())
            # NaN must not pass for small.
            off = (gradient - wanted).abs().max() / wanted.abs().max()
            deviation = max(deviation, float(off.nan_to_num(torch.inf)))
    return differing, deviation


def check_kernels(device: str, steps: tuple[int, ...] = (1, 2, 4, 7, 16, 64)) -> bool:
    """Prints how far the kernels are from the reference, and returns whether that is rounding."""
    print(f"T in {', '.join(map(str, steps))}; hard and soft reset, detached and not\n")
    print("| kernel | type | spikes that differ | largest deviation of a gradient |")
    print("|---|---|---|---|")
    passed = True
    for name, dtype in itertools.product(KERNELS, TOLERANCES):
        differing, deviation = deviations(name, dtype, steps, device)
        good = differing == 0 and deviation <= TOLERANCES[dtype]
        passed &= good
        kind = str(dtype).removeprefix("torch.")
        print(f"| {name} | {kind} | {differing} | {deviation:.1e}{'' if good else ' (!)'} |")
    print()
    return passed


def example_blocks(options: argparse.Namespace, *, older: bool, amp: bool) -> tuple[Block, Block]:
    """The example's multi-step network, and its loops on the GPU."""
    if older:
        sys.path.insert(0, str(options.older))
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.examples.conv_fashion_mnist import CSNN

    net = CSNN(T=4, channels=128, use_cupy=True) if older else CSNN(T=4, channels=128)
    return loop_blocks(net, functional.reset_net, options.data_dir, options.device, amp=amp)


def serve(options: argparse.Namespace) -> None:
    """Be one side."""
    amp = options.side.endswith(", amp")
    name = options.side.removesuffix(", amp")
    if name in OURS:
        cupy = OURS[name]
        settings = {"device": options.device, "cupy": cupy, "step_mode": "m" if cupy else "s"}
        answer(our_blocks(options.data_dir, amp=amp, **settings))
    else:
        answer(example_blocks(options, older=name == OLDER, amp=amp))


def start(names: list[str], options: argparse.Namespace) -> dict[str, Side]:
    """The sides that run: a first block compiles, and fills the loaders."""
    sides = {}
    for name in names:
        side = Side(name, sys.argv[1:], "tests.benchmarks.gpu")
        try:
            for kind in (0, 1):
                side.run(kind, options.iterations)
        except SystemExit:
            print(f"{name} is left out; its error stands above\n")
        else:
            sides[name] = side
    return sides


def compare_speed(options: argparse.Namespace) -> None:
    names = [NEWER, *([OLDER] if options.older else []), *OURS]
    if not options.older:
        print(f"{OLDER} is left out; name its unpacked package with --spikingjelly-0.14\n")
    names = [name + suffix for name in names for suffix in ("", ", amp")]
    sides = start(names, options)
    speeds: dict[str, list[list[float]]] = {name: [[], []] for name in sides}
    for _, kind in itertools.product(range(options.rounds), (0, 1)):
        for name, side in sides.items():
            speeds[name][kind].append(side.run(kind, options.iterations))
    for side in sides.values():
        side.process.stdin.close()
        side.process.wait()
    print(f"{options.rounds} rounds of {options.iterations} iterations; images/s\n")
    ratio = partial(_ratio, speeds, next(iter(speeds)))
    print("| | training | ratio | evaluation | ratio |\n|---|---|---|---|---|")
    for name in speeds:
        print(f"| {name.replace(', amp', ', `-amp`')} | {ratio(name, 0)} | {ratio(name, 1)} |")


def _ratio(speeds: dict[str, list[list[float]]], first: str, name: str, kind: int) -> str:
    speed, base = (statistics.median(speeds[each][kind]) for each in (name, first))
    return f"{speed:.0f} | {speed / base:.1f}"


def train_whole(options: argparse.Namespace) -> None:
    """The tutorial's training to its end, tests after each epoch included in the seconds."""
    from snnviz.data import fashion_mnist
    from snnviz.training import TrainConfig, train

    sets = [fashion_mnist(options.data_dir, split) for split in ("train", "test")]
    print("| training | epochs | seconds | best test accuracy | seconds to 93.3 % |")
    print("|---|---|---|---|---|")
    for (name, cupy), amp in itertools.product(OURS.items(), (False, True)):
        config = TrainConfig(
            epochs=options.epochs,
            amp=amp,
            cupy=cupy,
            step_mode="m" if cupy else "s",
            device=options.device,
        )
        seconds, best, reached = 0.0, 0.0, None
        for result in train(config, *sets):
            seconds += result.seconds
            best = result.max_test_acc
            if reached is None and best >= PUBLISHED:
                reached = seconds
        cells = f"{config.epochs} | {seconds:.0f} | {best:.4f}"
        found = "not reached" if reached is None else f"{reached:.0f}"
        print(f"| {name}{', `-amp`' if amp else ''} | {cells} | {found} |", flush=True)


def describe_gpu(device: str) -> str:
    """One line: the card, its driver and CUDA."""
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    result = subprocess.run(query, capture_output=True, text=True, check=False)
    driver = result.stdout.splitlines()[0] if result.stdout else "unknown"
    name = torch.cuda.get_device_name(device)
    return f"{name}, driver {driver}, CUDA {torch.version.cuda}"


def main() -> None:
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=50, help="of a round")
    parser.add_argument("--check", action="store_true", help="only check the kernels")
    parser.add_argument("--train", action="store_true", help="train to the end, after the check")
    parser.add_argument("--epochs", type=int, default=64, help="of --train")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        serve(options)
        return
    if torch.device(options.device).type == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device here: these numbers need a GPU")
    try:
        check_available(options.device)
    except ConfigError as error:
        sys.exit(str(error))
    if not check_kernels(options.device):
        sys.exit("a kernel is not its reference: see the lines marked (!)")
    if options.train:
        train_whole(options)
    elif not options.check:
        compare_speed(options)
    print(f"\n{describe_gpu(options.device)}; {describe_machine('torch', 'spikingjelly')}")


if __name__ == "__main__":
    main()
