"""`snnviz curves`: accuracy and loss over the epochs of one or several trainings."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snnviz.cli import Command, options
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.figures.curves import Points
    from snnviz.tutorial.runs import Curve, TrainingCurves

# What config.json says of a run's images, and how a legend puts it.
_DATA = {
    "train_set": "{}",
    "test_set": "{}",
    "train_images": "{:,} training images",
    "test_images": "{:,} test images",
}

_TITLES = {
    "train_acc": "Accuracy on the training images, while they were learned",
    "val_acc": "Accuracy on the held-out training images",
    "test_acc": "Accuracy on the test images",
}
# What there may be, by their files' names.
_NAMES = ("train_acc", "val_acc", "test_acc", "accuracy", "loss")


@click.command("curves", cls=Command)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option(
    "--out-dir",
    type=click.Path(path_type=Path),
    default="curves",
    show_default=True,
    help="Folder for the figures.",
)
@click.option(
    "--format",
    type=click.Choice(["png", "svg", "pdf"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="File format. Repeatable.",
)
@click.option(
    "--name",
    multiple=True,
    help="What the legend calls a RUN instead of its folder. Repeatable, one for each RUN in turn.",
)
@click.option(
    "--together",
    is_flag=True,
    help="Accuracy on training, held-out and test images in one figure, accuracy.",
)
@click.option(
    "--mean",
    is_flag=True,
    help="One line for several runs, such as seeds: mean and standard deviation, as a band. It is "
    "of all of them, or of those with the same --name.",
)
@options.dpi_option
@options.overwrite_option
@options.quiet_option
def command(
    runs: tuple[Path, ...],
    out_dir: Path,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    name: tuple[str, ...],
    together: bool,
    mean: bool,
    dpi: int,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw accuracy and loss per epoch of training runs.

    Reads the TensorBoard events in each RUN, a run folder of snnviz train or of SpikingJelly's
    script, or a folder of such; several are laid over each other. Writes train_acc, test_acc (its
    highest value marked, or that of the epoch chosen on held-out images), val_acc where there are
    such, and loss.
    """
    from snnviz.export import figures_layout, render_figures, settled
    from snnviz.folders import check_folder, hold_folder

    if name and len(name) != len(runs):
        raise click.UsageError(
            f"{len(name)} --name for {len(runs)} runs; give one for each, in their order"
        )
    layout = figures_layout("a drawing of curves", "curves", _NAMES, ("loss",))
    check_folder(out_dir, layout, overwrite=overwrite)
    runs_drawn = _runs(_trainings(_named(runs, name)), names=bool(name), mean=mean)
    with settled(), hold_folder(out_dir, layout, overwrite=overwrite) as output:
        content = render_figures(_figures(runs_drawn, together=together, dpi=dpi), format)
        with output.replaced(content) as written:
            pass
    for path in () if quiet else written:
        say(path)


@dataclass(frozen=True, eq=False)
class _Run:
    """A line of the figures.

    Attributes:
        curves: Its curves by their tags.
        folders: The folders of the trainings that it is of.
    """

    curves: "dict[str, Curve]"
    folders: tuple[Path, ...]

    @property
    def is_mean(self) -> bool:
        """Whether it is of several trainings."""
        return len(self.folders) > 1


def _named(runs: tuple[Path, ...], names: tuple[str, ...]) -> list[tuple[str, Path]]:
    """The runs with their names: those given, or as much of the path as tells them apart."""
    if names:
        return list(zip(names, runs, strict=True))
    paths = {run.resolve(): run for run in runs}
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        found = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(found)) == len(paths):
            break
    return list(zip(found, paths.values(), strict=True))


def _trainings(named: list[tuple[str, Path]]) -> "list[tuple[str, TrainingCurves]]":
    """The trainings in the runs with their names."""
    from snnviz.tutorial.runs import read_trainings

    found: list[tuple[str, TrainingCurves]] = []
    for name, run in named:
        there = [(name + each.name, each) for each in read_trainings(run)]
        if len(there) > 1:
            begin = "; ".join(name for name, _ in there[:4]) + "; ..." * (len(there) > 4)
            note(f"{run} holds {len(there)} trainings, each drawn by itself: {begin}")
        found += there
    return found


def _runs(
    trainings: "list[tuple[str, TrainingCurves]]", *, names: bool, mean: bool
) -> dict[str, _Run]:
    """What is drawn, by what it is called: each training, or means of those with one name.

    Raises:
        UsageError: Two have one name, and no mean is asked for.
    """
    if mean:
        return _means(trainings, by_name=names)
    twice = [name for name, count in Counter(name for name, _ in trainings).items() if count > 1]
    if twice:
        raise click.UsageError(
            f"two runs are called {twice[0]!r}; give each a --name of its own, or ask for their "
            "--mean"
        )
    return _with_data({name: _Run(each.curves, (each.folder,)) for name, each in trainings})


