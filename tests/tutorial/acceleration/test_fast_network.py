"""The fast network against the plain network: outputs, gradients, statistics, predictions."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from snnviz.compiling import CompilerError
from snnviz.device import has_bfloat16
from snnviz.neurons.rule import IntegrateAndFire
from snnviz.tutorial.acceleration import accelerate, fast_network, native
from snnviz.tutorial.acceleration.fast_network import FastNetwork
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training.synchronization import synchronize_batch_norm
from tests.lively import lively

try:
    native.library(torch.float32, 2)
except CompilerError as error:
    pytestmark = pytest.mark.skip(reason=str(error))


def pair(config, step_mode="s"):
    """The same network twice, plain and fast; BatchNorm is not the identity."""
    plain = lively(build_network(config, step_mode=step_mode, seed=0))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for norm in (plain.static_conv[1], plain.conv[3]):
            norm.weight.uniform_(0.5, 2, generator=generator)
            norm.bias.uniform_(-0.3, 0.5, generator=generator)
            norm.bias[:2] = torch.tensor([-50.0, 50.0])  # silent, saturated
    fast = FastNetwork(copy.deepcopy(plain))
    return plain.train(), fast.train()


def draw(config, count=3):
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, config.in_channels, *config.image_size, generator=generator)
    return images, torch.randn(count, config.num_classes, generator=generator)


def learn(net, images, weight):
    rates = net(images)
    (rates.float() * weight).sum().backward()
    return rates.float()


def assert_same_training(config, step_mode):
    """Two passes in a row, so that gradients and running statistics add up."""
    plain, fast = pair(config, step_mode)
    images, weight = draw(config)
    for batch in (images, images.flip(0, 3)):
        expected, rates = learn(plain, batch, weight), learn(fast, batch, weight)
        assert 0 < expected.mean() < 1
        assert torch.equal(rates, expected)
    for (name, parameter), other in zip(
        plain.named_parameters(), fast.net.parameters(), strict=True
    ):
        size = parameter.grad.abs().max()
        assert size > 0, name
        assert torch.allclose(other.grad, parameter.grad, atol=1e-4 * size, rtol=0), name
    for (name, buffer), other in zip(plain.named_buffers(), fast.net.buffers(), strict=True):
        assert torch.allclose(buffer, other, rtol=1e-5, atol=1e-6), name


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("v_reset", [0.0, -0.3, None])
@pytest.mark.parametrize("T", [1, 2, 5])
def test_training_is_that_of_the_plain_network(T, v_reset, step_mode):
    assert_same_training(
        NetworkConfig(T=T, channels=6, image_size=(8, 12), v_reset=v_reset), step_mode
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": (5, 4)},
        {"image_size": (9, 11)},
        {"image_size": (10, 7)},
        {"channels": 2},
        {"channels": 16},
        {"channels": 37},
        {"in_channels": 3},
        {"num_classes": 3},
        {"v_threshold": 0.7},
        {"image_size": (9, 11), "channels": 37, "pooling": "avg"},
    ],
    ids=str,
)
def test_it_holds_for_every_size(changes):
    config = NetworkConfig(T=2, channels=6, image_size=(8, 8))
    assert_same_training(replace(config, **changes), "s")


# Of an input of which a quarter arrives.
LEAKY = {"neuron": "lif", "tau": 4.0, "v_threshold": 0.25}
OTHERS = [
    {"pooling": "avg"},
    {"pooling": "avg", "v_reset": None},
    LEAKY,
    {**LEAKY, "v_reset": -0.05},
    {**LEAKY, "v_reset": None},
    {"neuron": "lif", "tau": 4.0, "decay_input": False},
    {"neuron": "lif", "tau": 4.0, "v_reset": -0.3, "decay_input": False, "pooling": "avg"},
]


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("T", [1, 5])
@pytest.mark.parametrize("changes", OTHERS, ids=str)
def test_averages_and_leaks_are_those_of_the_plain_network(changes, T, step_mode):
    assert_same_training(NetworkConfig(T=T, channels=6, image_size=(8, 12), **changes), step_mode)


@pytest.mark.parametrize("changes", OTHERS, ids=str)
def test_rates_of_evaluation_are_those_of_the_plain_network(changes):
    """Two batches in a row, with the statistics of training."""
    config = NetworkConfig(T=4, channels=6, image_size=(9, 12), **changes)
    plain, fast = pair(config)
    images, _ = draw(config, 20)
    plain(images)
    plain.eval()
    fast.net.load_state_dict(plain.state_dict())
    fast.eval()
    for batch in images.split(10):
        with torch.no_grad():
            expected = plain(batch)
        rates = fast.rates(batch)
        assert len(expected.unique()) > 2
        assert torch.equal(rates, expected)


def test_average_pooling_gives_quarters_and_hands_a_gradient_to_all_four():
    """Windows of no to four spiking neurons, spikes and gradients by hand."""
    neuron = native.Neuron.build(IntegrateAndFire(), 2.0)
    windows = [
        [0.2, 0.4, 0.6, 0.3],
        [0.2, 1.5, 0.3, 0.1],
        [1.1, 0.9, 0.1, 1],
        [2, 1, 0, 3],
        [5.0] * 4,
    ]
    maps = torch.tensor(windows).view(1, 5, 2, 2, 1)
    one, zero = torch.ones(1, 1), torch.zeros(1, 1)
    spikes = native.fire_and_pool(maps, one, zero, neuron, average=True)
    assert spikes.flatten().tolist() == [0, 0.25, 0.5, 0.75, 1]
    gradient = torch.arange(1.0, 6.0).view(1, 5, 1, 1, 1)
    result, plain, _ = native.fire_and_pool_backward(
        gradient, maps, one, zero, zero, neuron, average=True
    )
    distance = torch.pi * (torch.tensor(windows) - 1)
    expected = gradient.view(5, 1) / 4 / (1 + distance**2)
    assert torch.allclose(result.view(5, 4), expected)
    assert torch.allclose(plain.flatten(), expected.sum(1))


def test_a_pooling_window_with_equal_spikes_sends_its_gradient_to_the_first():
    """Drives in which windows have no, one and several spiking corners, gradients by hand."""
    neuron = native.Neuron.build(IntegrateAndFire(), 2.0)
    windows = [[0.2, 0.4, 0.6, 0.3], [0.2, 1.5, 0.3, 1.2], [1.1, 1.3, 0.1, 0.4], [0.1, 0.2, 0.3, 9]]
    maps = torch.tensor(windows).view(1, 4, 2, 2, 1)
    one, zero = torch.ones(1, 1), torch.zeros(1, 1)
    gradient = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1, 1)
    result, plain, centered = native.fire_and_pool_backward(
        gradient, maps, one, zero, zero, neuron, average=False
    )
    expected = torch.zeros(4, 4)
    for window, corner in enumerate((0, 1, 0, 3)):
        distance = torch.pi * (windows[window][corner] - 1)
        expected[window, corner] = gradient.flatten()[window] / (1 + distance**2)
    assert torch.allclose(result.view(4, 4), expected)
    assert torch.allclose(plain.flatten(), expected.sum(1))
    assert torch.allclose(centered.flatten(), (expected * torch.tensor(windows)).sum(1))


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("channels", [3, 70, 128])
@pytest.mark.parametrize("T", [1, 4, 5])
def test_recurring_spikes_are_convolved_like_any_others(T, channels, average):
    generator = torch.Generator().manual_seed(T)
    # Intervals: some fire at every step, and some never.
    corners = 4 if average else 1
    interval = torch.randint(1, T + 2, (corners, 2, 5, 4, channels), generator=generator)
    interval[..., 0], interval[..., 1] = 1, T + 1
    spikes = torch.stack([(t % interval == 0).float().mean(0) for t in range(1, T + 1)])
    weight = torch.randn(channels, channels, 3, 3, generator=generator)
    bits, count = native.incoming(spikes, average=average)
    maps = native.convolve_recurring(bits, weight, torch.float32)
    frames = spikes.double().flatten(0, 1).permute(0, 3, 1, 2)
    exact = weight.double().requires_grad_()
    expected = F.conv2d(frames, exact, padding=1).permute(0, 2, 3, 1)
    assert torch.allclose(maps.flatten(0, 1).double(), expected, atol=1e-4)
    gradient = torch.randn(maps.shape, generator=generator)
    expected.backward(gradient.flatten(0, 1).double())
    found = native.convolve_recurring_backward(gradient, bits)
    assert torch.allclose(found.double(), exact.grad, atol=1e-4)
    divisors = [max((d for d in range(1, t) if t % d == 0), default=0) for t in range(1, T + 1)]
    fresh = torch.stack([spikes[t] - (spikes[d - 1] if d else 0) for t, d in enumerate(divisors)])
    # Of each number of quarters the bits: of 3 two.
    came = (fresh * corners).int().flatten().tolist()
    assert count == sum(each.bit_count() for each in came) > 0


def calls_of_sums(monkeypatch):
    """A list that grows with each convolution by sums."""
    calls = []
    plain = native.convolve_recurring
    monkeypatch.setattr(
        native, "convolve_recurring", lambda *given: calls.append(1) or plain(*given)
    )
    return calls


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize(("most", "summed"), [(0.0, False), (1.1, True)])
def test_few_spikes_are_summed_and_many_multiplied_alike(most, summed, pooling, monkeypatch):
    monkeypatch.setattr(fast_network, "_FEW", most)
    calls = calls_of_sums(monkeypatch)
    assert_same_training(NetworkConfig(T=4, channels=6, image_size=(8, 12), pooling=pooling), "s")
    assert bool(calls) == summed


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
@pytest.mark.parametrize("tiles", [False, True])
def test_a_processor_that_multiplies_tiles_of_bfloat16_does(tiles, monkeypatch):
    monkeypatch.setattr(fast_network, "has_matrix_unit", lambda: tiles)
    monkeypatch.setattr(fast_network, "_FEW", 1.1)
    calls = calls_of_sums(monkeypatch)
    _, fast = pair(NetworkConfig(T=4, channels=6, image_size=(8, 12)))
    images, weight = draw(fast.net.config)
    with torch.autocast("cpu"):
        learn(fast, images, weight)
    assert bool(calls) != tiles
    learn(fast, images, weight)  # float32
    assert len(calls) == 1 + (not tiles)


def test_rows_are_multiplied_as_torch_multiplies_them():
    x, weight = torch.randn(3, 5, 4, requires_grad=True), torch.randn(7, 4, requires_grad=True)
    gradient = torch.randn(3, 5, 7)
    found = []
    for multiply in (F.linear, fast_network._multiply):
        product = multiply(x, weight)
        found.append((product, *torch.autograd.grad(product, (x, weight), gradient)))
    for expected, other in zip(*found, strict=True):
        assert other.shape == expected.shape
        assert torch.allclose(other, expected, atol=1e-5)
    turned = x.detach().permute(1, 0, 2)
    assert torch.allclose(fast_network._multiply(turned, weight), F.linear(turned, weight))


def test_in_evaluation_it_is_the_plain_network(drawn_images):
    for config in (NetworkConfig(T=4, channels=8), NetworkConfig(T=5, channels=5, v_reset=None)):
        plain, fast = pair(config)
        images = torch.from_numpy(drawn_images.batch(range(40)))
        for batch in images.split(8):
            plain(batch)
        fast.net.load_state_dict(plain.state_dict())
        plain.eval()
        fast.eval()
        with torch.no_grad():
            expected = plain(images)
            assert len(expected.unique()) > 2
            assert torch.equal(fast(images), expected)
            with torch.autocast("cpu"):
                assert torch.equal(fast(images[:3]), expected[:3])
        images.requires_grad_()
        for net in (plain, fast):
            learn(net, images, torch.ones(10))
        assert torch.equal(plain.fc[1].weight.grad, fast.net.fc[1].weight.grad)


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_mixed_precision_stays_near_float32(step_mode):
    """As near as the plain network's own autocast, and products are rounded indeed."""
    config = NetworkConfig(T=4, channels=16, image_size=(12, 12))
    plain, fast = pair(config, step_mode)
    exact = copy.deepcopy(plain)
    images, weight = draw(config, 16)
    expected = learn(exact, images, weight)
    with torch.autocast("cpu"):
        theirs, ours = learn(plain, images, weight), learn(fast, images, weight)
    assert (ours - expected).abs().mean() <= 1.2 * (theirs - expected).abs().mean() + 0.01
    for net in (exact, plain, fast.net):
        assert all(parameter.grad.dtype == torch.float32 for parameter in net.parameters())
    for (name, true), plain_, ours_ in zip(
        exact.named_parameters(), plain.parameters(), fast.net.parameters(), strict=True
    ):
        near = [
            F.cosine_similarity(p.grad.flatten(), true.grad.flatten(), 0) for p in (plain_, ours_)
        ]
        assert near[1] > min(near[0], 0.98) - 0.02, name
        assert not torch.equal(ours_.grad, true.grad), name


