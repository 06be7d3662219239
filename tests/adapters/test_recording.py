"""`record` and `list_layers`: any layer, steps and images, against hooks of a user's own."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import record
from snnviz.errors import ConfigError, ShapeError, SnnvizError


def chain(**settings):
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), neuron.IFNode(**settings), nn.Flatten(), nn.Linear(4 * 8 * 6, 5),
        neuron.LIFNode(v_threshold=0.2),
    )  # fmt: skip


@pytest.fixture
def still():
    return torch.rand(3, 1, 10, 8, generator=torch.Generator().manual_seed(4)) * 3


def stepped(net, still, T, name):
    """What layer `name` gets and emits when the network is stepped by a plain loop."""
    functional.reset_net(net.eval())
    got, emitted = [], []
    handle = net.get_submodule(name).register_forward_hook(
        lambda _, inputs, output: (got.append(inputs[0].clone()), emitted.append(output.clone()))[0]
    )
    with torch.no_grad():
        for t in range(T):
            net(still[t] if still.ndim == 5 else still)
    handle.remove()
    functional.reset_net(net)
    return torch.stack(got).numpy(), torch.stack(emitted).numpy()


def test_drives_are_what_enters_the_layer(still):
    net = chain()
    recording = record(net, still, 6, layers="all", drives=True)
    first, second = (stepped(net, still, 6, name) for name in ("1", "4"))
    assert recording.drives["1"].shape == (3, 4, 8, 6)  # the same at each step: kept once
    assert np.array_equal(recording.drives["1"], first[0][0])
    assert np.array_equal(recording.drives["4"], second[0])
    assert not np.array_equal(second[0][0], second[0][5])
    assert np.array_equal(recording["4"].steps(), second[1])
    assert record(net, still, 6).drives == {}


def test_a_sequence_is_fed_step_by_step(still):
    frames = torch.stack([still * (t % 3) for t in range(7)])
    net = chain()
    for T in (7, 4):
        recording = record(net, frames, T, layers="all", sequence=True, drives=True)
        for name in ("1", "4"):
            drive, spikes = stepped(net, frames[:T], T, name)
            assert np.array_equal(recording[name].steps(), spikes)
            assert np.array_equal(recording.drives[name], drive)
    assert record(net, frames, sequence=True).T == 7
    found = split_encoder(net).encode(frames, sequence=True)
    assert np.array_equal(found.steps(), stepped(net, frames, 7, "1")[1])


@pytest.mark.parametrize("mode", ["s", "m"])
def test_a_sequence_that_is_too_short_is_refused(mode, still):
    net = nn.Sequential(layer.Conv2d(1, 4, 3), neuron.IFNode())
    functional.set_step_mode(net, mode)
    with pytest.raises(ShapeError, match="has 7 steps, T is 8"):
        record(net, torch.stack([still] * 7), 8, sequence=True)


def test_a_sequence_for_a_network_of_all_steps(still):
    frames = torch.stack([still * (t % 3) for t in range(7)])
    net = nn.Sequential(layer.Conv2d(1, 4, 3), neuron.IFNode(v_reset=None))
    functional.set_step_mode(net, "m")
    with torch.no_grad():
        want = net(frames)
    found = record(net, frames, sequence=True)["1"]
    assert np.array_equal(found.steps(), want.numpy())


def test_a_network_that_splits_into_other_steps_is_refused(still):
    class Fours(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.sn = nn.Conv2d(1, 4, 3), neuron.IFNode(step_mode="m")

        def forward(self, x):
            return self.sn(self.conv(x).unflatten(0, (-1, 4)).transpose(0, 1))

    net = Fours()
    with torch.no_grad():
        want = net(still.repeat_interleave(4, 0)).numpy()
    assert np.array_equal(record(net, still, 4)["sn"].steps(), want)
    for T in (2, 6, 12):
        with pytest.raises(SnnvizError, match=r"choose another T|\bT\b"):
            record(net, still, T)


class Thresholding(nn.Module):
    """A layer of a user's own that no framework knows."""

    def forward(self, x):
        return (x > 0.3).to(x)


