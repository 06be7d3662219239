"""A report against plain loops over SpikingJelly's modules, and SpikingJelly's counters."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import functional, monitor, neuron
from spikingjelly.activation_based.op_counter import (
    DispatchCounterMode,
    MACCounter,
    SimpleEnergyCostConfig,
    SynOpCounter,
)

from snnviz.data import ImageSet, garments
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.energy import JOULES_PER_ADDITION, JOULES_PER_MAC, Energy, estimate_energy
from snnviz.scoring.energy import energy_report
from snnviz.scoring.evaluation import evaluate
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

SPIKING = ("conv.0", "conv.4", "fc.2", "fc.4")
SYNAPSES = ("conv.2", "fc.1", "fc.3")


@pytest.fixture(scope="module")
def labelled():
    return garments(30, "test")


def random_set(config, count=12, seed=0):
    """Grey noise of the network's size, so that nothing is square or symmetric by luck."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, *config.image_size)).astype(np.uint8)
    labels = rng.integers(0, config.num_classes, count).astype(np.uint8)
    return ImageSet("noise", images, labels)


def stepped(net, images):
    """Output spikes [T, N, classes] of SpikingJelly's own neurons, one image after the other."""
    trains = []
    with torch.no_grad():
        for image in torch.from_numpy(images.batch(range(len(images)))):
            functional.reset_net(net)
            drive = net.static_conv(image[None])
            trains.append(torch.cat([net.fc(net.conv(drive)) for _ in range(net.T)]))
    functional.reset_net(net)
    return torch.stack(trains, dim=1)


CONFIGS = [
    NetworkConfig(T=1, channels=4),
    NetworkConfig(T=4, channels=4),
    NetworkConfig(T=5, channels=3, image_size=(13, 22), num_classes=4),
    NetworkConfig(T=6, channels=4, v_reset=None),
    NetworkConfig(T=6, channels=4, v_threshold=0.7, v_reset=0.1),
    NetworkConfig(T=5, channels=4, image_size=(13, 22), pooling="avg"),
]


@pytest.fixture(params=CONFIGS, ids=lambda c: f"T{c.T}-{c.image_size}-{c.v_reset}-{c.pooling}")
def net(request):
    return lively(build_network(request.param, seed=1)).eval()


def test_answers_are_those_of_a_plain_loop(net):
    images = random_set(net.config)
    found = evaluation_report(net, images, batch_size=5)
    spikes = stepped(net, images)
    labels = images.labels.astype(int)
    confusion = np.zeros((net.config.num_classes,) * 2, int)
    right = np.zeros(net.T, int)
    for n, label in enumerate(labels):
        for t in range(net.T):
            counts = spikes[: t + 1, n].sum(0).tolist()
            answer = counts.index(max(counts))
            right[t] += answer == label
        confusion[label, answer] += 1
    assert found.confusion.tolist() == confusion.tolist()
    assert found.correct_at.tolist() == right.tolist()
    assert found.T == net.T
    assert found.correct == right[-1]
    assert found.total == 12
    one_hot = F.one_hot(torch.from_numpy(labels), net.config.num_classes).float()
    assert found.loss == pytest.approx(F.mse_loss(spikes.mean(0), one_hot).item(), rel=1e-6)
    assert 0 < spikes.mean() < 1


def test_spikes_and_operations_are_those_that_spikingjelly_counts(net):
    images = random_set(net.config)
    found = evaluation_report(net, images, batch_size=5)
    synops, macs = SynOpCounter(), MACCounter()
    # MACCounter counts BatchNorm, too, which is taken as folded into the convolution.
    macs.ignore_modules.append(torch.nn.BatchNorm2d)
    with monitor.OutputMonitor(net, neuron.IFNode) as seen:
        with DispatchCounterMode([synops, macs]), torch.no_grad():
            net(torch.from_numpy(images.batch(range(12))))
        rates = {name: torch.stack(seen[name]).mean().item() for name in SPIKING}
    functional.reset_net(net)
    assert found.firing_rate == pytest.approx(rates, rel=1e-5)
    assert 0 < min(rates.values()) < max(rates.values()) < 1
    counts = {
        name.partition(".")[2]: sum(by_kind.values())
        for name, by_kind in synops.get_counts().items()
    }
    averaged = ["conv.2", "fc.1"] if net.config.pooling == "avg" else []
    assert found.value_steps == dict.fromkeys(averaged, net.T)
    expected = {name: counts[name] / 12 for name in SYNAPSES if name not in averaged}
    assert expected == found.synops
    # It counts zeros that pad the image, too: taps outside, over all places of the kernel.
    height, width = net.config.image_size
    outside = 9 * height * width - (3 * height - 2) * (3 * width - 2)
    padded = outside * net.config.channels * net.config.in_channels
    if not averaged:  # of which it counts some
        assert macs.get_total() / 12 == found.macs["static_conv.0"] + padded
    assert set(found.macs) == {"static_conv.0", *SYNAPSES}


