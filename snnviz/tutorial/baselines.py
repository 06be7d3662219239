"""The tutorial's encoder without learning: what a trained one is compared with."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import unfold

from snnviz.adapters.chain import ChainEncoder, check_images
from snnviz.errors import ShapeError
from snnviz.tutorial.network import NetworkConfig, build_neuron, build_static_conv

_BATCH = 128


def untrained_encoder(
    config: NetworkConfig, seed: int, images: Tensor | NDArray[np.floating] | None = None
) -> ChainEncoder:
    """The encoder that `build_network(config, seed=seed)` starts its training with.

    Its BatchNorm has seen nothing: mean 0 and variance 1, with which the drive of PyTorch's small
    initial weights hardly ever reaches the threshold. Given `images`, their statistics are put
    there first, as one epoch of training in which nothing is learned would: mean over batches of
    128 of each batch's mean and variance (`torch.optim.swa_utils.update_bn`), up to rounding: they
    follow from means and covariances of the pixels that a kernel sees. That is the fairer
    comparison, because it takes no label and no gradient.

    Args:
        config: Sizes, threshold and reset.
        seed: Seed of the weights; the global generator is left as it was.
        images: Training images, floats [N, C, H, W] in [0, 1]; None leaves mean 0 and variance 1.

    Raises:
        ShapeError: The images have another shape, type or range than the encoder takes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        prefix = build_static_conv(config)
    if images is not None:
        batches = check_images(images, config.in_channels).split(_BATCH)
        if batches[-1][:, 0].numel() == 1:
            raise ShapeError("BatchNorm needs more than one pixel in a batch; give larger images")
        _calibrate(prefix, batches)
    return ChainEncoder.of(prefix, build_neuron(config), config.T)


@torch.no_grad()
def _calibrate(prefix: nn.Sequential, batches: Sequence[Tensor]) -> None:
    """Give BatchNorm the mean and the variance of the drives, each averaged over batches.

    A drive is linear in the pixels x that a kernel w sees: its mean is w' E[x], its variance
    w' Cov(x) w.
    """
    convolution, norm = prefix
    assert isinstance(convolution, nn.Conv2d)  # noqa: S101 - says so to type checkers
    assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101
    kernels, size = convolution.weight.flatten(1).double(), convolution.kernel_size
    means, variances = [], []
    for batch in batches:
        patches = unfold(batch.double(), size, padding=(size[0] // 2, size[1] // 2))
        seen = patches.transpose(0, 1).flatten(1)
        means.append(kernels @ seen.mean(1))
        variances.append(((kernels @ seen.cov()) * kernels).sum(1))
    norm.running_mean = torch.stack(means).mean(0).float()
    norm.running_var = torch.stack(variances).mean(0).float()