def test_a_layer_that_no_framework_knows_can_be_named(still):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), Thresholding(), nn.Conv2d(4, 2, 3), neuron.IFNode())
    recording = record(net, still, 5, layers="1")
    with torch.no_grad():
        want = (net[0](still) > 0.3).numpy()
    assert np.array_equal(recording["1"].spikes(), np.stack([want] * 5))
    both = record(net, still, 5, layers=["3", "1"])
    assert list(both) == ["1", "3"]  # in the order in which they are called
    alone = nn.Sequential(nn.Conv2d(1, 4, 3), Thresholding())
    alone[0].load_state_dict(net[0].state_dict())
    assert np.array_equal(record(alone, still, 2, layers="1")["1"].spikes()[0], want)
    with pytest.raises(ConfigError, match=r"0 \(Conv2d\) emits values of both signs"):
        record(net, still, 5, layers="0")


def test_wrong_names_are_answered_with_the_right_ones(still):
    with pytest.raises(ConfigError, match="no layer 'sn'; choose from 1, 4"):
        record(chain(), still, layers="sn")
    idle = chain()
    idle.append(nn.Identity())
    idle[5].unused = neuron.IFNode()
    with pytest.raises(ConfigError, match=r"'5.unused' is not called .* choose from 1, 4"):
        record(idle, still, layers="5.unused")
    with pytest.raises(ConfigError, match="no record of '4'; choose from 1"):
        _ = record(chain(), still)["4"]
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        record(chain(), still, 0)


def test_a_recording_can_be_asked_whether_it_has_a_layer(still):
    recording = record(chain(), still)
    assert "1" in recording
    assert "4" not in recording
    assert recording.get("4") is None


def test_two_records_in_a_row_are_of_their_own_images(still):
    net = chain(v_reset=None)
    one, other = (record(net, still[n : n + 1], 5)["1"].steps() for n in (0, 1))
    both = record(net, still[:2], 5)["1"].steps()
    assert np.array_equal(np.concatenate([one, other], axis=1), both)
    assert not np.array_equal(one, other)
    encoder = split_encoder(net)
    again = [encoder.encode(still[n : n + 1], 5).steps() for n in (0, 1, 0)]
    assert np.array_equal(again[0], one)
    assert np.array_equal(again[1], other)
    assert np.array_equal(again[2], one)


def test_random_networks_are_recorded_with_a_seed():
    net = nn.Sequential(encoding.PoissonEncoder(), nn.Flatten(), neuron.IFNode(v_threshold=2.0))
    grey = torch.full((2, 1, 5, 6), 0.5)
    with pytest.raises(ConfigError, match=r"random numbers .* give snnviz.record a seed"):
        record(net, grey, 8)
    found = [record(net, grey, 8, seed=seed)["2"].steps() for seed in (1, 1, 2)]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    torch.manual_seed(1)
    functional.reset_net(net)
    with torch.no_grad():
        want = torch.stack([net(grey) for _ in range(8)])
    # Few images are filled up to a chunk, so that each draws other numbers than alone.
    assert found[0].sum() == pytest.approx(want.sum().item(), rel=0.3)
    # Layers before the chance are not refused.
    chance = nn.Sequential(nn.AvgPool2d(2), encoding.PoissonEncoder())
    late = nn.Sequential(neuron.IFNode(), nn.Conv2d(1, 1, 2), chance, neuron.IFNode())
    nn.init.constant_(late[1].weight, 0.1)
    assert list(record(late, grey, 3)) == ["0"]
    with pytest.raises(ConfigError, match="3 emits other spikes in every run"):
        record(late, grey, 3, layers="3")


class ChanceBehindSilence(nn.Module):
    """Chance in what neurons get, which are silent for so long that those behind do nothing."""

    def __init__(self):
        super().__init__()
        self.late = neuron.IFNode(v_threshold=4.0)
        self.behind = neuron.IFNode(v_threshold=0.5)

    def forward(self, x):
        return self.behind(self.late(x * (0.5 + torch.rand(len(x), 1, 1, 1))))


def test_neurons_behind_chance_are_random_though_they_happen_to_do_the_same():
    grey = torch.full((2, 1, 5, 6), 1.0)
    with pytest.raises(ConfigError, match="behind emits other spikes in every run"):
        record(ChanceBehindSilence(), grey, 12, layers="behind")
    with pytest.raises(ConfigError, match="late emits other spikes in every run"):
        record(ChanceBehindSilence(), grey, 12, layers="all")


