"""Runs go no further, and over no more steps at once, than what is wanted of them needs."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from snnviz.adapters.feeding import Source
from snnviz.adapters.finding import find_layers
from snnviz.adapters.listening import Trial
from snnviz.adapters.network import split_encoder
from snnviz.adapters.probing import probe
from snnviz.adapters.recording import record
from snnviz.adapters.state import undisturbed

STEPS = []


class Counting(nn.Module):
    """Hands on what it gets, and notes in `STEPS` how many steps that are."""

    def forward(self, x):
        STEPS.append(len(x))
        return x


class Whole(nn.Module):
    """Two layers of neurons that take all steps; what is called between them counts those.

    Args:
        late: The step from which on the drive of the first is another.
        loops: Whether it makes the steps by itself, of an image.
    """

    def __init__(self, late=99, *, loops=False, **settings):
        super().__init__()
        torch.manual_seed(3)
        self.conv, self.first = layer.Conv2d(1, 4, 3), neuron.IFNode(**settings)
        self.between, self.last = Counting(), neuron.LIFNode(v_threshold=0.1)
        functional.set_step_mode(self, "m")
        self.late, self.loops = late, loops
        if loops:
            self.num_steps = 40

    def forward(self, x):
        if self.loops:
            x = x.unsqueeze(0).repeat(self.num_steps, 1, 1, 1, 1)
        drive = self.conv(x)
        drive = torch.cat([drive[: self.late], drive[self.late :] * 0.5])
        return self.last(self.between(self.first(drive)))


@pytest.fixture
def still():
    STEPS.clear()
    return torch.rand(3, 1, 10, 8, generator=torch.Generator().manual_seed(4)) * 3


def truth(net, still, T, name):
    functional.reset_net(net.eval())
    kept = []
    handle = net.get_submodule(name).register_forward_hook(lambda *call: kept.append(call[2]))
    if net.loops:
        net.num_steps = T
    with torch.no_grad():
        net(still if net.loops else still.unsqueeze(0).repeat(T, 1, 1, 1, 1))
    handle.remove()
    functional.reset_net(net)
    STEPS.clear()
    return kept[0].numpy()


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("v_reset", [0.0, None])
def test_a_run_ends_behind_the_last_layer_that_is_wanted(loops, v_reset, still):
    net = Whole(loops=loops, v_reset=v_reset)
    for name in ("first", "last"):
        want = truth(net, still, 9, name)
        if loops:
            net.num_steps = 9
        assert want.any()
        assert np.array_equal(record(net, still, 9, layers=name)[name].steps(), want)
        # Probing takes a few steps; the own run of all goes on where the later layer is wanted.
        assert (max(STEPS) == 9) is (loops or name == "last")
    both = record(net, still, 9, layers="all")
    assert np.array_equal(both["last"].steps(), truth(net, still, 9, "last"))


@pytest.mark.parametrize("v_reset", [0.0, None])
@pytest.mark.parametrize("late", [99, 3])
def test_many_neurons_are_stepped_alone_and_proven(late, v_reset, still, monkeypatch):
    monkeypatch.setattr("snnviz.adapters.stepping._VALUES", 2000)
    net = Whole(late, v_reset=v_reset)
    asked = []
    net.first.register_forward_hook(lambda *call: asked.append(len(call[2])))
    want = truth(net, still, 12, "first")
    asked.clear()
    recording = record(net, still, 12, drives=True)
    assert np.array_equal(recording["first"].steps(), want)
    # A drive that changes late is found by the proof, and the own run is recorded.
    assert (max(asked) < 12) is (late == 99)
    assert recording.drives["first"].ndim == (4 if late == 99 else 5)
    with torch.no_grad():
        drive = net.conv(still.unsqueeze(0)).numpy()
    kept = recording.drives["first"].reshape(-1, *drive.shape[1:])
    assert np.array_equal(kept[0], drive[0])
    assert np.array_equal(split_encoder(net).encode(still, 12).steps(), want)


def found(net, images, T=4):
    layers = find_layers(net)
    with undisturbed(net, {each.framework for each in layers}) as start:
        return probe(Trial(net, layers, start), Source(images), T)


def step_by_step(**settings):
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode(**settings), neuron.LIFNode())


class Noisy(Whole):
    """Its second layer draws random numbers."""

    def forward(self, x):
        return self.last(torch.rand_like(self.first(self.conv(x))))


@pytest.mark.parametrize(
    "make",
    [Whole, lambda: Whole(1), lambda: Whole(loops=True), step_by_step, Noisy],
    ids=["all steps", "changing", "by itself", "one a call", "random"],
)
def test_large_images_are_tried_with_less_and_show_the_same(make, still, monkeypatch):
    usual = found(make(), still)
    wide = max(STEPS, default=0)
    STEPS.clear()
    monkeypatch.setattr("snnviz.adapters.feeding._LARGE", 1)
    large = found(make(), still)
    assert astuple(large.way) == astuple(usual.way)
    assert [(site.name, site.shape) for site in large.sites] == [
        (site.name, site.shape) for site in usual.sites
    ]
    assert (large.first.name, large.still, large.random, large.own_steps) == (
        usual.first.name, usual.still, usual.random, usual.own_steps,
    )  # fmt: skip
    assert not STEPS or max(STEPS) == 1 < wide  # behind the first layer


@pytest.mark.parametrize("once", [True, False])
def test_an_object_at_two_places_runs_to_the_end(once, still):
    class Twice(Whole):
        def forward(self, x):
            return self.first(self.between(self.first(self.conv(x))) * (1 - once))

    net = Twice()
    want = truth(net, still, 6, "first")
    assert np.array_equal(record(net, still, 6)["first"].steps(), want)
    assert max(STEPS) == 6
