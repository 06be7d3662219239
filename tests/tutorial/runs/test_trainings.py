"""What other scripts' events come to: which training, which tag, which numbers."""

import json
import shutil
import struct
import warnings

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from snnviz.errors import DataError
from snnviz.tutorial.runs import read_curves, read_trainings
from snnviz.tutorial.runs.tags import choose_tags, spelled

_written = [0]


def record(event):
    data = event.SerializeToString()
    length = struct.pack("<Q", len(data))
    checksums = (struct.pack("<I", masked_crc32c(part)) for part in (length, data))
    return length + next(checksums) + data + next(checksums)


def write(folder, values, purge=None):
    """An event file, as SummaryWriter makes it: {tag: {step: value}} in the order of the steps."""
    folder.mkdir(parents=True, exist_ok=True)
    _written[0] += 1
    path = folder / f"events.out.tfevents.{1_600_000_000 + _written[0]}.host.1.0"
    events = [Event(wall_time=1, file_version="brain.Event:2")]
    if purge is not None:
        events.append(Event(step=purge, session_log={"status": 1}))
    points = [(step, tag, value) for tag, each in values.items() for step, value in each]
    for step, tag, value in sorted(points, key=lambda point: point[0]):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        events.append(Event(step=step, summary=summary))
    path.write_bytes(b"".join(map(record, events)))
    return path


def epochs(*values, first=0):
    return [(step, value) for step, value in enumerate(values, start=first)]


