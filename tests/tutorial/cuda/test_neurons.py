"""The kernels, run on a CPU from their own source, and the reference against SpikingJelly."""

import pytest
import torch
import torch.nn.functional as F
from spikingjelly.activation_based import neuron as spikingjelly
from spikingjelly.activation_based import surrogate

from snnviz.errors import ShapeError
from snnviz.tutorial.cuda import Neuron, functions, launching, reference
from tests.tutorial.cuda import host

STEPS = [1, 2, 4, 7, 64]
NEURONS = [
    Neuron(),
    Neuron(v_threshold=0.7, v_reset=-0.3),
    Neuron(v_reset=None),
    Neuron(v_reset=0.1, detach_reset=True),
    Neuron(v_threshold=1.2, v_reset=None, alpha=3.0, detach_reset=True),
]
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
neurons = pytest.mark.parametrize("neuron", NEURONS, ids=str)
needs_compiler = pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")


@pytest.fixture(params=["reference", pytest.param("kernels", marks=needs_compiler)])
def way(request, monkeypatch):
    monkeypatch.setattr(functions, "launch", host.launch)
    return {"reference": reference, "kernels": functions}[request.param]


@pytest.fixture
def kernels(monkeypatch):
    if host.compiler() is None:
        pytest.skip("needs a C++ compiler")
    launched = []

    def launch(name, T, count, arguments):
        launched.append((name, arguments))
        host.launch(name, T, count, arguments)

    monkeypatch.setattr(functions, "launch", launch)
    return launched


def node(drive, neuron, T=None):
    """Spikes of SpikingJelly's node in float32; with T, of one drive at every step."""
    drive = drive.float()
    module = spikingjelly.IFNode(
        v_threshold=neuron.v_threshold,
        v_reset=neuron.v_reset,
        surrogate_function=surrogate.ATan(neuron.alpha),
        detach_reset=neuron.detach_reset,
        step_mode="m",
    )
    return module(drive if T is None else drive.unsqueeze(0).repeat(T, *[1] * drive.ndim))


def pool(spikes):
    return F.max_pool2d(spikes.flatten(0, 1), 2).unflatten(0, spikes.shape[:2])


def draw(*shape, seed=0):
    """Random drive, with neurons that are silent, saturated and exactly at the threshold."""
    generator = torch.Generator().manual_seed(seed)
    drive = torch.randn(shape, generator=generator) * 0.8 + 0.2
    last = drive.transpose(0, -1)
    last[0], last[1] = 50.0, -50.0
    last[2] = 0.5
    if len(last) > 3:
        last[3] = 1.0
    return drive


def assert_same(drive, expected, compute, tolerance=1e-5):
    """Outputs bit for bit; gradients within rounding."""
    theirs, ours = (drive.detach().clone(memory_format=torch.preserve_format) for _ in range(2))
    if not drive.is_contiguous():
        ours = drive.detach()
    theirs, ours = theirs.requires_grad_(), ours.requires_grad_()
    wanted, found = expected(theirs), compute(ours)
    assert torch.equal(found.float(), wanted.float())
    weight = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(9)).to(found.dtype)
    (wanted.float() * weight.float()).sum().backward()
    found.backward(weight)
    assert ours.grad.dtype == drive.dtype
    size = theirs.grad.float().abs().max()
    assert size > 0
    # Near 0 two neighbouring numbers of float16 are further apart than any part of them.
    kind = torch.finfo(drive.dtype)
    near = max(1e-6 * float(size), 2 * kind.smallest_normal * kind.eps)
    assert torch.allclose(ours.grad.float(), theirs.grad.float(), rtol=tolerance, atol=near)
    return found


@neurons
@pytest.mark.parametrize("T", STEPS)
def test_spikes_are_those_of_spikingjelly(way, T, neuron):
    drive = draw(T, 3, 5, 7)
    spikes = assert_same(drive, lambda x: node(x, neuron), lambda x: way.fire(x, neuron))
    assert spikes[..., 0].all()
    assert not spikes[..., 1].any()
    assert 0 < spikes.mean() < 1


