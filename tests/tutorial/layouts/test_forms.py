import hashlib
from collections import OrderedDict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively
from tests.tutorial.layouts.networks import (
    CHANNELS,
    CLASSES,
    LAYOUTS,
    OLD_LIF,
    OTHER_IF,
    PYTHON_NET,
    SIDE,
    T,
    renamed,
    simulate,
    weights,
    whole_network,
)

DEFAULTS = NetworkConfig()
ENCODER = [key for key in PYTHON_NET if key.startswith("static_conv.")]


def assert_same(found, expected):
    assert list(found) == list(PYTHON_NET)[: len(expected)]
    for key, value in found.items():
        assert torch.equal(value, expected[key]), key
        assert value.is_contiguous()
        assert value.dtype is (torch.int64 if key.endswith("tracked") else torch.float32)


def images(count=2, sides=(SIDE, SIDE), in_channels=1):
    return torch.rand(count, in_channels, *sides, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("prefix", ["", "module.", "module._orig_mod."])
@pytest.mark.parametrize("under_net", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_state_dicts(save, layout, under_net, prefix, legacy):
    state = weights()
    saved = OrderedDict((prefix + k, v) for k, v in renamed(state, layout).items())
    path = save(
        {"net": saved, "epoch": 7, "max_test_acc": 0.5} if under_net else saved, legacy=legacy
    )

    checkpoint = load_checkpoint(str(path))

    assert checkpoint.form == LAYOUTS[layout][0]
    assert_same(checkpoint.state, state)
    assert checkpoint.config == NetworkConfig(
        channels=CHANNELS, num_classes=CLASSES, image_size=(SIDE, SIDE)
    )
    assert checkpoint.recorded_T is None
    assert checkpoint.epoch == (7 if under_net else None)
    assert checkpoint.max_test_acc == (0.5 if under_net else None)
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert checkpoint.path == path
    assert checkpoint.holds_network


@pytest.mark.parametrize("v_reset", [0.25, None])
@pytest.mark.parametrize("wrap", ["net", "file", "parallel"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_whole_networks(save, layout, wrap, v_reset):
    state = weights()
    net = whole_network(layout, state, v_threshold=1.5, v_reset=v_reset)
    net = nn.DataParallel(net) if wrap == "parallel" else net
    path = save({"net": net, "epoch": 3} if wrap == "net" else net)

    checkpoint = load_checkpoint(path)

    assert checkpoint.form == LAYOUTS[layout][0]
    assert_same(checkpoint.state, state)
    assert checkpoint.recorded_T == checkpoint.config.T == T
    assert (checkpoint.config.v_threshold, checkpoint.config.v_reset) == (1.5, v_reset)
    expected = simulate(state, images(), T, 1.5, v_reset)
    assert 0 < expected.mean() < 1
    for step_mode in ("s", "m"):
        built = checkpoint.build_network(step_mode)
        assert not built.training
        with torch.no_grad():
            assert torch.equal(built(images()), expected)


def test_ours(tmp_path):
    config = NetworkConfig(
        T=9,
        channels=4,
        in_channels=3,
        image_size=(8, 20),
        num_classes=2,
        v_threshold=0.75,
        v_reset=-0.5,
    )
    net = build_network(config, seed=3).eval()
    path = save_checkpoint(
        {
            "net": net.state_dict(),
            "network": config.as_dict(),
            "epoch": 0,
            "max_test_acc": 1.0,
            "optimizer": torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9).state_dict(),
        },
        tmp_path / "ours.pth",
    )

    checkpoint = load_checkpoint(path)

    assert checkpoint.config == config
    assert (checkpoint.recorded_T, checkpoint.epoch, checkpoint.max_test_acc) == (9, 0, 1.0)
    x = images(3, (8, 20), 3)
    with torch.no_grad():
        assert torch.equal(checkpoint.build_network()(x), net(x))
        assert torch.equal(net(x), simulate(net.state_dict(), x, 9, 0.75, -0.5))


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("wrap", [None, nn.DataParallel])
def test_our_whole_networks_keep_what_they_are(save, wrap, pooling):
    """The tutorial's own way to save, `{"net": net}`: all that its class knows is read, not run."""
    config = NetworkConfig(
        T=6, channels=8, image_size=(9, 21), num_classes=9, v_threshold=0.75, v_reset=None,
        pooling=pooling,
    )  # fmt: skip
    net = lively(build_network(config, seed=3)).eval()
    whole = wrap(net) if wrap else net
    checkpoint = load_checkpoint(save({"net": whole, "epoch": 1}))
    assert checkpoint.config == config
    assert checkpoint.recorded_T == 6
    x = images(2, (9, 21))
    with torch.no_grad():
        assert torch.equal(checkpoint.build_network()(x), net(x))
        assert 0 < net(x).mean() < 1


def test_spikingjelly_both_ways(save):
    """SpikingJelly's own layers: its CSNN opens, and takes our weights back strictly."""

    def csnn(channels):
        net = nn.Module()
        net.conv_fc = nn.Sequential(
            layer.Conv2d(1, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(),
            layer.MaxPool2d(2, 2),
            layer.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(),
            layer.MaxPool2d(2, 2),
            layer.Flatten(),
            layer.Linear(channels * 7 * 7, channels * 4 * 4, bias=False),
            neuron.IFNode(),
            layer.Linear(channels * 4 * 4, 10, bias=False),
            neuron.IFNode(),
        )
        functional.set_step_mode(net, step_mode="m")
        return net.eval()

    net = csnn(4)
    net.T = 5
    x = images(2, (28, 28))
    with torch.no_grad():
        expected = net.conv_fc(x.expand(5, *x.shape)).mean(0)

    from_weights = load_checkpoint(save({"net": net.state_dict()}))
    whole = load_checkpoint(save({"net": net}))  # its neurons still hold membrane potentials

    assert from_weights.form == whole.form == "CSNN"
    assert whole.recorded_T == 5
    with torch.no_grad():
        assert torch.equal(whole.build_network()(x), expected)
    other = csnn(4)
    other.load_state_dict(renamed(whole.state, "csnn"), strict=True)
    assert_same(from_weights.state, whole.state)


def test_encoder_alone(save):
    state = {k: v for k, v in weights().items() if k.startswith("static_conv.")}
    config = NetworkConfig(T=3, channels=CHANNELS, image_size=(16, 20))
    checkpoint = load_checkpoint(save({"net": state, "network": config.as_dict(), "note": "a"}))
    assert checkpoint.form == "encoder"
    assert not checkpoint.holds_network
    assert checkpoint.config == config
    assert checkpoint.recorded_T == 3
    assert_same(checkpoint.state, state)
    with pytest.raises(CheckpointError, match=r"some\.pth: holds an encoder alone"):
        checkpoint.build_network()
    assert load_checkpoint(save(state)).config == NetworkConfig(channels=CHANNELS)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(save, dtype):
    state = {k: v.to(dtype) if v.is_floating_point() else v for k, v in weights().items()}
    checkpoint = load_checkpoint(save(state))
    assert_same(
        checkpoint.state,
        {k: v.float() for k, v in state.items()}
        | {k: v for k, v in state.items() if k.endswith("tracked")},
    )


def test_channels_last_becomes_contiguous(save):
    state = weights(channels=4)
    saved = {
        k: v.to(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in state.items()
    }
    assert not saved["conv.2.weight"].is_contiguous()
    assert_same(load_checkpoint(save(saved)).state, state)


def test_missing_counters_are_zero(save):
    state = {k: v for k, v in weights().items() if not k.endswith("tracked")}
    checkpoint = load_checkpoint(save(state))
    assert checkpoint.state["conv.3.num_batches_tracked"] == 0
    assert checkpoint.state.keys() == set(PYTHON_NET)
    checkpoint.build_network()


def test_honest_values_beside_the_network(save):
    beside = {
        "max_test_acc": np.float64(0.5),
        "history": np.arange(3),
        "args": __import__("argparse").Namespace(T=4, lr=0.1),
        "out_dir": __import__("pathlib").Path("a/b"),
        "epoch": "seven",
        "lr_scheduler": {"milestones": __import__("collections").Counter([3, 3])},
    }
    checkpoint = load_checkpoint(save({"net": weights(), **beside}))
    assert (checkpoint.epoch, checkpoint.max_test_acc) == (None, 0.5)
    assert checkpoint.recorded_T == 4
    assert_same(checkpoint.state, weights())


def test_building_leaves_the_random_generator_alone(save):
    checkpoint = load_checkpoint(save(weights()))
    before = torch.get_rng_state()
    checkpoint.build_network()
    assert torch.equal(torch.get_rng_state(), before)


def test_what_others_allowed_is_kept_and_not_used(save):
    path = save({"net": whole_network("ours", weights())})
    with torch.serialization.safe_globals([nn.Sequential, (nn.Linear, "someones_script.Net")]):
        before = set(torch.serialization.get_safe_globals())
        assert load_checkpoint(path).recorded_T == T
        assert set(torch.serialization.get_safe_globals()) == before


def test_neurons_and_layers_behind_the_encoder_may_be_others(save):
    """The encoder opens, the network is refused and says why."""

    def fault(net):
        checkpoint = load_checkpoint(save(net))
        assert not checkpoint.holds_network
        assert checkpoint.neurons_from == "file"
        assert_same(checkpoint.state, {k: v for k, v in weights().items() if k in ENCODER})
        return checkpoint.fault

    net = whole_network("ours", weights())
    net.fc[2]._memories["v_threshold"] = 2.0
    assert "its neurons differ: neuron if, v_threshold 1.0" in fault(net)
    del net.fc[2]._memories["v_threshold"]
    assert "v_reset is no number" in fault(net)
    net.fc[2] = OLD_LIF()
    assert "tau or decay_input cannot be read" in fault(net)
    net.fc[2] = net.fc[4]
    net.conv[1] = nn.AvgPool2d(2, 2)
    assert "it has not two poolings of one kind" in fault({"net": net})
    net.conv[1] = nn.AvgPool2d(2, 2, divisor_override=3)
    assert "divisor_override of conv.1 (AvgPool2d) is not None" in fault({"net": net})
    net.conv[1] = nn.AdaptiveMaxPool2d(14)
    assert "conv.1 is of class AdaptiveMaxPool2d" in fault({"net": net})
    net.conv[1] = nn.MaxPool2d(3, 2, padding=1)
    assert "kernel_size of conv.1 (MaxPool2d) is not 2" in fault({"net": net})


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda net: net.conv.__setitem__(0, OTHER_IF()), "of class someones_script.IFNode"),
        (lambda net: setattr(net.static_conv[0], "stride", (2, 2)), "stride of static_conv.0"),
        (lambda net: setattr(net.static_conv[0], "padding", 0), "padding of static_conv.0"),
        (lambda net: setattr(net.static_conv[1], "eps", 1e-3), "eps of static_conv.1"),
        (lambda net: net.static_conv.__setitem__(0, nn.Conv2d(1, CHANNELS, 3, padding=1)),
         "also has 'static_conv.0.bias'"),
        (lambda net: net.conv.insert(0, nn.ReLU()), "no neurons at conv.0.* but at conv.1"),
    ],
)  # fmt: skip
def test_encoders_that_are_not_the_tutorials(save, change, match):
    """What would be drawn otherwise than the network computes it is refused."""
    net = whole_network("ours", weights())
    change(net)
    with pytest.raises(CheckpointError, match=match):
        load_checkpoint(save(net))


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
def test_legacy_whole_network_says_what_to_do(save):
    path = save({"net": whole_network("ours", weights())}, legacy=True)
    with pytest.raises(CheckpointError, match=r"before 1\.6.*save \{'net': net\.state_dict\(\)\}"):
        load_checkpoint(path)


def test_a_tutorials_network_with_average_pooling_is_read_as_one(save):
    """Of a whole network its layers say so; read with max pooling it would answer otherwise."""
    net = whole_network("ours", weights())
    for place in (1, 5):
        net.conv[place] = nn.AvgPool2d(2, 2)
    checkpoint = load_checkpoint(save(net))
    assert checkpoint.holds_network
    assert checkpoint.config.pooling == "avg"
    expected = simulate(weights(), images(), T, pool=F.avg_pool2d)
    with torch.no_grad():
        assert torch.equal(checkpoint.build_network()(images()), expected)
        assert not torch.equal(simulate(weights(), images(), T), expected)
