"""How an encoder's drive comes from pixels, in so few words that a page can compute it, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.data import normalize
from snnviz.errors import ConfigError
from snnviz.neurons.first_spike import drive_thresholds, first_spike

Floats = NDArray[np.float32]

# A drive is what its kernels make of the pixels where it is so to this share of its largest value.
_CLOSE = 1e-4
_STRIDES = (1, 2, 3, 4)
# Images that the drive is looked at with.
_LOOKED_AT = 4


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """One convolution, and a scale and a shift a channel: drive = scale * (kernel * image) + shift.

    Attributes:
        kernels: float32 [K, C, kh, kw]; as large as the image for a linear layer.
        scale: float32 [K]; that of BatchNorm, 1 where there is none.
        shift: float32 [K]; that of BatchNorm, or the bias.
        stride: Pixels from one neuron to the next.
        padding: Zeros around the image, rows and columns.
        known: Whether scale and shift are those of the layers, not found from the drive.
    """

    kernels: Floats
    scale: Floats
    shift: Floats
    stride: int
    padding: tuple[int, int]
    known: bool

    def drive(self, images: Floats) -> Floats:
        """The drive as the page computes it, float32 [N, K, H, W].

        Taps are summed channel by channel and row by row, each product and sum rounded to float32
        at once, as a fused multiply-add does but for rare ties; then scale and shift, once too.

        Args:
            images: As they enter the convolution, float32 [N, C, H, W].
        """
        rows, columns = self.padding
        padded = np.pad(images, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
        padded = padded.astype(np.float64)
        _, C, kh, kw = self.kernels.shape
        height = (padded.shape[2] - kh) // self.stride + 1
        width = (padded.shape[3] - kw) // self.stride + 1
        weights = self.kernels.astype(np.float64)
        total = np.zeros((len(images), len(weights), height, width), np.float32)
        step = self.stride
        for c, y, x in product(range(C), range(kh), range(kw)):
            seen = padded[:, c, y : y + step * height : step, x : x + step * width : step]
            taps = weights[:, c, y, x].reshape(-1, 1, 1)
            total = (total + seen[:, np.newaxis] * taps).astype(np.float32)
        scale, shift = (v.astype(np.float64).reshape(-1, 1, 1) for v in (self.scale, self.shift))
        scaled: Floats = (total * scale + shift).astype(np.float32)
        return scaled


def find_arithmetic(
    encoder: Encoder,
    images: Floats,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Arithmetic:
    """The arithmetic of an encoder whose drive is one convolution, or one linear layer, of pixels.

    Of layers that are not known it is found from the drive that they make of the images: the
    kernels are there, and of each channel a scale and a shift fit or they do not.

    Args:
        encoder: The encoder.
        images: Images in [0, 1] as it takes them, float32 [N, C, H, W].
        mean: What it subtracts from the pixels itself; None: nothing.
        std: What it divides them by after that; None: nothing.

    Raises:
        ConfigError: There is no such arithmetic; the sentence says what there is instead.
    """
    if isinstance(encoder, ChainEncoder) and (known := _of_layers(encoder.prefix)):
        return known
    some = images[:_LOOKED_AT]
    kernels = encoder.kernels
    drive = encoder.drive(some).double()
    seen = torch.from_numpy(normalized(some, mean, std)).double()
    if drive.ndim == 2:
        drive = drive.reshape(*drive.shape, 1, 1)
    if kernels.shape[1] != seen.shape[1] or drive.ndim != 4 or len(kernels) != drive.shape[1]:
        raise ConfigError("the weights before the neurons are not applied to the whole image")
    for stride, padding in _geometries(seen.shape[2:], kernels.shape[2:], drive.shape[2:]):
        made = functional.conv2d(
            seen, torch.from_numpy(kernels).double(), stride=stride, padding=padding
        )
        scale, shift = _fit(made, drive)
        rest = (made * scale[:, None, None] + shift[:, None, None] - drive).abs().max()
        if rest <= _CLOSE * max(1.0, float(drive.abs().max())):
            return Arithmetic(
                kernels, scale.float().numpy(), shift.float().numpy(), stride, padding, known=False
            )
    raise ConfigError("between the kernels and the neurons lies more than a scale and a shift")


def normalized(images: Floats, mean: Sequence[float] | None, std: Sequence[float] | None) -> Floats:
    """Images as they enter the first layer."""
    return images if mean is None and std is None else normalize(images, mean or (0,), std or (1,))


def agreement(
    encoder: Encoder, found: Arithmetic, images: Floats, entering: Floats, T: int
) -> tuple[int, int]:
    """How many of the neurons fire in the page's arithmetic as in the encoder's, and of how many.

    Args:
        encoder: One with hard-reset integrate-and-fire neurons.
        found: Its arithmetic.
        images: Images in [0, 1], float32 [N, C, H, W].
        entering: The same as they enter the first layer, see `normalized`.
        T: Number of time steps.
    """
    thresholds = drive_thresholds(*encoder.renewal_parameters(), T)
    own = encoder.encode(images, T).by_channel().first_spike
    same = first_spike(found.drive(entering), thresholds) == own
    return int(same.sum()), same.size


def _of_layers(prefix: nn.Sequential) -> Arithmetic | None:
    """The arithmetic of a convolution and BatchNorm, or a convolution alone; None of others."""
    layers = list(prefix)
    if not layers or not isinstance(convolution := layers[0], nn.Conv2d):
        return None
    simple = (
        len(layers) <= 2
        and convolution.groups == 1
        and convolution.dilation == (1, 1)
        and convolution.stride[0] == convolution.stride[1]
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
    )
    if not simple:
        return None
    K = convolution.out_channels
    scale, shift = torch.ones(K), torch.zeros(K)
    if convolution.bias is not None:
        shift = convolution.bias.detach().cpu()
    if len(layers) == 2:
        norm = layers[1]
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_var is None:
            return None
        assert norm.running_mean is not None  # noqa: S101 - both or none
        scale = (norm.weight * torch.rsqrt(norm.running_var + norm.eps)).detach().cpu()
        rest = norm.bias.detach().cpu() - norm.running_mean.cpu() * scale
        shift = rest + shift * scale
    kernels = convolution.weight.detach().to("cpu", torch.float32, copy=True).numpy()
    rows, columns = (int(side) for side in convolution.padding)
    stride = convolution.stride[0]
    return Arithmetic(kernels, scale.numpy(), shift.numpy(), stride, (rows, columns), known=True)


def _geometries(
    image: Sequence[int], kernel: Sequence[int], made: Sequence[int]
) -> list[tuple[int, tuple[int, int]]]:
    """Strides and paddings that make maps of this size, the usual ones first."""
    found = []
    for stride in _STRIDES:
        sides = [
            [p for p in range(k) if (n + 2 * p - k) // stride + 1 == m and n + 2 * p >= k]
            for n, k, m in zip(image, kernel, made, strict=True)
        ]
        found += [(stride, (rows, columns)) for rows, columns in product(*sides)]
    return found


def _fit(made: torch.Tensor, drive: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and shift of each channel that bring the one nearest to the other."""
    x, y = (values.transpose(0, 1).flatten(1) for values in (made, drive))
    x_mean, y_mean = x.mean(1), y.mean(1)
    centred = x - x_mean[:, None]
    spread = (centred * centred).sum(1)
    scale = torch.where(
        spread > 1e-12 * (x * x).sum(1).clamp_min(1e-30),
        (centred * (y - y_mean[:, None])).sum(1) / spread.clamp_min(1e-30),
        torch.ones_like(spread),
    )
    # Layers without BatchNorm have no scale; what a fit leaves of it would cost the last bits.
    scale = torch.where((scale - 1).abs() < 1e-5, torch.ones_like(scale), scale)
    # Where a kernel sees black alone, as on most backgrounds, the drive is the shift, bit by bit.
    black = x == 0
    low = torch.where(black, y, torch.inf).amin(1)
    high = torch.where(black, y, -torch.inf).amax(1)
    return scale, torch.where(low == high, low, y_mean - scale * x_mean)