class MixedLater(nn.Module):
    """Its second layer sees an image in the company of the others; so does, through it, the third.

    A normalization without running statistics does that, also in evaluation.
    """

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.first = nn.Conv2d(1, 4, 3), neuron.IFNode(v_threshold=0.2)
        self.norm = nn.BatchNorm2d(4, track_running_stats=False)
        self.second, self.third = neuron.IFNode(v_threshold=0.5), neuron.IFNode(v_threshold=9.0)

    def forward(self, x):
        return self.third(self.second(self.norm(self.first(self.conv(x)))))


class MixedNeurons(neuron.IFNode):
    """Neurons that the others of a batch keep from firing."""

    def forward(self, x):
        return super().forward(x) * (x >= x.amax(0, keepdim=True))


def test_layers_that_mix_the_images_of_a_batch_have_no_record(still):
    recording = record(MixedLater(), still, 6, layers="all")
    assert list(recording) == ["first"]
    assert [note.partition(" is left out: ")[0] for note in recording.notes] == ["second", "third"]
    for name in ("second", "third"):
        with pytest.raises(ConfigError, match=f"{name} does with an image depends on the other"):
            record(MixedLater(), still, 6, layers=name)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), MixedNeurons(v_threshold=0.2))
    for encode in (lambda: record(net, still, 6), lambda: split_encoder(net).encode(still, 6)):
        with pytest.raises(ConfigError, match="1 does with an image depends on the other"):
            encode()


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_a_part_that_torch_compiled_to_a_script_is_run_as_it_is(still):
    torch.manual_seed(2)
    stem = torch.jit.script(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))
    net = nn.Sequential(stem, neuron.LIFNode(v_threshold=0.3), nn.Flatten()).train()
    recording = record(net, still, 5)
    assert stem.training
    assert all(module.training for module in net.modules())
    assert np.array_equal(split_encoder(net).encode(still, 5).steps(), recording["1"].steps())
    assert all(module.training for module in net.modules())
    _, emitted = stepped(net, still, 5, "1")
    assert emitted.any()
    assert np.array_equal(recording["1"].steps(), emitted)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.zeros(0, 1, 10, 8), "no side of 0"),
        (torch.zeros(10), r"must be \[N, ...\]"),
        (torch.zeros(2, 1, 10, 8, dtype=torch.uint8), "divide by 255"),
        (torch.full((2, 1, 10, 8), 200.0), "up to 200; divide by 255"),
        (torch.full((2, 1, 10, 8), torch.inf), "finite"),
        (torch.zeros(2, 3, 10, 8), r"Sequential does not run on images of shape \[3, 10, 8\]"),
    ],
)
def test_images_that_cannot_be_taken_are_refused(wrong, message):
    with pytest.raises(ShapeError, match=message):
        record(chain(), wrong)


class Graded(neuron.IFNode):
    """Its spikes are of a size that depends on the image."""

    def forward(self, x):
        bright = x.amax(dim=tuple(range(1, x.ndim)), keepdim=True) > 1
        return super().forward(x) * torch.where(bright, 0.7, 0.5)


def test_sizes_of_spikes_are_compared_over_all_images():
    net = nn.Sequential(nn.Identity(), Graded())
    dim, bright = torch.full((16, 1, 4, 4), 0.6), torch.full((16, 1, 4, 4), 1.2)
    for images in (dim, bright):  # of one size: spikes
        assert record(net, images, 4)["1"].most == 1
        assert split_encoder(net).encode(images, 4).most == 1
    for run in (record, lambda *given: split_encoder(net).encode(*given[1:])):
        with pytest.raises(ConfigError, match=r"1 \(Graded\) emits analog values such as 0.5 and"):
            run(net, torch.cat([dim, bright]), 4)


@pytest.mark.parametrize("count", [1, 7, 8, 19])
def test_as_many_images_as_always_go_through_at_once(count):
    together = set()
    net = chain()
    net[0].register_forward_hook(lambda _, inputs, __: together.add(len(inputs[0])))
    found = record(net, torch.rand(count, 1, 10, 8), 3)["1"]
    assert found.shape == (count, 4, 8, 6)
    assert together == {2, 8}  # two to try, then always eight