@neurons
@pytest.mark.parametrize("T", STEPS)
def test_a_still_drive_is_the_same_at_every_step(way, T, neuron):
    drive = draw(3, 5, 7)
    assert_same(drive, lambda x: node(x, neuron, T), lambda x: way.fire_still(x, neuron, T))


@neurons
@pytest.mark.parametrize("T", STEPS)
def test_pooled_spikes_and_their_gradients_are_those_of_max_pool2d(way, T, neuron):
    for shape in ((2, 3, 5, 4), (1, 2, 4, 7), (3, 1, 2, 3)):
        drive = draw(*shape, seed=T)
        assert_same(
            drive,
            lambda x: pool(node(x, neuron, T)),
            lambda x: way.fire_still_and_pool(x, neuron, T),
        )
        assert_same(
            draw(T, *shape, seed=T),
            lambda x: pool(node(x, neuron)),
            lambda x: way.fire_and_pool(x, neuron),
        )


@neurons
@pytest.mark.parametrize("T", STEPS)
def test_of_the_last_layer_only_the_rate_leaves(way, T, neuron):
    drive = draw(T, 3, 10)
    rates = assert_same(
        drive, lambda x: node(x, neuron).mean(0), lambda x: way.fire_rate(x, neuron)
    )
    assert rates.shape == (3, 10)
    assert rates.dtype == torch.float32


@neurons
@pytest.mark.parametrize("T", [1, 4, 7, 64])
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=str)
def test_halves_are_computed_in_float32(way, dtype, T, neuron):
    """Spikes are those of the same drive as float32; a gradient is rounded once, at the end."""
    drive, still = draw(T, 2, 3, 5, 4).to(dtype), draw(2, 3, 5, 4).to(dtype)
    for values, expected, compute, result in (
        (drive, lambda x: node(x, neuron), lambda x: way.fire(x, neuron), dtype),
        (still, lambda x: node(x, neuron, T), lambda x: way.fire_still(x, neuron, T), dtype),
        (drive, lambda x: pool(node(x, neuron)), lambda x: way.fire_and_pool(x, neuron), dtype),
        (
            still,
            lambda x: pool(node(x, neuron, T)),
            lambda x: way.fire_still_and_pool(x, neuron, T),
            dtype,
        ),
        (
            drive,
            lambda x: node(x, neuron).mean(0),
            lambda x: way.fire_rate(x, neuron),
            torch.float32,
        ),
    ):
        found = assert_same(values, expected, compute, tolerance=2 * torch.finfo(dtype).eps)
        assert found.dtype == result


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=str)
def test_every_half_is_read_and_written_as_it_is(dtype):
    """All 65,536: as drive of neurons that never reset, and as gradients rounded from float32."""
    bits = torch.arange(2**16, dtype=torch.int32).to(torch.int16)
    values = bits.view(dtype)
    values = values[values.isfinite()]
    for threshold in (0.25, 3.0, -1e-3):
        spikes = functions.fire(values.unsqueeze(0), Neuron(v_threshold=threshold))
        assert torch.equal(spikes[0].bool(), values.float() >= threshold)
    drive = values[:1000].unsqueeze(0).requires_grad_()
    gradient = torch.randn(1, 1000, generator=torch.Generator().manual_seed(0)).to(dtype)
    functions.fire(drive, Neuron()).backward(gradient)
    distance = drive.detach().float() - 1.0
    surrogate_ = 1 / (1 + (torch.pi * distance) ** 2)
    assert torch.allclose(
        drive.grad.float(), (gradient.float() * surrogate_).to(dtype).float(), rtol=2**-7, atol=1e-7
    )