def told(read, *arguments):
    """What `read` returns, and the sentences that it warns with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read(*arguments)
    return found, [str(each.message) for each in caught]


def values(training, tag="test_acc"):
    return training.curves[tag].values.round(6).tolist()


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("test_acc", "test_acc"),
        ("test_accuracy", "test_acc"),
        ("Accuracy/test", "test_acc"),
        ("Test/Acc@1", "test_acc"),
        ("eval-accuracy", "test_acc"),
        ("val/acc", "val_acc"),
        ("validation.loss", "val_loss"),
        ("valLoss", "val_loss"),
        ("train_loss_epoch", "train_loss"),
        ("Loss/train", "train_loss"),
        ("training accuracy (avg)", "train_acc"),
        ("acc5/test", None),
        ("loss", None),
        ("test_acc_of_class_3", None),
        ("train/test_acc", None),
        ("lr", None),
        ("测试/acc", None),
    ],
)
def test_spellings(tag, name):
    assert spelled(tag) == name


def test_of_several_spellings_the_plainest_is_taken(tmp_path):
    tags = ["Accuracy/test", "test_acc", "train_loss_step", "train_loss_epoch", "train_loss/avg"]
    assert choose_tags(tags) == (
        {"train_loss": "train_loss_epoch", "test_acc": "test_acc"},
        {"train_loss": ["train_loss/avg"], "test_acc": ["Accuracy/test"]},
    )
    write(tmp_path, {"Accuracy/test": epochs(0.1, 0.2), "test_acc": epochs(0.3, 0.4)})
    (training,), notes = told(read_trainings, tmp_path)
    assert values(training) == [0.3, 0.4]
    assert notes == [f"{tmp_path}: of test_acc and Accuracy/test, test_acc is drawn"]


def test_the_usual_events_need_no_word(tmp_path):
    write(tmp_path / "fmnist_logs", {"test_acc": epochs(0.5, 1.0), "test_loss": epochs(3.0, 2.0)})
    (training,), notes = told(read_trainings, tmp_path)
    assert (training.name, training.folder, notes) == ("", tmp_path, [])
    assert values(training, "test_loss") == [3, 2], "no accuracy, and no per cent"


def test_numbers_that_are_none_are_left_out_and_counted(tmp_path):
    infinite = epochs(0.5, float("nan"), float("inf"), 0.1)
    write(tmp_path, {"train_loss": infinite, "test_acc": epochs(0.1, 0.2, float("nan"), 0.4)})
    (training,), notes = told(read_trainings, tmp_path)
    assert training.curves["train_loss"].epochs.tolist() == [0, 3]
    assert training.curves["test_acc"].best == 2
    assert [note.split(": ")[1] for note in notes] == [
        "train_loss is not finite (NaN or infinite) in 2 of 4 epochs; drawn without these",
        "test_acc is not finite (NaN or infinite) in 1 of 4 epochs; drawn without these",
    ]


def test_where_no_number_is_left_one_sentence_says_so(tmp_path):
    write(tmp_path, {"train_loss": epochs(float("nan"))})
    with pytest.raises(DataError, match=r"no curve to draw in .*train_loss is not finite"):
        told(read_trainings, tmp_path)


def test_per_cent_are_shares_of_a_hundred(tmp_path):
    write(tmp_path, {"test_acc": epochs(10, 93.25, 100), "train_acc": epochs(0.5, 1.0)})
    (training,), notes = told(read_trainings, tmp_path)
    assert values(training) == [0.1, 0.9325, 1]
    assert values(training, "train_acc") == [0.5, 1], "each tag by itself"
    assert notes == [f"{tmp_path}: test_acc is taken as per cent (up to 100)"]


@pytest.mark.parametrize("wrong", [-0.1, 100.5, 8500])
def test_what_is_no_accuracy_is_refused(wrong, tmp_path):
    write(tmp_path, {"test_acc": epochs(0.5, wrong)})
    with pytest.raises(DataError, match="neither a share"):
        read_trainings(tmp_path)


def test_the_script_of_2020_logs_batches_by_iterations(tmp_path):
    write(tmp_path, {"test_accuracy": epochs(0.7, 0.8, 0.9)})
    write(tmp_path, {"train_accuracy": [(step, 0.5) for step in range(0, 1404, 256)]})
    (training,), (note,) = told(read_trainings, tmp_path)
    assert set(training.curves) == {"test_acc"}
    assert "train_accuracy is logged by iterations (of single batches, up to step 1280)" in note


def test_a_test_at_the_end_does_not_make_iterations_of_epochs(tmp_path):
    write(tmp_path, {"train_acc": epochs(*[0.5] * 30), "test_acc": [(0, 0.9)]})
    (training,), notes = told(read_trainings, tmp_path)
    assert (len(training.curves["train_acc"].epochs), notes) == (30, [])


def test_steps_that_are_no_epochs_are_called_steps(tmp_path):
    every = [468, 936, 1404]
    write(tmp_path, {"test_acc": [(step, 0.5) for step in every]})
    (training,), (note,) = told(read_trainings, tmp_path)
    assert (training.curves["test_acc"].unit, "which are no epochs" in note) == ("step", True)


def test_lightnings_steps_become_epochs(tmp_path):
    steps = [467, 935, 1403]
    write(
        tmp_path,
        {
            "epoch": [(step, epoch) for epoch, step in enumerate(steps)],
            "val_acc": [(step, 0.5) for step in steps],
            "train_loss_epoch": [(step, 0.1) for step in steps],
            "train_loss_step": [(step, 9.0) for step in range(49, 1404, 50)],
        },
    )
    (training,), notes = told(read_trainings, tmp_path)
    assert notes == []
    for curve in training.curves.values():
        assert (curve.epochs.tolist(), curve.unit) == ([0, 1, 2], "epoch")
    assert values(training, "train_loss") == [0.1] * 3


def test_two_trainings_in_one_folder_are_told_apart(tmp_path):
    write(tmp_path, {"test_acc": epochs(0.1, 0.2, 0.3)})
    write(tmp_path, {"test_acc": epochs(0.7, 0.8)})
    trainings, _ = told(read_trainings, tmp_path)
    assert [each.name for each in trainings] == [", training 1", ", training 2"]
    assert [values(each) for each in trainings] == [[0.1, 0.2, 0.3], [0.7, 0.8]]
    with pytest.raises(DataError, match="the events of 2 runs"):
        read_curves(tmp_path)


def test_two_trainings_by_one_writer_are_told_apart(tmp_path):
    first, second = ([(step, value) for step in range(3)] for value in (0.1, 0.9))
    path = write(tmp_path, {"test_acc": first})
    path.write_bytes(path.read_bytes() + write(tmp_path / "b", {"test_acc": second}).read_bytes())
    shutil.rmtree(tmp_path / "b")
    trainings, _ = told(read_trainings, tmp_path)
    assert [values(each) for each in trainings] == [[0.1] * 3, [0.9] * 3]


def test_a_training_in_several_files_is_one(tmp_path):
    """Of other tags, of later steps, and begun anew with what was there declared void."""
    write(tmp_path, {"test_acc": epochs(0.9, 0.9, 0.9)})
    write(tmp_path, {"test_acc": epochs(0.1, 0.2)}, purge=0)
    write(tmp_path, {"train_acc": epochs(0.3, 0.4)})
    write(tmp_path, {"test_acc": epochs(0.5, first=2)})
    write(tmp_path, {"test_acc": epochs(0.6, 0.7, first=2)}, purge=2)
    (training,), notes = told(read_trainings, tmp_path)
    assert (values(training), notes) == ([0.1, 0.2, 0.6, 0.7], [])
    assert values(training, "train_acc") == [0.3, 0.4]


def test_a_training_taken_up_again_without_a_purge_is_said(tmp_path):
    write(tmp_path, {"test_acc": epochs(0.1, 0.2, 0.3)})
    write(tmp_path, {"test_acc": epochs(0.8, 0.9, first=1)})
    (training,), (note,) = told(read_trainings, tmp_path)
    assert values(training) == [0.1, 0.8, 0.9]
    assert "written again from an earlier step on" in note


def test_several_values_at_one_step_are_said(tmp_path):
    write(tmp_path, {"test_acc": [(0, 0.1), (0, 0.2), (1, 0.3), (1, 0.4)]})
    (training,), (note,) = told(read_trainings, tmp_path)
    assert values(training) == [0.2, 0.4]
    assert "test_acc: several values at one step; the last of each counts" in note


def test_runs_in_subfolders_are_told_apart(tmp_path):
    for name, value in (("a", 0.1), ("b", 0.2)):
        write(tmp_path / "logs" / name / "fmnist_logs", {"test_acc": epochs(value)})
    trainings, _ = told(read_trainings, tmp_path)
    assert [(each.name, values(each)) for each in trainings] == [
        ("/logs/a", [0.1]),
        ("/logs/b", [0.2]),
    ]
    assert trainings[0].folder == tmp_path / "logs" / "a"


def test_what_summary_writer_puts_below_a_run_is_part_of_it(tmp_path):
    """Its own add_hparams and add_scalars, whose folders hold events of their own."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "run"))
    for epoch in range(2):
        writer.add_scalar("test_acc", 0.5, epoch)
        writer.add_scalars("run/loss", {"train": 0.2, "test": 0.4}, epoch)
        writer.add_scalars("loss", {"train": 0.1, "test": 0.3}, epoch)
    writer.add_hparams({"lr": 0.1}, {"test_acc": 0.9})
    writer.close()
    assert len({path.parent for path in tmp_path.rglob("events*")}) == 6
    (training,), notes = told(read_trainings, tmp_path / "run")
    assert (values(training), notes) == ([0.5, 0.5], [])
    assert values(training, "train_loss") == [0.1, 0.1]
    assert values(training, "test_loss") == [0.3, 0.3]


