"""tools/seeds.py, on run folders with accuracies that are known."""

import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.runs.folder import open_run
from snnviz.tutorial.training import EpochResult, TrainConfig

pytestmark = pytest.mark.slow  # each is a process that loads torch

TOOL = Path(__file__).parents[2] / "tools" / "seeds.py"
CONFIG = TrainConfig(epochs=3, val_split=30)
NET = build_network(NetworkConfig(T=1, channels=1), seed=0)


def seeds(*runs):
    return subprocess.run(
        [sys.executable, TOOL, *map(str, runs)], capture_output=True, text=True, check=False
    )


def write_run(folder, config, accuracies):
    """A run folder whose epochs have these accuracies on held-out and on test images."""
    best = -1.0
    with open_run(folder) as run:
        for epoch, (val_acc, test_acc) in enumerate(accuracies):
            chosen_on = test_acc if val_acc is None else val_acc
            run.write_epoch(
                EpochResult(
                    epoch=epoch, train_loss=0.1, train_acc=0.9, val_acc=val_acc,
                    val_loss=None if val_acc is None else 0.1, test_loss=0.1, test_acc=test_acc,
                    max_test_acc=test_acc, is_best=chosen_on > best, seconds=1.0,
                    checkpoint={
                        "net": NET.state_dict(), "network": NET.config.as_dict(), "epoch": epoch,
                        "optimizer": {}, "lr_scheduler": {}, "training": asdict(config),
                    },
                )
            )  # fmt: skip
            best = max(best, chosen_on)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("seeds")
    good = [(0.5, 0.9), (0.7, 0.6), (0.6, 0.8)]
    kinds = {
        "a": (replace(CONFIG, seed=1), good),
        "b": (replace(CONFIG, seed=2), [(0.5, 0.5), (0.5, 0.9), (0.5, 0.9)]),  # the first of three
        "c": (replace(CONFIG, seed=3, device="cuda:0"), [(0.1, 0.1), (0.2, 0.2), (0.3, 0.7)]),
        "other": (replace(CONFIG, seed=4, ema=0.5), good),
        "on test": (replace(CONFIG, seed=5, val_split=0), [(None, each) for _, each in good]),
        "cut off": (replace(CONFIG, seed=6), good[:2]),
    }
    return {name: write_run(root / name, *what) for name, what in kinds.items()}


def test_mean_and_spread_are_those_of_the_chosen_epochs(runs):
    found = seeds(*(runs[name] for name in "abc"))
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines() == [
        "| seed | epochs | best epoch | val_acc | test_acc |",
        "|---|---|---|---|---|",
        "| 1 | 3 | 1 | 70.00% | 60.00% |",
        "| 2 | 3 | 0 | 50.00% | 50.00% |",
        "| 3 | 3 | 2 | 30.00% | 70.00% |",
        "",
        "test_acc: mean 60.00 %, standard deviation 10.00 points over 3 seeds, 50.00 to 70.00 %",
    ]


def test_one_run_has_no_spread(runs):
    assert "mean 60.00 %, standard deviation unknown over 1 seed," in seeds(runs["a"]).stdout


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", "other"], "differ in more than the seed: ema; name runs"),
        (["a", "b", "a"], r"same seed: \[1, 1, 2\]"),
        (["a", "on test"], "chose its best epoch on the test images; train with --val-split"),
        (["cut off"], "has 2 of its 3 epochs; go on with it"),
    ],
)
def test_what_has_no_mean_is_one_line(names, message, runs):
    found = seeds(*(runs[name] for name in names))
    assert found.returncode == 1
    assert found.stdout == ""
    assert re.fullmatch(rf"Error: .*{message}.*\n", found.stderr)
