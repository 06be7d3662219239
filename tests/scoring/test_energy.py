"""What any network does for an image, and its energy, against other counters and plain loops."""

import json
import math

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, neuron, op_counter
from torch import nn

import snnviz
from snnviz.cli.energy_text import energy_lines
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.scoring.energy import energy_report
from snnviz.scoring.methods import methods
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

# What neurobench 2.3.0 counts for `counted_elsewhere`, as tests/scoring/test_neurobench.py asks it:
# `PYTHONPATH=NEUROBENCH pytest -n 0 tests/scoring/test_neurobench.py` compares anew.
NEUROBENCH = {"Effective_ACs": 20034.4, "Dense": 143248.0}


def counted_elsewhere():
    """A network of the tutorial's with images, on which other counters were run."""
    net = lively(build_network(NetworkConfig(T=3, channels=4), seed=0)).eval()
    return net, snnviz.garments(10)


class Stack(nn.Module):
    """Layers over T steps, one step a call."""

    def __init__(self, *layers, T):
        super().__init__()
        self.layers, self.T = nn.Sequential(*layers), T

    def forward(self, x):
        functional.reset_net(self)
        return torch.stack([self.layers(x) for _ in range(self.T)]).mean(0)


def by_spikingjelly(net, images, counter):
    """The total of one of its counters, over images one at a time."""
    total = 0.0
    for image in torch.from_numpy(images.batch(range(len(images)))).split(1):
        with torch.no_grad(), op_counter.DispatchCounterMode([counter]):
            net(image)
        total = counter.get_total()
    return total / len(images)


def test_synaptic_operations_are_those_of_measure_and_of_other_counters():
    net, images = counted_elsewhere()
    report = energy_report(net, images)
    synops = {each.name: each.synops for each in report.layers if each.synops is not None}
    assert synops == pytest.approx(evaluation_report(net, images).synops, rel=1e-12)
    assert sum(synops.values()) == pytest.approx(
        by_spikingjelly(net, images, op_counter.SynOpCounter()), rel=1e-9
    )
    assert sum(synops.values()) == pytest.approx(NEUROBENCH["Effective_ACs"], rel=1e-12)
    dense = sum(each.macs * each.steps for each in report.layers)
    assert dense == NEUROBENCH["Dense"]
    rates = {each.name: each.rate for each in report.neurons}
    assert rates == pytest.approx(evaluation_report(net, images).firing_rate)


def test_products_with_zeros_that_pad_are_told_apart():
    """SpikingJelly's counter takes them for products, as is usual; ours tells both."""
    net, images = counted_elsewhere()
    (pixels, *_) = energy_report(net, images).layers
    assert (pixels.sees, pixels.steps, pixels.synops) == ("values", 1, None)
    assert pixels.macs == 4 * (26 * 26 * 9 + 4 * 26 * 6 + 4 * 4)
    assert pixels.padded_macs == 4 * 28 * 28 * 9
    counter = op_counter.MACCounter(extra_ignore_modules=[nn.BatchNorm2d, neuron.BaseNode])
    assert by_spikingjelly(net.static_conv, images, counter) == pixels.padded_macs


