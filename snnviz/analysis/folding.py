"""An encoder's kernels and biases as they act: with batch normalization folded in."""

from typing import TYPE_CHECKING

from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.metrics import fold_batch_norm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder


def folded(encoder: "Encoder") -> "tuple[NDArray[np.float64], NDArray[np.float64]] | None":
    """`fold_batch_norm` of an encoder that is a convolution and its normalization, else None."""
    if not isinstance(encoder, ChainEncoder):
        return None
    layers = list(encoder.prefix)
    norm = layers[-1]
    if len(layers) != 2 or not isinstance(norm, nn.BatchNorm2d):
        return None
    # What `fold_batch_norm` takes: a convolution without bias, and all four numbers a channel.
    if layers[0].bias is not None or not norm.affine or norm.running_mean is None:
        return None
    parameters = norm.weight, norm.bias, norm.running_mean, norm.running_var
    weight, bias, mean, variance = (
        values.detach().cpu().numpy() for values in parameters if values is not None
    )
    return fold_batch_norm(encoder.kernels, weight, bias, mean, variance, norm.eps)
