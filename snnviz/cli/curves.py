"""`snnviz curves`: accuracy and loss over the epochs of one or several trainings."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from snnviz.cli import options
from snnviz.cli.output import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.runs import Curve


@click.command("curves")
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
    script; several are laid over each other. Writes train_acc, test_acc (its highest value marked,
    or that of the epoch chosen on held-out images), val_acc where there are such, and loss.
    """
    from snnviz.export import render, settled
    from snnviz.files import check_free, make_folder, write_bytes
    from snnviz.runs import read_curves

    check_free(out_dir, overwrite=overwrite)
    curves = {name: read_curves(run) for name, run in _named(runs).items()}
    with settled():
        figures = _figures(curves, dpi)
        make_folder(out_dir)
        written = [
            write_bytes(render(figure, form), out_dir / f"{name}.{form}")
            for name, figure in figures.items()
            for form in dict.fromkeys(format)
        ]
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


def _figures(runs: "dict[str, dict[str, Curve]]", dpi: int) -> "dict[str, Figure]":
    """The figures that the events of these runs suffice for, by their files' names."""
    from snnviz.figures import accuracy_figure, loss_figure

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
        figures["loss"] = loss_figure(losses, dpi=dpi)
    return figures