def test_folders_of_the_parts_of_a_data_set_are_one_training(tmp_path):
    """As Keras writes them, in the form of TensorFlow 2: tensors, named once in a file."""
    for part, value in (("train", 0.7), ("validation", 0.6)):
        write(tmp_path / part, {})
        summaries = []
        for step in range(2):
            one = Summary.Value(tag="epoch_accuracy")
            one.tensor.dtype = 1  # float32
            one.tensor.float_val.append(value)
            if step == 0:
                one.metadata.plugin_data.plugin_name = "scalars"
            summaries.append(Event(step=step, summary=Summary(value=[one])))
        (path,) = (tmp_path / part).iterdir()
        path.write_bytes(path.read_bytes() + b"".join(map(record, summaries)))
    (training,), notes = told(read_trainings, tmp_path)
    assert (values(training, "train_acc"), values(training, "val_acc")) == ([0.7] * 2, [0.6] * 2)
    assert notes == []


@pytest.mark.parametrize(
    ("harm", "what", "count"),
    [
        (lambda data: data[:-1], "cut off", 2),
        (lambda data: data[:-30], "cut off", 2),
        (lambda data: data + b"\0" * 5, "cut off", 3),
        (lambda data: data[:-6] + bytes([data[-6] ^ 1]) + data[-5:], "damaged", 2),
        (lambda data: data + b"\xff" * 40, "damaged", 3),
    ],
)
def test_of_a_damaged_file_counts_what_is_before_that(harm, what, count, tmp_path):
    path = write(tmp_path, {"test_acc": epochs(0.1, 0.2, 0.3)})
    path.write_bytes(harm(path.read_bytes()))
    (training,), (note,) = told(read_trainings, tmp_path)
    assert values(training) == [0.1, 0.2, 0.3][:count]
    assert f"{path} is {what} after {count} values" in note


