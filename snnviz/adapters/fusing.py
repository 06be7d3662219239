"""The compiled pass from pixels to first-spike times, where it is proven for the layers at hand.

Its drive has to be torch's, bit for bit, since a neuron at its threshold fires or does not by the
last bit. So each call is held against torch's own layers on its brightest images, and goes their
way where a machine, a version or a shape rounds otherwise.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.compiling import CompilerError
from snnviz.neurons import fused
from snnviz.neurons.fused import Convolution

# Neurons in a call from which on a library that is there is worth its check, and neurons of this
# process from which on it is worth a second of compiling: some 80 and 1300 images of 128 maps.
_WORTH_CHECKING = 1 << 23
_WORTH_COMPILING = 1 << 27


class _Ledger:
    """How many neurons this process has encoded without the library, and whether there is none."""

    neurons = 0
    hopeless = False


def is_worth(neurons: int, least: int | None = None) -> bool:
    """Whether the library is there, or is made now, for a call with about so many neurons.

    Args:
        neurons: How many.
        least: From how many on one that is there is worth what is done with it; None: as here.
    """
    if _Ledger.hopeless or neurons < (_WORTH_CHECKING if least is None else least):
        _Ledger.neurons += neurons
        return False
    if not fused.is_at_hand():
        _Ledger.neurons += neurons
        if _Ledger.neurons < _WORTH_COMPILING:
            return False
    try:
        fused.library()
    except CompilerError:
        # Slower, with the same spikes; nothing that a user has to know.
        _Ledger.hopeless = True
    return not _Ledger.hopeless


def proven(
    prefix: nn.Sequential,
    images: NDArray[np.float32],
    some: NDArray[np.float32],
    drive: Tensor,
) -> Convolution | None:
    """The layers as one pass whose drive is that of torch, or None where they are not.

    Args:
        prefix: Stateless layers, in evaluation mode on a CPU.
        images: [N, C, H, W].
        some: Those of them that tell most, [n, C, H, W]: the sums of a black one have one term.
        drive: What the layers make of these, [n, K, h, w].
    """
    layer = as_convolution(prefix)
    if layer is None or not is_bounded(layer, images):
        return None
    return rounded_alike(layer, some, drive)


def rounded_alike(
    layer: Convolution, images: NDArray[np.float32], drive: Tensor
) -> Convolution | None:
    """The layer, with its bias first or last, that makes that drive of those images bit for bit.

    None where neither does, or both do, so that the images cannot tell.
    """
    wanted = drive.numpy()
    ways = (False, True) if layer.bias is not None and layer.bias.any() else (False,)
    each = [replace(layer, bias_first=first) for first in ways]
    found = [way for way in each if np.array_equal(way.drive(images), wanted)]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class Normalization:
    """BatchNorm by statistics that it kept."""

    mean: Tensor
    variance: Tensor
    weight: Tensor | None
    bias: Tensor | None
    eps: float

    @torch.no_grad()
    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scale and shift as torch computes them: what it makes of a 1 without a mean, of a 0."""
        zeros = torch.zeros_like(self.variance)
        one = torch.ones(1, len(zeros), 1, 1, dtype=torch.float32)
        var, weight, eps = self.variance, self.weight, self.eps
        scale = F.batch_norm(one, zeros, var, weight, None, False, 0.0, eps)
        shift = F.batch_norm(0 * one, self.mean, var, weight, self.bias, False, 0.0, eps)
        return _numbers(scale.reshape(-1)), _numbers(shift.reshape(-1))


def as_convolution(prefix: nn.Sequential) -> Convolution | None:
    """A convolution, or one and BatchNorm, as numbers; None of other layers."""
    match list(prefix):
        case [nn.Conv2d() as convolution]:
            normalization = None
        case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm]:
            if norm.training or norm.running_mean is None or norm.running_var is None:
                return None
            normalization = Normalization(
                norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps
            )
        case _:
            return None
    if (
        {type(layer) for layer in prefix} - {nn.Conv2d, nn.BatchNorm2d}
        or any(layer._forward_hooks or layer._forward_pre_hooks for layer in prefix)  # noqa: SLF001
        or convolution.groups != 1
        or convolution.padding_mode != "zeros"
        or isinstance(convolution.padding, str)
    ):
        return None
    return as_numbers(
        convolution.weight,
        convolution.bias,
        normalization,
        stride=convolution.stride,
        padding=convolution.padding,
        dilation=convolution.dilation,
    )


def as_numbers(
    weight: Tensor,
    bias: Tensor | None,
    normalization: Normalization | None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
) -> Convolution | None:
    """A convolution and what normalizes its maps; None where they are not float32 on a CPU.

    Args:
        weight: [K, C, kh, kw].
        bias: [K].
        normalization: Of the K maps.
        stride: One number, or one along y and one along x.
        padding: The same.
        dilation: The same.
    """
    norm = normalization
    tensors = weight, bias, *((norm.mean, norm.variance, norm.weight, norm.bias) if norm else ())
    there = [each for each in tensors if each is not None]
    if any(each.dtype != torch.float32 or each.device.type != "cpu" for each in there):
        return None
    return Convolution(
        _numbers(weight),
        None if bias is None else _numbers(bias),
        None if norm is None else norm.affine(),
        _pair(stride),
        _pair(padding),
        _pair(dilation),
    )


def _pair(size: Any) -> tuple[int, int]:
    y, x = (size, size) if isinstance(size, int) else tuple(size) * (3 - len(size))
    return int(y), int(x)


def _numbers(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().contiguous().numpy()
    return array


def is_bounded(layer: Convolution, images: NDArray[np.float32]) -> bool:
    """Whether no drive of such images is too large for a float, or not a number."""
    with np.errstate(all="ignore"):
        most = np.abs(layer.kernels.astype(np.float64)).sum(axis=(1, 2, 3)) * np.abs(images).max()
        if layer.bias is not None:
            most += np.abs(layer.bias)
        if layer.affine is not None:
            scale, shift = layer.affine
            most = most * np.abs(scale) + np.abs(shift)
    return bool((most < np.finfo(np.float32).max).all())
