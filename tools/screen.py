"""Short trainings, one change at a time, and the table of what each came to.

    python -m tools.screen --runs screening -- --data-dir data
    python -m tools.screen --runs screening --only average --only batch-32 -- --data-dir data
    python -m tools.screen --runs screening --table

Each is `snnviz train` of a few epochs with a cosine of its own to zero, on Fashion-MNIST less 6,000
held-out images, and differs from `control`, of the same seed, by the options that stand beside its
name. They run one after another; what was stopped goes on. The table in docs/results.md gets a row
for each, also for one that is not done; rows of other runs stay. Test images play no part in it.
"""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from snnviz.errors import SnnvizError
from snnviz.files import write_bytes
from snnviz.metrics.wilson import wilson_interval
from snnviz.tutorial.layouts import load_training_state
from snnviz.tutorial.runs import LATEST, read_curves

CONTROL = ("-opt", "SGD", "-amp")
"""The options of all of them."""

SCREENED = {
    "control": "",
    "average": "--pooling avg",
    "batch-32": "-b 32 -lr 0.05",
    "batch-64": "-b 64 -lr 0.07",
    "slow-leak": "--tau 4 --no-decay-input",
    "light": "--augment-lightly",
    "smooth": "--label-smoothing 0.1",
    "averaged-weights": "--ema 0.999",
    "average-light": "--pooling avg --augment-lightly",
    "average-batch-32": "--pooling avg -b 32 -lr 0.05",
    "average-light-batch-32": "--pooling avg --augment-lightly -b 32 -lr 0.05",
}
"""What each changes, by name; those behind `averaged-weights` lay changes on top of each other."""

_BEGIN, _END = "<!-- screening -->", "<!-- end of screening -->"
_HEAD = (
    "| run | changes | seed | epochs | held-out accuracy after the last | 95 % interval | date |",
    "|---|---|---|---|---|---|---|",
)
_PAGE = Path(__file__).parents[1] / "docs" / "results.md"


@click.command()
@click.option("--runs", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--only", multiple=True, type=click.Choice(list(SCREENED)), help="By default all.")
@click.option("--epochs", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--val-split", type=click.IntRange(min=1), default=6000, show_default=True)
@click.option(
    "--table", "only_table", is_flag=True, help="Train nothing; write the rows there are."
)
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), default=_PAGE)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(
    runs: Path,
    only: tuple[str, ...],
    epochs: int,
    seed: int,
    val_split: int,
    only_table: bool,
    page: Path,
    options: tuple[str, ...],
) -> None:
    """Train what is screened in folders of RUNS; OPTIONS, behind `--`, go to each training."""
    for name in only or SCREENED:
        folder = runs / f"{name}_{epochs}_{seed}"
        try:
            if not only_table and _epochs_done(folder) < epochs:
                _train(folder, name, epochs, seed, val_split, options)
            if _epochs_done(folder):
                write_row(page, row(name, _run(folder)))
        except (SnnvizError, ValueError) as error:
            raise click.ClickException(str(error)) from error


def _train(
    folder: Path, name: str, epochs: int, seed: int, val_split: int, options: Sequence[str]
) -> None:
    given = (*CONTROL, *SCREENED[name].split(), *options)
    fixed = {"-epochs": epochs, "-T_max": epochs, "--seed": seed, "--val-split": val_split}
    numbers = [str(part) for pair in fixed.items() for part in pair]
    command = [sys.executable, "-m", "snnviz", "train", *given, *numbers]
    done = subprocess.run([*command, "--out-dir", str(folder), "--resume"], check=False)  # noqa: S603
    if done.returncode:
        raise click.ClickException(f"{name}: its training ended with status {done.returncode}")


def _run(folder: Path) -> Path:
    """The one run in that folder."""
    found = [path.parent for path in folder.glob(f"*/{LATEST}")]
    if len(found) != 1:
        raise ValueError(f"{folder} holds {len(found)} runs, expected one; remove the others")
    return found[0]


def _epochs_done(folder: Path) -> int:
    if not list(folder.glob(f"*/{LATEST}")):
        return 0
    return load_training_state(_run(folder) / LATEST).epoch + 1


def row(name: str, run: Path) -> str:
    """The row of a run: its last epoch that is done, on the images that it held out.

    Args:
        name: What it is called in `SCREENED`.
        run: Its folder.

    Raises:
        ValueError: It held no images out.
    """
    curve = read_curves(run).get("val_acc")
    state = load_training_state(run / LATEST)
    if curve is None:
        raise ValueError(f"{run} held no images out; train with --val-split N")
    held_out, epochs = state.settings["val_split"], state.settings["epochs"]
    accuracy, done = float(curve.values[-1]), state.epoch + 1
    low, high = wilson_interval(round(accuracy * held_out), held_out)
    date = datetime.fromtimestamp((run / LATEST).stat().st_mtime, tz=UTC).date()
    changes = f"`{SCREENED[name]}`" if SCREENED[name] else "none"
    said = f"{done}" if done == epochs else f"{done} of {epochs}, not done"
    return (
        f"| {name} | {changes} | {state.settings['seed']} | {said} | {accuracy:.2%} "
        f"| {low:.2%} to {high:.2%} | {date} |"
    )


def write_row(page: Path, new: str) -> None:
    """Put a row into the page's table, in the place of that of the same run, seed and length.

    Raises:
        ValueError: The page has no place for the table.
    """
    text = page.read_text()
    before, begin, rest = text.partition(_BEGIN)
    table, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{page} has no table between {_BEGIN} and {_END}; put both there")
    rows = [line for line in table.splitlines() if line.startswith("|")][len(_HEAD) :]
    mine = [index for index, each in enumerate(rows) if _key(each) == _key(new)]
    if mine:
        rows[mine[0]] = new
    else:
        rows.append(new)
    lines = "\n".join((*_HEAD, *rows))
    write_bytes(f"{before}{begin}\n{lines}\n{end}{after}".encode(), page)


def _key(line: str) -> tuple[str, ...]:
    """Name, seed and epochs that were asked for."""
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return cells[0], cells[2], cells[3].removesuffix(", not done").rpartition(" ")[2]


if __name__ == "__main__":
    main()
