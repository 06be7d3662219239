"""Attribution as a whole, against single passes pixel by pixel."""

import json
import sys
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import garments, to_input
from snnviz.errors import ConfigError, DataError
from snnviz.metrics import (
    SHARES,
    bootstrap_mean,
    first_spike_maps,
    fit_temperature,
    pixel_order,
    rank_correlations,
    resize_maps,
)
from snnviz.scoring.attribution import attribution
from snnviz.scoring.explained import map_levels
from snnviz.scoring.explaining import METHODS
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively
from tests.scoring.test_running import images_first, steps, with_state

T, COUNT = 3, 18  # more than a batch


@pytest.fixture(scope="module")
def net():
    return lively(build_network(NetworkConfig(T=T, channels=4), seed=0)).eval()


@pytest.fixture(scope="module")
def start():
    return build_network(NetworkConfig(T=T, channels=4), seed=3).eval()


@pytest.fixture(scope="module")
def images(net):
    """Images with labels that the network gives most of them."""
    images = garments(COUNT)
    with torch.no_grad():
        labels = net.firing_rates(torch.from_numpy(to_input(images.images))).argmax(1).numpy()
    labels[::5] = 9 - labels[::5]
    return replace(images, labels=labels)


@pytest.fixture(scope="module")
def found(net, start, images):
    return attribution(net, images, start=start, shown=17, substitute="mean", seed=7)


def confidences(net, images, target, temperature):
    with torch.no_grad():
        rates = net.firing_rates(torch.from_numpy(to_input(images))).double().numpy()
    return softmax(rates / temperature, axis=1)[np.arange(len(images)), target]


def curve(net, image, other, order, label, temperature):
    """Pixel after pixel, one forward pass a share."""
    sure = []
    for share in SHARES:
        changed = image.copy()
        for place in order[: round(share * image.size)]:
            changed[np.unravel_index(place, image.shape)] = other[
                np.unravel_index(place, image.shape)
            ]
        sure.append(confidences(net, changed[None], np.array([label]), temperature)[0])
    return np.array(sure)


def test_curves_and_areas_are_those_of_single_passes(net, images, found):
    seen, labels = images.images, images.labels
    with torch.no_grad():
        rates = net.firing_rates(torch.from_numpy(to_input(seen))).double().numpy()
    temperature = fit_temperature(rates, labels)
    assert found.temperature == pytest.approx(temperature)
    expected_sure = confidences(net, seen, labels, temperature)
    assert found.confidence.value == pytest.approx(expected_sure.mean())
    means = np.rint(seen.mean((1, 2))).astype(np.uint8)
    others = np.broadcast_to(means[:, None, None], seen.shape)
    maps = {
        "random": np.zeros(seen.shape),
        "intensity": np.abs(seen.astype(float) - others),
        "first-spike": first_spike_maps(net_record(net, seen)),
    }
    areas = {}
    for name, of in maps.items():
        order = pixel_order(of, seed=7)
        falls, rises = (
            np.array([
                curve(net, first[n], second[n], order[n], labels[n], temperature)
                for n in range(COUNT)
            ])
            for first, second in ((seen, others), (others, seen))
        )  # fmt: skip
        outcome = found.outcome(name)
        for curves, ours, area in (
            (falls, outcome.deletion_curve, outcome.deletion),
            (rises, outcome.insertion_curve, outcome.insertion),
        ):
            assert np.ptp(curves.mean(0)) > 0.05
            np.testing.assert_allclose([each.value for each in ours], curves.mean(0), atol=1e-6)
            assert area.value == pytest.approx(np.trapezoid(curves, dx=0.1).mean())
        areas[name] = np.trapezoid(falls, dx=0.1), np.trapezoid(rises, dx=0.1)
    gain = found.outcome("first-spike").gains["random"]
    deletion = areas["random"][0] - areas["first-spike"][0]
    insertion = areas["first-spike"][1] - areas["random"][1]
    np.testing.assert_allclose(gain.deletion, bootstrap_mean(deletion), atol=1e-6)
    np.testing.assert_allclose(gain.insertion, bootstrap_mean(insertion), atol=1e-6)


def net_record(net, images):
    return split_encoder(net).encode(to_input(images), T)


