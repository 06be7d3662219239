"""What of the GPU path only a GPU can show: kernels, their stream, far memory, and no waiting."""

import itertools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from snnviz.data import garments
from snnviz.ranks import Ranks
from snnviz.scoring.evaluation import to_device
from snnviz.tutorial.cuda import Neuron, functions, reference
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.training import TrainConfig
from snnviz.tutorial.training.augmentation import Views
from snnviz.tutorial.training.learner import Learner
from tests.benchmarks.gpu_sides import OURS, settings, title

STEPS = (1, 2, 4, 7, 16, 64)
NEURONS = (
    Neuron(),
    Neuron(v_threshold=0.7, v_reset=-0.3),
    Neuron(v_reset=None),
    Neuron(detach_reset=True),
    Neuron(v_reset=None, detach_reset=True),
)
# The name of each kernel, the shape of its drive, and whether it is the same at every step.
KERNELS = {
    "fire": ((3, 7, 130), False),
    "fire_still": ((3, 7, 130), True),
    "fire_and_pool": ((3, 6, 9, 11), False),
    "fire_still_and_pool": ((3, 6, 9, 11), True),
    "fire_rate": ((65, 10), False),
}
LAYOUTS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x,
    lambda x: x.transpose(-1, -2).contiguous().transpose(-1, -2),
    lambda x: x.movedim(-3, -1).contiguous().movedim(-1, -3) if x.ndim > 3 else x,
    lambda x: x.repeat_interleave(2, -1)[..., ::2],  # every other value of a wider one
)
# How far a gradient may be off, in parts of the largest: rounding of sums over up to 64 steps.
TOLERANCES = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def check(device: str, steps: tuple[int, ...] = STEPS) -> bool:
    """Whether all is as it should be; prints what is not."""
    passed = check_kernels(device, steps)
    passed &= report("a kernel waits for its stream", runs_on_its_stream(device))
    passed &= report("steps further apart than 32 bits count", reaches_far(device))
    passed &= report("the encoder's spikes are those of a CPU", encodes_as_a_cpu(device))
    for name, scaled in [*((name, False) for name in OURS), (OURS[0], True)]:
        what = f"{title(name)}{', float16 and a scaled loss' if scaled else ''}"
        waits_not = waits_for_nothing(name, device, scaled=scaled)
        passed &= report(f"{what}: iterations wait for nothing", waits_not)
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()  # for the processes that are measured next
    print()
    return passed


def report(what: str, found: bool | str) -> bool:
    """Print what was found: whether it holds, or why it was left out."""
    print(
        f"{what}: {found if isinstance(found, str) else 'yes' if found else 'NO (!)'}", flush=True
    )
    return bool(found)


