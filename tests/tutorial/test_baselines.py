"""The baselines against SpikingJelly's encoders and networks."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import encoding, functional
from torch import nn

from snnviz.baselines import (
    PIXEL_CODES,
    latency,
    pixels,
    poisson,
)
from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics import ReconstructionFit, ReconstructionScore
from snnviz.tutorial.baselines import untrained_encoder
from snnviz.tutorial.network import NetworkConfig, build_network


@pytest.fixture
def images(drawn_images):
    """Not square."""
    return torch.from_numpy(drawn_images.batch(range(12)))[:, :, :20]


@pytest.mark.parametrize("calibrated", [False, True])
def test_the_untrained_encoder_is_the_networks_at_the_start(calibrated, images):
    config = NetworkConfig(T=6, channels=5, image_size=(20, 28), v_threshold=0.7)
    net = build_network(config, seed=4)
    before = torch.random.get_rng_state()
    encoder = untrained_encoder(config, 4, images if calibrated else None)
    assert torch.equal(torch.random.get_rng_state(), before)
    if calibrated:
        norm = net.static_conv[1]
        norm.momentum = 1.0  # all of one batch
        with torch.no_grad():
            net.train().static_conv(images)
    net.eval()
    functional.reset_net(net)
    spikes = torch.stack([net.conv[0](net.static_conv(images)).detach() for _ in range(6)])
    record = encoder.encode(images)
    assert record.T == 6
    assert np.array_equal(record.spikes(), spikes.numpy() > 0)


def test_calibration_averages_over_batches_and_brings_the_drive_near_the_threshold(drawn_images):
    config = NetworkConfig(T=4, channels=16)
    data = torch.from_numpy(drawn_images.batch(range(40))).repeat(5, 1, 1, 1)
    data[128:] *= 0.5
    calibrated, plain = untrained_encoder(config, 1, data), untrained_encoder(config, 1)
    convolution, norm = calibrated.prefix
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        drives = [convolution(part) for part in (data[:128], data[128:])]
    mean = torch.stack([drive.mean((0, 2, 3)) for drive in drives]).mean(0)
    variance = torch.stack([drive.var((0, 2, 3)) for drive in drives]).mean(0)
    assert torch.allclose(norm.running_mean, mean, atol=1e-5)
    assert torch.allclose(norm.running_var, variance, rtol=1e-4)
    assert torch.equal(plain.prefix[1].running_var, torch.ones(16))
    rates = [encoder.encode(data).count(3).mean() / 4 for encoder in (calibrated, plain)]
    assert rates[0] > 2 * rates[1]


def test_seeds_give_other_encoders(images):
    config = NetworkConfig(channels=5, image_size=(20, 28))
    one, again, two = (untrained_encoder(config, seed, images) for seed in (1, 1, 2))
    assert torch.equal(one.prefix[0].weight, again.prefix[0].weight)
    assert not torch.equal(one.prefix[0].weight, two.prefix[0].weight)


def test_poisson_fires_with_the_pixels_probability(images):
    record = poisson(images, 400, seed=3)
    rate = record.count(399) / 400
    assert record.shape == (12, 1, 20, 28)
    assert np.abs(rate - images.numpy()).max() < 0.15  # six standard deviations
    assert np.abs(rate - images.numpy()).mean() < 0.02
    assert not record.is_renewal


def test_poisson_depends_on_seed_and_image_alone(images):
    before = torch.random.get_rng_state()
    record = poisson(images, 5, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(poisson(images[4:7], 5, seed=3).spikes(), record.spikes()[:, 4:7])
    assert not np.array_equal(poisson(images, 5, seed=4).spikes(), record.spikes())
    grey = torch.full((2, 1, 20, 28), 0.5)
    grey[1, 0, 0, 0] = 0.4
    one, two = poisson(grey, 5, seed=3).spikes().swapaxes(0, 1)
    assert np.mean(one == two) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("T", [1, 8])
@pytest.mark.parametrize("scale", [1.0, 0.999], ids=["bytes", "no bytes"])
def test_latency_is_spikingjellys_stepped(T, scale, images):
    images = images * scale
    assert torch.equal((images * 255).round() / 255, images) == (scale == 1)
    encoder = encoding.LatencyEncoder(T)
    stepped = torch.stack([encoder(images) for _ in range(T)])
    record = latency(images, T)
    assert np.array_equal(record.spikes(), stepped.numpy() > 0)
    assert (record.count(T - 1) == 1).all()


def test_pixels_are_the_grey_levels(drawn_images):
    record = pixels(torch.from_numpy(drawn_images.batch(range(12))), 8)
    assert record.T == 255
    assert np.array_equal(record.count(254)[:, 0], drawn_images.images[:12])


@pytest.mark.parametrize("name", sorted(PIXEL_CODES))
def test_every_code_can_be_read_back(name, drawn_images):
    code = PIXEL_CODES[name]
    train, test = drawn_images.images[:20], drawn_images.images[20:30]
    records = [code(torch.from_numpy(x[:, None] / np.float32(255)), 8, 1) for x in (train, test)]
    fit = ReconstructionFit(records[0].T, records[0].shape[1:])
    fit.update(records[0], train)
    scored = ReconstructionScore(records[0].T, records[0].shape[1:], fit.result())
    scored.update(records[1], test)
    result = scored.result()
    floor = result.floors["mean intensity"][1]
    assert result.psnr.max() > floor + 1
    assert (result.psnr[-1] > floor + 1) == (name != "latency")
    if name == "pixels":
        assert result.mse[-1] < 1e-7


@pytest.mark.parametrize("name", sorted(PIXEL_CODES))
def test_wrong_input_is_refused(name, images):
    code = PIXEL_CODES[name]
    with pytest.raises(ShapeError, match=r"\[N, 1, H, W\]"):
        code(images[:, 0], 4, 0)
    with pytest.raises(ShapeError, match="divide by 255"):
        code((images * 255).to(torch.uint8), 4, 0)
    if name != "pixels":
        with pytest.raises(ConfigError, match="at least 1, got 0"):
            code(images, 0, 0)
    with pytest.raises(ShapeError, match=r"\[N, 1, H, W\]"):
        untrained_encoder(NetworkConfig(channels=2), 0, images.repeat(1, 3, 1, 1))


def test_a_batch_of_one_pixel_has_no_variance():
    images = torch.rand(129, 1, 1, 1)
    with pytest.raises(ShapeError, match="more than one pixel"):
        untrained_encoder(NetworkConfig(channels=2), 0, images)
    untrained_encoder(NetworkConfig(channels=2), 0, images[:128])
