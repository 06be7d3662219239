"""A network as it was found, whatever a run does to it; and copies that are faithful."""

import random

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.frameworks.spikingjelly import FRAMEWORK
from snnviz.adapters.state import Start, copy_network, tensors_of, undisturbed
from tests.adapters.photographs import photograph


class Messy(nn.Module):
    """Leaves traces of every kind when it is run."""

    def __init__(self):
        super().__init__()
        self.fc, self.sn, self.norm = nn.Linear(3, 3), neuron.IFNode(), nn.BatchNorm1d(3)
        self.register_buffer("seen", torch.zeros(2))
        self.register_buffer("replaced", torch.zeros(2))
        self.number, self.list, self.dict, self.gone = 1, [1], {"a": 1}, "here"
        self.plain = torch.tensor([1.0, -0.0, float("nan")])
        self.inside = [torch.zeros(2)]
        self.train()

    def forward(self, x):
        self.replaced = self.replaced + 1
        self.number += 1
        self.list.append(2)
        self.dict["b"] = 2
        self.new = 3
        self.__dict__.pop("gone", None)
        self.register_forward_hook(lambda *_: None)
        random.random()
        np.random.random()  # noqa: NPY002
        torch.rand(1)
        return self.sn(self.norm(self.fc(x)))


class InPlace(Messy):
    """Also writes into what it holds."""

    def __init__(self):
        super().__init__()
        self.plain = torch.tensor([1.0, -0.0])

    def forward(self, x):
        self.seen += 1
        self.plain.mul_(2)
        self.inside[0].add_(1)
        return super().forward(x)


def traced(net, runs, *, fail=False):
    """What is different in the network after `runs` runs, each from its start."""
    net.sn(torch.full((2, 3), 0.7))  # a state from before
    before = photograph(net)
    with undisturbed(net, [FRAMEWORK]) as start:
        for _ in range(runs):
            start.begin()
            net(torch.rand(2, 3))
        if fail:
            raise ValueError("within")
    after = photograph(net)
    return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


@pytest.mark.parametrize("runs", [0, 1, 3])
def test_nothing_is_left_of_a_run(runs):
    assert traced(Messy(), runs) == []


@pytest.mark.parametrize("runs", [1, 3])
def test_what_is_written_in_place_is_put_back(runs):
    assert traced(InPlace(), runs) == []


def test_nothing_is_left_after_an_error():
    net = Messy()
    net.sn(torch.full((2, 3), 0.7))
    before = photograph(net)
    with pytest.raises(ValueError, match="within"):
        traced_error(net)
    after = photograph(net)
    assert {
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    } == set()


def traced_error(net):
    with undisturbed(net, [FRAMEWORK]) as start:
        start.begin()
        net(torch.rand(2, 3))
        raise ValueError("within")


class Ticking(nn.Module):
    """Its buffer counts the calls in place."""

    def __init__(self):
        super().__init__()
        self.register_buffer("tick", torch.zeros(1))

    def forward(self, x):
        self.tick += 1
        return x * self.tick


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_each_run_begins_as_the_network_was_found(runs):
    net = Ticking()
    net(torch.ones(1))
    with undisturbed(net, [FRAMEWORK]) as start:
        for _ in range(runs):
            start.begin()
            assert [net(torch.ones(1)).item() for _ in range(2)] == [2, 3]


def test_a_negative_zero_is_put_back():
    net = nn.Module()
    net.state = torch.tensor([-0.0])
    with undisturbed(net, []):
        net.state.zero_()
    assert torch.signbit(net.state).all()


def test_a_parameter_that_a_run_changes_is_put_back():
    class Clamped(nn.Linear):
        def forward(self, x):
            self.weight.data.clamp_(-0.1, 0.1)
            return super().forward(x)

    net = Clamped(3, 3)
    before = net.weight.detach().clone()
    with undisturbed(net, []):
        net(torch.rand(1, 3))
    assert torch.equal(net.weight, before)


