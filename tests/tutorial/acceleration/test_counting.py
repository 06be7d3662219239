"""The pass that counts, against the plain network stepped through time."""

import copy

import numpy as np
import pytest
import torch

from snnviz.compiling import CompilerError
from snnviz.data import ImageSet, garments
from snnviz.errors import ShapeError
from snnviz.scoring.evaluation import evaluate
from snnviz.scoring.importance import channel_importance
from snnviz.scoring.predicting import predict, with_predictions
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial import acceleration
from snnviz.tutorial.acceleration import counting
from snnviz.tutorial.acceleration.counting import CountingPass
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training.synchronization import synchronize_batch_norm
from tests.lively import lively

try:
    counting.library()
except CompilerError as error:
    pytestmark = pytest.mark.skip(reason=str(error))


def network(**changes):
    """One with a silent and a saturated channel in both layers, and BatchNorm that does some."""
    net = lively(build_network(NetworkConfig(**changes), seed=0)).eval()
    generator = torch.Generator().manual_seed(3)

    def some(norm, *values):
        chosen = torch.randint(len(values), norm.weight.shape, generator=generator)
        return torch.tensor(values)[chosen]

    # Behind the encoder all sums are exact, whatever their order.
    with torch.no_grad():
        for weight in (net.conv[2].weight, net.fc[1].weight, net.fc[3].weight):
            weight.copy_((weight * 64).round() / 64)
        for norm in (net.static_conv[1], net.conv[3]):
            norm.eps = 0
            norm.weight.copy_(some(norm, 0.5, 1.0, 2.0))
            norm.bias.copy_(some(norm, -0.25, 0.0, 0.5))
            norm.running_mean.copy_(some(norm, -0.25, 0.0, 0.125))
            norm.running_var.copy_(some(norm, 0.25, 1.0, 4.0))
            norm.bias[:2] = torch.tensor([-50.0, 50.0])
    return net


