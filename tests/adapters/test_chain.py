"""The encoder against SpikingJelly stepped in a plain loop, on drawn and real images."""

import copy
import tracemalloc
import warnings

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from snnviz.adapters import fusing
from snnviz.adapters.network import split_encoder
from snnviz.errors import CheckpointError, ConfigError, ShapeError
from snnviz.neurons.first_spike import drive_thresholds
from snnviz.tutorial.encoder import bundled, load_encoder

STEPS = [1, 2, 4, 8, 64]


@pytest.fixture(autouse=True, params=["by torch's layers", "by the compiled pass"])
def way(request, monkeypatch):
    """Each test both ways; without a compiler the second is the first."""
    compiled = request.param == "by the compiled pass"
    monkeypatch.setattr(fusing, "_WORTH_CHECKING", 0 if compiled else float("inf"))
    monkeypatch.setattr(fusing, "_WORTH_COMPILING", 0)


def stepped_counts(net, images, T):
    """The tutorial's loop, with the reset it forgets: counts [T, N, K, H, W] image by image."""
    encoder = nn.Sequential(net.static_conv, net.conv[0]).eval()
    counts = []
    with torch.no_grad():
        for image in images:
            functional.reset_net(encoder)
            summed, steps = 0, []
            for _ in range(T):
                summed = summed + encoder(image[None])
                steps.append(summed)
            counts.append(torch.stack(steps))
    functional.reset_net(encoder)
    return torch.cat(counts, dim=1).numpy()


def assert_counts_equal(record, expected):
    for t in range(len(expected)):
        assert np.array_equal(record.count(t), expected[t])


@pytest.mark.parametrize("T", STEPS)
def test_counts_on_drawn_images(T, network, drawn_images):
    images = torch.from_numpy(drawn_images.batch(range(4)))
    expected = stepped_counts(network, images, T)
    record = split_encoder(network).encode(images, T)
    assert_counts_equal(record, expected)
    assert (record.count(T - 1)[:, 0] == 0).all()  # the silent map
    assert (record.count(T - 1)[:, 1] == T).all()  # the saturated one
    assert len(np.unique(record.count(T - 1)[:, 2:])) > (1 if T == 1 else 2)


@pytest.mark.parametrize("T", STEPS)
def test_counts_of_the_bundled_encoder_on_real_images(T, real_images):
    encoder = load_encoder()
    images = torch.from_numpy(real_images.batch(range(0, 10000, 2500)))
    net = nn.Module()
    net.static_conv, net.conv = encoder.prefix, nn.Sequential(encoder.node)
    assert_counts_equal(encoder.encode(images, T), stepped_counts(net, images, T))


def test_a_picture_need_not_be_square(network):
    images = torch.rand(2, 1, 17, 40, generator=torch.Generator().manual_seed(0))
    record = split_encoder(network).encode(images)
    assert record.shape == (2, 6, 17, 40)
    assert_counts_equal(record, stepped_counts(network, images, 8))


def test_batch_size_and_order_do_not_matter(drawn_images):
    encoder = load_encoder()
    images = drawn_images.batch(range(37))
    together = encoder.encode(images, 8).first_spike
    for part in (images[:1], images[:5], images[:17]):
        assert np.array_equal(encoder.encode(part, 8).first_spike, together[: len(part)])
    assert np.array_equal(encoder.encode(images[::-1].copy(), 8).first_spike, together[::-1])


@pytest.mark.parametrize("T", [1, 8, 64, 255, 256])
def test_scales_of_either_sign_and_none(T, network, drawn_images):
    """BatchNorm may turn the drive round or make it constant."""
    with torch.no_grad():
        network.static_conv[1].weight.copy_(torch.tensor([-1.0, 1.0, 0.0, 0.0, -0.3, 0.02]))
        network.static_conv[1].bias.copy_(torch.tensor([0.0, 0.01, 0.25, 0.0, 0.5, 0.0]))
    images = torch.from_numpy(drawn_images.batch(range(2)))
    expected = stepped_counts(network, images, T)
    assert_counts_equal(split_encoder(network).encode(images, T), expected)
    assert (expected[-1, :, 2] == T // 4).all()
    assert (expected[-1, :, 3] == 0).all()


def test_threads_do_not_matter_and_are_left_as_they_were(network, drawn_images):
    images = drawn_images.batch(range(40)).repeat(60, axis=0)  # 2,400 images, several chunks
    encoder = split_encoder(network)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            results.append(encoder.encode(images, 8).first_spike)
            assert torch.get_num_threads() == threads
        network.static_conv[1].bias.data.fill_(torch.nan)
        with pytest.raises(ShapeError, match="not finite"):
            split_encoder(network).encode(images, 8)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*results)