def test_a_start_resets_neurons_and_switches_to_evaluation():
    net = nn.Sequential(nn.Dropout(), neuron.IFNode())
    net.train()  # also the surrogate function, which all neurons share where none is given
    net[1](torch.full((2, 3), 0.7))
    start = Start(net, [FRAMEWORK])
    start.begin()
    assert not any(module.training for module in net.modules())
    assert net[1].v == 0.0
    start.restore()
    assert all(module.training for module in net.modules())
    assert torch.equal(net[1].v, torch.full((2, 3), 0.7))


def test_runs_draw_the_same_numbers_for_the_same_seed():
    net = nn.Identity()
    drawn = []
    with undisturbed(net, []) as start:
        for seed in (3, 3, 4):
            start.begin(seed)
            drawn.append((random.random(), np.random.random(), torch.rand(1).item()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert all(a != b for a, b in zip(drawn[0], drawn[2], strict=True))


def test_no_gradients_are_computed_in_between():
    net = nn.Linear(2, 2)
    with undisturbed(net, []):
        assert not net(torch.ones(1, 2)).requires_grad
    assert net(torch.ones(1, 2)).requires_grad


def test_a_copy_shares_nothing_and_is_the_same():
    net = Messy()
    copied = copy_network(net)
    assert copied is not net
    assert type(copied) is Messy
    with torch.no_grad():
        net.fc.weight.zero_()
        net.sn.v_threshold = 9.0
    net.list.append("more")
    assert copied.fc.weight.any()
    assert copied.sn.v_threshold == 1.0
    assert copied.list == [1]


def test_a_state_that_is_part_of_a_graph_is_copied_without_it():
    net = nn.Sequential(nn.Linear(3, 3), neuron.IFNode())
    net(torch.rand(2, 3))  # leaves a potential that a gradient would flow through
    assert net[1].v.grad_fn is not None
    copied = copy_network(net)
    assert copied is not net
    assert torch.equal(copied[1].v, net[1].v)
    assert copied[1].v.grad_fn is None


def test_a_copy_gets_back_what_its_class_loses():
    class Forgetful(nn.Linear):
        def __deepcopy__(self, memo):
            del memo
            return Forgetful(self.in_features, self.out_features)

    net = nn.Sequential(Forgetful(2, 2))
    net[0].setting, net[0].flag = 7, True
    net[0].register_forward_hook(lambda *_: None)
    net.eval()
    (copied,) = copy_network(net)
    assert (copied.setting, copied.flag, copied.training) == (7, True, False)
    assert len(copied._forward_hooks) == 1


@pytest.mark.filterwarnings("ignore")
def test_copies_of_sinabs_keep_their_settings():
    layers = pytest.importorskip("sinabs.layers", reason="sinabs is not installed: .[frameworks]")
    alif = layers.ALIF(
        tau_mem=torch.tensor(5.0), tau_adapt=torch.tensor(2.0), norm_input=False
    ).eval()
    alif.register_forward_hook(lambda *_: None)
    copied = copy_network(nn.Sequential(alif).eval())[0]
    assert copied is not alif
    assert copied.norm_input is False
    assert len(copied._forward_hooks) == 1
    assert not copied.training


def test_what_cannot_be_copied_is_handed_back():
    class Stubborn(nn.Module):
        def __deepcopy__(self, memo):
            raise RuntimeError("no")

    class Other(nn.Module):
        def __deepcopy__(self, memo):
            return nn.Identity()

    for net in (nn.Sequential(Stubborn()), nn.Sequential(Other())):
        assert copy_network(net) is net


def test_tensors_are_found_in_lists_and_dicts_but_parameters_are_not():
    net = nn.Linear(2, 2)
    net.register_buffer("a", torch.zeros(1))
    net.b, net.c, net.d = torch.ones(1), [torch.ones(2)], {"e": torch.ones(3), "f": 1}
    assert sorted(tensor.numel() for tensor in tensors_of(net)) == [1, 1, 2, 3]
