"""What is read off a run of a network as a convolution, and what is not."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from spikingjelly.activation_based import layer, neuron
from torch import nn

from snnviz.adapters.stems import Watch


def convolution(**options):
    torch.manual_seed(0)
    return nn.Conv2d(3, 5, (3, 2), **options)


def normalization(**options):
    norm = nn.BatchNorm2d(5, **options)
    if norm.running_mean is not None:
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.1, 1)
    if norm.weight is not None:
        nn.init.uniform_(norm.weight, -2, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    return norm.eval()


def watched(forward, images):
    """What is found of the drive that `forward` makes of images, and the drive."""
    watch = Watch()
    with torch.no_grad(), watch.over(images):
        drive = forward(images)
    return watch.found(drive), drive.detach()


def images(steps=()):
    return torch.rand(*steps, 4, 3, 8, 11, generator=torch.Generator().manual_seed(1))


conv, norm = convolution(padding=1, bias=False), normalization()
with_bias = convolution(stride=(2, 1), padding=(0, 1), dilation=(1, 2))
of_steps = nn.Sequential(
    layer.Conv2d(3, 5, 3, step_mode="m"), layer.BatchNorm2d(5, step_mode="m")
).eval()

KNOWN = {
    "a convolution": conv,
    "with a bias, a stride, a dilation": with_bias,
    "normalized": lambda x: norm(conv(x)),
    "normalized without weights": lambda x: normalization(affine=False)(conv(x)),
    "in one line": lambda x: F.conv2d(x, conv.weight, stride=2),
    "sizes are asked for": lambda x: conv(x.view(x.shape[0], *x.size()[1:])),
    "numbers without images": lambda x: F.conv2d(x, conv.weight * torch.ones(()).exp()),
    "repeated": lambda x: norm(conv(x.repeat_interleave(3, 0))).unflatten(0, (4, 3)),
    "in steps": lambda x: conv(x.unsqueeze(0).repeat(2, 1, 1, 1, 1).flatten(0, 1)),
    "where it is already": lambda x: conv(x.float()).to("cpu"),
    "stacked": lambda x: torch.stack([conv(x)] * 3, 0),
    "of SpikingJelly": lambda x: of_steps(x.unsqueeze(0).repeat(2, 1, 1, 1, 1)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_convolution_is_known(name):
    found, drive = watched(KNOWN[name], given := images())
    drive = drive.reshape(-1, *drive.shape[-3:])
    expected = drive if len(drive) == 4 else drive[::3] if name == "repeated" else drive[:4]
    # Not bit for bit: the order of summation may be another here.
    np.testing.assert_allclose(found.drive(given.numpy()), expected.numpy(), atol=1e-5)
    assert expected.std() > 0.1


class Deciding(nn.Module):
    def __init__(self, decide):
        super().__init__()
        self.conv, self.decide = conv, decide

    def forward(self, x):
        return self.conv(x) if self.decide(x) else self.conv(1 - x)


in_training = nn.BatchNorm2d(5)
hooked = convolution()
hooked.register_forward_hook(lambda _layer, _given, result: result * 2)

UNKNOWN = {
    "scaled": lambda x: conv(x / x.max()),
    "in place": lambda x: conv(x.mul_(0.5)),
    "into another": lambda x: torch.add(conv(x), 1, out=torch.empty(0)),
    "two": lambda x: F.conv2d(conv(x), torch.ones(5, 5, 1, 1)),
    "normalized twice": lambda x: norm(norm(conv(x))),
    "normalized by the batch": lambda x: in_training(conv(x)),
    "normalized by itself": lambda x: normalization(track_running_stats=False)(conv(x)),
    "pooled": lambda x: F.max_pool2d(conv(x), 2),
    "rectified": lambda x: conv(x).relu(),
    "a residual": lambda x: conv(x) + conv(x),
    "reflected": convolution(padding=1, padding_mode="reflect"),
    "the same size": convolution(padding="same"),
    "colours in another order": lambda x: conv(x[:, [2, 1, 0]]),
    "mirrored": lambda x: conv(x.flip(3)),
    "turned": lambda x: conv(x.transpose(2, 3)),
    "other rows": lambda x: conv(x.reshape(4, 3, 11, 8)),
    "maps in other rows": lambda x: conv(x).reshape(4, 8, 5, 12),
    "tiled": lambda x: conv(x.repeat(1, 1, 1, 2)),
    "hooked": hooked,
    "by its values": Deciding(lambda x: x.mean() > 0.4),
    "by a number of it": Deciding(lambda x: x.max().item() > 0.4),
    "by an array of it": Deciding(lambda x: x.numpy().max() > 0.4),
    "by a list of it": Deciding(lambda x: x[0, 0, 0].tolist()[0] >= 0),
    "by what comes of it": lambda x: y if bool((y := conv(x)).any()) else y * 2,
    "weights by images": lambda x: F.conv2d(x, x[:, :, :3, :3]),
    "not of these images": lambda x: conv(torch.ones_like(x)),
    "a copy of another type": lambda x: conv(x.double().float()),
    "in bfloat16": lambda x: conv.to(torch.bfloat16)(x.bfloat16()).float(),
    "in double": lambda x: F.conv2d(x.double(), torch.ones(5, 3, 2, 2).double()).float(),
    "stacked with others": lambda x: torch.stack([conv(x), conv(x)]),
    "stacked with a constant": lambda x: torch.stack([y := conv(x), torch.zeros_like(y)]),
    "stacked among maps": lambda x: torch.stack([conv(x)] * 5, 2),
    "put behind each other": lambda x: torch.cat([conv(x)] * 2),
    "flat": lambda x: x.flatten(1) @ torch.ones(264, 4),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_whatever_else_is_done_is_not(name):
    found, _ = watched(UNKNOWN[name], images())
    conv.float()
    assert found is None


def test_a_drive_that_a_layer_of_neurons_made_is_not():
    node = neuron.IFNode()
    assert watched(lambda x: node(conv(x)), images())[0] is None


def test_groups_are_not():
    assert watched(nn.Conv2d(3, 6, 3, groups=3), images())[0] is None