@pytest.mark.parametrize(
    "node",
    [
        neuron.IFNode(v_reset=None),
        neuron.LIFNode(tau=1.5),
        neuron.ParametricLIFNode(),
        neuron.IFNode(v_threshold=0.4, v_reset=0.1),
    ],
    ids=["soft reset", "LIF", "PLIF", "other threshold and reset"],
)
def test_other_neurons_are_stepped(node, network, drawn_images):
    network.conv[0] = node
    images = torch.from_numpy(drawn_images.batch(range(3)))
    expected = stepped_counts(network, images, 8)
    assert_counts_equal(split_encoder(network).encode(images, 8), expected)
    assert 0 < expected[-1, :, 2:].mean() < 8


def test_stepping_never_holds_all_spikes_unpacked(network, drawn_images):
    network.conv[0] = neuron.IFNode(v_reset=None)
    encoder = split_encoder(network)
    images = np.repeat(drawn_images.batch(range(4)), 60, axis=0)  # more than one chunk
    spikes = 64 * 6 * images.size
    encoder.encode(images[:1], 64)  # what is imported and compiled on the way does not count
    tracemalloc.start()
    record = encoder.encode(images, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < spikes * 2 / 3  # on one thread all images are one chunk
    assert encoder.record_size((28, 28), 64) * len(images) == 9 * 6 * images.size
    node = neuron.IFNode(v_reset=None)
    with torch.no_grad():
        drive = encoder.drive(images)
        expected = sum(node(drive) for _ in range(64))
    assert np.array_equal(record.count(63), expected.numpy())


def test_the_split_is_a_copy_that_leaves_no_trace(network, drawn_images):
    network.train()
    images = torch.from_numpy(drawn_images.batch(range(3)))
    network(images)  # leaves membrane potentials, and BatchNorm statistics, behind
    before = copy.deepcopy(network.state_dict())
    membrane = network.conv[0].v.clone()
    encoder = split_encoder(network)
    first = encoder.encode(images)
    second = encoder.encode(images)
    assert np.array_equal(first.first_spike, second.first_spike)
    assert network.training
    assert torch.equal(network.conv[0].v, membrane)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    with torch.no_grad():
        network.static_conv[0].weight.zero_()
    assert np.array_equal(encoder.encode(images).first_spike, first.first_spike)


def test_memory_layout_does_not_matter(network, drawn_images):
    images = torch.from_numpy(drawn_images.batch(range(3)))
    expected = split_encoder(network).encode(images).first_spike
    channels_last = network.to(memory_format=torch.channels_last)
    encoder = split_encoder(channels_last)
    odd = images.to(memory_format=torch.channels_last)
    assert np.array_equal(encoder.encode(odd).first_spike, expected)


def test_multi_step_layers_of_spikingjelly_are_split_too(drawn_images):
    chain = nn.Sequential(
        layer.Conv2d(1, 5, kernel_size=3, padding=1, bias=False),
        layer.BatchNorm2d(5),
        neuron.IFNode(),
        layer.MaxPool2d(2, 2),
        layer.Conv2d(5, 5, kernel_size=3),
        neuron.IFNode(),
    )
    functional.set_step_mode(chain, "m")

    class Repeating(nn.Module):
        """As SpikingJelly's CSNN, which repeats its images."""

        def __init__(self):
            super().__init__()
            self.conv_fc, self.T = chain, 6

        def forward(self, images):
            return self.conv_fc(images.unsqueeze(0).repeat(self.T, 1, 1, 1, 1)).mean(0)

    encoder = split_encoder(Repeating())
    assert (encoder.T, encoder.channels, encoder.in_channels) == (6, 5, 1)
    images = torch.from_numpy(drawn_images.batch(range(2)))
    record = encoder.encode(images)
    with torch.no_grad():
        spikes = chain.eval()[:3](images.expand(6, *images.shape))
    assert np.array_equal(record.spikes(), spikes.bool().numpy())
    assert chain[0].step_mode == "m"


def test_the_callers_autocast_does_not_matter(network, drawn_images):
    images = drawn_images.batch(range(3))
    encoder = split_encoder(network)
    expected = encoder.encode(images).first_spike
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(encoder.encode(images).first_spike, expected)


def test_numbers_of_steps(network, drawn_images):
    images = drawn_images.batch(range(2))
    encoder = split_encoder(network)
    assert encoder.encode(images).T == network.T == 8
    assert encoder.encode(images, 3).T == 3
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        encoder.encode(images, 0)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 28, 28), np.float32), r"of shape \[28, 28\]"),
        (np.zeros((2, 3, 28, 28), np.float32), r"of shape \[3, 28, 28\]"),
        (np.zeros((0, 1, 28, 28), np.float32), "no side of 0"),
        (np.zeros((2, 1, 28, 28), np.uint8), "divide by 255"),
        (np.full((2, 1, 28, 28), 255.0), "up to 255; divide by 255"),
        (np.full((2, 1, 28, 28), np.nan), "nan"),
    ],
)
def test_wrong_images_are_refused(images, message, network):
    with pytest.raises(ShapeError, match=message):
        split_encoder(network).encode(images)


