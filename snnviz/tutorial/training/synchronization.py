"""Batch normalization over the batches of all ranks.

PyTorch's own `SyncBatchNorm` takes tensors on a GPU only; this one takes any, so that what a test
holds on two CPU processes is what runs on GPUs.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import FunctionCtx


class _SumOverRanks(torch.autograd.Function):
    """The sum of a tensor over all ranks; each rank's part gets the sum of all their gradients."""

    @staticmethod
    def forward(_ctx: FunctionCtx, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose training statistics are those of all ranks' images together.

    Ranks may hold different numbers of images. In evaluation it is `nn.BatchNorm2d`.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """`input` [N, C, H, W], each channel normalized over all ranks' N, H and W."""
        if not self.training:
            return super().forward(input)
        x = input.float()
        sums = torch.cat([x.sum((0, 2, 3)), x.new_full((1,), x.numel() / self.num_features)])
        sums = _SumOverRanks.apply(sums)
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centered = x - mean[:, None, None]
        # Around the mean, since the difference of two large sums would lose the digits.
        variance = _SumOverRanks.apply(centered.square().sum((0, 2, 3))) / count
        self._track(mean.detach(), variance.detach(), count)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normalized: Tensor = centered * scale[:, None, None] + self.bias[:, None, None]
        return normalized.to(input.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        assert self.running_mean is not None  # noqa: S101 - as it was built
        assert self.running_var is not None  # noqa: S101
        assert self.num_batches_tracked is not None  # noqa: S101
        self.num_batches_tracked += 1
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * (count / (count - 1)), share)


def synchronize_batch_norm(net: nn.Module) -> None:
    """Let the batch normalization of `net` take its statistics over all ranks."""
    for module in net.modules():
        if type(module) is nn.BatchNorm2d:
            # The same parameters, buffers and names in the state dict; only `forward` differs.
            module.__class__ = SynchronizedBatchNorm2d
