"""Whole commands as users type them, against an older build and what others offer.

    python -m tests.benchmarks.commands --data-dir DIR --ckpt WHOLE --baseline PYTHON
        [--spikingjelly-0.12 DIR] [--only ROW ...] [--rounds N]

WHOLE is a checkpoint that holds a whole network, PYTHON the interpreter of an environment that
holds the older build. Every command is a process of its own, from its start to its end. Both sides
of a ratio take turns within each round; medians count. Seconds of the processor are those of all
its processes and threads; memory is the peak of the largest process.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.machine import describe_machine

IMAGES = 2100
FORMATS = ("png", "svg", "pdf")
# (longest side, the photo's width and height); the older build can't hold the largest.
PHOTO = (4000, 2667)
SMALL_PHOTO = (900, 600)


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds on the clock and of the processor, and its peak in MB."""

    wall: float
    processor: float
    peak: float


@dataclass(frozen=True)
class Row:
    """A line of the table: what was done, this build's side, the other side, and the goal."""

    what: str
    ours: str
    theirs: str
    ratio: str
    goal: str


def spent(command: list[str]) -> Spent:
    """What a command that must succeed took."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed: {said.read().decode().strip()[-500:]}")
    wall = time.perf_counter() - start
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turns(sides: dict[str, Callable[[], Spent]], rounds: int) -> dict[str, Spent]:
    """What each side took, medians; one side after the other in each round."""
    times: dict[str, list[Spent]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            times[name].append(side())
    return {name: median(each) for name, each in times.items()}


def median(times: list[Spent]) -> Spent:
    """Medians of each number."""
    walls, processors, peaks = zip(*((x.wall, x.processor, x.peak) for x in times), strict=True)
    return Spent(statistics.median(walls), statistics.median(processors), statistics.median(peaks))


class Bench:
    """The commands of both builds, into folders that last as long as this."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.numbers = count()
        self.data = ["--data-dir", str(options.data_dir)]
        self.whole = ["--ckpt", str(options.ckpt)]

    def new(self, suffix: str = "") -> Path:
        """A path that nothing has."""
        return self.folder / f"{next(self.numbers)}{suffix}"

    def ours(self, *arguments: str) -> Spent:
        """What a command of this build took."""
        return spent([sys.executable, "-m", "snnviz", *arguments])

    def older(self, *arguments: str) -> Spent:
        """What the same command of the older build took."""
        # Not from here, where `snnviz` is this build.
        return spent(
            ["env", "-C", str(self.folder), self.options.baseline, "-m", "snnviz", *arguments]
        )


def visualize(bench: Bench) -> Iterator[Row]:
    """Figure sets of many images with predictions, against the tutorial's drawing code."""
    from tests.benchmarks import export

    images, record = export.encode(10, bench.options.data_dir)
    samples = list(images.samples(range(10)))
    figures = 3 * IMAGES
    for form in FORMATS:
        for jobs, goal in (("1", 90), ("2", 140)):
            options = ["-T", "8", "--n-images", str(IMAGES), "--format", form, "-j", jobs]

            def command(run: Callable[..., Spent], options: list[str] = options) -> Spent:
                out = ["--out-dir", str(bench.new())]
                return run("visualize", *bench.whole, *bench.data, *options, *out, "-q")

            def tutorial(form: str = form) -> Spent:
                path = bench.new()
                path.mkdir()
                seconds, _ = export.by_tutorial(samples, record, form, (6.4, 4.8), path)
                return Spent(seconds, math.nan, math.nan)

            sides = {"tutorial": tutorial, "ours": lambda run=command: run(bench.ours)}
            if form == "png":
                sides["older"] = lambda run=command: run(bench.older)
            tutorial()  # finds fonts
            took = in_turns(sides, bench.options.rounds)
            slow = 3 * len(samples) / took["tutorial"].wall
            for name in ("ours", "older"):
                if name in took:
                    fast = figures / took[name].wall
                    yield Row(
                        f"`visualize`, {figures} {form.upper()}, `-j {jobs}`"
                        + (", older build" if name == "older" else ""),
                        f"{fast:.0f} figures/s",
                        f"tutorial's code {slow:.1f}",
                        f"{fast / slow:.0f}",
                        f"{goal}" if name == "ours" else "",
                    )