@pytest.mark.parametrize("T", [1, 3])
@pytest.mark.parametrize("leaky", [False, True])
def test_memory_is_that_of_spikingjelly(T, leaky):
    """On one image that is not square; kernels stride, and have groups."""
    spiking = neuron.LIFNode if leaky else neuron.IFNode
    settings = {"tau": 1.5} if leaky else {}
    net = Stack(
        nn.Conv2d(1, 4, 3, padding=1),
        spiking(v_threshold=0.3, **settings),
        nn.Conv2d(4, 6, 3, stride=2, groups=2),
        spiking(v_threshold=0.1, **settings),
        nn.Flatten(),
        nn.Linear(6 * 4 * 6, 5),
        spiking(v_threshold=0.05, **settings),
        T=T,
    )
    lively(net).eval()
    images = snnviz.ImageSet("one", snnviz.garments(1).images[:, 5:15, 4:18])
    report = energy_report(net, images)
    (memory,) = [model for model in report.models if model.name == "memory"]
    functional.reset_net(net)
    expected = op_counter.estimate_lemaire_energy(
        net,
        torch.from_numpy(images.batch([0])),
        config=op_counter.LemaireEnergyConfig(strict=False),
    )
    assert report.layers[1].spikes > 0
    assert memory.spiking == pytest.approx(1e-12 * expected.total_pj, rel=1e-9)
    kept = report.accesses().values()
    counts = expected.counts
    assert 4 * sum(each.read_inputs for each in kept) == counts["read_in_bytes"]
    assert 4 * sum(each.read_weights for each in kept) == counts["read_params_bytes"]
    assert 4 * sum(each.read_potentials for each in kept) == counts["read_potential_bytes"]
    assert 4 * sum(each.write_outputs for each in kept) == counts["write_out_bytes"]
    assert sum(each.address_additions for each in kept) == counts["acc_addr"]


@pytest.mark.parametrize("shape", [(1, 12, 9)])
def test_an_ordinary_network_is_that_of_spikingjelly(shape):
    """The same layers without neurons, run once."""
    spiking = Stack(
        nn.Conv2d(1, 4, 3, padding=1), neuron.IFNode(), nn.Conv2d(4, 3, 3), neuron.IFNode(), T=4
    ).eval()
    ordinary = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 3)).eval()
    image = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    images = snnviz.ImageSet("one", (255 * image[0]).byte().numpy())
    (memory,) = [m for m in energy_report(spiking, images).models if m.name == "memory"]
    expected = op_counter.estimate_lemaire_energy(
        ordinary, image, config=op_counter.LemaireEnergyConfig(strict=False)
    )
    assert memory.ordinary == pytest.approx(1e-12 * expected.total_pj, rel=1e-9)


def test_weights_that_are_read_are_those_of_spikingjelly():
    net, images = counted_elsewhere()
    counter = op_counter.NeuromorphicMemoryAccessCounter()
    values = torch.from_numpy(images.batch(range(10)))
    with torch.no_grad(), op_counter.ModuleCounterMode([counter], model=net):
        net(values)
    report = energy_report(net, images)
    read = sum(each.padded_macs if each.synops is None else each.synops for each in report.layers)
    assert 10 * 4 * read == pytest.approx(counter.get_counts()["Global"]["weight_read_bytes"])


def saturated(T):
    """Neurons that fire at each step whatever they see, and a layer of each kind behind them."""
    first = nn.Conv2d(1, 2, 1)
    nn.init.zeros_(first.weight)
    nn.init.constant_(first.bias, 5.0)
    return Stack(
        first, neuron.IFNode(), nn.Conv2d(2, 4, 3, padding=1, groups=2), neuron.IFNode(), T=T
    ).eval()


@pytest.mark.parametrize("T", [1, 4])
def test_saturation_costs_all_and_silence_nothing(T):
    images = snnviz.ImageSet("two", snnviz.garments(2).images[:, :7, :11])
    _, second = energy_report(saturated(T), images).layers
    inside = (3 * 7 - 2) * (3 * 11 - 2)  # taps of a kernel inside the map, over all its places
    assert (second.macs, second.synops, second.rate) == (4 * inside, T * 4 * inside, 1.0)
    silent = saturated(T)
    nn.init.constant_(silent.layers[0].bias, -5.0)
    report = energy_report(silent, images)
    assert (report.layers[1].sees, report.layers[1].synops, report.rate) == ("spikes", 0.0, 0.0)
    assert report.models[0].spiking == 4.6e-12 * report.layers[0].macs * T
    assert report.neurons[0].rate == 0


