"""`NetworkEncoder`: the neurons alone are as good as the network, or the network itself is run."""

import warnings

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.errors import ConfigError, ShapeError


@pytest.fixture
def still():
    return torch.rand(3, 1, 10, 8, generator=torch.Generator().manual_seed(4)) * 3


def chain(**settings):
    torch.manual_seed(2)
    return nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode(**settings))


def own_run(net, still, T, name):
    """What the layer emits in the network's own run, a step a call."""
    functional.reset_net(net.eval())
    emitted = []
    handle = net.get_submodule(name).register_forward_hook(
        lambda _, __, output: emitted.append(output.clone())
    )
    with torch.no_grad():
        for _ in range(T):
            net(still)
    handle.remove()
    return torch.stack(emitted).numpy()


class Feedback(nn.Module):
    """Its spikes come back into its drive."""

    def __init__(self):
        super().__init__()
        self.conv, self.back = nn.Conv2d(1, 4, 3, bias=False), nn.Conv2d(4, 4, 3, padding=1)
        self.sn, self.spikes = neuron.IFNode(), None

    def forward(self, x):
        back = 0 if self.spikes is None else self.back(self.spikes) - self.back.bias.view(4, 1, 1)
        self.spikes = self.sn(self.conv(x) + back)
        return self.spikes


def test_feedback_is_recorded_from_the_networks_own_run(still):
    torch.manual_seed(0)
    net = Feedback()
    want = own_run(net, still, 8, "sn")
    net.spikes = None
    assert np.array_equal(split_encoder(net).encode(still, 8).steps(), want)


@pytest.mark.parametrize("apart", [True, False])
def test_feedback_that_the_first_images_do_not_show_is_found(apart, still):
    torch.manual_seed(0)
    net = Feedback()
    dim = torch.full((8, 1, 10, 8), 0.05)  # too little for a spike in eight steps
    images = torch.cat([dim, still])
    want = own_run(net, images, 8, "sn")
    net.spikes = None
    encoder = split_encoder(net)
    parts = (dim, still) if apart else (images,)
    found = np.concatenate([encoder.encode(part, 8).steps() for part in parts], axis=1)
    assert not want[:, :8].any()
    assert np.array_equal(found, want)


class LateFeedback(nn.Module):
    """Its drive is still for so many steps, and then no longer."""

    def __init__(self, after):
        super().__init__()
        self.conv, self.sn, self.after = nn.Conv2d(1, 4, 3), neuron.IFNode(v_threshold=2.0), after
        self.t = 0

    def forward(self, x):
        self.t += 1
        return self.sn(self.conv(x) + 0.5 * (self.t > self.after))


def test_a_drive_that_changes_late_is_caught_and_told_in_one_line(still):
    torch.manual_seed(0)
    net = LateFeedback(after=5)
    want = own_run(net, still, 9, "sn")
    net.t = 0
    encoder = split_encoder(net)
    with pytest.warns(UserWarning, match="which is recorded instead") as told:
        found = encoder.encode(still, 9)
    assert len(told) == 1
    assert str(told[0].message) == (
        "stepped alone, sn (IFNode) emits other spikes than in the network's own run, which is "
        "recorded instead"
    )
    assert np.array_equal(found.steps(), want)
    net.t = -100
    assert not np.array_equal(own_run(net, still, 9, "sn"), want)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = encoder.encode(still[:1], 9)  # once told is enough
        short = encoder.encode(still, 4)  # in which nothing changes
    assert np.array_equal(again.steps(), want[:, :1])
    assert np.array_equal(short.steps(), want[:4])


def test_what_is_told_points_at_the_line_that_encodes(still):
    encoder = split_encoder(LateFeedback(after=5))
    with pytest.warns(UserWarning, match="which is recorded instead") as told:
        encoder.encode(still, 9)
    assert told[0].filename == __file__


def test_where_all_is_well_nothing_is_said(still):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for settings in ({}, {"v_reset": None}, {"v_threshold": 0.3, "v_reset": -0.2}):
            net = chain(**settings)
            found = split_encoder(net).encode(still, 9)
            assert np.array_equal(found.steps(), own_run(net, still, 9, "1"))


def test_an_object_at_two_places_is_recorded_at_its_first(still):
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.act = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1), neuron.IFNode()

        def forward(self, x):
            return self.act(4 * self.b(self.act(4 * self.a(x))))

    torch.manual_seed(0)
    net = Shared()
    want = own_run(net, still, 8, "act")[0::2]
    with pytest.warns(UserWarning, match="stepped alone, act") as told:
        found = split_encoder(net).encode(still, 8)
    assert len(told) == 1
    assert np.array_equal(found.steps(), want)
    assert 0 < want.mean() < 1


def fixed_behind():
    """A network whose last layer fits images of 28 x 28 alone."""
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), neuron.LIFNode(v_threshold=0.2), nn.Flatten(), nn.Linear(4 * 26 * 26, 3)
    )


@pytest.mark.parametrize("size", [(20, 31), (40, 28)])
def test_images_that_only_the_first_layers_take_are_recorded(size):
    net = fixed_behind()
    images = torch.rand(3, 1, *size, generator=torch.Generator().manual_seed(1))
    encoder = split_encoder(net)
    found = encoder.encode(images, 6)
    want = own_run(net[:2], images, 6, "1")
    assert found.shape == (3, 4, size[0] - 2, size[1] - 2)
    assert np.array_equal(found.steps(), want)
    assert 0 < want.mean() < 1
    usual = torch.rand(2, 1, 28, 28)
    assert np.array_equal(encoder.encode(usual, 6).steps(), own_run(net[:2], usual, 6, "1"))
    with pytest.raises(ShapeError, match=r"1 is not reached with images of shape \[3, 20, 20\]"):
        encoder.encode(torch.rand(2, 3, 20, 20), 6)


