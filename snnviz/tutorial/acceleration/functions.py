"""The regions with their gradients, for autograd."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnviz.tutorial.acceleration import native
from snnviz.tutorial.acceleration.native import Neuron


class Encode(torch.autograd.Function):
    """`native.encode`, with gradients of weight and shift; images are not learned."""

    @staticmethod
    def forward(
        ctx: Any,
        images: Tensor,
        weight: Tensor,
        shift: Tensor,
        neuron: Neuron,
        T: int,
        dtype: torch.dtype,
        average: bool,
    ) -> Tensor:
        """Pooled spikes [T, N, H // 2, W // 2, C]."""
        ctx.save_for_backward(images, weight, shift)
        ctx.neuron, ctx.average = neuron, average
        return native.encode(images, weight, shift, neuron, T, dtype, average=average)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of weight and shift."""
        images, weight, shift = ctx.saved_tensors
        sums = native.encode_backward(
            gradient, images, weight, shift, ctx.neuron, average=ctx.average
        ).sum(0)
        return None, sums[:-1], sums[-1], None, None, None, None


class NormalizeFireAndPool(torch.autograd.Function):
    """BatchNorm over the batch, neurons and 2 x 2 pooling of maps [T, N, H, W, C].

    Also returns the batch's mean and biased variance, [G, C]: G is T where each step is normalized
    alone, else 1.
    """

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: float,
        each_step: bool,
        neuron: Neuron,
        average: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Pooled spikes [T, N, H // 2, W // 2, C], mean and variance."""
        means, squares = native.moments(maps)
        mean = _average(means, each_step)
        between = (means - mean[:, None]).square()
        pixels = maps[0, 0, ..., 0].numel()
        variance = _average(squares / pixels + between, each_step)
        deviation = (variance + eps).rsqrt()
        scale = weight * deviation
        shift = bias - mean * scale
        ctx.save_for_backward(maps, mean, deviation, scale, shift)
        ctx.each_step, ctx.neuron, ctx.average = each_step, neuron, average
        groups = slice(None) if each_step else slice(1)
        mean, variance = mean[groups], variance[groups]
        ctx.mark_non_differentiable(mean, variance)
        spikes = native.fire_and_pool(maps, scale, shift, neuron, average=average)
        return spikes, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of maps, weight and bias."""
        maps, mean, deviation, scale, shift = ctx.saved_tensors
        result, plain, centered = native.fire_and_pool_backward(
            gradient, maps, scale, shift, mean, ctx.neuron, average=ctx.average
        )
        normalized = centered * deviation[:, None]
        pixels = maps[0, 0, ..., 0].numel()
        # With the normalized maps z, that of the maps is
        # scale * (gradient - mean(gradient) - z * mean(gradient * z)).
        slope = -scale * deviation * _average(normalized, ctx.each_step) / pixels
        offset = -scale * _average(plain, ctx.each_step) / pixels - mean * slope
        native.combine(result, maps, scale, slope, offset)
        return result, normalized.sum((0, 1)), plain.sum((0, 1)), None, None, None, None


class ConvolveRecurring(torch.autograd.Function):
    """A 3 x 3 convolution of recurring spikes [T, N, H, W, C] with kernels [C, C, 3, 3].

    Maps and the kernels' gradient are sums over the spikes that come in at each step,
    `native.incoming`; the spikes' gradient is torch's product, in their type.
    """

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, bits: Tensor, weight: Tensor) -> Tensor:
        """Maps of the spikes' type."""
        ctx.save_for_backward(spikes, bits, weight)
        return native.convolve_recurring(bits, weight, spikes.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of spikes and kernels."""
        spikes, bits, weight = ctx.saved_tensors
        frames = [each.flatten(0, 1).permute(0, 3, 1, 2) for each in (gradient, spikes)]
        kernels = weight.to(spikes.dtype)
        one, none = [1, 1], [0, 0]
        by_spikes: Tensor = torch.ops.aten.convolution_backward(
            *frames, kernels, None, one, one, one, False, none, 1, [True, False, False]
        )[0]
        by_spikes = by_spikes.permute(0, 2, 3, 1).contiguous().unflatten(0, spikes.shape[:2])
        return by_spikes, None, native.convolve_recurring_backward(gradient, bits)


class Fire(torch.autograd.Function):
    """`native.fire`: spikes of neurons without pooling from their drive, both [T, ...]."""

    @staticmethod
    def forward(ctx: Any, drive: Tensor, neuron: Neuron) -> Tensor:
        """Spikes of the drive's type."""
        ctx.save_for_backward(drive)
        ctx.neuron = neuron
        return native.fire(drive, neuron)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the drive."""
        (drive,) = ctx.saved_tensors
        return native.fire_backward(gradient, drive, ctx.neuron), None


def _average(values: Tensor, each_step: bool) -> Tensor:
    """Means [T, C] of [T, N, C] over N and, unless each step counts alone, over T."""
    mean = values.mean(1)
    return mean if each_step else mean.mean(0, keepdim=True).expand_as(mean).contiguous()