def test_it_agrees_with_evaluate_in_either_step_mode(labelled):
    config = NetworkConfig(T=3, channels=4)
    nets = [lively(build_network(config, step_mode=mode, seed=2)).train() for mode in "sm"]
    found = [evaluation_report(net, labelled, batch_size=7) for net in nets]
    for net, measured in zip(nets, found, strict=True):
        short = evaluate(net, labelled, batch_size=30)
        assert (measured.correct, measured.total) == (short.correct, short.total)
        assert measured.accuracy == short.accuracy
        assert measured.loss == pytest.approx(short.loss, rel=1e-6)
        assert net.training
    assert found[0].as_dict() == found[1].as_dict()


def test_dense_operations_are_those_of_the_weights():
    config = NetworkConfig(T=1, channels=3, image_size=(13, 22), num_classes=4)
    macs = evaluation_report(build_network(config, seed=0), random_set(config)).macs
    assert macs == {
        "static_conv.0": (3 * 13 - 2) * (3 * 22 - 2) * 3 * 1,  # no products with padded zeros
        "conv.2": (3 * 6 - 2) * (3 * 11 - 2) * 3 * 3,
        "fc.1": (3 * 3 * 5) * 48,
        "fc.3": 48 * 4,
    }


def fill(net, value):
    """Let every neuron get `value`, whatever it sees."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(value)
        for norm in (net.static_conv[1], net.conv[3]):
            norm.weight.fill_(0)
            norm.bias.fill_(value)
    return net.eval()


def test_a_silent_network_answers_the_first_class(labelled):
    found = evaluation_report(fill(build_network(NetworkConfig(T=3, channels=2)), 0.0), labelled)
    first = int((labelled.labels == 0).sum())
    assert found.correct == first > 0
    assert found.correct_at.tolist() == [first] * 3
    assert found.confusion[:, 0].tolist() == np.bincount(labelled.labels, minlength=10).tolist()
    assert found.confusion[:, 1:].sum() == 0
    assert found.loss == pytest.approx(0.1)
    assert found.firing_rate == dict.fromkeys(SPIKING, 0.0)
    assert found.synops == dict.fromkeys(SYNAPSES, 0.0)
    assert found.energy.spikes == 0
    assert found.energy.total == found.energy.pixels == 82 * 82 * 2 * JOULES_PER_MAC


def test_a_saturated_network_uses_every_weight_that_lies_on_the_map(labelled):
    T, channels = 3, 2
    found = evaluation_report(
        fill(build_network(NetworkConfig(T=T, channels=channels)), 1.0), labelled
    )
    assert found.firing_rate == dict.fromkeys(SPIKING, 1.0)
    assert found.loss == pytest.approx(0.9)
    assert found.correct == int((labelled.labels == 0).sum())
    # A 3 x 3 kernel on 14 x 14 pixels: along each side 12 whole ones and two that hang over by one.
    inside = (12 * 3 + 2 * 2) ** 2
    assert found.synops == {
        "conv.2": T * inside * channels * channels,
        "fc.1": T * found.macs["fc.1"],
        "fc.3": T * found.macs["fc.3"],
    }
    assert found.macs["conv.2"] == inside * channels * channels < 14 * 14 * 9 * channels * channels


@settings(max_examples=15)
@given(st.integers(1, 13), st.integers(1, 12), st.randoms(use_true_random=False))
def test_neither_batches_nor_order_change_anything_but_rounding(batch_size, count, random):
    config = NetworkConfig(T=3, channels=2, image_size=(8, 9), num_classes=3)
    net = lively(build_network(config, seed=4))
    images = random_set(config, count, seed=random.randrange(100))
    order = random.sample(range(count), count)
    shuffled = replace(images, images=images.images[order], labels=images.labels[order])
    whole, parts = (
        evaluation_report(net, images),
        evaluation_report(net, shuffled, batch_size=batch_size),
    )
    assert np.array_equal(whole.confusion, parts.confusion)
    assert np.array_equal(whole.correct_at, parts.correct_at)
    assert whole.synops == parts.synops
    assert whole.firing_rate == parts.firing_rate
    assert whole.loss == pytest.approx(parts.loss, rel=1e-5)
    assert whole.confusion.sum() == count


def test_classes_without_images_have_no_accuracy(labelled):
    only = np.flatnonzero(np.isin(labelled.labels, [0, 3]))
    some = replace(labelled, images=labelled.images[only], labels=labelled.labels[only])
    found = evaluation_report(fill(build_network(NetworkConfig(T=1, channels=2)), 0.0), some)
    expected = [1.0, np.nan, np.nan, 0.0, *[np.nan] * 6]
    assert np.array_equal(found.accuracy_per_class, expected, equal_nan=True)
    rows = json.loads(json.dumps(found.as_dict(), allow_nan=False))["per_class"]
    assert [row["accuracy"] for row in rows] == [1.0, None, None, 0.0, *[None] * 6]
    assert [row["class"] for row in rows] == list(labelled.classes)
    assert rows[3] == {"class": "Dress", "correct": 0, "total": found.total // 2, "accuracy": 0.0}


def test_progress_is_told_after_each_batch(labelled):
    calls = []
    net = build_network(NetworkConfig(T=1, channels=1))
    evaluation_report(net, labelled, batch_size=20, progress=lambda *call: calls.append(call))
    assert calls == [("evaluate", 20, 30), ("evaluate", 30, 30)]


@pytest.mark.parametrize(
    ("config", "change", "error", "message"),
    [
        ({}, {"labels": None}, DataError, "garments has no labels"),
        (
            {},
            {"images": np.zeros((0, 28, 28), np.uint8), "labels": np.zeros(0, np.uint8)},
            DataError,
            "garments holds no images",
        ),
        ({"num_classes": 9}, {}, DataError, "class 9, the network knows 0..8"),
        ({"image_size": (28, 27)}, {}, ShapeError, r"\(28, 27\) pixels, garments has one"),
        ({"in_channels": 3}, {}, ShapeError, "3 channels"),
    ],
)
def test_what_cannot_be_measured_is_said(config, change, error, message, labelled):
    net = build_network(NetworkConfig(T=1, channels=1, **config))
    with pytest.raises(error, match=message):
        evaluation_report(net, replace(labelled, **change))


def test_the_constants_are_those_that_spikingjelly_takes():
    theirs = SimpleEnergyCostConfig.fp32()
    assert theirs.e_mac_pj * 1e-12 == pytest.approx(JOULES_PER_MAC)
    assert theirs.e_ac_pj * 1e-12 == pytest.approx(JOULES_PER_ADDITION)


def test_energy_adds_for_spikes_and_multiplies_for_pixels():
    energy = estimate_energy({"a": 10, "b": 100, "c": 1000}, {"b": 30.5, "c": 0.0})
    assert energy == Energy(
        pixels=pytest.approx(46e-12), spikes=pytest.approx(27.45e-12), dense=pytest.approx(5106e-12)
    )
    assert energy.total == pytest.approx(73.45e-12)
    assert energy.as_dict()["joules"] == energy.total


def test_averages_of_spikes_make_products_at_each_step():
    """As `energy_report` counts them: an average is no spike, and a quarter no quarter addition."""
    net = lively(build_network(NetworkConfig(T=5, channels=4, pooling="avg"), seed=1)).eval()
    images = garments(9, "test")
    found, layers = evaluation_report(net, images), energy_report(net, images).layers
    assert {layer.name for layer in layers if layer.sees == "spikes"} == set(found.synops)
    products = sum(layer.macs * layer.steps for layer in layers if layer.sees == "values")
    assert products == found.macs["static_conv.0"] + 5 * (found.macs["conv.2"] + found.macs["fc.1"])
    assert found.energy.pixels == pytest.approx(JOULES_PER_MAC * products)
    assert found.energy.spikes == pytest.approx(JOULES_PER_ADDITION * found.synops["fc.3"])
    assert found.as_dict()["value_steps"] == {"conv.2": 5, "fc.1": 5}
