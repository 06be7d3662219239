"""The tutorial's encoder without learning: what a trained one is compared with."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.checks import check_images
from snnviz.errors import ShapeError
from snnviz.tutorial.network import (
    ConvSNN,
    NetworkConfig,
    build_network,
    build_neuron,
    build_static_conv,
)

_BATCH = 128
# Images that a whole network's BatchNorm sees at once.
_SEEN = 64


@dataclass(frozen=True)
class PatchMoments:
    """What the pixels are like that a kernel sees, in the order of its weights [C, 3, 3].

    Attributes:
        mean: Of each, [9 C].
        covariance: Of each two, [9 C, 9 C].
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


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
    seen = None if images is None else patch_moments(images, config.in_channels)
    return encoder_at_start(config, seed, seen)


def untrained_network(
    config: NetworkConfig,
    seed: int,
    images: NDArray[np.floating],
    device: torch.device | str = "cpu",
) -> ConvSNN:
    """`build_network(config, seed=seed)`, whose BatchNorm has seen images, in evaluation mode.

    That is what an epoch of training leaves in which nothing is learned. One image has no variance
    of its own in every layer, and leaves mean 0 and variance 1.

    Args:
        config: Sizes, threshold and reset.
        seed: Seed of the weights; the global generator is left as it was.
        images: Floats [N, C, H, W] in [0, 1].
        device: Where it computes.
    """
    net = build_network(config, seed=seed).to(device)
    if len(images) > 1:
        parts = np.array_split(images, -(-len(images) // _SEEN))
        update_bn([torch.from_numpy(part).to(device) for part in parts], net)
    return net.eval()


def encoder_at_start(
    config: NetworkConfig, seed: int, seen: PatchMoments | None = None
) -> ChainEncoder:
    """`untrained_encoder` of images whose `patch_moments` are known."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        prefix = build_static_conv(config)
    if seen is not None:
        _normalize(prefix, seen)
    return ChainEncoder.of(prefix, build_neuron(config), config.T)


def encoder_of_kernels(
    config: NetworkConfig, kernels: NDArray[np.floating], seen: PatchMoments
) -> ChainEncoder:
    """An encoder of those kernels whose normalization has learned nothing but seen images.

    It is to `untrained_encoder` what these kernels are to its random ones: scale 1, shift 0, mean
    and variance those of the images.

    Args:
        config: Threshold, reset and channels of the images.
        kernels: Floats [K, C, 3, 3].
        seen: What the images are like, see `patch_moments`.

    Raises:
        ShapeError: The kernels have another shape than the encoder's.
    """
    config = replace(config, channels=len(kernels))
    with torch.random.fork_rng(devices=[]):  # weights are drawn, and replaced
        prefix = build_static_conv(config)
    weight = next(prefix.parameters())
    if weight.shape != kernels.shape:
        raise ShapeError(
            f"kernels must be {list(weight.shape)} as the encoder's are, got {list(kernels.shape)}"
        )
    with torch.no_grad():
        weight.copy_(torch.from_numpy(np.asarray(kernels, np.float32)))
    _normalize(prefix, seen)
    return ChainEncoder.of(prefix, build_neuron(config), config.T)


def sobel_kernels() -> NDArray[np.float64]:
    """Sobel's kernels along x and along y, of both signs, [4, 1, 3, 3]: a bank of edge detectors.

    A neuron fires for drives above 0, so each sees half of the contours of its direction (I. Sobel,
    G. Feldman 1968).
    """
    along_x = np.outer([1, 2, 1], [-1, 0, 1])
    return np.array([along_x, -along_x, along_x.T, -along_x.T], np.float64)[:, np.newaxis]


def _normalize(prefix: nn.Sequential, seen: PatchMoments) -> None:
    """Give its BatchNorm the mean and variance that its kernels' drives have on the images."""
    convolution, norm = prefix
    assert isinstance(convolution, nn.Conv2d)  # noqa: S101 - says so to type checkers
    assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101
    # A drive is linear in the pixels x that kernel w sees: its mean is w' E[x], and so on.
    kernels = convolution.weight.detach().flatten(1).double().numpy()
    variance = ((kernels @ seen.covariance) * kernels).sum(1)
    norm.running_mean = torch.from_numpy(kernels @ seen.mean).float()
    norm.running_var = torch.from_numpy(variance).float()


def patch_moments(images: Tensor | NDArray[np.floating], channels: int) -> PatchMoments:
    """Means over batches of 128 of what the 3 x 3 pixels are like that a kernel sees.

    Args:
        images: Floats [N, C, H, W] in [0, 1].
        channels: C.

    Raises:
        ShapeError: They have another shape, type or range.
    """
    means, covariances = [], []
    for batch in check_images(images, channels).split(_BATCH):
        if batch[:, 0].numel() == 1:
            raise ShapeError("BatchNorm needs more than one pixel in a batch; give larger images")
        padded = np.pad(batch.cpu().double().numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, batch.shape[2:], (2, 3))
        # [n, C, 3, 3, H, W], a row for each of a kernel's weights.
        rows = windows.transpose(1, 2, 3, 0, 4, 5).reshape(9 * channels, -1)
        means.append(rows.mean(1))
        covariances.append(np.cov(rows))
    return PatchMoments(np.mean(means, axis=0), np.mean(covariances, axis=0))