def test_a_layer_inside_the_loop_over_time_runs_at_each_step():
    """As often as the network runs it: one that sees pixels T times makes its products T times."""
    first, second = energy_report(saturated(3), snnviz.garments(2)).layers
    assert (first.sees, first.steps, second.steps) == ("values", 3, 3)
    (arithmetic, *_) = energy_report(saturated(3), snnviz.garments(2)).models
    assert arithmetic.by_layer["layers.0"] == pytest.approx(3 * first.macs * 4.6e-12)
    assert arithmetic.ordinary == pytest.approx((first.macs + second.macs) * 4.6e-12)


def test_averages_of_spikes_are_values():
    """What comes from average pooling is no 0 or 1: a product each, and no additions."""
    net = Stack(nn.Conv2d(1, 2, 3), neuron.IFNode(), nn.AvgPool2d(2), nn.Conv2d(2, 3, 3), T=2)
    lively(net).eval()
    report = energy_report(net, snnviz.garments(3))
    pooled = report.layers[1]
    assert (pooled.sees, pooled.synops, pooled.rate) == ("values", None, None)
    assert report.models[0].by_layer["layers.3"] == pytest.approx(2 * pooled.macs * 4.6e-12)
    assert report.rate is report.break_even_rate is None
    assert report.averaged == ("layers.3",)
    assert math.isnan(report.models[2].ratio)
    json.dumps(report.as_dict(), allow_nan=False)


def test_several_spikes_in_a_step_are_as_many_operations():
    """Whole numbers above 1, here a sum of two layers' spikes; activations need more levels."""

    class Sum(nn.Module):
        T = 3

        def __init__(self):
            super().__init__()
            self.first = saturated(1).layers[0]
            self.one, self.two = neuron.IFNode(), neuron.IFNode()
            self.behind = nn.Conv2d(2, 3, 3)

        def forward(self, x):
            functional.reset_net(self)
            drive = self.first(x)
            return sum(self.behind(self.one(drive) + self.two(drive)) for _ in range(self.T))

    report = energy_report(Sum().eval(), snnviz.garments(2))
    behind = report.layers[1]
    assert (behind.sees, behind.most, behind.synops) == ("counts", 2, 2 * 3 * behind.macs)
    assert report.activation_bits == 3  # of 0 to 6 spikes; of 0 to 3 it would be 2


def test_spikes_of_another_size_are_spikes():
    snntorch = pytest.importorskip("snntorch")
    torch.manual_seed(0)
    leaky = snntorch.Leaky(beta=0.5, threshold=0.1, init_hidden=True, graded_spikes_factor=0.3)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 20), leaky, nn.Linear(20, 5)).eval()
    first, second = energy_report(net, snnviz.garments(3), T=2).layers
    assert (first.sees, second.sees) == ("values", "spikes")
    assert second.synops == pytest.approx(5 * second.spikes)
    assert second.spikes * 3 == round(second.spikes * 3)


def test_images_need_no_labels_and_networks_no_classes():
    net = Stack(nn.Conv2d(1, 4, 3), neuron.IFNode(0.1), nn.Conv2d(4, 2, 3), T=2).eval()
    unlabelled = snnviz.ImageSet("mine", snnviz.garments(3).images)
    assert energy_report(net, unlabelled).images == 3


def test_the_last_images_of_an_odd_number_count_once():
    """The network is run on as many images each time: copies among them count for nothing."""
    net, _ = counted_elsewhere()
    images = snnviz.garments(37)
    whole = energy_report(net, images)
    parts = [energy_report(net, snnviz.ImageSet("x", images.images[n : n + 1])) for n in range(37)]
    for place in range(1, 4):
        expected = np.mean([part.layers[place].synops for part in parts])
        assert whole.layers[place].synops == pytest.approx(expected, rel=1e-12)
    assert whole.neurons[0].spikes == pytest.approx(np.mean([p.neurons[0].spikes for p in parts]))