def evaluate(bench: Bench) -> Iterator[Row]:
    """All numbers of 10,000 images."""
    found = {"ours": bench.new(".json"), "older": bench.new(".json")}

    def command(name: str) -> Spent:
        run = {"ours": bench.ours, "older": bench.older}[name]
        out = ["--json", str(found[name]), "--overwrite", "-q"]
        return run("evaluate", *bench.whole, *bench.data, "-T", "4", *out)

    sides = {name: (lambda name=name: command(name)) for name in found}
    took = in_turns(sides, bench.options.rounds)
    same = compare(*(json.loads(found[name].read_text()) for name in found), digits=6)
    yield from both("`evaluate -T 4`, 10,000 images", took, 8, same)


def analyze(bench: Bench) -> Iterator[Row]:
    """Scores with the command's defaults, and of all test images."""
    found: dict[str, Path] = {}

    def command(name: str, *more: str) -> Spent:
        run = {"ours": bench.ours, "older": bench.older}[name]
        found[name] = bench.new()
        out = ["--out-dir", str(found[name]), "-q"]
        return run("analyze", "-T", "8", *bench.data, *more, *out)

    sides = {name: (lambda name=name: command(name)) for name in ("ours", "older")}
    took = in_turns(sides, bench.options.rounds)
    same = compare(*(scores(found[name]) for name in ("ours", "older")), digits=4)
    yield from both("`analyze -T 8`", took, 5, same)
    everything = command("ours", "--n-images", "all")
    yield Row(
        "`analyze -T 8 --n-images all`",
        f"{everything.wall:.0f} s, {everything.peak:.0f} MB",
        "",
        "",
        "60 s, 1000 MB",
    )


def families(bench: Bench) -> Iterator[Row]:
    """What commands beside `analyze` measure of 2,000 images, and all of them beside it."""
    given = ["-T", "8", "--n-images", "2000", *bench.data, "-q"]

    def command(name: str) -> Spent:
        where = "--out-dir" if name == "analyze" else "--json"
        return bench.ours(name, *given, where, str(bench.new()))

    names = ("robustness", "energy", "attribution", "timing")
    took = in_turns(
        {name: (lambda name=name: command(name)) for name in ("analyze", *names)},
        bench.options.rounds,
    )
    whole = took["analyze"]
    for name in took:
        each = took[name]
        ours = f"{each.wall:.1f} s, {each.processor:.1f} of the processor, {each.peak:.0f} MB"
        yield Row(f"`{name} -T 8 --n-images 2000`", ours, "", "", "1000 MB")
    for which, goal in (("wall", ""), ("processor", "2")):
        ours = sum(getattr(took[name], which) for name in names)
        theirs = getattr(whole, which)
        where = "on the clock" if which == "wall" else "of the processor"
        yield Row(
            f"the four of them, {where}",
            f"{ours:.1f} s",
            f"`analyze` {theirs:.1f} s",
            f"{ours / theirs:.2f}",
            goal,
        )


def scores(folder: Path) -> dict[str, object]:
    """What an analysis found of each encoding."""
    return json.loads((folder / "analysis.json").read_text())["encoders"]


def encode(bench: Bench) -> Iterator[Row]:
    """Spike counts of a batch, against the tutorial's loop."""
    import torch

    from snnviz.data import fashion_mnist
    from snnviz.tutorial.encoder import load_encoder
    from tests.benchmarks import encode as counts

    data = fashion_mnist(bench.options.data_dir)
    images = torch.from_numpy(data.batch(range(128)))  # as an analysis takes together
    encoder = load_encoder()
    for T, goal in ((8, 60), (64, 300)):
        counts.check_equal(encoder, images[: counts.CHECKED], T)
        # The third way would have the system take back, and zero again, the memory that ours fills.
        ways = (counts.LOOP, counts.ENCODE)
        took = counts.measure(encoder, images, T, max(5, bench.options.rounds), ways)
        ours, theirs = took[counts.ENCODE], took[counts.LOOP]
        yield Row(
            f"`encode`, T = {T}",
            f"{ours:.3f} ms an image",
            f"tutorial's loop {theirs:.2f}",
            f"{theirs / ours:.0f}",
            f"{goal}",
        )