def test_the_fast_network_has_no_parameters_of_its_own():
    net = build_network(NetworkConfig(T=2, channels=4), seed=0)
    fast = FastNetwork(net)
    assert {id(p) for p in fast.parameters()} == {id(p) for p in net.parameters()}
    fast.eval()
    assert not net.training
    before = list(net.state_dict())
    fast.train()(torch.rand(2, 1, 28, 28)).sum().backward()
    assert list(net.state_dict()) == before
    assert net.fc[1].weight.grad is not None


def test_a_network_that_it_cannot_take_stays_as_it_is():
    config = NetworkConfig(T=2, channels=4)
    usual = build_network(config)
    assert isinstance(accelerate(usual, 10**9), FastNetwork)
    synchronized = build_network(config)
    synchronize_batch_norm(synchronized)
    for net, images in (
        (usual, 10),
        (build_network(replace(config, in_channels=17)), 10**9),
        (build_network(config).double(), 10**9),
        (build_network(config).to("meta"), 10**9),
        (synchronized, 10**9),
    ):
        assert accelerate(net, images) is net


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("no-such-compiler", "no C\\+\\+ compiler \\(no-such-compiler\\)"), ("false", "false failed")],
)
def test_without_a_compiler_the_plain_network_runs_and_one_line_says_so(
    compiler, said, monkeypatch
):
    monkeypatch.setenv("CXX", compiler)
    monkeypatch.setattr(native, "library", native.library.__wrapped__)
    net = build_network(NetworkConfig(T=2, channels=4))
    with pytest.warns(UserWarning, match=said) as record:
        assert accelerate(net, 10**9) is net
    assert len(record) == 1
    assert "\n" not in str(record[0].message)


def test_without_bfloat16_products_are_float32(monkeypatch):
    monkeypatch.setattr("snnviz.tutorial.acceleration.fast_network.has_bfloat16", lambda: False)
    config = NetworkConfig(T=2, channels=8, image_size=(8, 8))
    plain, fast = pair(config)
    images, weight = draw(config)
    with torch.autocast("cpu"):
        rates = learn(fast, images, weight)
    assert torch.equal(rates, learn(plain, images, weight))