def test_the_drive_is_what_enters_the_neurons(still):
    net = chain()
    with torch.no_grad():
        want = net[0](still)
    encoder = split_encoder(net)
    assert torch.equal(encoder.drive(still), want)
    assert torch.equal(encoder.drive(still[1:2]), want[1:2])
    with pytest.raises(ConfigError, match="input current of sn changes with t"):
        split_encoder(LateFeedback(after=1)).drive(still)


def test_another_layer_can_be_the_encoder(still):
    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode(), nn.Conv2d(4, 2, 3), neuron.IFNode())
    net[2].weight.data.mul_(4)
    found = split_encoder(net, "3").encode(still, 7)
    assert np.array_equal(found.steps(), own_run(net, still, 7, "3"))
    assert found.shape == (3, 2, 6, 4)
    assert 0 < found.count(6).mean() < 7


def test_it_knows_its_shape_channels_and_neurons(still):
    encoder = split_encoder(chain(v_threshold=0.5, v_reset=None))
    encoder.prepare(still)
    assert encoder.layer == "1"
    assert encoder.shape == (4, 8, 6)
    assert (encoder.channels, encoder.in_channels) == (4, 1)
    assert encoder.integrates() == (0.5, None)
    assert encoder.neurons == "IFNode of SpikingJelly"
    assert not encoder.is_renewal
    linear = split_encoder(nn.Sequential(nn.Flatten(), nn.Linear(80, 9), neuron.LIFNode()))
    linear.prepare(still)
    assert linear.shape == (9,)
    assert linear.channels == 9
    assert linear.integrates() is None
    with pytest.raises(ConfigError, match="drawn for SpikingJelly's IFNode, not for LIFNode of"):
        linear.membrane_parameters()


@pytest.mark.parametrize(("settings", "each"), [({}, 1), ({"v_reset": None}, 1 + 2)])
def test_the_size_of_a_record_is_foreseen(settings, each, still):
    encoder = split_encoder(chain(**settings))
    found = encoder.encode(still, 12)
    bytes_ = found.first_spike.nbytes + (0 if found._packed is None else found._packed.nbytes)
    assert encoder.record_size((10, 8), 12) * 3 == bytes_
    assert bytes_ == 3 * 4 * 8 * 6 * each
    assert encoder.record_size((20, 16), 12) == 4 * encoder.record_size((10, 8), 12)


def test_steps_are_those_told_or_those_of_the_network_or_four(still):
    net = chain()
    assert split_encoder(net).encode(still).T == 4
    net.T = 6
    assert split_encoder(net).encode(still).T == 6
    assert split_encoder(net).encode(still, 3).T == 3
    for wrong in (0, -1):
        with pytest.raises(ConfigError, match=f"at least 1, got {wrong}"):
            split_encoder(net).encode(still, wrong)


def test_a_network_of_some_steps_is_stepped_further_alone_or_refused(still):
    net = nn.Sequential(layer.Conv2d(1, 4, 3), neuron.PSN(T=5))
    functional.set_step_mode(net, "m")
    with torch.no_grad():
        net[1].weight.mul_(3)
        want = net(torch.stack([still] * 5)).numpy()
    encoder = split_encoder(net)
    assert np.array_equal(encoder.encode(still, 5).steps(), want)
    with pytest.raises(ConfigError, match=r"T"):
        encoder.encode(still, 7)


def test_the_encoder_is_a_copy_and_says_so_where_it_is_none(still):
    net = chain()
    encoder = split_encoder(net)
    before = encoder.encode(still, 5).steps()
    net[0].weight.data.zero_()
    assert np.array_equal(encoder.encode(still, 5).steps(), before)

    class Stubborn(nn.Sequential):
        def __deepcopy__(self, memo):
            raise RuntimeError("no")

    with pytest.warns(UserWarning, match="Stubborn cannot be copied faithfully") as told:
        encoder = split_encoder(Stubborn(*chain()))
    assert len(told) == 1
    assert np.array_equal(encoder.encode(still, 5).steps(), before)


def test_it_moves(still):
    encoder = split_encoder(chain())
    moved = encoder.to("cpu")
    assert moved is not encoder
    assert moved.device == torch.device("cpu")
    assert np.array_equal(moved.encode(still, 5).steps(), encoder.encode(still, 5).steps())


def test_questions_before_images_are_answered_from_images_of_a_usual_size():
    encoder = split_encoder(fixed_behind())
    assert encoder.kernels.shape == (4, 1, 3, 3)
    assert encoder.channels == 4
    odd = split_encoder(nn.Sequential(nn.Flatten(), nn.Linear(17 * 17, 3), neuron.IFNode()))
    with pytest.raises(ConfigError, match="takes no images of 28 to 224 pixels a side: encode"):
        _ = odd.channels


@pytest.mark.parametrize("T", [1, 9, 300])
def test_layers_of_all_steps_are_stepped_in_blocks(T, still, monkeypatch):
    monkeypatch.setattr("snnviz.adapters.stepping._VALUES", 2000)  # a block of a few steps
    net = chain(v_reset=None)
    functional.set_step_mode(net[1], "m")
    whole = nn.Sequential(layer.Conv2d(1, 4, 3, step_mode="m"), net[1])
    whole[0].load_state_dict(net[0].state_dict())
    with torch.no_grad():
        want = whole(torch.stack([still] * T)).numpy()
    functional.reset_net(whole)
    assert np.array_equal(split_encoder(whole).encode(still, T).steps(), want)
