"""The best checkpoint of a run is never replaced by a worse epoch, whatever the file says of it."""

import shutil

import numpy as np
import pytest
import torch

from snnviz.data import garments
from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import load_training_state
from snnviz.tutorial.runs import LATEST, MAX, record_training
from snnviz.tutorial.training import TrainConfig

CONFIG = TrainConfig(T=1, batch_size=10, epochs=1, channels=2, lr=0.1, device="cpu")
SETS = garments(20, "train"), garments(10, "test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of one epoch whose best accuracy, as its files say, no epoch can beat."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    list(record_training(CONFIG, *SETS, folder))
    change(folder, max_test_acc=1.0)
    return folder


def change(folder, *, names=(MAX, LATEST), **values):
    """Write `values` into checkpoints; ... takes an entry away."""
    for name in names:
        tree = {**torch.load(folder / name, weights_only=True), **values}
        torch.save({key: v for key, v in tree.items() if v is not ...}, folder / name)


def go_on(folder):
    state = load_training_state(folder / LATEST)
    return list(
        record_training(TrainConfig(**{**CONFIG.__dict__, "epochs": 2}), *SETS, folder,
                        resume=True, state=state)
    )  # fmt: skip


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


@pytest.mark.parametrize(
    "best", [np.float64(1), np.float32(1), torch.tensor(1.0), np.array(1.0), 100.0, np.int64(100)]
)
def test_a_best_accuracy_of_any_kind_of_number_holds(run, best):
    change(run, max_test_acc=best)
    before = (run / MAX).read_bytes()
    (result,) = go_on(run)
    assert not result.is_best
    assert result.max_test_acc == 1.0
    assert (run / MAX).read_bytes() == before
    assert (run / LATEST).read_bytes() != before


@pytest.mark.parametrize("unsaid", [..., -1, None])
def test_what_the_last_epoch_does_not_say_the_best_one_does(run, unsaid):
    change(run, names=[LATEST], max_test_acc=unsaid)
    before = (run / MAX).read_bytes()
    (result,) = go_on(run)
    assert not result.is_best
    assert result.max_test_acc == 1.0
    assert (run / MAX).read_bytes() == before


def test_a_best_checkpoint_of_unknown_accuracy_is_not_replaced(run):
    change(run, max_test_acc=...)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(CheckpointError, match=f"{MAX} would be replaced by the next epoch"):
        go_on(run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    (run / MAX).unlink()
    (result,) = go_on(run)
    assert result.is_best


@pytest.mark.parametrize("kind", [np.float32, np.float64, torch.tensor, np.array])
def test_rates_of_any_kind_of_number_go_on_as_they_were(run, kind):
    """The optimizer's and the schedule's, as a script may have computed them."""
    saved = torch.load(run / LATEST, weights_only=True)
    (expected,) = go_on(shutil.copytree(run, run.with_name("plain")))
    (group,) = saved["optimizer"]["param_groups"]
    for name in ("lr", "initial_lr", "momentum"):
        group[name] = kind(group[name])
    schedule = saved["lr_scheduler"]
    whole = torch.tensor if kind is torch.tensor else np.int64
    for name in ("T_max", "last_epoch", "_step_count"):
        schedule[name] = whole(schedule[name])
    schedule["base_lrs"] = [kind(rate) for rate in schedule["base_lrs"]]
    change(run, names=[LATEST], optimizer=saved["optimizer"], lr_scheduler=schedule)
    (result,) = go_on(run)
    assert result.train_loss == pytest.approx(expected.train_loss, rel=1e-3)
    group = result.checkpoint["optimizer"]["param_groups"][0]
    assert type(group["lr"]) is float
    assert group["lr"] == pytest.approx(expected.checkpoint["lr_scheduler"]["_last_lr"][0], 1e-5)