def test_what_is_no_event_is_one_sentence(tmp_path):
    path = write(tmp_path, {"lr": epochs(0.1)})
    with pytest.raises(DataError, match=r"none of train_loss.* \(they have lr\)"):
        told(read_trainings, tmp_path)
    garbage = struct.pack("<Q", 4)
    garbage += struct.pack("<I", masked_crc32c(garbage)) + b"\xff" * 4
    path.write_bytes(garbage + struct.pack("<I", masked_crc32c(b"\xff" * 4)))
    with pytest.raises(DataError, match=r"they hold no values; .* is damaged after 0 values"):
        told(read_trainings, tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="cannot read"):
        read_trainings(tmp_path)


def legends(run_folders, monkeypatch, tmp_path):
    """The names that `snnviz curves` gives the trainings."""
    from snnviz.cli.curves import _named, _runs, _trainings

    monkeypatch.chdir(tmp_path)
    return list(_runs(_trainings(_named(tuple(run_folders), ())), names=False, mean=False))


def test_runs_on_other_data_say_so_in_the_legend(tmp_path, monkeypatch):
    runs = []
    for name, train_set, count in (("a", "garments", 600), ("b", "mnist", 60_000)):
        write(tmp_path / name / "fmnist_logs", {"test_acc": epochs(0.5)})
        config = {"train_set": train_set, "test_set": train_set, "train_images": count}
        (tmp_path / name / "config.json").write_text(json.dumps({**config, "test_images": 100}))
        runs.append(tmp_path / name)
    assert legends(runs, monkeypatch, tmp_path) == [
        "a (garments, 600 training images)",
        "b (mnist, 60,000 training images)",
    ]
    assert legends(runs[:1], monkeypatch, tmp_path) == ["a"]
    (runs[0] / "config.json").unlink()
    assert legends(runs, monkeypatch, tmp_path)[0] == "a (other or unknown data)"


def test_the_command_names_each_training_and_says_so(tmp_path, monkeypatch, capsys):
    from snnviz.cli import main

    for _ in range(2):
        write(tmp_path / "run", {"test_acc": epochs(0.5), "test_loss": epochs(0.5)})
    monkeypatch.chdir(tmp_path)
    drawn = {}

    def keep(name):
        from snnviz import figures

        original = getattr(figures, name)
        monkeypatch.setattr(
            figures, name, lambda runs, **more: drawn.update({name: more}) or original(runs, **more)
        )

    keep("accuracy_figure")
    keep("loss_figure")
    with pytest.raises(SystemExit) as ended:
        main(["curves", "run", "--dpi", "40"])
    output = capsys.readouterr()
    assert (ended.value.code, len(output.out.splitlines())) == (0, 2)
    assert output.err == (
        "snnviz: run holds 2 trainings, each drawn by itself: run, training 1; run, training 2\n"
    )
    assert drawn["accuracy_figure"]["unit"] == "epoch"
    assert drawn["loss_figure"]["quantity"] == "loss", "other scripts have other losses"
    assert np.all([path.stat().st_size for path in (tmp_path / "curves").iterdir()])


