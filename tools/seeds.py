"""Mean and spread of one training over its seeds.

    python tools/seeds.py seeds/*/*

Prints, for run folders of `snnviz train --val-split N` that differ in nothing but the seed, the
epoch that the held-out images chose and the accuracy on the test images after it.
"""

from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click

from snnviz.errors import SnnvizError
from snnviz.tutorial.layouts import load_training_state
from snnviz.tutorial.runs import MAX, read_curves

_MAY_DIFFER = {"seed", "device"}


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def main(runs: tuple[Path, ...]) -> None:
    """Print mean and spread of the test accuracy of RUNS."""
    try:
        rows = [_row(run) for run in runs]
        _check([row["settings"] for row in rows])
    except SnnvizError as error:
        raise click.ClickException(str(error)) from error
    click.echo("| seed | epochs | best epoch | val_acc | test_acc |\n|---|---|---|---|---|")
    for row in rows:
        click.echo(
            f"| {row['settings']['seed']} | {row['epochs']} | {row['epoch']} | {row['val']:.2%} "
            f"| {row['test']:.2%} |"
        )
    accuracies = [100 * row["test"] for row in rows]
    spread = f"{stdev(accuracies):.2f} points" if len(rows) > 1 else "unknown"
    click.echo(
        f"\ntest_acc: mean {mean(accuracies):.2f} %, standard deviation {spread} over "
        f"{len(rows)} seed{'s' * (len(rows) > 1)}, {min(accuracies):.2f} to {max(accuracies):.2f} %"
    )


def _row(run: Path) -> dict[str, Any]:
    state = load_training_state(run / MAX)
    curves = read_curves(run)
    if "val_acc" not in curves:
        raise click.ClickException(
            f"{run} chose its best epoch on the test images; train with --val-split N"
        )
    done, epochs = len(curves["val_acc"].epochs), state.settings["epochs"]
    if done < epochs:
        raise click.ClickException(f"{run} has {done} of its {epochs} epochs; go on with it first")
    at = curves["val_acc"].epochs.tolist().index(state.epoch)
    return {
        "settings": state.settings,
        "epochs": done,
        "epoch": state.epoch,
        "val": float(curves["val_acc"].values[at]),
        "test": float(curves["test_acc"].values[at]),
    }


def _check(settings: list[dict[str, Any]]) -> None:
    """Refuse runs of which a mean would say nothing."""
    seeds = [each["seed"] for each in settings]
    if len(set(seeds)) < len(seeds):
        raise click.ClickException(f"several runs have the same seed: {sorted(seeds)}")
    for each in settings[1:]:
        names = (settings[0].keys() | each.keys()) - _MAY_DIFFER
        if other := sorted(name for name in names if settings[0].get(name) != each.get(name)):
            raise click.ClickException(
                f"the runs differ in more than the seed: {', '.join(other)}; name runs of one kind"
            )


if __name__ == "__main__":
    main()