def pictures(net, count, seed=1):
    size = (count, net.config.in_channels, *net.config.image_size)
    return torch.rand(size, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def stepped(net, images):
    """Spikes of each class [T, N, classes], and what each layer had and met, by plain sums."""
    spikes, synops = {}, {}
    names = {module: name for name, module in net.named_modules()}

    def observe(layer, before, after):
        name = names[layer]
        if "Node" in type(layer).__name__:
            spikes[name] = spikes.get(name, 0) + int(after.sum(dtype=torch.float64))
        elif name == "conv.2":
            ones = torch.ones_like(layer.weight, dtype=torch.float64)
            uses = torch.nn.functional.conv2d(before.double(), ones, padding=1)
            synops[name] = synops.get(name, 0) + int(uses.sum())
        elif name in ("fc.1", "fc.3"):
            uses = int(before.sum(dtype=torch.float64)) * layer.out_features
            synops[name] = synops.get(name, 0) + uses

    steps = torch.stack(list(net.output_spikes(net.static_conv(images), observe)))
    return steps, spikes, synops


CASES = {
    "as in the tutorial, but narrow": {"T": 4, "channels": 16},
    "one step": {"T": 1, "channels": 5},
    "a whole byte of steps": {"T": 8, "channels": 20},
    "more than a byte of steps": {"T": 9, "channels": 7},
    "steps of three primes": {"T": 31, "channels": 6, "image_size": (9, 10)},
    "no square, odd sides": {"T": 6, "channels": 3, "image_size": (13, 22), "num_classes": 4},
    "another threshold": {"T": 6, "channels": 4, "v_threshold": 0.7, "v_reset": 0.1},
    "a reset below 0": {"T": 5, "channels": 4, "v_reset": -0.5},
    "more than 64 channels, several of the image": {
        "T": 3, "channels": 70, "in_channels": 3, "image_size": (8, 12),
    },
    "more classes than a vector has lanes": {"T": 4, "channels": 4, "num_classes": 21},
    "the least image": {"T": 7, "channels": 3, "image_size": (4, 5)},
}  # fmt: skip


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_layer_has_the_spikes_of_the_plain_network(changes, threads):
    net = network(**changes)
    images = pictures(net, 7)
    steps, spikes, synops = stepped(net, images)
    found = CountingPass(net, threads).count(images)
    assert torch.equal(found.steps, steps.int())
    assert found.spikes == spikes
    assert found.synops == synops
    assert min(spikes.values()) > 0
    assert len(steps.unique()) > 1


@pytest.mark.parametrize("chunk", [1, 2, 128])
def test_neither_chunks_nor_batches_matter(chunk, monkeypatch):
    net = network(T=4, channels=8)
    images = pictures(net, 5)
    steps, spikes, synops = stepped(net, images)
    monkeypatch.setattr(counting, "_CHUNK", chunk)
    counter = CountingPass(net)
    for batch in (1, 2, 5):
        parts = [counter.count(part) for part in images.split(batch)]
        assert torch.equal(torch.cat([part.steps for part in parts], 1), steps.int())
        assert sum(part.spikes["conv.4"] for part in parts) == spikes["conv.4"]
        assert sum(part.synops["fc.1"] for part in parts) == synops["fc.1"]


def test_it_keeps_the_weights_that_it_was_made_with_and_leaves_the_network_alone():
    net = network(T=4, channels=8).to(memory_format=torch.channels_last).train()
    before = copy.deepcopy(net)
    images = pictures(net, 3)
    counter = CountingPass(net)
    expected = counter.rates(images)
    assert net.training
    assert net.conv[0].v == before.conv[0].v
    for name, value in net.state_dict().items():
        assert torch.equal(value, before.state_dict()[name])
        assert value.stride() == before.state_dict()[name].stride()
    with torch.no_grad():
        assert torch.equal(expected, before.eval()(images))
        for parameter in net.parameters():
            parameter.zero_()
    assert torch.equal(counter.rates(images), expected)
    assert expected.any()


def test_a_network_whose_potentials_hang_on_a_gradient_is_left_with_them():
    net = network(T=2, channels=4)
    net(torch.from_numpy(garments(3).batch(range(3))))
    potential = net.conv[0].v
    assert not potential.is_leaf
    CountingPass(net)
    assert net.conv[0].v is potential


def test_images_that_no_encoder_takes_are_refused():
    net = network(T=2, channels=4)
    for images in (torch.rand(2, 3, 28, 28), torch.full((1, 1, 28, 28), 1.5)):
        with pytest.raises(ShapeError):
            CountingPass(net).count(images)


@pytest.fixture
def always(monkeypatch):
    """What went through the pass, which is taken from one image on."""
    seen = []
    count_encoded = CountingPass.count_encoded

    def noted(self, encoded, images):
        seen.append(images)
        return count_encoded(self, encoded, images)

    monkeypatch.setattr(acceleration, "_WORTH_COUNTING", 0)
    monkeypatch.setattr(CountingPass, "count_encoded", noted)
    return seen


@pytest.mark.parametrize("changes", [{}, {"T": 9}], ids=str)
def test_a_measurement_is_that_of_the_plain_network(changes, always, monkeypatch):
    net = network(**{"T": 4, "channels": 8, **changes})
    images = garments(45, "test")
    found = evaluation_report(net, images, batch_size=20).as_dict()
    short = evaluate(net, images, batch_size=7)
    answers = predict(net, images.images)
    importance = channel_importance(net, images)
    assert always[:3] == [45] * 3
    monkeypatch.setattr(acceleration, "_WORTH_COUNTING", float("inf"))
    expected = evaluation_report(net, images, batch_size=20).as_dict()
    assert found.pop("loss") == pytest.approx(expected.pop("loss"), rel=1e-9)
    assert found == expected
    assert (short.correct, short.total) == (found["correct"], 45)
    plainly = evaluate(net, images, batch_size=7)
    assert short.correct == plainly.correct
    assert short.loss == pytest.approx(plainly.loss, rel=1e-6)
    assert answers.tolist() == predict(net, images.images).tolist()
    assert np.unique(answers).size > 1
    assert importance.correct == found["correct"]
    plain = channel_importance(net, images).correct_without
    assert importance.correct_without.tolist() == plain.tolist()
    assert len(set(plain)) > 1
    assert len(always) == 3 + 9


def test_importance_encodes_what_it_cannot_keep_again(always, monkeypatch):
    net, images = network(T=3, channels=4), garments(30)
    expected = channel_importance(net, images).correct_without.tolist()
    monkeypatch.setattr("snnviz.scoring.importance._BATCH", 8)
    for room in (0, 8 * 4 * 28 * 28):
        monkeypatch.setattr("snnviz.scoring.importance._ROOM", room)
        assert channel_importance(net, images).correct_without.tolist() == expected
    assert always == [30] * 5 + [8, 8, 8, 6] * 10


def test_ties_and_silence_are_class_0(always):
    net = network(T=3, channels=4)
    with torch.no_grad():
        net.fc[3].weight.zero_()
    images = garments(12)
    found = evaluation_report(net, images)
    assert found.silent == 12
    assert found.confusion[:, 0].sum() == 12
    with pytest.warns(UserWarning, match="for 12 of 12 images"):
        samples = list(with_predictions(net, images.samples(range(12)), batch_size=5))
    assert [sample.predicted for sample in samples] == [0] * 12
    assert always


def test_images_without_labels_are_predicted(always):
    net = network(T=4, channels=8)
    images = ImageSet("plain", garments(9).images, None)
    samples = list(with_predictions(net, images.samples(range(9)), batch_size=4))
    assert [sample.predicted for sample in samples] == predict(net, images.images).tolist()
    assert always


@pytest.mark.parametrize(
    "change",
    [{"v_reset": None}, {"tau": 2.0, "neuron": "lif"}, {"T": 256}, {"pooling": "avg"}],
    ids=str,
)
@pytest.mark.usefixtures("always")
def test_networks_of_other_neurons_stay_plain(change):
    net = build_network(NetworkConfig(**{"T": 2, "channels": 4, **change}), seed=0)
    assert acceleration.counter(net, 10**9) is None


@pytest.mark.usefixtures("always")
def test_networks_that_were_changed_stay_plain():
    config = NetworkConfig(T=2, channels=4)
    synchronized, broken = build_network(config), build_network(config)
    synchronize_batch_norm(synchronized)
    with torch.no_grad():
        broken.fc[1].weight[3, 5] = float("nan")
    for net in (build_network(config).double(), build_network(config).to("meta"), synchronized,
                broken):  # fmt: skip
        assert acceleration.counter(net, 10**9) is None
    assert isinstance(acceleration.counter(build_network(config), 1), CountingPass)


def test_few_images_are_not_worth_it():
    net = build_network(NetworkConfig())
    assert acceleration.counter(net, 10) is None
    assert isinstance(acceleration.counter(net, 10_000), CountingPass)


@pytest.mark.usefixtures("always")
def test_weights_too_large_to_be_copied_stay_where_they_are(monkeypatch):
    net = build_network(NetworkConfig(T=2, channels=4))
    monkeypatch.setattr(counting, "_MOST_WEIGHTS", net.fc[1].weight.numel() - 1)
    assert acceleration.counter(net, 10**9) is None


def test_without_a_compiler_the_plain_network_answers_and_one_line_says_so(always, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr(counting, "library", counting.library.__wrapped__)
    net, images = network(T=3, channels=4), garments(10)
    with pytest.warns(UserWarning, match="no C\\+\\+ compiler \\(no-such-compiler\\)") as said:
        found = evaluation_report(net, images)
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    assert found.total == 10
    assert always == []