def test_the_network_is_left_as_it_was():
    net, images = counted_elsewhere()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.train()
    energy_report(net, images)
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def test_products_that_no_layer_makes_are_told():
    """Those of attention: a product of two matrices."""

    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.node = nn.Linear(28, 8), neuron.IFNode(0.1)

        def forward(self, x):
            spikes = self.node(self.first(x.squeeze(1)))  # [N, 28, 8]
            return spikes.transpose(1, 2) @ spikes

    report = energy_report(Attends().eval(), snnviz.garments(3), T=2)
    assert report.elsewhere == 2 * 8 * 8 * 28
    assert energy_report(*counted_elsewhere()).elsewhere == 0


def test_random_networks_are_told():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), neuron.IFNode())

        def forward(self, x):
            return self.net((torch.rand_like(x) < x).to(x))

    torch.manual_seed(0)
    net = Noisy().eval()
    report = energy_report(net, snnviz.garments(3), T=4)
    assert report.random
    assert report.layers[0].sees == "spikes"  # others at each step, whole numbers all of them
    assert 0 < report.layers[0].rate < 1
    assert report.layers == energy_report(net, snnviz.garments(3), T=4).layers


def test_pictures_of_black_and_white_are_values():
    """A still image of zeros and ones is no train of spikes."""
    images = snnviz.ImageSet("drawn", 255 * (snnviz.garments(3).images > 100).astype(np.uint8))
    net, _ = counted_elsewhere()
    assert energy_report(net, images).layers[0].sees == "values"


def test_what_cannot_be_counted_is_refused():
    images = snnviz.garments(2)
    with pytest.raises(ConfigError, match="no spiking neurons"):
        energy_report(nn.Sequential(nn.Flatten(), nn.Linear(784, 3)), images)
    with pytest.raises(ConfigError, match="calls no convolution or linear layer"):
        energy_report(nn.Sequential(nn.Flatten(), neuron.IFNode()), images)
    with pytest.raises(DataError, match="no images"):
        energy_report(counted_elsewhere()[0], snnviz.ImageSet("none", images.images[:0]))
    with pytest.raises((ConfigError, ShapeError)):
        energy_report(counted_elsewhere()[0], snnviz.ImageSet("small", images.images[:, :9, :9]))


def test_every_number_is_in_the_json():
    net, images = counted_elsewhere()
    report = energy_report(net, images)
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["layers"][1]["synops"] == report.layers[1].synops
    assert told["layers"][1]["memory"]["accesses"] == report.accesses()["conv.2"].total
    assert told["layers"][1]["break_even_rate"] > 0
    assert [model["name"] for model in told["models"]] == ["arithmetic", "memory", "same bits"]
    for model in told["models"]:
        assert model["constants"]
        assert model["leaves_out"]
        assert model["source"]
        assert model["ratio"] == pytest.approx(model["spiking"] / model["ordinary"])
        parts = sum(model["by_layer"].values())
        assert parts == pytest.approx(model["spiking"])


def test_what_the_verdict_leaves_out_is_said():
    """Behind average pooling nearly all products are of values; spikes win in what is left."""
    config = snnviz.NetworkConfig(T=3, channels=4, pooling="avg")
    net = lively(snnviz.build_network(config, seed=1)).eval()
    report = energy_report(net, snnviz.garments(3))
    first, *behind, last = report.layers
    assert report.averaged == tuple(layer.name for layer in behind) == ("conv.2", "fc.1")
    products = sum(layer.macs for layer in behind)
    share = products / (products + first.macs + last.macs)
    assert report.averaged_share == pytest.approx(share)
    said = (
        f"leaves out conv.2, fc.1, which see values at several steps: {share:.1%} of the products"
    )
    assert said in " ".join(energy_lines(report))
    assert (
        f"{100 * share:.1f}" in methods(report, network="N", images="M").split("That leaves out")[1]
    )
    plain = energy_report(snnviz.build_network(snnviz.NetworkConfig(T=3, channels=4)).eval(),
                          snnviz.garments(3))  # fmt: skip
    assert (plain.averaged, plain.averaged_share) == ((), 0)
    assert "leaves out conv" not in " ".join(energy_lines(plain))
