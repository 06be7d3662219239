"""The network on the kernels against the plain multi-step network, on a CPU."""

import copy
import sys
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from snnviz.errors import ConfigError
from snnviz.tutorial.cuda import Fused, check_available, functions, fuse, reference
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training.synchronization import synchronize_batch_norm
from tests.lively import lively
from tests.tutorial.cuda import host

SMALL = NetworkConfig(T=4, channels=6, image_size=(8, 12))


@pytest.fixture(
    params=[
        "reference",
        pytest.param(
            "kernels",
            marks=pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler"),
        ),
    ]
)
def kernels(request, monkeypatch):
    monkeypatch.setattr(functions, "launch", host.launch)
    return {"reference": reference, "kernels": functions}[request.param]


def pair(config, kernels, *, channels_last=False):
    """The same network twice, plain and on the kernels; BatchNorm is not the identity."""
    plain = lively(build_network(config, step_mode="m", seed=0))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for norm in (plain.static_conv[1], plain.conv[3]):
            norm.weight.uniform_(0.5, 2, generator=generator)
            norm.bias.uniform_(-0.3, 0.5, generator=generator)
            norm.bias[:2] = torch.tensor([-50.0, 50.0])  # silent, saturated
    if channels_last:
        plain.to(memory_format=torch.channels_last)
    return plain.train(), Fused(copy.deepcopy(plain), kernels).train()


def draw(config, count=3):
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, config.in_channels, *config.image_size, generator=generator)
    return images, torch.randn(count, config.num_classes, generator=generator)


def learn(net, images, weight):
    rates = net(images)
    (rates.float() * weight).sum().backward()
    return rates


@pytest.mark.parametrize("channels_last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"T": 1},
        {"T": 7, "image_size": (9, 11)},
        {"v_reset": None},
        {"v_reset": -0.3, "v_threshold": 0.7},
        {"in_channels": 3, "num_classes": 3},
    ],
    ids=str,
)
def test_training_is_that_of_the_plain_network(kernels, changes, channels_last):
    """Two passes in a row, so that gradients and running statistics add up."""
    config = replace(SMALL, **changes)
    plain, fused = pair(config, kernels, channels_last=channels_last)
    images, weight = draw(config)
    for batch in (images, images.flip(0, 3)):
        expected, rates = learn(plain, batch, weight), learn(fused, batch, weight)
        assert 0 < expected.mean() < 1
        assert torch.equal(rates, expected)
    for (name, parameter), other in zip(
        plain.named_parameters(), fused.net.parameters(), strict=True
    ):
        size = parameter.grad.abs().max()
        assert size > 0, name
        assert torch.allclose(other.grad, parameter.grad, atol=1e-4 * size, rtol=0), name
    for (name, buffer), other in zip(plain.named_buffers(), fused.net.buffers(), strict=True):
        assert torch.allclose(buffer, other, rtol=1e-6, atol=1e-7), name


def test_in_evaluation_it_is_the_plain_network_also_of_single_steps(kernels, drawn_images):
    config = NetworkConfig(T=4, channels=8)
    plain, fused = pair(config, kernels)
    images = torch.from_numpy(drawn_images.batch(range(40)))
    for batch in images.split(8):
        plain(batch)
    fused.net.load_state_dict(plain.state_dict())
    single = build_network(config, step_mode="s")
    single.load_state_dict(plain.state_dict())
    plain.eval(), fused.eval(), single.eval()
    with torch.no_grad():
        expected = plain(images)
        assert len(expected.unique()) > 2
        assert torch.equal(fused(images), expected)
        assert torch.equal(single(images), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_mixed_precision_stays_near_float32(kernels, dtype):
    """As near as the plain network's own autocast; parameters' gradients are float32."""
    config = NetworkConfig(T=4, channels=16, image_size=(12, 12))
    plain, fused = pair(config, kernels, channels_last=True)
    exact, checked = copy.deepcopy(plain), Fused(copy.deepcopy(plain), reference)
    images, weight = draw(config, 16)
    expected = learn(exact, images, weight)
    with torch.autocast("cpu", dtype):
        theirs = learn(plain, images, weight).float()
        ours, same = learn(fused, images, weight), learn(checked, images, weight)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, same)
    assert (ours - expected).abs().mean() <= 1.2 * (theirs - expected).abs().mean() + 0.01
    for (name, true), *others in zip(
        exact.named_parameters(),
        plain.parameters(),
        fused.net.parameters(),
        checked.net.parameters(),
        strict=True,
    ):
        near = [F.cosine_similarity(p.grad.flatten(), true.grad.flatten(), 0) for p in others]
        assert others[1].grad.dtype == torch.float32
        assert near[1] > near[0] - 0.1, name
        assert F.cosine_similarity(*(p.grad.flatten() for p in others[1:]), 0) > 0.99, name


def test_it_has_no_parameters_of_its_own(kernels):
    plain, fused = pair(SMALL, kernels)
    assert [*fused.net.parameters()] == [*fused.parameters()]
    assert list(fused.net.state_dict()) == list(plain.state_dict())
    assert not fused.eval().net.training


@pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")
def test_nothing_large_is_kept_for_the_gradient(monkeypatch):
    """The drive of a layer, and its pooled spikes: no potential, no unpooled spike."""
    monkeypatch.setattr(functions, "launch", host.launch)
    plain, fused = pair(replace(SMALL, T=8), functions)
    images, _ = draw(SMALL)
    sizes = {}
    for net in (plain, fused):
        kept = sizes[net] = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, kept=kept: kept.update({x.data_ptr(): x.numel()}) or x, lambda x: x
        ):
            net(images)
    pixels = 3 * 6 * 8 * 12
    # Of the first layer the convolution's result and the drive.
    assert sum(size == pixels for size in sizes[fused].values()) <= 2
    assert sum(size == 8 * pixels for size in sizes[fused].values()) == 0
    assert sum(sizes[fused].values()) < 0.3 * sum(sizes[plain].values())


def test_batch_norm_over_several_processes_is_called_as_it_is(kernels):
    _, fused = pair(SMALL, kernels)
    seen = []
    synchronize_batch_norm(fused.net)
    fused.net.conv[3].register_forward_hook(lambda *_: seen.append(1))
    images, _ = draw(SMALL)
    with pytest.raises(ValueError, match="process group"):
        fused(images)
    assert not seen


def test_what_it_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="step mode s; leave `cupy` or `step_mode` out"):
        fuse(build_network(SMALL))
    with pytest.raises(ConfigError, match="up to 64 time steps, got 65"):
        fuse(build_network(replace(SMALL, T=65), step_mode="m"))
    for changes in ({"pooling": "avg"}, {"neuron": "lif", "tau": 2.0}):
        with pytest.raises(ConfigError, match=r"not leak and of max pooling, got .*leave `cupy`"):
            fuse(build_network(replace(SMALL, **changes), step_mode="m"))
    with pytest.raises(ConfigError, match="need a CUDA device, got cpu"):
        fuse(build_network(SMALL, step_mode="m"))


def test_without_the_package_a_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ConfigError, match=r"^cupy: .*cupy.*; pip install 'snnviz\[cupy\]'$"):
        check_available("cuda:0")
