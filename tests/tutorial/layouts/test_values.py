"""Numbers and arrays beside the weights, as scripts keep them."""

import argparse
import enum
import pathlib
from collections import defaultdict, deque

import numpy as np
import pytest
import torch

from snnviz.checkpoint.finding import stated_steps
from snnviz.checkpoint.reading import read_file
from snnviz.checkpoint.values import kind_of, number, numpy_array, plain
from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import load_checkpoint, load_training_state
from tests.tutorial.layouts.networks import weights

NUMBERS = {
    "int": (3, 3),
    "float": (0.25, 0.25),
    "float64": (np.float64(0.1), 0.1),
    "float32": (np.float32(0.1), float(np.float32(0.1))),
    "float16": (np.float16(0.5), 0.5),
    "int64": (np.int64(-3), -3),
    "uint8": (np.uint8(200), 200),
    "array of no dimension": (np.array(0.75), 0.75),
    "array of one element": (np.array([[5]]), 5),
    "big-endian": (np.array([1.5], ">f4"), 1.5),
    "tensor": (torch.tensor(0.5), 0.5),
    "whole tensor": (torch.tensor(7), 7),
    "half tensor": (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
    "tensor of one element": (torch.tensor([2.0]), 2.0),
}
NO_NUMBERS = [
    True, np.bool_(True), "1", None, [1], (), {}, 1j, np.complex128(1j), np.str_("1"), np.arange(2),
    torch.arange(2), torch.tensor(True), torch.tensor(1j), pathlib.Path("1"), {1},
]  # fmt: skip


def read_back(save, value):
    return read_file(save({"value": value}))[0]["value"]


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_all_libraries(save, kind):
    value, expected = NUMBERS[kind]
    found = number(read_back(save, value))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number(save, value):
    assert number(read_back(save, value)) is None


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.empty((0, 3)),
     np.arange(4, dtype=">i2"), np.float32(3)],
)  # fmt: skip
def test_arrays(save, array):
    found = numpy_array(read_back(save, array))
    assert found is not None
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([object()]), np.zeros(2, "f4,i4")])
def test_arrays_of_other_things_are_none(save, array):
    if array.dtype == object:
        array[0] = "text"
    assert numpy_array(read_back(save, array)) is None


def test_containers_become_plain(save):
    value = {
        "history": defaultdict(list, {"acc": [np.float64(0.5)]}),
        "last": deque([1, np.int64(2)], maxlen=5),
        "pairs": ((1, "a"), None, True),
    }
    found = plain(read_back(save, value), "it")
    assert found == {"history": {"acc": [0.5]}, "last": [1, 2], "pairs": [[1, "a"], None, True]}


def test_no_message_speaks_of_inner_names(save):
    path = read_back(save, {"a": [pathlib.PurePosixPath("b")]})
    with pytest.raises(CheckpointError, match=r"its 'x' holds an object of class pathlib") as error:
        plain(path, "its 'x'")
    assert "StandIn" not in str(error.value)
    assert kind_of(read_back(save, np.arange(2))) == "a NumPy array or scalar"
    assert kind_of(read_back(save, {})) == "a dict"
    assert kind_of(5) == "a number"


@pytest.mark.parametrize(
    ("best", "expected", "said"),
    [
        (np.float64(0.95), 0.95, ""),
        (torch.tensor(0.5), 0.5, ""),
        (1, 1.0, ""),
        (93.25, 0.9325, "taken as a per cent"),
        (np.float32(50), 0.5, "taken as a per cent"),
        (-1, None, ""),
        (101, None, "no accuracy (101)"),
        (float("nan"), None, "no accuracy (nan)"),
        ("0.95", None, "no accuracy (text)"),
        (pathlib.Path("a"), None, "no accuracy (an object of class pathlib"),
    ],
)
def test_best_accuracies(save, best, expected, said):
    checkpoint = load_checkpoint(save({"net": weights(), "max_test_acc": best}))
    assert checkpoint.max_test_acc == expected
    assert said in " ".join(checkpoint.notes)
    assert bool(said) == bool(checkpoint.notes)


def state_file(save, **changes):
    parameters = [torch.nn.Parameter(v) for k, v in weights().items() if v.is_floating_point()]
    optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 64)
    tree = {
        "net": weights(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": schedule.state_dict(),
        "epoch": 1,
        "max_test_acc": 0.95,
    }
    return save({**tree, **changes})


def test_a_training_state_of_numbers_of_numpy(save):
    state = load_training_state(
        state_file(
            save,
            epoch=np.int64(4),
            max_test_acc=np.float64(0.95),
            max_val_acc=torch.tensor(94.0),
            lr_scheduler={"T_max": np.int64(64), "_last_lr": [np.float64(0.05)], "last_epoch": 5},
            optimizer={"state": {}, "param_groups": [{"lr": torch.tensor(0.5), "params": [0]}]},
        )
    )
    assert state.epoch == 4
    assert state.checkpoint.max_test_acc == 0.95
    assert state.max_val_acc == 0.94
    assert state.lr_scheduler == {"T_max": 64, "_last_lr": [0.05], "last_epoch": 5}
    assert type(state.lr_scheduler["T_max"]) is int
    assert state.optimizer["param_groups"][0]["lr"] == 0.5
    assert type(state.optimizer["param_groups"][0]["lr"]) is float


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("max_test_acc", "0.95", "no accuracy .text."),
        ("max_test_acc", float("nan"), "no accuracy .nan."),
        ("max_test_acc", 1234.5, "no accuracy .1234.5."),
        ("max_val_acc", [0.5], "no accuracy .a list."),
        ("epoch", "1", "after which epoch it was saved .its 'epoch' is text."),
        ("epoch", 1.5, "after which epoch"),
        ("epoch", np.bool_(True), "after which epoch"),
        ("lr_scheduler", {"last_epoch": pathlib.Path("a")}, "its 'lr_scheduler' holds an object"),
        ("optimizer", "none", "its 'optimizer' is text"),
    ],
)
def test_what_cannot_be_read_is_refused_before_training(save, name, value, match):
    path = state_file(save, **{name: value})
    with pytest.raises(CheckpointError, match=match) as error:
        load_training_state(path)
    assert str(error.value).startswith(f"{path}: ")


class Shade(enum.Enum):
    DARK = 1


def test_steps_are_found_among_the_options(save):
    def steps(**beside):
        return load_checkpoint(save({"net": weights(), **beside})).recorded_T

    assert steps(T=np.int64(7)) == 7
    assert steps(args=argparse.Namespace(T=6, lr=0.1)) == 6
    assert steps(hyper_parameters={"time_steps": 9}) == 9
    assert steps(args={"T": 5}, T=5) == 5
    assert steps(cfg={"model": {"T": 3}}) == 3
    assert steps(something={"T": 3}) is None
    assert steps(args={"T": 5}, T=6) is None  # which of them is not said
    assert steps(args=["-T", "5"]) is None
    assert steps(T=0) is None
    assert steps(T=2.5) is None
    assert steps(T="5") is None
    assert stated_steps({"T": float("nan")}) is None


def test_classes_that_are_called_are_refused_by_name(save):
    with pytest.raises(CheckpointError, match=r"calls \S*Shade when it is opened"):
        load_checkpoint(save({"net": weights(), "shade": Shade.DARK}))