def test_what_is_compared_with_what(net, start, images, found):
    assert [(each.method, each.untrained) for each in found.outcomes] == [
        ("random", False), ("intensity", False),
        *((name, untrained) for untrained in (False, True)
          for name in ("sam", "first-spike", "saliency", "integrated-gradients")),
    ]  # fmt: skip
    assert [list(each.gains) for each in found.outcomes] == [
        [], ["random"], *[["random", "intensity", "untrained"]] * 4, *[["random", "intensity"]] * 4,
    ]  # fmt: skip
    seen = images.images
    mine, theirs = (first_spike_maps(net_record(each, seen)) for each in (net, start))
    alike = rank_correlations(mine, theirs)
    expected = bootstrap_mean(alike[~np.isnan(alike)])
    assert found.outcome("first-spike").correlations["untrained"] == pytest.approx(expected)
    np.testing.assert_array_equal(found.maps["first-spike"], map_levels(mine[:17]))
    np.testing.assert_array_equal(found.maps["first-spike, untrained"], map_levels(theirs[:17]))
    assert found.notes == ()
    assert (found.explained, found.total, found.T) == ("label", COUNT, T)


def test_json_holds_every_number(found):
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    for name, maps in found.maps.items():
        kept = np.frombuffer(b64decode(values["maps"][name]["bytes"]), np.uint8)
        np.testing.assert_array_equal(kept.reshape(values["maps"][name]["shape"]), maps)
    (sam,) = (o for o in values["outcomes"] if (o["method"], o["untrained"]) == ("sam", False))
    assert sam["deletion"]["value"] == found.outcome("sam").deletion.value
    assert len(sam["insertion_curve"]) == len(values["shares"]) == 11
    assert (
        sam["better_than"]["untrained"]["insertion"]["low"]
        <= sam["better_than"]["untrained"]["insertion"]["value"]
    )


def test_a_map_that_is_the_same_everywhere_is_as_good_as_the_random_order(start):
    """Neurons that never fire."""
    silent = build_network(NetworkConfig(T=T, channels=4), seed=0).eval()
    with torch.no_grad():
        silent.static_conv[1].weight.zero_()
    images = garments(6)
    found = attribution(silent, images, methods=["sam", "first-spike"], start=start)
    for method in ("sam", "first-spike"):
        outcome = found.outcome(method)
        assert outcome.constant == 6
        assert outcome.deletion_curve == found.outcome("random").deletion_curve
        assert outcome.gains["random"].deletion == (0, 0, 0)
        assert outcome.correlations == {"intensity": None, "untrained": None}
        assert not found.maps[method].any()


def test_without_labels_the_networks_own_answer_is_explained(net):
    images = replace(garments(6), labels=None, classes=())
    found = attribution(net, images, methods=["saliency"])
    with torch.no_grad():
        answers = net.firing_rates(torch.from_numpy(to_input(images.images))).argmax(1).numpy()
    theirs = attribution(net, replace(images, labels=answers), methods=["saliency"])
    assert found.explained == "answer"
    assert found.outcome("saliency").deletion == theirs.outcome("saliency").deletion
    assert found.notes == (
        "there is no network without training to compare with",
        f"{images.name} has no labels: what is explained is the network's own answer",
    )


def test_answers_that_tell_nothing_apart_are_said_to(net):
    images = garments(20)
    other = np.random.default_rng(0).permutation(images.labels)
    deaf = build_network(NetworkConfig(T=T, channels=4), seed=0).eval()
    with torch.no_grad():
        for layer in (deaf.fc[1], deaf.fc[3]):
            layer.weight.zero_()
    found = attribution(deaf, replace(images, labels=other), methods=["first-spike"])
    assert found.confidence == pytest.approx((0.1, 0.1, 0.1))
    assert "do not tell the labels apart" in found.notes[-1]
    alike = replace(images, labels=None)
    assert "apart" not in attribution(net, alike, methods=["first-spike"]).notes[-1]


def test_an_encoder_has_maps_of_spikes_alone(net, start):
    images = garments(5)
    found = attribution(split_encoder(net), images, start=split_encoder(start), T=T)
    whole = attribution(net, images, start=start, methods=["sam", "first-spike"])
    assert [each.name for each in found.outcomes] == [
        "sam", "first-spike", "sam, untrained", "first-spike, untrained",
    ]  # fmt: skip
    assert all(each.deletion is None and not each.gains for each in found.outcomes)
    assert found.outcome("sam").correlations == whole.outcome("sam").correlations
    assert found.confidence is None
    assert found.notes == (
        "an encoder gives no answers: deletion and insertion are left out",
        (
            "saliency and integrated-gradients are left out: an encoder gives no answers, of which "
            "gradients could be taken"
        ),
    )
    json.dumps(found.as_dict(), allow_nan=False)


