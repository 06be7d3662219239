"""tools/screen.py: the rows of its table, and what it trains."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from snnviz.tutorial.layouts import load_training_state
from snnviz.tutorial.runs import LATEST
from snnviz.tutorial.training import TrainConfig
from tests.tutorial.test_seeds import write_run
from tools.screen import SCREENED, main, row, write_row

CONFIG = TrainConfig(epochs=3, val_split=200, seed=1)
DONE = [(0.5, 0.1), (0.905, 0.2), (0.9, 0.3)]
PAGE = "# Results\n\n<!-- screening -->\nold\n<!-- end of screening -->\n\nmore\n"


def test_a_row_is_of_the_last_epoch_on_held_out_images(tmp_path):
    """Wilson's interval of 180 of 200 by its formula."""
    z, p, n = 1.959964, 0.9, 200
    middle, half = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    found = row("average", write_run(tmp_path / "a", CONFIG, DONE))
    start = f"| average | `--pooling avg` | 1 | 3 | 90.00% | {low:.2%} to {high:.2%} | 2"
    assert found.startswith(start)
    found = row("control", write_run(tmp_path / "b", CONFIG, DONE[:2]))
    assert found.startswith("| control | none | 1 | 2 of 3, not done | 90.50% |")


def test_a_run_on_test_images_has_no_row(tmp_path):
    run = write_run(tmp_path / "a", replace(CONFIG, val_split=0), [(None, 0.5)])
    with pytest.raises(ValueError, match="held no images out; train with --val-split"):
        row("control", run)


def test_a_row_takes_the_place_of_its_own_run_alone(tmp_path):
    page = tmp_path / "results.md"
    page.write_text(PAGE)
    runs = [
        "| a | none | 1 | 2 of 8, not done | 80.00% | . | . |",
        "| b | none | 1 | 8 | 81.00% | . | . |",
        "| a | none | 2 | 8 | 82.00% | . | . |",
        "| a | none | 1 | 12 | 83.00% | . | . |",
        "| a | none | 1 | 8 | 84.00% | . | . |",
    ]
    for each in runs:
        write_row(page, each)
    lines = page.read_text().splitlines()
    assert lines[:3] == ["# Results", "", "<!-- screening -->"]
    assert lines[5:] == [runs[4], *runs[1:4], "<!-- end of screening -->", "", "more"]
    page.write_text("# Results\n")
    with pytest.raises(ValueError, match="has no table between"):
        write_row(page, runs[0])
    assert page.read_text() == "# Results\n"


def test_what_is_screened_can_be_trained():
    from snnviz.cli.train import command

    for name, changes in SCREENED.items():
        context = command.make_context("train", changes.split())
        given = {key: value for key, value in context.params.items() if key in vars(CONFIG)}
        config = TrainConfig(**{**given, "device": "cpu"})
        assert (config == TrainConfig()) == (name == "control")


@pytest.mark.slow
def test_it_trains_what_is_not_done_and_goes_on_with_what_was_stopped(tmp_path):
    page = tmp_path / "results.md"
    page.write_text(PAGE)

    def screen(*options):
        given = (
            "--runs",
            tmp_path / "runs",
            "--page",
            page,
            "--val-split",
            20,
            "--only",
            "average",
        )
        small = ("--dataset", "garments", "--n-images", 60, "-b", 20, "-channels", 2, "-T", 1, "-q")
        result = CliRunner().invoke(main, list(map(str, (*given, *options, "--", *small))))
        assert result.exit_code == 0, result.output
        return page.read_text().splitlines()[5:-3]

    assert screen("--epochs", 2, "--table") == []
    (line,) = screen("--epochs", 2)
    assert line.startswith("| average | `--pooling avg` | 1 | 2 | ")
    (run,) = (tmp_path / "runs" / "average_2_1").iterdir()
    state = load_training_state(run / LATEST)
    assert (state.checkpoint.config.pooling, state.settings["t_max"]) == ("avg", 2)
    before = (run / LATEST).stat().st_mtime_ns
    assert screen("--epochs", 2) == [line]
    assert (run / LATEST).stat().st_mtime_ns == before
    assert len(screen("--epochs", 1)) == 2