def leaky(bench: Bench) -> Iterator[Row]:
    """Leaky neurons behind a stem of 64 maps, against their frameworks' own steps of the drive."""
    import torch

    from snnviz.data import fashion_mnist
    from tests.benchmarks import leaky as neurons

    images = torch.from_numpy(fashion_mnist(bench.options.data_dir).batch(range(64)))
    for name, case in neurons.cases(32, 64).items():
        took, _ = neurons.measure(case, images, 32, max(3, bench.options.rounds))
        ours, theirs = took[neurons.ENCODE], took[neurons.NEURONS]
        yield Row(
            f"record {name}, T = 32",
            f"{ours:.2f} ms an image",
            f"its neurons stepped {theirs:.1f}",
            f"{theirs / ours:.0f}",
            "10",
        )


def photo(bench: Bench) -> Iterator[Row]:
    """A large picture."""
    large, small = bench.new(".png"), bench.new(".png")
    for path, size in ((large, PHOTO), (small, SMALL_PHOTO)):
        drawn_photo(*size).save(path)

    def command(run: Callable[..., Spent], path: Path, *more: str) -> Spent:
        out = ["--out-dir", str(bench.new()), "-q"]
        return run("visualize", "--image", str(path), *more, *out)

    cases = (
        (f"{PHOTO[0]} x {PHOTO[1]}, default side", large, (), "500 MB"),
        (f"{SMALL_PHOTO[0]} x {SMALL_PHOTO[1]}", small, ("--max-side", "900"), "3 times, 1000 MB"),
    )
    for what, path, more, goal in cases:
        sides = {
            "ours": lambda path=path, more=more: command(bench.ours, path, *more),
            "older": lambda path=path, more=more: command(bench.older, path, *more),
        }
        took = in_turns(sides, bench.options.rounds)
        ours, older = took["ours"], took["older"]
        yield Row(
            f"`visualize --image`, {what}",
            f"{ours.wall:.1f} s, {ours.peak:.0f} MB",
            f"{older.wall:.1f} s, {older.peak:.0f} MB",
            f"{older.wall / ours.wall:.1f}; memory {older.peak / ours.peak:.1f}",
            goal,
        )
    whole = command(bench.ours, large, "--max-side", str(PHOTO[0]))
    yield Row(
        f"`visualize --image`, {PHOTO[0]} x {PHOTO[1]}, `--max-side {PHOTO[0]}`",
        f"{whole.wall:.1f} s, {whole.peak:.0f} MB",
        "",
        "",
        "1000 MB",
    )