def test_broken_weights_do_not_pass_for_spikes(network, drawn_images):
    network.static_conv[1].running_var.fill_(-1)
    with pytest.raises(ShapeError, match="not finite"):
        split_encoder(network).encode(drawn_images.batch([0]))


def test_networks_without_an_encoder_are_refused():
    with pytest.raises(ConfigError, match="no spiking neurons"):
        split_encoder(nn.Sequential(nn.Conv2d(1, 2, 3)))
    with pytest.raises(ConfigError, match="no layer 'conv9'; choose from 1"):
        split_encoder(nn.Sequential(nn.Linear(2, 2), neuron.IFNode()), "conv9")


def test_what_keeps_a_state_before_the_neurons_is_no_obstacle(images):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layer.Dropout(), neuron.IFNode()).train()
    record = split_encoder(net).encode(images, T=3)
    with torch.no_grad():
        expected = torch.stack([net.eval()(images) for _ in range(3)])
    assert np.array_equal(record.spikes(), expected.bool().numpy())


def test_load_encoder_takes_files_networks_and_nothing(network, tmp_path, drawn_images):
    images = drawn_images.batch(range(3))
    file = tmp_path / "net.pth"
    torch.save({"net": network.state_dict(), "network": network.config.as_dict()}, file)
    expected = split_encoder(network).encode(images)
    for source in (file, str(file), network):
        encoder = load_encoder(source)
        assert encoder.T == 8
        assert np.array_equal(encoder.encode(images).first_spike, expected.first_spike)
    with pytest.raises(CheckpointError, match="missing"):
        load_encoder(tmp_path / "missing.pth")


def test_the_bundled_encoder_is_small_and_alive(drawn_images):
    assert bundled().stat().st_size < 20_000
    encoder = load_encoder()
    assert encoder.channels == 128
    rates = encoder.encode(drawn_images.batch(range(40)), 4).count(3) / 4
    assert 0.01 < rates.mean() < 0.9


def test_inference_mode_is_the_callers_business(network, drawn_images):
    images = drawn_images.batch(range(40)).repeat(10, axis=0)  # more than one chunk
    encoder = split_encoder(network)
    expected = encoder.encode(images, 8).first_spike
    with torch.inference_mode():
        assert np.array_equal(encoder.encode(images, 8).first_spike, expected)


@pytest.mark.parametrize("count", [1, 2, 400])
def test_maps_may_be_smaller_than_images(count, drawn_images):
    net = nn.Sequential(nn.Conv2d(1, 6, 3, stride=2), nn.BatchNorm2d(6), neuron.IFNode()).eval()
    images = torch.from_numpy(drawn_images.batch(range(40)).repeat(10, axis=0)[:count])
    record = split_encoder(net).encode(images, 8)
    assert record.shape == (count, 6, 13, 13)
    net[0].weight.data *= 4
    record = split_encoder(net).encode(images, 8)
    with torch.no_grad():
        expected = sum(net(images) for _ in range(8))
    assert np.array_equal(record.count(7), expected.numpy())
    assert len(np.unique(expected)) > 3


@pytest.fixture
def images(drawn_images):
    return torch.from_numpy(drawn_images.batch(range(4)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_networks_of_other_precisions_are_split(dtype, images):
    net = nn.Sequential(nn.Conv2d(1, 3, 3), neuron.IFNode()).to(dtype)
    record = split_encoder(net).encode(images, T=5)
    with torch.no_grad():
        expected = torch.stack([net(images.to(dtype)) for _ in range(5)])
    assert np.array_equal(record.spikes(), expected.bool().numpy())
    assert net[0].weight.dtype == dtype


def test_a_layer_that_is_there_twice_is_taken_twice(images):
    pool = nn.MaxPool2d(2)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), pool, nn.Conv2d(3, 4, 3), pool, neuron.IFNode())
    assert split_encoder(net).drive(images).shape == net[:4](images).shape


def test_torchs_default_type_does_not_matter(images):
    expected = load_encoder().encode(images, T=9).first_spike
    drive_thresholds.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        found = load_encoder().encode(images, T=9).first_spike
    finally:
        torch.set_default_dtype(torch.float32)
        drive_thresholds.cache_clear()
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "array",
    [
        lambda x: x[..., ::-1],
        lambda x: x.astype(">f4"),
        lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    ],
    ids=["backwards", "big-endian", "read-only"],
)
def test_arrays_may_lie_in_memory_as_they_like(array, images):
    given = array(images.numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_encoder().encode(given, T=3).first_spike
    expected = load_encoder().encode(np.array(given, np.float32, order="C"), T=3).first_spike
    assert np.array_equal(found, expected)


def test_an_empty_name_is_not_the_bundled_encoder():
    with pytest.raises(CheckpointError):
        load_encoder("")
