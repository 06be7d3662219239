"""Running a network and listening: who was called, at which place, with what."""

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.calls import Stop, run, states_in, stopping
from snnviz.adapters.finding import find_layers
from snnviz.adapters.hooks import Listener
from snnviz.adapters.places import places
from snnviz.errors import ConfigError


@pytest.mark.parametrize(
    ("calls", "weighted", "loops", "expected"),
    [
        ("d", "", (), 1),
        ("ad", "a", (), 1),
        ("adbadbadb", "", (), 1),  # three steps
        ("adbdc", "", (), 2),  # two places of one step
        ("adbdcadbdcadbdc", "abc", (), 2),  # two places, three steps
        ("adbdcadbdcadbdc", "", (), 2),  # the same, told by what repeats
        ("adbdcdeadbdcde", "abce", (), 3),
        ("sdbdbdbdb", "sb", (), 1),  # a stem before the loop
        ("sdbdbd", "", (), 3),  # three places of one step, or three steps with code at the last:
        ("sdbdbd", "", (3,), 1),  # the network says that it makes three
        ("sdbdbdbf", "sbf", (), 1),  # a head after the loop
        ("adpdcadpdc", "ac", (), 2),
        ("adadad", "a", (), 1),
    ],
)
def test_places_are_told_from_steps(calls, weighted, loops, expected):
    assert places(calls, "d", weighted, loops) == expected


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
@pytest.mark.parametrize("step", ["ad", "adbdc", "adbdcde", "abd", "dab", "adb"])
def test_places_are_those_of_a_step_however_often_it_is_run(step, steps):
    weighted = set(step) - {"d"}
    assert places(step * steps, "d", weighted) == step.count("d")


def test_the_number_of_steps_is_no_number_of_places():
    # One object at two shapes is two tokens, each at one place.
    calls = [("d", 8), ("a", 8), ("d", 4)] * 3
    assert places(calls, ("d", 8), [("a", 8)]) == places(calls, ("d", 4), [("a", 8)]) == 1


class Twice(nn.Module):
    """One object at two places, called out of the order of its registration."""

    def __init__(self):
        super().__init__()
        self.last, self.act = neuron.LIFNode(), neuron.IFNode()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.last(self.b(self.act(self.a(self.act(x)))))


def listener(net):
    return Listener(net, find_layers(net), keep=lambda call: call)


def test_calls_are_heard_in_their_order_at_their_places():
    net = Twice()
    ear = listener(net)
    x = torch.rand(2, 3) * 2
    with torch.no_grad(), ear.listening():
        calls, returned = ear.run(x, ())
    assert [(call.layer.name, call.place) for call in calls] == [
        ("act", 0),
        ("act", 1),
        ("last", 0),
    ]
    assert torch.equal(returned, calls[2].emitted)
    assert torch.equal(calls[0].drive, x)
    assert torch.equal(calls[1].drive, net.a(calls[0].emitted))
    assert torch.equal(calls[2].drive, net.b(calls[1].emitted))


def test_hooks_are_gone_afterwards_also_after_an_error():
    net = Twice()
    net.b.register_forward_hook(_raise)
    ear = listener(net)
    before = [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()]
    with pytest.raises(ConfigError, match=r"^ValueError: first line$"), ear.listening():
        ear.run(torch.rand(2, 3), ())
    after = [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()]
    assert after == before
    assert sum(after) == 1


def _raise(*_):
    raise ValueError("first line\nsecond line " + "x" * 500)


def test_an_error_of_the_network_is_one_line_of_its_class():
    with pytest.raises(ConfigError) as failed:
        run(nn.Linear(3, 2), torch.zeros(1, 7))
    assert str(failed.value).startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    assert "\n" not in str(failed.value)
    assert isinstance(failed.value.__cause__, RuntimeError)
    silent = nn.Linear(1, 1)
    silent.register_forward_hook(_silent)
    with pytest.raises(ConfigError, match=r"^AssertionError: no message$"):
        run(silent, torch.zeros(1, 1))


def _silent(*_):
    raise AssertionError


def test_memory_that_runs_out_is_no_mistake_of_the_network():
    net = nn.Identity()
    net.register_forward_hook(_out_of_memory)
    with pytest.raises(MemoryError):
        run(net, torch.zeros(1))


def _out_of_memory(*_):
    raise MemoryError


def test_a_run_stops_where_the_layer_would_be_called():
    net = Twice()
    called = []
    net.b.register_forward_hook(lambda *_: called.append(1))
    last = next(layer for layer in find_layers(net) if layer.name == "last")
    x = torch.rand(2, 3) * 2
    with pytest.raises(Stop) as stopped, stopping(last):
        run(net, x)
    assert called == [1]
    assert stopped.value.call.layer is last
    assert stopped.value.call.emitted is None
    assert not isinstance(last.module.v, torch.Tensor)  # it was not run
    net(x)
    assert isinstance(last.module.v, torch.Tensor)  # nothing stops it any more


class Stated(nn.Module):
    """A cell whose states are passed by hand, one of them by name."""

    def __init__(self):
        super().__init__()
        self.sn = neuron.IFNode()

    def forward(self, x, mem=None, *, gain=2.0):
        return self.sn(gain * x), mem if mem is not None else x


def test_states_that_a_network_takes_by_hand_are_those_it_returned():
    net, x = Stated(), torch.ones(1, 2)
    states = states_in(net, run(net, x))
    assert len(states) == 1
    assert torch.equal(states[0], x)
    assert torch.equal(states_in(net, run(net, x, (5 * x,)))[0], 5 * x)
    # What a network returns besides, but takes no argument for, is no state.
    assert states_in(nn.Linear(2, 2), (x, x)) == ()
    assert states_in(net, (x, x, x)) == ()
    assert states_in(net, x) == ()


def test_a_layer_that_returns_no_tensor_or_gets_none_is_named():
    class Wordy(neuron.IFNode):
        def forward(self, x):
            return {"spikes": x}

    class Listed(neuron.IFNode):
        def forward(self, drives):
            return drives[0]

    class Called(nn.Module):
        def __init__(self):
            super().__init__()
            self.sn = Listed()

        def forward(self, x):
            return self.sn([x])

    for net, message in (
        (nn.Sequential(Wordy()), r"0 \(Wordy\) returns dict and no tensor of spikes"),
        (Called(), r"sn \(Listed\) is called without a tensor"),
    ):
        ear = listener(net)
        with pytest.raises(ConfigError, match=message), ear.listening():
            ear.run(torch.ones(1, 2), ())


def test_a_drive_that_is_given_by_name_is_heard():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.sn = neuron.IFNode()

        def forward(self, x):
            return self.sn(x=3 * x)

    net = Named()
    ear = listener(net)
    with ear.listening():
        (call,), _ = ear.run(torch.ones(1, 2), ())
    assert torch.equal(call.drive, torch.full((1, 2), 3.0))
    assert call.arguments == ()


def test_a_run_ends_behind_the_call_that_is_said_to_be_the_last():
    net, called = Twice(), []
    net.b.register_forward_hook(lambda *_: called.append(1))
    ear = Listener(net, find_layers(net), lambda call: call, last=lambda call: call.place == 0)
    with torch.no_grad(), ear.listening():
        calls, returned = ear.run(torch.rand(2, 3) * 2, ())
    assert [(call.layer.name, call.place) for call in calls] == [("act", 0)]
    assert returned is None
    assert called == []
