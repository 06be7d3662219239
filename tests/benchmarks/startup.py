"""Start-up: `snnviz visualize --n-images 2` against `python -c "import torch"`.

    python -m tests.benchmarks.startup [--rounds N] [--data-dir DIR] [--ckpt FILE]

Both run as processes of their own and take turns; medians count.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.machine import describe_machine

TORCH = 'python -c "import torch"'


def seconds(command: list[str]) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {result.stderr.strip()[-500:]}")
    return time.perf_counter() - start


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Seconds of each command, median of the rounds; a first round warms the disk's cache."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            took = seconds(command)
            if number > 0:
                times[name].append(took)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", help="Fashion-MNIST, instead of drawn garments")
    parser.add_argument("--ckpt", help="a checkpoint, instead of the bundled encoder")
    options = parser.parse_args()
    arguments = ["--n-images", "2", "--overwrite"]
    if options.data_dir:
        arguments += ["--data-dir", options.data_dir]
    else:
        arguments += ["--dataset", "garments"]
    if options.ckpt:
        arguments += ["--ckpt", options.ckpt]
    command = f"snnviz visualize {' '.join(arguments)}"
    with tempfile.TemporaryDirectory() as folder:
        times = measure(
            {
                TORCH: [sys.executable, "-c", "import torch"],
                command: [
                    *(sys.executable, "-m", "snnviz", "visualize"),
                    *arguments,
                    *("--out-dir", folder),
                ],
            },
            options.rounds,
        )
    print("| command | seconds |\n|---|---|")
    for name, took in times.items():
        print(f"| `{name}` | {took:.2f} |")
    print(f"| difference | {times[command] - times[TORCH]:.2f} |")
    print(f"\n{describe_machine('torch', 'spikingjelly')}")


if __name__ == "__main__":
    main()