LAYOUTS = {
    "channels first": lambda x: x,
    "channels last": lambda x: x.movedim(-3, -1).contiguous().movedim(-1, -3),
    "images last": lambda x: x.movedim(-4, -1).contiguous().movedim(-1, -4),
    "every other column": lambda x: x.repeat_interleave(2, -1)[..., ::2],
    "reversed dimensions": lambda x: (
        x.permute(*reversed(range(x.ndim))).contiguous().permute(*reversed(range(x.ndim)))
    ),
}


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("T", [1, 4])
@pytest.mark.parametrize(
    ("dtype", "neuron"), [(DTYPES[0], NEURONS[2]), (DTYPES[1], NEURONS[1]), (DTYPES[2], NEURONS[3])]
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_makes_no_difference(layout, dtype, neuron, T):
    lay, tolerance = LAYOUTS[layout], max(1e-5, 2 * torch.finfo(dtype).eps * (dtype.itemsize < 4))
    drive, still = lay(draw(T, 2, 5, 5, 6).to(dtype)), lay(draw(2, 5, 5, 6).to(dtype))
    assert (layout == "channels first") == drive.is_contiguous()
    for values, expected, compute in (
        (drive, lambda x: node(x, neuron), lambda x: functions.fire(x, neuron)),
        (still, lambda x: node(x, neuron, T), lambda x: functions.fire_still(x, neuron, T)),
        (
            drive,
            lambda x: pool(node(x, neuron)),
            lambda x: functions.fire_and_pool(x, neuron),
        ),
        (
            still,
            lambda x: pool(node(x, neuron, T)),
            lambda x: functions.fire_still_and_pool(x, neuron, T),
        ),
        (drive, lambda x: node(x, neuron).mean(0), lambda x: functions.fire_rate(x, neuron)),
    ):
        assert_same(values, expected, compute, tolerance)


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_nothing_is_copied_and_no_layout_changes(layout, kernels):
    neuron, T = Neuron(), 2
    drive, still = LAYOUTS[layout](draw(T, 2, 3, 4, 6)), LAYOUTS[layout](draw(2, 3, 4, 6))
    for values, compute in (
        (drive, functions.fire),
        (drive, functions.fire_and_pool),
        (still, lambda x, neuron: functions.fire_still(x, neuron, T)),
        (still, lambda x, neuron: functions.fire_still_and_pool(x, neuron, T)),
    ):
        kernels.clear()
        values.requires_grad_()
        spikes = compute(values, neuron)
        assert spikes[0].is_contiguous() == values[0].is_contiguous()
        assert spikes.movedim(-3, -1).is_contiguous() == values.movedim(-3, -1).is_contiguous()
        gradient = torch.ones_like(spikes)
        spikes.backward(gradient)
        (_, forward), (_, backward) = kernels
        assert forward[0].data_ptr() == backward[0].data_ptr() == values.data_ptr()
        assert forward[1].data_ptr() == spikes.data_ptr()
        assert backward[1].data_ptr() == gradient.data_ptr()
        assert values.grad.stride() == values.stride()


@pytest.mark.usefixtures("kernels")
def test_a_gradient_of_another_layout_is_taken_too():
    """The gradient of a sum is one number, expanded."""
    still = draw(2, 3, 4, 6)
    ours, theirs = (still.clone().requires_grad_() for _ in range(2))
    functions.fire_still_and_pool(ours, Neuron(), 3).sum().backward()
    pool(node(theirs, Neuron(), 3)).sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-5)


@pytest.mark.usefixtures("kernels")
def test_no_neurons_are_no_kernel():
    for drive in (torch.zeros(2, 0, 3, 4, 4), torch.zeros(2, 1, 3, 1, 4)):
        drive.requires_grad_()
        spikes = functions.fire_and_pool(drive, Neuron())
        assert spikes.shape == (2, drive.shape[1], 3, drive.shape[3] // 2, 2)
        spikes.sum().backward()
        assert torch.equal(drive.grad, torch.zeros_like(drive))


def test_what_the_kernels_do_not_take_is_refused():
    with pytest.raises(ShapeError, match="float64"):
        launching.compile_options(torch.float64, 4)
    with pytest.raises(ShapeError, match="1 to 64 time steps, got 65"):
        launching.compile_options(torch.float32, 65)
    with pytest.raises(ShapeError, match=r"\[T, N, C, H, W\], got \[2, 3, 4, 4\]"):
        functions.fire_and_pool(torch.zeros(2, 3, 4, 4), Neuron())
    with pytest.raises(ShapeError, match=r"below 2\*\*31 values"):
        functions._run("fire", Neuron(), 2**31, torch.zeros(1), torch.zeros(1))
