"""The fast network: the same layers over the same parameters, in other pieces."""

from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F  # noqa: N812
from spikingjelly.activation_based import surrogate
from torch import Tensor, nn

from snnviz.device import has_bfloat16, has_matrix_unit
from snnviz.tutorial.acceleration import native
from snnviz.tutorial.acceleration.functions import (
    ConvolveRecurring,
    Encode,
    Fire,
    NormalizeFireAndPool,
)
from snnviz.tutorial.network import ConvSNN

# Sums for each spike that comes in, this share of all neurons and steps, take as long as products.
_FEW = 0.25


class _Layers(NamedTuple):
    """The layers of a network that have parameters; Any, since torch types them as any module."""

    first_convolution: Any
    first_norm: Any
    second_convolution: Any
    second_norm: Any
    first_linear: Any
    second_linear: Any

    @classmethod
    def of(cls, net: ConvSNN) -> "_Layers":
        return cls(*net.static_conv, *net.conv[2:4], *net.fc[1::2])


class FastNetwork(nn.Module):
    """What `net` computes, on a CPU, several times as fast.

    All T steps go through a layer together, channels-last. Neurons, the normalization before them
    and the pooling after them are one pass over memory, and so are their gradients; no potentials
    are kept. The first layer's drive is never stored: its convolution is computed where it is
    needed, and the statistics of its BatchNorm come from those of the image patches.

    Matrix products are bfloat16 under autocast; potentials, normalization and sums stay float32.
    In evaluation mode the plain network computes, in float32.

    Attributes:
        net: The plain network; parameters, buffers and the mode are its own.
    """

    def __init__(self, net: ConvSNN) -> None:
        super().__init__()
        self.net = net
        config = net.config
        self._neuron = native.Neuron.build(config.rule, surrogate.ATan().alpha)
        self._average = config.pooling == "avg"

    def forward(self, images: Tensor) -> Tensor:
        """Firing rates of each class, float32 [N, num_classes], as of `net(images)`."""
        amp = self.net.training and torch.is_autocast_enabled("cpu") and has_bfloat16()
        with torch.autocast("cpu", enabled=False):
            if self.net.training:
                return self._learn(images, torch.bfloat16 if amp else torch.float32)
            return self.net(images)  # type: ignore[no-any-return]

    @torch.no_grad()
    def rates(self, images: Tensor) -> Tensor:
        """What the network in evaluation mode gives, float32 [N, num_classes], fast.

        Sums are rounded in another order than the plain network's, so that a neuron whose potential
        comes to its threshold within some units in the last place may fire at another step. It is
        for networks that `counting.CountingPass` does not take.

        Args:
            images: Float tensor [N, in_channels, H, W] in [0, 1].
        """
        net, layers = self.net, _Layers.of(self.net)
        scale, shift = affine(layers.first_norm)
        taps = (layers.first_convolution.weight.flatten(1).t() * scale).contiguous()
        border, type_ = F.pad(images, (1, 1, 1, 1)), torch.float32
        with torch.autocast("cpu", enabled=False):
            spikes = native.encode(
                border, taps, shift, self._neuron, net.T, type_, average=self._average
            )
            maps = self._convolve_all(spikes, layers.second_convolution.weight)
            scale, shift = (value.expand(net.T, -1) for value in affine(layers.second_norm))
            spikes = native.fire_and_pool(maps, scale, shift, self._neuron, average=self._average)
            return self._classify(spikes, layers)

    def _learn(self, images: Tensor, dtype: torch.dtype) -> Tensor:
        net, layers = self.net, _Layers.of(self.net)
        weight, shift = _fold_batch_norm(images, layers.first_convolution, layers.first_norm)
        border = F.pad(images, (1, 1, 1, 1))
        spikes = Encode.apply(border, weight, shift, self._neuron, net.T, dtype, self._average)
        maps = self._convolve_all(spikes, layers.second_convolution.weight)
        norm = layers.second_norm
        each_step = net.step_mode == "s"
        spikes, means, variances = NormalizeFireAndPool.apply(
            maps, norm.weight, norm.bias, norm.eps, each_step, self._neuron, self._average
        )
        for mean, variance in zip(means, variances, strict=True):
            _keep_statistics(norm, mean, variance, maps[..., 0].numel() // len(means))
        return self._classify(spikes, layers)

    def _convolve_all(self, spikes: Tensor, weight: Tensor) -> Tensor:
        """The second convolution: sums where they are less work than products."""
        # A still image leads to spikes that recur, where neurons always start anew.
        multiplies = spikes.dtype == torch.bfloat16 and has_matrix_unit()
        if self.net.config.v_reset is not None and not multiplies:
            bits, count = native.incoming(spikes, average=self._average)
            if count < _FEW * spikes.numel():
                return cast("Tensor", ConvolveRecurring.apply(spikes, bits, weight))
        return _convolve(spikes, weight)

    def _classify(self, spikes: Tensor, layers: _Layers) -> Tensor:
        # The linear layer's weight has channels first. To turn the spikes is less work.
        x = spikes.permute(0, 1, 4, 2, 3).flatten(2)
        for linear in (layers.first_linear, layers.second_linear):
            x = Fire.apply(_multiply(x, linear.weight.to(x.dtype)), self._neuron)
        return x.float().mean(0)


def _multiply(x: Tensor, weight: Tensor) -> Tensor:
    """`F.linear(x, weight)` of x [T, N, K].

    In float32 it is a 1 x 1 convolution: torch's product is MKL's, which takes twice as long as
    oneDNN's convolution on processors that are not Intel's.
    """
    if x.dtype != torch.float32 or not torch.backends.mkldnn.is_available():
        return F.linear(x, weight)
    pixels = x.contiguous().flatten(0, 1)[None, :, None].permute(0, 3, 1, 2)
    kernels = weight[:, :, None, None].to(memory_format=torch.channels_last)
    # [K, 1, M] of M rows, however they were laid out.
    product: Tensor = F.conv2d(pixels, kernels)[0].permute(1, 2, 0).contiguous()
    return product.view(*x.shape[:2], -1)


def _convolve(spikes: Tensor, weight: Tensor) -> Tensor:
    """Maps [T, N, H, W, C] of spikes [T, N, H, W, C], 3 x 3."""
    frames = spikes.flatten(0, 1).permute(0, 3, 1, 2)
    maps = F.conv2d(frames, weight.to(spikes.dtype), padding=1).permute(0, 2, 3, 1)
    split: Tensor = maps.contiguous().unflatten(0, spikes.shape[:2])
    return split


def _fold_batch_norm(images: Tensor, convolution: Any, batch_norm: Any) -> tuple[Tensor, Tensor]:
    """Taps [9 in_channels, C] and shift [C] of both layers in one, for this batch.

    The convolution is linear in the image's patches, so the mean and variance of its maps are
    those of the patches, projected. Autograd takes the gradient through them.
    """
    mean, covariance = _patch_moments(images)
    taps = convolution.weight.flatten(1).t().double()
    map_mean = mean @ taps
    map_variance = (taps * (covariance @ taps)).sum(0)
    count = images[:, 0].numel()
    _keep_statistics(batch_norm, map_mean.detach(), map_variance.detach(), count)
    scale = batch_norm.weight / (map_variance + batch_norm.eps).sqrt()
    shift = batch_norm.bias - map_mean * scale
    return (taps * scale).float(), shift.float()


@torch.no_grad()
def _patch_moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [K] and covariance [K, K] of the 3 x 3 patches, K = 9 in_channels, float64.

    Products are summed in float32 over an image's pixels and in float64 over images.
    """
    height, width = images.shape[2:]
    border = F.pad(images, (1, 1, 1, 1))
    taps = torch.stack(
        [border[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)], 2
    )
    patches = taps.flatten(3).flatten(1, 2)
    count = images[:, 0].numel()
    mean = patches.sum(2).double().sum(0) / count
    second = (patches @ patches.transpose(1, 2)).double().sum(0) / count
    return mean, second - torch.outer(mean, mean)


def affine(norm: Any) -> tuple[Tensor, Tensor]:
    """Scale and shift of BatchNorm in evaluation mode, for each channel."""
    scale: Tensor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


@torch.no_grad()
def _keep_statistics(batch_norm: Any, mean: Tensor, variance: Tensor, count: int) -> None:
    """The running statistics after a batch, as BatchNorm keeps them."""
    unbiased = variance * (count / max(count - 1, 1))
    batch_norm.num_batches_tracked.add_(1)
    share = batch_norm.momentum
    if share is None:  # a plain mean of all batches
        share = 1 / int(batch_norm.num_batches_tracked)
    batch_norm.running_mean.lerp_(mean.to(batch_norm.running_mean.dtype), share)
    batch_norm.running_var.lerp_(unbiased.to(batch_norm.running_var.dtype), share)
