"""Batch normalization over two processes is that of one process with all the images."""

import multiprocessing

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from snnviz.tutorial.training.synchronization import SynchronizedBatchNorm2d, synchronize_batch_norm

# Ranks with different numbers of images, which are not square; a channel far from 0, whose
# variance the difference of two sums would lose, and one that is constant.
SHARES = ((3, 4, 5, 7), (2, 4, 5, 7))
FAR, CONSTANT = 1, 2


def images():
    generator = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(share, generator=generator) for share in SHARES])
    x[:, FAR] += 1e4
    x[:, CONSTANT] = 0.5
    return x


def layer():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        norm = nn.BatchNorm2d(4)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return norm


def steps(norm, x, target):
    """Output, gradients and running statistics after two steps of training, then evaluation."""
    found = []
    for scale in (1.0, -2.0):
        part = (x * scale).requires_grad_()
        y = norm(part)
        norm.zero_grad()
        (y * target).sum().backward()
        found += [y.detach(), part.grad, norm.weight.grad.clone(), norm.bias.grad.clone()]
    found += [norm.running_mean, norm.running_var, norm.num_batches_tracked]
    return [*found, norm.eval()(x).detach()]


class NothingIsCopied(TorchFunctionMode):
    """In here the host makes no tensor of its own numbers, which on a GPU waits for the copy."""

    def __torch_function__(self, function, _types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        assert name not in {"new_tensor", "tensor", "as_tensor", "item", "tolist", "cpu"}, name
        return function(*args, **(kwargs or {}))


def _one_rank(rank, store, queue):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=2
    )
    norm = layer()
    synchronize_batch_norm(norm)
    assert isinstance(norm, SynchronizedBatchNorm2d)
    share = images().split([shape[0] for shape in SHARES])[rank]
    target = images().sin().split([shape[0] for shape in SHARES])[rank]
    with NothingIsCopied():
        results = steps(norm, share, target)
    queue.put((rank, [value.numpy() for value in results]))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(
        ["tests.tutorial.training.test_synchronization", "torch.distributed"]
    )
    queue = processes.Queue()
    store = tmp_path_factory.mktemp("ranks") / "store"
    ranks = [processes.Process(target=_one_rank, args=(rank, store, queue)) for rank in (0, 1)]
    for rank in ranks:
        rank.start()
    results = dict(queue.get(timeout=300) for _ in ranks)
    for rank in ranks:
        rank.join()
    return [[torch.from_numpy(value) for value in results[rank]] for rank in (0, 1)]


def test_two_ranks_are_one(found):
    expected = steps(layer(), images(), images().sin())
    per_image = {0, 1, 4, 5, 11}  # outputs and their gradients: each rank has its own
    summed = {2, 3, 6, 7}  # each rank has its part of the sum
    for index, (one, two, whole) in enumerate(zip(*found, expected, strict=True)):
        if index in per_image:
            assert_close_by_channel(torch.cat([one, two]), whole, 1)
        elif index in summed:
            assert_close_by_channel(one + two, whole, 0)
        else:
            assert torch.equal(one, two), index
            assert torch.allclose(one, whole, rtol=1e-5, atol=1e-7), index


def assert_close_by_channel(found, expected, axis):
    for channel, pair in enumerate(zip(found.unbind(axis), expected.unbind(axis), strict=True)):
        # What is far from 0 has fewer digits left for what is around its mean.
        tolerance = 2e-3 if channel == FAR else 1e-5
        assert torch.allclose(*pair, rtol=tolerance, atol=tolerance), channel


def test_names_in_the_state_dict_stay():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    before = list(net.state_dict())
    synchronize_batch_norm(net)
    assert list(net.state_dict()) == before
