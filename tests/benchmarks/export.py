"""Figure sets: this package against the tutorial's own drawing code.

Run `python -m tests.benchmarks.export`. Each round draws the same images both ways in turn, three
figures an image (the input, summed spikes at the first and at the last step), into real files. The
tutorial's side is its code with SpikingJelly's own function, its figures closed after use, so that
it is not slowed by those that it leaves open. Spikes are counted before the clock runs. The files
go into a folder of TMPDIR, and away at the end.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

import snnviz
from snnviz.data import to_input
from snnviz.export import FigureSetOptions, figure_set, write_figure_sets
from snnviz.export.templates import deflate
from tests.benchmarks.machine import describe_machine

T = 8
FORMATS = ("png", "svg", "pdf")
# SpikingJelly's function as the tutorial had it, in matplotlib's default size, and as it is today.
SIZES = {"6.4 x 4.8 in, as then": (6.4, 4.8), "12 x 8 in, today's default": (12.0, 8.0)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10, help="images a round and side")
    parser.add_argument("--data-dir", type=Path, help="real Fashion-MNIST, instead of garments")
    arguments = parser.parse_args()
    mpl.use("Agg")
    images, record = encode(arguments.images, arguments.data_dir)
    samples = list(images.samples(range(arguments.images)))
    print(f"{images.name}, {len(samples)} images of {record.shape[1:]}, T = {T}\n")
    print(
        "| format | packed by | tutorial's figures | tutorial, figures/s "
        "| snnviz, figures/s | ratio | tutorial, kB | snnviz, kB | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMATS:
            for row in rows(samples, record, form, arguments.rounds, Path(folder)):
                print("| " + " | ".join(row) + " |", flush=True)
        if arguments.data_dir is not None:
            whole_set(samples, record, arguments.data_dir, Path(folder))
    packages = describe_machine("torch", "matplotlib", "numpy", "spikingjelly")
    print(f"\n{packages}, {deflate.LIBRARY}")


def encode(count, data_dir):
    """The images, and their spikes in the bundled encoder."""
    if data_dir is None:
        images = snnviz.garments(count)
    else:
        images = snnviz.fashion_mnist(data_dir, "test", download=False).head(count)
    return images, snnviz.load_encoder().encode(to_input(images.images), T)


def rows(samples, record, form, rounds, folder):
    """The lines of the table for one format, one process; both sides of a ratio in each round."""
    libraries = {"zlib": None} if deflate._isal is None else {"isal": deflate._isal, "zlib": None}
    tutorial = {name: [] for name in SIZES}
    ours = {name: [] for name in libraries}
    for number in range(rounds + 1):
        for name, size in SIZES.items():
            tutorial[name].append(by_tutorial(samples, record, form, size, folder))
        for name, library in libraries.items():
            deflate._isal = library
            ours[name].append(by_snnviz(samples, record, form, folder))
        if number == 0:  # the first round finds fonts and fills caches, on both sides
            for results in (*tutorial.values(), *ours.values()):
                results.clear()
    deflate._isal = libraries.get("isal")
    for library, mine in ours.items():
        for size, theirs in tutorial.items():
            yield row(form, library, size, theirs, mine, 3 * len(samples))


def row(form, library, size, theirs, mine, figures):
    (their_seconds, their_bytes), (seconds, data) = (
        [statistics.median(part) for part in zip(*side, strict=True)] for side in (theirs, mine)
    )
    return [
        form.upper(),
        library,
        size,
        f"{figures / their_seconds:.1f}",
        f"{figures / seconds:.0f}",
        f"{their_seconds / seconds:.0f}",
        f"{their_bytes / figures / 1000:.1f}",
        f"{data / figures / 1000:.1f}",
        f"{data / their_bytes:.2f}",
    ]


def by_snnviz(samples, record, form, folder):
    """Seconds and bytes of all figures by this package."""
    options = FigureSetOptions(T, formats=(form,))
    written = 0
    start = time.perf_counter()
    for n, sample in enumerate(samples):
        for name, data in figure_set(sample, record[n : n + 1], options).items():
            with (folder / f"{n}_{name}").open("wb") as file:
                file.write(data)
            written += len(data)
    return time.perf_counter() - start, written


def by_tutorial(samples, record, form, size, folder):
    """Seconds and bytes of all figures by the tutorial's code."""
    from matplotlib import pyplot as plt

    counts = [record.count(t).astype(np.float32) for t in (0, T - 1)]
    paths = [
        [folder / f"tutorial_{n}_{name}.{form}" for name in ("x", "y0", "y7")]
        for n in range(len(samples))
    ]
    start = time.perf_counter()
    for n, sample in enumerate(samples):
        plt.figure(dpi=200)
        plt.imshow(sample.image / 255, cmap="gray")
        plt.title("Input image", fontsize=20)
        plt.xticks([])
        plt.yticks([])
        save_and_close(paths[n][0])
        for t, count, path in zip((0, T - 1), counts, paths[n][1:], strict=True):
            draw_feature_maps(count[n].copy(), t, size)
            save_and_close(path)
    seconds = time.perf_counter() - start
    return seconds, sum(path.stat().st_size for each in paths for path in each)


def whole_set(samples, record, data_dir, folder):
    """Print how fast two threads write the whole test set: all in all, and once they run.

    Nothing is deleted before all is done: ext4 takes longer to make files for minutes afterwards.
    """
    size = SIZES["6.4 x 4.8 in, as then"]
    images = snnviz.fashion_mnist(data_dir, "test", download=False)
    everything = list(images.samples(range(len(images))))
    print("\n| whole test set, two threads | seconds | figures/s | tutorial, figures/s | ratio |")
    print("|---|---|---|---|---|")
    for form in ("png", "svg"):
        theirs = [by_tutorial(samples, record, form, size, folder)[0]]
        seconds, sustained = by_two_threads(everything, form, folder / form)
        theirs.append(by_tutorial(samples, record, form, size, folder)[0])
        slow = 3 * len(samples) / statistics.mean(theirs)
        for name, took in (("from start to manifest", seconds), ("sustained", sustained)):
            rate = 3 * len(everything) / took
            print(
                f"| {3 * len(everything)} {form.upper()}, {name} | {took:.1f} | {rate:.0f} "
                f"| {slow:.1f} | {rate / slow:.0f} |",
                flush=True,
            )


def by_two_threads(samples, form, out):
    """Seconds for all samples: from start to manifest, and at the rate after a tenth."""
    times = []
    start = time.perf_counter()
    write_figure_sets(
        snnviz.load_encoder(),
        samples,
        out,
        FigureSetOptions(T, formats=(form,)),
        jobs=2,
        progress=lambda _phase, done, _total: times.append((done, time.perf_counter())),
    )
    seconds = time.perf_counter() - start
    done, since = next(each for each in times if each[0] >= len(samples) // 10)
    last, until = times[-1]
    return seconds, (until - since) / (last - done) * len(samples)


def draw_feature_maps(maps, t, size):
    from matplotlib import pyplot as plt
    from spikingjelly import visualizing

    for i in range(len(maps)):
        low, high = maps[i].min(), maps[i].max()
        if high > low:
            maps[i] = (maps[i] - low) / (high - low)
    visualizing.plot_2d_feature_map(maps, 8, 16, 1, None, figsize=size)
    plt.title(f"$\\sum_{{t}} S_{{t}}$ at $t = {t}$", fontsize=20)


def save_and_close(path):
    from matplotlib import pyplot as plt

    plt.savefig(path)
    plt.close()


if __name__ == "__main__":
    main()
