"""The tutorial's encoder without learning: what a trained one is compared with."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import update_bn

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
    128 of each batch's mean and variance (`torch.optim.swa_utils.update_bn`). That is the fairer
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
        with torch.no_grad():
            update_bn(batches, prefix)
    return ChainEncoder.of(prefix, build_neuron(config), config.T)