def test_a_mean_is_over_the_epochs_that_all_runs_have():
    from snnviz.tutorial.runs import Curve, mean_curves

    def curve(epochs, values):
        return Curve(np.array(epochs), np.array(values, float))

    runs = {
        "a": {"test_acc": curve([0, 1, 2], [0.1, 0.2, 0.3]), "loss": curve([0], [1])},
        "b": {"test_acc": curve([0, 2, 4], [0.5, 0.4, 0.9])},
    }
    means, notes = told(mean_curves, runs)
    assert set(means) == {"test_acc"}
    mean = means["test_acc"]
    assert mean.epochs.tolist() == [0, 2]
    np.testing.assert_allclose(mean.values, [0.3, 0.35])
    np.testing.assert_allclose(mean.spread, [0.4 / np.sqrt(2), 0.1 / np.sqrt(2)])
    assert notes == [
        "b: no loss, so there is no mean",
        "the runs have other lengths: the mean of test_acc is over the 2 epochs that all have",
    ]
    with pytest.raises(DataError, match="two runs or more, got 1"):
        mean_curves({"a": runs["a"]})
    with pytest.raises(DataError, match="have no epoch in common"):
        mean_curves({"a": runs["a"], "b": {"test_acc": curve([7], [0.5])}})


def drawn_by(monkeypatch, tmp_path, *arguments):
    """What `snnviz curves` gives to the figures, by their functions' names, and its exit status."""
    from snnviz import figures
    from snnviz.cli import main

    monkeypatch.chdir(tmp_path)
    found = {}
    for name in ("accuracy_figure", "accuracies_figure", "loss_figure"):
        original = getattr(figures, name)
        monkeypatch.setattr(
            figures,
            name,
            lambda runs, name=name, original=original, **more: (
                found.update({name: runs}) or original(runs, **more)
            ),
        )
    with pytest.raises(SystemExit) as ended:
        main(["curves", *arguments, "--dpi", "40"])
    return found, ended.value.code


def seeds(tmp_path):
    for name, shift in (("a", 0.0), ("b", 0.1), ("c", 0.3)):
        values = {"train_acc": epochs(0.2 + shift, 0.5), "test_acc": epochs(0.1 + shift, 0.4)}
        write(tmp_path / name, {**values, "test_loss": epochs(0.5 + shift, 0.2)})


def test_names_and_means_of_groups(tmp_path, monkeypatch, capsys):
    seeds(tmp_path)
    names = ["--name", "x", "--name", "y", "--name", "x"]
    found, status = drawn_by(monkeypatch, tmp_path, "a", "b", "c", *names, "--mean")
    assert status == 0
    assert list(found["accuracy_figure"]) == ["x (mean of 2 runs)", "y"]
    _, values, spread = found["accuracy_figure"]["x (mean of 2 runs)"]
    np.testing.assert_allclose(values, [0.25, 0.4], atol=1e-6)
    np.testing.assert_allclose(spread, [0.3 / np.sqrt(2), 0], atol=1e-6)
    assert len(found["accuracy_figure"]["y"]) == 2
    assert "y is one run" in capsys.readouterr().err
    files = {path.name for path in (tmp_path / "curves").iterdir()}
    assert files == {"train_acc.png", "test_acc.png", "loss.png", "manifest_curves.json"}


def test_training_and_test_in_one_figure(tmp_path, monkeypatch):
    seeds(tmp_path)
    found, status = drawn_by(monkeypatch, tmp_path, "a", "b", "--together")
    assert status == 0
    assert {name: list(sets) for name, sets in found["accuracies_figure"].items()} == {
        "a": ["train", "test"],
        "b": ["train", "test"],
    }
    assert "accuracy_figure" not in found
    files = {path.name for path in (tmp_path / "curves").iterdir()}
    assert files == {"accuracy.png", "loss.png", "manifest_curves.json"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "x"], "1 --name for 2 runs; give one for each, in their order"),
        (["--name", "x", "--name", "x"], "two runs are called 'x'; give each a --name of its own"),
    ],
)
def test_names_that_do_not_fit_the_runs(arguments, message, tmp_path, monkeypatch, capsys):
    seeds(tmp_path)
    found, status = drawn_by(monkeypatch, tmp_path, "a", "b", *arguments)
    assert (status, found) == (2, {})
    assert message in capsys.readouterr().err
    assert not (tmp_path / "curves").exists()