def draw(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Random, constant, silent and saturated drive in one."""
    generator = torch.Generator().manual_seed(len(shape))
    drive = torch.randn(shape, generator=generator) * 0.8 + 0.2
    last = drive.transpose(0, -1)
    last[0], last[1], last[2], last[3] = 50.0, -50.0, 0.5, 1.0
    return drive.to(dtype)


def deviations(
    name: str, dtype: torch.dtype, steps: tuple[int, ...], device: str
) -> tuple[int, float]:
    """Spikes that differ from the reference, and how far gradients do, in parts of the largest."""
    shape, still = KERNELS[name]
    differing, deviation = 0, 0.0
    for T, neuron, lay in itertools.product(steps, NEURONS, LAYOUTS):
        drive = draw(shape if still else (T, *shape), dtype)
        results = []
        for place, module in ((device, functions), ("cpu", reference)):
            x = lay(drive.to(place)).detach().requires_grad_()
            compute: Callable[..., Tensor] = getattr(module, name)
            found = compute(x, neuron, T) if still else compute(x, neuron)
            generator = torch.Generator().manual_seed(1)
            weight = torch.randn(found.shape, generator=generator).to(found)
            found.backward(weight)
            results.append((found.detach().cpu(), x.grad.float().cpu()))
        (spikes, gradient), (expected, wanted) = results
        differing += int((spikes != expected).sum())
        # NaN must not pass for small.
        off = (gradient - wanted).abs().max() / wanted.abs().max()
        deviation = max(deviation, float(off.nan_to_num(torch.inf)))
    return differing, deviation


def check_kernels(device: str, steps: tuple[int, ...] = STEPS) -> bool:
    """Prints how far the kernels are from the reference, and returns whether that is rounding."""
    print(f"T in {', '.join(map(str, steps))}; hard and soft reset, detached and not\n")
    print("| kernel | type | spikes that differ | largest deviation of a gradient |")
    print("|---|---|---|---|")
    passed = True
    for name, dtype in itertools.product(KERNELS, TOLERANCES):
        differing, deviation = deviations(name, dtype, steps, device)
        good = differing == 0 and deviation <= TOLERANCES[dtype]
        passed &= good
        kind = str(dtype).removeprefix("torch.")
        mark = "" if good else " (!)"
        print(f"| {name} | {kind} | {differing} | {deviation:.1e}{mark} |", flush=True)
    print()
    return passed


def runs_on_its_stream(device: str) -> bool:
    """Whether a kernel comes after what torch's current stream, not the default one, did before."""
    cuda = torch.device(device).type == "cuda"
    values = draw((4, 2**16), torch.float32).to(device)
    drive = torch.zeros_like(values)
    functions.fire(drive, Neuron())  # compiled before it counts
    if cuda:
        torch.cuda.synchronize(device)
    with torch.cuda.stream(torch.cuda.Stream(device)) if cuda else nullcontext():
        if cuda:
            torch.cuda._sleep(10**8)  # cycles: the drive arrives long after the launch
        drive.copy_(values)
        spikes = functions.fire(drive, Neuron())
        found = spikes.cpu()
    return torch.equal(found, reference.fire(values.cpu(), Neuron()))


def reaches_far(
    device: str, T: int = 4, widths: tuple[int, ...] = (2**30 + 2**16, 2**29 + 2**16)
) -> bool | str:
    """Whether neurons far apart in memory are those of a short row, repeated.

    Of the widths, each a multiple of 2**16, the first that fits into memory. In four steps the
    larger one has more than 2**32 values, the smaller more than 2**31; both have more neurons than
    threads are launched, which take a second one then.
    """
    cuda = torch.device(device).type == "cuda"
    free = torch.cuda.mem_get_info(device)[0] if cuda else 2**30
    # Drive, spikes, their gradients, and the memory that these are laid out as; of bfloat16.
    fitting = [width for width in widths if 5.5 * T * width * 2 <= free]
    if not fitting:
        return f"left out, {5.5 * T * widths[-1] * 2 / 1e9:.0f} GB are not free"
    results: list[list[Tensor]] = []
    for width in (2**16, fitting[0]):
        drive, weight = (
            draw((T, 2**16), torch.bfloat16).roll(shift, 0).to(device).repeat(1, width // 2**16)
            for shift in (0, 1)
        )
        spikes = functions.fire(drive.requires_grad_(), Neuron())
        spikes.backward(weight)
        results.append([spikes.detach(), drive.grad])
    return all(
        torch.equal(row.view(-1, 2**16), short.expand(len(row) // 2**16, -1))
        for part, whole in zip(*results, strict=True)
        for short, row in zip(part, whole, strict=True)
    )


def encodes_as_a_cpu(device: str) -> bool:
    """Whether a GPU's convolution, rounded in another order but not to TF32, gives the same spikes.

    With factors in TF32 one neuron of ten thousand would fire at another step.
    """
    images, encoder = garments(200).batch(range(200)), load_encoder()
    found, expected = (encoder.to(each).encode(images, T=8).first_spike for each in (device, "cpu"))
    return float((found != expected).mean()) <= 1e-5


def waits_for_nothing(name: str, device: str, *, scaled: bool = False) -> bool:
    """Whether iterations of training, but for the first, go by without waiting for the GPU.

    Args:
        name: How to train; with Adam in mixed precision, else SGD.
        device: The GPU.
        scaled: Whether to compute in float16 and scale the loss, as on a GPU without bfloat16.
    """
    choices: dict[str, Any] = settings(name, device)
    choices.update({"opt": "Adam", "lr": 0.001} if choices["amp"] else {})
    config = TrainConfig(batch_size=16, channels=32, augment_lightly=True, **choices)
    images, labels = to_device(garments(80, "train"), torch.device(device))
    order = torch.arange(80, device=device)
    corners, boxes = (torch.zeros(80, n, dtype=torch.int64, device=device) for n in (2, 4))
    views = Views(corners, boxes)
    learner = Learner(config, (28, 28), Ranks(), 80)
    if scaled:
        learner._autocast = torch.float16
        learner._scaler = torch.amp.GradScaler(torch.device(device).type)

    def progress(_phase: str, done: int, total: int) -> None:
        # The first iteration compiles; after the last one the sums are read.
        torch.cuda.set_sync_debug_mode("default" if done == total else "error")

    try:
        learner.learn(images, labels, order, progress, views)
    except RuntimeError as error:
        print(error)
        return False
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return True
