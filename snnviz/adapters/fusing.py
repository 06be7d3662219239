"""The compiled pass from pixels to first-spike times, where it is proven for the layers at hand.

Its drive has to be torch's, bit for bit, since a neuron at its threshold fires or does not by the
last bit. So each call is held against torch's own layers on its first images, and goes their way
where a machine, a version or a shape rounds otherwise.
"""

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


def is_worth(neurons: int) -> bool:
    """Whether the library is there, or is made now, for a call with about so many neurons."""
    if _Ledger.hopeless or neurons < _WORTH_CHECKING:
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


def proven(prefix: nn.Sequential, drive: Tensor, images: NDArray[np.float32]) -> Convolution | None:
    """The layers as one pass whose drive is that of torch, or None where they are not.

    Args:
        prefix: Stateless layers, in evaluation mode on a CPU.
        drive: What they make of the first images, one or more, [n, K, h, w].
        images: [N, C, H, W].
    """
    layer = as_convolution(prefix)
    if layer is None or not _is_bounded(layer, images):
        return None
    same = np.array_equal(layer.drive(images[: len(drive)]), drive.numpy())
    return layer if same else None


def as_convolution(prefix: nn.Sequential) -> Convolution | None:
    """A convolution, or one and BatchNorm, as numbers; None of other layers."""
    match list(prefix):
        case [nn.Conv2d() as convolution]:
            affine = None
        case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm]:
            if norm.training or norm.running_mean is None or norm.running_var is None:
                return None
            affine = _affine(norm)
        case _:
            return None
    if (
        {type(layer) for layer in prefix} - {nn.Conv2d, nn.BatchNorm2d}
        or any(layer._forward_hooks or layer._forward_pre_hooks for layer in prefix)  # noqa: SLF001
        or convolution.groups != 1
        or convolution.padding_mode != "zeros"
        or isinstance(convolution.padding, str)
        or convolution.weight.dtype != torch.float32
    ):
        return None
    kernels, bias = convolution.weight, convolution.bias
    return Convolution(
        _numbers(kernels),
        None if bias is None else _numbers(bias),
        affine,
        *((int(pair[0]), int(pair[1])) for pair in _pairs(convolution)),
    )


def _pairs(convolution: nn.Conv2d) -> tuple[tuple[int, ...], ...]:
    assert not isinstance(convolution.padding, str)  # noqa: S101 - it was asked
    return convolution.stride, convolution.padding, convolution.dilation


@torch.no_grad()
def _affine(norm: nn.BatchNorm2d) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale and shift as torch computes them: what it makes of a 1 without a mean, and of a 0."""
    assert norm.running_var is not None  # noqa: S101 - it was asked
    zeros = torch.zeros_like(norm.running_var)
    one = torch.ones(1, len(zeros), 1, 1, dtype=torch.float32)
    scale = F.batch_norm(one, zeros, norm.running_var, norm.weight, None, False, 0.0, norm.eps)
    shift = norm(torch.zeros_like(one))
    return _numbers(scale.reshape(-1)), _numbers(shift.reshape(-1))


def _numbers(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().contiguous().numpy()
    return array


def _is_bounded(layer: Convolution, images: NDArray[np.float32]) -> bool:
    """Whether no drive of such images is too large for a float, or not a number."""
    with np.errstate(all="ignore"):
        most = np.abs(layer.kernels.astype(np.float64)).sum(axis=(1, 2, 3)) * np.abs(images).max()
        if layer.bias is not None:
            most += np.abs(layer.bias)
        if layer.affine is not None:
            scale, shift = layer.affine
            most = most * np.abs(scale) + np.abs(shift)
    return bool((most < np.finfo(np.float32).max).all())
