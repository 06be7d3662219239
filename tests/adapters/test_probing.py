"""How a network takes images: found by trying, and not taken as what it is not."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron
from torch import nn

from snnviz.adapters.feeding import Source
from snnviz.adapters.finding import find_layers
from snnviz.adapters.listening import Trial, Way
from snnviz.adapters.network import split_encoder
from snnviz.adapters.probing import NoWayError, probe
from snnviz.adapters.recording import record
from snnviz.adapters.state import undisturbed
from snnviz.errors import ConfigError, ShapeError


def found(net, images=None, T=4, *, sequence=False):
    """What probing finds of a network."""
    if images is None:
        images = torch.rand(3, 1, 6, 5, generator=torch.Generator().manual_seed(2)) * 2
    layers = find_layers(net)
    with undisturbed(net, {each.framework for each in layers}) as start:
        return probe(Trial(net, layers, start), Source(images, sequence), T)


def body(mode="s", **settings):
    torch.manual_seed(1)
    net = nn.Sequential(layer.Conv2d(1, 4, 3), neuron.IFNode(**settings), layer.Conv2d(4, 2, 3))
    functional.set_step_mode(net, mode)
    return net


class Wrapped(nn.Module):
    """A body, and something done with the axes around it."""

    def __init__(self, before, mode="s", **settings):
        super().__init__()
        self.body, self.before = body(mode, **settings), before

    def forward(self, x):
        return self.body(self.before(x))


@pytest.mark.parametrize(
    ("net", "feed"),
    [
        (body(), "image"),
        (body("m"), "time first"),
        (Wrapped(lambda x: x.transpose(0, 1), "m"), "images first"),
        (Wrapped(lambda x: x.unflatten(0, (-1, 4)).transpose(0, 1), "m"), "together"),
        (Wrapped(lambda x: x.unflatten(0, (4, -1)), "m"), "steps together"),
    ],
    ids=["one a call", "[T, N, ...]", "[N, T, ...]", "[N*T, ...]", "[T*N, ...]"],
)
def test_axes_are_found(net, feed):
    way = found(net).way
    assert way == Way(feed, steps=4 if feed == "steps together" else None)


def test_two_images_that_are_equal_are_told_apart():
    still = torch.rand(1, 1, 6, 5).repeat(2, 1, 1, 1)
    for net, feed in ((body(), "image"), (body("m"), "time first")):
        assert found(net, still).way.feed == feed
        assert found(net, still[:1]).way.feed == feed
        assert found(net, torch.zeros(2, 1, 6, 5)).way.feed == feed


def test_as_many_images_as_steps_do_not_confuse_the_axes():
    net = Wrapped(lambda x: x.transpose(0, 1), "m")
    assert found(net, torch.rand(2, 1, 6, 5), T=2).way.feed == "images first"
    assert found(body("m"), torch.rand(3, 1, 6, 5), T=3).way.feed == "time first"


def test_a_row_of_numbers_is_tried_where_an_image_does_not_fit():
    net = nn.Sequential(nn.Linear(30, 4), neuron.IFNode())
    assert found(net).way.flat
    assert found(net).sites[0].shape == (4,)
    assert not found(nn.Sequential(nn.Flatten(), *net)).way.flat


class Looping(nn.Module):
    """Loops over time by itself, over as many steps as it says or as it always does."""

    def __init__(self, *, said):
        super().__init__()
        self.conv, self.sn, self.said = nn.Conv2d(1, 2, 3), neuron.IFNode(), said
        if said:
            self.num_steps = 7

    def forward(self, x):
        steps = self.num_steps if self.said else 7
        return sum(self.sn(self.conv(x)) for _ in range(steps)) / steps


@pytest.mark.parametrize("said", [True, False])
def test_a_loop_over_time_is_found_with_what_counts_it(said):
    net = Looping(said=said)
    way = found(net).way
    assert (way.feed, way.loops, way.steps) == ("image", True, 7)
    assert way.timers == ((("", "num_steps"),) if said else ())
    assert found(net).own_steps == 7
    assert not said or net.num_steps == 7


def test_the_first_layer_is_the_first_that_is_called():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.late, self.early = neuron.LIFNode(), neuron.IFNode()
            self.unused = neuron.IFNode()

        def forward(self, x):
            return self.late(self.early(x).mean((1, 2, 3), keepdim=True))

    seen = found(Turned())
    assert seen.first.name == "early"
    assert [(site.name, site.shape) for site in seen.sites] == [
        ("early", (1, 6, 5)),
        ("late", (1, 1, 1)),
    ]


class Changing(nn.Module):
    """Its drive is another at step `at`."""

    def __init__(self, at):
        super().__init__()
        self.conv, self.sn, self.t, self.at = nn.Conv2d(1, 2, 3), neuron.IFNode(), 0, at

    def forward(self, x):
        self.t += 1
        return self.sn(self.conv(x) * (2.0 if self.t - 1 == self.at else 1.0))


@pytest.mark.parametrize(("at", "still"), [(0, False), (1, False), (2, False), (99, True)])
def test_a_drive_that_changes_is_not_still(at, still):
    assert found(Changing(at)).still is still


def test_a_sequence_is_as_still_as_it_is():
    frames = torch.rand(3, 2, 1, 6, 5)
    assert not found(body(), frames, 3, sequence=True).still
    assert found(body(), frames[:1].repeat(3, 1, 1, 1, 1), 3, sequence=True).still


def test_chance_is_found_where_it_reaches():
    half = nn.Sequential(nn.AvgPool2d(2), encoding.PoissonEncoder())
    first = nn.Sequential(encoding.PoissonEncoder(), neuron.IFNode())
    assert found(first, torch.full((2, 1, 6, 5), 0.5)).random == {"1"}
    late = nn.Sequential(neuron.IFNode(), half, neuron.IFNode())
    late[1][0].divisor_override = 8  # spikes of a half: a Poisson encoder draws
    assert found(late, torch.ones(2, 1, 6, 5)).random == {"2"}
    assert found(body()).random == set()


def test_what_depends_on_the_rest_of_the_batch_is_refused():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False), neuron.IFNode()
    )
    with pytest.raises(ConfigError, match="gets of an image depends on the other images"):
        found(net)


def test_images_that_do_not_fit_are_named_with_what_the_network_said():
    with pytest.raises(NoWayError) as failed:
        found(body(), torch.rand(2, 3, 6, 5))
    sentence = str(failed.value)
    assert sentence.startswith("Sequential does not run on images of shape [3, 6, 5], neither one")
    assert "expected input[2, 3, 6, 5] to have 1 channels" in sentence
    assert sentence.endswith("check their size and channels, and T")
    assert "\n" not in sentence


def test_a_drive_that_is_not_finite_is_refused():
    net = body()
    net[0].weight.data.fill_(torch.nan)
    with pytest.raises(ShapeError, match="the drive is not finite"):
        found(net)


def test_a_fixed_number_of_steps_is_found():
    net = nn.Sequential(layer.Conv2d(1, 2, 3), neuron.PSN(T=5))
    functional.set_step_mode(net, "m")
    way = found(net, T=4).way
    assert (way.feed, way.steps) == ("time first", 5)


@pytest.mark.filterwarnings("ignore")
def test_a_fixed_number_of_images_is_found():
    layers = pytest.importorskip("sinabs.layers", reason="sinabs is not installed: .[frameworks]")
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layers.IAFSqueeze(batch_size=3))
    way = found(net, torch.rand(5, 1, 6, 5)).way
    assert (way.feed, way.batch, way.steps) == ("together", 3, None)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layers.IAFSqueeze(num_timesteps=6))
    way = found(net).way
    assert (way.feed, way.batch, way.steps) == ("together", None, 6)


class Told(nn.Module):
    """Loops over as many steps as it is told."""

    def __init__(self):
        super().__init__()
        self.body = body()

    def loop(self, x, number):
        functional.reset_net(self)
        return sum(self.body(x) for _ in range(number))


class ByPosition(Told):
    def forward(self, x, T):
        return self.loop(x, T)


class ByAnyName(Told):
    def forward(self, x, how_long):
        return self.loop(x, how_long)


class ByDefault(Told):
    def forward(self, x, num_steps=6):
        return self.loop(x, num_steps)


class ByKeyword(Told):
    def forward(self, x, *, timesteps=6):
        return self.loop(x, timesteps)


@pytest.mark.parametrize("made", [ByPosition, ByAnyName, ByDefault, ByKeyword])
@pytest.mark.parametrize("T", [1, 3, 8])
def test_a_network_is_told_the_number_of_steps_in_a_parameter(made, T):
    images = torch.rand(3, 1, 6, 5, generator=torch.Generator().manual_seed(2)) * 2
    net, plain = made(), body()
    expected = np.zeros((T, 3, 4, 4, 3), bool)
    with torch.no_grad():
        for t in range(T):
            expected[t] = plain[:2](images).numpy()
    recording = record(net, images, T)
    assert expected.any()
    assert np.array_equal(recording["body.1"].steps(), expected)
    assert np.array_equal(split_encoder(net).encode(images, T).steps(), expected)


def test_a_default_is_the_number_of_steps_where_none_is_given():
    images = torch.rand(2, 1, 6, 5)
    assert record(ByDefault(), images).T == 6
    assert record(ByPosition(), images).T == 4


class OfAPart(Told):
    """Its second parameter says which class is meant, and it loops over three steps."""

    def forward(self, x, label):
        return self.loop(x, 3) * label


def test_a_parameter_that_does_not_tell_steps_is_none_for_them():
    with pytest.raises(NoWayError, match=r"3 steps whatever label is|3 steps arrive"):
        found(OfAPart())
