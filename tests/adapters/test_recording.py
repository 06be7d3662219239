"""`record` and `list_layers`: any layer, steps and images, against hooks of a user's own."""

from collections import defaultdict

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import list_layers, record
from snnviz.errors import ConfigError, ShapeError, SnnvizError
from tests.adapters.catalogue import expected
from tests.adapters.zoo import MISSING, NETWORKS, images

pytestmark = pytest.mark.filterwarnings("ignore")

BY_NAME = {network.name: network for network in NETWORKS}
# Zoos' networks are large, and take their time.
FREE = [
    network
    for network in NETWORKS
    if not network.refused
    and "loop" not in network.form
    and network.origin in {"constructor", "own module"}
]
# A residual, a shortcut, several axes, cells, states by hand, a loop, functional code.
SEVERAL = [
    "spikingjelly/sew_resnet18_add",
    "spikingjelly/ms_resnet18",
    "spikingjelly/spikformer",
    "snntorch/two_branches",
    "snntorch/conv_tutorial",
    "snntorch/residual",
    "norse/convnet",
    "norse/residual",
    "norse/task_mnist",
    "sinabs/iaf",
    "sinabs/converted_steps",
]


def by_name(*names):
    found = [BY_NAME[name] for name in names if name in BY_NAME]
    return pytest.mark.parametrize("network", found, ids=lambda network: network.name)


def heard(network, net, still, T):
    """What each module emits in the user's own run, call by call, the first called first."""
    found = defaultdict(list)

    def hook(name):
        def keep(_, __, output):
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, torch.Tensor):
                found[name].append(first.detach().clone())

        return keep

    for name, module in net.named_modules():
        module.register_forward_hook(hook(name))
    with torch.no_grad():
        network.run(net.eval(), still, T)
    return found


@pytest.mark.parametrize("network", FREE[1::4], ids=lambda network: network.name)
def test_another_number_of_steps_is_right_or_refused(network):
    T = network.T + 3
    try:
        want = expected(network, 3, T)
    except Exception:  # noqa: BLE001 - its framework cannot run it so
        with pytest.raises(SnnvizError, match=r"\bT\b"):
            record(network.build(), images(network), T)
        return
    (found,) = record(network.build(), images(network), T).values()
    assert np.array_equal(found.steps(), want)
    assert np.array_equal(split_encoder(network.build()).encode(images(network), T).steps(), want)


def test_an_encoder_of_a_loop_makes_more_steps_than_the_loop():
    network = BY_NAME["spikingjelly/own/static_encoder_lif"]
    encoder = split_encoder(network.build())
    longer = encoder.encode(images(network), 3 * network.T).steps()
    assert np.array_equal(longer[: network.T], expected(network))
    assert longer[network.T :].any()


@by_name(*SEVERAL)
def test_all_layers_emit_what_hooks_hear(network):
    N, T = 3, network.T
    recording = record(network.build(), images(network, N), T, layers="all")
    net = network.build()
    calls = heard(network, net, images(network, N), T)
    kinds = dict(net.named_modules())
    assert len(recording) > 1
    assert [info.name for info in recording.layers] == list(recording)
    names = list(recording)
    assert names == [name for name in calls if name in names]
    for info in recording.layers:
        found, steps = recording[info.name], calls[info.name]
        if len(steps) == T > 1:
            want = torch.stack(steps)
        elif network.framework == "sinabs":
            want = steps[0].reshape(N, T, *info.shape).transpose(0, 1)
        else:
            want = steps[0].reshape(T, N, *info.shape)
        assert found.shape == (N, *info.shape)
        assert type(kinds[info.name]).__name__ == info.kind
        assert np.array_equal(found.steps(), want.double().numpy()), info.name
    assert sum(info.first for info in recording.layers) == 1
    assert next(info.name for info in recording.layers if info.first) == network.layer
    assert list_layers(network.build(), images(network, 2), T) == recording.layers


SHORT = pytest.mark.xfail(
    reason="a network of one step a call raises IndexError at the end of a sequence", strict=True
)


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


@pytest.mark.parametrize("mode", [pytest.param("s", marks=SHORT), "m"])
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


@pytest.mark.xfail(reason="asks for the record, and raises ConfigError", strict=True)
def test_a_recording_can_be_asked_whether_it_has_a_layer(still):
    recording = record(chain(), still)
    assert "1" in recording
    assert "4" not in recording
    assert recording.get("4") is None


@by_name("spikingjelly/own/shared", "norse/shared_cell", "snntorch/shared_neuron")
def test_an_object_at_two_places_has_two_records(network):
    T, N = network.T, 3
    recording = record(network.build(), images(network, N), T, layers="all")
    places = [name for name in recording if name.partition("#")[0] == network.layer]
    assert places == [network.layer, f"{network.layer}#2"]
    calls = heard(network, network.build(), images(network, N), T)[network.layer]
    wants = [calls[0::2], calls[1::2]] if len(calls) == 2 * T else [calls[:1], calls[1:]]
    for name, want in zip(places, wants, strict=True):
        stacked = torch.stack(want) if len(want) == T else want[0]
        assert np.array_equal(recording[name].steps(), stacked.numpy()), name
    assert not np.array_equal(recording[places[0]].steps(), recording[places[1]].steps())
    second = record(network.build(), images(network, N), T, layers=places[1])
    assert np.array_equal(second[places[1]].steps(), recording[places[1]].steps())


# Their last bits depend on how many images are computed at once, but for chunks of one size.
WIDE = ["spikingjelly/sew_resnet18_add", "norse/mobilenet_v2", "sinabs/iaf_squeeze_three",
        "snntorch/leaky_subtract", "spikingjelly/node/psn"]  # fmt: skip


@by_name(*WIDE)
def test_an_image_has_one_record_in_whatever_company(network):
    many = images(network, 40)
    for run in (
        lambda some: next(iter(record(network.build(), some, network.T).values())),
        lambda some: split_encoder(network.build()).encode(some, network.T),
    ):
        together = run(many).steps()
        assert together.shape[1] == 40
        for part in (slice(0, 1), slice(13, 20), slice(39, 40)):
            assert np.array_equal(run(many[part]).steps(), together[:, part])
        turned = run(many.flip(0)).steps()
        assert np.array_equal(turned[:, ::-1], together)


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


def test_the_corpus_is_there():
    assert MISSING or all(name in BY_NAME for name in (*SEVERAL, *WIDE))