def _means(trainings: "list[tuple[str, TrainingCurves]]", *, by_name: bool) -> dict[str, _Run]:
    """The mean of each group of trainings; of one alone its own curves."""
    from snnviz.tutorial.runs import mean_curves

    groups: dict[str, list[tuple[str, TrainingCurves]]] = {}
    for name, each in trainings:
        groups.setdefault(name if by_name else "", []).append((name, each))
    found = {}
    for name, members in groups.items():
        folders = tuple(each.folder for _, each in members)
        if len(members) == 1:
            note(f"{name or members[0][0]} is one run; its own curves are drawn, without a band")
            found[name or members[0][0]] = _Run(members[0][1].curves, folders)
            continue
        curves = {f"{each.folder}{each.name}": each.curves for _, each in members}
        called = f"mean of {len(members)} runs"
        found[f"{name} ({called})" if name else called] = _Run(mean_curves(curves), folders)
    return _with_data(found)


def _with_data(runs: dict[str, _Run]) -> dict[str, _Run]:
    """The runs, called also by what their data are where these differ."""
    from snnviz.tutorial.runs import read_config

    configs = {name: [read_config(folder) for folder in run.folders] for name, run in runs.items()}
    every = [config for several in configs.values() for config in several]
    told = [name for name in _DATA if len({str(config.get(name)) for config in every}) > 1]
    found = {}
    for name, run in runs.items():
        words = [
            _DATA[key].format(config[key])
            for config in configs[name]
            for key in told
            if key in config
        ] or ["other or unknown data"] * bool(told)
        found[name + (f" ({', '.join(dict.fromkeys(words))})" if words else "")] = run
    return found


def _figures(runs: dict[str, _Run], *, together: bool, dpi: int) -> "dict[str, Figure]":
    """The figures that the events of these runs suffice for, by their files' names."""
    from snnviz.figures import accuracies_figure, loss_figure

    unit = " or ".join(
        sorted({curve.unit for run in runs.values() for curve in run.curves.values()})
    )
    figures: dict[str, Figure] = {}
    if not together:
        figures = _accuracy_figures(runs, unit, dpi)
    elif any((accuracies := _by_set(runs, "_acc")).values()):
        figures["accuracy"] = accuracies_figure(accuracies, unit=unit, dpi=dpi)
    losses = _by_set(runs, "_loss")
    if any(losses.values()):
        # What other scripts call loss may be another: theirs say nothing of it.
        folders = [folder for run in runs.values() for folder in run.folders]
        ours = all((folder / "args.txt").exists() for folder in folders)
        quantity = "mean squared error" if ours else "loss"
        figures["loss"] = loss_figure(losses, quantity=quantity, unit=unit, dpi=dpi)
    return figures


def _accuracy_figures(runs: dict[str, _Run], unit: str, dpi: int) -> "dict[str, Figure]":
    """A figure a set of images, with the best epoch of each run marked."""
    from snnviz.figures import accuracy_figure

    figures = {}
    chosen = _chosen(runs)
    for tag, title in _TITLES.items():
        points = {
            name: _points(run.curves[tag]) if tag in run.curves else None
            for name, run in runs.items()
        }
        by_held_out = tag == "test_acc" and len(chosen) == len(runs)
        if any(points.values()):
            figures[tag] = accuracy_figure(
                points,
                title=title,
                marked=chosen if by_held_out else None,
                note="best on held-out images" if by_held_out else "highest",
                unit=unit,
                dpi=dpi,
            )
    return figures


def _chosen(runs: dict[str, _Run]) -> dict[str, int]:
    """For each run that has held-out images the place of the test accuracy they choose.

    Of a mean there is none: its runs have each another one.
    """
    chosen = {}
    for name, run in runs.items():
        if "val_acc" in run.curves and "test_acc" in run.curves and not run.is_mean:
            held_out = run.curves["val_acc"]
            place = run.curves["test_acc"].place(int(held_out.epochs[held_out.best]))
            if place is not None:
                chosen[name] = place
    return chosen


def _by_set(runs: dict[str, _Run], ending: str) -> "dict[str, dict[str, Points]]":
    """The curves whose tags end so, by run and set of images."""
    return {
        name: {
            tag.removesuffix(ending): _points(curve)
            for tag, curve in run.curves.items()
            if tag.endswith(ending)
        }
        for name, run in runs.items()
    }


def _points(curve: "Curve") -> "Points":
    if curve.spread is None:
        return curve.epochs, curve.values
    return curve.epochs, curve.values, curve.spread
