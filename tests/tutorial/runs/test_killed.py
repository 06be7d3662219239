"""A training killed at each call that touches a file ends as the undisturbed one."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from snnviz.data import garments
from snnviz.errors import ExportError
from snnviz.tutorial.layouts import load_training_state
from snnviz.tutorial.runs import LATEST, MAX, read_curves, record_training
from snnviz.tutorial.training import TrainConfig
from tests.kills import contents, restore, states

CONFIG = TrainConfig(T=2, batch_size=10, epochs=3, channels=2, lr=0.5)
EVENTS = "fmnist_logs/"


@pytest.fixture(scope="module")
def sets():
    return garments(20, "train"), garments(20, "test")


def record(folder, sets, config=CONFIG, **options):
    """Train into `folder`, on from where it stands."""
    latest = folder / LATEST
    state = load_training_state(latest) if latest.exists() and not options else None
    if state is None or state.epoch + 1 < config.epochs:
        list(record_training(config, *sets, folder, state=state, **(options or {"resume": True})))


def revive(state, folder):
    """What a kill left, an hour ago: or a new file of events would wait for the next second."""
    early = {re.sub(r"tfevents\.\d+", "tfevents.1", name): data for name, data in state.items()}
    restore(early, folder)


def assert_equal(ours, theirs, where):
    """What two checkpoints hold: tensors bit for bit, and as they lie in memory."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key, value in theirs.items():
            assert_equal(ours[key], value, f"{where}/{key}")
    elif isinstance(theirs, torch.Tensor):
        assert (ours.dtype, ours.stride()) == (theirs.dtype, theirs.stride()), where
        assert torch.equal(ours, theirs), where
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), where
        for place, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_equal(*pair, f"{where}/{place}")
    else:
        assert ours == theirs, where


def assert_same(folder, other):
    """Every file; those of events, whose names hold a time, as they are read."""
    names = [
        {name for name in contents(run) if not name.startswith(EVENTS)} for run in (folder, other)
    ]
    assert names[0] == names[1]
    for name in names[1]:
        if name.endswith(".pth"):
            assert_equal(
                *(torch.load(run / name, weights_only=True) for run in (folder, other)), name
            )
        elif (folder / name).is_file():
            assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    ours, theirs = read_curves(folder), read_curves(other)
    assert ours.keys() == theirs.keys()
    for tag, curve in theirs.items():
        np.testing.assert_array_equal(ours[tag].epochs, curve.epochs, tag)
        np.testing.assert_array_equal(ours[tag].values, curve.values, tag)


@pytest.mark.slow
@pytest.mark.parametrize("opt", ["SGD", "Adam"])
def test_killed_at_any_call_and_gone_on_with_it_is_the_undisturbed_run(opt, sets, tmp_path):
    config = replace(CONFIG, opt=opt, lr=0.5 if opt == "SGD" else 0.01)
    whole = tmp_path / "whole"
    with states(whole) as found:
        record(whole, sets, config)
    assert len(found) > 25
    assert any(MAX in state and LATEST not in state for state in found)
    assert any("config.json" in state and "args.txt" not in state for state in found)
    for number, state in enumerate(found):
        folder = tmp_path / str(number)
        revive(state, folder)
        if state.get(LATEST) != found[-1][LATEST]:  # something is left to do
            record(folder, sets, config)
            assert_same(folder, whole)


@pytest.mark.slow
def test_killed_while_it_begins_over_another_it_passes_for_neither(sets, tmp_path):
    old, new, folder = (tmp_path / name for name in ("old", "new", "run"))
    record(old, sets)
    again = replace(CONFIG, seed=1)
    record(new, sets, again)
    revive(contents(old), folder)
    with states(folder) as found:
        record(folder, sets, again, overwrite=True)
    assert_same(folder, new)
    marked = 0
    for number, state in enumerate(found):
        there = tmp_path / str(number)
        revive(state, there)
        if ".unfinished_training.json" in state:
            marked += 1
            with pytest.raises(ExportError, match="stopped while it began anew; begin it again"):
                record(there, sets, resume=True)
            record(there, sets, again, overwrite=True)
            assert_same(there, new)
        elif LATEST in state and load_training_state(there / LATEST).epoch + 1 == CONFIG.epochs:
            for name, data in state.items():  # one of both, and done
                run = old if number < 5 else new
                assert name[0] == "." or name.startswith(EVENTS) or contents(run)[name] == data
        else:
            seed = json.loads(state["config.json"])["training"]["seed"]
            assert seed == 1
            record(there, sets, again)
            assert_same(there, new)
    assert marked > 5