class Deep(nn.Module):
    """Two layers of maps and one that is none, in colour, of images that are not square."""

    T = 4

    def __init__(self):
        super().__init__()
        self.one, self.first = nn.Conv2d(3, 4, 3, padding=1), neuron.IFNode()
        self.two, self.second = nn.Conv2d(4, 6, 3, stride=2, padding=1), neuron.IFNode()
        self.fc, self.last = nn.LazyLinear(8), neuron.IFNode()
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        total = 0
        for _ in range(self.T):
            spikes = self.second(self.two(4 * self.first(4 * self.one(x))))
            total = total + self.out(self.last(4 * self.fc(spikes.flatten(1))))
        return total / self.T


@pytest.fixture
def deep():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = Deep().eval()
        net(torch.zeros(1, 3, 10, 14))
    functional.reset_net(net)
    return net


def colours(count=3):
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 10, 14)).astype(np.uint8)
    return replace(garments(count), images=images, labels=None, classes=(), name="colours")


def test_another_layer_in_colour(deep):
    images = colours()
    found = attribution(deep, images, layer="second", methods=["first-spike", "saliency"])
    record = split_encoder(deep, "second").encode(to_input(images.images), 4)
    assert record.shape[1:] == (6, 5, 7)
    expected = map_levels(resize_maps(first_spike_maps(record), (10, 14)))
    np.testing.assert_array_equal(found.maps["first-spike"], expected)
    assert found.layer == "second"
    assert found.maps["saliency"].shape == (3, 10, 14)


@pytest.mark.parametrize("make", [steps, images_first, with_state], ids=lambda m: m.__name__)
def test_networks_of_any_framework(make):
    """SpikingJelly's, sinabs' and snnTorch's, which make five steps."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        net = make().eval()
    images = garments(3)
    found = attribution(net, images, methods=["first-spike", "saliency"], T=5)
    record = split_encoder(net).encode(to_input(images.images), 5)
    expected = map_levels(resize_maps(first_spike_maps(record), (28, 28)))
    np.testing.assert_array_equal(found.maps["first-spike"], expected)
    assert found.outcome("saliency").constant == 0
    assert 0 < found.outcome("saliency").deletion.value < 1


@pytest.mark.slow
def test_spikingjellys_resnet18():
    spiking_resnet = pytest.importorskip("spikingjelly.activation_based.model.spiking_resnet")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = spiking_resnet.spiking_resnet18(
            spiking_neuron=neuron.IFNode, surrogate_function=surrogate.ATan(), num_classes=10
        ).eval()
    images = replace(colours(2), images=colours(2).images.repeat(3, 2).repeat(2, 3)[..., :24])
    found = attribution(net, images, T=2)
    assert [each.name for each in found.outcomes][2:] == list(METHODS)
    assert found.maps["sam"].shape == (2, 30, 24)
    assert found.explained == "answer"


def test_what_cannot_be_had_is_left_out_and_said(deep, net, monkeypatch):
    found = attribution(deep, colours(), layer="last")
    assert found.notes[0] == (
        "sam and first-spike are left out: the neurons of last (8) are no feature maps"
    )
    assert [each.method for each in found.outcomes][2:] == ["saliency", "integrated-gradients"]
    one = attribution(net, garments(4), T=1, methods=None)
    assert one.notes[0] == ("sam is left out: in T = 1 steps there is no interval between spikes")
    assert [each.method for each in one.outcomes][2:] == [
        "first-spike", "saliency", "integrated-gradients",
    ]  # fmt: skip
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    without = attribution(net, garments(2))
    assert [each.method for each in without.outcomes][2:] == ["sam", "first-spike"]
    assert "pip install 'snnviz[attribution]'" in without.notes[0]


def test_what_is_refused(net, deep, monkeypatch):
    images = garments(4)
    with pytest.raises(DataError, match="holds no images"):
        attribution(net, images.take(np.array([], np.intp)))
    with pytest.raises(ConfigError, match="no substitute 'red'"):
        attribution(net, images, substitute="red")
    with pytest.raises(ConfigError, match="no method 'lime'; choose from sam, first-spike"):
        attribution(net, images, methods=["lime"])
    with pytest.raises(ConfigError, match="got no method"):
        attribution(net, images, methods=[])
    with pytest.raises(ConfigError, match="there is no sam: in T = 1 steps"):
        attribution(net, images, T=1, methods=["sam"])
    with pytest.raises(ConfigError, match="there is no sam: the neurons of last"):
        attribution(deep, colours(), layer="last", methods=["sam"])
    with pytest.raises(ConfigError, match="no layer 'third'; choose from first, second, last"):
        attribution(deep, colours(), layer="third")
    with pytest.raises(DataError, match="class 12"):
        attribution(net, replace(images, labels=np.full(4, 12), classes=()))
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ConfigError, match=r"^saliency and integrated gradients need Captum"):
        attribution(net, images, methods=["saliency"])
