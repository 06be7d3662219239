"""`snnviz curves`: accuracy and loss over the epochs of one or several trainings."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from snnviz.cli import Command, options
from snnviz.cli.output import note, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.tutorial.runs import TrainingCurves

# What config.json says of a run's images, and how a legend puts it.
_DATA = {
    "train_set": "{}",
    "test_set": "{}",
    "train_images": "{:,} training images",
    "test_images": "{:,} test images",
}

# What there may be, by their files' names.
_NAMES = ("train_acc", "val_acc", "test_acc", "loss")


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
@options.dpi_option
@click.option("--overwrite", is_flag=True, help="Write into a folder that is not empty.")
@options.quiet_option
def command(
    runs: tuple[Path, ...],
    out_dir: Path,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
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
    from snnviz.folders import check_folder, claim

    layout = figures_layout("a drawing of curves", "curves", _NAMES, ("loss",))
    check_folder(out_dir, layout, overwrite=overwrite)
    trainings = _trainings(runs)
    with settled(), claim(out_dir, layout, overwrite=overwrite) as claimed:
        content = render_figures(_figures(trainings, dpi), format)
        with claimed.replaced(content) as written:
            pass
    for path in () if quiet else written:
        say(path)


def _named(runs: tuple[Path, ...]) -> dict[str, Path]:
    """The runs by their folders' names, with as much of the path as tells them apart."""
    paths = {run.resolve(): run for run in runs}
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(paths):
            break
    return dict(zip(names, paths.values(), strict=True))


def _trainings(runs: tuple[Path, ...]) -> "dict[str, TrainingCurves]":
    """The trainings in `runs` by their names, with what their data are where these differ."""
    from snnviz.tutorial.runs import read_config, read_trainings

    found: dict[str, TrainingCurves] = {}
    for name, run in _named(runs).items():
        there = {name + each.name: each for each in read_trainings(run)}
        if len(there) > 1:
            begin = "; ".join(list(there)[:4]) + "; ..." * (len(there) > 4)
            note(f"{run} holds {len(there)} trainings, each drawn by itself: {begin}")
        found.update(there)
    configs = [read_config(each.folder) for each in found.values()]
    told = {name: len({str(config.get(name)) for config in configs}) > 1 for name in _DATA}
    data = [
        [_DATA[name].format(config[name]) for name in _DATA if told[name] and name in config]
        or ["other or unknown data"] * any(told.values())
        for config in configs
    ]
    return {
        name + (f" ({', '.join(dict.fromkeys(words))})" if words else ""): each
        for (name, each), words in zip(found.items(), data, strict=True)
    }


def _figures(trainings: "dict[str, TrainingCurves]", dpi: int) -> "dict[str, Figure]":
    """The figures that the events of these trainings suffice for, by their files' names."""
    from snnviz.figures import accuracy_figure, loss_figure

    runs = {name: each.curves for name, each in trainings.items()}
    units = {curve.unit for curves in runs.values() for curve in curves.values()}
    unit = " or ".join(sorted(units))
    # What other scripts call loss may be another: theirs say nothing of it.
    ours = all((each.folder / "args.txt").exists() for each in trainings.values())
    figures = {}
    chosen = {}
    for name, curves in runs.items():
        if "val_acc" in curves and "test_acc" in curves:
            held_out = curves["val_acc"]
            place = curves["test_acc"].place(int(held_out.epochs[held_out.best]))
            if place is not None:
                chosen[name] = place
    for tag, title in (
        ("train_acc", "Accuracy on the training images, while they were learned"),
        ("val_acc", "Accuracy on the held-out training images"),
        ("test_acc", "Accuracy on the test images"),
    ):
        points = {
            name: (curves[tag].epochs, curves[tag].values) if tag in curves else None
            for name, curves in runs.items()
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
    losses = {
        name: {
            tag.removesuffix("_loss"): (curve.epochs, curve.values)
            for tag, curve in curves.items()
            if tag.endswith("_loss")
        }
        for name, curves in runs.items()
    }
    if any(losses.values()):
        quantity = "mean squared error" if ours else "loss"
        figures["loss"] = loss_figure(losses, quantity=quantity, unit=unit, dpi=dpi)
    return figures