def drawn_photo(width: int, height: int) -> Image.Image:
    """A picture with edges, slopes and noise, RGB."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rings = np.sin(np.hypot(x - width / 2, y - height / 2) / 25)
    noise = np.random.default_rng(0).normal(0, 12, (height, width)).astype(np.float32)
    planes = [128 + 80 * rings + noise, 255 * x / width + noise, 255 * y / height + noise]
    return Image.fromarray(np.stack(planes, 2).clip(0, 255).astype(np.uint8))


def start(bench: Bench) -> Iterator[Row]:
    """Two images, beside the import of torch alone."""

    def command(run: Callable[..., Spent]) -> Spent:
        return run("visualize", "--n-images", "2", *bench.data, "--out-dir", str(bench.new()), "-q")

    sides = {
        "torch": lambda: spent([sys.executable, "-c", "import torch"]),
        "ours": lambda: command(bench.ours),
        "older": lambda: command(bench.older),
    }
    in_turns(sides, 1)
    took = in_turns(sides, max(9, bench.options.rounds))
    ours, older = (took[name].wall - took["torch"].wall for name in ("ours", "older"))
    yield Row(
        f"`visualize --n-images 2`, past `import torch` ({took['torch'].wall:.2f} s)",
        f"{ours:.2f} s",
        f"{older:.2f} s",
        f"{older / ours:.1f}",
        "0.3 s",
    )


def train(bench: Bench) -> Iterator[Row]:
    """Training in mixed precision, against the examples; and an epoch of the command."""
    from tests.benchmarks import train as sides

    arguments = argparse.Namespace(
        **vars(bench.options), older=bench.options.spikingjelly, iterations=8
    )
    examples = {sides.NEWER: 20}
    if arguments.older:
        examples[sides.OLDER] = 10
    sys.argv = [sys.argv[0], "--data-dir", str(arguments.data_dir)]
    if arguments.older:
        sys.argv += ["--spikingjelly-0.12", str(arguments.older)]
    speeds = sides.measure([*examples, "snnviz, bfloat16"], arguments)
    ours = speeds["snnviz, bfloat16"][0]
    for name, goal in examples.items():
        theirs = speeds[name][0]
        yield Row(
            "training, `-amp`, T = 4, batch 128",
            f"{ours:.0f} images/s",
            f"{name} {theirs:.0f}",
            f"{ours / theirs:.1f}",
            f"{goal}",
        )
    out = ["--out-dir", str(bench.new()), "-q"]
    epoch = bench.ours("train", "-T", "4", "-b", "128", "-epochs", "1", "-amp", *bench.data, *out)
    yield Row(
        "`train -amp -epochs 1`, test included",
        f"{epoch.wall:.0f} s",
        "",
        "",
        "70 s (64 epochs in 75 minutes)",
    )


def both(what: str, took: dict[str, Spent], goal: float, same: str) -> Iterator[Row]:
    """The two rows of a command of two builds: on the clock, and of the processor."""
    ours, older = took["ours"], took["older"]
    for name in ("wall", "processor"):
        mine, theirs = getattr(ours, name), getattr(older, name)
        peaks = f"; {ours.peak:.0f} MB, was {older.peak:.0f}" if name == "wall" else f"; {same}"
        yield Row(
            f"{what}, {'on the clock' if name == 'wall' else 'of the processor'}{peaks}",
            f"{mine:.1f} s",
            f"{theirs:.1f} s",
            f"{theirs / mine:.1f}",
            f"{goal}",
        )


def compare(ours: object, older: object, digits: int) -> str:
    """How many numbers of two results are the same to so many digits, in words."""
    mine, theirs = dict(numbers(ours)), dict(numbers(older))
    common = mine.keys() & theirs.keys()
    unlike = [path for path in sorted(common) if not close(mine[path], theirs[path], digits)]
    for path in unlike[:5]:
        print(f"{path}: {mine[path]!r}, was {theirs[path]!r}", file=sys.stderr)
    return f"{len(common) - len(unlike)} of {len(common)} numbers as before"


def close(one: float, other: float, digits: int) -> bool:
    """Whether two numbers are the same to so many digits behind the point, or of themselves."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=10**-digits, abs_tol=10**-digits)


def numbers(tree: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Each number of a JSON tree, by its path."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from numbers(value, f"{path}.{name}")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from numbers(value, f"{path}[{number}]")
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield path, tree


ROWS = {
    each.__name__: each
    for each in (visualize, evaluate, analyze, families, encode, leaky, train, photo, start)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="Fashion-MNIST")
    parser.add_argument("--ckpt", type=Path, required=True, help="with a whole network, T = 4")
    parser.add_argument("--baseline", required=True, help="the older build's Python")
    parser.add_argument(
        "--spikingjelly-0.12",
        dest="spikingjelly",
        type=Path,
        metavar="DIR",
        help="the folder that holds the package `spikingjelly` of version 0.0.0.0.12",
    )
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name in ("data_dir", "ckpt"):
        setattr(options, name, getattr(options, name).resolve())
    print("| command | now | other side | ratio | goal |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        for name in options.only:
            for row in ROWS[name](bench):
                cells = (row.what, row.ours, row.theirs, row.ratio, row.goal)
                print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\n{describe_machine('torch', 'matplotlib', 'numpy', 'spikingjelly')}")


if __name__ == "__main__":
    main()
